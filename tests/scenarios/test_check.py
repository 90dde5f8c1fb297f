"""Checks: mistakes in a workflow are found before it runs, all at once, and nothing else is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, assume, event, given, settings

from actors import (
    Branch,
    Cached,
    Case,
    Collaborative,
    Conditional,
    Event,
    Loop,
    Map,
    MultiStage,
    Parallel,
    Route,
    RouteLoop,
    Runtime,
    Sequential,
    SequentialCollaborative,
    Stage,
    State,
    declares,
)
from actors.cli.rehearsal import rehearsal
from actors.conditions import All, Compare, Equals, Exists, Not
from actors.conditions import Any as AnyOf
from actors.definitions.definition import Definition
from actors.errors import InvalidWorkflowError, UnknownAgentError, WorkflowFailedError
from actors.findings import Code, Finding, Severity
from actors.mergers import Namespaced
from supervisors import Backoff, Retry
from tests.scenarios.sequential_model import Model, Racy, spawn_agents
from tests.scenarios.workflows import workflows

EXAMPLES = [path.parent.name for path in sorted(Path("examples").glob("*/workflow.py"))]
NEVER = All(Equals("kind", "bug"), Equals("kind", "wish"))
ALWAYS = AnyOf(Exists("kind"), Not(Exists("kind")))
LONG_WAITS = Backoff(initial=10.0, jitter=0.0)
SAME = Route({"x": "plain"}, default="plain", name="same")


def agent(*, requires: tuple[str, ...] = (), produces: tuple[str, ...] = ()) -> Callable[[Event, State], None]:
    @declares(requires=requires, produces=produces)
    def run(event: Event, state: State) -> None:
        for key in produces:
            state[key] = key

    return run


AGENTS = {
    "plain": agent(),
    "other": agent(),
    "gather": agent(produces=("facts",)),
    "gather-too": agent(produces=("facts",)),
    "write": agent(requires=("facts",), produces=("text",)),
    "needs-topic": agent(requires=("topic",), produces=("facts",)),
}


class Planted(NamedTuple):
    """A mistake, and how it is to be reported."""

    workflow: Any
    code: str
    path: str
    severity: str = "warning"
    state: tuple[str, ...] | None = None
    data: tuple[str, ...] | None = None


PLANTED = {
    # names
    "an agent that is not there": Planted(Sequential("plain", "nobody"), "unknown-agent", "sequential/nobody", "error"),
    "an agent that is not there, in a fallback": Planted(
        Sequential(Branch("step", "plain", fallback="nobody")),
        "unknown-agent",
        "sequential/step/fallback",
        "error",
    ),
    "one name for two steps": Planted(
        Sequential(Branch("step", "plain"), Branch("step", "other")), "duplicate-name", "sequential/step#2"
    ),
    "a step called like another's fallback": Planted(
        Sequential(Branch("step", Sequential("plain", Branch("fallback", "other")), fallback="other")),
        "ambiguous-path",
        "sequential/step/fallback",
    ),
    # limits
    "a step's timeout above the whole's": Planted(
        Sequential(Branch("plain", timeout=20), timeout=10), "timeout-not-granted", "sequential/plain"
    ),
    "a stage's timeout above the workflow's": Planted(
        MultiStage(Stage("One", "plain", timeout=20), timeout=10), "timeout-not-granted", "multi_stage/One"
    ),
    "a loop's timeout above its stage's": Planted(
        MultiStage(Stage("One", Loop("plain", timeout=20), timeout=10)), "timeout-not-granted", "multi_stage/One"
    ),
    "a timeout above one far above it": Planted(
        Sequential(Sequential(Sequential(Branch("plain", timeout=20))), timeout=10),
        "timeout-not-granted",
        "sequential/sequential/sequential/plain",
    ),
    "an iteration's timeout above the loop's": Planted(
        Loop("plain", iteration_timeout=20, timeout=10), "timeout-not-granted", "loop/plain"
    ),
    "a step's timeout above its phase's": Planted(
        SequentialCollaborative(["plain"], ["other"], step_timeout=20, sequential_timeout=10),
        "timeout-not-granted",
        "sequential_collaborative/sequential/plain",
    ),
    "a routed loop's timeout above the route's": Planted(
        RouteLoop({"x": "plain"}, {"plain": {"timeout": 20}}, default="other", timeout=10),
        "timeout-not-granted",
        "route_loop/plain",
    ),
    "a fallback's timeout above its branch's": Planted(
        Sequential(Branch("step", "plain", timeout=10, fallback=Sequential("other", timeout=20))),
        "timeout-not-granted",
        "sequential/step/fallback",
    ),
    "an item's timeout above the map's": Planted(
        Map(Branch("plain", timeout=20), over="items", timeout=10), "timeout-not-granted", "map/plain"
    ),
    "iterations that take longer than the loop": Planted(
        Loop("plain", max_iterations=5, iteration_timeout=3, timeout=10), "iterations-do-not-fit", "loop"
    ),
    "an agent's timeout above its step's": Planted(
        Sequential(Branch("slow", timeout=10)), "agent-timeout-not-granted", "sequential/slow"
    ),
    "an attempt's timeout above the branch's": Planted(
        Sequential(Branch("plain", timeout=10, retry=Retry(attempt_timeout=20))),
        "attempt-not-granted",
        "sequential/plain",
    ),
    "attempts that take longer than the branch": Planted(
        Sequential(Branch("plain", timeout=10, retry=Retry(attempts=3, attempt_timeout=6))),
        "attempts-do-not-fit",
        "sequential/plain",
    ),
    "a back-off that takes longer than the branch": Planted(
        Sequential(Branch("plain", timeout=10, retry=Retry(attempts=3, backoff=LONG_WAITS))),
        "backoff-does-not-fit",
        "sequential/plain",
    ),
    # policies
    "a retry that never tries again": Planted(
        Sequential(Branch("plain", retry=Retry(attempts=1))), "retry-without-effect", "sequential/plain"
    ),
    "a node as its own fallback": Planted(
        Sequential(Branch("step", SAME, fallback=SAME)), "fallback-is-node", "sequential/step"
    ),
    "an optional workflow": Planted(Branch("plain", required=False), "optional-without-effect", "plain"),
    "a quorum of required branches": Planted(
        Parallel(Branch("plain", required=True), Branch("other", required=True), require="any"),
        "quorum-without-effect",
        "parallel",
    ),
    "a quorum that cannot be": Planted(
        Parallel("plain", Branch("other", Conditional(Case("x", NEVER, "plain"), fallback="nobody")), require=2),
        "rule-never-holds",
        "parallel/other/x",
    ),
    "a quorum of which one cannot be ok": Planted(
        Parallel("plain", MultiStage(Stage("One", "other", success=NEVER)), require=2),
        "quorum-out-of-reach",
        "parallel",
        "error",
    ),
    # rules
    "a keyword within an earlier one's": Planted(
        Route({"tech": "plain", "technical": "other"}, default="plain"), "hidden-rule", "route/other"
    ),
    "a keyword that differs in case": Planted(
        Route({"Tech": "plain", "tech": "other"}, default="plain"), "hidden-rule", "route/other"
    ),
    "a keyword within an earlier one's that loops": Planted(
        RouteLoop({"tech": "plain", "technical": "other"}, {"other": {}}, default="plain"),
        "hidden-rule",
        "route_loop/other",
    ),
    "a case that an equal one hides": Planted(
        Conditional(
            Case("one", Exists("kind"), "plain"), Case("two", Exists("kind"), "other"), fallback="plain", name="pick"
        ),
        "hidden-rule",
        "pick/two",
    ),
    "a case that a wider one hides": Planted(
        Conditional(
            Case("high", Compare("score", ">", 1), "plain"),
            Case("higher", Compare("score", ">", 2), "other"),
            fallback="plain",
        ),
        "hidden-rule",
        "conditional/higher",
    ),
    "a case after one that always holds": Planted(
        Conditional(Case("any", ALWAYS, "plain"), Case("two", Exists("kind"), "other"), fallback="plain"),
        "hidden-rule",
        "conditional/two",
    ),
    "a default after a rule that always holds": Planted(
        Route({ALWAYS: "plain"}, default="other"), "hidden-rule", "route/other"
    ),
    "a case that never holds": Planted(
        Conditional(Case("bad", NEVER, "plain"), fallback="other"), "rule-never-holds", "conditional/bad"
    ),
    "rules none of which ever holds": Planted(Route({NEVER: "plain"}), "no-rule-holds", "route", "error"),
    "a route without a default": Planted(Route({"x": "plain"}), "missing-default", "route"),
    # loops and stages
    "a loop that never ends early": Planted(Loop("plain", until=NEVER), "until-never-holds", "loop"),
    "a loop that never repeats": Planted(Loop("plain", until=ALWAYS), "until-always-holds", "loop"),
    "a loop whose agents never end it": Planted(Loop("gather"), "until-cannot-change", "loop"),
    "a loop in a loop that ends both": Planted(
        Loop(Sequential("plain", Loop("other", name="inner")), name="outer"), "until-shared", "outer"
    ),
    "a stage that may never begin": Planted(
        MultiStage(Stage("One", "plain", prerequisites=["topic", NEVER])),
        "prerequisite-never-holds",
        "multi_stage/One",
        "error",
    ),
    "a stage that contradicts itself": Planted(
        MultiStage(Stage("One", "plain", prerequisites=[Exists("kind"), Not(Exists("kind"))])),
        "prerequisite-never-holds",
        "multi_stage/One",
        "error",
    ),
    "a stage that is never complete": Planted(
        MultiStage(Stage("One", "plain", success=NEVER)), "success-never-holds", "multi_stage/One", "error"
    ),
    "a stage whose success depends on another": Planted(
        MultiStage(Stage("One", "gather", success=Exists("report"))), "success-cannot-change", "multi_stage/One"
    ),
    # keys
    "a key that the run does not start with": Planted(
        Sequential("needs-topic"), "missing-key", "sequential/needs-topic", "error", state=()
    ),
    "a key that nothing declares to produce": Planted(
        Sequential("gather", "needs-topic"), "missing-key", "sequential/needs-topic", state=(), data=()
    ),
    "a prerequisite that nothing can meet": Planted(
        MultiStage(Stage("One", "plain", prerequisites=["topic"])),
        "missing-key",
        "multi_stage/One",
        "error",
        state=(),
        data=("message",),
    ),
    "a list that is not there": Planted(Map("plain", over="items"), "missing-key", "map", "error", state=(), data=()),
    "a cache's key that is not there": Planted(
        Cached("plain", key="topic"), "missing-key", "cached", "error", state=(), data=()
    ),
    "words looked for where nothing is": Planted(
        Route({"x": "plain"}), "missing-key", "route", "error", state=(), data=("topic",)
    ),
    "a key that is produced too late": Planted(
        Sequential("write", "gather"), "key-produced-elsewhere", "sequential/write"
    ),
    "a key that is produced at the same time": Planted(
        Collaborative("write", "gather"), "key-produced-elsewhere", "collaborative/write"
    ),
    "an optional branch's result that is required": Planted(
        Sequential(Parallel(Branch("gather", required=False), "plain"), "write"),
        "key-not-certain",
        "sequential/write",
    ),
    "one route's result that is required": Planted(
        Sequential(Route({"x": "gather"}, default="write-only"), Branch("next", "write")),
        "key-not-certain",
        "sequential/next",
    ),
    "results under the branches' names": Planted(
        Sequential(Parallel("gather", "write-only", merge=Namespaced()), "write"),
        "missing-key",
        "sequential/write",
        state=(),
    ),
    "a map's output that nothing produces": Planted(
        Map("gather", over="items", output="score"), "output-not-produced", "map"
    ),
    "two branches that write one key": Planted(
        Collaborative("gather", "gather-too"), "conflicting-keys", "collaborative"
    ),
    "a cache that forgets what it depends on": Planted(
        Cached("needs-topic", key="question"), "cached-by-too-little", "cached"
    ),
}


@pytest.fixture
def staffed(runtime: Runtime) -> Runtime:
    """A runtime with agents that declare what they need and make."""
    for name, function in AGENTS.items():
        runtime.spawn(name, function)
    runtime.spawn("slow", agent(), timeout=30)
    runtime.spawn("write-only", agent(produces=("text",)))
    return runtime


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_a_planted_mistake_is_found_at_its_place(staffed: Runtime, planted: Planted) -> None:
    findings = staffed.check(planted.workflow, state=planted.state, data=planted.data)

    found = {(finding.code.value, finding.path): finding for finding in findings}
    assert (planted.code, planted.path) in found
    finding = found[planted.code, planted.path]
    assert finding.severity.value == planted.severity
    assert_is_readable(finding)


def assert_is_readable(finding: Finding) -> None:
    assert finding.problem[0].islower() or finding.problem[0] in "'0123456789R"
    for part in (finding.problem, finding.advice):
        assert part.strip() == part
        assert not part.endswith(".")
        assert "None" not in part
        assert " at 0x" not in part
    assert "\n" not in str(finding)
    assert str(finding).startswith(f"{finding.path}: {finding.severity.value} ({finding.code.value}): ")


def test_every_kind_of_mistake_is_planted() -> None:
    assert len(PLANTED) >= 30
    assert {planted.code for planted in PLANTED.values()} == {code.value for code in Code}


def test_all_mistakes_are_found_at_once_by_path(staffed: Runtime) -> None:
    workflow = Sequential(
        Branch("plain", timeout=20),
        Route({"tech": "plain", "technical": "other"}, name="desk"),
        "nobody",
        name="flow",
        timeout=10,
    )

    found = [(finding.path, finding.code) for finding in staffed.check(workflow)]

    assert found == [
        ("flow/desk", Code.MISSING_DEFAULT),
        ("flow/desk/other", Code.HIDDEN_RULE),
        ("flow/nobody", Code.UNKNOWN_AGENT),
        ("flow/plain", Code.TIMEOUT_NOT_GRANTED),
    ]


@pytest.mark.parametrize("name", EXAMPLES)
def test_nothing_is_found_in_an_example(name: str) -> None:
    module = import_module(f"examples.{name}.workflow")

    with rehearsal() as runtime:
        module.spawn_agents(runtime, ())
        findings = runtime.check(module.WORKFLOW)

    assert findings == ()


@pytest.mark.parametrize("path", sorted(Path("examples").glob("*/workflow.toml")), ids=str)
def test_nothing_is_found_in_an_example_as_data(path: Path) -> None:
    definition = Definition.load(path)

    with rehearsal() as runtime:
        if definition.agents:
            definition.spawn_into(runtime)
        else:
            import_module(f"examples.{path.parent.name}.workflow").spawn_agents(runtime, ())
        findings = runtime.check(definition.workflow)

    assert findings == ()


def test_the_examples_are_found() -> None:
    assert set(EXAMPLES) >= {"content", "research", "triage"}


# At submit


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[Runtime], list[str]]]:
    """Stops a runtime, which delivers what it has to log, and returns the findings that it logged."""

    def logged(runtime: Runtime) -> list[str]:
        runtime.stop()
        return [record.getMessage() for record in caplog.records if record.name == "actors.plans"]

    with caplog.at_level(logging.WARNING, "actors.plans"):
        yield logged


def test_an_error_is_refused_with_all_findings(staffed: Runtime) -> None:
    workflow = MultiStage(Stage("One", Route({"x": "plain"}), success=NEVER), name="flow")

    with pytest.raises(InvalidWorkflowError) as caught:
        staffed.submit(workflow)

    assert [finding.code for finding in caught.value.findings] == [Code.SUCCESS_NEVER_HOLDS, Code.MISSING_DEFAULT]
    assert "flow/One: error (success-never-holds): its success condition cannot hold" in str(caught.value)
    assert "missing-default" not in str(caught.value)
    assert staffed.runs_in_progress == 0


def test_an_unknown_agent_is_refused_by_name_each_time(staffed: Runtime) -> None:
    workflow = Sequential("plain", "late")

    for _ in range(2):
        with pytest.raises(UnknownAgentError, match=r"'late'; known are: 'plain', 'other'"):
            staffed.submit(workflow)
    staffed.spawn("late", agent())
    accepted = staffed.run(workflow)
    staffed.stop_agent("late")

    assert accepted.outcome.ok
    with pytest.raises(UnknownAgentError):
        staffed.submit(workflow)


def test_a_warning_is_logged_once_for_each_workflow(staffed: Runtime, warnings: Callable[[Runtime], list[str]]) -> None:
    first, second = (Sequential(Branch("plain", timeout=2), name=name, timeout=1) for name in ("first", "second"))

    for workflow in (first, second, first, first):
        staffed.run(workflow)

    assert [text.partition(":")[0] for text in warnings(staffed)] == ["first/plain", "second/plain"]


def test_what_depends_on_agents_is_checked_again_when_they_change(
    staffed: Runtime, warnings: Callable[[Runtime], list[str]]
) -> None:
    workflow = Loop("late", max_iterations=1, name="flow")
    staffed.spawn("late", agent())
    staffed.run(workflow)

    staffed.stop_agent("late")
    staffed.spawn("late", agent(produces=("text",)))
    staffed.run(workflow)
    staffed.spawn("unrelated", agent())
    staffed.run(workflow)

    (text,) = warnings(staffed)
    assert "until-cannot-change" in text


def test_nothing_is_logged_of_a_sound_workflow(staffed: Runtime, warnings: Callable[[Runtime], list[str]]) -> None:
    staffed.run(Sequential("gather", "write"))

    assert warnings(staffed) == []


# What is known


def test_a_runtime_that_was_not_started_says_nothing_of_agents() -> None:
    workflow = Sequential(Branch("nobody", timeout=2), timeout=1)

    (finding,) = Runtime().check(workflow, state=())

    assert finding.code is Code.TIMEOUT_NOT_GRANTED


def test_without_what_a_run_starts_with_nothing_is_said_of_it(staffed: Runtime) -> None:
    workflow = Sequential("needs-topic")

    unknown, empty, given_keys = (
        staffed.check(workflow),
        staffed.check(workflow, state=()),
        staffed.check(workflow, state={"topic": "x"}),
    )

    assert (unknown, given_keys) == ((), ())
    assert [finding.severity for finding in empty] == [Severity.ERROR]


def test_a_run_that_lacks_a_key_fails_as_the_check_says(staffed: Runtime) -> None:
    workflow = Sequential("needs-topic")

    assert staffed.check(workflow, state=())[0].is_error
    with pytest.raises(WorkflowFailedError, match="missing_input"):
        staffed.run(workflow)


@pytest.mark.parametrize("keys", ["topic", 5, [1]])
def test_keys_that_are_none_are_refused(staffed: Runtime, keys: Any) -> None:
    with pytest.raises(TypeError, match=r"check\(\): state must be the names of keys or None, not"):
        staffed.check("plain", state=keys)
    with pytest.raises(TypeError, match=r"check\(\): data must be the names of keys or None, not"):
        staffed.check("plain", data=keys)


def test_what_is_no_workflow_is_refused(staffed: Runtime) -> None:
    with pytest.raises(TypeError, match="a workflow is an agent's name or a pattern"):
        staffed.check(5)  # type: ignore[arg-type]  # what is tried


# Soundness


_nonces = count()


@pytest.mark.timeout(300)
def test_no_run_that_is_said_to_fail_ends_ok() -> None:
    state = {"n": 1}

    with Runtime() as runtime:
        spawn_agents(runtime)

        @settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
        @given(workflow=workflows)
        def is_sound(workflow: Any) -> None:
            data = {"topic": "x", "message": "a crash", "items": [1, 2, 3], "none": [], "nonce": next(_nonces)}
            try:
                ok = Model(data).run(workflow, state).ok
            except Racy:
                assume(False)
            unknown = [finding for finding in runtime.check(workflow) if finding.is_error]
            known = [finding for finding in runtime.check(workflow, state=state, data=data) if finding.is_error]
            event("error" if known else "none")
            assert not (ok and unknown)
            assert not (ok and known)
            assert {finding.code for finding in unknown} <= {finding.code for finding in known}

        is_sound()

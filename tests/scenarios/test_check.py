"""Checks: mistakes in a workflow are found before it runs, all at once, and nothing else is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given, settings

from actors import Branch, Loop, MultiStage, Route, Runtime, Sequential, Stage
from actors.cli.rehearsal import rehearsal
from actors.definitions.definition import Definition
from actors.testing import VirtualRuntime
from actors.values.errors import UnknownAgentError, WorkflowFailedError
from actors.values.findings import Code, Finding, Severity
from actors.values.workflow_errors import InvalidWorkflowError
from tests.scenarios.agents import spawn_agents
from tests.scenarios.mistakes import AGENTS, NEVER, PLANTED, Planted, agent
from tests.scenarios.sequential_model import Model, Racy
from tests.scenarios.workflows import workflows
from tests.thoroughness import examples

EXAMPLES = [path.parent.name for path in sorted(Path("examples").glob("*/workflow.py"))]


@pytest.fixture
def staffed() -> Iterator[Runtime]:
    """A runtime with agents that declare what they need and make."""
    with VirtualRuntime() as runtime:
        for name, function in AGENTS.items():
            runtime.spawn(name, function)
        runtime.spawn("slow", agent(), timeout=30)
        runtime.spawn("write-only", agent(produces=("text",)))
        yield runtime


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
        definition.spawn_into(runtime)
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
        return [record.getMessage() for record in caplog.records if record.name == "actors.runs.plans"]

    with caplog.at_level(logging.WARNING, "actors.runs.plans"):
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

    with VirtualRuntime() as runtime:
        spawn_agents(runtime)

        @settings(max_examples=examples(1_000), deadline=None, suppress_health_check=list(HealthCheck))
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

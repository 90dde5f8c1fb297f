"""The five systems of the tutorial, each on the tutorial's own example, with its defects mended."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from actors import (
    Branch,
    Case,
    Collaborative,
    Conditional,
    Event,
    Loop,
    MultiStage,
    Parallel,
    RouteLoop,
    Runtime,
    RunTimeoutError,
    Sequential,
    SequentialCollaborative,
    Stage,
    State,
    UnknownAgentError,
    WorkflowFailedError,
)
from actors.conditions import Equals, Exists
from actors.mergers import LastWins
from supervisors import OutcomeKind, Reason
from tests.scenarios.watching import PATIENCE

SHORT = 0.25
"""Seconds that are too short for what is stuck, and ample for whatever has to be done before."""

Agent = Callable[[Event, State], Any]


async def stuck(event: Event, state: State) -> None:
    await asyncio.sleep(PATIENCE)  # whoever waits for it has a timeout


def broken(event: Event, state: State) -> None:
    raise ConnectionError("the service is down")


def adding(key: str, *items: str) -> Agent:
    def add(event: Event, state: State) -> None:
        state[key] = [*state.get(key, []), *items]

    return add


def failure_of(runtime: Runtime, workflow: Any, data: Mapping[str, Any]) -> WorkflowFailedError:
    error = runtime.submit(workflow, data).exception(PATIENCE)
    assert error is not None
    return error


# Sequential, then collaborative: the content pipeline

BRIEF = {"topic": "sourdough"}
PIPELINE = SequentialCollaborative(
    sequential=["researcher", "outliner"],
    collaborative=["writer", "editor", "keywords"],
    step_timeout=30,
    collaborative_timeout=60,
    name="content",
    timeout=90,
)


def outlines(event: Event, state: State) -> None:
    state["outline"] = {"title": event.data["topic"], "sections": list(state["sources"])}


def contributing(name: str) -> Agent:
    def contribute(event: Event, state: State) -> None:
        state["outline"]["sections"].clear()  # a copy of its own
        del state["outline"]
        state[name] = f"{name} of {event.data['topic']} from {state['sources']}"

    return contribute


@pytest.fixture
def content(runtime: Runtime) -> Runtime:
    runtime.spawn("researcher", adding("sources", "flour", "water"))
    runtime.spawn("outliner", outlines)
    runtime.spawn("stuck", stuck)
    runtime.spawn("broken", broken)
    for name in ("writer", "editor", "keywords"):
        runtime.spawn(name, contributing(name))
    return runtime


def test_the_content_pipeline_prepares_in_order_and_then_collaborates(content: Runtime) -> None:
    result = content.run(PIPELINE, BRIEF)

    made = {name: f"{name} of sourdough from ['flour', 'water']" for name in ("writer", "editor", "keywords")}
    assert dict(result.state) == {"sources": ["flour", "water"], **made}
    phases = result.trace.children
    assert [[record.path.rpartition("/")[2] for record in phase.children] for phase in phases] == [
        ["researcher", "outliner"],
        ["writer", "editor", "keywords"],
    ]


def test_contributors_see_nothing_of_each_other_and_are_merged_in_declared_order(content: Runtime) -> None:
    async def rewriter(event: Event, state: State) -> dict[str, Any]:
        while not done.is_set():  # the last declared ends first
            await asyncio.sleep(0.001)
        assert state["outline"]["sections"] == ["flour", "water"]
        return {"text": "rewritten"}

    def quick(event: Event, state: State) -> dict[str, Any]:
        state["outline"]["sections"].clear()
        done.set()
        return {"text": "quick"}

    done = threading.Event()
    content.spawn("rewriter", rewriter)
    content.spawn("quick", quick)
    workflow = SequentialCollaborative(["researcher", "outliner"], ["rewriter", "quick"], merge=LastWins())

    result = content.run(workflow, BRIEF, timeout=PATIENCE)

    assert result.state["text"] == "quick"


@pytest.mark.parametrize("phase", ["sequential", "collaborative"])
def test_a_pipeline_whose_phase_fails_keeps_what_was_achieved(content: Runtime, phase: str) -> None:
    steps = {"sequential": ["researcher", "outliner"], "collaborative": ["keywords"]}
    steps[phase].append("broken")
    workflow = SequentialCollaborative(steps["sequential"], steps["collaborative"], name="content")

    error = failure_of(content, workflow, BRIEF)

    assert error.outcome.culprit == f"content/{phase}/broken"
    assert error.state["sources"] == ["flour", "water"]
    assert isinstance(error.__cause__, ConnectionError)


@pytest.mark.parametrize(
    ("settings", "steps", "budget"),
    [
        ({"step_timeout": SHORT}, (["researcher", "stuck"], ["writer"]), "step of content/sequential"),
        ({"collaborative_timeout": SHORT}, (["researcher"], ["stuck"]), "content/collaborative"),
        ({"timeout": SHORT}, (["researcher"], ["stuck"]), "content"),
    ],
)
def test_a_step_the_second_phase_and_the_whole_pipeline_have_a_deadline(
    content: Runtime, settings: dict[str, Any], steps: tuple[list[str], list[str]], budget: str
) -> None:
    error = failure_of(content, SequentialCollaborative(*steps, name="content", **settings), BRIEF)

    assert error.outcome.budget == budget
    assert error.state["sources"] == ["flour", "water"]
    assert isinstance(error, RunTimeoutError) is (budget == "content")


# Routes of which some loop: customer support

SUPPORT: dict[str, Any] = {
    "rules": {"technical": "tech-support", "bill": "billing", "tech": "sales"},
    "loops": {
        "tech-support": {"max_iterations": 3, "iteration_timeout": 45, "until": Equals("resolved", True)},
    },
}


def resolving_at(attempt: int) -> Agent:
    def resolve(event: Event, state: State) -> None:
        state["attempts"] = event.metadata["iteration"]
        state["resolved"] = event.metadata["iteration"] == attempt

    return resolve


@pytest.fixture
def support(runtime: Runtime) -> Runtime:
    for name in ("billing", "sales", "front-desk"):
        runtime.spawn(name, adding("handled_by", name))
    return runtime


@pytest.mark.parametrize(
    ("resolved_at", "reason", "iterations"),
    [
        (1, Reason.CONDITION_MET, 1),
        (2, Reason.CONDITION_MET, 2),
        (3, Reason.CONDITION_MET, 3),  # by the last one there may be
        (4, Reason.MAX_ITERATIONS, 3),
    ],
)
def test_technical_support_loops_until_it_is_resolved_and_says_why_it_ended(
    support: Runtime, resolved_at: int, reason: Reason, iterations: int
) -> None:
    support.spawn("tech-support", resolving_at(resolved_at))

    result = support.run(RouteLoop(**SUPPORT, name="support"), {"message": "a technical question about my bill"})

    (loop,) = result.trace.children
    assert (loop.outcome.kind, loop.outcome.reason, loop.iterations) == (OutcomeKind.OK, reason, iterations)
    assert dict(result.state) == {"attempts": iterations, "resolved": reason is Reason.CONDITION_MET}
    assert result.state.meta["support"] == {"routed_to": "tech-support"}


def test_an_iteration_of_support_has_a_timeout_of_its_own(support: Runtime) -> None:
    support.spawn("tech-support", stuck)
    loops = {"tech-support": {**SUPPORT["loops"]["tech-support"], "iteration_timeout": SHORT}}

    error = failure_of(support, RouteLoop(SUPPORT["rules"], loops, name="support"), {"message": "technical"})

    assert error.outcome.budget == "iteration of support/tech-support"


def test_overlapping_rules_of_support_are_tried_in_declared_order(support: Runtime) -> None:
    support.spawn("tech-support", resolving_at(1))
    workflow = RouteLoop(**SUPPORT)

    runs = [support.submit(workflow, {"message": "Technical: wrong bill"}) for _ in range(200)]
    others = [support.submit(workflow, {"message": "a bill for tech"}) for _ in range(200)]

    assert {run.result(PATIENCE).state.get("attempts") for run in runs} == {1}
    assert {tuple(run.result(PATIENCE).state["handled_by"]) for run in others} == {("billing",)}


def test_a_default_of_support_is_optional_and_its_absence_is_no_silence(support: Runtime) -> None:
    support.spawn("tech-support", resolving_at(1))

    result = support.run(RouteLoop(**SUPPORT, default="front-desk"), {"message": "hello"})
    error = failure_of(support, RouteLoop(**SUPPORT), {"message": "hello"})

    assert result.state["handled_by"] == ["front-desk"]
    assert error.outcome.reason is Reason.NO_ROUTE
    assert "message='hello'" in str(error)


# Stages: research and analysis


def research(**analysis: Any) -> MultiStage:
    return MultiStage(
        Stage("Gather", Sequential("search", "extract"), timeout=120, prerequisites=["topic"], success=Exists("facts")),
        Stage("Analyse", Collaborative("trends", "risks"), prerequisites=["facts"], **analysis),
        Stage("Report", Loop("report", max_iterations=4, until=Equals("quality", 3)), prerequisites=["trends"]),
        name="research",
    )


def reports(event: Event, state: State) -> None:
    state["quality"] = state.get("quality", 0) + 1
    state["report"] = f"{state['topic']}: {state['trends']}"


@pytest.fixture
def laboratory(runtime: Runtime) -> Runtime:
    runtime.spawn("search", lambda event, state: {"topic": event.data["topic"]})
    runtime.spawn("extract", adding("facts", "rising"))
    runtime.spawn("trends", lambda event, state: {"trends": "up"})
    runtime.spawn("risks", lambda event, state: {"risks": "none"})
    runtime.spawn("report", reports)
    return runtime


def test_research_gathers_analyses_and_reports(laboratory: Runtime) -> None:
    result = laboratory.run(research(timeout=60, success=Exists("risks")), {"topic": "bread"})

    assert result.state["report"] == "bread: up"
    assert [record.outcome.reason for record in result.trace.children] == [
        Reason.COMPLETED,
        Reason.COMPLETED,
        Reason.CONDITION_MET,
    ]
    notes = result.state.meta["research"]
    assert [notes[f"stage_{number}_complete"] for number in (1, 2, 3)] == [True, True, True]
    assert notes["workflow_complete"] is True


def test_a_verdict_on_a_stage_is_no_failure_of_its_agents(laboratory: Runtime) -> None:
    verdict = failure_of(laboratory, research(success=Exists("chances")), {"topic": "bread"})
    laboratory.stop_agent("risks")
    laboratory.spawn("risks", broken)
    failure = failure_of(laboratory, research(), {"topic": "bread"})
    unmet = failure_of(laboratory, research(), {"subject": "bread"})

    assert verdict.outcome.reason is Reason.CONDITION_NOT_MET
    assert verdict.__cause__ is None
    assert "stage_2_complete" not in verdict.state.meta["research"]
    assert failure.outcome.reason is Reason.CHILD_FAILED
    assert isinstance(failure.__cause__, ConnectionError)
    assert unmet.outcome.reason is Reason.UNMET_PREREQUISITE


def test_a_stage_without_a_timeout_has_all_the_time_there_is(laboratory: Runtime) -> None:
    def tell(event: Event, state: State, context: Any) -> dict[str, Any]:
        return {"remaining": context.remaining}

    laboratory.spawn("tell", tell)

    result = laboratory.run(MultiStage(Stage("Only", "tell")))

    assert result.state["remaining"] is None


# Conditions to branches, with a fallback

ANSWERS = Conditional(
    Case("simple", Equals("complexity", "low"), "quick-answer"),
    Case("researched", lambda state: len(state["question"]) > 20, Sequential("look-up", "answer")),
    Case("long", lambda state: len(state["question"]) > 10, "answer"),
    fallback="ask-back",
    name="answers",
)


@pytest.fixture
def library(runtime: Runtime) -> Runtime:
    for name in ("quick-answer", "look-up", "answer", "ask-back"):
        runtime.spawn(name, adding("done", name))
    return runtime


@pytest.mark.parametrize(
    ("complexity", "length", "taken", "done"),
    [
        ("low", 30, "simple", ["quick-answer"]),
        ("high", 30, "researched", ["look-up", "answer"]),
        ("high", 15, "long", ["answer"]),
        ("high", 5, "fallback", ["ask-back"]),
    ],
)
def test_the_first_condition_that_holds_picks_the_branch(
    library: Runtime, complexity: str, length: int, taken: str, done: list[str]
) -> None:
    state = {"complexity": complexity, "question": "?" * length}

    results = [library.submit(ANSWERS, state=state) for _ in range(50)]

    assert {tuple(run.result(PATIENCE).state["done"]) for run in results} == {tuple(done)}
    assert {run.result().state.meta["answers"]["case_taken"] for run in results} == {taken}


def test_a_conditional_that_lacks_a_branch_or_a_fallback_never_runs(library: Runtime) -> None:
    simple = Case("simple", Exists("question"), "quick-answer")

    with pytest.raises(TypeError, match="fallback is missing"):
        Conditional(simple)
    with pytest.raises(TypeError, match="node must be an agent's name"):
        Case("simple", Exists("question"), None)  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(UnknownAgentError, match="'nobody'"):
        library.submit(Conditional(simple, fallback="nobody"), state={"question": "?"})

    assert library.runs_in_progress == 0


# Parallel branches, required or not, with a merger and a timeout


def merges(state: State, branches: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "report": {name: branch.changed for name, branch in branches.items() if branch.outcome.ok},
        "missing": {name: branch.outcome.reason.value for name, branch in branches.items() if not branch.outcome.ok},
    }


ANALYSIS = Parallel(
    Branch("facts", "count"),
    Branch("sentiment", "broken", required=False),
    Branch("images", "stuck", required=False, timeout=SHORT),
    merge=merges,
    name="analysis",
    timeout=PATIENCE,
)


@pytest.fixture
def office(runtime: Runtime) -> Runtime:
    def count(event: Event, state: State) -> None:
        state["words"].append("counted")  # a copy of its own
        del state["words"]
        state["facts"] = 2

    runtime.spawn("count", count)
    runtime.spawn("broken", broken)
    runtime.spawn("stuck", stuck)
    return runtime


def test_the_merger_is_shown_who_is_missing_and_optional_failures_are_recorded(office: Runtime) -> None:
    result = office.run(ANALYSIS, state={"words": ["a", "b"]})

    assert dict(result.state) == {
        "words": ["a", "b"],
        "report": {"facts": {"facts": 2}},
        "missing": {"sentiment": "exception", "images": "deadline"},
    }
    kinds = {record.path: record.outcome.kind for record in result.trace.children}
    assert kinds == {
        "analysis/facts": OutcomeKind.OK,
        "analysis/sentiment": OutcomeKind.FAILED,
        "analysis/images": OutcomeKind.TIMED_OUT,
    }


def test_a_required_branch_that_fails_cancels_the_others_and_is_named_by_them(office: Runtime) -> None:
    workflow = Parallel(Branch("images", "stuck"), Branch("facts", "broken"), merge=merges, name="analysis")

    error = failure_of(office, workflow, {})

    assert error.outcome.culprit == "analysis/facts"
    images = error.branches["analysis/images"].outcome
    assert (images.kind, images.reason, images.culprit) == (
        OutcomeKind.CANCELLED,
        Reason.SIBLING_FAILED,
        "analysis/facts",
    )


def test_a_group_out_of_time_keeps_the_branches_that_finished(office: Runtime) -> None:
    office.spawn("done", lambda event, state: {"facts": 2})
    error = failure_of(office, Parallel("stuck", Branch("facts", "done"), timeout=SHORT, name="analysis"), {})

    assert error.outcome.budget == "analysis"
    assert dict(error.state) == {"facts": 2}

"""The other systems of the tutorial, each on the tutorial's own example, with its defects mended."""

from __future__ import annotations

from collections.abc import Mapping
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
    Sequential,
    Stage,
    State,
    UnknownAgentError,
)
from actors.conditions import Equals, Exists
from actors.testing import Returns, ScriptedThread, VirtualRuntime
from supervisors import OutcomeKind, Reason
from tests.scenarios.tutorial import SHORT, adding, broken, failure_of, runtime, seeded, stuck
from tests.scenarios.virtual_runs import HOUR

__all__ = ["runtime"]  # a fixture

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
def laboratory(runtime: VirtualRuntime) -> VirtualRuntime:
    runtime.spawn("search", lambda event, state: {"topic": event.data["topic"]})
    runtime.spawn("extract", adding("facts", "rising"))
    runtime.spawn("trends", ScriptedThread(Returns({"trends": "up"})))
    runtime.spawn("risks", ScriptedThread(Returns({"risks": "none"})))
    runtime.spawn("report", reports)
    return runtime


@seeded
def test_research_gathers_analyses_and_reports(laboratory: VirtualRuntime) -> None:
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


def test_a_verdict_on_a_stage_is_no_failure_of_its_agents(laboratory: VirtualRuntime) -> None:
    verdict = failure_of(laboratory, research(success=Exists("chances")), {"topic": "bread"})
    laboratory.stop_agent("risks")
    laboratory.spawn("risks", broken())
    failure = failure_of(laboratory, research(), {"topic": "bread"})
    unmet = failure_of(laboratory, research(), {"subject": "bread"})

    assert verdict.outcome.reason is Reason.CONDITION_NOT_MET
    assert verdict.__cause__ is None
    assert "stage_2_complete" not in verdict.state.meta["research"]
    assert failure.outcome.reason is Reason.CHILD_FAILED
    assert isinstance(failure.__cause__, ConnectionError)
    assert unmet.outcome.reason is Reason.UNMET_PREREQUISITE


def test_a_stage_without_a_timeout_has_all_the_time_there_is(laboratory: VirtualRuntime) -> None:
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
def library(runtime: VirtualRuntime) -> VirtualRuntime:
    for name in ("quick-answer", "look-up", "answer", "ask-back"):
        runtime.spawn(name, adding("done", name))
    return runtime


@seeded
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
    library: VirtualRuntime, complexity: str, length: int, taken: str, done: list[str]
) -> None:
    state = {"complexity": complexity, "question": "?" * length}

    results = [library.submit(ANSWERS, state=state) for _ in range(50)]

    assert {tuple(run.result().state["done"]) for run in results} == {tuple(done)}
    assert {run.result().state.meta["answers"]["case_taken"] for run in results} == {taken}


def test_a_conditional_that_lacks_a_branch_or_a_fallback_never_runs(library: VirtualRuntime) -> None:
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
    timeout=HOUR,
)


@pytest.fixture
def office(runtime: VirtualRuntime) -> VirtualRuntime:
    def count(event: Event, state: State) -> None:
        state["words"].append("counted")  # a copy of its own
        del state["words"]
        state["facts"] = 2

    runtime.spawn("count", count)
    runtime.spawn("broken", broken())
    runtime.spawn("stuck", stuck())
    return runtime


@seeded
def test_the_merger_is_shown_who_is_missing_and_optional_failures_are_recorded(office: VirtualRuntime) -> None:
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
    assert result.duration == SHORT


@seeded
def test_a_required_branch_that_fails_cancels_the_others_and_is_named_by_them(office: VirtualRuntime) -> None:
    workflow = Parallel(Branch("images", "stuck"), Branch("facts", "broken"), merge=merges, name="analysis")

    error = failure_of(office, workflow, {})

    assert error.outcome.culprit == "analysis/facts"
    images = error.branches["analysis/images"].outcome
    assert (images.kind, images.reason, images.culprit) == (
        OutcomeKind.CANCELLED,
        Reason.SIBLING_FAILED,
        "analysis/facts",
    )
    assert office.now == 0.0


@seeded
def test_a_group_out_of_time_keeps_the_branches_that_finished(office: VirtualRuntime) -> None:
    office.spawn("done", ScriptedThread(Returns({"facts": 2})))
    error = failure_of(office, Parallel("stuck", Branch("facts", "done"), timeout=SHORT, name="analysis"), {})

    assert error.outcome.budget == "analysis"
    assert office.now == SHORT
    assert dict(error.state) == {"facts": 2}

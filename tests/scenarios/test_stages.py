"""Stages: prerequisites before, a success condition after, and complete only then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from actors import Branch, Event, Loop, MultiStage, Parallel, Sequential, Stage, State, WorkflowFailedError
from actors.conditions import Equals, Exists, Not
from actors.testing import Hangs, Scripted, VirtualRuntime
from supervisors import OutcomeKind, Reason


def gather(event: Event, state: State) -> None:
    state["facts"] = ["one"]


def write(event: Event, state: State) -> None:
    state["text"] = f"about {len(state['facts'])}"


def fail(event: Event, state: State) -> None:
    state["text"] = "never to be seen"
    raise ValueError("no text")


@pytest.fixture
def runtime() -> Iterator[VirtualRuntime]:
    with VirtualRuntime() as runtime:
        runtime.spawn("gather", gather)
        runtime.spawn("write", write)
        runtime.spawn("fail", fail)
        yield runtime


def failure_of(runtime: VirtualRuntime, *stages: Stage) -> WorkflowFailedError:
    error = runtime.submit(MultiStage(*stages, name="work"), {"topic": "x"}).exception()
    assert error is not None
    return error


def notes_of(state: State) -> dict[str, Any]:
    return dict(state.meta["work"])


def test_stages_are_noted_complete_in_order(runtime: VirtualRuntime) -> None:
    workflow = MultiStage(
        Stage("Gather", "gather", prerequisites=["topic"], success=Exists("facts")),
        Stage("Write", Sequential("write"), prerequisites=["facts", Exists("facts")]),
        name="work",
    )

    result = runtime.run(workflow, {"topic": "x"})

    assert notes_of(result.state) == {
        "total_stages": 2,
        "stage_1_name": "Gather",
        "stage_1_complete": True,
        "stage_2_name": "Write",
        "stage_2_complete": True,
        "workflow_complete": True,
    }
    assert dict(result.state) == {"facts": ["one"], "text": "about 1"}


@pytest.mark.parametrize("prerequisite", ["facts", Exists("facts"), lambda state: "facts" in state])
def test_a_required_stage_with_an_unmet_prerequisite_fails_unrun(runtime: VirtualRuntime, prerequisite: Any) -> None:
    error = failure_of(runtime, Stage("Write", "write", prerequisites=[prerequisite]))

    assert (error.outcome.kind, error.outcome.reason) == (
        OutcomeKind.FAILED,
        Reason.UNMET_PREREQUISITE,
    )
    assert error.outcome.culprit == "work/Write"
    assert "stage 'Write' needs" in str(error)
    assert error.trace is not None
    assert [record.outcome.kind for record in error.trace.children] == [OutcomeKind.SKIPPED]
    assert "stage_1_complete" not in notes_of(error.state)


def test_an_optional_stage_with_an_unmet_prerequisite_is_skipped(runtime: VirtualRuntime) -> None:
    workflow = MultiStage(
        Stage("Write", "write", prerequisites=["facts"], required=False),
        Stage("Gather", "gather"),
        name="work",
    )

    result = runtime.run(workflow)

    skipped, done = result.trace.children
    assert (skipped.outcome.kind, skipped.attempts) == (OutcomeKind.SKIPPED, 0)
    assert done.outcome.ok
    assert notes_of(result.state)["stage_1_complete"] is False
    assert notes_of(result.state)["stage_2_complete"] is True
    assert dict(result.state) == {"facts": ["one"]}


def test_a_stage_is_not_complete_when_its_success_condition_does_not_hold(
    runtime: VirtualRuntime,
) -> None:
    error = failure_of(
        runtime,
        Stage("Gather", "gather", success=Exists("facts")),
        Stage("Write", "write", success=Equals("text", "a better one")),
        Stage("Again", "write"),
    )

    assert error.outcome.reason is Reason.CONDITION_NOT_MET
    assert error.outcome.culprit == "work/Write"
    notes = notes_of(error.state)
    assert notes["stage_1_complete"] is True
    assert not notes.get("stage_2_complete", False)
    assert "stage_3_name" not in notes
    assert "workflow_complete" not in notes
    assert error.state["facts"] == ["one"]


def test_an_optional_stage_whose_condition_does_not_hold_leaves_the_state(
    runtime: VirtualRuntime,
) -> None:
    workflow = MultiStage(Stage("Gather", "gather", success=lambda state: False, required=False), name="work")

    result = runtime.run(workflow)

    assert dict(result.state) == {}
    assert notes_of(result.state)["stage_1_complete"] is False


def test_a_required_stage_that_fails_keeps_the_stages_before(runtime: VirtualRuntime) -> None:
    error = failure_of(runtime, Stage("Gather", "gather"), Stage("Fail", "fail"))

    assert dict(error.state) == {"facts": ["one"]}
    assert error.outcome.reason is Reason.CHILD_FAILED
    assert error.outcome.culprit == "work/Fail"
    assert notes_of(error.state)["stage_1_complete"] is True


def test_an_optional_stage_that_fails_is_passed_over(runtime: VirtualRuntime) -> None:
    workflow = MultiStage(Stage("Fail", "fail", required=False), Stage("Gather", "gather"), name="work")

    result = runtime.run(workflow)

    assert dict(result.state) == {"facts": ["one"]}
    assert notes_of(result.state)["stage_1_complete"] is False


@pytest.mark.parametrize("place", ["prerequisites", "success"])
def test_a_condition_that_raises_is_no_verdict(runtime: VirtualRuntime, place: str) -> None:
    def broken(state: State) -> bool:
        raise RuntimeError("no idea")

    conditions: dict[str, Any] = {"success": broken, "prerequisites": [broken]}

    error = failure_of(runtime, Stage("Gather", "gather", **{place: conditions[place]}))

    assert error.outcome.reason is Reason.CONDITION_ERROR
    assert isinstance(error.__cause__, RuntimeError)


def test_a_stage_that_times_out_names_its_budget(runtime: VirtualRuntime) -> None:
    runtime.spawn("hang", Scripted(Hangs()))

    error = failure_of(runtime, Stage("Gather", "gather"), Stage("Hang", "hang", timeout=60.0))

    assert error.outcome.budget == "work/Hang"
    assert runtime.now == 60.0
    assert error.state["facts"] == ["one"]


def test_stages_and_prerequisites_may_be_many(runtime: VirtualRuntime) -> None:
    runtime.spawn("last", lambda event, state: {"done": True})
    skipped = [Stage(f"skipped-{number}", "last", prerequisites=["absent"], required=False) for number in range(400)]
    last = Stage("last", "last", prerequisites=[Not(Exists("absent"))] * 400 + ["topic"] * 400)

    result = runtime.run(MultiStage(*skipped, last), {"topic": "x"})

    assert result.state == {"done": True}


@pytest.mark.parametrize("around", [Sequential, Parallel, Loop, lambda stage: Branch("b", stage)])
def test_a_stage_stands_in_a_multi_stage_only(around: Any) -> None:
    with pytest.raises(TypeError, match="node|Stage"):
        around(Stage("alone", "gather", prerequisites=["never-asked"]))


def test_a_stage_alone_is_no_workflow(runtime: VirtualRuntime) -> None:
    with pytest.raises(TypeError, match="not Stage"):
        runtime.submit(Stage("alone", "gather"))

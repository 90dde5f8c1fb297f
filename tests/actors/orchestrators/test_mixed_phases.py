"""Sequential, then collaborative: what the phases hand on, their time and their failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from actors import Branch, Event, RunTimeoutError, SequentialCollaborative, State, WorkflowFailedError
from actors.mergers import Namespaced
from actors.testing import AnswersAfter, Hangs, Scripted, VirtualRuntime
from supervisors import OutcomeKind

SHORT, LONG = 60.0, 90.0
"""Virtual seconds: a timeout that is reached, and one that is not because of it."""


@pytest.fixture
def sleepy(runtime: VirtualRuntime) -> None:
    runtime.spawn("sleepy", Scripted(Hangs()))


def namesake(event: Event, state: State) -> dict[str, Any]:
    return {event.target: state["signed"]}


def test_the_second_phase_starts_with_what_the_first_left(runtime: VirtualRuntime) -> None:
    runtime.spawn("one", namesake)
    runtime.spawn("two", namesake)

    result = runtime.run(SequentialCollaborative(["ann", "bob"], ["one", "two"], name="mix"))

    assert dict(result.state) == {"signed": ["ann", "bob"], "one": ["ann", "bob"], "two": ["ann", "bob"]}
    assert {record.path: record.pattern for record in result.trace.walk()} == {
        "mix": "sequential_collaborative",
        "mix/sequential": "sequential",
        "mix/sequential/ann": "agent",
        "mix/sequential/bob": "agent",
        "mix/collaborative": "collaborative",
        "mix/collaborative/one": "agent",
        "mix/collaborative/two": "agent",
    }
    assert result.state.meta["mix/sequential"]["sequential_phase_complete"] is True


def test_agents_are_told_in_which_phase_they_are(runtime: VirtualRuntime) -> None:
    def tell(event: Event, state: State) -> dict[str, Any]:
        told = {key: event.metadata.get(key) for key in ("phase", "step", "execution_type", "pattern")}
        return {event.target: told}

    for name in ("one", "two", "three"):
        runtime.spawn(name, tell)

    result = runtime.run(SequentialCollaborative(["one", "two"], ["three"]))

    sequential = {"phase": "sequential", "execution_type": "sequential", "pattern": "sequential"}
    assert result.state["one"] == {**sequential, "step": 1}
    assert result.state["two"] == {**sequential, "step": 2}
    assert result.state["three"] == {
        "phase": "collaborative", "step": None, "execution_type": "parallel", "pattern": "collaborative"
    }  # fmt: skip


@pytest.mark.usefixtures("sleepy")
@pytest.mark.parametrize(
    ("settings", "budget"),
    [
        ({"step_timeout": SHORT}, "step of mix/sequential"),
        ({"sequential_timeout": SHORT}, "mix/sequential"),
        ({"step_timeout": LONG, "sequential_timeout": SHORT}, "mix/sequential"),
        ({"step_timeout": SHORT, "sequential_timeout": LONG}, "step of mix/sequential"),
    ],
)
def test_a_first_phase_out_of_time_names_the_budget_and_keeps_its_finished_steps(
    runtime: VirtualRuntime, settings: dict[str, Any], budget: str
) -> None:
    error = runtime.submit(SequentialCollaborative(["ann", "sleepy"], ["bob"], name="mix", **settings)).exception()

    assert error is not None
    assert runtime.now == SHORT
    assert error.outcome.budget == budget
    assert dict(error.state) == {"signed": ["ann"]}


@pytest.mark.usefixtures("sleepy")
def test_a_second_phase_out_of_time_names_the_budget_and_keeps_the_first(runtime: VirtualRuntime) -> None:
    workflow = SequentialCollaborative(["ann"], ["sleepy"], collaborative_timeout=SHORT, name="mix")

    error = runtime.submit(workflow).exception()

    assert error is not None
    assert runtime.now == SHORT
    assert error.outcome.budget == "mix/collaborative"
    assert dict(error.state) == {"signed": ["ann"]}


@pytest.mark.usefixtures("sleepy")
@pytest.mark.parametrize(
    ("own", "each", "budget"),
    [(SHORT, LONG, "mix/sequential/branch"), (LONG, SHORT, "step of mix/sequential")],
)
def test_of_a_steps_own_timeout_and_that_of_all_steps_the_shorter_holds(
    runtime: VirtualRuntime, own: float, each: float, budget: str
) -> None:
    step = Branch("branch", "sleepy", timeout=own)

    error = runtime.submit(SequentialCollaborative([step], ["ann"], step_timeout=each, name="mix")).exception()

    assert error is not None
    assert runtime.now == SHORT
    assert error.outcome.budget == budget


@pytest.mark.usefixtures("sleepy")
@pytest.mark.parametrize("phases", [(["sleepy"], ["ann"]), (["ann"], ["sleepy"])])
def test_the_whole_has_a_deadline_too(runtime: VirtualRuntime, phases: tuple[list[str], list[str]]) -> None:
    error = runtime.submit(SequentialCollaborative(*phases, name="mix", timeout=SHORT)).exception()

    assert isinstance(error, RunTimeoutError)
    assert runtime.now == SHORT
    assert error.outcome.budget == "mix"


def test_step_timeouts_start_anew(runtime: VirtualRuntime) -> None:
    runtime.spawn("slow", Scripted(AnswersAfter(SHORT)))

    result = runtime.run(SequentialCollaborative(["slow", "slow", "slow"], ["ann"], step_timeout=2.5 * SHORT))

    assert result.outcome.ok
    assert result.duration == 3 * SHORT


def test_a_step_without_a_timeout_has_all_the_time_there_is(runtime: VirtualRuntime) -> None:
    def tell(event: Event, state: State, context: Any) -> dict[str, Any]:
        return {event.target: context.remaining}

    runtime.spawn("one", tell)
    runtime.spawn("two", tell)

    result = runtime.run(SequentialCollaborative(["one"], ["two"]))

    assert dict(result.state) == {"one": None, "two": None}


def test_a_failed_step_ends_it_before_the_second_phase(runtime: VirtualRuntime) -> None:
    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run(SequentialCollaborative(["ann", "failing", "bob"], ["cyd"], name="mix"))

    assert caught.value.outcome.culprit == "mix/sequential/failing"
    assert dict(caught.value.state) == {"signed": ["ann"]}
    assert caught.value.trace is not None
    assert "mix/collaborative" not in {record.path for record in caught.value.trace.walk()}


def test_a_failed_second_phase_keeps_the_first_and_whoever_finished(runtime: VirtualRuntime) -> None:
    runtime.spawn("one", namesake)
    workflow = SequentialCollaborative(["ann"], ["one", "failing"], on_failure="finish", name="mix")

    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run(workflow)

    assert caught.value.outcome.culprit == "mix/collaborative/failing"
    assert dict(caught.value.state) == {"signed": ["ann"], "one": ["ann"]}
    kinds = {path: report.outcome.kind for path, report in caught.value.branches.items()}
    assert kinds == {
        "mix/collaborative/one": OutcomeKind.OK,
        "mix/collaborative/failing": OutcomeKind.FAILED,
    }


@pytest.mark.usefixtures("sleepy")
@pytest.mark.parametrize(
    ("settings", "kind", "ends_at"),
    [({}, OutcomeKind.CANCELLED, 0), ({"on_failure": "finish"}, OutcomeKind.TIMED_OUT, SHORT)],
)
def test_siblings_of_a_failed_branch_are_cancelled_or_finished(
    runtime: VirtualRuntime, settings: dict[str, Any], kind: OutcomeKind, ends_at: float
) -> None:
    workflow = SequentialCollaborative(["ann"], [Branch("slow", "sleepy", timeout=SHORT), "failing"], **settings)

    error = runtime.submit(workflow).exception()

    assert error is not None
    assert error.branches["sequential_collaborative/collaborative/slow"].outcome.kind is kind
    assert runtime.now == ends_at


def test_the_second_phase_may_ask_for_less_than_all(runtime: VirtualRuntime) -> None:
    result = runtime.run(SequentialCollaborative(["ann"], ["failing", "bob"], require="any"))

    assert result.state["signed"] == ["ann", "bob"]


def test_the_second_phase_is_merged_as_it_was_told(runtime: VirtualRuntime) -> None:
    def count(state: State, branches: Mapping[str, Any]) -> dict[str, int]:
        return {"branches": len(branches)}

    stock = runtime.run(SequentialCollaborative(["ann"], ["bob"], merge=Namespaced()))
    own = runtime.run(SequentialCollaborative(["ann"], ["bob", "cyd"], merge=count))

    assert stock.state["bob"] == {"signed": ["ann", "bob"]}
    assert dict(own.state) == {"signed": ["ann"], "branches": 2}


def test_optional_steps_and_branches_are_passed_over(runtime: VirtualRuntime) -> None:
    optional = Branch("failing", required=False)

    result = runtime.run(SequentialCollaborative([optional, "ann"], ["bob", optional]))

    assert result.state["signed"] == ["ann", "bob"]

"""Loops: the condition is asked after every iteration, and the loop says why it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actors import Branch, Event, Loop, Run, Sequential, State
from actors.conditions import Equals
from actors.testing import Returns, Scripted, VirtualRuntime
from supervisors import OutcomeKind, Reason
from tests.scenarios.virtual_runs import HOUR


def count(event: Event, state: State) -> None:
    state["count"] = state.get("count", 0) + 1
    state["seen"] = [*state.get("seen", []), event.metadata["iteration"]]
    if state["count"] == 3:
        state["loop_complete"] = True


@pytest.fixture(params=range(5))
def runtime(request: pytest.FixtureRequest) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(seed=request.param) as runtime:
        runtime.spawn("count", count)
        yield runtime


def notes_of(state: State) -> tuple[int, bool]:
    notes = state.meta["loop"]
    assert notes["loop_iteration"] == notes["total_iterations"]
    return notes["total_iterations"], notes["loop_completed"]


async def at_two(state: State) -> bool:
    await asyncio.sleep(0)
    return bool(state["count"] == 2)


@pytest.mark.parametrize(
    ("until", "maximum", "iterations", "reason"),
    [
        (Equals("count", 2), 5, 2, Reason.CONDITION_MET),
        (lambda state: state["count"] == 2, 5, 2, Reason.CONDITION_MET),
        (lambda event, state: state["count"] == event.data["n"], 5, 2, Reason.CONDITION_MET),
        (at_two, 5, 2, Reason.CONDITION_MET),
        (Equals("count", 2), 2, 2, Reason.CONDITION_MET),
        (lambda state: state["count"] == 2, 2, 2, Reason.CONDITION_MET),
        (Equals("count", 9), 4, 4, Reason.MAX_ITERATIONS),
        (lambda state: False, 1, 1, Reason.MAX_ITERATIONS),
        (None, 5, 3, Reason.CONDITION_MET),
        (None, 3, 3, Reason.CONDITION_MET),
        (None, 2, 2, Reason.MAX_ITERATIONS),
    ],
)
def test_a_loop_ends_for_a_reason(
    runtime: VirtualRuntime, until: Any, maximum: int, iterations: int, reason: Reason
) -> None:
    result = runtime.run(Loop("count", until=until, max_iterations=maximum), {"n": 2})

    assert (result.outcome.kind, result.outcome.reason) == (OutcomeKind.OK, reason)
    assert result.state["count"] == result.trace.iterations == iterations
    assert result.state["seen"] == list(range(1, iterations + 1))
    assert notes_of(result.state) == (iterations, True)


def test_five_iterations_are_the_default(runtime: VirtualRuntime) -> None:
    result = runtime.run(Loop("count", until=Equals("never", 1)))

    assert result.state["count"] == 5


@pytest.mark.parametrize("value", [1, "yes", [0], "True"])
def test_only_true_completes_a_loop_without_a_condition(runtime: VirtualRuntime, value: object) -> None:
    runtime.spawn("answer", Scripted(Returns({"loop_complete": value})))

    result = runtime.run(Loop("answer", max_iterations=2))

    assert result.outcome.reason is Reason.MAX_ITERATIONS


def failure(run: Run) -> tuple[Any, State]:
    error = run.exception()
    assert error is not None
    return error.outcome, error.state


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit])
def test_a_condition_that_raises_fails_the_loop_after_its_iteration(
    runtime: VirtualRuntime, error: type[BaseException]
) -> None:
    def until(state: State) -> bool:
        raise error("no condition")

    outcome, state = failure(runtime.submit(Loop("count", until=until)))

    assert (outcome.kind, outcome.reason) == (OutcomeKind.FAILED, Reason.CONDITION_ERROR)
    assert outcome.culprit == "loop"
    assert state["count"] == 1
    assert notes_of(state) == (1, False)


def test_a_condition_that_changes_its_state_changes_nobodys(runtime: VirtualRuntime) -> None:
    def until(state: State) -> bool:
        state["count"] = 100
        state["seen"].append("the condition")
        return False

    result = runtime.run(Loop("count", until=until, max_iterations=2))

    assert result.state["count"] == 2
    assert result.state["seen"] == [1, 2]


def test_an_iteration_that_overruns_its_time_ends_the_loop(runtime: VirtualRuntime) -> None:
    async def slower_each_time(event: Event, state: State) -> None:
        count(event, state)
        await asyncio.sleep(0 if state["count"] < 3 else HOUR)  # the agent: overruns its time

    runtime.spawn("slower", slower_each_time)
    loop = Loop("slower", iteration_timeout=60.0, until=Equals("never", 1))

    outcome, state = failure(runtime.submit(loop))

    assert outcome.reason is Reason.CHILD_FAILED
    assert outcome.budget == "iteration of loop"
    assert state["count"] == 2
    assert notes_of(state) == (3, False)
    assert runtime.now == 60.0


def test_iteration_timeouts_start_anew(runtime: VirtualRuntime) -> None:
    async def slow(event: Event, state: State) -> None:
        await asyncio.sleep(40.0)  # the agent: uses most of its time
        count(event, state)

    runtime.spawn("slow", slow)

    result = runtime.run(Loop("slow", iteration_timeout=60.0, max_iterations=5))

    assert (result.state["count"], result.duration) == (3, 120.0)


def failing_at(iteration: int) -> Callable[[Event, State], None]:
    def act(event: Event, state: State) -> None:
        if event.metadata["iteration"] == iteration:
            raise ValueError("this one fails")
        count(event, state)

    return act


def test_a_failed_iteration_ends_the_loop_with_what_came_before(runtime: VirtualRuntime) -> None:
    runtime.spawn("failing", failing_at(2))

    outcome, state = failure(runtime.submit(Loop("failing")))

    assert outcome.culprit == "loop/failing"
    assert state["count"] == 1
    assert notes_of(state) == (2, False)


def test_a_failed_iteration_of_an_optional_branch_is_passed_over(runtime: VirtualRuntime) -> None:
    runtime.spawn("failing", failing_at(2))

    result = runtime.run(Loop(Branch("failing", required=False), max_iterations=4))

    assert result.state["seen"] == [1, 3, 4]
    assert result.outcome.reason is Reason.CONDITION_MET


def test_two_runs_of_one_loop_do_not_share_their_counts(runtime: VirtualRuntime) -> None:
    workflow = Sequential(Loop("count", until=lambda state: state["count"] >= 4))

    runs = [runtime.submit(workflow) for _ in range(20)]

    assert {run.result().state["count"] for run in runs} == {4}

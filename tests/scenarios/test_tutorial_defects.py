"""Defects of the tutorial's own code that no pattern of ours may have, beside those that the scenarios of each show."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from actors import Branch, Case, Conditional, Event, Loop, RouteLoop, Runtime, SequentialCollaborative, Stage, State
from actors.codec import decode, encode
from actors.conditions import Contains, Exists
from supervisors import Backoff, OutcomeKind, Retry
from supervisors.facts import RunEnded
from supervisors.model import Model
from tests.scenarios.patterns import AROUND, EVENT, STATE
from tests.scenarios.watching import PATIENCE, Watcher

every_pattern = pytest.mark.parametrize("around", AROUND.values(), ids=[kind.__name__ for kind in AROUND])
Around = Callable[..., Any]


@pytest.fixture(autouse=True)
def bob(runtime: Runtime) -> None:
    """The agent that some patterns need beside the one they are around."""

    def nothing(event: Event, state: State) -> None:
        """Change nothing."""

    runtime.spawn("bob", nothing)


# Rules and conditions were kept in a map, and whichever came first was taken


def test_overlapping_conditions_give_one_answer_in_a_thousand_picks(runtime: Runtime) -> None:
    words = ("technical", "tech", "t")
    cases = [Case(word, Contains("message", word), "bob") for word in words]
    workflow = Conditional(*cases, fallback="bob", name="desk")

    runs = [runtime.submit(workflow, state={"message": "a technical question"}) for _ in range(1_000)]

    assert {run.result(PATIENCE).state.meta["desk"]["case_taken"] for run in runs} == {"technical"}


# A timeout that nobody had set had already expired; a loop of no iterations had completed


@every_pattern
def test_a_timeout_that_is_not_set_never_expires(runtime: Runtime, around: Around) -> None:
    def tell(event: Event, state: State, context: Any) -> dict[str, Any]:
        return {"remaining": context.remaining}

    runtime.spawn("tell", tell)

    result = runtime.run(around("tell"), EVENT, STATE)

    assert result.state["remaining"] is None


@pytest.mark.parametrize(
    ("make", "setting"),
    [
        *[(around, "timeout") for around in AROUND.values()],
        (Branch, "timeout"),
        (lambda node, **settings: Stage("stage", node, **settings), "timeout"),
        (Loop, "iteration_timeout"),
        (Loop, "max_iterations"),
        (lambda node, **settings: RouteLoop({"x": node}, {node: settings}), "iteration_timeout"),
        (lambda node, **settings: RouteLoop({"x": node}, {node: settings}), "max_iterations"),
        (lambda node, **settings: SequentialCollaborative([node], ["bob"], **settings), "step_timeout"),
        (lambda node, **settings: SequentialCollaborative([node], ["bob"], **settings), "sequential_timeout"),
        (lambda node, **settings: SequentialCollaborative([node], ["bob"], **settings), "collaborative_timeout"),
    ],
)
@pytest.mark.parametrize("nothing", [0, -1])
def test_no_time_and_no_iterations_are_refused_when_built(
    make: Callable[..., Model], setting: str, nothing: int
) -> None:
    with pytest.raises(ValueError, match=f"{setting} must be (a positive number|at least 1)"):
        make("bob", **{setting: nothing})


# A result was stored inside its own state, and serialising it killed the process


@every_pattern
def test_what_a_run_leaves_can_be_written_down(runtime: Runtime, around: Around) -> None:
    def answer(event: Event, state: State) -> dict[str, Any]:
        return {"answer": [1, {"two": 3}]}

    runtime.spawn("answer", answer)

    result = runtime.run(around("answer"), EVENT, STATE)

    written = decode(encode(result.state))
    assert dict(written) == dict(result.state) == {"n": 1, "answer": [1, {"two": 3}]}
    assert written.meta == result.state.meta


# A failure became an event of the pipeline that had failed, and was worked on again and again


@every_pattern
@pytest.mark.parametrize("attempts", [1, 3])
def test_an_agent_that_fails_is_run_once_and_as_often_again_as_was_asked(
    runtime: Runtime, watcher: Watcher, around: Around, attempts: int
) -> None:
    calls = []

    def failing(event: Event, state: State) -> None:
        calls.append(event.id)
        raise ValueError("an error is no event")

    runtime.spawn("failing", failing)
    workflow = Branch("whole", around("failing"), retry=Retry(attempts=attempts, backoff=Backoff(initial=0)))

    run = runtime.submit(workflow, EVENT, STATE)

    assert run.exception(PATIENCE) is not None
    watcher.await_fact(RunEnded)
    assert len(calls) == attempts
    assert set(calls) == {calls[0]}


# One slow session held up all others, and stopping did not cancel the agent that was running


@every_pattern
def test_a_slow_session_holds_up_no_other(runtime: Runtime, around: Around) -> None:
    goes_on = threading.Event()

    async def talk(event: Event, state: State) -> None:
        while event.session_id == "slow" and not goes_on.is_set():
            await asyncio.sleep(0.001)
        state["session"] = event.session_id

    runtime.spawn("talk", talk)
    workflow = around("talk")
    slow = runtime.submit(workflow, Event(data=EVENT, metadata={"session_id": "slow"}), STATE)

    others = [
        runtime.submit(workflow, Event(data=EVENT, metadata={"session_id": str(number)}), STATE) for number in range(50)
    ]

    assert [run.result(PATIENCE).state["session"] for run in others] == [str(number) for number in range(50)]
    assert not slow.done()
    goes_on.set()
    assert slow.result(PATIENCE).state["session"] == "slow"


@every_pattern
def test_stopping_cancels_the_agent_that_is_running(around: Around) -> None:
    began, cancelled = threading.Event(), threading.Event()

    async def hang(event: Event, state: State) -> None:
        began.set()
        try:
            await asyncio.sleep(PATIENCE)  # until it is cancelled
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with Runtime(grace=0.05) as runtime:
        runtime.spawn("hang", hang)
        runtime.spawn("bob", hang)
        run = runtime.submit(around("hang"), EVENT, STATE)
        assert began.wait(PATIENCE)

    assert cancelled.wait(PATIENCE)
    error = run.exception(PATIENCE)
    assert error is not None
    assert error.outcome.kind is OutcomeKind.CANCELLED


# Conditions kept state from run to run, and concurrent runs of one workflow shared one context


@every_pattern
def test_concurrent_runs_of_one_workflow_share_nothing(runtime: Runtime, around: Around) -> None:
    async def tell(event: Event, state: State) -> None:
        for _ in range(3):
            state["told"] = [*state.get("told", []), event.data["number"]]
            await asyncio.sleep(0)  # so that the others get on meanwhile

    runtime.spawn("tell", tell)
    workflow = around("tell")

    runs = [runtime.submit(workflow, {**EVENT, "number": number}, STATE) for number in range(100)]

    assert [run.result(PATIENCE).state["told"] for run in runs] == [[number] * 3 for number in range(100)]


def test_a_workflow_ends_in_the_same_way_however_often_it_is_run(runtime: Runtime) -> None:
    def count(event: Event, state: State) -> None:
        state["count"] = state.get("count", 0) + 1
        if state["count"] == 2:
            state["done"] = True

    runtime.spawn("count", count)
    workflow = RouteLoop({"tech": "count"}, {"count": {"until": Exists("done"), "max_iterations": 4}})

    counts = [runtime.run(workflow, EVENT).state["count"] for _ in range(10)]

    assert counts == [2] * 10


# A run that had overrun its timeout still reported success


@every_pattern
def test_success_after_the_timeout_is_no_success(runtime: Runtime, watcher: Watcher, around: Around) -> None:
    async def swallow(event: Event, state: State) -> None:
        try:
            await asyncio.sleep(PATIENCE)  # cut short by its cancellation
        except asyncio.CancelledError:
            state["late"] = True  # and reports success

    runtime.spawn("swallow", swallow)

    error = runtime.submit(around("swallow", timeout=0.05), EVENT, STATE).exception(PATIENCE)

    assert error is not None
    assert error.outcome.kind is OutcomeKind.TIMED_OUT
    watcher.await_dead_letter("late_answer")
    assert dict(error.state) == STATE

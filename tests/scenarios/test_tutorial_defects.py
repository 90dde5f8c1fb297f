"""Defects of the tutorial's own code that no pattern of ours may have, beside those that the scenarios of each show."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors import Branch, Case, Conditional, Event, Loop, RouteLoop, SequentialCollaborative, Stage, State
from actors.codec import decode, encode
from actors.conditions import Contains, Exists
from actors.testing import Fails, Returns, ScriptedThread, VirtualRuntime
from supervisors import Backoff, OutcomeKind, Retry
from supervisors.facts import DeadLettered
from supervisors.model import Model
from tests.scenarios.patterns import AROUND, EVENT, STATE
from tests.scenarios.tutorial import runtime, seeded
from tests.scenarios.virtual_runs import HOUR
from tests.scenarios.watching import Watcher

__all__ = ["runtime"]  # a fixture

every_pattern = pytest.mark.parametrize("around", AROUND.values(), ids=[kind.__name__ for kind in AROUND])
Around = Callable[..., Any]


@pytest.fixture(autouse=True)
def bob(runtime: VirtualRuntime) -> None:
    """The agent that some patterns need beside the one they are around."""

    runtime.spawn("bob", ScriptedThread(Returns()))


# Rules and conditions were kept in a map, and whichever came first was taken


@seeded
def test_overlapping_conditions_give_one_answer_in_a_thousand_picks(runtime: VirtualRuntime) -> None:
    words = ("technical", "tech", "t")
    cases = [Case(word, Contains("message", word), "bob") for word in words]
    workflow = Conditional(*cases, fallback="bob", name="desk")

    runs = [runtime.submit(workflow, state={"message": "a technical question"}) for _ in range(1_000)]

    assert {run.result().state.meta["desk"]["case_taken"] for run in runs} == {"technical"}


# A timeout that nobody had set had already expired; a loop of no iterations had completed


@every_pattern
def test_a_timeout_that_is_not_set_never_expires(runtime: VirtualRuntime, around: Around) -> None:
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
def test_what_a_run_leaves_can_be_written_down(runtime: VirtualRuntime, around: Around) -> None:
    runtime.spawn("answer", ScriptedThread(Returns({"answer": [1, {"two": 3}]})))

    result = runtime.run(around("answer"), EVENT, STATE)

    written = decode(encode(result.state))
    assert dict(written) == dict(result.state) == {"n": 1, "answer": [1, {"two": 3}]}
    assert written.meta == result.state.meta


# A failure became an event of the pipeline that had failed, and was worked on again and again


@every_pattern
@pytest.mark.parametrize("attempts", [1, 3])
def test_an_agent_that_fails_is_run_once_and_as_often_again_as_was_asked(
    runtime: VirtualRuntime, around: Around, attempts: int
) -> None:
    failing = ScriptedThread(Fails(ValueError("an error is no event")))
    runtime.spawn("failing", failing)
    workflow = Branch("whole", around("failing"), retry=Retry(attempts=attempts, backoff=Backoff(initial=0)))

    run = runtime.submit(workflow, Event(data=EVENT, id="mine"), STATE)

    assert run.exception() is not None
    runtime.settle()
    assert [call.event.id for call in failing.calls] == ["mine"] * attempts


# One slow session held up all others, and stopping did not cancel the agent that was running


@seeded
@every_pattern
def test_a_slow_session_holds_up_no_other(runtime: VirtualRuntime, around: Around) -> None:
    async def talk(event: Event, state: State) -> None:
        if event.session_id == "slow":
            await asyncio.sleep(HOUR)  # the agent: is slow in this session
        state["session"] = event.session_id

    runtime.spawn("talk", talk)
    workflow = around("talk")
    slow = runtime.submit(workflow, Event(data=EVENT, metadata={"session_id": "slow"}), STATE)

    others = [
        runtime.submit(workflow, Event(data=EVENT, metadata={"session_id": str(number)}), STATE) for number in range(50)
    ]

    assert [run.result().state["session"] for run in others] == [str(number) for number in range(50)]
    assert (slow.done(), runtime.now) == (False, 0.0)
    assert slow.result().state["session"] == "slow"
    assert runtime.now == HOUR


@every_pattern
@pytest.mark.parametrize("seed", range(5))
def test_stopping_cancels_the_agent_that_is_running(around: Around, seed: int) -> None:
    cancelled = []

    async def hang(event: Event, state: State) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(event.target)
            raise

    with VirtualRuntime(seed=seed, grace=60.0) as runtime:
        runtime.spawn("hang", hang)
        runtime.spawn("bob", hang)
        run = runtime.submit(around("hang"), EVENT, STATE)
        runtime.settle()

    assert cancelled == ["hang"]
    assert runtime.now == 60.0
    error = run.exception()
    assert error is not None
    assert error.outcome.kind is OutcomeKind.CANCELLED


# Conditions kept state from run to run, and concurrent runs of one workflow shared one context


@seeded
@every_pattern
def test_concurrent_runs_of_one_workflow_share_nothing(runtime: VirtualRuntime, around: Around) -> None:
    async def tell(event: Event, state: State) -> None:
        for _ in range(3):
            state["told"] = [*state.get("told", []), event.data["number"]]
            await asyncio.sleep(0)  # so that the others get on meanwhile

    runtime.spawn("tell", tell)
    workflow = around("tell")

    runs = [runtime.submit(workflow, {**EVENT, "number": number}, STATE) for number in range(100)]

    assert [run.result().state["told"] for run in runs] == [[number] * 3 for number in range(100)]


def test_a_workflow_ends_in_the_same_way_however_often_it_is_run(runtime: VirtualRuntime) -> None:
    def count(event: Event, state: State) -> None:
        state["count"] = state.get("count", 0) + 1
        if state["count"] == 2:
            state["done"] = True

    runtime.spawn("count", count)
    workflow = RouteLoop({"tech": "count"}, {"count": {"until": Exists("done"), "max_iterations": 4}})

    counts = [runtime.run(workflow, EVENT).state["count"] for _ in range(10)]

    assert counts == [2] * 10


# A run that had overrun its timeout still reported success


@seeded
@every_pattern
def test_success_after_the_timeout_is_no_success(runtime: VirtualRuntime, watcher: Watcher, around: Around) -> None:
    async def swallow(event: Event, state: State) -> None:
        try:
            await asyncio.Event().wait()  # cut short by its cancellation
        except asyncio.CancelledError:
            state["late"] = True  # and reports success

    runtime.spawn("swallow", swallow)

    error = runtime.submit(around("swallow", timeout=60.0), EVENT, STATE).exception()

    assert error is not None
    assert error.outcome.kind is OutcomeKind.TIMED_OUT
    assert runtime.now == 60.0
    runtime.settle()
    assert [letter.reason for letter in watcher.all(DeadLettered)] == ["late_answer"]
    assert dict(error.state) == STATE

"""Cancelling: of runs in the middle, of waiting tasks, and by an interrupt."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from actors import (
    AgentContext,
    Branch,
    Event,
    Loop,
    Parallel,
    Run,
    RunCancelledError,
    Runtime,
    Sequential,
    State,
)
from supervisors import Backoff, OutcomeKind, Reason, Retry
from supervisors.facts import StageRetried
from tests.scenarios.timing import eventually, seconds_of
from tests.scenarios.watching import PATIENCE, Watcher


class Midway:
    """An agent that says when it is under way, and how it was ended."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.ended = threading.Event()
        self.contexts: list[AgentContext] = []

    async def hang(self, event: Event, state: State, context: AgentContext) -> None:
        self.contexts.append(context)
        self.began.set()
        try:
            await asyncio.sleep(PATIENCE)  # until it is cancelled
        finally:
            self.ended.set()

    def poll(self, event: Event, state: State, context: AgentContext) -> None:
        self.contexts.append(context)
        self.began.set()
        while not context.cancelled:  # what a polite plain function does
            threading.Event().wait(0.001)
        self.ended.set()


def first(event: Event, state: State) -> None:
    state["first"] = "done"


@pytest.fixture
def midway(runtime: Runtime) -> Midway:
    midway = Midway()
    runtime.spawn("hangs", midway.hang)
    runtime.spawn("polls", midway.poll)
    runtime.spawn("first", first)
    return midway


def cancelled(run: Run, midway: Midway) -> RunCancelledError:
    assert midway.began.wait(PATIENCE)
    assert run.cancel() is True
    error = run.exception(PATIENCE)
    assert isinstance(error, RunCancelledError)
    return error


WORKFLOWS: dict[str, Callable[[str], Any]] = {
    "an agent": lambda agent: agent,
    "a sequence": lambda agent: Sequential("first", agent, "first"),
    "a group": lambda agent: Sequential("first", Parallel("first", agent)),
    "a loop of groups": lambda agent: Sequential("first", Loop(Parallel(agent), max_iterations=9)),
    "an optional branch": lambda agent: Sequential("first", Branch(agent, required=False)),
    "one with retries": lambda agent: Sequential("first", Branch(agent, retry=Retry(attempts=9))),
    "one with a fallback": lambda agent: Sequential("first", Branch(agent, fallback="first")),
}


@pytest.mark.parametrize("agent", ["hangs", "polls"])
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_cancelling_in_the_middle_ends_run_and_agent_and_keeps_what_is_finished(
    runtime: Runtime, midway: Midway, workflow: str, agent: str
) -> None:
    run = runtime.submit(WORKFLOWS[workflow](agent))

    error = cancelled(run, midway)

    assert (error.outcome.kind, error.outcome.reason) == (
        OutcomeKind.CANCELLED,
        Reason.REQUESTED,
    )
    assert run.cancelled()
    assert dict(error.state) == ({} if workflow == "an agent" else {"first": "done"})
    assert midway.ended.wait(PATIENCE)
    assert len(midway.contexts) == 1
    assert midway.contexts[0].cancelled


def test_cancelling_twice_or_after_the_end_says_so(runtime: Runtime, midway: Midway) -> None:
    run = runtime.submit("hangs")
    cancelled(run, midway)
    ended = runtime.submit("first")
    ended.result()

    assert run.cancel() is False
    assert ended.cancel() is False
    assert ended.result().outcome.ok


def test_cancelling_during_a_back_off_ends_the_run(runtime: Runtime, watcher: Watcher) -> None:
    def fails(event: Event, state: State) -> None:
        raise ValueError("try again later")

    runtime.spawn("fails", fails)
    patient = Retry(attempts=2, backoff=Backoff(initial=PATIENCE))
    run = runtime.submit(Sequential(Branch("fails", retry=patient)))
    watcher.await_fact(StageRetried)

    run.cancel()

    assert seconds_of(lambda: run.exception(PATIENCE)) < PATIENCE / 2
    assert run.cancelled()


def test_what_is_queued_is_never_run_once_it_is_cancelled(runtime: Runtime, gate: threading.Event) -> None:
    handled = []
    began = threading.Event()

    def busy(event: Event, state: State) -> None:
        handled.append(event.data["n"])
        began.set()
        gate.wait(PATIENCE)

    runtime.spawn("busy", busy, concurrency=1)
    runs = [runtime.submit("busy", {"n": n}) for n in range(4)]
    assert began.wait(PATIENCE)

    runs[1].cancel()
    runs[2].cancel()
    gate.set()

    assert [run.exception(PATIENCE) is None for run in runs] == [True, False, False, True]
    assert handled == [0, 3]


def test_a_cancelled_run_does_not_disturb_the_others(runtime: Runtime, midway: Midway) -> None:
    runs = [runtime.submit("hangs") for _ in range(3)]
    others = [runtime.submit(Sequential("first", "first")) for _ in range(20)]

    for run in runs:
        run.cancel()

    assert all(run.exception(PATIENCE) is not None for run in runs)
    assert all(other.result(PATIENCE).outcome.ok for other in others)


# Those who wait.

MAIN = threading.main_thread().ident or 0


def is_main_waiting() -> bool:
    """Say whether the main thread waits in `Run.result()`, done with whatever it had to do first."""
    frame = sys._current_frames()[MAIN]
    names = {each.f_code.co_name for each, _ in traceback.walk_stack(frame)}
    return {"result", "wait"} <= names


def test_cancelling_the_waiting_task_detaches_it(runtime: Runtime, gate: threading.Event) -> None:
    def waits(event: Event, state: State) -> None:
        gate.wait(PATIENCE)
        state["answer"] = 42

    runtime.spawn("waits", waits)
    run = runtime.submit("waits")

    async def wait() -> None:
        await run

    async def client() -> None:
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wait(), 0.01)

    asyncio.run(client())

    assert run.running()
    gate.set()
    assert run.result(PATIENCE).state["answer"] == 42


def test_a_wait_that_took_too_long_leaves_the_run_alone(runtime: Runtime, gate: threading.Event) -> None:
    def waits(event: Event, state: State) -> None:
        gate.wait(PATIENCE)

    runtime.spawn("waits", waits)
    run = runtime.submit("waits")

    with pytest.raises(TimeoutError, match="it goes on"):
        run.result(0.01)

    assert run.running()
    gate.set()
    assert run.result(PATIENCE).outcome.ok


def test_any_number_of_threads_and_tasks_may_wait_for_one_run(runtime: Runtime, gate: threading.Event) -> None:
    def waits(event: Event, state: State) -> None:
        gate.wait(PATIENCE)
        state["answer"] = 42

    runtime.spawn("waits", waits)
    run = runtime.submit("waits")
    answers: list[int] = []

    def wait_here() -> None:
        answers.append(run.result(PATIENCE).state["answer"])

    async def wait_there() -> None:
        async def wait() -> None:
            answers.append((await run).state["answer"])

        await asyncio.gather(*(wait() for _ in range(5)))

    threads = [threading.Thread(target=wait_here) for _ in range(5)]
    threads.append(threading.Thread(target=lambda: asyncio.run(wait_there())))
    for thread in threads:
        thread.start()

    gate.set()

    for thread in threads:
        thread.join(PATIENCE)
    assert answers == [42] * 10


def test_an_interrupt_of_a_blocking_run_cancels_it(runtime: Runtime, midway: Midway) -> None:
    def interrupt_main() -> None:
        assert midway.began.wait(PATIENCE)
        assert eventually(is_main_waiting)
        signal.pthread_kill(MAIN, signal.SIGINT)

    interrupter = threading.Thread(target=interrupt_main)
    interrupter.start()

    with pytest.raises(KeyboardInterrupt):
        runtime.run("hangs")

    interrupter.join(PATIENCE)
    assert midway.ended.wait(PATIENCE)
    assert eventually(lambda: runtime.runs_in_progress == 0)
    assert runtime.run("first").state["first"] == "done"


def test_leaving_by_an_exception_cancels() -> None:
    midway = Midway()

    with pytest.raises(LookupError), Runtime(grace=PATIENCE) as runtime:
        runtime.spawn("hangs", midway.hang)
        run = runtime.submit("hangs")
        assert midway.began.wait(PATIENCE)
        raise LookupError("the host gives up")

    error = run.exception()
    assert isinstance(error, RunCancelledError)
    assert error.outcome.reason is Reason.SHUTDOWN
    assert midway.ended.is_set()


def test_leaving_an_async_context_by_an_exception_cancels_too() -> None:
    midway = Midway()
    runs = []

    async def host() -> None:
        async with Runtime(loop=asyncio.get_running_loop(), grace=PATIENCE) as runtime:
            runtime.spawn("hangs", midway.hang)
            runs.append(runtime.submit("hangs"))
            await asyncio.to_thread(midway.began.wait, PATIENCE)
            raise LookupError("the host gives up")

    with pytest.raises(LookupError):
        asyncio.run(host())

    assert isinstance(runs[0].exception(), RunCancelledError)
    assert midway.ended.is_set()


def test_an_agent_may_await_another_run(runtime: Runtime, midway: Midway) -> None:
    async def waits(event: Event, state: State) -> None:
        state["answer"] = (await runtime.submit("first")).state["first"]

    runtime.spawn("waits", waits)

    assert runtime.run("waits", timeout=PATIENCE).state["answer"] == "done"

"""Cancelling: of runs in the middle, of waiting tasks, and by an interrupt."""

from __future__ import annotations

import asyncio
import signal
import threading
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
from actors.control.environment import Environment
from actors.testing import AnswersAfter, Fails, Probe, Returns, Scripted, ScriptedThread, VirtualRuntime, sleep
from supervisors import Backoff, OutcomeKind, Reason, Retry, SystemClock
from supervisors.clock import Waitable
from supervisors.facts import RunEnded, StageRetried
from tests.scenarios.numbered_events import handled, numbered
from tests.scenarios.virtual_runs import HOUR, both_kinds, probe, runtime

__all__ = ["probe", "runtime"]  # fixtures
from tests.scenarios.watching import PATIENCE, Watcher

LOOKS_EVERY = 1.0
SLICE = 0.1


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
            await asyncio.Event().wait()  # until it is cancelled
        finally:
            self.ended.set()

    def poll(self, event: Event, state: State, context: AgentContext) -> None:
        self.contexts.append(context)
        self.began.set()
        while not context.cancelled:  # what a polite plain function does
            sleep(LOOKS_EVERY)
        self.ended.set()


@pytest.fixture
def midway(runtime: VirtualRuntime) -> Midway:
    midway = Midway()
    runtime.spawn("hangs", midway.hang)
    runtime.spawn("polls", midway.poll)
    runtime.spawn("first", Scripted(Returns({"first": "done"})))
    return midway


def cancelled(runtime: VirtualRuntime, run: Run, midway: Midway) -> RunCancelledError:
    runtime.settle()
    assert midway.began.is_set()
    assert run.cancel() is True
    error = run.exception()
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
    runtime: VirtualRuntime, midway: Midway, workflow: str, agent: str
) -> None:
    run = runtime.submit(WORKFLOWS[workflow](agent))

    error = cancelled(runtime, run, midway)

    assert (error.outcome.kind, error.outcome.reason) == (
        OutcomeKind.CANCELLED,
        Reason.REQUESTED,
    )
    assert run.cancelled()
    assert runtime.now == 0.0
    assert dict(error.state) == ({} if workflow == "an agent" else {"first": "done"})
    runtime.advance(0.0 if agent == "hangs" else LOOKS_EVERY)
    assert midway.ended.is_set()
    runtime.advance(HOUR)
    assert len(midway.contexts) == 1
    assert midway.contexts[0].cancelled


def test_cancelling_twice_or_after_the_end_says_so(runtime: VirtualRuntime, midway: Midway) -> None:
    run = runtime.submit("hangs")
    cancelled(runtime, run, midway)
    ended = runtime.submit("first")
    ended.result()

    assert run.cancel() is False
    assert ended.cancel() is False
    assert ended.result().outcome.ok


def test_cancelling_during_a_back_off_ends_the_run(runtime: VirtualRuntime, probe: Probe) -> None:
    agent = Scripted(Fails(ValueError("try again later")))
    runtime.spawn("fails", agent)
    patient = Retry(attempts=2, backoff=Backoff(initial=HOUR, maximum=HOUR, jitter=0.0))
    run = runtime.submit(Sequential(Branch("fails", retry=patient)))
    probe.wait_for(StageRetried)

    run.cancel()

    assert run.exception() is not None
    assert run.cancelled()
    assert runtime.now == 0.0
    runtime.advance(2 * HOUR)
    assert len(agent.calls) == 1


@both_kinds
def test_what_is_queued_is_never_run_once_it_is_cancelled(runtime: VirtualRuntime, scripted: type[Scripted]) -> None:
    busy = scripted(AnswersAfter(HOUR))
    runtime.spawn("busy", busy, concurrency=1)
    runs = [runtime.submit("busy", numbered(number)) for number in range(4)]
    runtime.settle()

    runs[1].cancel()
    runs[2].cancel()

    assert [run.exception() is None for run in runs] == [True, False, False, True]
    assert handled(busy) == [0, 3]
    assert runtime.now == 2 * HOUR


def test_a_cancelled_run_does_not_disturb_the_others(runtime: VirtualRuntime, midway: Midway) -> None:
    runs = [runtime.submit("hangs") for _ in range(3)]
    others = [runtime.submit(Sequential("first", "first")) for _ in range(20)]

    for run in runs:
        run.cancel()

    assert all(run.exception() is not None for run in runs)
    assert all(other.result().outcome.ok for other in others)


# Those who wait.


def test_cancelling_the_waiting_task_detaches_it(runtime: VirtualRuntime) -> None:
    runtime.spawn("answers", ScriptedThread(AnswersAfter(HOUR, {"answer": 42})))
    run = runtime.submit("answers")

    async def wait() -> None:
        await run

    async def client() -> None:
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wait(), 60.0)

    runtime.complete(client())

    assert run.running()
    assert runtime.now == 60.0
    assert run.result().state["answer"] == 42
    assert runtime.now == HOUR


def test_a_wait_that_took_too_long_leaves_the_run_alone(runtime: VirtualRuntime) -> None:
    runtime.spawn("waits", ScriptedThread(AnswersAfter(HOUR)))
    run = runtime.submit("waits")

    with pytest.raises(TimeoutError, match="did not end within 60 s; it goes on"):
        run.result(60.0)

    assert run.running()
    assert runtime.now == 60.0
    assert run.result().duration == HOUR


def test_any_number_of_threads_and_tasks_may_wait_for_one_run(gate: threading.Event) -> None:
    def waits(event: Event, state: State) -> None:
        gate.wait(PATIENCE)
        state["answer"] = 42

    answers: list[int] = []

    def wait_here(run: Run) -> None:
        answers.append(run.result(PATIENCE).state["answer"])

    async def wait_there(run: Run) -> None:
        async def wait() -> None:
            answers.append((await run).state["answer"])

        await asyncio.gather(*(wait() for _ in range(5)))

    with Runtime() as runtime:
        runtime.spawn("waits", waits)
        run = runtime.submit("waits")
        threads = [threading.Thread(target=wait_here, args=(run,)) for _ in range(5)]
        threads.append(threading.Thread(target=lambda: asyncio.run(wait_there(run))))
        for thread in threads:
            thread.start()

        gate.set()

        for thread in threads:
            thread.join(PATIENCE)
    assert answers == [42] * 10


class TellingClock(SystemClock):
    """The host's clock, which says that the thread that made it waits for something, however long that takes."""

    def __init__(self) -> None:
        self.waits = threading.Event()
        self._thread = threading.get_ident()

    def wait(self, wakeup: Waitable, timeout: float | None) -> bool:
        if timeout is not None or threading.get_ident() != self._thread:
            return super().wait(wakeup, timeout)
        self.waits.set()
        # In slices, as an interrupt that arrives just before the thread begins to wait does not wake it.
        while not wakeup.wait(SLICE):
            pass
        return True


def test_an_interrupt_of_a_blocking_run_cancels_it(watcher: Watcher) -> None:
    midway, clock = Midway(), TellingClock()
    main = threading.get_ident()

    def interrupt_main() -> None:
        assert midway.began.wait(PATIENCE)
        assert clock.waits.wait(PATIENCE)
        signal.pthread_kill(main, signal.SIGINT)

    with Runtime(observers=[watcher], environment=Environment(clock=clock)) as runtime:
        runtime.spawn("hangs", midway.hang)
        runtime.spawn("first", Scripted(Returns({"first": "done"})))
        clock.waits.clear()
        interrupter = threading.Thread(target=interrupt_main)
        interrupter.start()

        with pytest.raises(KeyboardInterrupt):
            runtime.run("hangs")

        interrupter.join(PATIENCE)
        assert midway.ended.wait(PATIENCE)
        assert watcher.await_fact(RunEnded).outcome.kind is OutcomeKind.CANCELLED
        assert runtime.run("first").state["first"] == "done"
        assert runtime.runs_in_progress == 0


def test_leaving_by_an_exception_cancels() -> None:
    midway = Midway()

    with pytest.raises(LookupError), VirtualRuntime(grace=HOUR) as runtime:
        runtime.spawn("hangs", midway.hang)
        run = runtime.submit("hangs")
        runtime.settle()
        raise LookupError("the host gives up")

    error = run.exception()
    assert isinstance(error, RunCancelledError)
    assert error.outcome.reason is Reason.SHUTDOWN
    assert midway.ended.is_set()
    assert runtime.now == 0.0


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


@pytest.mark.usefixtures("midway")
def test_an_agent_may_await_another_run(runtime: VirtualRuntime) -> None:
    async def waits(event: Event, state: State) -> None:
        state["answer"] = (await runtime.submit("first")).state["first"]

    runtime.spawn("waits", waits)

    assert runtime.run("waits").state["answer"] == "done"

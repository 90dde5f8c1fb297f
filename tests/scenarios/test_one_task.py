"""An async instance has one task and one context for its life. In real time, with asyncio's own tasks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import Any

import pytest

from actors import Agent, Event, Runtime, RunTimeoutError, State, WorkflowFailedError
from supervisors.facts import AgentRestarted
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE, Watcher

CLOSED = "session closed"

mood: ContextVar[str] = ContextVar("mood", default="calm")
caller: ContextVar[str] = ContextVar("caller", default="nobody")


@pytest.fixture(params=["own loop", "host loop"])
def runtime(request: pytest.FixtureRequest, watcher: Watcher) -> Iterator[Runtime]:
    loop = request.getfixturevalue("host_loop") if request.param == "host loop" else None
    with Runtime(loop=loop, observers=[watcher], abandon_after=0.1, grace=5.0) as runtime:
        yield runtime


class Log:
    """What instances did, and in which tasks."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[Any] | None] = []
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.tasks.append(asyncio.current_task())


@contextlib.asynccontextmanager
async def session(log: Log) -> AsyncIterator[asyncio.TaskGroup]:
    """A session as clients of remote servers are made: with a task of its own in a group."""
    async with asyncio.TaskGroup() as group:
        pump = group.create_task(asyncio.Event().wait())
        try:
            yield group
        finally:
            pump.cancel()
            log.note(CLOSED)


class Connected(Agent):
    """Opens a session when it starts, and closes it when it stops."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.stack = contextlib.AsyncExitStack()
        self.token = mood.set("made")
        log.note("made")

    async def on_start(self) -> None:
        self.log.note("on_start")
        self.group = await self.stack.enter_async_context(session(self.log))
        self.started = mood.set("started")

    async def on_restart(self, reason: str) -> None:
        self.log.note(f"on_restart {reason}")

    async def run(self, event: Event, state: State) -> dict[str, str]:
        self.log.note("run")
        seen = {"mood": mood.get(), "caller": caller.get()}
        mood.set("running")
        if event.data.get("break"):
            self.group.create_task(fail())
        if event.data.get("hang"):
            await asyncio.Event().wait()
        if event.data.get("crash"):
            raise SystemExit
        return seen

    async def on_stop(self) -> None:
        self.log.note("on_stop")
        mood.reset(self.started)
        mood.reset(self.token)
        await self.stack.aclose()


async def fail() -> None:
    raise ConnectionError("lost")


def test_all_hooks_and_all_events_of_an_instance_are_in_one_task(runtime: Runtime) -> None:
    log = Log()
    runtime.spawn("agent", lambda: Connected(log), dispatcher="loop")

    for _ in range(2):
        runtime.run("agent")
    runtime.stop_agent("agent")

    assert log.notes == ["made", "on_start", "run", "run", "on_stop", CLOSED]
    [task] = set(log.tasks)
    assert task is not None
    assert eventually(task.done)


def test_hooks_share_a_context_and_each_run_has_a_copy_of_its_submitters(runtime: Runtime) -> None:
    runtime.spawn("agent", lambda: Connected(Log()), dispatcher="loop")
    token = caller.set("somebody")

    states = [runtime.run("agent").state for _ in range(2)]
    caller.reset(token)
    runtime.stop_agent("agent")

    assert states == [{"mood": "calm", "caller": "somebody"}] * 2


def test_a_run_that_is_cancelled_at_its_deadline_leaves_the_task_as_it_was(runtime: Runtime) -> None:
    log = Log()

    class Counting(Connected):
        async def run(self, event: Event, state: State) -> dict[str, Any]:
            task: Any = asyncio.current_task()
            self.before = task.cancelling()
            return {"before": self.before, **await super().run(event, state)}

    runtime.spawn("agent", lambda: Counting(log), dispatcher="loop")
    with pytest.raises(RunTimeoutError):
        runtime.run("agent", {"hang": True}, timeout=0.05)

    result = runtime.run("agent", timeout=PATIENCE)
    runtime.stop_agent("agent")

    assert result.state["before"] == 0
    assert log.notes == ["made", "on_start", "run", "run", "on_stop", CLOSED]
    assert len(set(log.tasks)) == 1


def test_what_strikes_an_idle_instance_is_its_crash(runtime: Runtime, watcher: Watcher) -> None:
    log = Log()
    runtime.spawn("agent", lambda: Connected(log), dispatcher="loop")

    runtime.run("agent", {"break": True})
    restarted = watcher.await_fact(AgentRestarted)
    result = runtime.run("agent", timeout=PATIENCE)
    runtime.stop_agent("agent")

    assert (restarted.agent, restarted.reason) == ("agent", "cancelled")
    assert "its task was cancelled while it was idle" in restarted.detail
    assert result.state["mood"] == "calm"
    assert log.notes[:5] == ["made", "on_start", "run", "on_stop", CLOSED]
    assert log.notes[5:] == ["made", "on_start", "on_restart cancelled", "run", "on_stop", CLOSED]
    assert len(set(log.tasks[:5])) == len(set(log.tasks[5:])) == 1
    assert log.tasks[0] is not log.tasks[5]


def test_what_strikes_an_instance_at_work_ends_it_too(runtime: Runtime, watcher: Watcher) -> None:
    log = Log()
    runtime.spawn("agent", lambda: Connected(log), dispatcher="loop")

    with pytest.raises(WorkflowFailedError, match="CancelledError"):
        runtime.run("agent", {"break": True, "hang": True}, timeout=PATIENCE)
    watcher.await_fact(AgentRestarted)
    runtime.run("agent", timeout=PATIENCE)
    runtime.stop_agent("agent")

    assert log.notes.count("made") == log.notes.count(CLOSED) == 2


def test_an_instance_that_crashed_is_stopped_in_its_task_before_the_next_is_made(runtime: Runtime) -> None:
    log = Log()
    runtime.spawn("agent", lambda: Connected(log), dispatcher="loop")

    with pytest.raises(WorkflowFailedError, match="SystemExit"):
        runtime.run("agent", {"crash": True})
    runtime.run("agent", timeout=PATIENCE)
    runtime.stop_agent("agent")

    assert log.notes[:5] == ["made", "on_start", "run", "on_stop", CLOSED]
    assert log.notes[5:7] == ["made", "on_start"]
    assert len(set(log.tasks[:5])) == 1


def test_events_that_come_meanwhile_are_done_by_the_next_instance(runtime: Runtime) -> None:
    log = Log()
    runtime.spawn("agent", lambda: Connected(log), dispatcher="loop")

    runs = [runtime.submit("agent", {"break": number == 0}, timeout=PATIENCE) for number in range(20)]
    states = [run.result(PATIENCE).state for run in runs]
    runtime.stop_agent("agent")

    assert len(states) == 20
    assert log.notes.count("made") == 2
    assert log.notes.count("run") == 20


def test_an_abandoned_instance_keeps_its_task_and_the_next_has_another(runtime: Runtime, watcher: Watcher) -> None:
    log, gate = Log(), asyncio.Event()

    class Stubborn(Agent):
        def __init__(self) -> None:
            log.note("made")

        async def run(self, event: Event, state: State) -> None:
            log.note("run")
            while event.data.get("hang") and not gate.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await gate.wait()

        async def on_stop(self) -> None:
            log.note("on_stop")

    runtime.spawn("agent", Stubborn)
    with pytest.raises(RunTimeoutError):
        runtime.run("agent", {"hang": True}, timeout=0.05)
    watcher.await_fact(AgentRestarted, lambda fact: fact.reason == "abandoned")
    runtime.run("agent", timeout=PATIENCE)
    first, second = log.tasks[0], log.tasks[-1]
    was_left = first is not None and not first.done()
    runtime._system.loops.lane.loop.call_soon_threadsafe(gate.set)
    watcher.await_dead_letter("late_answer")
    runtime.stop_agent("agent")

    assert was_left
    assert first is not second
    assert eventually(lambda: first is not None and first.done())
    assert log.notes == ["made", "run", "made", "run", "on_stop"]


@pytest.mark.parametrize("concurrency", [1, 3])
def test_an_idle_instance_is_no_obstacle_to_the_end(runtime: Runtime, concurrency: int) -> None:
    class Plain(Agent):
        async def run(self, event: Event, state: State) -> None:
            tasks.add(asyncio.current_task())

    tasks: set[Any] = set()
    runtime.spawn("agent", Plain, concurrency=concurrency)
    runs = [runtime.submit("agent") for _ in range(3 * concurrency)]
    for run in runs:
        run.result(PATIENCE)

    runtime.stop_agent("agent")

    assert len(tasks) <= concurrency
    assert eventually(lambda: all(task.done() for task in tasks))

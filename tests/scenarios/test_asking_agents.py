"""Agents that ask others while they handle an event: what they ask is a part of that event."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from typing import Any

import pykka
import pytest

from actors import (
    AgentContext,
    AgentFailedError,
    AgentTimeoutError,
    Branch,
    Event,
    Runtime,
    RunTimeoutError,
    State,
    WouldDeadlockError,
)
from actors.testing import Hangs, Scripted, VirtualRuntime, sleep
from supervisors import Reason
from supervisors.facts import DeadLettered
from tests.scenarios.asking import (
    EACH_WAY,
    PLAIN,
    Ask,
    answers,
    awaiting,
    getting,
)
from tests.scenarios.orchestrating import SHORT, failure_of, nothing_is_left, runtime
from tests.scenarios.timing import eventually
from tests.scenarios.virtual_runs import HOUR
from tests.scenarios.watching import PATIENCE, Watcher

__all__ = ["runtime"]  # a fixture

# Time


@EACH_WAY
def test_what_is_asked_ends_by_the_askers_deadline(runtime: VirtualRuntime, asking: Ask) -> None:
    hanging = Scripted(Hangs())
    runtime.spawn("hangs", hanging)
    runtime.spawn("asks", asking(runtime, "hangs"), concurrency=1)

    error = failure_of(runtime.submit(Branch("asks", timeout=SHORT), {"asks": True}, timeout=HOUR))
    runtime.settle()

    assert (error.outcome.reason, runtime.now) == (Reason.DEADLINE, SHORT)
    assert runtime.run("asks", timeout=SHORT).outcome.ok
    assert runtime._agents.cell("hangs").abandoned_count == 0
    assert nothing_is_left(runtime)


def test_an_agent_is_told_by_whose_time_what_it_asked_has_ended(runtime: VirtualRuntime) -> None:
    errors: list[AgentTimeoutError] = []

    def asks(event: Event, state: State) -> None:
        try:
            runtime.agent("hangs").ask(PLAIN)
        except AgentTimeoutError as error:
            errors.append(error)

    runtime.spawn("hangs", Scripted(Hangs()), concurrency=1)
    runtime.spawn("asks", asks)

    failure_of(runtime.submit("asks", timeout=SHORT))
    runtime.settle()

    assert [(error.outcome.reason, error.outcome.budget) for error in errors] == [(Reason.DEADLINE, "run")]


def test_what_is_asked_knows_how_much_time_is_left(runtime: VirtualRuntime) -> None:
    def looks(event: Event, state: State, context: AgentContext) -> None:
        state["left"] = context.remaining

    async def asks(event: Event, state: State) -> None:
        await asyncio.sleep(SHORT)  # the agent: prepares
        state.update((await runtime.agent("looks").ask(event, block=False)).state)

    runtime.spawn("looks", looks)
    runtime.spawn("asks", asks)

    assert runtime.run("asks", timeout=3 * SHORT).state["left"] == 2 * SHORT


def test_an_agents_own_timeout_counts_when_it_is_less(runtime: VirtualRuntime) -> None:
    runtime.spawn("hangs", Scripted(Hangs()), timeout=SHORT)
    runtime.spawn("asks", awaiting(runtime, "hangs"))

    error = failure_of(runtime.submit("asks", {"asks": True}, timeout=HOUR))

    assert (error.outcome.reason, runtime.now) == (Reason.EXCEPTION, SHORT)
    assert "out of agent hangs" in str(error)


# Withdrawn with the asker


class Notes:
    """An agent that notes which events it begins, and is held until it is cancelled where an event says so."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.cancelled: list[str] = []

    async def run(self, event: Event, state: State) -> None:
        self.begun.append(event.data["name"])
        try:
            if event.data.get("hangs"):
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.append(event.data["name"])
            raise


def left_running(runtime: Runtime, *, hangs: bool = False) -> Any:
    """Return an async agent that asks twice and does not wait: the second finds the other agent busy."""

    async def asks(event: Event, state: State) -> None:
        for name in ("runs", "waits"):
            runtime.agent("notes").ask(Event(data={"name": name, "hangs": True}), block=False)
        await asyncio.sleep(SHORT)  # the agent: works meanwhile
        if hangs:
            await asyncio.Event().wait()

    return asks


def assert_both_are_withdrawn(runtime: VirtualRuntime, notes: Notes) -> None:
    runtime.settle()
    runtime.agent("notes").ask(Event(data={"name": "next"}))
    assert (notes.begun, notes.cancelled) == (["runs", "next"], ["runs"])
    assert nothing_is_left(runtime)


@pytest.fixture
def notes(runtime: VirtualRuntime) -> Notes:
    notes = Notes()
    runtime.spawn("notes", notes.run, concurrency=1)
    return notes


def test_what_an_agent_leaves_asked_ends_with_its_event(runtime: VirtualRuntime, notes: Notes) -> None:
    runtime.spawn("asks", left_running(runtime))

    assert runtime.run("asks").outcome.ok

    assert_both_are_withdrawn(runtime, notes)


def test_cancelling_the_asker_withdraws_what_it_asked(runtime: VirtualRuntime, notes: Notes) -> None:
    runtime.spawn("asks", left_running(runtime, hangs=True))
    run = runtime.submit("asks")
    runtime.advance(2 * SHORT)

    run.cancel()

    assert_both_are_withdrawn(runtime, notes)


def test_stopping_the_asker_withdraws_what_it_asked(runtime: VirtualRuntime, notes: Notes) -> None:
    runtime.spawn("asks", left_running(runtime, hangs=True))
    runtime.agent("asks").tell(Event())
    runtime.advance(2 * SHORT)

    runtime.stop_agent("asks", grace=0)

    assert_both_are_withdrawn(runtime, notes)


def test_an_asker_that_is_abandoned_leaves_nothing_asked(runtime: VirtualRuntime, notes: Notes) -> None:
    def hangs(event: Event, state: State) -> None:
        runtime.agent("notes").ask(Event(data={"name": "runs", "hangs": True}), block=False)
        runtime.agent("notes").ask(Event(data={"name": "waits"}), block=False)
        sleep(HOUR)

    runtime.spawn("asks", hangs)
    failure_of(runtime.submit("asks", timeout=SHORT))
    runtime.advance(2 * SHORT)

    assert_both_are_withdrawn(runtime, notes)
    runtime.advance(HOUR)


def test_a_runtime_that_stops_ends_what_agents_ask() -> None:
    notes = Notes()
    with VirtualRuntime(grace=SHORT) as runtime:
        runtime.spawn("notes", notes.run, concurrency=1)
        runtime.spawn("asks", left_running(runtime, hangs=True))
        run = runtime.submit("asks")
        runtime.advance(SHORT / 2)

    assert run.cancelled()
    assert (notes.begun, notes.cancelled) == (["runs"], ["runs"])


def test_an_event_that_nobody_waits_for_any_more_asks_in_vain(runtime: VirtualRuntime, watcher: Watcher) -> None:
    notes, errors = Notes(), list[AgentFailedError]()

    def late(event: Event, state: State) -> None:
        sleep(2 * SHORT)
        with pytest.raises(AgentFailedError) as raised:
            runtime.agent("notes").ask(Event(data={"name": "late"}))
        errors.append(raised.value)

    runtime.spawn("notes", notes.run)
    runtime.spawn("late", late)
    failure_of(runtime.submit("late", timeout=SHORT))
    runtime.advance(2 * SHORT)

    assert notes.begun == []
    assert [error.outcome.culprit for error in errors] == ["late"]
    assert "that nobody waits for any more" in str(errors[0])
    assert "requested" in [letter.reason for letter in watcher.all(DeadLettered)]


def test_what_an_agent_tells_another_is_not_a_part_of_its_event(runtime: VirtualRuntime, notes: Notes) -> None:
    async def tells(event: Event, state: State) -> None:
        runtime.agent("notes").tell(Event(data={"name": "told"}))

    runtime.spawn("tells", tells, timeout=SHORT)
    assert runtime.agent("tells").ask(Event(), block=True).state == {}
    runtime.settle()

    assert notes.begun == ["told"]


def test_a_task_that_outlives_its_event_asks_as_anybody_does(runtime: VirtualRuntime, notes: Notes) -> None:
    tasks = set[asyncio.Task[None]]()

    async def later() -> None:
        await asyncio.sleep(SHORT)  # the agent: its task outlives its event
        await runtime.agent("notes").ask(Event(data={"name": "later"}), block=False)

    async def leaves(event: Event, state: State) -> None:
        tasks.add(asyncio.create_task(later()))

    runtime.spawn("leaves", leaves)
    runtime.run("leaves", timeout=SHORT)
    runtime.advance(2 * SHORT)

    assert notes.begun == ["later"]
    assert [task.exception() for task in tasks] == [None]


# Two runtimes


def test_an_ask_across_runtimes_ends_by_the_askers_deadline_and_with_it() -> None:
    hanging = Scripted(Hangs())
    with Runtime(abandon_after=0.1) as theirs, Runtime(abandon_after=0.1) as ours:
        ref = theirs.spawn("hangs", hanging, concurrency=1)
        ours.spawn("asks", lambda event, state: ref.ask(event))
        outer = ours.submit("asks", timeout=0.1)

        error = failure_of(outer)

        assert error.outcome.budget == "run"
        assert ours._system.offspring == {}
        cell: Any = theirs._agents.cell("hangs")
        assert eventually(lambda: not list(cell.running()))


def test_agents_of_two_runtimes_that_ask_each_other_answer_again() -> None:
    with Runtime(abandon_after=5.0) as left, Runtime(abandon_after=5.0) as right:
        left.spawn("a", getting(right, "b"), concurrency=1)
        right.spawn("b", getting(left, "a"), concurrency=1)

        error = failure_of(left.submit("a", {"asks": True}, timeout=0.2))

        assert isinstance(error, RunTimeoutError)
        assert left.run("a", timeout=PATIENCE).outcome.ok
        assert right.run("b", timeout=PATIENCE).outcome.ok


# What is kept


def test_what_was_answered_is_not_kept_until_the_asker_is_done(runtime: VirtualRuntime) -> None:
    kept: list[int] = []

    async def asks(event: Event, state: State) -> None:
        for _ in range(100):
            await runtime.agent("answers").ask(PLAIN, block=False)
        kept.extend(len(each._asked) for each in runtime._system.offspring.values())

    runtime.spawn("answers", answers)
    runtime.spawn("asks", asks)

    runtime.run("asks")

    assert kept == [0]
    assert nothing_is_left(runtime)


def test_agents_that_tell_each_other_for_ever_keep_none_of_their_events() -> None:
    seen: list[Any] = []
    over = threading.Event()

    def passes(event: Event, state: State, context: Any) -> None:
        seen.append(weakref.ref(context._invocation))
        if len(seen) == 100:
            over.set()
        else:
            refs[len(seen) % 2].tell(Event())

    with Runtime() as runtime:
        refs: list[pykka.ActorRef[Any]] = [runtime.spawn(name, passes) for name in "ab"]
        refs[0].tell(Event())
        assert over.wait(PATIENCE)
        gc.collect()
        alive = [known for known in seen if known() is not None]

    assert len(alive) < 5


# On an event loop


def test_blocking_an_event_loop_is_refused_before_anything_is_sent(runtime: VirtualRuntime, notes: Notes) -> None:
    async def blocks(event: Event, state: State) -> None:
        with pytest.raises(WouldDeadlockError, match="ask"):
            runtime.agent("notes").ask(Event(data={"name": "never"}))
        with pytest.raises(WouldDeadlockError, match="stop"):
            runtime.agent("notes").stop()

    runtime.spawn("blocks", blocks)

    assert runtime.run("blocks").outcome.ok
    runtime.settle()
    assert notes.begun == []
    assert runtime.agent("notes").is_alive()

"""What breaks in Pykka's actors and cannot break in an agent's cell: stopping, and what comes too late."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pykka
import pytest

from actors import AgentResult, AgentStoppedError, Event, MailboxFullError, Runtime, State
from tests.actors.gated_agents import Echo, Gated, ask, gate, gated, is_in, runtime, watcher
from tests.scenarios.watching import PATIENCE, Watcher

__all__ = ["gate", "gated", "is_in", "runtime", "watcher"]  # fixtures


# 4: the lost ask


def test_every_ask_that_races_with_a_stop_is_answered(runtime: Runtime) -> None:
    rounds = 100
    for number in range(rounds):
        ref = runtime.spawn(f"echo-{number}", Echo)
        start = threading.Barrier(2)
        asked: list[pykka.Future[Any]] = []

        def send(ref: pykka.ActorRef[Any], start: threading.Barrier, asked: list[pykka.Future[Any]]) -> None:
            start.wait(PATIENCE)
            asked.extend(ref.ask(Event(), block=False) for _ in range(5))

        sender = threading.Thread(target=send, args=(ref, start, asked))
        sender.start()
        start.wait(PATIENCE)
        ref.stop(timeout=PATIENCE)
        sender.join(PATIENCE)

        for future in asked:
            try:
                assert future.get(timeout=PATIENCE).state["events"]
            except pykka.ActorDeadError:
                continue


# 5: stopping


def test_stop_does_not_queue_behind_work(
    gated: pykka.ActorRef[Any], gate: threading.Event, is_in: threading.Event
) -> None:
    gated.tell(Event())
    assert is_in.wait(PATIENCE)
    queued = gated.ask(Event(), block=False)

    gated.stop(block=False)

    with pytest.raises(AgentStoppedError, match="agent 'gated' did not handle the event: it was stopped"):
        queued.get(timeout=PATIENCE)
    assert not gate.is_set()


def test_stop_does_not_block_the_caller_when_the_mailbox_is_full(
    gated: pykka.ActorRef[Any], gate: threading.Event, is_in: threading.Event
) -> None:
    gated.tell(Event())
    assert is_in.wait(PATIENCE)
    gated.tell(Event())
    with pytest.raises(MailboxFullError):
        gated.tell(Event())

    stopped = gated.stop(block=False)

    gate.set()
    assert stopped.get(timeout=PATIENCE) is True


@pytest.mark.leaves_abandoned_work
def test_hung_agent_is_not_alive_once_its_grace_is_over(
    runtime: Runtime, gated: pykka.ActorRef[Any], is_in: threading.Event
) -> None:
    gated.tell(Event())
    assert is_in.wait(PATIENCE)

    runtime.stop_agent("gated", grace=0.01, timeout=PATIENCE)

    assert not gated.is_alive()
    with pytest.raises(pykka.ActorDeadError):
        gated.tell(Event())


def test_event_in_progress_is_finished_before_the_agent_stops(
    gated: pykka.ActorRef[Any], gate: threading.Event, is_in: threading.Event
) -> None:
    running = gated.ask(Event(), block=False)
    assert is_in.wait(PATIENCE)

    stopped = gated.stop(block=False)
    gate.set()

    assert isinstance(running.get(timeout=PATIENCE), AgentResult)
    assert stopped.get(timeout=PATIENCE) is True


def test_stopping_a_stopped_agent_says_that_it_was_dead(runtime: Runtime) -> None:
    ref = runtime.spawn("echo", Echo)

    assert ref.stop(timeout=PATIENCE) is True

    assert ref.stop(timeout=PATIENCE) is False


# 8: waiting


def test_awaiting_an_answer_lets_the_loop_run(runtime: Runtime, gate: threading.Event, is_in: threading.Event) -> None:
    ref = runtime.spawn("gated", lambda: Gated(gate, is_in))

    async def open_and_await() -> Any:
        answer = ref.ask(Event(), block=False)
        asyncio.get_running_loop().call_soon(gate.set)  # comes to pass only if awaiting does not block
        return await answer

    assert isinstance(asyncio.run(asyncio.wait_for(open_and_await(), PATIENCE)), AgentResult)


def test_every_waiter_on_a_stop_keeps_to_its_own_timeout(
    gated: pykka.ActorRef[Any], gate: threading.Event, is_in: threading.Event
) -> None:
    gated.tell(Event())
    assert is_in.wait(PATIENCE)
    stopped = gated.stop(block=False)
    timeouts: list[pykka.Timeout] = []

    def wait() -> None:
        with pytest.raises(pykka.Timeout) as raised:
            stopped.get(timeout=0.01)
        timeouts.append(raised.value)

    waiters = [threading.Thread(target=wait) for _ in range(3)]
    for waiter in waiters:
        waiter.start()
    for waiter in waiters:
        waiter.join(PATIENCE)

    assert len(timeouts) == len(waiters)
    gate.set()
    assert stopped.get(timeout=PATIENCE) is True


# 9: what is told to the dead


def test_event_told_while_the_agent_stops_is_refused_to_its_sender(
    gated: pykka.ActorRef[Any], gate: threading.Event, is_in: threading.Event
) -> None:
    gated.tell(Event())
    assert is_in.wait(PATIENCE)
    gated.stop(block=False)

    with pytest.raises(pykka.ActorDeadError):
        gated.tell(Event())


def test_told_event_that_a_stop_overtakes_is_a_dead_letter(
    gated: pykka.ActorRef[Any], watcher: Watcher, is_in: threading.Event
) -> None:
    gated.tell(Event())
    assert is_in.wait(PATIENCE)
    gated.tell(Event())

    gated.stop(block=False)

    assert "gated" in watcher.await_dead_letter("agent_stopped").detail


def test_telling_the_dead_fails_only_the_event_of_the_agent_that_tells(runtime: Runtime) -> None:
    dead = runtime.spawn("dead", Echo)
    dead.stop(timeout=PATIENCE)

    def teller(event: Event, state: State) -> dict[str, Any]:
        if event.data.get("to the dead"):
            dead.tell(Event())
        return {"told": True}

    ref = runtime.spawn("teller", teller)

    with pytest.raises(pykka.ActorDeadError):
        ask(ref, Event(data={"to the dead": True}))

    assert ask(ref) == {"told": True}

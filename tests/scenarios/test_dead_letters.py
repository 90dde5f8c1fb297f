"""Dead letters: what nobody wants, or cannot be delivered, is told with a reason to whoever subscribes."""

from __future__ import annotations

import asyncio
from typing import Any

import pykka
import pytest

from actors import Event, MailboxFullError, Runtime, Sequential, State
from actors.control.dead_letters import DeadLetter
from actors.testing import AnswersAfter, Fails, Hangs, Returns, Scripted, VirtualRuntime
from supervisors.policies.breaker import Breaker
from tests.scenarios.numbered_events import numbered, runtime

__all__ = ["runtime"]  # a fixture


@pytest.fixture
def letters(runtime: VirtualRuntime) -> list[DeadLetter]:
    letters: list[DeadLetter] = []
    runtime.subscribe_dead_letters(letters.append)
    return letters


def told(letters: list[DeadLetter]) -> list[tuple[str, str, str, bool]]:
    """Say of each its reason, its agent, its event and whether it is lost."""
    return [
        (letter.reason, letter.agent, "" if letter.event is None else letter.event.id, letter.is_lost)
        for letter in letters
    ]


# What is there


def test_a_late_answer_is_there(runtime: VirtualRuntime, letters: list[DeadLetter]) -> None:
    runtime.spawn("slow", late)

    runtime.submit("slow", numbered(1), timeout=1.0).exception()

    runtime.advance(5.0)
    assert told(letters) == [("late_answer", "slow", "event-1", False)]
    assert letters[0].detail == "agent 'slow' answered after it was given up"


async def late(event: Event, state: State) -> None:
    """Answer late, whoever cancels it."""
    try:
        await asyncio.sleep(2.0)  # the agent: works for longer than it may
    except asyncio.CancelledError:
        await asyncio.sleep(0.5)  # the agent: goes on when it is cancelled


def test_what_was_never_begun_in_time_is_there(runtime: VirtualRuntime, letters: list[DeadLetter]) -> None:
    ref = runtime.spawn("busy", Scripted(Hangs()), concurrency=1, timeout=1.0)
    ref.tell(numbered(1))
    reply: Any = ref.ask(numbered(2), block=False)
    ref.tell(numbered(3))

    runtime.advance(1.0)

    runtime.settle()
    assert reply.wait(0)
    assert told(letters) == [("not_started", "busy", "event-2", False), ("not_started", "busy", "event-3", True)]


def test_what_a_full_mailbox_turns_away_is_there(runtime: VirtualRuntime, letters: list[DeadLetter]) -> None:
    ref = runtime.spawn("busy", Scripted(Hangs()), concurrency=1, mailbox=1)
    for number in (1, 2):
        ref.tell(numbered(number))
        runtime.settle()

    with pytest.raises(MailboxFullError):
        ref.tell(numbered(3))
    runtime.submit("busy", numbered(4)).exception()

    runtime.settle()
    assert told(letters) == [("mailbox_full", "busy", "event-3", False), ("mailbox_full", "busy", "event-4", False)]


def test_what_an_open_breaker_turns_away_is_there(runtime: VirtualRuntime, letters: list[DeadLetter]) -> None:
    runtime.spawn("shaky", Scripted(Fails(OSError)), breaker=Breaker(failures=1))
    runtime.submit("shaky").exception()

    runtime.submit("shaky", numbered(2)).exception()

    runtime.settle()
    assert told(letters) == [("breaker_open", "shaky", "event-2", False)]


def test_what_a_stop_overtakes_is_there(runtime: VirtualRuntime, letters: list[DeadLetter]) -> None:
    ref = runtime.spawn("busy", Scripted(AnswersAfter(1.0)), concurrency=1)
    ref.tell(numbered(1))
    runtime.settle()
    ref.tell(numbered(2))
    reply: Any = ref.ask(numbered(3), block=False)

    runtime.stop_agent("busy")

    runtime.settle()
    assert reply.wait(0)
    assert told(letters) == [("agent_stopped", "busy", "event-2", True), ("agent_stopped", "busy", "event-3", False)]


def test_what_is_sent_to_the_stopped_is_there(runtime: VirtualRuntime, letters: list[DeadLetter]) -> None:
    ref = runtime.spawn("gone", Scripted(Returns()))
    runtime.stop_agent("gone")

    with pytest.raises(pykka.ActorDeadError, match="it was stopped"):
        ref.tell(numbered(1))
    with pytest.raises(pykka.ActorDeadError):
        ref.ask(numbered(2))

    runtime.settle()
    assert told(letters) == [("agent_stopped", "gone", "event-1", False), ("agent_stopped", "gone", "event-2", False)]


def test_a_step_for_an_agent_that_is_gone_is_there(runtime: VirtualRuntime, letters: list[DeadLetter]) -> None:
    runtime.spawn("first", Scripted(AnswersAfter(1.0)))
    runtime.spawn("gone", Scripted(Returns()))
    run = runtime.submit(Sequential("first", "gone"), numbered(1))
    runtime.settle()
    runtime.stop_agent("gone")

    run.exception()

    runtime.settle()
    assert told(letters) == [("unknown_agent", "gone", "event-1", False)]


def test_what_a_failed_start_rejects_is_there(runtime: VirtualRuntime, letters: list[DeadLetter]) -> None:
    def broken() -> Any:
        raise OSError("no")

    ref = runtime.spawn("broken", broken)
    with pytest.raises(pykka.ActorDeadError):
        ref.ask(numbered(1))

    runtime.settle()
    assert ("start_failed", "broken", "event-1", False) in told(letters)


# Subscriptions


def test_nothing_is_delivered_after_unsubscribing(runtime: VirtualRuntime) -> None:
    letters: list[DeadLetter] = []
    with runtime.subscribe_dead_letters(letters.append) as subscription:
        _turn_away(runtime, 1)
        runtime.settle()
        _turn_away(runtime, 2)  # waits for the delivery thread, and is dropped

    _turn_away(runtime, 3)
    runtime.settle()

    assert [letter.event.id for letter in letters if letter.event is not None] == ["event-1"]
    subscription.unsubscribe()  # does nothing


def test_what_has_ended_takes_no_more(runtime: VirtualRuntime) -> None:
    subscription = runtime.subscribe_dead_letters(print)
    subscription.unsubscribe()

    subscription.offer(DeadLetter("late_answer", "offered by a thread that had looked before"))

    assert subscription.missed == 0


def test_what_does_not_fit_is_counted_as_missed(runtime: VirtualRuntime) -> None:
    letters: list[DeadLetter] = []
    subscription = runtime.subscribe_dead_letters(letters.append, capacity=3)

    for number in range(10):
        _turn_away(runtime, number)
    runtime.settle()

    assert [letter.event.id for letter in letters if letter.event is not None] == ["event-0", "event-1", "event-2"]
    assert subscription.missed == 7


@pytest.mark.expects_errors
def test_a_subscriber_that_raises_harms_nobody(runtime: VirtualRuntime) -> None:
    letters: list[DeadLetter] = []

    def refuse(letter: DeadLetter) -> None:
        raise ValueError(letter.reason)

    runtime.subscribe_dead_letters(refuse)
    runtime.subscribe_dead_letters(letters.append)

    for number in range(2):
        _turn_away(runtime, number)
    runtime.settle()

    assert len(letters) == 2


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        ({"callback": None}, TypeError, "callback must be callable with a DeadLetter, not None"),
        ({"callback": print, "capacity": 0}, ValueError, "capacity must be at least 1, not 0"),
        ({"callback": print, "capacity": "1"}, TypeError, "capacity must be a whole number"),
    ],
)
def test_what_cannot_be_subscribed_is_refused(
    runtime: VirtualRuntime, wrong: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        runtime.subscribe_dead_letters(**wrong)


def _turn_away(runtime: Runtime, number: int) -> None:
    """Send an event to an agent that was stopped."""
    if "gone" not in runtime.agents:
        ref = runtime.spawn("gone", Scripted(Returns()))
        runtime.stop_agent("gone")
    with pytest.raises(pykka.ActorDeadError):
        ref.tell(numbered(number))

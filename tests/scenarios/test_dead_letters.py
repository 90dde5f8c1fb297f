"""Dead letters: what nobody wants, or cannot be delivered, is told with a reason, and the sum always balances."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pykka
import pytest

from actors import Event, MailboxFullError, Runtime, Sequential, State
from actors.dead_letters import DeadLetter
from actors.mailbox import MailboxPolicy
from actors.testing import AnswersAfter, Fails, Hangs, Returns, Scripted, VirtualRuntime
from supervisors import Reason
from supervisors.breaker import Breaker
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE

SENDERS = 32
REJECTIONS = (MailboxFullError, pykka.ActorDeadError)


@pytest.fixture
def runtime() -> Iterator[VirtualRuntime]:
    with VirtualRuntime() as runtime:
        yield runtime


@pytest.fixture
def letters(runtime: VirtualRuntime) -> list[DeadLetter]:
    letters: list[DeadLetter] = []
    runtime.subscribe_dead_letters(letters.append)
    return letters


def numbered(number: int) -> Event:
    return Event(data={"number": number}, id=f"event-{number}")


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
        await asyncio.sleep(2.0)
    except asyncio.CancelledError:
        await asyncio.sleep(0.5)


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


# The sum


class Ledger:
    """What became of the events of many senders: every one has to end in one way, within so many seconds.

    Agents that are told raise for every seventh event; every sender tells or asks each agent in turn.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience
        self._lock = threading.Lock()
        self.fates: Counter[str] = Counter()
        self.handled: dict[tuple[int, str], list[int]] = {}
        self.lost: list[DeadLetter] = []
        self.doubled: list[str] = []
        self._seen: set[str] = set()

    def note(self, fate: str) -> None:
        with self._lock:
            self.fates[fate] += 1

    def work(self, event: Event, state: State) -> None:
        sender, number = event.data["sender"], event.data["number"]
        fails = number % 7 == 0
        with self._lock:
            if event.id in self._seen:
                self.doubled.append(event.id)
            self._seen.add(event.id)
            self.handled.setdefault((sender, event.target), []).append(number)
            self.fates["failed" if fails else "handled"] += 1
        if fails:
            raise ValueError(number)

    def note_lost(self, letter: DeadLetter) -> None:
        if letter.is_lost:
            self.lost.append(letter)
            self.note("dead-lettered")

    def send(self, refs: list[Any], sender: int, events: int) -> None:
        """Send to each agent in turn. Every other sender asks, and learns from the answers what was rejected."""
        replies = []
        for number in range(events):
            event = Event(data={"sender": sender, "number": number}, id=f"{sender}-{number}")
            ref = refs[(sender + number) % len(refs)]
            try:
                if sender % 2:
                    replies.append(ref.ask(event, block=False))
                else:
                    ref.tell(event)
            except REJECTIONS:
                self.note("rejected")
        for reply in replies:
            self._note_answer(reply)

    def _note_answer(self, reply: Any) -> None:
        try:
            reply.get(timeout=self.patience)
        except REJECTIONS:
            self.note("rejected")
        except ValueError:
            return  # the agent noted it

    def total(self) -> int:
        with self._lock:
            return self.fates.total()

    def is_balanced(self, sent: int) -> bool:
        return self.total() == sent

    def is_in_order(self) -> bool:
        return all(numbers == sorted(numbers) for numbers in self.handled.values())


def send_from_many(ledger: Ledger, refs: list[Any], events: int) -> int:
    """Have 32 senders send, and wait for what they asked; return how many events they sent."""
    with ThreadPoolExecutor(SENDERS) as pool:
        for future in [pool.submit(ledger.send, refs, sender, events) for sender in range(SENDERS)]:
            future.result()
    return events * SENDERS


POLICIES = {
    "room": MailboxPolicy(capacity=100_000),
    "reject": MailboxPolicy(capacity=5),
    "drop_oldest": MailboxPolicy(capacity=5, overflow="drop_oldest"),
    "wait": MailboxPolicy(capacity=5, overflow="wait", wait=PATIENCE),
}


@pytest.mark.parametrize("policy", POLICIES)
def test_none_is_lost_none_is_doubled_and_order_is_kept(policy: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")
    ledger = Ledger()
    with Runtime(metrics=False) as runtime:
        refs = spawned(runtime, ledger, 10, POLICIES[policy])

        sent = send_from_many(ledger, refs, 300)

        assert eventually(lambda: ledger.is_balanced(sent)), (sent, ledger.fates)
    assert ledger.is_balanced(sent), "something was counted twice"
    assert (ledger.doubled, ledger.is_in_order()) == ([], True)
    if policy in {"room", "wait"}:
        assert ledger.fates["handled"] + ledger.fates["failed"] == sent
    assert {letter.reason for letter in ledger.lost} <= {Reason.DROPPED}


def test_the_sum_balances_when_agents_are_stopped_meanwhile(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")
    ledger = Ledger()
    with Runtime(metrics=False) as runtime:
        refs = spawned(runtime, ledger, 10, MailboxPolicy(capacity=20))
        stopper = threading.Thread(target=_stop_one_by_one, args=(runtime, ledger), daemon=True)
        stopper.start()

        sent = send_from_many(ledger, refs, 300)

        stopper.join(PATIENCE)
        assert eventually(lambda: ledger.is_balanced(sent)), (sent, ledger.fates)
    assert ledger.is_balanced(sent)
    assert ledger.doubled == []
    assert ledger.fates["rejected"] > 0


def spawned(runtime: Runtime, ledger: Ledger, agents: int, mailbox: MailboxPolicy) -> list[Any]:
    """Have the ledger learn what is lost, and spawn its agents; return their refs."""
    runtime.subscribe_dead_letters(ledger.note_lost, capacity=1_000_000)
    return [runtime.spawn(f"agent-{number}", ledger.work, concurrency=1, mailbox=mailbox) for number in range(agents)]


def _stop_one_by_one(runtime: Runtime, ledger: Ledger) -> None:
    """Stop each agent when another lot of events has come to an end."""
    for number, name in enumerate(runtime.agents):
        eventually(lambda: ledger.total() > 500 * number)  # noqa: B023  # it is asked at once
        runtime.stop_agent(name)


A_LONG_TIME = 1_800.0
SOAKED = {
    "room": MailboxPolicy(capacity=100_000),
    "reject": MailboxPolicy(capacity=2),
    "drop_oldest": MailboxPolicy(capacity=2, overflow="drop_oldest"),
    "wait": MailboxPolicy(capacity=2, overflow="wait", wait=A_LONG_TIME),
}


@pytest.mark.soak
@pytest.mark.timeout(A_LONG_TIME)
@pytest.mark.parametrize("policy", SOAKED)
def test_a_million_events_to_ten_thousand_agents_are_all_accounted_for(
    policy: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL")
    ledger = Ledger(A_LONG_TIME)
    with Runtime(metrics=False, grace=A_LONG_TIME) as runtime:
        refs = spawned(runtime, ledger, 10_000, SOAKED[policy])

        sent = send_from_many(ledger, refs, 1_000_000 // SENDERS)

        while ledger.total() < sent:
            before = ledger.total()
            assert eventually(lambda: ledger.total() > before), (sent, ledger.fates)  # noqa: B023  # it is asked at once
    assert ledger.is_balanced(sent), "something was counted twice"
    assert (ledger.doubled, ledger.is_in_order()) == ([], True)

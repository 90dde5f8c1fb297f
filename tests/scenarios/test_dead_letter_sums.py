"""Dead letters: however many send to however many, the sum always balances."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pykka
import pytest

from actors import Event, MailboxFullError, Runtime, State
from actors.agents.mailbox import MailboxPolicy
from actors.control.dead_letters import DeadLetter
from supervisors import Reason
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE

SENDERS = 32
REJECTIONS = (MailboxFullError, pykka.ActorDeadError)


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

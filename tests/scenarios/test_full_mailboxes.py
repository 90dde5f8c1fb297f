"""Mailboxes that are full: what waits gives way to the newest, or senders wait for room, as was said beforehand."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

import pykka
import pytest

from actors import Agent, Branch, Event, MailboxFullError, Runtime, Sequential, State
from actors.agents.mailbox import MailboxPolicy
from actors.testing import AnswersAfter, Hangs, Returns, Scripted, VirtualRuntime
from supervisors import Backoff, Reason, Retry
from tests.scenarios.numbered_events import handled, numbered, reason_of, runtime
from tests.scenarios.watching import PATIENCE

__all__ = ["runtime"]  # a fixture

DROPS = MailboxPolicy(capacity=2, overflow="drop_oldest")


# A mailbox that drops the oldest


def test_the_oldest_that_waits_gives_way_to_the_newest(runtime: VirtualRuntime) -> None:
    agent = Scripted(AnswersAfter(1.0))
    runtime.spawn("busy", agent, concurrency=1, mailbox=DROPS)
    runs = []
    for number in range(5):
        runs.append(runtime.submit("busy", numbered(number)))
        runtime.settle()

    reasons = [reason_of(run) for run in runs]

    dropped = [Reason.DROPPED] * 2
    assert reasons == [Reason.COMPLETED, *dropped, Reason.COMPLETED, Reason.COMPLETED]
    assert handled(agent) == [0, 3, 4]


def test_whoever_asked_for_what_gave_way_is_told(runtime: VirtualRuntime) -> None:
    ref = runtime.spawn("busy", Scripted(AnswersAfter(1.0)), concurrency=1, mailbox=DROPS)
    ref.tell(numbered(0))
    runtime.settle()

    replies = [ref.ask(numbered(number), block=False) for number in (1, 2, 3)]

    with pytest.raises(MailboxFullError, match=r"agent 'busy' is full \(2 events\)"):
        replies[0].get()
    assert all(reply.get() for reply in replies[1:])


def test_what_gave_way_may_be_retried_by_its_branch(runtime: VirtualRuntime) -> None:
    agent = Scripted(AnswersAfter(1.0))
    runtime.spawn("busy", agent, concurrency=1, mailbox=MailboxPolicy(capacity=1, overflow="drop_oldest"))
    retry = Retry(attempts=3, backoff=Backoff(initial=5.0, jitter=0))
    step = Sequential(Branch("busy", retry=retry))
    runs = []
    for number in range(3):
        runs.append(runtime.submit(step, numbered(number)))
        runtime.settle()

    assert [run.result().outcome.ok for run in runs] == [True] * 3
    assert handled(agent) == [0, 2, 1]


def test_nothing_can_be_dropped_where_nothing_waits(runtime: VirtualRuntime) -> None:
    with pytest.raises(ValueError, match="nothing waits for a function without a concurrency"):
        runtime.spawn("busy", Scripted(Returns()), mailbox=DROPS)


# A mailbox for whose room senders wait


def waits(seconds: float, capacity: int = 1) -> MailboxPolicy:
    return MailboxPolicy(capacity=capacity, overflow="wait", wait=seconds)


@pytest.mark.parametrize("concurrency", [1, None])
def test_a_sender_outside_waits_for_room(runtime: VirtualRuntime, concurrency: int | None) -> None:
    agent = Scripted(AnswersAfter(1.0))
    ref = runtime.spawn("busy", agent, concurrency=concurrency, mailbox=waits(10.0))

    for number in range(5):
        ref.tell(numbered(number))
    sent_at = runtime.now
    runtime.advance(10.0)

    assert handled(agent) == [0, 1, 2, 3, 4]
    assert sent_at == (3.0 if concurrency else 4.0)


def test_a_sender_waits_no_longer_than_was_said(runtime: VirtualRuntime) -> None:
    ref = runtime.spawn("busy", Scripted(Hangs()), concurrency=1, mailbox=waits(7.0))
    for number in range(2):
        ref.tell(numbered(number))
        runtime.settle()

    with pytest.raises(MailboxFullError):
        ref.tell(numbered(2))

    assert runtime.now == 7.0


def test_a_sender_waits_no_longer_than_its_event_may_take(runtime: VirtualRuntime) -> None:
    agent = Scripted(Hangs())
    ref = runtime.spawn("busy", agent, concurrency=1, mailbox=waits(100.0), timeout=5.0)
    for number in range(2):
        ref.tell(numbered(number))
        runtime.settle()

    with suppress(MailboxFullError):  # at that moment there is room, too: the event that was being handled is over
        ref.tell(numbered(2))

    assert runtime.now == 5.0


def test_a_stop_ends_the_waiting_of_senders(runtime: VirtualRuntime) -> None:
    ref = runtime.spawn("busy", Scripted(Hangs()), concurrency=1, mailbox=waits(100.0))
    runtime.spawn("stopper", stop_soon(runtime))
    for number in range(2):
        ref.tell(numbered(number))
        runtime.settle()
    runtime.submit("stopper")

    with pytest.raises(pykka.ActorDeadError, match="it was stopped"):
        ref.tell(numbered(2))

    assert runtime.now < 100.0


def stop_soon(runtime: Runtime) -> Any:
    async def stopper(event: Event, state: State) -> None:
        await asyncio.sleep(1.0)  # the agent: waits until the sender waits
        runtime.stop_agent("busy", grace=0, block=False)

    return stopper


def test_a_step_of_a_run_does_not_wait(runtime: VirtualRuntime) -> None:
    runtime.spawn("busy", Scripted(Hangs()), concurrency=1, mailbox=waits(100.0))
    runs = [runtime.submit("busy") for _ in range(3)]
    runtime.settle()

    assert reason_of(runs[2]) is Reason.MAILBOX_FULL
    assert runtime.now == 0
    for run in runs:
        run.cancel()


def test_a_sender_on_an_event_loop_does_not_wait(runtime: VirtualRuntime) -> None:
    ref = runtime.spawn("busy", Scripted(Hangs()), concurrency=1, mailbox=waits(100.0))
    for number in range(2):
        ref.tell(numbered(number))
        runtime.settle()

    async def teller(event: Event, state: State) -> None:
        ref.tell(event)

    runtime.spawn("teller", teller)

    error = runtime.submit("teller", numbered(2)).exception()

    assert error is not None
    assert "MailboxFullError" in str(error)
    assert runtime.now == 0


def test_room_that_a_new_instance_makes_is_noticed(runtime: VirtualRuntime) -> None:
    numbers = []

    class Crasher(Agent):
        async def run(self, event: Event, state: State) -> None:
            numbers.append(event.data["number"])
            if event.data["number"] == 0:
                raise SystemExit
            await asyncio.sleep(1.0)  # the agent: works

    ref = runtime.spawn("busy", Crasher, mailbox=waits(100.0))

    for number in range(4):
        ref.tell(numbered(number))
    runtime.advance(10.0)

    assert numbers == [0, 1, 2, 3]


def test_many_senders_wait_and_all_are_served(gate: threading.Event) -> None:
    seen: SimpleQueue[int] = SimpleQueue()

    def slow(event: Event, state: State) -> None:
        gate.wait(PATIENCE)
        seen.put(event.data["number"])

    with Runtime() as runtime:
        ref = runtime.spawn("slow", slow, concurrency=2, mailbox=waits(PATIENCE, capacity=1))
        threads = [threading.Thread(target=ref.tell, args=(numbered(number),), daemon=True) for number in range(30)]
        for thread in threads:
            thread.start()

        gate.set()

        for thread in threads:
            thread.join(PATIENCE)
        assert sorted(seen.get(timeout=PATIENCE) for _ in range(30)) == list(range(30))


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"capacity": 0}, "capacity"),
        ({"overflow": "wait"}, "wait must be given with overflow='wait'"),
        ({"wait": 1.0}, "not overflow='reject' with wait=1.0"),
        ({"overflow": "drop_newest"}, "overflow"),
        ({"overflow": "wait", "wait": 0}, "wait"),
    ],
)
def test_a_mailbox_that_makes_no_sense_is_refused(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        MailboxPolicy(**wrong)


def test_a_number_is_a_capacity(runtime: VirtualRuntime) -> None:
    ref = runtime.spawn("busy", Scripted(Hangs()), concurrency=1, mailbox=1)
    for number in range(2):
        ref.tell(numbered(number))
        runtime.settle()

    with pytest.raises(MailboxFullError):
        ref.tell(numbered(2))
    with pytest.raises(TypeError, match="mailbox must be a whole number"):
        runtime.spawn("other", Scripted(Returns()), mailbox="10")

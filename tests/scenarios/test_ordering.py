"""Order and conservation: what a sender sends to an agent is handled once, in the order in which it was sent."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pykka
import pytest

from actors import Agent, Event, Runtime, State
from supervisors.facts import DeadLettered
from tests.scenarios.watching import Watcher

SENDERS = 32
SHARE = 8
"""A sender writes to one in so many agents: each agent hears of several senders, each sender of many agents."""

ASKED, FAILED = 5, 10
"""Every so many events of a pair are asked, not told; and every so many of them fail."""

MINUTES = 900.0

Handled = dict[str, list[tuple[int, int]]]
Asked = list[tuple[int, int, "pykka.Future[Any]"]]


class Office:
    """Agents of all kinds that note what they handle, and in which order."""

    def __init__(self) -> None:
        # An agent's list is written by its one instance only.
        self.handled: Handled = defaultdict(list)

    def note(self, event: Event, state: State) -> None:
        sender, number = event.data["sender"], event.data["number"]
        self.handled[event.target].append((sender, number))
        if number % FAILED == FAILED - 1:
            raise LookupError(f"{sender} {number}")
        state["noted"] = [sender, number]

    async def note_async(self, event: Event, state: State) -> None:
        if event.data["number"] % ASKED == 0:
            await asyncio.sleep(0)
        self.note(event, state)

    def spawn(self, runtime: Runtime, agents: int) -> list[pykka.ActorRef[Any]]:
        kinds: list[dict[str, Any]] = [
            {"agent": clerks(self, Clerk)},
            {"agent": clerks(self, AsyncClerk), "dispatcher": "loop"},
            {"agent": self.note, "concurrency": 1},
            {"agent": self.note_async, "concurrency": 1},
        ]
        for number in range(agents):
            self.handled[f"clerk {number}"] = []
        return [runtime.spawn(f"clerk {number}", **kinds[number % len(kinds)]) for number in range(agents)]


class Clerk(Agent):
    def __init__(self, office: Office) -> None:
        self.office = office

    def run(self, event: Event, state: State) -> None:
        self.office.note(event, state)


class AsyncClerk(Clerk):
    async def run(self, event: Event, state: State) -> None:  # type: ignore[override]  # either kind is an agent
        await self.office.note_async(event, state)


def clerks(office: Office, kind: type[Clerk]) -> Callable[[], Clerk]:
    def make() -> Clerk:
        return kind(office)

    return make


def send(sender: int, refs: list[pykka.ActorRef[Any]], each: int, asked: Asked) -> None:
    """Send `each` events to each agent, the agents in a random order each time."""
    order, shuffled = random.Random(sender), list(refs)
    for number in range(each):
        order.shuffle(shuffled)
        for ref in shuffled:
            event = Event(data={"sender": sender, "number": number})
            if number % ASKED == ASKED - 1:
                asked.append((sender, number, ref.ask(event, block=False)))
            else:
                ref.tell(event)


def correspond(office: Office, runtime: Runtime, agents: int, each: int) -> Asked:
    """Let all senders send at once, and wait until all is handled; return what was asked."""
    refs = office.spawn(runtime, agents)
    asked: list[Asked] = [[] for _ in range(SENDERS)]
    senders = [
        threading.Thread(target=send, args=(number, refs[number % SHARE :: SHARE], each, asked[number]), daemon=True)
        for number in range(SENDERS)
    ]
    for thread in senders:
        thread.start()
    for thread in senders:
        thread.join(MINUTES)
    questions = [question for each_asked in asked for question in each_asked]
    for _, number, future in questions:
        if number % FAILED == FAILED - 1:
            with pytest.raises(LookupError):
                future.get(timeout=MINUTES)
        else:
            future.get(timeout=MINUTES)
    return questions


def pairs_of(handled: Handled) -> Iterator[list[int]]:
    """Yield the numbers that each agent got from each sender, in the order of handling."""
    for agent, events in handled.items():
        partners = [sender for sender in range(SENDERS) if (int(agent.split()[1]) - sender) % SHARE == 0]
        numbers: dict[int, list[int]] = {sender: [] for sender in partners}
        for sender, number in events:
            numbers[sender].append(number)
        yield from numbers.values()


def check(office: Office, runtime: Runtime, questions: Asked, *, agents: int, each: int) -> None:
    assert sum(map(len, office.handled.values())) == agents * SENDERS // SHARE * each
    assert all(numbers == list(range(each)) for numbers in pairs_of(office.handled))
    good = [question for question in questions if question[1] % FAILED != FAILED - 1]
    assert all(future.get().state["noted"] == [sender, number] for sender, number, future in good)


def test_what_a_sender_sends_to_an_agent_is_handled_once_each_and_in_order(watcher: Watcher) -> None:
    office, agents, each = Office(), 80, 20

    with Runtime(observers=[watcher]) as runtime:
        questions = correspond(office, runtime, agents, each)

        check(office, runtime, questions, agents=agents, each=each)
    assert watcher.all(DeadLettered) == []


@pytest.mark.soak
def test_a_million_events_to_ten_thousand_agents_are_handled_once_each_and_in_order() -> None:
    office, agents, each = Office(), 10_000, 25

    with Runtime(grace=60.0) as runtime:
        questions = correspond(office, runtime, agents, each)

        check(office, runtime, questions, agents=agents, each=each)
        assert b"mixmode_dead_letters_total{" not in runtime.metrics_text()

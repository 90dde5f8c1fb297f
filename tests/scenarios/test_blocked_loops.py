"""Blocked loops: who is held up names the blocker, and a loop that stays blocked is replaced. In real time."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from actors import Agent, Branch, Event, Parallel, Runtime, State
from supervisors import OutcomeKind, Reason
from supervisors.facts import LoopBlocked
from tests.scenarios.virtual_runs import record_of
from tests.scenarios.watching import PATIENCE, Watcher


async def quick_async(event: Event, state: State) -> None:
    state["async"] = "done"


def quick_sync(event: Event, state: State) -> None:
    state["sync"] = "done"


# One loop, two agents: the one that blocks it and the one that pays for it.


class Neighbours:
    """A blocker that blocks once its neighbour has begun, and the neighbour, which behaves."""

    def __init__(self, blocked_for: float) -> None:
        self.began = asyncio.Event()
        self.blocked_for = blocked_for

    async def block(self, event: Event, state: State) -> None:
        await self.began.wait()
        time.sleep(self.blocked_for)  # the agent: nobody else on the loop gets on

    async def behave(self, event: Event, state: State) -> None:
        self.began.set()
        await asyncio.sleep(0.02)  # the agent: as it would wait for a server or a database
        state["async"] = "done"


@pytest.fixture
def neighbours(runtime: Runtime) -> Neighbours:
    neighbours = Neighbours(blocked_for=0.5)
    runtime.spawn("blocker", neighbours.block)
    runtime.spawn("healthy", neighbours.behave)
    runtime.spawn("sync", quick_sync)
    return neighbours


@pytest.mark.usefixtures("neighbours")
@pytest.mark.parametrize("order", [("blocker", "healthy", "sync"), ("sync", "healthy", "blocker")])
def test_a_plain_agent_is_not_delayed_by_a_blocked_loop(runtime: Runtime, order: tuple[str, ...]) -> None:
    run = runtime.submit(Parallel(*order, name="all"))

    plain, blocker = record_of(run, "all/sync"), record_of(run, "all/blocker")
    assert plain.started + plain.duration < blocker.started + blocker.duration


@pytest.mark.usefixtures("neighbours")
@pytest.mark.parametrize("order", [("blocker", "healthy"), ("healthy", "blocker")])
def test_who_runs_out_of_time_on_a_blocked_loop_names_the_blocker(runtime: Runtime, order: tuple[str, ...]) -> None:
    branches = [Branch(name, timeout=0.3 if name == "healthy" else None) for name in order]

    run = runtime.submit(Parallel(*branches, name="all", on_failure="finish"))

    outcome = record_of(run, "all/healthy").outcome
    assert outcome.kind is OutcomeKind.TIMED_OUT
    assert outcome.reason is Reason.LOOP_BLOCKED
    assert outcome.culprit == "blocker"


@pytest.mark.usefixtures("neighbours")
@pytest.mark.parametrize("order", [("blocker", "healthy"), ("healthy", "blocker")])
def test_who_is_only_delayed_by_a_blocked_loop_says_by_whom(runtime: Runtime, order: tuple[str, ...]) -> None:
    run = runtime.submit(Parallel(*order, name="all"))

    assert record_of(run, "all/healthy").delayed_by == "blocker"
    assert record_of(run, "all/blocker").delayed_by == ""
    assert run.result().state["async"] == "done"


@pytest.mark.usefixtures("neighbours")
def test_the_seconds_of_a_blocked_loop_are_charged_to_the_blocker(runtime: Runtime, watcher: Watcher) -> None:
    runtime.run(Parallel("blocker", "healthy"))

    watcher.await_fact(LoopBlocked)
    assert {fact.agent for fact in watcher.all(LoopBlocked)} == {"blocker"}
    assert 0.2 < sum(fact.seconds for fact in watcher.all(LoopBlocked)) < 1.0


# What becomes of a loop that an agent never lets go of.


class Stuck:
    """An agent that holds its loop until the gate is opened."""

    def __init__(self, runtime: Runtime, gate: threading.Event) -> None:
        self.runtime = runtime
        self.holds = threading.Event()
        self.gate = gate
        self.has_let_go = asyncio.Event()
        runtime.spawn("stuck", self.hold)
        runtime.spawn("quick", quick_async)

    async def hold(self, event: Event, state: State) -> None:
        self.holds.set()
        self.gate.wait()  # the misbehaviour: a blocking wait in a coroutine
        self.has_let_go.set()

    def block(self) -> None:
        """Block the loop; the runtime is not to have found out yet."""
        self.runtime.submit("stuck", timeout=0.05)
        assert self.holds.wait(PATIENCE)

    def await_replacement(self) -> None:
        """Wait until work gets through again, with the old loop still blocked."""
        assert self.runtime.run("quick", timeout=PATIENCE).state["async"] == "done"
        assert not self.gate.is_set()


@pytest.fixture
def stuck(runtime: Runtime, gate: threading.Event) -> Stuck:
    return Stuck(runtime, gate)


def test_a_loop_that_stays_blocked_is_replaced_while_it_is_blocked(runtime: Runtime, stuck: Stuck) -> None:
    stuck.block()

    stuck.await_replacement()

    results = [runtime.run("quick", timeout=PATIENCE) for _ in range(10)]
    assert all(result.state["async"] == "done" for result in results)


def test_work_that_had_not_begun_on_a_replaced_loop_is_done_on_the_new_one(runtime: Runtime, stuck: Stuck) -> None:
    stuck.block()
    queued = runtime.submit("quick")

    stuck.await_replacement()

    assert queued.result(PATIENCE).state["async"] == "done"


def test_what_waits_on_a_replaced_loop_goes_on_when_it_runs_again(runtime: Runtime, stuck: Stuck) -> None:
    waiting = threading.Event()

    async def bystander(event: Event, state: State) -> None:
        waiting.set()
        await stuck.has_let_go.wait()  # it is held up in here
        state["bystander"] = "done"

    runtime.spawn("bystander", bystander)
    held_up = runtime.submit("bystander")
    assert waiting.wait(PATIENCE)
    stuck.block()
    stuck.await_replacement()
    assert not held_up.done()

    stuck.gate.set()

    assert held_up.result(PATIENCE).state["bystander"] == "done"


@pytest.mark.parametrize("timeout", [0.05, 0.5], ids=["before", "after"])
def test_an_agent_whose_event_ran_out_around_a_replacement_handles_the_next(
    runtime: Runtime, stuck: Stuck, timeout: float
) -> None:
    class Counter(Agent):
        async def run(self, event: Event, state: State) -> None:
            state["handled"] = True

    runtime.spawn("counter", Counter)
    runtime.run("counter")
    stuck.block()
    overtaken = runtime.submit("counter", timeout=timeout)

    stuck.await_replacement()

    overtaken.exception()
    assert runtime.run("counter", timeout=PATIENCE).state["handled"] is True


class Client(Agent):
    """Takes its time to start, and notes which of its instances was started and stopped."""

    made = 0
    notes: list[tuple[str, int]]
    may_start: asyncio.Event
    has_begun: threading.Event

    def __init__(self) -> None:
        type(self).made += 1
        self.number = self.made

    async def on_start(self) -> None:
        self.has_begun.set()
        if self.number == 1:
            await self.may_start.wait()
        self.notes.append(("started", self.number))

    async def run(self, event: Event, state: State) -> None:
        state["by"] = self.number

    async def on_stop(self) -> None:
        await asyncio.sleep(0)
        self.notes.append(("stopped", self.number))


@pytest.fixture
def client() -> type[Client]:
    Client.made, Client.notes = 0, []
    Client.may_start, Client.has_begun = asyncio.Event(), threading.Event()
    return Client


def test_an_agent_that_becomes_ready_on_a_loop_that_was_replaced_is_made_anew(
    runtime: Runtime, stuck: Stuck, gate: threading.Event, client: type[Client]
) -> None:
    runtime.spawn("client", client)
    assert client.has_begun.wait(PATIENCE)
    old_loop = runtime._system.loops.lane.loop
    stuck.block()
    stuck.await_replacement()

    gate.set()
    old_loop.call_soon_threadsafe(client.may_start.set)

    results = [runtime.run("client", timeout=PATIENCE) for _ in range(3)]
    assert [result.state["by"] for result in results] == [2, 2, 2]
    runtime.stop_agent("client")
    assert sorted(client.notes) == [("started", 1), ("started", 2), ("stopped", 1), ("stopped", 2)]


def test_an_agent_that_is_spawned_while_the_loop_is_blocked_starts_on_the_next(
    runtime: Runtime, stuck: Stuck, client: type[Client]
) -> None:
    client.may_start.set()
    stuck.block()

    runtime.spawn("client", client)

    assert runtime.run("client", timeout=PATIENCE).state["by"] == 1
    assert not stuck.gate.is_set()

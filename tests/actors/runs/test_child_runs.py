"""Child runs at the moments at which their event ends, which scenarios hit by chance only."""

from __future__ import annotations

import inspect
import pickle
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from actors import AgentContext, Event, Run, RunCancelledError, Runtime, Sequential, State
from actors.agents.context import InvocationContext
from actors.cells.broods import Brood
from actors.cells.offspring import EventEnded, RunBegun, offspring_of
from actors.cells.wait_cycles import MOST_DEPTH, break_cycle, find_cycle, told
from actors.control.stack import FRAMES_FOR_TURN
from actors.values.errors import ContextEndedError, NestingError, WaitingThreadsError
from supervisors.facts import DeadLettered, RunEnded, RunStarted
from supervisors.outcome import Outcome, Reason
from tests.scenarios.orchestrating import awaiting, counts, nothing_is_left
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE, Watcher


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def runtime(watcher: Watcher) -> Iterator[Runtime]:
    with Runtime(observers=[watcher], abandon_after=0.1) as runtime:
        runtime.spawn("counts", counts)
        yield runtime


@contextmanager
def standing_still(runtime: Runtime) -> Iterator[Any]:
    """Let messages pile up; they are handled when the block is left."""
    plane = runtime._system.plane
    with plane._lock:
        yield plane
    runtime.run("counts")


def invocation_of(context: AgentContext) -> Any:
    assert isinstance(context, InvocationContext)
    return context._invocation


class Gated:
    """An agent that is held at a gate."""

    def __init__(self) -> None:
        self.began, self.gate = threading.Event(), threading.Event()

    def run(self, event: Event, state: State) -> None:
        self.began.set()
        assert self.gate.wait(PATIENCE)


def test_a_pattern_that_has_a_message_on_its_way_when_its_run_is_cut_is_retired(
    runtime: Runtime, watcher: Watcher
) -> None:
    gated = Gated()
    runtime.spawn("gated", gated.run)
    runtime.spawn("asks", awaiting(Sequential("gated", "counts")))
    run = runtime.submit("asks")
    assert gated.began.wait(PATIENCE)

    with standing_still(runtime) as plane:
        gated.gate.set()
        assert eventually(lambda: len(plane._queue) > 0)
        run.cancel()

    assert isinstance(run.exception(PATIENCE), RunCancelledError)
    assert eventually(lambda: nothing_is_left(runtime))
    assert watcher.all(DeadLettered) == []


def test_a_message_for_a_run_that_was_cut_is_dropped(runtime: Runtime) -> None:
    def asks(event: Event, state: State, context: AgentContext) -> None:
        invocation = invocation_of(context)
        with standing_still(runtime):
            context_run = threading.Thread(target=lambda: pytest.raises(RunCancelledError, context.run, "counts"))
            context_run.start()
            assert eventually(lambda: len(invocation.cell.system.plane._queue) > 1)
            invocation.cell.system.plane.post(offspring_of(invocation), EventEnded())
        context_run.join(PATIENCE)

    runtime.spawn("asks", asks)

    assert runtime.run("asks", timeout=PATIENCE).outcome.ok
    assert eventually(lambda: nothing_is_left(runtime))


def test_a_run_that_is_cut_before_its_root_begins_has_no_record(runtime: Runtime) -> None:
    runs: list[Run] = []

    def asks(event: Event, state: State, context: AgentContext) -> None:
        invocation = invocation_of(context)
        with standing_still(runtime) as plane:
            runs.append(runtime._system.child_runs._begin(invocation, "counts", None, None, None))
            [(offspring, _), _] = list(plane._queue)[-2:]
            plane._queue.insert(len(plane._queue) - 1, (offspring, EventEnded()))

    runtime.spawn("asks", asks)

    trace = runtime.run("asks", timeout=PATIENCE).trace

    error = runs[0].exception(PATIENCE)
    assert isinstance(error, RunCancelledError)
    assert (error.trace, trace.children) == (None, ())
    assert eventually(lambda: nothing_is_left(runtime))


def test_a_run_is_cancelled_when_the_waiting_for_it_is_cut_short(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    gated = Gated()
    runs: list[Run] = []

    def cut_short(run: Run) -> None:
        runs.append(run)
        raise LookupError("the wait was cut short")

    def asks(event: Event, state: State, context: AgentContext) -> None:
        with monkeypatch.context() as patch, pytest.raises(LookupError):
            patch.setattr(Run, "result", cut_short)
            context.run("gated")
        assert isinstance(runs[0].exception(PATIENCE), RunCancelledError)
        gated.gate.set()

    runtime.spawn("gated", gated.run)
    runtime.spawn("asks", asks)
    outer = runtime.submit("asks", timeout=PATIENCE)

    assert outer.exception() is None


def test_an_agent_that_has_stopped_as_soon_as_it_was_spawned_is_nobodys_child(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spawns_and_stops(name: str, agent: object) -> Any:
        ref = runtime.spawn(name, agent)
        runtime.stop_agent(name)
        return ref

    def asks(event: Event, state: State, context: AgentContext) -> None:
        context.spawn("helper", counts)
        state["knows"] = bool(runtime._system.offspring)

    monkeypatch.setattr(runtime._system.child_runs, "_spawn", spawns_and_stops)
    runtime.spawn("asks", asks)

    assert runtime.run("asks", timeout=PATIENCE).state["knows"] is False


def test_what_is_started_at_the_moment_at_which_the_event_ends_is_refused(runtime: Runtime, watcher: Watcher) -> None:
    def asks(event: Event, state: State, context: AgentContext) -> None:
        system = runtime._system
        invocation = invocation_of(context)
        offspring = system.offspring[invocation] = offspring_of(invocation)
        offspring.handle(EventEnded())
        system.offspring[invocation] = offspring
        with pytest.raises(RunCancelledError, match="was over"):
            context.run("counts", timeout=PATIENCE)
        system.offspring[invocation] = offspring
        ref = context.spawn("helper", counts)
        assert eventually(lambda: not ref.is_alive())

    runtime.spawn("asks", asks)

    assert runtime.run(Sequential("asks", name="outer"), timeout=PATIENCE).outcome.ok
    watcher.await_fact(RunEnded, lambda fact: fact.workflow == "outer")
    assert {fact.workflow for fact in watcher.all(RunStarted)} == {"outer"}


def test_a_message_that_is_handled_twice_does_no_harm(runtime: Runtime, watcher: Watcher) -> None:
    gated = Gated()
    runtime.spawn("gated", gated.run)
    runtime.spawn("asks", awaiting("gated"))
    run = runtime.submit("asks")
    assert gated.began.wait(PATIENCE)
    [(invocation, offspring)] = runtime._system.offspring.items()
    [keeper] = offspring._runs

    with standing_still(runtime):
        offspring.handle(RunBegun(keeper))
        gated.gate.set()
    result = run.result(PATIENCE)
    keeper._end(result.outcome, keeper._input, {}, result.trace)

    assert len(result.trace.children) == 1
    watcher.await_fact(RunEnded, lambda fact: fact.workflow == "asks")
    assert [fact.workflow for fact in watcher.all(RunStarted)].count("gated") == 1
    assert invocation.ended_at is not None


@pytest.mark.expects_errors
def test_a_defect_in_a_child_run_fails_that_run_alone(runtime: Runtime) -> None:
    gated = Gated()

    async def asks(event: Event, state: State, context: AgentContext) -> None:
        try:
            await context.run("gated")
        except Exception as error:  # noqa: BLE001  # whatever it is
            state["reason"] = str(getattr(error, "outcome", error))

    runtime.spawn("gated", gated.run)
    runtime.spawn("asks", asks)
    run = runtime.submit("asks")
    assert gated.began.wait(PATIENCE)
    [keeper] = runtime._system.child_runs.keepers.values()

    runtime._system.plane.post(keeper.supervisor, "what nobody understands")

    assert "internal_error" in run.result(PATIENCE).state["reason"]
    gated.gate.set()
    assert eventually(lambda: nothing_is_left(runtime))


class FakeCell:
    """An agent's cell that notes its stop."""

    def __init__(self, name: str, stops: list[str], *, is_stopped: bool = False) -> None:
        self.name = name
        self.stops = stops
        self.is_stopped = is_stopped

    def request_stop(self, reply: object, grace: float) -> None:
        self.stops.append(self.name)


def test_a_brood_forgets_who_has_stopped_and_stops_the_last_first() -> None:
    stops: list[str] = []
    stopped = [FakeCell("stopped", stops, is_stopped=True) for _ in range(100)]
    alive = [FakeCell(name, stops) for name in "abc"]
    brood = Brood()

    for agent in (alive[0], *stopped, *alive[1:], *alive[1:]):
        cell: Any = agent
        brood.add(cell)
    assert len(brood._agents) < 20
    brood.stop()

    assert [name for name in stops if name != "stopped"] == ["c", "b", "a"]


# Cycles


class Fake:
    """An event, and those that it waits for."""

    system = SimpleNamespace(offspring={})

    def __init__(self, agent: str, *, has_begun: bool) -> None:
        self.agent = agent
        self.begun_at = 0.0 if has_begun else None
        self.instance = object() if has_begun else None
        self.awaited: list[Fake] = []
        if has_begun:
            self.system.offspring[self] = self
        self.deadline_at: float | None = None
        self.outcomes: list[Outcome] = []
        self.cell = SimpleNamespace(system=self.system, instances=[], lock=threading.Lock(), cancel=self.cancel)

    @staticmethod
    def cancel(fake: Fake, outcome: Outcome) -> None:
        fake.outcomes.append(outcome)

    def under_way(self) -> Iterator[Fake]:
        yield from self.awaited

    def waits_for(self, *others: Fake) -> None:
        self.awaited += others
        self.cell.instances = [SimpleNamespace(work=other) for other in others]


def search(fake: Fake) -> Any:
    invocation: Any = fake
    return find_cycle(invocation)


def test_a_cycle_is_told_from_the_agent_that_is_first_in_it() -> None:
    first, queued, second, again = (
        Fake(name, has_begun=begun) for name, begun in zip("abba", (True, False, True, False), strict=True)
    )
    outside = Fake("x", has_begun=True)
    outside.waits_for(first)
    first.waits_for(queued)
    queued.waits_for(second)
    second.waits_for(again)
    again.waits_for(first)

    assert told(search(outside)) == "agent 'a' waits for itself: a -> b -> a"
    assert told(search(again)) == "agent 'a' waits for itself: a -> b -> a"


def cycle_of_asks() -> tuple[Fake, Fake, Fake]:
    """Return an event, one that it has asked for and that has begun, and one that this has asked for and that waits."""
    first, second, queued = Fake("a", has_begun=True), Fake("b", has_begun=True), Fake("a", has_begun=False)
    first.waits_for(second)
    second.waits_for(queued)
    queued.waits_for(first)
    return first, second, queued


@pytest.mark.parametrize("known_last", [1, 2])
def test_whichever_ask_of_a_cycle_is_known_last_the_one_that_waits_is_refused(known_last: int) -> None:
    fakes = cycle_of_asks()
    asked: Any = fakes[known_last]

    break_cycle(asked)

    [outcome] = fakes[2].outcomes
    assert (outcome.reason, outcome.detail) == (Reason.WAIT_CYCLE, "agent 'a' waits for itself: a -> b -> a")
    assert [each.outcomes for each in fakes[:2]] == [[], []]


def test_a_cycle_of_asks_that_a_deadline_will_end_is_let_be() -> None:
    first, second, queued = cycle_of_asks()
    first.deadline_at = 1.0
    asked: Any = second

    break_cycle(asked)

    assert queued.outcomes == []


def test_what_another_runtimes_agents_wait_for_is_not_looked_at() -> None:
    first, second, _ = cycle_of_asks()
    second.cell.system = SimpleNamespace(offspring=Fake.system.offspring)

    assert search(first) == ()


def test_an_event_that_may_get_another_instance_is_in_no_cycle() -> None:
    holder, free, queued = Fake("a", has_begun=True), Fake("a", has_begun=True), Fake("a", has_begun=False)
    holder.waits_for(queued)
    queued.waits_for(holder, free)

    assert search(holder) == ()


def test_an_event_is_looked_at_once() -> None:
    common = Fake("c", has_begun=True)
    left, right, top = Fake("l", has_begun=True), Fake("r", has_begun=True), Fake("t", has_begun=True)
    top.waits_for(left, right)
    left.waits_for(common)
    right.waits_for(common)

    assert search(top) == ()


def test_a_search_that_gets_too_deep_is_given_up() -> None:
    chain = [Fake("a", has_begun=True) for _ in range(MOST_DEPTH + 1)]
    for one, other in zip(chain, chain[1:], strict=False):
        one.waits_for(other)
    chain[-1].waits_for(chain[0])

    assert search(chain[0]) == ()


def test_the_deepest_search_needs_less_of_the_stack_than_a_turn_has() -> None:
    depths = []

    class Measuring(Fake):
        def under_way(self) -> Iterator[Fake]:
            depths.append(len(inspect.stack(context=0)))
            return super().under_way()

    chain = [Measuring("a", has_begun=True) for _ in range(MOST_DEPTH)]
    for one, other in zip(chain, [*chain[1:], chain[0]], strict=True):
        one.waits_for(other)

    found = search(chain[0])

    assert len(found) == MOST_DEPTH + 1
    # Of the stack, not by its limit: what measures coverage takes some of that. The rest is for what leads here.
    assert max(depths) - len(inspect.stack(context=0)) < FRAMES_FOR_TURN * 3 // 4


def test_one_that_is_about_to_begin_waits_for_nobody() -> None:
    assigned = Fake("a", has_begun=False)
    assigned.instance = object()
    assigned.waits_for(assigned)

    assert search(assigned) == ()


# Errors


@pytest.mark.parametrize(
    "error",
    [ContextEndedError("a", "context.run()"), NestingError(("a", "b"), 32), WaitingThreadsError("a", 9)],
)
def test_errors_survive_pickling(error: Exception) -> None:
    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), str(copy), copy.__dict__) == (type(error), str(error), error.__dict__)

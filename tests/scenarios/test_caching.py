"""Cached: one computation for all who want the same at once, whoever of them fails, is late or is cancelled."""

from __future__ import annotations

import asyncio
import gc
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from actors import (
    Branch,
    Cached,
    Event,
    Parallel,
    Run,
    RunCancelledError,
    Runtime,
    RunTimeoutError,
    Sequential,
    State,
    WorkflowFailedError,
)
from actors.environment import Environment
from supervisors import ManualClock, OutcomeKind, Reason
from supervisors.facts import CacheHit, CacheMissed, StageEnded
from tests.actors.test_interrupts import GUARD, House, Story, findings, interruptible
from tests.scenarios.test_metrics_page import value
from tests.scenarios.timing import eventually, fastest, seconds_of
from tests.scenarios.watching import PATIENCE, Watcher

__all__ = ["interruptible"]  # a fixture

ANSWERS = Cached("compute", key="question", name="answers")


class Call:
    """One call of the agent, which ends as the test says."""

    def __init__(self, state: State) -> None:
        self.asker = state.get("asker")
        self._loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[Any] = self._loop.create_future()

    def finish(self, answer: Any = "computed") -> None:
        self._loop.call_soon_threadsafe(self.answer.set_result, answer)

    def fail(self) -> None:
        self._loop.call_soon_threadsafe(self.answer.set_exception, ValueError("in vain"))


class Computation:
    """An agent that computes for as long as the test wants, and counts."""

    def __init__(self) -> None:
        self._calls: queue.Queue[Call] = queue.Queue()
        self.count = self.at_once = self.most_at_once = 0

    async def __call__(self, event: Event, state: State) -> None:
        call = Call(state)
        self.count += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self._calls.put(call)
        try:
            state["answer"] = await call.answer
        finally:
            self.at_once -= 1

    def next(self) -> Call:
        """Wait for the next call; the test fails if it never comes."""
        return self._calls.get(timeout=PATIENCE)


@pytest.fixture
def computation(runtime: Runtime) -> Computation:
    computation = Computation()
    runtime.spawn("compute", computation)
    return computation


def waiting(runtime: Runtime) -> int:
    """Count who waits for a value or computes one."""
    caches = [cache for _, cache in list(runtime._system.caches._caches.values())]
    return sum(len(tickets) for cache in caches for _, tickets in cache.flights())


def kept(runtime: Runtime) -> int:
    return sum(len(cache) for _, cache in list(runtime._system.caches._caches.values()))


def ask(runtime: Runtime, count: int, workflow: Any = ANSWERS, *, first: int = 0, **more: Any) -> list[Run]:
    """Submit runs that want the same, and wait until all are in the flight."""
    before = waiting(runtime)
    runs = [
        runtime.submit(workflow, state={"question": "why", "asker": number}, **more)
        for number in range(first, first + count)
    ]
    assert eventually(lambda: waiting(runtime) == before + count)
    return runs


def endings(runs: list[Run]) -> list[str]:
    """Wait for the end of all and return how they ended."""
    ends = []
    for run in runs:
        error = run.exception(PATIENCE)
        ends.append(str(run.result().outcome.reason if error is None else error.outcome.reason))
    return ends


# One computation


def test_a_hundred_runs_at_once_are_one_computation(runtime: Runtime, computation: Computation) -> None:
    threads = threading.active_count()
    runs = ask(runtime, 100)
    call = computation.next()

    assert threading.active_count() <= threads + 1  # the agent's event loop; nobody waits on a thread
    call.finish()

    assert endings(runs) == ["completed"] + ["cached"] * 99
    assert {(run.result().state["question"], run.result().state["answer"]) for run in runs} == {("why", "computed")}
    assert [run.result().state["asker"] for run in runs] == list(range(100))
    assert computation.count == 1


def test_runs_submitted_on_many_threads_are_one_computation(runtime: Runtime, computation: Computation) -> None:
    runs: queue.Queue[Run] = queue.Queue()

    def submit() -> None:
        for _ in range(50):
            runs.put(runtime.submit(ANSWERS, state={"question": "why"}))

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    computation.next().finish()
    for thread in threads:
        thread.join(PATIENCE)

    outcomes = [runs.get(timeout=PATIENCE).result(PATIENCE).outcome.reason for _ in range(200)]

    assert computation.count == 1
    assert sorted(outcomes) == [Reason.CACHED] * 199 + [Reason.COMPLETED]


def test_different_keys_do_not_wait_for_each_other(runtime: Runtime, computation: Computation) -> None:
    why, how = [runtime.submit(ANSWERS, state={"question": question}) for question in ("why", "how")]
    first, second = computation.next(), computation.next()

    second.finish("by that")
    assert how.result(PATIENCE).state["answer"] == "by that"
    assert not why.done()

    first.finish("because")
    assert why.result(PATIENCE).state["answer"] == "because"


def test_nodes_that_are_alike_share_what_was_computed(runtime: Runtime, computation: Computation) -> None:
    def workflow(name: str) -> Sequential:
        return Sequential(Cached("compute", key=["question"]), name=name)

    runs = [*ask(runtime, 2, workflow("one")), *ask(runtime, 2, workflow("two"))]
    computation.next().finish()

    assert [run.result(PATIENCE).state["answer"] for run in runs] == ["computed"] * 4
    assert computation.count == 1


def test_runtimes_share_nothing(runtime: Runtime, computation: Computation) -> None:
    runs = ask(runtime, 1)
    computation.next().finish("mine")
    endings(runs)

    with Runtime() as another:
        another.spawn("compute", lambda event, state: state.update(answer="theirs"))
        assert another.run(ANSWERS, {"question": "why"}).state["answer"] == "theirs"


def test_the_trace_shows_who_computed(runtime: Runtime, computation: Computation) -> None:
    leader, follower = ask(runtime, 2)
    computation.next().finish()

    shown = [
        [(each.path, each.outcome.reason) for each in run.result(PATIENCE).trace.walk()] for run in (leader, follower)
    ]

    assert shown == [
        [("answers", Reason.COMPLETED), ("answers/compute", Reason.COMPLETED)],
        [("answers", Reason.CACHED)],
    ]


# Failures


def test_each_failure_is_computed_anew_one_at_a_time(runtime: Runtime, computation: Computation) -> None:
    runs = ask(runtime, 11)

    askers = []
    for _ in runs:
        call = computation.next()
        askers.append(call.asker)
        call.fail()

    assert endings(runs) == ["child_failed"] * 11
    assert askers == list(range(11))
    assert (computation.count, computation.most_at_once) == (11, 1)
    assert (kept(runtime), waiting(runtime)) == (0, 0)


def test_what_a_follower_computed_after_a_failure_is_told_to_the_rest(
    runtime: Runtime, computation: Computation
) -> None:
    runs = ask(runtime, 5)
    computation.next().fail()
    computation.next().finish()

    assert endings(runs) == ["child_failed", "completed", "cached", "cached", "cached"]
    assert computation.count == 2


def test_the_error_of_the_leader_is_its_own(runtime: Runtime, computation: Computation) -> None:
    runs = ask(runtime, 2)
    computation.next().fail()
    computation.next().finish()

    error = runs[0].exception(PATIENCE)

    assert isinstance(error, WorkflowFailedError)
    assert isinstance(error.__cause__, ValueError)
    assert error.outcome.culprit == "answers/compute"


# Cancellation and time


def test_when_the_leader_is_cancelled_a_follower_takes_over(runtime: Runtime, computation: Computation) -> None:
    runs = ask(runtime, 3)
    computation.next()

    runs[0].cancel()
    call = computation.next()
    call.finish()

    assert endings(runs) == ["requested", "completed", "cached"]
    assert call.asker == 1


def test_followers_that_are_cancelled_do_not_take_over(runtime: Runtime, computation: Computation) -> None:
    runs = ask(runtime, 4)
    first = computation.next()

    runs[1].cancel()
    assert isinstance(runs[1].exception(PATIENCE), RunCancelledError)
    runs[2].cancel()
    first.fail()
    second = computation.next()
    second.finish()

    assert endings(runs) == ["child_failed", "requested", "requested", "completed"]
    assert second.asker == 3


def test_when_the_leader_runs_out_of_time_a_follower_takes_over(
    clock: ManualClock, timeless: Runtime, timeless_computation: Computation
) -> None:
    hasty = ask(timeless, 1, timeout=2.0)
    patient = ask(timeless, 2, first=1, timeout=5.0)
    timeless_computation.next()

    clock.advance(2.0)
    call = timeless_computation.next()
    call.finish()

    assert endings(hasty + patient) == ["deadline", "completed", "cached"]
    assert isinstance(hasty[0].exception(), RunTimeoutError)
    assert call.asker == 1


def test_a_timeout_of_the_node_inside_is_a_failure_of_the_leader_only(
    clock: ManualClock, timeless: Runtime, timeless_computation: Computation
) -> None:
    workflow = Cached(Branch("compute", timeout=2.0), key="question")
    runs = ask(timeless, 2, workflow)
    timeless_computation.next()

    clock.advance(2.0)
    timeless_computation.next().finish()

    assert endings(runs) == ["child_failed", "completed"]


def test_a_follower_waits_within_its_own_deadline(
    clock: ManualClock, timeless: Runtime, timeless_computation: Computation
) -> None:
    patient = ask(timeless, 1)
    hasty = ask(timeless, 1, Sequential(Branch("step", ANSWERS, timeout=1.0), name="hasty"), first=1)
    call = timeless_computation.next()

    clock.advance(1.0)
    error = hasty[0].exception(PATIENCE)
    assert waiting(timeless) == 1
    call.finish()

    assert isinstance(error, WorkflowFailedError)
    assert (error.outcome.budget, error.outcome.culprit) == ("hasty/step", "hasty/step")
    assert error.trace is not None
    assert [(each.path, each.outcome.kind) for each in error.trace.walk()] == [
        ("hasty", OutcomeKind.FAILED),
        ("hasty/step", OutcomeKind.TIMED_OUT),
    ]
    assert endings(patient) == ["completed"]


def test_making_the_key_has_a_deadline(clock: ManualClock, timeless: Runtime, gate: threading.Event) -> None:
    began = threading.Event()

    def key(state: State) -> str:
        began.set()
        gate.wait(PATIENCE)  # the misbehaviour: only its deadline ends it
        return ""

    timeless.spawn("compute", lambda event, state: None)
    run = timeless.submit(Cached("compute", key=key, name="answers"))
    assert began.wait(PATIENCE)

    clock.advance(5.0)
    error = run.exception(PATIENCE)
    gate.set()

    assert isinstance(error, WorkflowFailedError)
    assert error.outcome.reason is Reason.KEY_ERROR
    assert error.outcome.budget == "key of answers"


def test_making_the_key_can_be_cancelled(runtime: Runtime, computation: Computation, gate: threading.Event) -> None:
    began = threading.Event()

    def key(state: State) -> str:
        began.set()
        gate.wait(PATIENCE)  # the misbehaviour: only the cancellation ends it
        return ""

    run = runtime.submit(Cached("compute", key=key))
    assert began.wait(PATIENCE)
    run.cancel()

    assert endings([run]) == ["requested"]
    gate.set()
    assert computation.count == 0


def test_a_blocking_callable_delays_no_deadline(runtime: Runtime, gate: threading.Event) -> None:
    def key(state: State) -> str:
        gate.wait(PATIENCE)  # the misbehaviour
        return ""

    async def hang(event: Event, state: State) -> None:
        await asyncio.sleep(PATIENCE)

    runtime.spawn("hang", hang)
    blocked = runtime.submit(Cached("hang", key=key))

    def time_out() -> float:
        return seconds_of(lambda: runtime.submit("hang", timeout=0.1).exception(PATIENCE))

    assert fastest(time_out, 0.3) < 0.3
    blocked.cancel()
    gate.set()


@dataclass(eq=False)
class Hostile:
    """A value whose comparisons and hash end the test."""

    number: int

    def __eq__(self, other: object) -> bool:
        raise AssertionError("its code ran")

    def __hash__(self) -> int:
        raise AssertionError("its code ran")


def test_values_with_code_of_their_own_are_keys_all_the_same(runtime: Runtime, computation: Computation) -> None:
    runs = [runtime.submit(ANSWERS, state={"question": [Hostile(number)]}) for number in (1, 1, 2)]
    for _ in range(2):
        computation.next().finish()

    assert endings(runs) == ["completed", "cached", "completed"]


# In one run


def test_branches_of_one_run_that_want_the_same_are_one_computation(runtime: Runtime, computation: Computation) -> None:
    both = Parallel(Branch("left", ANSWERS), Branch("right", Sequential(ANSWERS)), name="both")
    run = runtime.submit(both, state={"question": "why"})
    computation.next().finish()

    result = run.result(PATIENCE)

    assert result.state["answer"] == "computed"
    assert computation.count == 1
    outcomes = {each.path: each.outcome.reason for each in result.trace.walk() if each.pattern == "cached"}
    assert outcomes == {"both/left": Reason.COMPLETED, "both/right/answers": Reason.CACHED}


def test_a_sibling_that_fails_ends_leader_and_follower_and_others_go_on(
    runtime: Runtime, computation: Computation
) -> None:
    other = Computation()
    runtime.spawn("failing", other)
    group = Parallel(Branch("leads", ANSWERS), Branch("follows", ANSWERS), "failing", name="group")
    run = runtime.submit(group, state={"question": "why", "asker": "the group"})
    assert computation.next().asker == "the group"
    assert eventually(lambda: waiting(runtime) == 2)
    others = ask(runtime, 2)

    other.next().fail()
    call = computation.next()
    call.finish()

    error = run.exception(PATIENCE)
    assert error is not None
    assert {name: report.outcome.reason for name, report in error.branches.items()} == {
        "group/leads": Reason.SIBLING_FAILED,
        "group/follows": Reason.SIBLING_FAILED,
        "group/failing": Reason.EXCEPTION,
    }
    assert call.asker == 0
    assert endings(others) == ["completed", "cached"]


def test_when_the_branch_that_leads_fails_the_other_one_computes(runtime: Runtime, computation: Computation) -> None:
    group = Parallel(Branch("leads", ANSWERS), Branch("follows", ANSWERS), require="any")
    run = runtime.submit(group, state={"question": "why"})
    computation.next().fail()
    computation.next().finish()

    assert run.result(PATIENCE).state["answer"] == "computed"


def test_a_cache_in_a_cache_is_asked_only_when_the_outer_one_misses(runtime: Runtime, computation: Computation) -> None:
    outer = Cached(Sequential(Cached("compute", key="question", name="inner")), key=["question", "user"], name="outer")
    askers = [{"question": "why", "user": user} for user in ("ann", "bob", "ann", "bob")]
    runs = [runtime.submit(outer, state=state) for state in askers]
    assert eventually(lambda: waiting(runtime) == 6)  # two wait for the inner value, and four for outer ones
    computation.next().finish()

    traces = [[each.outcome.reason for each in run.result(PATIENCE).trace.walk()] for run in runs]

    assert traces == [
        [Reason.COMPLETED] * 4,
        [Reason.COMPLETED, Reason.COMPLETED, Reason.CACHED],
        [Reason.CACHED],
        [Reason.CACHED],
    ]
    assert computation.count == 1


# How long values are kept


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def timeless(clock: ManualClock) -> Iterator[Runtime]:
    """A runtime whose time passes only when the test says so."""
    with Runtime(environment=Environment(clock=clock)) as runtime:
        yield runtime


@pytest.fixture
def timeless_computation(timeless: Runtime) -> Computation:
    computation = Computation()
    timeless.spawn("compute", computation)
    return computation


def test_a_value_expires_so_long_after_it_was_computed(
    clock: ManualClock, timeless: Runtime, timeless_computation: Computation
) -> None:
    workflow = Cached("compute", key="question", ttl=10.0)

    def answered() -> str:
        return str(timeless.submit(workflow, {"question": "why"}).result(PATIENCE).state["answer"])

    run = timeless.submit(workflow, {"question": "why"})
    call = timeless_computation.next()
    clock.advance(100.0)  # computing took its time
    call.finish("old")
    run.result(PATIENCE)

    clock.advance(9.75)
    assert answered() == "old"
    clock.advance(0.25)
    anew = timeless.submit(workflow, {"question": "why"})
    timeless_computation.next().finish("new")
    assert anew.result(PATIENCE).state["answer"] == "new"
    assert answered() == "new"


def test_what_has_expired_does_not_stay(clock: ManualClock, timeless: Runtime) -> None:
    timeless.spawn("work", lambda event, state: state.update(answer=1))
    workflow = Cached("work", key="question", ttl=10.0)
    for number in range(20):
        timeless.run(workflow, {"question": number})
        clock.advance(0.25)
    assert kept(timeless) == 20

    clock.advance(7.375)
    assert eventually(lambda: kept(timeless) == 10)
    clock.advance(5.0)

    assert eventually(lambda: kept(timeless) == 0)
    assert eventually(lambda: timeless._system.plane.armed_timers == 0)


def test_the_value_that_was_not_used_for_longest_goes(runtime: Runtime, watcher: Watcher) -> None:
    runtime.spawn("work", lambda event, state: state.update(answer=1))
    workflow = Cached("work", key="question", max_entries=2)

    outcomes = [runtime.run(workflow, {"question": q}).outcome.reason for q in ("a", "b", "a", "c", "a", "b")]

    computed, taken = Reason.COMPLETED, Reason.CACHED
    assert outcomes == [computed, computed, taken, computed, taken, computed]
    assert kept(runtime) == 2


KEYS, WARM_UP, LIMIT_BYTES = 12_000, 4_000, 5_000_000


def _resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_memory_is_flat_over_many_keys() -> None:
    async def work(event: Event, state: State) -> None:
        state["answer"] = "x" * 1_000

    async def ask_for(runtime: Runtime, keys: range) -> None:
        workflow = Cached("work", key="question", max_entries=100, ttl=60.0)
        for first in range(keys.start, keys.stop, 100):
            await asyncio.gather(*[_ask(runtime, workflow, key) for key in range(first, first + 100)])

    async def main() -> tuple[int, int, Runtime]:
        async with Runtime(loop=asyncio.get_running_loop()) as runtime:
            runtime.spawn("work", work)
            await ask_for(runtime, range(WARM_UP))
            before = _resident_bytes()
            await ask_for(runtime, range(WARM_UP, KEYS))
            return before, _resident_bytes(), runtime

    before, after, runtime = asyncio.run(main())

    assert after - before < LIMIT_BYTES
    assert (kept(runtime), waiting(runtime)) == (100, 0)


async def _ask(runtime: Runtime, workflow: Cached, key: int) -> None:
    await runtime.submit(workflow, {"question": key})


# The end of the runtime, and defects


def test_the_end_of_the_runtime_ends_all_who_wait_and_begins_nothing() -> None:
    computation = Computation()
    with Runtime() as runtime:
        runtime.spawn("compute", computation)
        runs = ask(runtime, 20)
        computation.next()

        report = runtime.stop(0)

    assert len(report.cancelled_runs) == 20
    assert endings(runs) == ["shutdown"] * 20
    assert computation.count == 1
    assert waiting(runtime) == 0


def test_draining_lets_all_who_wait_have_the_value() -> None:
    computation = Computation()
    runtime = Runtime().start()
    runtime.spawn("compute", computation)
    runs = ask(runtime, 5)
    stopping = threading.Thread(target=runtime.stop)
    stopping.start()
    computation.next().finish()
    stopping.join(PATIENCE)

    assert endings(runs) == ["completed"] + ["cached"] * 4


@pytest.mark.expects_errors
@pytest.mark.parametrize("struck", [0, 1])
def test_after_a_defect_in_one_run_the_others_go_on(runtime: Runtime, computation: Computation, struck: int) -> None:
    runs = ask(runtime, 4)
    call = computation.next()

    runtime._system.plane.post(runs[struck].supervisor, "no signal")  # type: ignore[arg-type]  # the defect
    assert endings([runs[struck]]) == ["internal_error"]
    if struck == 0:
        call = computation.next()
    call.finish()

    others = [run for run in runs if run is not runs[struck]]
    assert sorted(endings(others)) == ["cached", "cached", "completed"]
    assert waiting(runtime) == 0


SLOW = Cached("worker", key="question")


def _flight(house: House) -> list[Run]:
    return [house.runtime.submit(SLOW, {"question": 1, "hang": True}) for _ in range(4)]


def _left(house: House, runs: list[Run]) -> list[str]:
    found = []
    for number, run in enumerate(runs):
        try:
            run.exception(GUARD)
        except TimeoutError:
            found.append(f"run {number} never ends")
    return found + ([f"{waiting(house.runtime)} still wait"] if waiting(house.runtime) else [])


def leader_cancelled(house: House) -> Story:
    runs = _flight(house)

    def damages() -> list[str]:
        house.gate.set()
        return _left(house, runs)

    return Story(runs[0].cancel, damages)


def all_submitted(house: House) -> Story:
    runs: list[Run] = []

    def damages() -> list[str]:
        house.gate.set()
        return _left(house, runs)

    return Story(lambda: runs.extend(_flight(house)), damages)


def value_landed(house: House) -> Story:
    runs = _flight(house)

    def fill() -> None:
        house.gate.set()
        assert eventually(lambda: len(house.plane._queue) > 1)

    return Story(fill, lambda: _left(house, runs))


@pytest.mark.expects_errors
@pytest.mark.timeout(300, method="thread")
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("story", [leader_cancelled, all_submitted, value_landed])
def test_ctrl_c_leaves_nobody_waiting(story: Any) -> None:
    assert findings(story, None) == []


# What is counted


def test_hits_and_misses_on_the_metrics_page_are_what_was_caused() -> None:
    computation = Computation()
    with Runtime() as runtime:
        runtime.spawn("compute", computation)
        workflow = Sequential(ANSWERS, name="support")
        runs = ask(runtime, 5, workflow)
        computation.next().fail()
        computation.next().finish()
        endings(runs)  # one failed, one computed, three waited
        for _ in range(7):
            runtime.run(workflow, {"question": "why"})
        with pytest.raises(WorkflowFailedError):
            runtime.run(workflow)  # there is no key
        page = runtime.metrics_text().decode()

    place = {"workflow": "support", "stage": "support/answers"}
    assert value(page, "mixmode_cache_misses_total", place) == 2
    assert value(page, "mixmode_cache_hits_total", place) == 3 + 7


def test_whoever_stops_waiting_is_neither_a_hit_nor_a_miss(
    runtime: Runtime, computation: Computation, watcher: Watcher
) -> None:
    runs = ask(runtime, 3)
    call = computation.next()
    runs[1].cancel()
    call.finish()
    endings(runs)

    watcher.await_fact(StageEnded, lambda stage: stage.run == runs[2].id)
    assert [fact.run for fact in watcher.all(CacheMissed)] == [runs[0].id]
    assert [fact.run for fact in watcher.all(CacheHit)] == [runs[2].id]
    assert watcher.all(CacheHit) == [CacheHit("answers", runs[2].id, "answers")]

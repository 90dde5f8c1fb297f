"""Virtual time: hours pass at once, a seed decides every interleaving, and leaving the runtime leaves nothing."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest

from actors import AgentContext, Branch, Event, Loop, Parallel, RunTimeoutError, Sequential, State, WorkflowFailedError
from actors.codec import encode
from actors.testing import (
    AnswersAfter,
    Blocks,
    Fails,
    Hangs,
    Probe,
    Returns,
    Scripted,
    ScriptedThread,
    VirtualRuntime,
    sleep,
)
from supervisors import Backoff, Retry
from tests.limits import PATIENCE
from tests.scenarios.timing import seconds_of
from tests.scenarios.virtual_runs import HOUR, both_kinds, trace_of

DESCRIPTORS = Path("/proc/self/fd")
SEEDS = range(200)


# Hours pass at once.


def test_a_report_survives_a_bad_night() -> None:  # as the README has it
    search = Scripted(Fails(ConnectionError, times=2), Returns({"found": 3}))
    review = Scripted(AnswersAfter(8 * 3600, {"approved": True}))
    retry = Retry(attempts=3, backoff=Backoff(initial=600, maximum=3600, jitter=0))
    with VirtualRuntime(seed=7) as runtime:
        runtime.spawn("search", search)
        runtime.spawn("review", review)
        result = runtime.run(Sequential(Branch("search", retry=retry), Branch("review", timeout=12 * 3600)))
    assert [call.at for call in search.calls] == [0, 600, 1800]
    assert result.duration == 1800 + 8 * 3600  # virtual seconds; the test takes milliseconds


@both_kinds
def test_an_hour_long_timeout_fires_at_once(scripted: type[Scripted]) -> None:
    records = []

    def wait_for_an_hour() -> None:
        with VirtualRuntime() as runtime:
            runtime.spawn("slow", scripted(Hangs()))
            with pytest.raises(RunTimeoutError) as caught:
                runtime.run("slow", timeout=HOUR)
        records.append(caught.value.trace)

    assert seconds_of(wait_for_an_hour) < PATIENCE
    assert {record.duration for record in records if record is not None} == {HOUR}


def test_retries_back_off_for_minutes() -> None:
    backoff = Backoff(initial=60.0, factor=2.0, maximum=600.0, jitter=0.0)
    flaky = Scripted(Fails(ConnectionError("down"), times=3), Returns({"up": True}))
    with VirtualRuntime() as runtime:
        runtime.spawn("flaky", flaky)

        result = runtime.run(Branch("flaky", retry=Retry(attempts=5, backoff=backoff)))

    assert [call.at for call in flaky.calls] == [0.0, 60.0, 180.0, 420.0]
    assert (result.state["up"], result.duration, result.trace.attempts) == (True, 420.0, 4)


def test_a_loop_polls_for_a_day() -> None:
    report = Scripted(AnswersAfter(600.0), AnswersAfter(600.0, {"loop_complete": True}))
    with VirtualRuntime() as runtime:
        runtime.spawn("pending", ScriptedThread(AnswersAfter(8 * HOUR)))
        runtime.spawn("report", report)

        result = runtime.run(Sequential("pending", Loop("report", max_iterations=100)), timeout=24 * HOUR)

    assert result.duration == 8 * HOUR + 1200.0


def test_a_thousand_concurrent_runs_of_an_hour_end_at_their_deadlines() -> None:
    with VirtualRuntime() as runtime:
        runtime.spawn("slow", Scripted(Hangs()))
        runs = [runtime.submit("slow", timeout=HOUR + number) for number in range(1_000)]

        runtime.advance(2 * HOUR)

    assert [trace_of(run).duration for run in runs] == [HOUR + number for number in range(1_000)]


# A seed decides every interleaving.


class Race:
    """Agents of both kinds that tell when they begin and end; some take time, some only let others go on."""

    def __init__(self) -> None:
        self.order: list[str] = []

    async def hops(self, event: Event, state: State) -> dict[str, int]:
        for _ in range(2):
            self.order.append(event.target)
            await asyncio.sleep(0)
        return {event.target: len(self.order)}

    async def waits(self, event: Event, state: State) -> dict[str, int]:
        await asyncio.sleep(60.0)  # the agent: waits, in virtual time
        self.order.append(event.target)
        return {event.target: len(self.order)}

    def blocks(self, event: Event, state: State) -> dict[str, int]:
        self.order.append(event.target)
        sleep(60.0)
        self.order.append(event.target)
        return {event.target: len(self.order)}

    def flaky(self, event: Event, state: State, context: AgentContext) -> dict[str, int]:
        self.order.append(event.target)
        if context.attempt < 3:
            raise ConnectionError(f"attempt {context.attempt}")
        return {event.target: len(self.order)}


def trace_of_race(seed: int) -> tuple[bytes, tuple[str, ...]]:
    race = Race()
    names = ("hops", "waits", "blocks", "flaky")
    retried = Branch("flaky", retry=Retry(attempts=3, backoff=Backoff(initial=30.0, jitter=0.5)))
    group = Parallel("hops", "waits", "blocks", retried, require=3, name="race")
    with VirtualRuntime(seed=seed) as runtime:
        for name in names:
            runtime.spawn(name, getattr(race, name))
        runs = [runtime.submit(group), runtime.submit(group)]
        traces = [encode(trace_of(run)) + encode(run.result().state) for run in runs]
    return b"".join(traces), tuple(race.order)


def test_a_seed_gives_the_same_trace_twice_byte_for_byte_and_seeds_differ() -> None:
    first = [trace_of_race(seed) for seed in SEEDS]
    second = [trace_of_race(seed) for seed in SEEDS]

    assert first == second
    assert len({order for _, order in first}) > 20
    assert len({trace for trace, _ in first}) > 20


def test_a_seed_gives_the_same_trace_in_another_process_with_another_hash_seed() -> None:
    code = "import tests.scenarios.test_virtual_time as t; print(t.trace_of_race(7)[0].hex())"

    def run_with(hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=PATIENCE
        )
        return done.stdout.strip()

    assert {run_with("1"), run_with("2")} == {trace_of_race(7)[0].hex()}


def test_stopping_an_agent_with_many_events_in_hand_is_repeatable() -> None:
    def facts_of(seed: int) -> list[bytes]:
        probe = Probe()
        with VirtualRuntime(seed=seed, observers=[probe]) as runtime:
            runtime.spawn("slow", Scripted(AnswersAfter(HOUR, stubborn=True)))
            runs = [runtime.submit(Branch("slow", retry=Retry(attempts=2))) for _ in range(20)]
            runtime.settle()
            runtime.stop_agent("slow", grace=5.0)
            return [encode(trace_of(run)) for run in runs] + [repr(each.what).encode() for each in probe.received]

    assert facts_of(1) == facts_of(1)
    assert facts_of(1) != facts_of(2)


class Theatre:
    """A planted bug: whether there is a seat left is asked, and the answer used a moment later."""

    def __init__(self) -> None:
        self.seats = 1
        self.sold: list[str] = []

    async def sell(self, event: Event, state: State) -> None:
        await asyncio.sleep(0)  # a look into a database
        if self.seats > 0:
            await asyncio.sleep(0)  # a payment
            self.seats -= 1
            self.sold.append(event.target)
        if len(self.sold) > 1:
            raise AssertionError(f"sold twice, to {' and '.join(self.sold)}")


def sell(seed: int) -> tuple[str, bytes]:
    theatre = Theatre()
    with VirtualRuntime(seed=seed) as runtime:
        runtime.spawn("left", theatre.sell)
        runtime.spawn("right", theatre.sell)
        run = runtime.submit(Parallel("left", "right", on_failure="finish"))
        error = run.exception()
        return "" if error is None else str(error), encode(trace_of(run))


def test_a_race_between_two_agents_is_found_by_some_seed_and_replayed_from_its_number() -> None:
    failing = [seed for seed in SEEDS if sell(seed)[0]]

    assert 0 < len(failing) < len(SEEDS)
    for seed in failing:
        assert "sold twice" in sell(seed)[0]
        assert sell(seed) == sell(seed)


def test_an_error_that_leaves_the_runtime_is_noted_the_seed_that_replays_it() -> None:
    with pytest.raises(WorkflowFailedError) as caught, VirtualRuntime(seed=41) as runtime:
        runtime.spawn("wrong", Scripted(Fails(ValueError("wrong"))))
        runtime.run("wrong")

    assert caught.value.__notes__ == ["it happened with VirtualRuntime(seed=41), which replays it"]


# Leaving it leaves nothing.


def misbehave(runtime: VirtualRuntime) -> None:
    agents = {
        "hangs": Scripted(Hangs()),
        "holds": ScriptedThread(Hangs()),
        "late": Scripted(AnswersAfter(HOUR, stubborn=True)),
        "blocks": Scripted(Blocks(HOUR)),
        "quick": Scripted(Returns({"a": 1})),
    }
    for name, agent in agents.items():
        runtime.spawn(name, agent)
    runtime.submit(Parallel("hangs", "holds", "late", "blocks"), timeout=60.0).exception()
    runtime.run("quick")
    runtime.submit("hangs")


def test_leaving_leaves_no_thread_no_task_and_no_file_descriptor() -> None:
    threads, descriptors = threading.active_count(), len(list(DESCRIPTORS.iterdir()))
    loops = []

    for seed in range(10):
        with VirtualRuntime(seed=seed) as runtime:
            loops.append(weakref.ref(runtime._system.loops.lane.loop))
            misbehave(runtime)
        assert threading.active_count() == threads

    assert len(list(DESCRIPTORS.iterdir())) == descriptors
    del runtime
    gc.collect()
    assert [loop() for loop in loops if loop() is not None] == []


def test_leaving_tells_what_was_not_finished() -> None:
    runtime = VirtualRuntime(grace=HOUR)
    runtime.start()
    runtime.spawn("holds", ScriptedThread(Hangs()))
    runtime.submit("holds")

    report = runtime.stop()

    assert report.cancelled_runs == ("<Run 1 of 'holds': cancelled (shutdown): the runtime was stopped>",)
    assert report.abandoned_work == {"holds": 1}
    assert runtime.now >= HOUR

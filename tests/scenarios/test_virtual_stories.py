"""Scenarios of real time, told again in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors import Branch, Event, Parallel, Sequential, State
from actors.testing import AnswersAfter, Fails, Probe, Returns, Scripted, ScriptedThread, VirtualRuntime, sleep
from supervisors import Backoff, OutcomeKind, Reason, Retry
from supervisors.facts import DeadLettered, LoopBlocked, StageRetried
from tests.scenarios.virtual_runs import HOUR, record_of, trace_of

AT_ONCE = Backoff(initial=0.0)
LATER = Backoff(initial=90.0, maximum=90.0)


async def blocks_the_loop(event: Event, state: State) -> None:
    sleep(HOUR)
    state["late"] = True


def blocks_a_thread(event: Event, state: State) -> None:
    sleep(HOUR)
    state["late"] = True


async def swallows_cancellation(event: Event, state: State) -> None:
    loop = asyncio.get_running_loop()
    ends = loop.time() + HOUR
    while loop.time() < ends:
        try:
            await asyncio.sleep(HOUR)
        except asyncio.CancelledError:
            continue
    state["late"] = True


@pytest.mark.parametrize("slow", [blocks_the_loop, blocks_a_thread, swallows_cancellation])
def test_a_late_answer_is_counted_and_never_merged(slow: Callable[..., Any]) -> None:
    probe = Probe()
    with VirtualRuntime(observers=[probe]) as runtime:
        runtime.spawn("slow", slow)
        runtime.spawn("quick", ScriptedThread(Returns({"sync": "done"})))

        result = runtime.run(Parallel(Branch("slow", required=False, timeout=60.0), "quick"))

        probe.wait_for(DeadLettered, lambda letter: letter.reason == "late_answer")
    assert (dict(result.state), result.duration) == ({"sync": "done"}, 60.0)


@pytest.mark.parametrize("order", [("blocker", "healthy"), ("healthy", "blocker")])
@pytest.mark.parametrize("seed", range(5))
def test_who_runs_out_of_time_on_a_blocked_loop_names_the_blocker(order: tuple[str, ...], seed: int) -> None:
    probe = Probe()
    with VirtualRuntime(seed=seed, observers=[probe]) as runtime:
        began = asyncio.Event()

        async def block(event: Event, state: State) -> None:
            await began.wait()
            sleep(HOUR)

        async def behave(event: Event, state: State) -> None:
            began.set()
            await asyncio.sleep(1.0)

        runtime.spawn("blocker", block)
        runtime.spawn("healthy", behave)
        branches = [Branch(name, timeout=60.0 if name == "healthy" else None) for name in order]

        run = runtime.submit(Parallel(*branches, name="all", on_failure="finish"))

        outcome = record_of(run, "all/healthy").outcome
    assert (outcome.kind, outcome.reason) == (OutcomeKind.TIMED_OUT, Reason.LOOP_BLOCKED)
    assert outcome.culprit == "blocker"
    assert {fact.agent for fact in probe.all(LoopBlocked)} == {"blocker"}
    assert sum(fact.seconds for fact in probe.all(LoopBlocked)) == pytest.approx(HOUR)


def test_a_loop_that_stays_blocked_is_replaced_and_its_work_done_elsewhere() -> None:
    with VirtualRuntime(abandon_after=5.0) as runtime:
        runtime.spawn("stuck", blocks_the_loop)
        runtime.spawn("quick", Scripted(Returns({"async": "done"})))
        runtime.submit("stuck", timeout=60.0)
        runtime.settle()

        result = runtime.run("quick")

        assert (dict(result.state), result.duration) == ({"async": "done"}, 65.0)
        assert runtime.run("quick").duration == 0.0


LATE: dict[str, Any] = {"kind": OutcomeKind.TIMED_OUT, "reason": Reason.DEADLINE}
FAILED: dict[str, Any] = {"kind": OutcomeKind.FAILED, "reason": Reason.EXCEPTION}
OK: dict[str, Any] = {"kind": OutcomeKind.OK, "reason": Reason.COMPLETED}
WRONG, SLOW = Fails(ValueError("wrong")), AnswersAfter(HOUR)


def retry(attempts: int, **policy: Any) -> Retry:
    return Retry(attempts=attempts, **{"backoff": AT_ONCE, **policy})


CASES: dict[str, tuple[list[Any], Branch, float, int, dict[str, Any]]] = {
    "an attempt out of time is retried": (
        [SLOW, Returns()], Branch("all", "scripted", retry=retry(3, on=(TimeoutError,), attempt_timeout=60)), 60, 2, OK
    ),
    "every attempt may run out of time": (
        [SLOW], Branch("all", "scripted", retry=retry(2, attempt_timeout=60)), 120, 2, LATE
    ),
    "the timeout of the branch covers all attempts": (
        [SLOW], Branch("all", "scripted", retry=retry(100, attempt_timeout=60), timeout=100), 100, 2, LATE
    ),
    "the timeout of the branch is not retried": (
        [SLOW], Branch("all", "scripted", retry=retry(3), timeout=60), 60, 1, LATE
    ),
    "a back-off beyond the deadline is not waited for": (
        [WRONG], Branch("all", "scripted", retry=retry(3, backoff=LATER), timeout=60), 0, 1, FAILED
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_retries(name: str) -> None:
    script, branch, seconds, calls, ending = CASES[name]
    agent, probe = Scripted(*script), Probe()
    with VirtualRuntime(observers=[probe]) as runtime:
        runtime.spawn("scripted", agent)

        record = trace_of(runtime.submit(branch))

    assert {"kind": record.outcome.kind, "reason": record.outcome.reason} == ending
    assert (record.duration, record.attempts, len(agent.calls)) == (seconds, calls, calls)
    assert len(probe.all(StageRetried)) == calls - 1


def test_a_late_answer_of_an_earlier_attempt_is_never_merged() -> None:
    stubborn = ScriptedThread(AnswersAfter(HOUR, {"attempt": 1}), Returns({"attempt": 2}))
    probe = Probe()
    with VirtualRuntime(observers=[probe]) as runtime:
        runtime.spawn("stubborn", stubborn)
        runtime.spawn("waits", Scripted(AnswersAfter(2 * HOUR)))

        result = runtime.run(Sequential(Branch("stubborn", retry=retry(2, attempt_timeout=60.0)), "waits"))

    assert result.state["attempt"] == 2
    assert [letter.reason for letter in probe.all(DeadLettered)] == ["late_answer"]

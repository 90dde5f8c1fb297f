"""Retries: how often, after what, and never beyond the deadline."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from actors import Agent, AgentContext, Branch, Event, Parallel, Run, Runtime, Sequential, State
from supervisors import Backoff, OutcomeKind, Reason, Retry, TraceRecord
from supervisors.facts import StageRetried
from tests.scenarios.watching import PATIENCE, Watcher

AT_ONCE = Backoff(initial=0.0)
LATER = Backoff(initial=PATIENCE)


class Scripted:
    """An agent that follows a script: an exception is raised, a number of seconds is slept."""

    def __init__(self, script: Sequence[Any]) -> None:
        self.script = list(script)
        self.calls = 0

    async def run(self, event: Event, state: State, context: AgentContext) -> None:
        self.calls += 1
        deed = self.script[min(context.attempt, len(self.script)) - 1]
        assert context.attempt == self.calls
        if isinstance(deed, float):
            await asyncio.sleep(deed)
        elif deed is not None:
            raise deed
        state["attempt"] = context.attempt


@dataclass(frozen=True)
class Case:
    """A script and a policy, and what is to come of them."""

    script: Sequence[Any]
    retry: Retry | None
    calls: int
    kind: OutcomeKind = OutcomeKind.OK
    reason: Reason = Reason.COMPLETED
    timeout: float | None = None
    budget: str = ""
    options: dict[str, Any] = field(default_factory=dict)


def retry(attempts: int, **policy: Any) -> Retry:
    return Retry(attempts=attempts, **{"backoff": AT_ONCE, **policy})


LOST = ConnectionResetError("lost")
WRONG = ValueError("wrong")
SLOW = 5.0
FAILED: dict[str, Any] = {"kind": OutcomeKind.FAILED, "reason": Reason.EXCEPTION}
LATE: dict[str, Any] = {"kind": OutcomeKind.TIMED_OUT, "reason": Reason.DEADLINE}

CASES = {
    "without a policy it is tried once": Case([WRONG], None, 1, **FAILED),
    "one attempt is no retry": Case([WRONG], retry(1), 1, **FAILED),
    "three attempts are three calls": Case([WRONG], retry(3), 3, **FAILED),
    "what succeeds is not tried again": Case([None], retry(3), 1),
    "the second try may succeed": Case([WRONG, None], retry(3), 2),
    "the last try may succeed": Case([WRONG, WRONG, None], retry(3), 3),
    "a listed type is retried": Case([LOST, None], retry(3, on=(OSError,)), 2),
    "an unlisted type is not": Case([WRONG], retry(3, on=(OSError,)), 1, **FAILED),
    "the first unlisted type ends it": Case([LOST, WRONG], retry(5, on=(OSError,)), 2, **FAILED),
    "an attempt out of time is retried": Case(
        [SLOW, None], retry(3, on=(TimeoutError,), attempt_timeout=0.05), 2
    ),
    "every attempt may run out of time": Case(
        [SLOW], retry(2, attempt_timeout=0.05), 2, **LATE, budget="attempt of all/scripted"
    ),
    "a timeout is not retried where only others are listed": Case(
        [SLOW],
        retry(3, on=(ValueError,), attempt_timeout=0.05),
        1,
        **LATE,
        budget="attempt of all/scripted",
    ),
    "the timeout of the branch covers all attempts": Case(
        [SLOW], retry(100, attempt_timeout=0.06), 2, **LATE, timeout=0.1, budget="all/scripted"
    ),
    "the timeout of the branch is not retried": Case(
        [SLOW], retry(3), 1, **LATE, timeout=0.05, budget="all/scripted"
    ),
    "the timeout of the agent is retried as an attempt": Case(
        [SLOW, None], retry(2), 2, options={"timeout": 0.05}
    ),
    "the timeout of the agent is the narrower one": Case(
        [SLOW], retry(1, attempt_timeout=3), 1, **LATE, budget="agent scripted",
        options={"timeout": 0.05},
    ),
    "a back-off beyond the deadline is not waited for": Case(
        [WRONG], retry(3, backoff=LATER), 1, **FAILED, timeout=1.0
    ),
}  # fmt: skip


def record_of(run: Run, path: str) -> TraceRecord:
    error = run.exception(PATIENCE)
    trace = error.trace if error is not None else run.result().trace
    assert trace is not None
    return next(record for record in trace.walk() if record.path == path)


@pytest.mark.parametrize("name", CASES)
def test_retries(runtime: Runtime, watcher: Watcher, name: str) -> None:
    case = CASES[name]
    agent = Scripted(case.script)
    runtime.spawn("scripted", agent.run, **case.options)
    branch = Branch("scripted", retry=case.retry, timeout=case.timeout, required=False)

    run = runtime.submit(Sequential(branch, name="all"), timeout=PATIENCE)

    record = record_of(run, "all/scripted")
    assert (record.outcome.kind, record.outcome.reason) == (case.kind, case.reason)
    assert record.outcome.budget == case.budget
    assert agent.calls == record.attempts == case.calls
    assert record.duration < PATIENCE / 2
    assert run.result().state.get("attempt") == (case.calls if record.outcome.ok else None)
    watcher.await_stage("all")
    assert len(watcher.all(StageRetried)) == case.calls - 1


@pytest.mark.parametrize(("policy", "attempts"), [(None, 1), (retry(3, attempt_timeout=0.03), 3)])
def test_a_branch_that_only_queued_was_not_started(
    runtime: Runtime, gate: threading.Event, policy: Retry | None, attempts: int
) -> None:
    began = threading.Event()
    calls = []

    def busy(event: Event, state: State) -> None:
        calls.append(event)
        began.set()
        gate.wait(PATIENCE)  # the misbehaviour: it holds its only instance

    runtime.spawn("busy", busy, concurrency=1)
    first = runtime.submit("busy")
    assert began.wait(PATIENCE)
    branch = Branch("busy", retry=policy, timeout=0.5 if policy else 0.05, required=False)

    run = runtime.submit(Sequential(branch, name="all"))

    record = record_of(run, "all/busy")
    assert record.outcome.kind is OutcomeKind.TIMED_OUT
    assert record.outcome.reason is Reason.NOT_STARTED
    assert record.attempts == attempts
    gate.set()
    assert first.result(PATIENCE).outcome.ok
    assert runtime.run("busy", timeout=PATIENCE).outcome.ok
    assert len(calls) == 2


def test_a_rejection_is_retried_and_the_queue_may_have_room_by_then(
    runtime: Runtime, watcher: Watcher, gate: threading.Event
) -> None:
    began = threading.Event()

    def busy(event: Event, state: State) -> None:
        began.set()
        gate.wait(PATIENCE)

    runtime.spawn("busy", busy, concurrency=1, mailbox=1)
    runs = [runtime.submit("busy")]
    assert began.wait(PATIENCE)
    runs.append(runtime.submit("busy"))
    patient = retry(1_000, backoff=Backoff(initial=0.01, factor=1.0))
    rejected = runtime.submit(Branch("busy", retry=patient))
    assert watcher.await_fact(StageRetried).outcome.reason is Reason.MAILBOX_FULL

    gate.set()

    assert rejected.result(PATIENCE).outcome.ok
    assert all(run.result(PATIENCE).outcome.ok for run in runs)


def test_one_failing_branch_of_two_is_retried_alone(runtime: Runtime) -> None:
    failing, counted = Scripted([WRONG]), Scripted([None])
    runtime.spawn("failing", failing.run)
    runtime.spawn("counted", counted.run)
    group = Parallel(Branch("failing", retry=retry(4)), "counted", on_failure="finish")

    error = runtime.submit(group).exception(PATIENCE)

    assert error is not None
    assert error.outcome.reason is Reason.REQUIRED_BRANCH_FAILED
    assert (failing.calls, counted.calls) == (4, 1)


def test_a_pattern_is_retried_from_its_own_input(runtime: Runtime) -> None:
    def first(event: Event, state: State) -> None:
        state["sum"] = state["sum"] + 1

    calls = []

    def flaky(event: Event, state: State) -> None:
        calls.append(event)
        state["sum"] = state["sum"] + 10
        if len(calls) < 3:
            raise WRONG

    runtime.spawn("first", first)
    runtime.spawn("second", flaky)
    branch = Branch("both", Sequential("first", "second"), retry=retry(3))

    result = runtime.run(Sequential(branch), state={"sum": 0})

    assert result.state["sum"] == 11


def test_a_late_answer_of_an_earlier_attempt_is_never_merged(runtime: Runtime, watcher: Watcher) -> None:
    goes_on, is_late = threading.Event(), threading.Event()

    def stubborn(event: Event, state: State, context: AgentContext) -> None:
        if context.attempt == 1:
            goes_on.wait(PATIENCE)  # the misbehaviour: it answers when its time is over
        state["attempt"] = context.attempt
        if context.attempt == 1:
            is_late.set()

    def waits_for_the_late_one(event: Event, state: State) -> None:
        goes_on.set()
        assert is_late.wait(PATIENCE)

    runtime.spawn("stubborn", stubborn)
    runtime.spawn("waits", waits_for_the_late_one)
    branch = Branch("stubborn", retry=retry(2, attempt_timeout=0.05))

    result = runtime.run(Sequential(branch, "waits"), timeout=PATIENCE)

    assert result.state["attempt"] == 2
    watcher.await_dead_letter("late_answer")


def test_an_event_in_flight_is_not_run_again_by_a_restart(runtime: Runtime) -> None:
    calls = []

    class Crashing(Agent):
        def run(self, event: Event, state: State) -> None:
            calls.append(1)
            raise SystemExit

    runtime.spawn("crashing", Crashing)

    assert runtime.submit("crashing").exception(PATIENCE) is not None
    assert len(calls) == 1

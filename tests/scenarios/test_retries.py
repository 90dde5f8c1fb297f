"""Retries: how often, after what, and never beyond the deadline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from actors import Agent, Branch, Event, Parallel, Sequential, State
from actors.testing import AnswersAfter, Fails, Probe, Returns, Scripted, ScriptedThread, Step, VirtualRuntime
from supervisors import Backoff, OutcomeKind, Reason, Retry
from supervisors.facts import DeadLettered, StageRetried
from tests.scenarios.virtual_runs import HOUR, both_kinds, probe, record_of, runtime

__all__ = ["probe", "runtime"]  # fixtures

AT_ONCE = Backoff(initial=0.0)
LATER = Backoff(initial=90.0, maximum=90.0, jitter=0.0)


@dataclass(frozen=True)
class Case:
    """A script and a policy, and what is to come of them."""

    script: list[Step]
    retry: Retry | None
    calls: int
    seconds: float = 0.0
    kind: OutcomeKind = OutcomeKind.OK
    reason: Reason = Reason.COMPLETED
    timeout: float | None = None
    budget: str = ""
    options: dict[str, Any] = field(default_factory=dict)


def retry(attempts: int, **policy: Any) -> Retry:
    return Retry(attempts=attempts, **{"backoff": AT_ONCE, **policy})


LOST = Fails(ConnectionResetError("lost"))
WRONG = Fails(ValueError("wrong"))
LOST_TWICE = Fails(ExceptionGroup("lost", [ConnectionResetError("1"), ExceptionGroup("in", [BrokenPipeError("2")])]))
LOST_AND_WRONG = Fails(ExceptionGroup("both", [ConnectionResetError("lost"), ValueError("wrong")]))
SLOW = AnswersAfter(HOUR, {"answer": "too late"})
DONE = Returns({"answer": "in time"})
FAILED: dict[str, Any] = {"kind": OutcomeKind.FAILED, "reason": Reason.EXCEPTION}
LATE: dict[str, Any] = {"kind": OutcomeKind.TIMED_OUT, "reason": Reason.DEADLINE}

CASES = {
    "without a policy it is tried once": Case([WRONG], None, 1, **FAILED),
    "one attempt is no retry": Case([WRONG], retry(1), 1, **FAILED),
    "three attempts are three calls": Case([WRONG], retry(3), 3, **FAILED),
    "what succeeds is not tried again": Case([DONE], retry(3), 1),
    "the second try may succeed": Case([WRONG, DONE], retry(3), 2),
    "the last try may succeed": Case([WRONG, WRONG, DONE], retry(3), 3),
    "a listed type is retried": Case([LOST, DONE], retry(3, on=(OSError,)), 2),
    "an unlisted type is not": Case([WRONG], retry(3, on=(OSError,)), 1, **FAILED),
    "the first unlisted type ends it": Case([LOST, WRONG], retry(5, on=(OSError,)), 2, **FAILED),
    "a group of listed types is retried": Case([LOST_TWICE, DONE], retry(3, on=(ConnectionError,)), 2),
    "a group with one that is not listed is not": Case([LOST_AND_WRONG], retry(3, on=(OSError,)), 1, **FAILED),
    "a group whose own class is listed is": Case([LOST_AND_WRONG, DONE], retry(3, on=(ExceptionGroup,)), 2),
    "an attempt out of time is retried": Case(
        [SLOW, DONE], retry(3, on=(TimeoutError,), attempt_timeout=60), 2, 60
    ),
    "every attempt may run out of time": Case(
        [SLOW], retry(2, attempt_timeout=60), 2, 120, **LATE, budget="attempt of all/scripted"
    ),
    "a timeout is not retried where only others are listed": Case(
        [SLOW],
        retry(3, on=(ValueError,), attempt_timeout=60),
        1,
        60,
        **LATE,
        budget="attempt of all/scripted",
    ),
    "the timeout of the branch covers all attempts": Case(
        [SLOW], retry(100, attempt_timeout=60), 2, 100, **LATE, timeout=100, budget="all/scripted"
    ),
    "the timeout of the branch is not retried": Case(
        [SLOW], retry(3), 1, 60, **LATE, timeout=60, budget="all/scripted"
    ),
    "the timeout of the agent is retried as an attempt": Case(
        [SLOW, DONE], retry(2), 2, 60, options={"timeout": 60}
    ),
    "the timeout of the agent is the narrower one": Case(
        [SLOW], retry(1, attempt_timeout=90), 1, 60, **LATE, budget="agent scripted",
        options={"timeout": 60},
    ),
    "a back-off beyond the deadline is not waited for": Case(
        [WRONG], retry(3, backoff=LATER), 1, **FAILED, timeout=60
    ),
    "a back-off within the deadline is waited for": Case(
        [WRONG], retry(3, backoff=LATER), 2, 90, **FAILED, timeout=100
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_retries(runtime: VirtualRuntime, probe: Probe, name: str) -> None:
    case = CASES[name]
    agent = Scripted(*case.script)
    runtime.spawn("scripted", agent, **case.options)
    branch = Branch("scripted", retry=case.retry, timeout=case.timeout, required=False)

    run = runtime.submit(Sequential(branch, name="all"))

    record = record_of(run, "all/scripted")
    assert (record.outcome.kind, record.outcome.reason) == (case.kind, case.reason)
    assert record.outcome.budget == case.budget
    assert record.attempts == case.calls
    assert [call.attempt for call in agent.calls] == list(range(1, case.calls + 1))
    assert record.duration == case.seconds
    assert dict(run.result().state) == ({"answer": "in time"} if record.outcome.ok else {})
    runtime.settle()
    assert len(probe.all(StageRetried)) == case.calls - 1


@pytest.mark.parametrize(("policy", "attempts"), [(None, 1), (retry(3, attempt_timeout=20), 3)])
def test_a_branch_that_only_queued_was_not_started(
    runtime: VirtualRuntime, policy: Retry | None, attempts: int
) -> None:
    busy = ScriptedThread(AnswersAfter(HOUR), Returns())
    runtime.spawn("busy", busy, concurrency=1)
    first = runtime.submit("busy")
    runtime.settle()
    branch = Branch("busy", retry=policy, timeout=None if policy else 60.0, required=False)

    run = runtime.submit(Sequential(branch, name="all"))

    record = record_of(run, "all/busy")
    assert record.outcome.kind is OutcomeKind.TIMED_OUT
    assert record.outcome.reason is Reason.NOT_STARTED
    assert (record.attempts, record.duration) == (attempts, 60.0)
    assert first.result().duration == HOUR
    assert runtime.run("busy").outcome.ok
    assert len(busy.calls) == 2


def test_a_rejection_is_retried_and_the_queue_may_have_room_by_then(runtime: VirtualRuntime, probe: Probe) -> None:
    runtime.spawn("busy", ScriptedThread(AnswersAfter(90.0)), concurrency=1, mailbox=1)
    runs = [runtime.submit("busy")]
    runtime.settle()
    runs.append(runtime.submit("busy"))
    patient = retry(1_000, backoff=Backoff(initial=60.0, maximum=60.0, jitter=0.0))

    rejected = runtime.submit(Branch("busy", retry=patient)).result()

    assert [run.result().duration for run in runs] == [90.0, 180.0]
    assert (rejected.duration, rejected.trace.attempts) == (270.0, 3)
    assert [fact.outcome.reason for fact in probe.all(StageRetried)] == [Reason.MAILBOX_FULL] * 2


def test_one_failing_branch_of_two_is_retried_alone(runtime: VirtualRuntime) -> None:
    failing, counted = Scripted(WRONG), Scripted(Returns())
    runtime.spawn("failing", failing)
    runtime.spawn("counted", counted)
    group = Parallel(Branch("failing", retry=retry(4)), "counted", on_failure="finish")

    error = runtime.submit(group).exception()

    assert error is not None
    assert error.outcome.reason is Reason.REQUIRED_BRANCH_FAILED
    assert (len(failing.calls), len(counted.calls)) == (4, 1)


def test_a_pattern_is_retried_from_its_own_input(runtime: VirtualRuntime) -> None:
    def first(event: Event, state: State) -> None:
        state["sum"] = state["sum"] + 1

    calls = []

    def flaky(event: Event, state: State) -> None:
        calls.append(event)
        state["sum"] = state["sum"] + 10
        if len(calls) < 3:
            raise ValueError("wrong")

    runtime.spawn("first", first)
    runtime.spawn("second", flaky)
    branch = Branch("both", Sequential("first", "second"), retry=retry(3))

    result = runtime.run(Sequential(branch), state={"sum": 0})

    assert result.state["sum"] == 11


@both_kinds
@pytest.mark.parametrize("seconds", [90.0, HOUR], ids=["while it is tried again", "after that"])
def test_a_late_answer_of_an_earlier_attempt_is_never_merged(
    runtime: VirtualRuntime, probe: Probe, scripted: type[Scripted], seconds: float
) -> None:
    first = AnswersAfter(seconds, {"attempt": 1}, stubborn=True)
    runtime.spawn("stubborn", scripted(first, AnswersAfter(50.0, {"attempt": 2})))
    runtime.spawn("waits", Scripted(AnswersAfter(2 * HOUR)))

    result = runtime.run(Sequential(Branch("stubborn", retry=retry(2, attempt_timeout=60.0)), "waits"))

    assert result.state["attempt"] == 2
    assert result.duration == 60.0 + 50.0 + 2 * HOUR
    assert [letter.reason for letter in probe.all(DeadLettered)] == ["late_answer"]


def test_an_event_in_flight_is_not_run_again_by_a_restart(runtime: VirtualRuntime) -> None:
    calls = []

    class Crashing(Agent):
        def run(self, event: Event, state: State) -> None:
            calls.append(1)
            raise SystemExit

    runtime.spawn("crashing", Crashing)

    assert runtime.submit("crashing").exception() is not None

    runtime.advance(HOUR)
    assert len(calls) == 1

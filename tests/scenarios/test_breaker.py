"""Circuit breakers: an agent that keeps failing is left alone for a time, and tried again."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from actors import Branch, Case, Conditional, Event, Runtime, Sequential, UnknownAgentError
from actors.conditions import FailedWith
from actors.testing import AnswersAfter, Fails, Hangs, Returns, Scripted, VirtualRuntime
from supervisors import Backoff, Outcome, OutcomeKind, Reason, Retry
from supervisors.errors import BreakerOpenError
from supervisors.facts import BreakerChanged
from supervisors.policies.breaker import Breaker, BreakerState
from tests.scenarios.watching import Watcher

CLOSED, HALF_OPEN, OPEN = BreakerState.CLOSED, BreakerState.HALF_OPEN, BreakerState.OPEN
RESET_AFTER = 30.0
TWICE = Breaker(failures=2, reset_after=RESET_AFTER)


@pytest.fixture
def runtime(watcher: Watcher) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(observers=[watcher]) as runtime:
        yield runtime


def outcome_of(runtime: Runtime, workflow: Any = "shaky", **settings: Any) -> Outcome:
    """Run a workflow to its end, and say how it ended; of a step that failed, how the step did."""
    run = runtime.submit(workflow, **settings)
    error = run.exception()
    return run.result().outcome if error is None else error.outcome


def opened(runtime: Runtime, *later: Any, policy: Breaker = TWICE, **options: Any) -> Scripted:
    """Spawn an agent that fails until its breaker opens, and then does what is said."""
    agent = Scripted(Fails(OSError, times=policy.failures), *(later or [Returns()]))
    runtime.spawn("shaky", agent, breaker=policy, **options)
    for _ in range(policy.failures):
        assert outcome_of(runtime).reason is Reason.EXCEPTION
    assert runtime.breaker("shaky").state is OPEN
    return agent


def test_after_so_many_failures_work_fails_fast_and_the_agent_is_left_alone(runtime: VirtualRuntime) -> None:
    agent = opened(runtime)

    outcomes = [outcome_of(runtime) for _ in range(10)]

    assert {(each.kind, each.reason) for each in outcomes} == {(OutcomeKind.REJECTED, Reason.BREAKER_OPEN)}
    assert "the breaker of agent 'shaky' is open; it is tried again in 30 s" in outcomes[0].detail
    assert len(agent.calls) == TWICE.failures
    assert runtime.now == 0


def test_without_a_breaker_an_agent_is_called_however_often_it_fails(runtime: VirtualRuntime) -> None:
    agent = Scripted(Fails(OSError))
    runtime.spawn("shaky", agent)

    for _ in range(20):
        outcome_of(runtime)

    assert len(agent.calls) == 20


def test_timeouts_count(runtime: VirtualRuntime) -> None:
    runtime.spawn("shaky", Scripted(Hangs()), timeout=1.0, breaker=TWICE)

    reasons = [outcome_of(runtime).reason for _ in range(3)]

    assert reasons[2] is Reason.BREAKER_OPEN
    assert runtime.breaker("shaky").state is OPEN


def test_cancelled_and_rejected_work_does_not_count(runtime: VirtualRuntime) -> None:
    runtime.spawn("shaky", Scripted(Hangs()), concurrency=1, mailbox=1, breaker=TWICE)
    runs = [runtime.submit("shaky") for _ in range(6)]
    runtime.settle()

    for run in runs:
        run.cancel()
    reasons = [error.outcome.reason for run in runs if (error := run.exception()) is not None]

    assert reasons == [Reason.REQUESTED] * 2 + [Reason.MAILBOX_FULL] * 4
    assert (runtime.breaker("shaky").state, runtime.breaker("shaky").failures) == (CLOSED, 0)


def test_a_success_starts_the_count_afresh(runtime: VirtualRuntime) -> None:
    runtime.spawn("shaky", Scripted(Fails(OSError), Returns(), Fails(OSError), Returns()), breaker=TWICE)

    for _ in range(4):
        outcome_of(runtime)

    assert runtime.breaker("shaky").state is CLOSED


def test_what_its_caller_left_out_is_not_the_agents_failure(runtime: VirtualRuntime) -> None:
    def needy(event: Event, state: Any) -> None:
        """Never gets to run."""

    needy.requires = ("topic",)  # type: ignore[attr-defined]  # how a function declares it
    runtime.spawn("shaky", needy, breaker=TWICE)

    reasons = [outcome_of(runtime).reason for _ in range(3)]

    assert reasons == [Reason.MISSING_INPUT] * 3


def test_when_its_time_is_over_one_is_let_through_and_closes_it(runtime: VirtualRuntime) -> None:
    agent = opened(runtime, AnswersAfter(5.0))
    runtime.advance(RESET_AFTER)
    state_before = runtime.breaker("shaky").state

    trial, early = runtime.submit("shaky"), runtime.submit("shaky")
    rejection = early.exception()
    trial.result()

    assert state_before is HALF_OPEN
    assert rejection is not None
    assert "is half_open; it is being tried" in rejection.outcome.detail
    assert len(agent.calls) == TWICE.failures + 1
    assert runtime.breaker("shaky").state is CLOSED
    assert outcome_of(runtime).ok


def test_a_trial_that_fails_opens_it_again(runtime: VirtualRuntime) -> None:
    opened(runtime, Fails(OSError), Returns())
    runtime.advance(RESET_AFTER)

    outcome_of(runtime)

    assert runtime.breaker("shaky").state is OPEN
    assert runtime.breaker("shaky").reopens_in == RESET_AFTER


def test_a_cancelled_trial_makes_room_for_another(runtime: VirtualRuntime) -> None:
    opened(runtime, Hangs(), Returns())
    runtime.advance(RESET_AFTER)
    trial = runtime.submit("shaky")
    runtime.settle()

    trial.cancel()
    trial.exception()

    assert outcome_of(runtime).ok


def test_half_open_it_lets_the_stated_number_through(runtime: VirtualRuntime) -> None:
    agent = opened(runtime, AnswersAfter(1.0), policy=Breaker(failures=1, reset_after=RESET_AFTER, trials=3))
    runtime.advance(RESET_AFTER)

    runs = [runtime.submit("shaky") for _ in range(10)]
    errors = [run.exception() for run in runs]

    assert sum(error is None for error in errors) == 3
    assert len(agent.calls) == 1 + 3
    assert runtime.breaker("shaky").state is CLOSED


def test_what_was_begun_before_it_opened_does_not_close_it(runtime: VirtualRuntime) -> None:
    agent = Scripted(AnswersAfter(RESET_AFTER + 1), Fails(OSError, times=2), Hangs())
    runtime.spawn("shaky", agent, breaker=TWICE)
    early = runtime.submit("shaky")
    runtime.settle()
    for _ in range(2):
        outcome_of(runtime)
    runtime.advance(RESET_AFTER)
    trial = runtime.submit("shaky")

    early.result()

    assert runtime.breaker("shaky").state is HALF_OPEN
    trial.cancel()


def test_resetting_lets_work_through_at_once(runtime: VirtualRuntime, watcher: Watcher) -> None:
    opened(runtime)

    runtime.breaker("shaky").reset()

    assert outcome_of(runtime).ok
    runtime.breaker("shaky").reset()  # does nothing
    runtime.settle()
    changes = [(fact.state, fact.detail) for fact in watcher.all(BreakerChanged)]
    assert [state for state, _ in changes] == [OPEN, CLOSED]
    assert "OSError" in changes[0][1]
    assert changes[1][1] == "it was reset"


def test_that_it_closes_by_itself_is_told(runtime: VirtualRuntime, watcher: Watcher) -> None:
    opened(runtime)
    runtime.advance(RESET_AFTER)

    outcome_of(runtime)

    runtime.settle()
    assert watcher.all(BreakerChanged)[-1] == BreakerChanged("shaky", "closed", "it does well again")


@pytest.mark.parametrize(("on", "attempts"), [(BreakerOpenError, 3), (ValueError, 1), (Exception, 3)])
def test_a_retry_policy_may_name_an_open_breaker(
    runtime: VirtualRuntime, watcher: Watcher, on: type[Exception], attempts: int
) -> None:
    opened(runtime)
    retry = Retry(attempts=3, on=(on,), backoff=Backoff(initial=1.0, jitter=0))

    error = runtime.submit(Sequential(Branch("shaky", retry=retry))).exception()

    assert error is not None
    assert error.trace is not None
    assert [record.attempts for record in error.trace.walk() if record.pattern == "agent"] == [attempts]


def test_a_retry_may_outlast_an_open_breaker(runtime: VirtualRuntime) -> None:
    opened(runtime)
    retry = Retry(attempts=2, on=(BreakerOpenError,), backoff=Backoff(initial=RESET_AFTER, maximum=60, jitter=0))

    outcome = outcome_of(runtime, Sequential(Branch("shaky", retry=retry)))

    assert outcome.ok


def test_a_fallback_takes_over_at_once(runtime: VirtualRuntime) -> None:
    opened(runtime)
    runtime.spawn("steady", Scripted(Returns({"by": "steady"})))

    result = runtime.run(Sequential(Branch("shaky", fallback="steady")))

    assert result.state["by"] == "steady"
    assert runtime.now == 0


def test_a_pattern_that_met_it_failed_with_its_error(runtime: VirtualRuntime) -> None:
    opened(runtime)
    runtime.spawn("steady", Scripted(Returns({"by": "steady"})))
    rescue = Conditional(Case("open", FailedWith(BreakerOpenError), "steady"), fallback="shaky")

    result = runtime.run(Branch("step", Sequential("shaky"), fallback=rescue))

    assert result.state["by"] == "steady"


def test_telling_and_asking_raise_when_it_is_open(runtime: VirtualRuntime) -> None:
    opened(runtime)
    ref = runtime.agent("shaky")

    with pytest.raises(BreakerOpenError, match="agent 'shaky' is left alone: .* tried again in 30 s") as caught:
        ref.ask(Event())
    with pytest.raises(BreakerOpenError):
        ref.tell(Event())

    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_its_state_is_a_metric(runtime: VirtualRuntime) -> None:
    opened(runtime)
    runtime.spawn("plain", Scripted(Returns()))

    pages = []
    for seconds in (0.0, RESET_AFTER):
        runtime.advance(seconds)
        pages.append(runtime.metrics_text().decode())
    outcome_of(runtime)
    pages.append(runtime.metrics_text().decode())

    levels = [line for page in pages for line in page.splitlines() if line.startswith("mixmode_breaker_state{")]
    assert levels == [f'mixmode_breaker_state{{agent="shaky"}} {level}.0' for level in (2, 1, 0)]
    assert 'mixmode_breaker_opened_total{agent="shaky"} 1.0' in pages[2]


def test_it_can_be_read(runtime: VirtualRuntime) -> None:
    runtime.spawn("shaky", Scripted(Fails(OSError)), breaker=TWICE)

    outcome_of(runtime)

    breaker = runtime.breaker("shaky")
    assert (breaker.agent, breaker.policy, breaker.failures, breaker.reopens_in) == ("shaky", TWICE, 1, 0)
    assert repr(breaker) == "<breaker of agent 'shaky': closed>"


def test_an_agent_without_one_has_none(runtime: VirtualRuntime) -> None:
    runtime.spawn("plain", Scripted(Returns()))

    with pytest.raises(ValueError, match="agent 'plain' has no breaker"):
        runtime.breaker("plain")
    with pytest.raises(UnknownAgentError):
        runtime.breaker("nobody")


def test_what_is_no_breaker_is_refused(runtime: VirtualRuntime) -> None:
    with pytest.raises(TypeError, match="breaker must be a supervisors.Breaker, not 5"):
        runtime.spawn("shaky", Scripted(Returns()), breaker=5)

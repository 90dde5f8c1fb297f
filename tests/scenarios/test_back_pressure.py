"""Back-pressure: runs that are too many wait their turn or are refused, and retries have a budget."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from actors import Branch, Event, OverloadedError, Run, RunCancelledError, Runtime, RunTimeoutError, Sequential
from actors.testing import AnswersAfter, Fails, Hangs, Returns, Scripted, VirtualRuntime
from supervisors import Backoff, OutcomeKind, Reason, Retry
from supervisors.policies.retry_budget import RetryBudget
from tests.scenarios.numbered_events import handled, numbered, reason_of
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE

AT_ONCE = Backoff(initial=0.0)


# Runs that wait their turn


@pytest.fixture
def narrow() -> Iterator[VirtualRuntime]:
    """A runtime that executes one run at a time, and has three wait."""
    with VirtualRuntime(max_runs=1, waiting=3) as runtime:
        yield runtime


def of_session(session: str, number: int) -> Event:
    return Event(data={"number": number}, metadata={"session_id": session}, id=f"{session}-{number}")


def test_a_run_beyond_max_runs_waits_its_turn(narrow: VirtualRuntime) -> None:
    agent = Scripted(AnswersAfter(1.0))
    narrow.spawn("busy", agent)

    runs = [narrow.submit("busy", numbered(number)) for number in range(4)]
    narrow.settle()
    counts = narrow.runs_in_progress, narrow.runs_waiting, len(agent.calls)

    durations = [run.result().duration for run in runs]

    assert counts == (4, 3, 1)
    assert handled(agent) == [0, 1, 2, 3]
    assert durations == [1.0, 2.0, 3.0, 4.0]
    assert (narrow.runs_in_progress, narrow.runs_waiting) == (0, 0)


def test_one_run_more_than_may_wait_is_refused(narrow: VirtualRuntime) -> None:
    narrow.spawn("busy", Scripted(AnswersAfter(1.0)))
    runs = [narrow.submit("busy") for _ in range(4)]

    with pytest.raises(OverloadedError, match="1 runs are in progress and 3 wait their turn") as caught:
        narrow.submit("busy")

    runs[0].result()
    runs.append(narrow.submit("busy"))
    assert all(run.result().outcome.ok for run in runs)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_runs_time_counts_from_its_submission(narrow: VirtualRuntime) -> None:
    agent = Scripted(AnswersAfter(10.0))
    narrow.spawn("busy", agent)
    first, second = narrow.submit("busy", numbered(0)), narrow.submit("busy", numbered(1), timeout=4.0)

    with pytest.raises(RunTimeoutError) as caught:
        second.result()

    assert narrow.now == 4.0
    assert caught.value.outcome.reason is Reason.NOT_STARTED
    assert caught.value.outcome.budget == "run"
    assert first.result().outcome.ok
    assert handled(agent) == [0]


def test_a_run_that_waits_can_be_cancelled(narrow: VirtualRuntime) -> None:
    agent = Scripted(AnswersAfter(10.0))
    narrow.spawn("busy", agent)
    runs = [narrow.submit("busy", numbered(number)) for number in range(3)]
    narrow.settle()

    runs[1].cancel()

    with pytest.raises(RunCancelledError):
        runs[1].result()
    assert (narrow.now, narrow.runs_waiting) == (0, 1)
    assert runs[2].result().outcome.ok
    assert handled(agent) == [0, 2]


def test_a_run_that_is_cancelled_when_its_turn_came_is_cancelled_once(narrow: VirtualRuntime) -> None:
    narrow.spawn("busy", Scripted(AnswersAfter(10.0)))
    first, second = narrow.submit("busy"), narrow.submit("busy")
    first.result()
    narrow.settle()

    second.cancel()

    with pytest.raises(RunCancelledError):
        second.result()
    assert narrow.runs_in_progress == 0


def test_a_busy_session_does_not_hold_others_up() -> None:
    agent = Scripted(AnswersAfter(1.0))
    with VirtualRuntime(max_runs=1, waiting=100) as runtime:
        runtime.spawn("busy", agent)
        runs = [runtime.submit("busy", of_session("greedy", number)) for number in range(50)]
        runs += [runtime.submit("busy", of_session(session, number)) for number in range(2) for session in "ab"]

        for run in runs:
            run.result()

    begun = [call.event.id for call in agent.calls]
    assert begun[:8] == ["greedy-0", "greedy-1", "a-0", "b-0", "greedy-2", "a-1", "b-1", "greedy-3"]
    assert begun[8:] == [f"greedy-{number}" for number in range(4, 50)]


def test_with_room_for_all_nobody_waits() -> None:
    agent = Scripted(AnswersAfter(1.0))
    with VirtualRuntime(max_runs=3, waiting=1) as runtime:
        runtime.spawn("busy", agent)

        for run in [runtime.submit("busy", of_session("one", number)) for number in range(3)]:
            assert run.result().duration == 1.0


def test_how_many_wait_is_a_metric(narrow: VirtualRuntime) -> None:
    narrow.spawn("busy", Scripted(AnswersAfter(1.0)))
    runs = [narrow.submit("busy") for _ in range(3)]
    narrow.settle()

    page = narrow.metrics_text().decode()

    assert 'mixmode_runs_waiting{workflow="busy"} 2.0' in page
    for run in runs:
        run.result()


def test_stopping_ends_those_that_wait_too(narrow: VirtualRuntime) -> None:
    narrow.spawn("busy", Scripted(Hangs()))
    runs = [narrow.submit("busy") for _ in range(3)]
    narrow.settle()

    narrow.stop(1.0)

    assert [reason_of(run) for run in runs] == [Reason.SHUTDOWN] * 3


def test_what_waits_is_drained_within_the_grace() -> None:
    with VirtualRuntime(max_runs=1, waiting=10, grace=60.0) as runtime:
        runtime.spawn("busy", Scripted(AnswersAfter(1.0)))
        runs = [runtime.submit("busy") for _ in range(5)]

    assert all(run.result().outcome.ok for run in runs)


def test_a_thousand_runs_from_many_threads_all_get_their_turn() -> None:
    with Runtime(max_runs=4, waiting=1_000) as runtime:
        runtime.spawn("quick", lambda event, state: {"number": event.data["number"]})
        runs: list[Run] = []

        def submit_some(sender: int) -> None:
            for number in range(125):
                runs.append(runtime.submit("quick", of_session(str(sender), number)))

        threads = [threading.Thread(target=submit_some, args=(sender,), daemon=True) for sender in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)

        assert all(run.result(PATIENCE).outcome.ok for run in runs)
        assert len(runs) == 1_000
        assert eventually(lambda: (runtime.runs_in_progress, runtime.runs_waiting) == (0, 0))


# A budget for retries


RETRIED = Sequential(Branch("shaky", retry=Retry(attempts=3, backoff=AT_ONCE)), name="retried")


def calls_of(runs: int, budget: RetryBudget | None) -> int:
    """Return how often an agent is called that always fails."""
    agent = Scripted(Fails(OSError("down")))
    with VirtualRuntime(retry_budget=budget) as runtime:
        runtime.spawn("shaky", agent)
        for _ in range(runs):
            assert runtime.submit(RETRIED).exception() is not None
    return len(agent.calls)


def test_an_outage_is_not_multiplied() -> None:
    without = calls_of(100, None)
    with_budget = calls_of(100, RetryBudget(ratio=0.2, reserve=10, per_second=0))

    assert without == 300
    assert with_budget == 100 + 10 + 20 - 1  # the first try's share does not fit into a full reserve


def test_the_outcome_says_that_the_budget_stopped_a_retry() -> None:
    with VirtualRuntime(retry_budget=RetryBudget(ratio=0, reserve=1, per_second=0)) as runtime:
        runtime.spawn("shaky", Scripted(Fails(OSError("down"))))

        errors = [runtime.submit(RETRIED).exception() for _ in range(2)]

    details = []
    for error in errors:
        assert error is not None
        assert error.trace is not None
        [record] = [record for record in error.trace.walk() if record.pattern == "agent"]
        details.append((record.attempts, record.outcome.kind, record.outcome.reason, record.outcome.detail))
    text = "OSError: down; not tried again: the retry budget of the workflow is used up"
    assert details == [(2, OutcomeKind.FAILED, Reason.EXCEPTION, text), (1, OutcomeKind.FAILED, Reason.EXCEPTION, text)]


def test_what_is_not_retried_for_want_of_budget_falls_back() -> None:
    step = Sequential(Branch("shaky", retry=Retry(attempts=9, backoff=AT_ONCE), fallback="steady"))
    with VirtualRuntime(retry_budget=RetryBudget(ratio=0, reserve=1, per_second=0)) as runtime:
        runtime.spawn("shaky", Scripted(Fails(OSError("down"))))
        runtime.spawn("steady", Scripted(Returns({"by": "steady"})))

        assert runtime.run(step).state["by"] == "steady"


def test_each_workflow_has_a_budget_of_its_own() -> None:
    other = Sequential(Branch("shaky", retry=Retry(attempts=2, backoff=AT_ONCE)), name="other")
    agent = Scripted(Fails(OSError("down")))
    with VirtualRuntime(retry_budget=RetryBudget(ratio=0, reserve=1, per_second=0)) as runtime:
        runtime.spawn("shaky", agent)

        for workflow in (RETRIED, other):
            runtime.submit(workflow).exception()

    assert len(agent.calls) == 4


@pytest.mark.parametrize("wrong", [{"waiting": -1}, {"waiting": 1.5}, {"retry_budget": 3}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=next(iter(wrong))):
        Runtime(**wrong)

"""Back-pressure: what is too much is refused, waits its turn, or gives way, as was said beforehand."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import Iterator
from typing import Any

import pykka
import pytest

from actors import (
    Agent,
    Branch,
    Event,
    MailboxFullError,
    OverloadedError,
    Run,
    RunCancelledError,
    Runtime,
    RunTimeoutError,
    Sequential,
    State,
)
from actors.mailbox import MailboxPolicy
from actors.testing import AnswersAfter, Fails, Hangs, Returns, Scripted, VirtualRuntime
from supervisors import Backoff, OutcomeKind, Reason, Retry
from supervisors.retry_budget import RetryBudget
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE

DROPS = MailboxPolicy(capacity=2, overflow="drop_oldest")
AT_ONCE = Backoff(initial=0.0)


@pytest.fixture
def runtime() -> Iterator[VirtualRuntime]:
    with VirtualRuntime() as runtime:
        yield runtime


def numbered(number: int) -> Event:
    return Event(data={"number": number}, id=f"event-{number}")


def handled(agent: Scripted) -> list[int]:
    """Return the numbers of the events that an agent was given."""
    return [call.event.data["number"] for call in agent.calls]


def reason_of(run: Run) -> Reason:
    error = run.exception()
    return run.result().outcome.reason if error is None else error.outcome.reason


# A mailbox that drops the oldest


def test_the_oldest_that_waits_gives_way_to_the_newest(runtime: VirtualRuntime) -> None:
    agent = Scripted(AnswersAfter(1.0))
    runtime.spawn("busy", agent, concurrency=1, mailbox=DROPS)
    runs = []
    for number in range(5):
        runs.append(runtime.submit("busy", numbered(number)))
        runtime.settle()

    reasons = [reason_of(run) for run in runs]

    dropped = [Reason.DROPPED] * 2
    assert reasons == [Reason.COMPLETED, *dropped, Reason.COMPLETED, Reason.COMPLETED]
    assert handled(agent) == [0, 3, 4]


def test_whoever_asked_for_what_gave_way_is_told(runtime: VirtualRuntime) -> None:
    ref = runtime.spawn("busy", Scripted(AnswersAfter(1.0)), concurrency=1, mailbox=DROPS)
    ref.tell(numbered(0))
    runtime.settle()

    replies = [ref.ask(numbered(number), block=False) for number in (1, 2, 3)]

    with pytest.raises(MailboxFullError, match=r"agent 'busy' is full \(2 events\)"):
        replies[0].get(timeout=PATIENCE)
    assert all(reply.get(timeout=PATIENCE) for reply in replies[1:])


def test_what_gave_way_may_be_retried_by_its_branch(runtime: VirtualRuntime) -> None:
    agent = Scripted(AnswersAfter(1.0))
    runtime.spawn("busy", agent, concurrency=1, mailbox=MailboxPolicy(capacity=1, overflow="drop_oldest"))
    retry = Retry(attempts=3, backoff=Backoff(initial=5.0, jitter=0))
    step = Sequential(Branch("busy", retry=retry))
    runs = []
    for number in range(3):
        runs.append(runtime.submit(step, numbered(number)))
        runtime.settle()

    assert [run.result().outcome.ok for run in runs] == [True] * 3
    assert handled(agent) == [0, 2, 1]


def test_nothing_can_be_dropped_where_nothing_waits(runtime: VirtualRuntime) -> None:
    with pytest.raises(ValueError, match="nothing waits for a function without a concurrency"):
        runtime.spawn("busy", Scripted(Returns()), mailbox=DROPS)


# A mailbox for whose room senders wait


def waits(seconds: float, capacity: int = 1) -> MailboxPolicy:
    return MailboxPolicy(capacity=capacity, overflow="wait", wait=seconds)


@pytest.mark.parametrize("concurrency", [1, None])
def test_a_sender_outside_waits_for_room(runtime: VirtualRuntime, concurrency: int | None) -> None:
    agent = Scripted(AnswersAfter(1.0))
    ref = runtime.spawn("busy", agent, concurrency=concurrency, mailbox=waits(10.0))

    for number in range(5):
        ref.tell(numbered(number))
    sent_at = runtime.now
    runtime.advance(10.0)

    assert handled(agent) == [0, 1, 2, 3, 4]
    assert sent_at == (3.0 if concurrency else 4.0)


def test_a_sender_waits_no_longer_than_was_said(runtime: VirtualRuntime) -> None:
    ref = runtime.spawn("busy", Scripted(Hangs()), concurrency=1, mailbox=waits(7.0))
    for number in range(2):
        ref.tell(numbered(number))
        runtime.settle()

    with pytest.raises(MailboxFullError):
        ref.tell(numbered(2))

    assert runtime.now == 7.0


def test_a_sender_waits_no_longer_than_its_event_may_take(runtime: VirtualRuntime) -> None:
    agent = Scripted(Hangs())
    ref = runtime.spawn("busy", agent, concurrency=1, mailbox=waits(100.0), timeout=5.0)
    for number in range(2):
        ref.tell(numbered(number))
        runtime.settle()

    ref.tell(numbered(2))

    assert runtime.now == 5.0


def test_a_stop_ends_the_waiting_of_senders(runtime: VirtualRuntime) -> None:
    ref = runtime.spawn("busy", Scripted(Hangs()), concurrency=1, mailbox=waits(100.0))
    runtime.spawn("stopper", stop_soon(runtime))
    for number in range(2):
        ref.tell(numbered(number))
        runtime.settle()
    runtime.submit("stopper")

    with pytest.raises(pykka.ActorDeadError, match="it was stopped"):
        ref.tell(numbered(2))

    assert runtime.now < 100.0


def stop_soon(runtime: Runtime) -> Any:
    async def stopper(event: Event, state: State) -> None:
        await asyncio.sleep(1.0)
        runtime.stop_agent("busy", grace=0, block=False)

    return stopper


def test_a_step_of_a_run_does_not_wait(runtime: VirtualRuntime) -> None:
    runtime.spawn("busy", Scripted(Hangs()), concurrency=1, mailbox=waits(100.0))
    runs = [runtime.submit("busy") for _ in range(3)]
    runtime.settle()

    assert reason_of(runs[2]) is Reason.MAILBOX_FULL
    assert runtime.now == 0
    for run in runs:
        run.cancel()


def test_a_sender_on_an_event_loop_does_not_wait(runtime: VirtualRuntime) -> None:
    ref = runtime.spawn("busy", Scripted(Hangs()), concurrency=1, mailbox=waits(100.0))
    for number in range(2):
        ref.tell(numbered(number))
        runtime.settle()

    async def teller(event: Event, state: State) -> None:
        ref.tell(event)

    runtime.spawn("teller", teller)

    error = runtime.submit("teller", numbered(2)).exception()

    assert error is not None
    assert "MailboxFullError" in str(error)
    assert runtime.now == 0


def test_room_that_a_new_instance_makes_is_noticed(runtime: VirtualRuntime) -> None:
    numbers = []

    class Crasher(Agent):
        async def run(self, event: Event, state: State) -> None:
            numbers.append(event.data["number"])
            if event.data["number"] == 0:
                raise SystemExit
            await asyncio.sleep(1.0)

    ref = runtime.spawn("busy", Crasher, mailbox=waits(100.0))

    for number in range(4):
        ref.tell(numbered(number))
    runtime.advance(10.0)

    assert numbers == [0, 1, 2, 3]


def test_many_senders_wait_and_all_are_served(gate: threading.Event) -> None:
    seen: list[int] = []
    lock = threading.Lock()

    def slow(event: Event, state: State) -> None:
        gate.wait(PATIENCE)
        with lock:
            seen.append(event.data["number"])

    with Runtime() as runtime:
        ref = runtime.spawn("slow", slow, concurrency=2, mailbox=waits(PATIENCE, capacity=1))
        threads = [threading.Thread(target=ref.tell, args=(numbered(number),), daemon=True) for number in range(30)]
        for thread in threads:
            thread.start()

        gate.set()

        for thread in threads:
            thread.join(PATIENCE)
        assert eventually(lambda: len(seen) == 30)
    assert sorted(seen) == list(range(30))


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"capacity": 0}, "capacity"),
        ({"overflow": "wait"}, "wait must be given with overflow='wait'"),
        ({"wait": 1.0}, "not overflow='reject' with wait=1.0"),
        ({"overflow": "drop_newest"}, "overflow"),
        ({"overflow": "wait", "wait": 0}, "wait"),
    ],
)
def test_a_mailbox_that_makes_no_sense_is_refused(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        MailboxPolicy(**wrong)


def test_a_number_is_a_capacity(runtime: VirtualRuntime) -> None:
    ref = runtime.spawn("busy", Scripted(Hangs()), concurrency=1, mailbox=1)
    for number in range(2):
        ref.tell(numbered(number))
        runtime.settle()

    with pytest.raises(MailboxFullError):
        ref.tell(numbered(2))
    with pytest.raises(TypeError, match="mailbox must be a whole number"):
        runtime.spawn("other", Scripted(Returns()), mailbox="10")


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

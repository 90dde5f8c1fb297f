"""Restarts: the instance is new, the ref and the mailbox are the same."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from actors import Agent, AgentStoppedError, Event, Runtime, State
from supervisors import Backoff, OutcomeKind, Reason, Restart
from supervisors.facts import AgentGivenUp, AgentRestarted
from tests.scenarios.timing import eventually, seconds_of
from tests.scenarios.watching import PATIENCE, Watcher

AT_ONCE = Backoff(initial=0.0)


class Log:
    """What all instances of an agent did, in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.entries: list[str] = []

    def note(self, entry: str) -> None:
        with self._lock:
            self.entries.append(entry)


class Recorded(Agent):
    """Counts its events; raises what the event says."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.count = 0
        log.note("made")

    def handle(self, event: Event, state: State) -> None:
        self.count += 1
        self.log.note(f"run {self.count}")
        raises = event.data.get("raises")
        if raises == "SystemExit":
            raise SystemExit
        if raises == "ConnectionError":
            raise ConnectionResetError("lost")
        if raises == "ValueError":
            raise ValueError("ordinary")
        state["count"] = self.count


class Fragile(Recorded):
    """Runs on a thread."""

    def on_start(self) -> None:
        self.log.note("on_start")

    def on_restart(self, reason: str) -> None:
        self.log.note(f"on_restart {reason}")

    def on_stop(self) -> None:
        self.log.note("on_stop")

    def run(self, event: Event, state: State) -> None:
        self.handle(event, state)


class FragileAsync(Recorded):
    """Runs on an event loop."""

    async def on_start(self) -> None:
        self.log.note("on_start")

    async def on_restart(self, reason: str) -> None:
        self.log.note(f"on_restart {reason}")

    async def on_stop(self) -> None:
        self.log.note("on_stop")

    async def run(self, event: Event, state: State) -> None:
        self.handle(event, state)


@pytest.fixture
def log() -> Log:
    return Log()


kinds = pytest.mark.parametrize("kind", [Fragile, FragileAsync])


def spawn(runtime: Runtime, kind: type[Recorded], log: Log, **options: Any) -> Any:
    return runtime.spawn("fragile", lambda: kind(log), **options)


def failed_with(runtime: Runtime, error: str) -> Reason:
    failure = runtime.submit("fragile", {"raises": error}).exception(PATIENCE)
    assert failure is not None
    return failure.outcome.reason


@kinds
def test_an_ordinary_exception_keeps_the_instance(runtime: Runtime, log: Log, kind: type[Recorded]) -> None:
    spawn(runtime, kind, log)

    assert failed_with(runtime, "ValueError") is Reason.EXCEPTION

    assert runtime.run("fragile").state["count"] == 2
    assert log.entries.count("made") == 1


@kinds
def test_system_exit_restarts_behind_the_same_ref(
    runtime: Runtime, watcher: Watcher, log: Log, kind: type[Recorded]
) -> None:
    ref = spawn(runtime, kind, log)
    runtime.run("fragile")

    failed_with(runtime, "SystemExit")

    assert ref.ask(Event()).state["count"] == 1
    assert runtime.agent("fragile") == ref
    restarted = watcher.await_fact(AgentRestarted)
    assert (restarted.agent, restarted.reason) == ("fragile", "base_exception")


@kinds
def test_an_exception_named_in_the_policy_restarts_with_its_subclasses(
    runtime: Runtime, log: Log, kind: type[Recorded]
) -> None:
    spawn(runtime, kind, log, restart=Restart(on=(ConnectionError,)))
    runtime.run("fragile")

    failed_with(runtime, "ConnectionError")
    assert runtime.run("fragile").state["count"] == 1
    failed_with(runtime, "ValueError")

    assert runtime.run("fragile").state["count"] == 3


@kinds
def test_hooks_are_called_in_order(log: Log, kind: type[Recorded]) -> None:
    with Runtime() as runtime:
        spawn(runtime, kind, log)
        failed_with(runtime, "SystemExit")
        runtime.run("fragile")

    assert log.entries == [
        "made",
        "on_start",
        "run 1",
        "on_stop",
        "made",
        "on_start",
        "on_restart base_exception",
        "run 1",
        "on_stop",
    ]


@kinds
def test_the_queue_survives_a_restart_and_the_crashed_event_is_not_run_again(
    runtime: Runtime, log: Log, kind: type[Recorded]
) -> None:
    spawn(runtime, kind, log)
    data = [{"raises": "SystemExit"}, {}, {}, {"raises": "SystemExit"}, {}]

    runs = [runtime.submit("fragile", each) for each in data]

    ended = [run.exception(PATIENCE) for run in runs]
    assert [error is None for error in ended] == [False, True, True, False, True]
    assert [run.result().state["count"] for run in (runs[1], runs[2], runs[4])] == [1, 2, 1]
    assert len([entry for entry in log.entries if entry.startswith("run")]) == len(data)


@kinds
@pytest.mark.expects_errors
def test_an_agent_that_crashes_too_often_is_failed_and_rejects_at_once(
    runtime: Runtime, watcher: Watcher, log: Log, kind: type[Recorded]
) -> None:
    ref = spawn(runtime, kind, log, restart=Restart(max_restarts=2, backoff=AT_ONCE))
    queued = [runtime.submit("fragile", {"raises": "SystemExit"}) for _ in range(5)]

    errors = [run.exception(PATIENCE) for run in queued]
    watcher.await_fact(AgentGivenUp)
    later = runtime.submit("fragile")

    reasons = [error.outcome.reason for error in errors if error is not None]
    assert reasons == [Reason.EXCEPTION] * 3 + [Reason.AGENT_FAILED] * 2
    error = later.exception(PATIENCE)
    assert error is not None
    assert (error.outcome.kind, error.outcome.reason) == (
        OutcomeKind.REJECTED,
        Reason.AGENT_FAILED,
    )
    assert "after 2 restarts" in str(error)
    with pytest.raises(AgentStoppedError):
        ref.ask(Event())


@kinds
@pytest.mark.expects_errors
def test_a_failed_agent_does_not_hold_up_the_end(watcher: Watcher, log: Log, kind: type[Recorded]) -> None:
    with Runtime(observers=[watcher], grace=5.0) as runtime:
        spawn(runtime, kind, log, restart=Restart(max_restarts=0))
        failed_with(runtime, "SystemExit")
        watcher.await_fact(AgentGivenUp)

        assert seconds_of(runtime.stop) < 2


@kinds
def test_an_agent_that_waits_for_its_restart_does_not_hold_up_the_end(log: Log, kind: type[Recorded]) -> None:
    slowly = Restart(max_restarts=5, backoff=Backoff(initial=30.0, maximum=30.0))
    with Runtime(grace=5.0) as runtime:
        spawn(runtime, kind, log, restart=slowly)
        failed_with(runtime, "SystemExit")  # its restart is immediate
        failed_with(runtime, "SystemExit")  # the second one has to wait

        assert seconds_of(runtime.stop) < 2


@kinds
@pytest.mark.expects_errors
def test_a_failed_agent_can_be_stopped_and_spawned_anew(
    runtime: Runtime, watcher: Watcher, log: Log, kind: type[Recorded]
) -> None:
    spawn(runtime, kind, log, restart=Restart(max_restarts=0))
    failed_with(runtime, "SystemExit")
    watcher.await_fact(AgentGivenUp)

    assert seconds_of(lambda: runtime.stop_agent("fragile")) < 2
    spawn(runtime, kind, log)

    assert runtime.run("fragile").state["count"] == 1


class StartsAtThirdTry(Agent):
    """Its `on_start` fails twice."""

    starts = 0

    def on_start(self) -> None:
        type(self).starts += 1
        if type(self).starts < 3:
            raise ConnectionError("no database yet")

    def run(self, event: Event, state: State) -> None:
        state["starts"] = type(self).starts


def test_a_failed_start_is_tried_again(runtime: Runtime) -> None:
    class Agent(StartsAtThirdTry):
        starts = 0

    runtime.spawn("late", Agent, restart=Restart(max_restarts=5, backoff=AT_ONCE))

    assert eventually(lambda: runtime.submit("late").exception(PATIENCE) is None)
    assert runtime.run("late").state["starts"] == 3


@pytest.mark.expects_errors
@pytest.mark.parametrize("failing", ["__init__", "on_start"])
@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
def test_what_is_queued_for_an_agent_that_cannot_start_is_rejected(
    runtime: Runtime, gate: threading.Event, failing: str, error: type[BaseException]
) -> None:
    class Broken(Agent):
        def __init__(self) -> None:
            self.fail("__init__")

        def on_start(self) -> None:
            self.fail("on_start")

        def fail(self, place: str) -> None:
            if place == failing:
                gate.wait(PATIENCE)
                raise error("cannot start")

        def run(self, event: Event, state: State) -> None:
            raise AssertionError("it was never started")

    ref = runtime.spawn("broken", Broken, restart=Restart(max_restarts=0))
    run = runtime.submit("broken")
    reply = ref.ask(Event(), block=False)
    gate.set()

    failure = run.exception(PATIENCE)

    assert failure is not None
    assert failure.outcome.kind is OutcomeKind.REJECTED
    assert failure.outcome.reason is Reason.START_FAILED
    assert "cannot start" in str(failure)
    with pytest.raises(AgentStoppedError, match="cannot start"):
        reply.get(timeout=PATIENCE)


@kinds
def test_instances_have_a_state_of_their_own_and_crash_alone(runtime: Runtime, log: Log, kind: type[Recorded]) -> None:
    spawn(runtime, kind, log, concurrency=3)
    assert eventually(lambda: log.entries.count("on_start") == 3)

    failed_with(runtime, "SystemExit")

    assert eventually(lambda: log.entries.count("on_start") == 4)
    assert log.entries.count("on_restart base_exception") == 1
    assert log.entries.count("on_stop") == 1


def test_n_instances_handle_n_events_at_once_and_one_each(runtime: Runtime) -> None:
    meeting = threading.Barrier(3)

    class Worker(Agent):
        def __init__(self) -> None:
            self.is_busy = False

        def run(self, event: Event, state: State) -> None:
            state["was_busy"] = self.is_busy
            self.is_busy = True
            meeting.wait(PATIENCE)
            self.is_busy = False

    runtime.spawn("worker", Worker, concurrency=3)

    runs = [runtime.submit("worker") for _ in range(12)]

    assert [run.result(PATIENCE).state["was_busy"] for run in runs] == [False] * 12


def test_an_abandoned_instance_is_replaced_and_gets_no_further_event(
    runtime: Runtime, watcher: Watcher, gate: threading.Event
) -> None:
    numbers = iter(range(1, 100))

    class Stuck(Agent):
        def __init__(self) -> None:
            self.number = next(numbers)

        def run(self, event: Event, state: State) -> None:
            if event.data.get("hang"):
                gate.wait(PATIENCE)  # the misbehaviour: it never notices that its time is over
            state["number"] = self.number

    runtime.spawn("stuck", Stuck)
    runtime.submit("stuck", {"hang": True}, timeout=0.05).exception(PATIENCE)

    results = [runtime.run("stuck", timeout=PATIENCE) for _ in range(3)]

    assert [result.state["number"] for result in results] == [2, 2, 2]
    assert watcher.await_fact(AgentRestarted).reason == "abandoned"


def test_a_stop_hook_that_raises_is_survived(runtime: Runtime) -> None:
    class Rude(Agent):
        def on_stop(self) -> None:
            raise SystemExit

        def run(self, event: Event, state: State) -> None:
            state["ran"] = True

    runtime.spawn("rude", Rude)
    runtime.run("rude")

    runtime.stop_agent("rude", timeout=PATIENCE)

    assert runtime.agents == ()

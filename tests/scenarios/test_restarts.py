"""Restarts: the instance is new, the ref and the mailbox are the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from actors import Agent, AgentStoppedError, Event, State
from actors.testing import VirtualRuntime, hang, sleep
from supervisors import Backoff, OutcomeKind, Reason, Restart
from supervisors.facts import AgentGivenUp, AgentRestarted
from tests.scenarios.watching import Watcher

AT_ONCE = Backoff(initial=0.0)


@pytest.fixture(params=range(5), ids="seed {}".format)
def runtime(request: pytest.FixtureRequest, watcher: Watcher) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(seed=request.param, observers=[watcher], abandon_after=1.0) as runtime:
        yield runtime


class Log:
    """What all instances of an agent did, in order."""

    def __init__(self) -> None:
        self.entries: list[str] = []

    def note(self, entry: str) -> None:
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
        if raises == "group":
            raise ExceptionGroup("both", [ValueError("ordinary"), ConnectionResetError("lost")])
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


def spawn(runtime: VirtualRuntime, kind: type[Recorded], log: Log, **options: Any) -> Any:
    return runtime.spawn("fragile", lambda: kind(log), **options)


def failed_with(runtime: VirtualRuntime, error: str) -> Reason:
    failure = runtime.submit("fragile", {"raises": error}).exception()
    assert failure is not None
    return failure.outcome.reason


@kinds
def test_an_ordinary_exception_keeps_the_instance(runtime: VirtualRuntime, log: Log, kind: type[Recorded]) -> None:
    spawn(runtime, kind, log)

    assert failed_with(runtime, "ValueError") is Reason.EXCEPTION

    assert runtime.run("fragile").state["count"] == 2
    assert log.entries.count("made") == 1


@kinds
def test_system_exit_restarts_behind_the_same_ref(
    runtime: VirtualRuntime, watcher: Watcher, log: Log, kind: type[Recorded]
) -> None:
    ref = spawn(runtime, kind, log)
    runtime.run("fragile")

    failed_with(runtime, "SystemExit")

    assert ref.ask(Event()).state["count"] == 1
    assert runtime.agent("fragile") == ref
    runtime.settle()
    assert [(fact.agent, fact.reason) for fact in watcher.all(AgentRestarted)] == [("fragile", "base_exception")]


@kinds
def test_an_exception_named_in_the_policy_restarts_with_its_subclasses(
    runtime: VirtualRuntime, log: Log, kind: type[Recorded]
) -> None:
    spawn(runtime, kind, log, restart=Restart(on=(ConnectionError,)))
    runtime.run("fragile")

    failed_with(runtime, "ConnectionError")
    assert runtime.run("fragile").state["count"] == 1
    failed_with(runtime, "group")
    assert runtime.run("fragile").state["count"] == 1
    failed_with(runtime, "ValueError")

    assert runtime.run("fragile").state["count"] == 3


@kinds
def test_hooks_are_called_in_order(runtime: VirtualRuntime, log: Log, kind: type[Recorded]) -> None:
    spawn(runtime, kind, log)
    failed_with(runtime, "SystemExit")
    runtime.run("fragile")
    runtime.stop()

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
    runtime: VirtualRuntime, log: Log, kind: type[Recorded]
) -> None:
    spawn(runtime, kind, log)
    data = [{"raises": "SystemExit"}, {}, {}, {"raises": "SystemExit"}, {}]

    runs = [runtime.submit("fragile", each) for each in data]

    ended = [run.exception() for run in runs]
    assert [error is None for error in ended] == [False, True, True, False, True]
    assert [run.result().state["count"] for run in (runs[1], runs[2], runs[4])] == [1, 2, 1]
    assert len([entry for entry in log.entries if entry.startswith("run")]) == len(data)


@kinds
@pytest.mark.expects_errors
def test_an_agent_that_crashes_too_often_is_failed_and_rejects_at_once(
    runtime: VirtualRuntime, watcher: Watcher, log: Log, kind: type[Recorded]
) -> None:
    ref = spawn(runtime, kind, log, restart=Restart(max_restarts=2, backoff=AT_ONCE))
    queued = [runtime.submit("fragile", {"raises": "SystemExit"}) for _ in range(5)]

    errors = [run.exception() for run in queued]
    runtime.settle()
    later = runtime.submit("fragile")

    reasons = [error.outcome.reason for error in errors if error is not None]
    assert reasons == [Reason.EXCEPTION] * 3 + [Reason.AGENT_FAILED] * 2
    error = later.exception()
    assert error is not None
    assert (error.outcome.kind, error.outcome.reason) == (
        OutcomeKind.REJECTED,
        Reason.AGENT_FAILED,
    )
    assert "after 2 restarts" in str(error)
    assert len(watcher.all(AgentGivenUp)) == 1
    assert runtime.now == 0.0
    with pytest.raises(AgentStoppedError):
        ref.ask(Event())


@kinds
@pytest.mark.expects_errors
def test_a_failed_agent_does_not_hold_up_the_end(
    runtime: VirtualRuntime, watcher: Watcher, log: Log, kind: type[Recorded]
) -> None:
    spawn(runtime, kind, log, restart=Restart(max_restarts=0))
    failed_with(runtime, "SystemExit")
    runtime.settle()
    assert len(watcher.all(AgentGivenUp)) == 1

    runtime.stop()

    assert runtime.now == 0.0


@kinds
def test_an_agent_that_waits_for_its_restart_does_not_hold_up_the_end(
    runtime: VirtualRuntime, log: Log, kind: type[Recorded]
) -> None:
    slowly = Restart(max_restarts=5, backoff=Backoff(initial=30.0, maximum=30.0))
    spawn(runtime, kind, log, restart=slowly)
    failed_with(runtime, "SystemExit")  # its restart is immediate
    failed_with(runtime, "SystemExit")  # the second one has to wait
    runtime.settle()

    runtime.stop()

    assert runtime.now == 0.0
    assert log.entries.count("made") == 2


@kinds
@pytest.mark.expects_errors
def test_a_failed_agent_can_be_stopped_and_spawned_anew(
    runtime: VirtualRuntime, watcher: Watcher, log: Log, kind: type[Recorded]
) -> None:
    spawn(runtime, kind, log, restart=Restart(max_restarts=0))
    failed_with(runtime, "SystemExit")
    runtime.settle()
    assert len(watcher.all(AgentGivenUp)) == 1

    runtime.stop_agent("fragile")
    spawn(runtime, kind, log)

    assert runtime.run("fragile").state["count"] == 1
    assert runtime.now == 0.0


class StartsAtThirdTry(Agent):
    """Its `on_start` fails twice."""

    starts = 0

    def on_start(self) -> None:
        type(self).starts += 1
        if type(self).starts < 3:
            raise ConnectionError("no database yet")

    def run(self, event: Event, state: State) -> None:
        state["starts"] = type(self).starts


def test_a_failed_start_is_tried_again(runtime: VirtualRuntime) -> None:
    class Agent(StartsAtThirdTry):
        starts = 0

    runtime.spawn("late", Agent, restart=Restart(max_restarts=5, backoff=AT_ONCE))

    runtime.settle()
    assert Agent.starts == 3
    assert runtime.run("late").state["starts"] == 3


@pytest.mark.expects_errors
@pytest.mark.parametrize("failing", ["__init__", "on_start"])
@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
def test_what_is_queued_for_an_agent_that_cannot_start_is_rejected(
    runtime: VirtualRuntime, failing: str, error: type[BaseException]
) -> None:
    class Broken(Agent):
        def __init__(self) -> None:
            self.fail("__init__")

        def on_start(self) -> None:
            self.fail("on_start")

        def fail(self, place: str) -> None:
            if place == failing:
                sleep(1.0)  # so that there is something queued
                raise error("cannot start")

        def run(self, event: Event, state: State) -> None:
            raise AssertionError("it was never started")

    ref = runtime.spawn("broken", Broken, restart=Restart(max_restarts=0))
    run = runtime.submit("broken")
    reply: Any = ref.ask(Event(), block=False)

    failure = run.exception()

    assert failure is not None
    assert failure.outcome.kind is OutcomeKind.REJECTED
    assert failure.outcome.reason is Reason.START_FAILED
    assert "cannot start" in str(failure)
    with pytest.raises(AgentStoppedError, match="cannot start"):
        reply.get()
    assert runtime.now == 1.0


@kinds
def test_instances_have_a_state_of_their_own_and_crash_alone(
    runtime: VirtualRuntime, log: Log, kind: type[Recorded]
) -> None:
    spawn(runtime, kind, log, concurrency=3)
    runtime.settle()
    assert log.entries.count("on_start") == 3

    failed_with(runtime, "SystemExit")

    runtime.settle()
    assert log.entries.count("on_start") == 4
    assert log.entries.count("on_restart base_exception") == 1
    assert log.entries.count("on_stop") == 1


def test_n_instances_handle_n_events_at_once_and_one_each(runtime: VirtualRuntime) -> None:
    class Worker(Agent):
        def __init__(self) -> None:
            self.is_busy = False

        def run(self, event: Event, state: State) -> None:
            state["was_busy"] = self.is_busy
            self.is_busy = True
            sleep(1.0)
            self.is_busy = False

    runtime.spawn("worker", Worker, concurrency=3)

    results = [run.result() for run in [runtime.submit("worker") for _ in range(12)]]

    assert [result.state["was_busy"] for result in results] == [False] * 12
    assert sorted(result.duration for result in results) == [1.0] * 3 + [2.0] * 3 + [3.0] * 3 + [4.0] * 3


def test_an_abandoned_instance_is_replaced_and_gets_no_further_event(runtime: VirtualRuntime, watcher: Watcher) -> None:
    numbers = iter(range(1, 100))

    class Stuck(Agent):
        def __init__(self) -> None:
            self.number = next(numbers)

        def run(self, event: Event, state: State) -> None:
            if event.data.get("hang"):
                hang()
            state["number"] = self.number

    runtime.spawn("stuck", Stuck)
    assert runtime.submit("stuck", {"hang": True}, timeout=60.0).exception() is not None

    results = [runtime.run("stuck") for _ in range(3)]

    assert [result.state["number"] for result in results] == [2, 2, 2]
    assert runtime.now == 61.0
    assert [fact.reason for fact in watcher.all(AgentRestarted)] == ["abandoned"]


def test_a_stop_hook_that_raises_is_survived(runtime: VirtualRuntime) -> None:
    class Rude(Agent):
        def on_stop(self) -> None:
            raise SystemExit

        def run(self, event: Event, state: State) -> None:
            state["ran"] = True

    runtime.spawn("rude", Rude)
    runtime.run("rude")

    runtime.stop_agent("rude", timeout=60.0)

    assert runtime.agents == ()
    assert runtime.now == 0.0

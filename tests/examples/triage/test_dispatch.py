"""Tests of many tickets being handled at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from actors import Event, OverloadedError, Runtime, State
from examples.triage.dispatch import Dispatch
from examples.triage.history import History
from examples.triage.workflow import spawn_agents
from tests.examples.triage.builders import TIMEOUT, ticket, triage
from tests.limits import PATIENCE


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    gate = threading.Event()
    yield gate
    gate.set()


class Ovens:
    """An agent that counts how many are at work at once, and waits for so many before it ends."""

    def __init__(self, wanted: int) -> None:
        self._lock = threading.Lock()
        self._full = threading.Barrier(wanted)
        self._busy = 0
        self.most = 0

    def __call__(self, event: Event, state: State) -> None:
        with self._lock:
            self._busy += 1
            self.most = max(self.most, self._busy)
        self._full.wait(PATIENCE)
        with self._lock:
            self._busy -= 1
        state.update(topics=[], bugs=[], priority=3)


def replace(runtime: Runtime, name: str, agent: object) -> None:
    runtime.stop_agent(name)
    runtime.spawn(name, agent)


@pytest.mark.parametrize("max_runs", [1, 3, 1000])
def test_every_ticket_is_handled_once(max_runs: int) -> None:
    tickets = [ticket("Bakes.", version=f"1.{number}") for number in range(200)]

    handled = triage(tickets, max_runs=max_runs)

    assert [each.ticket for each in handled] == tickets
    assert {each.status for each in handled} == {"filed"}


def test_as_many_are_handled_at_once_as_the_runtime_takes() -> None:
    ovens = Ovens(wanted=4)
    tickets = [ticket("Bakes.", version=f"1.{number}") for number in range(12)]

    with Runtime(max_runs=4) as runtime:
        spawn_agents(runtime, History(()))
        replace(runtime, "read", ovens)
        handled = list(Dispatch(runtime, timeout=TIMEOUT).handle(tickets))

    assert len(handled) == 12
    assert ovens.most == 4


def test_a_ticket_that_fails_does_not_stop_the_others() -> None:
    def read(event: Event, state: State) -> None:
        if event.data["version"] == "1.1":
            raise RuntimeError("the oven is hot")
        state.update(topics=[], bugs=[], priority=3)

    tickets = [ticket("Bakes.", version=f"1.{number}") for number in range(3)]

    with Runtime() as runtime:
        spawn_agents(runtime, History(()))
        replace(runtime, "read", read)
        handled = sorted(Dispatch(runtime, timeout=TIMEOUT).handle(tickets), key=lambda each: each.number)

    assert [each.status for each in handled] == ["filed", "failed", "filed"]
    assert handled[1].desk == "no desk"
    assert "the oven is hot" in handled[1].reason
    assert handled[1].duration is not None


def test_a_ticket_that_fails_at_a_desk_is_counted_there() -> None:
    def burn(event: Event, state: State) -> None:
        raise RuntimeError("the oven is hot")

    with Runtime() as runtime:
        spawn_agents(runtime, History(()))
        replace(runtime, "general-desk", burn)
        (handled,) = Dispatch(runtime, timeout=TIMEOUT).handle([ticket("Bakes.")])

    assert (handled.desk, handled.status) == ("general", "failed")


@pytest.mark.leaves_abandoned_work
def test_a_ticket_that_takes_too_long_fails(gate: threading.Event) -> None:
    with Runtime(abandon_after=0.1) as runtime:
        spawn_agents(runtime, History(()))
        replace(runtime, "general-desk", lambda event, state: gate.wait(PATIENCE))
        (handled,) = Dispatch(runtime, timeout=0.05).handle([ticket("Bakes.")])

    assert handled.status == "failed"
    assert handled.reason.startswith("timed_out")


def test_a_ticket_that_no_event_can_hold_fails() -> None:
    strange = ticket("Bakes.", object())  # type: ignore[arg-type]  # what it is about

    (first, second) = triage([strange, ticket("Fries.", version="2.0")])

    assert (first.status, first.desk, first.duration) == ("failed", "no desk", None)
    assert first.reason.startswith("refused: ")
    assert second.status == "filed"


def test_a_runtime_full_of_others_runs_is_an_error(gate: threading.Event) -> None:
    with Runtime(max_runs=1) as runtime:
        spawn_agents(runtime, History(()))
        runtime.spawn("wait", lambda event, state: gate.wait(PATIENCE) and None)
        run = runtime.submit("wait", timeout=TIMEOUT)
        with pytest.raises(OverloadedError):
            list(Dispatch(runtime, timeout=TIMEOUT).handle([ticket("Bakes.")]))
        gate.set()
        run.result(PATIENCE)

"""The shutdown: drain, cancel, stop the agents, end the threads."""

from __future__ import annotations

import threading

import pytest

from actors import Event, RunCancelledError, Runtime, State
from actors.runtime.shutdown import shut_down
from supervisors.outcome import Reason
from tests.limits import PATIENCE


class Gated:
    """An agent that waits at a gate."""

    def __init__(self) -> None:
        self.gate, self.is_in = threading.Event(), threading.Event()

    def run(self, event: Event, state: State) -> None:
        self.is_in.set()
        self.gate.wait(PATIENCE)
        state["worked"] = True


@pytest.fixture
def runtime() -> Runtime:
    return Runtime(abandon_after=0.05).start()


def test_what_ends_in_time_is_waited_for(runtime: Runtime) -> None:
    gated = Gated()
    runtime.spawn("gated", gated.run)
    run = runtime.submit("gated")
    assert gated.is_in.wait(PATIENCE)
    gated.gate.set()

    report = runtime.stop(PATIENCE)

    assert (report.cancelled_runs, report.abandoned_work) == ((), {})
    assert run.result(0).state == {"worked": True}


@pytest.mark.leaves_abandoned_work
def test_what_does_not_is_cancelled_and_reported(runtime: Runtime) -> None:
    gated = Gated()
    runtime.spawn("gated", gated.run)
    run = runtime.submit("gated")
    assert gated.is_in.wait(PATIENCE)

    report = runtime.stop(0)
    gated.gate.set()

    with pytest.raises(RunCancelledError) as raised:
        run.result(0)
    assert raised.value.outcome.reason is Reason.SHUTDOWN
    assert report.abandoned_work == {"gated": 1}
    assert report.cancelled_runs == (repr(run),)


def test_it_leaves_no_cells_and_no_timers(runtime: Runtime) -> None:
    runtime.spawn("gated", Gated().run, timeout=60)
    system = runtime._system

    report = shut_down(system, [], PATIENCE)

    assert (report.cancelled_runs, report.abandoned_work) == ((), {})
    assert (system.agents, system.orchestrators, system.plane.armed_timers) == ({}, {}, 0)
    runtime.stop()

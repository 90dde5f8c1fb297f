"""The assembly: the parts are joined, and what goes wrong inside the control plane stays where it went wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actors import Event, Runtime, Sequential, State
from actors.control.environment import Environment
from actors.control.facilities import _systems
from actors.runs.run import Run, RunKeeper
from actors.runtime.assembly import Containment, assemble
from actors.runtime.settings import RuntimeSettings
from actors.values.state import EMPTY_SNAPSHOT
from supervisors.clock import Clock, ManualClock, SystemClock
from supervisors.outcome import Reason
from tests.actors.by_hand import Rig

pytestmark = pytest.mark.expects_errors


class Kept:
    """A run in progress, and what contains its defects."""

    def __init__(self) -> None:
        self.rig = Rig()
        self.run = Run(self.rig.system, 1, "flow")
        self.runs: dict[int, RunKeeper] = {}
        self.keeper = self.runs[1] = RunKeeper(self.rig.system, self.run, self.runs, EMPTY_SNAPSHOT)
        self.containment = Containment(self.rig.system, self.runs)

    def reason(self) -> Reason | None:
        """Return why the run failed, if it did."""
        error = self.run.exception(0) if self.run.done() else None
        return error.outcome.reason if error is not None else None


class Recipient:
    """A part of the runtime that belongs to no run."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def handle(self, message: Any) -> None:
        self.messages.append(message)


@pytest.mark.parametrize("error", [ValueError("a defect"), KeyboardInterrupt()])
def test_a_defect_ends_the_run_that_the_message_belonged_to(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    kept = Kept()

    kept.containment.on_defect(kept.keeper.supervisor, "message", error)

    assert kept.reason() is Reason.INTERNAL_ERROR
    assert type(error).__name__ in caplog.text
    assert "handled <class 'str'>" in caplog.text


def test_so_does_one_of_its_keeper() -> None:
    kept = Kept()

    kept.containment.on_defect(kept.keeper, "message", ValueError("a defect"))

    assert kept.reason() is Reason.INTERNAL_ERROR


def test_a_defect_of_a_part_of_the_runtimes_own_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    kept, recipient = Kept(), Recipient()

    kept.containment.on_defect(recipient, "message", ValueError("a defect"))

    assert "internal error: ValueError: a defect" in caplog.text
    assert (kept.reason(), recipient.messages) == (None, [])


def test_a_message_of_the_runtimes_own_that_was_interrupted_is_handled_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    kept, recipient = Kept(), Recipient()

    kept.containment.on_defect(recipient, "message", KeyboardInterrupt())

    assert recipient.messages == ["message"]
    assert (kept.reason(), caplog.records) == (None, [])


def test_what_has_stopped_handles_nothing_again() -> None:
    kept, supervisor = Kept(), Rig().system.agent_supervisor
    supervisor.mark_stopped()

    kept.containment.on_defect(supervisor, "message", KeyboardInterrupt())

    assert kept.rig.facts == []


def test_the_parts_are_joined_and_nothing_is_started() -> None:
    runs: dict[int, RunKeeper] = {}

    system = assemble(
        RuntimeSettings(abandon_after=2.0, hook_timeout=3.0),
        Environment(),
        loop=None,
        counter=None,
        observers=(),
        runs=runs,
    )
    _systems.discard(system)

    assert (system.abandon_after, system.hook_timeout) == (2.0, 3.0)
    assert system.orchestrators == {}
    assert (system.agents, system.plane.armed_timers, system.threads.thread_count) == ({}, 0, 0)


@pytest.mark.parametrize(
    ("clock", "setting", "lowered"),
    [(SystemClock(), 0.001, 0.001), (SystemClock(), None, None), (ManualClock(), 0.001, None)],
)
def test_the_switch_interval_is_lowered_in_real_time_only(
    clock: Clock, setting: float | None, lowered: float | None
) -> None:
    settings = RuntimeSettings(switch_interval=setting)

    system = assemble(settings, Environment(clock=clock), loop=None, counter=None, observers=(), runs={})
    _systems.discard(system)

    assert system.plane._switch_interval._lowered == lowered


# What the whole runtime does


class Caller:
    """A recipient of calls."""

    def handle(self, message: Callable[[], object]) -> None:
        message()


def plain(event: Event, state: State) -> dict[str, bool]:
    return {"plain": True}


async def on_loop(event: Event, state: State) -> dict[str, bool]:
    return {"on loop": True}


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime() as runtime:
        runtime.spawn("plain", plain, concurrency=1)
        runtime.spawn("on loop", on_loop, concurrency=1)
        yield runtime


WORKFLOW = Sequential("plain", "on loop")


def test_repairing_what_is_whole_changes_nothing(runtime: Runtime) -> None:
    system = runtime._system
    before = runtime.run(WORKFLOW).state

    system.plane.post(Caller(), Containment(system, {}).on_interrupt)

    assert runtime.run(WORKFLOW).state == before == {"plain": True, "on loop": True}


def test_a_loop_that_was_replaced_is_left_by_every_agent(runtime: Runtime) -> None:
    system = runtime._system
    left = list[Any]()
    for cell in system.agents.values():
        cell.lifecycle.leave = left.append  # type: ignore[method-assign,assignment]  # it is told here

    system.plane.post(Caller(), lambda: system.loops.on_replaced(system.loops.lane))

    assert left == [system.loops.lane, system.loops.lane]

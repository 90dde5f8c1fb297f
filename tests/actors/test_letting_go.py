"""What ends lets go at once: no timer and no ref keeps it, or what the user's code holds, until later."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from actors.agents.agent import Agent
from actors.cells.agent_cell import AgentCell
from actors.values.event import Event
from actors.values.state import State
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.policies.restarts import Restart
from supervisors.policies.retries import Backoff
from tests.actors.by_hand import ABANDON_AFTER, GRACE, HOOK_TIMEOUT, Rig
from tests.actors.logged_agents import Logged, ask, function, queued, spawned
from tests.actors.team import Team

CANCELLED = Outcome(OutcomeKind.CANCELLED, Reason.REQUESTED)
LONG = 3600.0
SLOWLY = Restart(backoff=Backoff(initial=LONG, maximum=LONG))


class Belongings:
    """What an agent's code holds."""


class Holder(Agent):
    """Holds something."""

    def __init__(self, belongings: Belongings) -> None:
        self.belongings = belongings

    def run(self, event: Event, state: State) -> None:
        """Do nothing."""


def handle(belongings: Belongings, event: Event, state: State) -> None:
    """Do nothing."""


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize("code", [Holder, handle])
def test_a_stopped_agent_lets_go_of_the_users_code_although_somebody_holds_its_ref(
    rig: Rig, code: Callable[..., Any]
) -> None:
    belongings = Belongings()
    held = weakref.ref(belongings)
    cell = spawned(rig, partial(code, belongings))
    del belongings

    cell.request_stop(grace=LONG)

    assert cell.is_stopped
    assert held() is None


def test_code_that_could_not_be_stopped_is_let_go_of_when_it_ends(rig: Rig) -> None:
    cell = rig.spawn(function)
    queued(cell)
    work = rig.threads.given.popleft()
    assert work.begin()
    cell.request_stop(grace=0)
    rig.advance(0)
    while_it_runs = cell.definition.function

    work.done(None, None)

    assert (while_it_runs, cell.definition.function) == (function, None)


@pytest.mark.parametrize("grace", [LONG, None])
def test_an_agent_that_has_stopped_leaves_no_timer(rig: Rig, grace: float | None) -> None:
    cell = spawned(rig, lambda: Logged([]))
    cell.request_stop(grace=LONG)
    cell.request_stop(grace=grace)
    while_it_stops = rig.system.plane.armed_timers

    rig.threads.perform_all()

    assert while_it_stops > 0
    assert (cell.is_stopped, rig.system.plane.armed_timers) == (True, 0)


def test_a_start_that_was_given_up_leaves_no_timer(rig: Rig) -> None:
    cell = rig.spawn(lambda: Logged([]))
    assert rig.system.plane.armed_timers == 1

    cell.request_stop(grace=0)
    rig.advance(0)

    assert HOOK_TIMEOUT > 0
    assert (cell.is_stopped, rig.system.plane.armed_timers) == (True, 0)


def test_a_halt_that_has_ended_leaves_no_timer(rig: Rig) -> None:
    cell = spawned(rig, lambda: Logged([]))

    rig.inside(lambda: cell.lifecycle.halt(LONG))
    rig.threads.perform_all()

    assert rig.system.plane.armed_timers == 0


def test_a_halt_that_a_stop_cuts_short_leaves_no_timer(rig: Rig) -> None:
    cell = spawned(rig, lambda: Logged([]))
    rig.inside(lambda: cell.lifecycle.halt(LONG))

    cell.request_stop(grace=0)
    rig.advance(0)

    assert (cell.is_stopped, rig.system.plane.armed_timers) == (True, 0)


def test_an_agent_that_stops_during_its_back_off_leaves_no_timer(rig: Rig) -> None:
    cell = spawned(rig, lambda: Logged([]), restart=SLOWLY)
    for _ in range(2):  # it is restarted at once the first time
        rig.inside(lambda: cell.lifecycle.report_failure(cell.instances[0], "base_exception", "it fell"))
        rig.threads.perform_all()
    during_its_back_off = rig.system.plane.armed_timers

    cell.request_stop()
    rig.threads.perform_all()

    assert (during_its_back_off, rig.system.plane.armed_timers) == (1, 0)


def test_a_group_that_stops_during_its_back_off_leaves_no_timer() -> None:
    team = Team()
    [cell] = team.up(a={"restart": SLOWLY})
    for _ in range(2):  # it is restarted at once the first time
        team.crash(cell)
        team.perform()
    during_its_back_off = team.rig.system.plane.armed_timers

    team.group.stop(block=False)
    team.perform()

    assert (during_its_back_off, team.rig.system.plane.armed_timers) == (1, 0)
    assert team.rig.system.groups == {}


# Events


def test_a_direct_event_that_is_rejected_leaves_no_timer(rig: Rig) -> None:
    cell = rig.spawn(lambda: Logged([]), timeout=LONG)
    queued(cell)
    while_it_waits = rig.system.plane.armed_timers
    rig.threads.perform_all()

    cell.request_stop()
    rig.threads.perform_all()

    assert while_it_waits == 2  # the start's, too
    assert (cell.is_stopped, rig.system.plane.armed_timers) == (True, 0)


def test_an_event_that_waited_for_a_start_that_failed_leaves_no_timer(rig: Rig) -> None:
    never = Restart(kind="temporary")
    cell = rig.spawn(lambda: Logged([], "on_start"), timeout=LONG, restart=never)
    queued(cell)

    rig.threads.perform_all()

    assert rig.system.plane.armed_timers == 0


class Ending:
    """Stands for a dispatcher on which work ends just while it is interrupted, or after."""

    def __init__(self, cell: AgentCell) -> None:
        self._cell = cell

    def interrupt(self, work: Any) -> None:
        self._cell.finished(work, COMPLETED, None)


def test_an_event_that_ends_just_as_it_is_withdrawn_leaves_no_timer(rig: Rig) -> None:
    cell = rig.spawn(function)
    invocation, _ = ask(cell)
    assert invocation.begin()
    cell.dispatcher = Ending(cell)  # type: ignore[assignment]  # the test's own

    rig.inside(lambda: invocation.withdraw(CANCELLED))

    assert rig.system.plane.armed_timers == 0


def test_an_event_that_ends_after_it_was_withdrawn_leaves_no_timer(rig: Rig) -> None:
    cell = rig.spawn(function)
    invocation, _ = ask(cell)
    assert invocation.begin()
    rig.inside(lambda: invocation.withdraw(CANCELLED))
    while_it_runs = rig.system.plane.armed_timers

    cell.finished(invocation, COMPLETED, None)

    assert ABANDON_AFTER < GRACE
    assert (while_it_runs, rig.system.plane.armed_timers) == (1, 0)


def test_the_plane_keeps_nothing_of_what_it_handled_last(rig: Rig) -> None:
    belongings = Belongings()
    held = weakref.ref(belongings)

    rig.inside(partial(id, belongings))
    del belongings
    gc.collect()

    assert held() is None

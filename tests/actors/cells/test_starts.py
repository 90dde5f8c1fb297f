"""Starts that wait: for their turn, or for what the machine has too little of."""

from __future__ import annotations

import errno
import logging
from typing import Any

import pytest

from actors.agents.agent import Agent
from actors.agents.hooks import StartWork, StopWork
from actors.cells.agent_cell import AgentCell
from actors.cells.lifecycle_messages import StartAgain
from actors.dispatchers.work import Work
from actors.runtime.health import failed_agents
from actors.values.errors import AgentStoppedError
from actors.values.event import Event
from actors.values.state import State
from supervisors.facts import AgentRestarted
from supervisors.policies.restarts import Restart
from tests.actors.by_hand import GRACE, HOOK_TIMEOUT, HandDispatcher, Rig
from tests.actors.dispatchers import process_agents
from tests.actors.logged_agents import Logged, queued, spawned

OUT_OF_FILES = OSError(errno.EMFILE, "Too many open files")
SOON = 0.25
"""Later than the first time at which a start is tried again."""


class Needy(Agent):
    """Needs a file to start."""

    lacks: int

    def __init__(self) -> None:
        type(self).lacks -= 1
        if self.lacks >= 0:
            raise OUT_OF_FILES

    def run(self, event: Event, state: State) -> None:
        """Do nothing."""


def test_a_start_for_which_there_is_no_thread_is_not_overdue(rig: Rig) -> None:
    cell = rig.spawn(lambda: Logged([]))
    answer = queued(cell)
    rig.threads.shortage = "no thread can be started"
    for _ in range(3):
        rig.advance(HOOK_TIMEOUT)
    failed = failed_agents([cell])

    rig.threads.shortage = ""
    rig.threads.perform()
    rig.threads.perform()

    assert failed == {}
    assert answer.get(timeout=0).state == {}
    assert rig.told(AgentRestarted) == []


class HandProcesses(HandDispatcher):
    """Keeps starts that wait for their turn."""

    def withdraw(self, start: Work) -> bool:
        if start not in self.given:
            return False
        self.given.remove(start)
        return True


@pytest.fixture
def rig() -> Rig:
    rig = Rig()
    rig.system.processes = HandProcesses()  # type: ignore[assignment]  # the test's own
    return rig


def needy(rig: Rig, lacks: int, **options: Any) -> AgentCell:
    Needy.lacks = lacks
    cell = rig.spawn(Needy, **options)
    rig.threads.perform_all()
    return cell


def tried_again(rig: Rig, seconds: float = SOON) -> None:
    rig.advance(seconds)
    rig.threads.perform_all()


# Too little of something


def test_an_agent_that_lacks_files_is_started_when_they_are_back_and_no_restart_is_used_up(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    cell = needy(rig, 5, restart=Restart(max_restarts=0))
    lacked = cell.lifecycle.shortage

    for _ in range(5):
        tried_again(rig, 10.0)

    assert lacked == "Too many open files"
    assert (cell.instances[0].is_ready, cell.lifecycle.shortage) == (True, "")
    assert rig.told(AgentRestarted) == []
    assert failed_agents([cell]) == {}
    assert [record.getMessage() for record in caplog.records] == [
        "agent 'agent' cannot be started: OSError: [Errno 24] Too many open files; that is tried again until it can",
        "agent 'agent' could be started again",
    ]


def test_it_is_tried_less_often_the_longer_it_lasts(rig: Rig) -> None:
    most = 1_000
    needy(rig, most)

    for _ in range(64):
        tried_again(rig)

    assert 6 < most - Needy.lacks < 11  # at once, and then after 0.1 s, 0.2 s, 0.4 s ... 5 s, 5 s


def test_what_waits_is_rejected_each_time(rig: Rig) -> None:
    cell = needy(rig, 2)

    rejected = queued(cell)
    tried_again(rig)
    answer = queued(cell)
    tried_again(rig, 1.0)

    with pytest.raises(AgentStoppedError, match="Too many open files"):
        rejected.get(timeout=0)
    assert answer.get(timeout=0).state == {}


def test_what_waits_meanwhile_can_say_for_what(rig: Rig) -> None:
    cell = needy(rig, 1)
    queued(cell)

    waiting: Any = cell.mailbox.head()

    assert waiting.obstacle() == "Too many open files"


def test_others_that_are_ready_take_what_waits(rig: Rig) -> None:
    Needy.lacks = 0
    cell = rig.spawn(Needy, concurrency=2)
    rig.threads.perform()
    Needy.lacks = 1
    rig.threads.perform()

    answer = queued(cell)
    rig.threads.perform_all()
    waits = cell.lifecycle.shortage
    tried_again(rig)

    assert answer.get(timeout=0).state == {}
    assert (waits, cell.lifecycle.shortage) == ("Too many open files", "")
    assert all(instance.is_ready for instance in cell.instances)


def test_one_that_stops_meanwhile_is_not_tried_again(rig: Rig) -> None:
    cell = needy(rig, 1)

    cell.request_stop()
    armed = rig.system.plane.armed_timers
    tried_again(rig)

    assert cell.is_stopped
    assert armed == 0
    assert not rig.threads.given


def test_a_start_that_ends_while_its_agent_stops_is_not_tried_again(rig: Rig) -> None:
    Needy.lacks = 1
    cell = rig.spawn(Needy)

    cell.request_stop()
    rig.threads.perform_all()

    assert cell.is_stopped
    assert rig.system.plane.armed_timers == 0


def test_one_that_is_marked_failed_meanwhile_is_not_tried_again(rig: Rig) -> None:
    cell = needy(rig, 1)
    rig.inside(lambda: cell.lifecycle.give_up("its group was"))

    tried_again(rig)

    assert (cell.lifecycle.shortage, cell.instances[0].is_starting) == ("", False)


def test_it_is_tried_again_once_however_often_it_is_said(rig: Rig) -> None:
    cell = needy(rig, 1)
    [again] = cell.lifecycle._later.values()

    rig.advance(SOON)
    rig.inside(lambda: cell.lifecycle.handle(StartAgain(again)))

    assert len(rig.threads.given) == 1


# The turn of a process


def test_the_time_of_a_start_counts_from_its_turn(rig: Rig) -> None:
    cell = rig.spawn(process_agents.echo, dispatcher="process")
    [work] = rig.system.processes.given  # type: ignore[attr-defined]  # the test's own
    assert isinstance(work, StartWork)

    rig.advance(10 * HOOK_TIMEOUT)
    waited_for_free = not rig.system.processes.abandoned  # type: ignore[attr-defined]  # the test's own
    cell.lifecycle.start_begun(work)
    rig.advance(HOOK_TIMEOUT / 2)
    was_in_time = not rig.system.processes.abandoned  # type: ignore[attr-defined]  # the test's own
    rig.advance(HOOK_TIMEOUT)

    assert waited_for_free
    assert was_in_time
    assert rig.system.processes.abandoned == [work]  # type: ignore[attr-defined]  # the test's own


def test_an_agent_that_is_stopped_before_its_turn_has_stopped_at_once(rig: Rig) -> None:
    cell = rig.spawn(process_agents.echo, dispatcher="process", concurrency=3)

    cell.request_stop()

    assert cell.is_stopped
    assert not rig.system.processes.given  # type: ignore[attr-defined]  # the test's own


def test_one_whose_turn_has_come_has_its_grace(rig: Rig) -> None:
    cell = rig.spawn(process_agents.echo, dispatcher="process")
    rig.system.processes.given.clear()  # type: ignore[attr-defined]  # the test's own

    cell.request_stop()
    had_stopped = cell.is_stopped
    rig.advance(GRACE)

    assert (had_stopped, cell.is_stopped) == (False, True)


def test_what_a_restart_that_waits_was_to_end_is_stopped_instead(rig: Rig) -> None:
    log: list[str] = []
    cell = rig.spawn(process_agents.echo, dispatcher="process")
    [work] = rig.system.processes.given  # type: ignore[attr-defined]  # the test's own
    assert isinstance(work, StartWork)
    work.previous = Logged(log)

    cell.request_stop()

    [hook] = rig.system.processes.given  # type: ignore[attr-defined]  # the test's own
    assert isinstance(hook, StopWork)
    assert hook.behaviour is work.previous


def test_where_there_is_no_line_nothing_is_withdrawn(rig: Rig) -> None:
    cell = spawned(rig, lambda: Logged([]))

    cell.request_stop()
    rig.threads.perform_all()

    assert cell.is_stopped

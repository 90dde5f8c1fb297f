"""The line of runs that wait for their turn, driven by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.runs.admission import ARRIVE, RELEASE, TURN, WaitingLine
from actors.runs.run import ABORT, Run, RunKeeper
from actors.values.state import EMPTY_SNAPSHOT
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.signals import Ended
from tests.actors.by_hand import START, Rig

FAILED = Outcome(OutcomeKind.FAILED, Reason.INTERNAL_ERROR)


class Keeper:
    """Stands for a run's keeper: keeps what it is told."""

    def __init__(self, number: int, workflow: str = "flow") -> None:
        self.run: Any = self
        self.id = number
        self.workflow = workflow
        self.told: list[Any] = []

    def handle(self, message: Any) -> None:
        self.told.append(message)


class Line:
    """A waiting line, and the runs that come to it."""

    def __init__(self, max_runs: int = 1) -> None:
        self.rig = Rig()
        self.line = WaitingLine(self.rig.system, max_runs)
        self.keepers: dict[int, Keeper] = {}

    def arrive(self, number: int, session: str = "s", deadline_at: float | None = None) -> None:
        keeper: Any = self.keepers.setdefault(number, Keeper(number))
        self.rig.inside(lambda: self.line.arrive(keeper, session, deadline_at))

    def leave(self, number: int) -> None:
        self.rig.inside(lambda: self.line.leave(number))

    def told(self, message: Any) -> list[int]:
        """Return the runs that were told something, by number."""
        return [number for number, keeper in self.keepers.items() if message in keeper.told]

    @property
    def begun(self) -> list[int]:
        return self.told(TURN)


@pytest.fixture
def line() -> Line:
    return Line()


def test_as_many_begin_as_may_be_executed() -> None:
    line = Line(max_runs=2)

    for number in range(4):
        line.arrive(number)

    assert (line.begun, len(line.line)) == ([0, 1], 2)


def test_when_one_leaves_the_next_begins(line: Line) -> None:
    for number in range(3):
        line.arrive(number)

    line.leave(0)

    assert (line.begun, len(line.line)) == ([0, 1], 1)


def test_one_that_leaves_while_it_waits_makes_no_room(line: Line) -> None:
    for number in range(3):
        line.arrive(number)

    line.leave(1)

    assert (line.begun, len(line.line)) == ([0], 1)


def test_who_was_not_there_makes_no_room_either(line: Line) -> None:
    line.arrive(0)
    line.arrive(1)

    line.leave(7)

    assert line.begun == [0]


def test_a_run_is_released_when_its_time_is_over_and_not_before(line: Line) -> None:
    line.arrive(0)
    line.arrive(1, deadline_at=START + 2.0)

    released = []
    for _ in range(2):
        line.rig.advance(1.0)
        released.append(line.told(RELEASE))

    assert released == [[], [1]]


def test_a_run_that_began_is_not_released(line: Line) -> None:
    line.arrive(0, deadline_at=START + 2.0)

    line.rig.advance(5.0)

    assert line.told(RELEASE) == []
    assert line.rig.system.plane.armed_timers == 0


def test_what_is_done_twice_does_no_harm(line: Line) -> None:
    for _ in range(2):
        line.arrive(0)
        line.arrive(1)
    for _ in range(2):
        line.leave(0)

    assert line.keepers[1].told == [TURN]
    assert len(line.line) == 0


def test_how_many_wait_is_told_by_workflow(line: Line) -> None:
    line.keepers[2] = Keeper(2, "other")

    for number in range(4):
        line.arrive(number)

    assert line.line.by_workflow == {"flow": 2, "other": 1}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["arrive", "leave", "give up"])), max_size=60))
def test_sessions_take_turns_and_nobody_is_forgotten(deeds: list[tuple[str, str]]) -> None:
    line, waiting = Line(), dict[str, list[int]]()
    executed: list[int] = []
    rounds: list[str] = []
    sessions: dict[int, str] = {}

    def begin_next() -> None:
        """Do what the line has to: the session whose turn is longest ago comes first."""
        if not executed and rounds:
            session = rounds.pop(0)
            executed.append(waiting[session].pop(0))
            if waiting[session]:
                rounds.append(session)

    for number, (session, deed) in enumerate(deeds):
        if deed == "arrive":
            sessions[number] = session
            waiting.setdefault(session, []).append(number)
            if session not in rounds:
                rounds.append(session)
            line.arrive(number, session)
        elif deed == "leave" and executed:
            line.leave(executed.pop())
        elif deed == "give up" and waiting.get(session):
            line.leave(waiting[session].pop())
            if not waiting[session]:
                rounds.remove(session)
        begin_next()
        assert len(line.line) == sum(map(len, waiting.values()))
        assert set(executed) <= set(line.begun)
        assert not any(number in line.begun for numbers in waiting.values() for number in numbers)

    assert not line.rig.defects


# The keeper of a run


class Life:
    """A run that waits for its turn behind another, and the parts around it."""

    def __init__(self) -> None:
        self.rig = Rig()
        self.line = self.rig.system.line = WaitingLine(self.rig.system, 1)
        self.rig.inside(lambda: self.line.arrive(Keeper(0), "s", None))  # type: ignore[arg-type]  # stands for one
        self.run = Run(self.rig.system, 1, "flow")
        self.runs: dict[int, RunKeeper] = {}
        self.keeper = self.runs[1] = RunKeeper(self.rig.system, self.run, self.runs, EMPTY_SNAPSHOT)

    def post(self, message: Any) -> None:
        self.rig.system.plane.post(self.keeper, message)


@pytest.fixture
def life() -> Life:
    return Life()


@pytest.mark.parametrize("message", [ARRIVE, TURN, RELEASE])
def test_what_comes_when_it_has_begun_changes_nothing(life: Life, message: Any) -> None:
    life.post(message)

    assert (len(life.line), life.run.done()) == (0, False)


@pytest.mark.parametrize("ending", [ABORT, Ended(0, FAILED, None, None)])
def test_a_run_that_ends_while_it_waits_leaves_the_line(life: Life, ending: Any) -> None:
    life.keeper._request = object()  # type: ignore[assignment]  # it waits
    life.rig.inside(lambda: life.line.arrive(life.keeper, "s", None))

    life.post(ending)

    assert (len(life.line), life.run.done(), life.runs) == (0, True, {})


def test_a_run_that_ended_leaves_its_place_to_the_next(life: Life) -> None:
    keeper = Keeper(2)
    life.rig.inside(lambda: life.line.leave(0))
    life.rig.inside(lambda: life.line.arrive(life.keeper, "s", None))
    life.rig.inside(lambda: life.line.arrive(keeper, "s", None))  # type: ignore[arg-type]  # stands for one
    before = list(keeper.told)

    life.post(Ended(0, FAILED, None, None))

    assert (before, keeper.told) == ([], [TURN])

"""The line of starts: how many are under way, and in what order the others follow."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from actors.processes.start_line import StartLine, most_at_once
from tests.actors.child_processes import PATIENCE
from tests.actors.dispatchers.works import Task

AT_ONCE = 2


class Line(StartLine):
    """A line that keeps what begins."""

    def __init__(self) -> None:
        self.begun: list[Any] = []
        super().__init__(AT_ONCE, self.begun.append)

    def enter_all(self, count: int) -> list[Task]:
        starts = [Task(lambda: None) for _ in range(count)]
        for start in starts:
            self.enter(start, start)
        return starts


@pytest.fixture
def line() -> Line:
    return Line()


def test_some_begin_at_once_and_the_others_in_their_order(line: Line) -> None:
    starts = line.enter_all(5)
    at_first = line.begun.copy()

    for start in starts:
        line.leave(start)

    assert at_first == starts[:AT_ONCE]
    assert line.begun == starts


def test_who_is_withdrawn_does_not_begin(line: Line) -> None:
    starts = line.enter_all(4)

    withdrawn = [line.withdraw(start) for start in starts[:3]]
    line.leave(starts[0])

    assert withdrawn == [False, False, True]
    assert line.begun == [*starts[:2], starts[3]]
    assert not line.withdraw(Task(lambda: None))


def test_who_enters_twice_takes_one_place(line: Line) -> None:
    first, second, third = line.enter_all(3)

    for start in (first, third):
        line.enter(start, start)
    line.leave(first)
    line.leave(first)

    assert line.begun == [first, second, first, third]


def test_when_it_is_closed_nobody_waits(line: Line) -> None:
    starts = line.enter_all(4)

    left = line.close()
    late = line.enter_all(1)
    line.leave(starts[0])

    assert left == starts[2:]
    assert line.begun == [*starts[:2], *late]


def test_never_are_more_under_way_whoever_comes_and_goes() -> None:
    lock, under_way, most, ended = threading.Lock(), 0, 0, threading.Semaphore(0)

    def begin(start: Any) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        threading.Thread(target=end, args=(start,)).start()

    def end(start: Any) -> None:
        nonlocal under_way
        with lock:
            under_way -= 1
        line.leave(start)
        ended.release()

    line = StartLine(AT_ONCE, begin)

    def enter() -> None:
        for _ in range(50):
            start = Task(lambda: None)
            line.enter(start, start)

    entering = [threading.Thread(target=enter) for _ in range(4)]
    for thread in entering:
        thread.start()
    for thread in entering:
        thread.join(PATIENCE)

    assert all(ended.acquire(timeout=PATIENCE) for _ in range(200))
    assert 1 <= most <= AT_ONCE


def test_there_are_at_least_four_at_once() -> None:
    assert most_at_once() >= 4

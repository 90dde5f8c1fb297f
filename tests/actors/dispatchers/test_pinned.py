"""The pinned dispatcher, step by step: threads that are kept, and what becomes of work when they go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors.control.environment import DaemonThreads
from actors.dispatchers.pinned import Pin, PinnedDispatcher
from actors.dispatchers.threads import ThreadDispatcher
from supervisors.outcome import Outcome, OutcomeKind, Reason
from tests.actors.dispatchers.works import PATIENCE, Gate, Task


class Start(Task):
    """Makes an instance whose hook does nothing."""

    def call(self) -> int:
        self.home.furnish(lambda: None)
        return 0


@pytest.fixture
def pool() -> Iterator[ThreadDispatcher]:
    pool = ThreadDispatcher(DaemonThreads(), 3, 3)
    yield pool
    pool.stop(PATIENCE)


@pytest.fixture
def dispatcher(pool: ThreadDispatcher) -> Iterator[PinnedDispatcher]:
    dispatcher = PinnedDispatcher(pool, 2)
    yield dispatcher
    dispatcher.stop(PATIENCE)


def started(dispatcher: PinnedDispatcher) -> Start:
    start = Start(lambda: 0)
    dispatcher.execute(start)
    start.value()
    return start


def following(start: Start, work: Task) -> Task:
    work.home = start.home
    return work


def test_what_belongs_to_an_instance_is_done_on_its_thread(dispatcher: PinnedDispatcher) -> None:
    starts = [started(dispatcher) for _ in range(2)]
    works = [following(start, Task(lambda: 42)) for start in starts for _ in range(2)]

    for work in works:
        dispatcher.execute(work)

    assert [work.value() for work in works] == [42] * 4
    assert [work.thread for work in works] == [starts[0].thread] * 2 + [starts[1].thread] * 2
    assert starts[0].thread is not starts[1].thread


def test_a_start_that_fails_keeps_no_thread(dispatcher: PinnedDispatcher, pool: ThreadDispatcher) -> None:
    starts = [Task(lambda: 0) for _ in range(10)]  # none says what its instance's hook is

    for start in starts:
        dispatcher.execute(start)

    assert [start.value() for start in starts] == [0] * 10
    assert pool.thread_count <= 3


def test_what_comes_when_its_thread_was_let_go_is_lost_and_told(dispatcher: PinnedDispatcher) -> None:
    start = started(dispatcher)
    stop = following(start, Task(start.home.finish))
    dispatcher.execute(stop)
    stop.value()
    late = following(start, Task(lambda: 42))

    dispatcher.execute(late)
    start.home.dismiss()

    assert late.is_over.wait(PATIENCE)
    assert [outcome.kind for outcome in late.refusals] == [OutcomeKind.FAILED]
    assert [outcome.detail for outcome in late.refusals] == ["the thread of its instance ended before it began"]


def test_what_waits_for_a_thread_is_withdrawn_or_takes_the_next(dispatcher: PinnedDispatcher) -> None:
    first, _ = started(dispatcher), started(dispatcher)
    waiting = [Start(lambda: 0) for _ in range(3)]
    for start in waiting:
        dispatcher.execute(start)
    before = dispatcher.waiting
    waiting[0].is_live = False

    was_withdrawn = [dispatcher.withdraw(start) for start in (waiting[1], waiting[1])]  # type: ignore[arg-type]  # a test's own
    dispatcher.execute(following(first, Task(first.home.finish)))

    assert "all 2 threads that instances may keep are kept" in before
    assert was_withdrawn == [True, False]
    assert waiting[2].value() == 0
    assert (dispatcher.shortage, waiting[0].thread) == ("", None)


def test_one_that_hangs_is_abandoned_with_its_thread(dispatcher: PinnedDispatcher, pool: ThreadDispatcher) -> None:
    start, gate = started(dispatcher), Gate()
    hanging = following(start, Task(gate.wait))
    dispatcher.execute(hanging)
    assert gate.is_in.wait(PATIENCE)

    start.home.dismiss()
    dispatcher.abandon(hanging)
    others = [started(dispatcher) for _ in range(2)]
    gate.open()

    assert hanging.value() is True
    assert start.thread not in [other.thread for other in others]


def test_a_stay_that_cannot_be_told_of_after_it_began_is_refused_to_nobody(dispatcher: PinnedDispatcher) -> None:
    start = started(dispatcher)

    start.home.refuse(Outcome(OutcomeKind.FAILED, Reason.INTERNAL_ERROR))
    start.home.dismiss()

    assert (start.refusals, start.home.is_wanted) == ([], False)


def test_what_was_never_given_a_place_is_no_obstacle(dispatcher: PinnedDispatcher) -> None:
    work = Task(lambda: 0)

    dispatcher.abandon(work)
    dispatcher.interrupt(work)

    assert dispatcher.delayer(work) == ""


def test_what_waits_when_it_stops_is_refused(dispatcher: PinnedDispatcher) -> None:
    for _ in range(2):
        started(dispatcher)
    waiting = Start(lambda: 0)
    dispatcher.execute(waiting)

    dispatcher.stop(PATIENCE)

    assert [outcome.reason for outcome in waiting.refusals] == [Reason.SHUTDOWN]


def test_a_refusal_by_the_pool_is_the_starts(pool: ThreadDispatcher) -> None:
    dispatcher, start = PinnedDispatcher(ThreadDispatcher(DaemonThreads(), 1, 0), 1), Start(lambda: 0)

    dispatcher.execute(start)

    assert [outcome.reason for outcome in start.refusals] == [Reason.ABANDONED_LIMIT]
    assert dispatcher.waiting == ""


def test_threads_that_were_not_woken_are_when_it_is_repaired(dispatcher: PinnedDispatcher) -> None:
    start = started(dispatcher)
    work = following(start, Task(lambda: 42))
    start.home._queue._items.append(work)  # as when an interrupt strikes before the thread is woken

    dispatcher.repair()

    assert work.value() == 42


def test_work_whose_end_cannot_be_told_leaves_the_instance(dispatcher: PinnedDispatcher) -> None:
    class Untold(Task):
        def done(self, value: object, error: BaseException | None) -> None:
            raise MemoryError

    start = started(dispatcher)
    untold, after = following(start, Untold(lambda: 0)), following(start, Task(lambda: 42))

    for work in (untold, after):
        dispatcher.execute(work)

    assert after.value() == 42
    assert [outcome.reason for outcome in untold.refusals] == [Reason.INTERNAL_ERROR]


def test_nobody_cancels_a_thread() -> None:
    pin = Pin(Task(lambda: 0), PinnedDispatcher(ThreadDispatcher(DaemonThreads(), 1, 1), 1).new_queue(), lambda _: None)

    pin.refuse(Outcome(OutcomeKind.CANCELLED, Reason.SHUTDOWN))

    assert not pin.is_lost

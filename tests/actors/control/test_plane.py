"""The control plane: one queue, one lock, a deadline thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from actors.control import plane as control
from actors.control.environment import Environment
from actors.control.plane import TURN_LIMIT, ControlPlane
from supervisors.clock import ManualClock
from tests.actors.recording import PATIENCE, Defects, Recorder
from tests.scenarios.timing import eventually


@pytest.fixture
def defects() -> Defects:
    return Defects()


@pytest.fixture
def plane(defects: Defects) -> ControlPlane:
    """A plane without its deadline thread."""
    return ControlPlane(Environment(clock=ManualClock()), defects.note, defects.repair)


@pytest.fixture
def served(defects: Defects) -> Iterator[ControlPlane]:
    """A plane with its deadline thread."""
    plane = ControlPlane(Environment(), defects.note, defects.repair)
    plane.start()
    yield plane
    plane.stop()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


# Messages


def test_what_is_posted_is_handled_before_the_poster_goes_on(plane: ControlPlane, recorder: Recorder) -> None:
    plane.post(recorder, "first")
    plane.post(recorder, "second")

    assert recorder.messages == ["first", "second"]
    assert recorder.threads == {threading.current_thread()}


def test_what_is_posted_or_sent_from_inside_is_handled_after_what_is_being_handled(
    plane: ControlPlane, recorder: Recorder
) -> None:
    def act() -> None:
        plane.post(recorder, "posted")
        plane.send(recorder, "sent")

    plane.post(recorder, act)

    assert recorder.messages == [act, "posted", "sent"]


def test_what_is_posted_while_another_thread_is_inside_is_handled_by_that_one(
    plane: ControlPlane, recorder: Recorder
) -> None:
    is_in, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        is_in.set()
        go_on.wait(PATIENCE)

    holder = threading.Thread(target=plane.post, args=(recorder, hold))
    holder.start()
    assert is_in.wait(PATIENCE)

    plane.post(recorder, "meanwhile")
    was_handled = "meanwhile" in recorder.messages
    go_on.set()
    holder.join(PATIENCE)

    assert not was_handled
    assert recorder.messages[-1] == "meanwhile"
    assert recorder.threads == {holder}


def test_a_defect_is_contained_and_the_next_message_is_handled(
    plane: ControlPlane, recorder: Recorder, defects: Defects
) -> None:
    def fail() -> None:
        plane.send(recorder, "next")
        raise ValueError("a defect")

    plane.post(recorder, fail)

    [(recipient, message, error)] = defects.contained
    assert (recipient, message, str(error)) == (recorder, fail, "a defect")
    assert recorder.messages == ["next"]
    assert defects.repairs == 0


@pytest.mark.parametrize("is_on_main_thread", [True, False])
def test_who_has_used_up_a_turn_leaves_the_rest_to_the_deadline_thread(
    served: ControlPlane, recorder: Recorder, is_on_main_thread: bool
) -> None:
    def fill() -> None:
        for number in range(2 * TURN_LIMIT):
            served.send(recorder, number)

    def act() -> None:
        served.post(recorder, fill)

    poster = threading.current_thread() if is_on_main_thread else threading.Thread(target=act)
    act() if is_on_main_thread else poster.start()

    assert recorder.await_messages(2 * TURN_LIMIT + 1)
    assert recorder.messages[1:] == list(range(2 * TURN_LIMIT))
    assert {thread.name for thread in recorder.threads} == {poster.name, "mixmode-deadlines"}


def test_it_says_who_is_inside(plane: ControlPlane, recorder: Recorder) -> None:
    inside = [plane.is_inside()]

    plane.post(recorder, lambda: inside.append(plane.is_inside()))

    assert [*inside, plane.is_inside()] == [False, True, False]


def test_a_stopped_plane_is_served_by_who_posts_however_much_it_is(plane: ControlPlane, recorder: Recorder) -> None:
    plane.stop()

    def fill() -> None:
        for number in range(2 * TURN_LIMIT):
            plane.send(recorder, number)

    plane.post(recorder, fill)

    assert recorder.messages[1:] == list(range(2 * TURN_LIMIT))


# Timers


def test_a_message_is_sent_when_its_moment_has_come(defects: Defects, recorder: Recorder) -> None:
    clock = ManualClock()
    plane = ControlPlane(Environment(clock=clock), defects.note, defects.repair)
    plane.start()

    plane.post(recorder, lambda: [plane.schedule(at, recorder, at) for at in (2.0, 1.0, 3.0)])
    clock.advance(1.5)
    assert recorder.await_messages(2)
    first = list(recorder.messages[1:])
    clock.advance(0.75)
    assert recorder.await_messages(3)
    armed = plane.armed_timers
    plane.stop()

    assert (first, recorder.messages[1:]) == ([1.0], [1.0, 2.0])
    assert (armed, plane.armed_timers) == (1, 0)
    assert {thread.name for thread in recorder.threads} == {threading.current_thread().name, "mixmode-deadlines"}


def test_timers_are_fired_by_whoever_is_inside_when_they_are_due(served: ControlPlane, recorder: Recorder) -> None:
    def hold() -> None:
        served.schedule(served.now(), recorder, "due")
        assert eventually(lambda: served._is_firing)  # the deadline thread has queued its message

    served.post(recorder, hold)
    served.post(recorder, lambda: served.schedule(served.now() + 0.01, recorder, "later"))

    assert recorder.await_messages(4)
    assert recorder.messages[1] == "due"
    assert recorder.messages[3] == "later"


def test_an_earlier_timer_changes_when_the_deadline_thread_looks(plane: ControlPlane, recorder: Recorder) -> None:
    looks = list[float | None]()

    def arm() -> None:
        for at in (5.0, 7.0, 2.0):
            plane.schedule(at, recorder, at)
            looks.append(plane._looks_at)

    plane.post(recorder, arm)

    assert looks == [5.0, 5.0, 2.0]


def test_the_deadline_thread_survives_what_cannot_be_contained(recorder: Recorder) -> None:
    failures = [MemoryError(), MemoryError()]

    def fail(*_: object) -> None:
        if failures:
            raise failures.pop()

    plane = ControlPlane(Environment(), fail, lambda: None)
    plane.start()

    def arm() -> None:
        plane.schedule(plane.now(), recorder, fail)
        plane.schedule(plane.now() + 0.01, recorder, "later")

    failures.append(MemoryError())
    plane.post(recorder, arm)

    assert eventually(lambda: "later" in recorder.messages, PATIENCE)
    plane.stop()


def test_a_message_from_a_stack_that_is_used_up_is_handled_by_the_deadline_thread(
    served: ControlPlane, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "is_used_up", lambda: True)

    served.post_from_outside(recorder, "deep")

    assert eventually(lambda: recorder.messages == ["deep"], PATIENCE)
    assert [thread.name for thread in recorder.threads] == ["mixmode-deadlines"]


def test_without_a_deadline_thread_it_is_handled_at_once(
    plane: ControlPlane, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "is_used_up", lambda: True)

    plane.post_from_outside(recorder, "deep")

    assert recorder.messages == ["deep"]


def test_it_may_be_stopped_from_its_own_thread(served: ControlPlane, recorder: Recorder) -> None:
    served.post(recorder, lambda: served.schedule(served.now(), recorder, served.stop))

    assert recorder.await_messages(2)
    assert served._thread is not None
    served._thread.join(PATIENCE)
    assert not served._thread.is_alive()

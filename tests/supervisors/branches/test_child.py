from __future__ import annotations

from typing import Any

import pytest

from supervisors.branches.child import Child
from supervisors.outcome import Outcome
from supervisors.policies.deadlines import UNLIMITED, Deadline
from supervisors.signals import Supervise
from tests.supervisors.fakes import START, FakeAgent, FakeTimer
from tests.supervisors.jobs import job
from tests.supervisors.outcomes import CANCELLED
from tests.supervisors.runs import FakeRun


def child(path: str = "a", parent: Child | None = None, *, deadline: Deadline = UNLIMITED) -> Child:
    request = Supervise(parent, "asker", "key", job(path, FakeAgent()), "payload")
    made = Child(request, parent, deadline, None, START)
    if parent is not None:
        parent.children = {**(parent.children or {}), made: None}
    return made


def test_a_new_child_is_open_and_untried() -> None:
    made = child()

    assert (made.asker, made.key, made.job.path, made.payload) == ("asker", "key", "a", "payload")
    assert (made.is_open, made.is_trying, made.is_fallback, made.attempts) == (True, False, False, 0)


def test_an_attempt_has_the_childs_deadline_unless_it_is_narrowed() -> None:
    deadline = Deadline(START + 1, "a")

    assert child(deadline=deadline).attempt_deadline is deadline


@pytest.mark.parametrize(
    ("ending", "attempt_ending", "is_stopping"),
    [(None, None, False), (CANCELLED, None, True), (None, CANCELLED, True)],
)
def test_a_child_is_stopping_when_it_or_its_attempt_is(
    ending: Outcome | None, attempt_ending: Outcome | None, is_stopping: bool
) -> None:
    made = child()

    made.ending, made.attempt_ending = ending, attempt_ending

    assert made.is_stopping is is_stopping


def test_a_child_that_an_agent_has_needs_to_be_taken_back() -> None:
    agent = FakeAgent()
    FakeRun(job("a", agent)).start()

    attempt: Any = agent.handle.attempt

    assert attempt.needs_withdrawal


def test_a_child_that_waits_for_its_next_attempt_needs_to_be_taken_back() -> None:
    made = child()

    made.retry_timer = FakeTimer(START, FakeRun(made.job), None)

    assert made.needs_withdrawal


def test_a_pattern_that_is_being_done_unwinds_by_itself() -> None:
    assert not child().needs_withdrawal


def test_the_subtree_comes_parents_first_in_the_order_of_opening() -> None:
    root = child("r")
    first, second = child("r/a", root), child("r/b", root)
    below = [child("r/a/1", first), child("r/a/2", first), child("r/b/1", second)]

    paths = [each.job.path for each in root.subtree()]

    assert paths == ["r", "r/a", "r/a/1", "r/a/2", "r/b", "r/b/1"]
    assert len(paths) == len(below) + 3


def test_a_deep_tree_is_walked_without_recursion() -> None:
    root = deepest = child("0")
    for depth in range(1, 5_000):
        deepest = child(str(depth), deepest)

    assert sum(1 for _ in root.subtree()) == 5_000


def test_all_timers_are_cancelled_at_once() -> None:
    made = child()
    timers = [FakeTimer(START, FakeRun(made.job), None) for _ in range(3)]
    made.timer, made.attempt_timer, made.retry_timer = timers

    made.cancel_timers()
    made.cancel_timers()

    assert not any(timer.is_armed for timer in timers)
    assert [made.timer, made.attempt_timer, made.retry_timer] == [None, None, None]

from __future__ import annotations

from typing import Any

import pytest

from supervisors.facts import AgentGivenUp, AgentRestarted
from supervisors.signals import RestartDue
from tests.supervisors.children import FakeChild, Supervision
from tests.supervisors.fakes import START


def test_the_first_restart_is_immediate_and_told() -> None:
    supervision, child = Supervision(), FakeChild()

    supervision.fail(child, part=3)

    assert child.restarts == [(3, "base_exception")]
    assert supervision.context.facts == [AgentRestarted("writer", "base_exception", "SystemExit: 1")]
    assert not supervision.context.armed


def test_further_restarts_wait_for_their_back_off() -> None:
    supervision, child = Supervision(), FakeChild(max_restarts=5)
    for part in range(3):
        supervision.fail(child, part=part)

    assert [timer.due - START for timer in supervision.context.armed] == [1, 2]
    supervision.context.advance(1)
    assert child.restarts == [(0, "base_exception"), (1, "base_exception")]
    supervision.context.advance(1)

    assert len(child.restarts) == 3
    assert not supervision.context.armed


def test_a_restart_that_waits_keeps_its_part_and_reason() -> None:
    supervision, child = Supervision(), FakeChild()
    supervision.fail(child)
    supervision.fail(child, part=7, reason="abandoned")

    supervision.context.advance(1)

    assert child.restarts[-1] == (7, "abandoned")
    assert supervision.context.facts[-1] == AgentRestarted("writer", "abandoned", "SystemExit: 1")


def test_one_failure_more_than_granted_gives_the_child_up() -> None:
    supervision, child = Supervision(), FakeChild(max_restarts=2, within=30)
    for _ in range(2):
        supervision.fail(child)
        supervision.context.advance(2)

    supervision.fail(child)

    detail = "child 'writer' failed again after 2 restarts in 30 s; stopping it; the last failure: SystemExit: 1"
    assert child.given_up == [detail]
    assert supervision.context.facts[-1] == AgentGivenUp("writer", detail)
    assert len(child.restarts) == 2


def test_no_restarts_granted_gives_up_at_once() -> None:
    supervision, child = Supervision(), FakeChild(max_restarts=0)

    supervision.fail(child)

    assert (child.restarts, len(child.given_up)) == ([], 1)


def test_children_do_not_use_up_each_others_restarts() -> None:
    supervision = Supervision()
    flaky, steady = FakeChild("flaky", max_restarts=1), FakeChild("steady", max_restarts=1)
    supervision.fail(flaky)
    supervision.fail(flaky)

    supervision.fail(steady)

    assert (len(flaky.given_up), len(steady.given_up)) == (1, 0)
    assert len(steady.restarts) == 1


def test_parts_of_a_child_share_its_restarts() -> None:
    supervision, child = Supervision(), FakeChild(max_restarts=1)
    supervision.fail(child, part=0)

    supervision.fail(child, part=1)

    assert len(child.given_up) == 1


def test_failures_that_lie_far_enough_apart_never_exhaust_the_restarts() -> None:
    supervision, child = Supervision(), FakeChild(max_restarts=1, within=10)

    for _ in range(20):
        supervision.fail(child)
        supervision.context.advance(11)

    assert (len(child.restarts), child.given_up) == (20, [])


@pytest.mark.parametrize("failures", [1, 2])
def test_a_child_that_was_stopped_is_forgotten(failures: int) -> None:
    supervision, child = Supervision(), FakeChild(max_restarts=1)
    for _ in range(failures):
        supervision.fail(child)

    supervision.stop(child)

    assert len(supervision.supervisor._roster) == 0


def test_a_child_that_never_failed_may_be_stopped() -> None:
    supervision, child = Supervision(), FakeChild()

    supervision.stop(child)

    assert len(supervision.supervisor._roster) == 0


def test_a_restart_may_fail_at_once_again() -> None:
    supervision = Supervision()

    class Hopeless(FakeChild):
        def restart(self, part: Any, reason: str) -> None:
            super().restart(part, reason)
            supervision.fail(self, reason="start_failed")

    child = Hopeless(max_restarts=3)
    supervision.fail(child)

    supervision.context.run_out()

    assert [reason for _, reason in child.restarts] == ["base_exception", "start_failed", "start_failed"]
    assert len(child.given_up) == 1


def test_a_foreign_message_is_refused() -> None:
    supervision = Supervision()
    message: Any = "restart, please"

    with pytest.raises(AssertionError):
        supervision.supervisor.receive(message, supervision.context)


def test_a_due_restart_is_carried_out() -> None:
    supervision, child = Supervision(), FakeChild()
    supervision.fail(child)

    supervision.context.post(supervision.context, RestartDue(child, 2, "abandoned", "it hung"))

    assert child.restarts[-1] == (2, "abandoned")


def test_a_stopped_child_is_not_told_to_be_restarted() -> None:
    supervision, child = Supervision(), FakeChild()
    supervision.fail(child)
    supervision.fail(child)
    supervision.stop(child)

    supervision.context.advance(1)

    assert len(child.restarts) == 1
    assert len(supervision.context.facts) == 1


def test_a_child_that_was_given_up_is_not_restarted_any_more() -> None:
    supervision, child = Supervision(), FakeChild(max_restarts=2)
    for part in range(3):
        supervision.fail(child, part=part)
    assert len(child.given_up) == 1

    supervision.context.advance(1)

    assert len(child.restarts) == 1


def test_what_is_left_of_a_child_that_was_given_up_may_fail_without_consequence() -> None:
    supervision, child = Supervision(), FakeChild(max_restarts=1)
    supervision.fail(child, part=0)
    supervision.fail(child, part=1)

    supervision.fail(child, part=2)

    assert (len(child.restarts), len(child.given_up)) == (1, 1)

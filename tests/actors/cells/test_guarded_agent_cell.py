"""The guarded cell, step by step: what its breaker is told, and what gives way, whatever comes between."""

from __future__ import annotations

from typing import Any

import pytest

from actors.agents.agent import define
from actors.agents.direct import DirectInvocation
from actors.agents.mailbox import MailboxPolicy
from actors.cells.breaker import AgentBreaker, _is_good
from actors.cells.guarded_agent_cell import GuardedAgentCell
from actors.values.event import Event
from supervisors.facts import DeadLettered
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.policies.breaker import Breaker, BreakerState
from supervisors.policies.child_spec import ChildSpec
from tests.actors.by_hand import GRACE, Rig
from tests.actors.logged_agents import CANCELLED, ask, function

BLOCKED = Outcome(OutcomeKind.TIMED_OUT, Reason.LOOP_BLOCKED, culprit="agent")
DROPS = MailboxPolicy(capacity=1, overflow="drop_oldest")


@pytest.fixture
def rig() -> Rig:
    return Rig()


def guarded(rig: Rig, mailbox: MailboxPolicy = DROPS, breaker: Breaker | None = None, **more: Any) -> GuardedAgentCell:
    cell = GuardedAgentCell(
        rig.system,
        define("agent", function, None),
        ChildSpec(name="agent", grace=GRACE),
        concurrency=1,
        mailbox=mailbox,
        timeout=more.get("timeout"),
        breaker=breaker,
    )
    rig.system.agents["agent"] = cell
    cell.lifecycle.begin()
    return cell


def breaker_of(cell: GuardedAgentCell) -> AgentBreaker:
    assert cell.breaker is not None
    return cell.breaker


def test_what_is_done_after_its_deadline_counts_as_a_timeout(rig: Rig) -> None:
    cell = guarded(rig, breaker=Breaker(failures=1), timeout=1.0)
    ask(cell)

    rig.clock.advance(1.0)  # the timer has not fired yet
    rig.threads.perform()

    assert breaker_of(cell).state is BreakerState.OPEN


def test_an_event_is_judged_once(rig: Rig) -> None:
    cell = guarded(rig, breaker=Breaker(failures=2))
    invocation, _ = ask(cell)

    breaker_of(cell).judge(invocation, BLOCKED)
    breaker_of(cell).judge(invocation, BLOCKED)

    assert breaker_of(cell).failures == 1


def test_nothing_is_remembered_of_what_has_ended(rig: Rig) -> None:
    cell = guarded(rig, breaker=Breaker(failures=2))
    asked = [ask(cell)[0] for _ in range(3)]  # one runs, one gives way, one waits

    rig.inside(lambda: cell.withdraw(asked[2], CANCELLED))
    rig.threads.perform_all()

    assert breaker_of(cell)._periods == {}


@pytest.mark.parametrize(
    ("outcome", "is_good"),
    [
        (COMPLETED, True),
        (Outcome(OutcomeKind.FAILED, Reason.EXCEPTION), False),
        (Outcome(OutcomeKind.FAILED, Reason.INVALID_RESULT), False),
        (Outcome(OutcomeKind.FAILED, Reason.MISSING_INPUT), None),
        (Outcome(OutcomeKind.FAILED, Reason.INTERNAL_ERROR), None),
        (Outcome(OutcomeKind.TIMED_OUT, Reason.DEADLINE), False),
        (Outcome(OutcomeKind.TIMED_OUT, Reason.NOT_STARTED), False),
        (BLOCKED, False),
        (Outcome(OutcomeKind.TIMED_OUT, Reason.LOOP_BLOCKED, culprit="another"), None),
        (CANCELLED, None),
        (Outcome(OutcomeKind.REJECTED, Reason.MAILBOX_FULL), None),
    ],
)
def test_failures_and_timeouts_count_and_nothing_else(outcome: Outcome, is_good: bool | None) -> None:
    assert _is_good("agent", outcome) is is_good


def test_what_gave_way_cannot_be_withdrawn_any_more(rig: Rig) -> None:
    cell = guarded(rig)
    asked = [ask(cell) for _ in range(3)]

    rig.inside(lambda: cell.withdraw(asked[1][0], CANCELLED))

    assert (cell.depth, asked[1][1].wait(0)) == (1, True)
    assert [letter.reason for letter in rig.told(DeadLettered)] == ["dropped"]


def test_what_gave_way_when_an_interrupt_struck_is_answered_by_the_repair(rig: Rig) -> None:
    cell = guarded(rig)
    ask(cell)
    invocation, reply = ask(cell)
    with cell.lock:
        cell._overflow(ask_later(cell))  # and the interrupt strikes

    rig.inside(cell.repair)

    assert (invocation.is_live, reply.wait(0), cell.depth) == (False, True, 1)


def ask_later(cell: GuardedAgentCell) -> Any:
    """Return an event that was not submitted yet."""
    return DirectInvocation(cell, Event(), None)


def test_another_thread_may_be_faster_to_answer_what_gave_way(rig: Rig) -> None:
    cell = guarded(rig)

    class Emptied(list[Any]):
        """Looks as if something were in it."""

        def __bool__(self) -> bool:
            return True

        def popleft(self) -> Any:
            raise IndexError

    cell._dropped = Emptied()  # type: ignore[assignment]  # stands for one that another thread empties

    cell._answer_dropped()

    assert rig.told(DeadLettered) == []


def test_without_anything_to_drop_the_newcomer_is_rejected(rig: Rig) -> None:
    cell = guarded(rig, MailboxPolicy(capacity=1, overflow="wait", wait=1.0), Breaker())
    for _ in range(2):
        ask(cell)

    rejection = cell.submit(ask_later(cell))

    assert rejection is not None
    assert rejection.reason is Reason.MAILBOX_FULL
    assert len(breaker_of(cell)._periods) == 2

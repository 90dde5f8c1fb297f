"""What becomes of an event that never began: who learns of it, and whether anybody else does."""

from __future__ import annotations

import pytest

from actors.agents.direct import DirectInvocation
from actors.agents.invocation import Invocation
from actors.cells.agent_cell import AgentCell
from actors.control.dead_letters import DeadLetter
from actors.control.reply import Reply
from actors.values.event import Event
from supervisors.facts import DeadLettered
from supervisors.outcome import Outcome, OutcomeKind, Reason
from tests.actors.by_hand import Rig
from tests.actors.logged_agents import function

SHUTDOWN = Outcome(OutcomeKind.CANCELLED, Reason.SHUTDOWN)
LIMIT = Outcome(OutcomeKind.REJECTED, Reason.ABANDONED_LIMIT)


class Desk:
    """An agent's cell, and a subscriber."""

    def __init__(self) -> None:
        self.rig = Rig()
        self.cell: AgentCell = self.rig.spawn(function, concurrency=1)
        self.letters: list[DeadLetter] = []
        self.rig.system.dead_letters.subscribe(self.letters.append, 10)

    def send(self, reply: Reply | None) -> Invocation:
        invocation = DirectInvocation(self.cell, Event(), reply)
        assert self.cell.submit(invocation) is None
        return invocation

    def told(self) -> list[tuple[str, bool]]:
        return [(letter.reason, letter.is_lost) for letter in self.letters]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("outcome", [SHUTDOWN, LIMIT])
def test_what_was_told_and_no_dispatcher_runs_is_lost(desk: Desk, outcome: Outcome) -> None:
    desk.send(None).refuse(outcome)

    assert desk.told() == [(outcome.reason, True)]


def test_what_was_asked_and_no_dispatcher_runs_is_answered(desk: Desk) -> None:
    reply = Reply()

    desk.send(reply).refuse(LIMIT)

    assert (desk.told(), reply.wait(0)) == ([(LIMIT.reason, False)], True)


def test_what_had_begun_has_failed_and_is_no_dead_letter(desk: Desk) -> None:
    invocation = desk.send(None)
    invocation.begin()

    invocation.refuse(SHUTDOWN)

    assert desk.told() == []


def test_what_was_withdrawn_before_is_no_dead_letter_again(desk: Desk) -> None:
    invocation = desk.send(None)
    desk.rig.inside(lambda: desk.cell.withdraw(invocation, SHUTDOWN))

    invocation.refuse(SHUTDOWN)

    assert desk.told() == [("shutdown", True)]


def test_every_dead_letter_is_counted_too(desk: Desk) -> None:
    desk.rig.system.dead_letter("late_request", "a request")

    assert desk.rig.told(DeadLettered) == [DeadLettered("late_request", "a request")]
    assert desk.letters == [DeadLetter("late_request", "a request")]

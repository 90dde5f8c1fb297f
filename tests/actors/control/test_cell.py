"""Cells: what they show to Pykka, and how those of the control plane handle messages."""

from __future__ import annotations

from typing import Any

import pykka
import pytest

from actors.control.cell import Cell, ControlCell
from actors.control.reply import Reply
from actors.values.event import Event
from actors.values.state import State
from supervisors.facts import DeadLettered
from tests.actors.by_hand import START, Rig


class Behaviour:
    """Keeps what it receives, and in which context."""

    def __init__(self) -> None:
        self.received: list[tuple[Any, Any]] = []

    def receive(self, message: Any, context: Any) -> None:
        self.received.append((message, context))


@pytest.fixture
def rig() -> Rig:
    return Rig()


def control_cell(rig: Rig) -> tuple[ControlCell, Behaviour]:
    behaviour = Behaviour()
    cell = ControlCell(behaviour, rig.system, run=7)
    cell.enroll()
    return cell, behaviour


# Pykka's side


def test_every_cell_has_a_name_of_its_own_that_says_its_kind(rig: Rig) -> None:
    first, second = control_cell(rig)[0], control_cell(rig)[0]

    assert first.actor_urn == first.actor_urn
    assert first.actor_urn != second.actor_urn
    assert first.actor_urn.startswith("urn:mixmode:control:")


def test_a_cell_has_one_ref(rig: Rig) -> None:
    cell, _ = control_cell(rig)

    ref = cell.actor_ref

    assert isinstance(ref, pykka.ActorRef)
    assert cell.actor_ref is ref
    assert ref.is_alive()


@pytest.mark.parametrize("is_asked_before", [False, True])
def test_the_flag_of_a_stopped_cell_is_set_whenever_it_is_asked_for(rig: Rig, is_asked_before: bool) -> None:
    cell, _ = control_cell(rig)
    before = cell.actor_stopped.is_set() if is_asked_before else False

    cell.mark_stopped()

    assert (before, cell.actor_stopped.is_set(), cell.is_stopped) == (False, True, True)


def test_its_ref_is_dead_once_it_has_stopped(rig: Rig) -> None:
    cell, _ = control_cell(rig)
    ref = cell.actor_ref

    cell.mark_stopped()

    assert not ref.is_alive()


def test_a_cell_of_the_control_plane_takes_nothing_from_outside(rig: Rig) -> None:
    cell, behaviour = control_cell(rig)

    with pytest.raises(TypeError, match="is internal: it takes no messages from outside"):
        cell.actor_ref.tell("message")

    assert behaviour.received == []


def test_the_inbox_of_a_cell_of_the_control_plane_is_closed(rig: Rig) -> None:
    cell, _ = control_cell(rig)

    with pytest.raises(TypeError, match="is not read from outside"):
        cell.actor_inbox.get()
    assert cell.actor_inbox.empty()


def test_a_cell_makes_its_inbox_itself() -> None:
    with pytest.raises(NotImplementedError):
        Cell._create_actor_inbox()
    with pytest.raises(NotImplementedError):
        assert Cell().actor_inbox


def test_starting_its_loop_starts_nothing() -> None:
    Cell()._start_actor_loop()

    assert pykka.ActorRegistry.get_all() == []


def test_a_ref_has_no_proxy(rig: Rig) -> None:
    ref = rig.cell(an_agent).actor_ref

    with pytest.raises(TypeError, match=r"use ref.tell\(event\) or ref.ask\(event\)"):
        ref.proxy()


def test_a_cell_answers_by_replies() -> None:
    assert isinstance(Cell._create_future(), Reply)


def an_agent(event: Event, state: State) -> None:
    """Do nothing."""


# The context of a behaviour


def test_a_message_is_given_to_the_behaviour_with_the_cell_as_its_context(rig: Rig) -> None:
    cell, behaviour = control_cell(rig)

    rig.system.plane.post(cell, "message")

    assert behaviour.received == [("message", cell)]
    assert cell.ref is cell


def test_it_offers_the_runtimes_clock_and_randomness(rig: Rig) -> None:
    cell, _ = control_cell(rig)

    assert cell.now() == START
    assert cell.random is rig.system.environment.random


def test_a_scheduled_message_comes_to_the_behaviour_when_it_is_due(rig: Rig) -> None:
    cell, behaviour = control_cell(rig)
    rig.inside(lambda: cell.schedule(START + 1, "due"))

    rig.advance(0.5)
    before = list(behaviour.received)
    rig.advance(0.5)

    assert (before, behaviour.received) == ([], [("due", cell)])


def test_what_nobody_wants_is_a_dead_letter(rig: Rig) -> None:
    cell, _ = control_cell(rig)

    cell.dead_letter("late_answer", "an answer")

    assert rig.facts == [DeadLettered("late_answer", "an answer")]


def test_what_comes_after_it_retired_is_a_dead_letter(rig: Rig) -> None:
    cell, behaviour = control_cell(rig)

    cell.retire()
    rig.system.plane.post(cell, "message")

    assert behaviour.received == []
    assert rig.facts == [DeadLettered("late_message", "a str came after the end")]
    assert rig.system.orchestrators == {}

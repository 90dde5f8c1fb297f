from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from actors import Cached, State
from actors.control.cell import ControlCell
from actors.control.environment import Environment
from actors.control.plane import ControlPlane
from actors.orchestrators.caches import (
    FORGET_ALL,
    LEAD,
    MAX_CACHES,
    TOLD_AT_ONCE,
    Caches,
    Change,
    ChangeCache,
    Ticket,
    TicketTarget,
)
from actors.values.state import NO_CHANGE
from supervisors import ManualClock, Outcome, OutcomeKind, Reason
from supervisors.signals import Answer, Attempt

KEY = b"key"
CHANGE = Change("cached", NO_CHANGE)
CANCELLED = Outcome(OutcomeKind.CANCELLED, Reason.REQUESTED)
SHUTDOWN = Outcome(OutcomeKind.CANCELLED, Reason.SHUTDOWN)


def no_defect(*_args: object) -> None:
    raise AssertionError("a defect")


class World:
    """A control plane whose time stands still, and the caches in it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.plane = ControlPlane(Environment(clock=self.clock), no_defect, no_defect)
        self.caches = Caches(self.plane)

    def advance(self, seconds: float) -> None:
        """Let time pass, and fire what is due."""
        self.clock.advance(seconds)
        self.plane.post(self, None)

    def handle(self, message: Any) -> None:
        self.plane.fire_due()


class Asker:
    """Stands for the cell of an orchestrator; keeps what is sent to it, and to its supervisor."""

    def __init__(self, world: World, cache: ChangeCache) -> None:
        self.now = world.clock.now
        self.is_stopped = False
        self.told: list[Any] = []
        self.answers: list[Any] = []
        self.ticket = Ticket(world.caches, cache, KEY, cast(ControlCell, self))
        self.attempts = 1
        self.supervisor = "supervisor"
        self.payload = self.ticket
        self.handle: Any = None

    def send(self, recipient: Any, message: Any) -> None:
        if recipient == self.supervisor:
            assert isinstance(message, Answer)
            self.answers.append(message.value)
        else:
            assert recipient is self
            self.told.append(message)

    def ask(self) -> None:
        """Do what a supervisor does for it."""
        handle = TicketTarget().perform(cast(Attempt, self), self)
        assert handle is self.handle is self.ticket


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def cache(world: World) -> ChangeCache:
    return world.caches.of(Cached("a", key="k"))


@pytest.fixture
def asking(world: World, cache: ChangeCache) -> Callable[[int], list[Asker]]:
    def ask(count: int) -> list[Asker]:
        askers = [Asker(world, cache) for _ in range(count)]
        for each in askers:
            each.ask()
        return askers

    return ask


Asking = Callable[[int], list[Asker]]


def key(state: State) -> str:
    return ""


# One cache for all that is alike


def test_nodes_that_are_alike_share_a_cache(world: World) -> None:
    first, second = Cached("a", key=key), Cached("a", key=key)

    assert world.caches.of(first) is world.caches.of(first) is world.caches.of(second)


def test_nodes_that_differ_have_caches_of_their_own(world: World) -> None:
    nodes = [Cached("a", key="k"), Cached("b", key="k"), Cached("a", key="l"), Cached("a", key=key)]
    nodes += [Cached("a", key="k", ttl=1.0), Cached("a", key="k", max_entries=1), Cached("a", key="k", name="mine")]

    assert len({id(world.caches.of(node)) for node in nodes}) == len(nodes)


def test_the_cache_that_was_not_used_for_longest_is_forgotten(world: World) -> None:
    nodes = [Cached("a", key=str(number)) for number in range(MAX_CACHES + 1)]
    caches = [world.caches.of(node) for node in nodes[:-1]]
    world.caches.of(nodes[0])

    world.caches.of(nodes[-1])

    assert world.caches.of(nodes[0]) is caches[0]
    assert world.caches.of(nodes[2]) is caches[2]
    assert world.caches.of(nodes[1]) is not caches[1]


def test_a_cache_in_which_somebody_waits_is_not_forgotten(world: World, cache: ChangeCache, asking: Asking) -> None:
    asking(1)

    for number in range(2 * MAX_CACHES):
        world.caches.of(Cached("a", key=str(number)))

    assert world.caches.of(Cached("a", key="k")) is cache


def test_caches_that_are_all_in_use_are_all_kept(world: World) -> None:
    nodes = [Cached("a", key=str(number)) for number in range(MAX_CACHES + 5)]
    caches = []
    for node in nodes:
        caches.append(world.caches.of(node))
        Asker(world, caches[-1]).ask()

    assert [world.caches.of(node) for node in nodes] == caches


# What expires does not stay


def test_expired_values_go_although_nobody_asks_for_them(world: World) -> None:
    cache = world.caches.of(Cached("a", key="k", ttl=3.0))
    for number in (1, 2):
        cache.keep(bytes([number]), CHANGE, world.clock.now())
        world.caches.watch(cache)
        world.advance(1.0)

    sizes = [len(cache)]
    for _ in range(2):
        world.advance(1.0)
        sizes.append(len(cache))

    assert sizes == [2, 1, 0]
    assert world.plane.armed_timers == 0


def test_one_timer_is_enough_for_a_cache(world: World) -> None:
    cache = world.caches.of(Cached("a", key="k", ttl=3.0))
    for number in range(10):
        cache.keep(bytes([number]), CHANGE, world.clock.now())
        world.caches.watch(cache)
    world.caches.handle(cache)  # as after an interrupt

    assert world.plane.armed_timers == 1


def test_without_a_ttl_no_timer_is_armed(world: World, cache: ChangeCache) -> None:
    cache.keep(KEY, CHANGE, world.clock.now())
    world.caches.watch(cache)

    assert world.plane.armed_timers == 0


def test_a_cache_that_is_forgotten_leaves_no_timer(world: World) -> None:
    cache = world.caches.of(Cached("a", key="k", ttl=3600.0))
    cache.keep(KEY, CHANGE, world.clock.now())
    world.caches.watch(cache)

    for number in range(MAX_CACHES):
        world.caches.of(Cached("a", key=str(number)))

    assert world.plane.armed_timers == 0


def test_when_the_runtime_has_stopped_everything_is_forgotten(world: World) -> None:
    node = Cached("a", key="k", ttl=3600.0)
    cache = world.caches.of(node)
    cache.keep(KEY, CHANGE, world.clock.now())
    world.caches.watch(cache)

    world.caches.handle(FORGET_ALL)

    assert world.caches.of(node) is not cache
    assert world.plane.armed_timers == 0


# Tickets


def test_one_of_all_who_ask_is_told_to_compute(asking: Asking) -> None:
    askers = asking(3)

    assert [each.told for each in askers] == [[LEAD], [], []]
    assert [each.ticket.leads for each in askers] == [True, False, False]


def test_what_the_leader_computed_is_told_to_all(cache: ChangeCache, asking: Asking) -> None:
    askers = asking(3)

    askers[0].ticket.land(CHANGE)

    assert [each.answers for each in askers] == [[CHANGE]] * 3
    assert not cache.is_in_flight
    assert asking(1)[0].answers == [CHANGE]


def test_others_have_their_turn_while_a_value_is_told_to_very_many(
    world: World, cache: ChangeCache, asking: Asking
) -> None:
    askers = asking(2 * TOLD_AT_ONCE + 1)

    askers[0].ticket.land(CHANGE)
    told_at_first = sum(len(each.answers) for each in askers)
    newcomer = asking(1)[0]
    askers[TOLD_AT_ONCE].ticket.withdraw(CANCELLED)  # he would lead next
    world.advance(0.0)

    assert told_at_first == TOLD_AT_ONCE
    assert newcomer.answers == [CHANGE]
    assert [each.answers for each in askers] == [[CHANGE]] * TOLD_AT_ONCE + [[]] + [[CHANGE]] * TOLD_AT_ONCE
    assert not cache.is_in_flight


def test_who_released_is_answered_and_the_next_one_computes(asking: Asking) -> None:
    askers = asking(3)

    askers[0].ticket.release()

    assert [each.answers for each in askers] == [[None], [], []]
    assert [each.told for each in askers] == [[LEAD], [LEAD], []]


@pytest.mark.parametrize("end", [lambda ticket: ticket.land(CHANGE), lambda ticket: ticket.release()])
def test_who_was_taken_back_has_no_say_any_more(
    cache: ChangeCache, asking: Asking, end: Callable[[Ticket], None]
) -> None:
    askers = asking(2)
    askers[0].ticket.withdraw(CANCELLED)

    end(askers[0].ticket)

    assert [each.answers for each in askers] == [[], []]
    assert [each.told for each in askers] == [[LEAD], [LEAD]]
    assert len(cache) == 0


def test_who_waits_and_is_taken_back_changes_nothing_for_others(asking: Asking) -> None:
    askers = asking(3)

    askers[1].ticket.withdraw(CANCELLED)
    askers[0].ticket.land(CHANGE)

    assert [each.answers for each in askers] == [[CHANGE], [], [CHANGE]]


def test_at_a_shutdown_nobody_goes_on_computing(cache: ChangeCache, asking: Asking) -> None:
    askers = asking(3)

    for each in askers:
        each.ticket.withdraw(SHUTDOWN)

    assert [each.told for each in askers] == [[LEAD], [], []]
    assert not cache.is_in_flight


# Repairs after an interrupt


def test_a_repair_takes_back_tickets_of_whoever_is_gone(world: World, cache: ChangeCache, asking: Asking) -> None:
    askers = asking(4)
    askers[0].is_stopped = askers[2].is_stopped = True

    world.caches.repair()

    assert [each.told for each in askers] == [[LEAD], [LEAD], [], []]
    assert [each.ticket.leads for each in askers] == [False, True, False, False]


def test_a_repair_ends_flights_in_which_everybody_is_gone(world: World, cache: ChangeCache, asking: Asking) -> None:
    for each in asking(2):
        each.is_stopped = True

    world.caches.repair()

    assert not cache.is_in_flight


def test_a_repair_tells_whoever_was_not_told_of_a_value_that_is_kept(
    world: World, cache: ChangeCache, asking: Asking
) -> None:
    askers = asking(3)
    cache.keep(KEY, CHANGE, world.clock.now())
    askers[0].ticket.answer(CHANGE, None)

    world.caches.repair()

    assert [each.answers for each in askers] == [[CHANGE]] * 3
    assert not cache.is_in_flight


def test_a_ticket_that_never_boarded_answers_nobody(world: World, cache: ChangeCache) -> None:
    asker = Asker(world, cache)
    cache.join(KEY, asker.ticket)

    asker.ticket.land(CHANGE)

    assert asker.answers == []

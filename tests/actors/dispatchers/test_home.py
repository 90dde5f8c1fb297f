"""The home of an async instance, step by step."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextvars import Context, ContextVar
from functools import partial
from typing import Any

import pytest

from actors.dispatchers.home import Driven, Home
from actors.dispatchers.lane import Lane
from actors.dispatchers.work import Work
from supervisors.outcome import Outcome, Reason
from tests.actors.dispatchers.works import PATIENCE, Task

mood: ContextVar[str] = ContextVar("mood", default="calm")


class Start(Task):
    """Makes an instance that does nothing."""

    is_hook = True

    def __init__(self, notes: list[str]) -> None:
        super().__init__(lambda: notes.append("start"))
        self.notes = notes

    @property
    def opens_home(self) -> bool:
        return True

    def call(self) -> Any:
        super().call()
        self.home.furnish(self.stop, lambda: self.notes.append("cancelled"), PATIENCE)

    async def stop(self) -> None:
        self.notes.append("stop")


class Stop(Task):
    """Stops it."""

    is_hook = True

    def __init__(self, home: Home) -> None:
        super().__init__(home.finish)
        self.home = home

    def lose(self) -> None:
        self.done(None, None)


class At(Task):
    """An event for it."""

    def __init__(self, home: Home, function: Any) -> None:
        super().__init__(function, variables=Context())
        self.home = home


class House:
    """An event loop that runs when it is told to, and a home on it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.lane = Lane(self.loop)
        self.notes: list[str] = []
        self.start = Start(self.notes)
        self.hand(self.start)
        self.home: Home = self.start.home

    def hand(self, work: Work) -> None:
        """Hand a work over, and let it be done."""
        self.lane.execute(work)
        self.turn()

    def turn(self) -> None:
        for _ in range(5):
            self.loop.run_until_complete(asyncio.sleep(0))


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    yield house
    house.home.task.cancel()
    house.turn()
    house.loop.close()


def test_it_lives_until_its_instance_is_stopped(house: House) -> None:
    was_alive = not house.home.task.done()

    house.hand(Stop(house.home))

    assert (was_alive, house.home.task.done(), house.notes) == (True, True, ["start", "stop"])
    assert house.lane._homes == {}


def test_it_ends_with_a_start_that_failed(house: House) -> None:
    class Bad(Start):
        def call(self) -> Any:
            raise ValueError("no")

    start = Bad([])
    house.hand(start)

    assert start.home.task.done()
    assert isinstance(start.endings[0][1], ValueError)


def test_what_comes_when_it_has_ended_is_refused_and_its_stop_is_done(house: House) -> None:
    house.hand(Stop(house.home))
    event, stop = At(house.home, lambda: None), Stop(house.home)

    house.hand(event)
    house.hand(stop)

    assert [outcome.reason for outcome in event.refusals] == [Reason.EXCEPTION]
    assert stop.value() is None
    assert house.lane.works == set()


def test_what_waits_when_it_ends_is_refused(house: House) -> None:
    event = At(house.home, lambda: None)
    house.lane.execute(Stop(house.home))
    house.hand(event)

    assert len(event.refusals) == 1


def test_others_on_the_loop_go_on_between_two_events(house: House) -> None:
    order: list[str] = []
    for name in ("first", "second"):
        house.lane.execute(At(house.home, partial(order.append, name)))
        house.lane.execute(Task(partial(order.append, f"other {name}")))

    house.turn()

    assert order.index("other first") < order.index("second")


def test_a_cancellation_by_its_runtime_that_comes_too_late_strikes_nobody(house: House) -> None:
    event = At(house.home, lambda: None)
    house.hand(event)

    house.home.cancel(event)
    house.turn()

    assert (house.home.task.cancelling(), house.home.is_lost) == (0, False)


def test_a_cancellation_that_is_swallowed_by_what_ends_at_once_strikes_nobody_either(house: House) -> None:
    async def end_at_once() -> None:
        house.home.cancel(event)

    event = At(house.home, end_at_once)
    house.hand(event)

    assert (house.home.task.cancelling(), house.home.is_lost, house.notes) == (0, False, ["start"])


@pytest.mark.parametrize("is_at_work", [False, True])
def test_a_cancellation_by_others_ends_it_with_its_hook(house: House, is_at_work: bool) -> None:
    if is_at_work:
        house.hand(At(house.home, asyncio.Event().wait))

    house.home.task.cancel()
    house.turn()

    assert (house.home.is_lost, house.home.task.done()) == (True, True)
    assert house.notes == ["start", "cancelled", "stop"]


def test_a_hook_that_is_called_because_of_that_can_be_cancelled(house: House) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    house.home.furnish(hang, lambda: None, PATIENCE)
    house.home.task.cancel()
    house.turn()
    was_hanging = not house.home.task.done()

    house.home.cancel(Stop(house.home))
    house.turn()

    assert (was_hanging, house.home.task.done()) == (True, True)


def test_dismissed_it_ends_without_its_hook(house: House) -> None:
    house.home.dismiss()
    house.turn()

    assert (house.home.task.done(), house.notes) == (True, ["start"])


def test_dismissing_it_on_a_closed_loop_is_no_error() -> None:
    loop = asyncio.new_event_loop()
    loop.close()

    Home(Lane(loop), Context()).dismiss()


def test_it_is_stopped_in_its_own_task_on_behalf_of_the_next(house: House) -> None:
    successor = Task(lambda: house.home.end(successor))

    house.hand(successor)

    assert successor.value() is None
    assert (house.home.task.done(), house.notes) == (True, ["start", "stop"])


def test_a_successor_that_is_cancelled_has_the_hook_cancelled_and_waits_for_it(house: House) -> None:
    seen: list[str] = []

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")

    house.home.furnish(hang, lambda: None, PATIENCE)
    successor = Task(lambda: house.home.end(successor))
    house.hand(successor)
    owner = house.lane.owner_of(house.home.task)

    successor.task.cancel()
    house.turn()

    assert (owner, seen, successor.value()) == (successor, ["cancelled"], None)


def test_a_successor_on_another_loop_does_not_wait_for_it(house: House) -> None:
    successor = Task(lambda: house.home.end(successor))
    successor.host = None

    house.loop.run_until_complete(house.home.end(successor))
    house.turn()

    assert (house.home.task.done(), house.notes) == (True, ["start"])


class Struck(At):
    """An event during whose report an interrupt strikes."""

    def done(self, value: Any, error: BaseException | None) -> None:
        super().done(value, error)
        raise KeyboardInterrupt


def test_an_interrupt_surfaces_from_the_loop_and_leaves_the_instance(house: House) -> None:
    with pytest.raises(KeyboardInterrupt):
        house.hand(Struck(house.home, lambda: None))
    house.turn()
    after = At(house.home, lambda: 42)
    house.hand(after)

    assert after.value() == 42


def test_an_interrupt_that_ends_it_is_told_of(house: House) -> None:
    async def strike(_self: Home) -> bool:
        raise KeyboardInterrupt

    house.home._is_called = strike.__get__(house.home)  # type: ignore[method-assign]  # as it strikes there
    with pytest.raises(KeyboardInterrupt):
        house.hand(At(house.home, lambda: None))

    assert (house.home.is_lost, house.notes) == (True, ["start", "cancelled"])


def test_what_is_closed_with_its_loop_calls_nobody(house: House) -> None:
    coroutine = house.home.task.get_coro()

    coroutine.close()
    house.home._leave()

    assert house.notes == ["start"]


def test_it_is_told_whose_task_it_is(house: House) -> None:
    owners: list[object] = []
    event = At(house.home, lambda: owners.append(house.lane.owner_of(house.home.task)))

    house.hand(event)

    assert owners == [event]
    assert house.lane.owner_of(house.home.task) == "writer"


def test_refusing_with_an_outcome_is_the_work_of_what_is_refused() -> None:
    event = Task(lambda: None)

    event.lose()

    assert all(isinstance(outcome, Outcome) for outcome in event.refusals)


# Driving


async def ask_back() -> str:
    mood.set("changed")
    try:
        await asyncio.sleep(0)
    except ValueError:
        return f"{mood.get()}, struck"
    return mood.get()


def test_a_coroutine_is_driven_in_a_context_of_its_own() -> None:
    async def outer() -> tuple[str, str]:
        return await Driven(ask_back(), Context()), mood.get()

    assert asyncio.run(outer()) == ("changed", "calm")


def test_what_is_thrown_at_it_is_thrown_there() -> None:
    driven = Driven(ask_back(), Context())
    next(iter(driven))

    with pytest.raises(StopIteration) as stopped:
        driven.throw(ValueError("no"))

    assert stopped.value.value == "changed, struck"
    assert driven.cr_frame is None


def test_it_passes_on_what_is_sent_and_may_be_closed() -> None:
    driven = Driven(ask_back(), Context())
    driven.send(None)
    awaited = driven.cr_await

    driven.close()

    assert awaited.cr_frame is None

"""What callers hand to the runtime."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from functools import partial
from types import MappingProxyType

import pytest

from actors.control.environment import Environment
from actors.values.arguments import (
    as_environment,
    as_event,
    check_callback,
    check_count,
    check_loop,
    check_name,
    check_observers,
    check_stop_timeout,
    check_stopping,
    is_coroutine_function,
)
from actors.values.event import Event


def test_no_event_is_one_without_data() -> None:
    event = as_event(None, "flow")

    assert (event.target, event.data) == ("flow", {})


def test_an_event_is_taken_as_it_is() -> None:
    event = Event(target="elsewhere")

    assert as_event(event, "flow") is event


def test_a_mapping_becomes_the_data_of_an_event() -> None:
    event = as_event(MappingProxyType({"topic": "actors"}), "flow")

    assert (event.target, event.data) == ("flow", {"topic": "actors"})


@pytest.mark.parametrize("event", ["text", 3, ["list"]])
def test_anything_else_is_no_event(event: object) -> None:
    with pytest.raises(TypeError, match=f"not {type(event).__name__}"):
        as_event(event, "flow")


@pytest.mark.parametrize("name", ["writer", "wr iter", "ß"])
def test_any_other_text_is_a_name(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(("name", "error"), [(3, TypeError), (None, TypeError), ("", ValueError), ("a/b", ValueError)])
def test_what_cannot_name_an_agent_is_refused(name: object, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"an agent's name"):
        check_name(name)


@pytest.mark.parametrize("count", [1, 10_000])
def test_a_positive_whole_number_is_a_count(count: int) -> None:
    check_count(count, "mailbox")


@pytest.mark.parametrize(
    ("count", "error"), [(True, TypeError), (1.0, TypeError), ("1", TypeError), (0, ValueError), (-1, ValueError)]
)
def test_anything_else_is_no_count(count: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="mailbox must be"):
        check_count(count, "mailbox")


def test_a_count_may_have_a_limit() -> None:
    check_count(7, "concurrency", 7)

    with pytest.raises(ValueError, match="concurrency must be at most 7, not 8"):
        check_count(8, "concurrency", 7)


@pytest.mark.parametrize(("timeout", "seconds"), [(0, 0.0), (0.0, 0.0), (1, 1.0), (2.5, 2.5)])
def test_stopping_may_take_some_time_or_none(timeout: float, seconds: float) -> None:
    assert check_stop_timeout(timeout) == seconds


@pytest.mark.parametrize(
    ("timeout", "error"), [(-1, ValueError), (math.inf, ValueError), (math.nan, ValueError), (False, TypeError)]
)
def test_no_other_time_is_one_to_stop_in(timeout: float, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"stop\(\)"):
        check_stop_timeout(timeout)


def test_a_loop_is_an_event_loop_or_none() -> None:
    loop = asyncio.new_event_loop()
    loop.close()

    check_loop(loop)
    check_loop(None)
    with pytest.raises(TypeError, match="must be an asyncio event loop or None, not 'loop'"):
        check_loop("loop")


def test_an_observer_has_a_method_observe() -> None:
    class Deaf:
        observe = "nothing"

    class Observer:
        def observe(self, fact: object) -> None:
            """Take note."""

    check_observers([Observer(), Observer()])
    check_observers(())
    for observer in (Deaf(), object()):
        with pytest.raises(TypeError, match=r"must have a method observe\(fact\)"):
            check_observers([Observer(), observer])


@pytest.mark.parametrize("observers", [None, 3, "", iter(())])
def test_observers_come_in_a_sequence(observers: object) -> None:
    with pytest.raises(TypeError, match="observers must be a sequence of observers, not"):
        check_observers(observers)


def test_an_environment_is_taken_as_it_is_and_none_is_the_machine() -> None:
    environment = Environment()

    assert as_environment(environment) is environment
    assert isinstance(as_environment(None), Environment)


@pytest.mark.parametrize("environment", [[], 0, "", "x", Environment])
def test_anything_else_is_no_environment(environment: object) -> None:
    with pytest.raises(TypeError, match="environment must be an Environment or None, not"):
        as_environment(environment)


async def later(value: object) -> None:
    """Do nothing."""


class Later:
    async def __call__(self, value: object) -> None:
        """Do nothing."""


@pytest.mark.parametrize("function", [later, Later(), partial(later), partial(partial(Later())), Later().__call__])
def test_what_has_to_be_awaited_is_no_callback(function: Callable[..., object]) -> None:
    assert is_coroutine_function(function)

    with pytest.raises(TypeError, match="^it: callback must be a plain function, callable with a run; .*`async def`$"):
        check_callback(function, "it:", "a run")


@pytest.mark.parametrize("function", [None, 3])
def test_what_cannot_be_called_is_no_callback(function: object) -> None:
    with pytest.raises(TypeError, match="^it: callback must be callable with a run, not (None|3)$"):
        check_callback(function, "it:", "a run")


@pytest.mark.parametrize("function", [print, [].append, partial(print), Later])
def test_anything_else_that_can_be_called_is_a_callback(function: object) -> None:
    check_callback(function, "it:", "a run")


@pytest.mark.parametrize(("grace", "seconds"), [(None, None), (0, 0.0), (2, 2.0)])
def test_how_to_stop_something_is_told_by_its_grace(grace: float | None, seconds: float | None) -> None:
    assert check_stopping("it:", grace=grace, block=False, timeout=-1) == seconds


def test_whether_to_wait_for_a_stop_and_for_how_long_is_checked() -> None:
    with pytest.raises(TypeError, match="^it: block must be True or False, not 1$"):
        check_stopping("it:", grace=None, block=1, timeout=None)  # type: ignore[arg-type]  # what is tested
    with pytest.raises(TypeError, match="^it: timeout must be seconds or None, not 'x'$"):
        check_stopping("it:", grace=None, block=True, timeout="x")  # type: ignore[arg-type]  # the same
    with pytest.raises(ValueError, match="positive"):
        check_stopping("it:", grace=-1, block=True, timeout=None)

"""What callers hand to the runtime."""

from __future__ import annotations

import asyncio
import math
from types import MappingProxyType

import pytest

from actors.arguments import as_event, check_count, check_loop, check_name, check_observers, check_stop_timeout
from actors.event import Event


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
    for observer in (Deaf(), object()):
        with pytest.raises(TypeError, match=r"must have a method observe\(fact\)"):
            check_observers([Observer(), observer])

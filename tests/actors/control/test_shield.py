"""The shield: what strikes the main thread while it is up waits until it is down."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from actors.control import shield as module
from actors.control.shield import Shield
from tests.limits import PATIENCE

SHIELDED = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)

# Its usual method needs the handler of SIGALRM.
pytestmark = pytest.mark.timeout(300, method="thread")


class StruckError(BaseException):
    """What the handlers here raise."""


def strike(number: int, frame: FrameType | None) -> None:
    raise StruckError(signal.Signals(number).name)


@pytest.fixture(autouse=True)
def unset() -> Iterator[None]:
    """Begin without handlers, and put back those of pytest."""
    before = [(number, signal.signal(number, signal.SIG_DFL)) for number in SHIELDED]
    yield
    for number, handler in before:
        signal.signal(number, handler)


def on_another_thread(call: Callable[[], bool]) -> bool:
    found = list[bool]()
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    thread.join(PATIENCE)
    return found[0]


# When it is needed


@pytest.mark.parametrize("number", SHIELDED)
def test_it_is_needed_where_a_handler_may_raise(number: int) -> None:
    shield = Shield()
    was_needed = shield.is_needed

    signal.signal(number, strike)

    assert (was_needed, shield.is_needed, shield.is_needed) == (False, True, True)


@pytest.mark.parametrize("handler", [signal.SIG_DFL, signal.SIG_IGN])
def test_it_is_not_needed_where_no_handler_is_called(handler: signal.Handlers) -> None:
    shield = Shield()
    signal.signal(signal.SIGINT, handler)

    with shield:
        assert signal.getsignal(signal.SIGINT) is handler

    assert not shield.is_needed


def test_it_is_not_needed_on_other_threads() -> None:
    shield = Shield()
    signal.signal(signal.SIGINT, strike)

    def is_up() -> bool:
        with shield:
            return signal.getsignal(signal.SIGINT) is not strike

    assert not on_another_thread(lambda: shield.is_needed)
    assert not on_another_thread(is_up)


def test_it_is_not_needed_for_what_asyncio_calls_between_turns() -> None:
    shield = Shield()

    async def is_needed() -> bool:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, list)
        return shield.is_needed

    assert asyncio.run(is_needed()) is False


def test_under_asyncio_run_it_is_needed_once_ctrl_c_was_pressed() -> None:
    shield = Shield()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    needed = list[bool]()

    def press() -> None:
        needed.append(shield.is_needed)
        signal.raise_signal(signal.SIGINT)
        needed.append(shield.is_needed)
        with pytest.raises(KeyboardInterrupt), shield:
            signal.raise_signal(signal.SIGINT)
            needed.append(shield.is_needed)

    async def main() -> None:
        asyncio.get_running_loop().call_soon(press)
        with pytest.raises(asyncio.CancelledError):  # by the first Ctrl-C
            await asyncio.get_running_loop().create_future()

    asyncio.run(main())

    assert needed == [False, True, False]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_under_asyncio_run_it_is_needed_beside_a_handler_that_may_raise() -> None:
    shield = Shield()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, strike)

    async def is_needed() -> bool:
        return shield.is_needed

    assert asyncio.run(is_needed()) is True


# What waits


@pytest.mark.parametrize("number", SHIELDED)
def test_what_strikes_while_it_is_up_is_raised_when_it_is_down(number: int) -> None:
    shield, done = Shield(), list[str]()
    signal.signal(number, strike)

    with pytest.raises(StruckError), shield:
        signal.raise_signal(number)
        done.append("the rest")

    assert done == ["the rest"]
    assert signal.getsignal(number) is strike
    assert shield.is_needed


def test_it_lets_through_what_its_body_raises() -> None:
    signal.signal(signal.SIGINT, strike)

    with pytest.raises(ValueError, match="of its own"), Shield():
        raise ValueError("of its own")


def test_it_may_be_put_up_while_it_is_up() -> None:
    shield, done = Shield(), list[str]()
    signal.signal(signal.SIGINT, strike)

    with pytest.raises(StruckError), shield:
        with shield:
            signal.raise_signal(signal.SIGINT)
        done.append("the rest")

    assert done == ["the rest"]


def test_a_second_shield_leaves_it_to_the_first() -> None:
    first, second = Shield(), Shield()
    signal.signal(signal.SIGINT, strike)
    done = list[str]()

    with pytest.raises(StruckError), first:
        with second:
            signal.raise_signal(signal.SIGINT)
        done.append("the rest")

    assert done == ["the rest"]
    assert signal.getsignal(signal.SIGINT) is strike


def test_all_that_wait_are_called_whatever_one_of_them_raises() -> None:
    signal.signal(signal.SIGINT, strike)
    signal.signal(signal.SIGTERM, strike)

    with pytest.raises(StruckError) as raised, Shield():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)

    assert {str(raised.value), str(raised.value.__context__)} == {"SIGINT", "SIGTERM"}


def test_a_handler_that_waited_may_do_what_needs_the_shield() -> None:
    shield, done = Shield(), list[int]()

    def handle(number: int, frame: FrameType | None) -> None:
        with shield:
            done.append(number)

    signal.signal(signal.SIGINT, handle)

    with shield:
        signal.raise_signal(signal.SIGINT)

    assert done == [signal.SIGINT]
    assert signal.getsignal(signal.SIGINT) is handle


# What strikes while it goes up or comes down


class Signals:
    """Stands in for `_signal`: something happens just before a handler is set for the n-th time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, nth: int, event: Callable[[], object]) -> None:
        self._calls, self._nth, self._event = 0, nth, event
        monkeypatch.setattr(module, "_signal", self)

    def signal(self, number: int, handler: Any) -> Any:
        self._calls += 1
        if self._calls == self._nth:
            self._event()
        return signal.signal(number, handler)


def test_a_handler_that_was_set_while_it_went_up_is_the_one_that_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    signal.signal(signal.SIGINT, strike)
    Signals(monkeypatch, 1, lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))

    with Shield():
        assert callable(signal.getsignal(signal.SIGINT))

    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_what_strikes_while_it_goes_up_is_raised_and_leaves_it_down(monkeypatch: pytest.MonkeyPatch) -> None:
    shield = Shield()
    signal.signal(signal.SIGINT, strike)
    signal.signal(signal.SIGALRM, strike)
    Signals(monkeypatch, 2, lambda: signal.raise_signal(signal.SIGALRM))

    with pytest.raises(StruckError, match="SIGALRM"), shield:
        raise AssertionError("it went up")

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGALRM)] == [strike, strike]
    with pytest.raises(StruckError):
        signal.raise_signal(signal.SIGINT)


def test_what_strikes_while_it_comes_down_is_raised_and_all_handlers_are_back(monkeypatch: pytest.MonkeyPatch) -> None:
    signal.signal(signal.SIGINT, strike)
    signal.signal(signal.SIGTERM, strike)
    Signals(monkeypatch, 4, lambda: signal.raise_signal(signal.SIGINT))

    with pytest.raises(StruckError, match="SIGINT"), Shield():
        """Nothing is done."""

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == [strike, strike]


# Forks


def test_in_the_child_of_a_fork_it_is_down_and_the_handlers_are_back() -> None:
    signal.signal(signal.SIGINT, strike)

    with warnings.catch_warnings(), Shield():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads may be running
        child = os.fork()
        if not child:
            os._exit(0 if signal.getsignal(signal.SIGINT) is strike else 1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0


def test_after_a_fork_nothing_waits_that_struck_the_parent() -> None:
    shield = Shield()
    signal.signal(signal.SIGINT, strike)

    with shield:
        signal.raise_signal(signal.SIGINT)
        module._after_fork()

    assert signal.getsignal(signal.SIGINT) is strike

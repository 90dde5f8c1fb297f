"""Raised: what Python keeps of an exception, whatever its class says; that is a user's code, which may raise."""

from __future__ import annotations

from types import TracebackType
from typing import Any

_KEPT = BaseException.__dict__
_MEMBERS = BaseExceptionGroup.__dict__["exceptions"]


def traceback_of(error: BaseException) -> TracebackType | None:
    """Return where an exception came from."""
    return _kept(error, "__traceback__")  # type: ignore[no-any-return]  # it is what Python keeps there


def cause_of(error: BaseException) -> BaseException | None:
    """Return what an exception was raised from, or while what was handled."""
    cause = stated_cause_of(error)
    return cause if cause is not None else _kept(error, "__context__")


def stated_cause_of(error: BaseException) -> BaseException | None:
    """Return what an exception was raised from, by `raise ... from`."""
    return _kept(error, "__cause__")  # type: ignore[no-any-return]  # likewise


def context_of(error: BaseException) -> BaseException | None:
    """Return what was being handled when an exception was raised; None if `from` said that it does not matter."""
    return None if _kept(error, "__suppress_context__") else _kept(error, "__context__")


def arguments_of(error: BaseException) -> tuple[Any, ...]:
    """Return what an exception was made of."""
    return _kept(error, "args")  # type: ignore[no-any-return]  # likewise


def members_of(error: BaseException) -> tuple[BaseException, ...] | None:
    """Return what a group of exceptions was made of; None for what is no group."""
    if not issubclass(type(error), BaseExceptionGroup):
        return None
    members: tuple[BaseException, ...] = _MEMBERS.__get__(error)
    return members


def _kept(error: BaseException, name: str) -> Any:
    return _KEPT[name].__get__(error)

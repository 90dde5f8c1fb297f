"""Raised: what Python keeps of an exception, whatever its class says; that is a user's code, which may raise."""

from __future__ import annotations

from types import TracebackType
from typing import Any

_KEPT = BaseException.__dict__


def traceback_of(error: BaseException) -> TracebackType | None:
    """Return where an exception came from."""
    return _kept(error, "__traceback__")  # type: ignore[no-any-return]  # it is what Python keeps there


def cause_of(error: BaseException) -> BaseException | None:
    """Return what an exception was raised from, or while what was handled."""
    cause: BaseException | None = _kept(error, "__cause__")
    return cause if cause is not None else _kept(error, "__context__")


def arguments_of(error: BaseException) -> tuple[Any, ...]:
    """Return what an exception was made of."""
    return _kept(error, "args")  # type: ignore[no-any-return]  # likewise


def _kept(error: BaseException, name: str) -> Any:
    return _KEPT[name].__get__(error)

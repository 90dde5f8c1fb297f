"""How far the work has got: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Protocol, Self

_LINES = 10


class Progress(Protocol):
    """A context that is told of every ticket that was handled."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def advance(self) -> None:
        """Count one ticket more."""


class _Silent:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def advance(self) -> None:
        return


class _Lines(_Silent):
    """Tells on standard error after every tenth of the work."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._handled = 0
        self._told = 0

    def advance(self) -> None:
        self._handled += 1
        part = self._handled * _LINES // self._total
        if part > self._told:
            self._told = part
            print(f"triaged {self._handled:,} of {self._total:,}", file=sys.stderr, flush=True)


class _Bar(_Silent):
    """Draws a bar on standard error."""

    def __init__(self, rich: Any, console: Any, total: int) -> None:
        columns = (rich.TextColumn("triaging"), rich.BarColumn(), rich.MofNCompleteColumn(), rich.TimeRemainingColumn())
        self._bar = rich.Progress(*columns, console=console)
        self._task = self._bar.add_task("triaging", total=total)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self) -> None:
        self._bar.advance(self._task)


def progress_of(total: int, *, is_quiet: bool = False) -> Progress:
    """Return what shows the progress of so many tickets: nothing, a bar if standard error is a terminal, or lines."""
    if is_quiet:
        return _Silent()
    if not sys.stderr.isatty():
        return _Lines(total)
    try:
        from rich import progress  # noqa: PLC0415  # an extra that need not be there
        from rich.console import Console  # noqa: PLC0415  # the same
    except ImportError:
        return _Lines(total)
    return _Bar(progress, Console(stderr=True), total)

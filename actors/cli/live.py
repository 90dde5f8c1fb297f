"""The live tree: the stages of a run on a terminal, as they are now."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from actors.cli.progress import INDENT, one_line
from actors.cli.stages import SHOWN, Row, Stages
from supervisors.clock import SystemClock
from supervisors.excerpt import shown
from supervisors.facts import Fact
from supervisors.outcome import OutcomeKind

_REFRESHES_PER_SECOND = 8
_STYLES: Final = {
    OutcomeKind.OK: ("✓", "+", "green"),
    OutcomeKind.SKIPPED: ("-", "-", "dim"),
    OutcomeKind.CANCELLED: ("-", "-", "yellow"),
    OutcomeKind.TIMED_OUT: ("✗", "x", "red"),
    OutcomeKind.FAILED: ("✗", "x", "red"),
    OutcomeKind.REJECTED: ("✗", "x", "red"),
}
_RUNNING = ("●", "*", "cyan")


class LiveTree:
    """An observer that shows a run's stages on a terminal while it is entered, each with its elapsed time.

    What agents print meanwhile is shown above it. When it is left, the last state stays.

    Args:
        console: The terminal; by default that of standard error.
        now: The clock.
    """

    def __init__(self, console: Console | None = None, now: Callable[[], float] = SystemClock.now) -> None:
        self._console = console or Console(stderr=True)
        self._now = now
        # Guards the stages: facts come on the delivery thread, and rich draws on a thread of its own.
        self._lock = threading.Lock()
        self._stages = Stages()
        self._live = Live(self, console=self._console, refresh_per_second=_REFRESHES_PER_SECOND, transient=False)

    def __enter__(self) -> LiveTree:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def observe(self, fact: Fact) -> None:
        """Take note of a fact."""
        with self._lock:
            self._stages.note(fact, self._now())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True, overflow="ellipsis")
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis")
        now = self._now()
        with self._lock:
            for row, depth in self._stages.rows():
                table.add_row(*_cells(row, depth, now, is_plain=options.ascii_only))
                if row.folded or len(row.below) > SHOWN:
                    table.add_row(*_more_cells(row, depth + 1))
        yield table


def _cells(row: Row, depth: int, now: float, *, is_plain: bool) -> tuple[Text, Text, Text]:
    if row.running or row.outcome is None:
        sign, plain_sign, style = _RUNNING
        seconds, ending = now - row.since, "running" if row.running <= 1 else f"{row.running} running"
    else:
        sign, plain_sign, style = _STYLES[row.outcome.kind]
        seconds, ending = row.duration, one_line(row.outcome)
    name = f"{INDENT * depth}{plain_sign if is_plain else sign} {shown(row.name)}"
    if row.times > 1:
        name += f" x{row.times}"
    return Text(name, style), Text(f"{seconds:.1f} s"), Text(ending, "dim" if style == "green" else style)


def _more_cells(row: Row, depth: int) -> tuple[Text, Text, Text]:
    texts = []
    if row.folded:
        failures = f", {row.folded_failures} of them not ok" if row.folded_failures else ""
        texts.append(f"{row.folded} more ended{failures}")
    if len(row.below) > SHOWN:
        texts.append(f"{len(row.below) - SHOWN} more")
    return Text(f"{INDENT * depth}({'; '.join(texts)})", "dim"), Text(), Text()

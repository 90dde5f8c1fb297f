"""What became of all tickets, in a table."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from examples.research.words import counted
from examples.triage.desks import DESKS, GENERAL
from examples.triage.handled import NO_DESK, Handled

_STATUSES = ("filed", "resolved", "escalated", "failed")
_QUANTILES = {"p50 ms": 0.50, "p95 ms": 0.95}
_MS_PER_SECOND = 1000
_MOST_SHOWN = 5
_DESK_WIDTH = 15
_WIDTH = 10


class Summary:
    """Counts handled tickets by desk and status, and keeps how long they took."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._durations: defaultdict[str, list[float]] = defaultdict(list)
        self._failures: list[Handled] = []

    def add(self, handled: Handled) -> None:
        """Count a ticket."""
        self._counts[handled.desk, handled.status] += 1
        if handled.duration is not None:
            self._durations[handled.desk].append(handled.duration)
        if handled.status == "failed":
            self._failures.append(handled)

    @property
    def total(self) -> int:
        """How many tickets there were."""
        return self._counts.total()

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return len(self._failures)

    def table(self, *, with_times: bool) -> str:
        """Return a line for each desk and one for all, in columns.

        Args:
            with_times: Whether there are columns for latencies; without them the same tickets give the same text.
        """
        columns = ("tickets", *_STATUSES, *(_QUANTILES if with_times else ()))
        lines = [f"{'desk':<{_DESK_WIDTH}}{_aligned(columns)}"]
        names = [desk.name for desk in (*DESKS, GENERAL)]
        for name in (*names, NO_DESK):
            if name != NO_DESK or self._tickets(name):
                lines.append(self._line(name, (name,), with_times=with_times))
        lines.append(self._line("all", (*names, NO_DESK), with_times=with_times))
        return "\n".join(lines)

    def failures(self) -> Iterator[str]:
        """Yield a line for each of the first tickets that failed, and one for how many more there are."""
        failures = sorted(self._failures, key=lambda handled: handled.number)
        for handled in failures[:_MOST_SHOWN]:
            yield f"{handled.ticket.id}: {handled.reason}"
        if len(failures) > _MOST_SHOWN:
            yield f"and {counted(len(failures) - _MOST_SHOWN, 'more failed ticket')}"

    def _line(self, title: str, desks: Sequence[str], *, with_times: bool) -> str:
        counts = [sum(self._counts[desk, status] for desk in desks) for status in _STATUSES]
        cells = [f"{count:,}" for count in (sum(counts), *counts)]
        if with_times:
            durations = sorted(each for desk in desks for each in self._durations[desk])
            cells += [_quantile(durations, share) for share in _QUANTILES.values()]
        return f"{title:<{_DESK_WIDTH}}{_aligned(cells)}"

    def _tickets(self, desk: str) -> int:
        return sum(self._counts[desk, status] for status in _STATUSES)


def _aligned(cells: Sequence[str]) -> str:
    return "".join(f"{cell:>{_WIDTH}}" for cell in cells)


def _quantile(durations: Sequence[float], share: float) -> str:
    """Return the duration in milliseconds that a share of sorted ones does not exceed; a dash if there is none."""
    if not durations:
        return "-"
    return f"{durations[int(share * (len(durations) - 1))] * _MS_PER_SECOND:.1f}"

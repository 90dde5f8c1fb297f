"""Instruments: plain numbers in plain dicts, one instrument for each metric."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from itertools import accumulate
from typing import Final, Self, TypeAlias

from actors.metrics.labels import LabelValues

BUCKET_BOUNDS: Final = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0),
)
"""The upper bounds of every histogram's buckets, in seconds, each inclusive."""


class _Instrument:
    """What all instruments have: their name, and series of numbers by label values.

    Not synchronised: whoever owns it lets one thread in at a time.

    Args:
        name: The metric's full name.
        text: What it tells, for people.
        labels: The names of its labels.
        bounds: What keeps the number of label values in bounds.

    Attributes:
        series: The numbers, by the values of the labels. All values are plain strings.
    """

    def __init__(self, name: str, text: str, labels: tuple[str, ...], bounds: LabelValues) -> None:
        self.name = name
        self.text = text
        self.labels = labels
        self._bounds = bounds


class Distribution:
    """One series of a histogram.

    Attributes:
        counts: How many durations fell into each bucket; the last is for those beyond all bounds.
        total: The sum of all durations.
    """

    __slots__ = ("counts", "total")

    def __init__(self, counts: list[int], total: float) -> None:
        self.counts = counts
        self.total = total

    def cumulated(self) -> list[int]:
        """Return for each bucket how many durations were not above its bound."""
        return list(accumulate(self.counts))


class Histogram(_Instrument):
    """Counts durations by buckets."""

    def __init__(self, name: str, text: str, labels: tuple[str, ...], bounds: LabelValues) -> None:
        super().__init__(name, text, labels, bounds)
        self.series: dict[tuple[str, ...], Distribution] = {}

    def observe(self, values: tuple[str, ...], duration: float) -> None:
        """Count one duration in seconds."""
        series = self.series.get(values) or self._opened(values)
        bucket = bisect_left(BUCKET_BOUNDS, duration)
        # No call may follow: between calls is where an interrupt strikes.
        series.counts[bucket] += 1
        series.total += duration

    def detached(self) -> Histogram:
        """Return a copy that nobody changes."""
        copy = Histogram(self.name, self.text, self.labels, self._bounds)
        # A signal handler that asks for the metrics may add series here: list them at one stroke.
        for values, series in list(self.series.items()):
            copy.series[values] = Distribution(series.counts[:], series.total)
        return copy

    def _opened(self, values: tuple[str, ...]) -> Distribution:
        bounded = self._bounds.bounded(self.labels, values)
        if bounded not in self.series:
            self.series[bounded] = Distribution([0] * (len(BUCKET_BOUNDS) + 1), 0.0)
        return self.series[bounded]


class _Sum(_Instrument):
    """An instrument with one number a series."""

    def __init__(self, name: str, text: str, labels: tuple[str, ...], bounds: LabelValues) -> None:
        super().__init__(name, text, labels, bounds)
        self.series: dict[tuple[str, ...], float] = {}

    def add(self, values: tuple[str, ...], amount: float = 1) -> None:
        """Add to the series with these label values."""
        if values not in self.series:
            values = self._bounds.bounded(self.labels, values)
        self.series[values] = self.series.get(values, 0) + amount

    def replace(self, readings: Mapping[str, float]) -> None:
        """Keep these readings instead of what is kept, by the value of its one label."""
        fresh: dict[tuple[str, ...], float] = {}
        for value, reading in readings.items():
            values = self._bounds.bounded(self.labels, (value,))
            fresh[values] = fresh.get(values, 0) + reading
        self.series = fresh

    def detached(self) -> Self:
        """Return a copy that nobody changes."""
        copy = type(self)(self.name, self.text, self.labels, self._bounds)
        copy.series = self.series.copy()
        return copy


class Counter(_Sum):
    """Adds up what only grows."""


class Gauge(_Sum):
    """Keeps what grows and shrinks."""


Instrument: TypeAlias = Histogram | Counter | Gauge

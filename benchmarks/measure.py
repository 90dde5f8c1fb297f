"""Comparing two ways of doing the same: alternating repetitions in one process, medians, ratios."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two ways of doing the same took.

    Attributes:
        name: What was done.
        bar: The ratio that the project promises not to exceed.
        units: How many units of work each repetition did.
        base: Seconds of each repetition of the yardstick.
        ours: Seconds of each repetition of what is measured.
    """

    name: str
    bar: float
    units: int
    base: tuple[float, ...]
    ours: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median of the ratios of neighbouring repetitions: a slow spell of the machine hits both."""
        return statistics.median(ours / base for ours, base in zip(self.ours, self.base, strict=True))

    def __str__(self) -> str:
        base, ours = (statistics.median(times) / self.units * 1e6 for times in (self.base, self.ours))
        verdict = "ok" if self.ratio <= self.bar else "MISSED"
        return (
            f"{self.name:<58} {base:8.1f} us {ours:8.1f} us   {self.ratio:5.2f} x  (at most {self.bar:g} x: {verdict})"
        )


async def compare(
    name: str,
    base: Callable[[], Awaitable[object]],
    ours: Callable[[], Awaitable[object]],
    *,
    bar: float,
    units: int,
    repetitions: int = 9,
) -> Comparison:
    """Time both, in turn, after one warm-up of each."""
    await base()
    await ours()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repetitions):
        for way, taken in zip((base, ours), times, strict=True):
            gc.collect()
            started = time.perf_counter()
            await way()
            taken.append(time.perf_counter() - started)
    return Comparison(name, bar, units, tuple(times[0]), tuple(times[1]))

"""Judging by the clock, where noise must not decide."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.scenarios.watching import PATIENCE

TRIES = 3
PAUSE = 0.005


def fastest(measure: Callable[[], float], within: float) -> float:
    """Return the fastest of up to three tries in seconds; no further try once one is fast enough."""
    best = measure()
    for _ in range(TRIES - 1):
        if best < within:
            break
        best = min(best, measure())
    return best


def seconds_of(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def eventually(claim: Callable[[], bool], within: float = PATIENCE) -> bool:
    """Say whether a claim comes true; asked again and again for some seconds.

    For what no fact and no event tells of: a process that is gone, memory that is given back, a counter.
    """
    ends = time.monotonic() + within
    while not (holds := claim()) and time.monotonic() < ends:
        time.sleep(PAUSE)  # polls: nothing tells of it
    return holds

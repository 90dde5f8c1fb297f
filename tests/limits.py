"""Limits of time in tests: they guard against hanging, and measure nothing.

Tests hold on a machine that is ten times overcommitted. On one that is slower still, set `MIXMODE_TEST_TIME_SCALE`.
"""

from __future__ import annotations

import os

_VARIABLE = "MIXMODE_TEST_TIME_SCALE"


def time_scale(given: str) -> float:
    """Return by how much limits of time are stretched, as the environment has it; nothing given is 1.

    Raises:
        ValueError: If it is not a number of 1 or more.
    """
    scale = float(given or "1")
    if not 1 <= scale < float("inf"):
        raise ValueError(f"{_VARIABLE} must be a number of 1 or more, not {given!r}")
    return scale


SCALE = time_scale(os.environ.get(_VARIABLE, ""))
"""By how much all limits are stretched."""

PATIENCE = 60.0 * SCALE
"""Seconds after which a test fails that waits for what has to happen. Waiting longer never helps."""

LONG = 5 * PATIENCE
"""Seconds for what does much: a process that runs many tests of its own, thousands of runs. Each test has as many."""

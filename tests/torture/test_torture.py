"""Randomised real load on real threads. Only this finds a wake-up that is lost: see `torture.py` for what is done."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHORT, LONG = 9, 300
SEEDS = (1, 2)


def torture(seed: int, seconds: int) -> None:
    """Run the torture in an interpreter of its own, where nothing else holds what it counts."""
    options = ["--seed", str(seed), "--seconds", str(seconds)]
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-m", "tests.torture", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr[-4_000:]}"
    assert "'judged'" in ended.stdout


@pytest.mark.slow
def test_randomised_load_finds_no_problem() -> None:
    torture(seed=1, seconds=SHORT)


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEEDS)
def test_randomised_load_for_minutes_finds_no_problem(seed: int) -> None:
    torture(seed, LONG)

"""The limits of time in tests can be stretched by the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.limits import LONG, PATIENCE, SCALE, time_scale

SLOW = """
import time
import pytest

@pytest.mark.timeout(0.5)
def test_slow():
    time.sleep(1.0)

def test_default(request):
    assert request.node.get_closest_marker("timeout").args == (3_000.0,)
"""


def test_without_a_scale_they_are_as_they_are_written() -> None:
    assert time_scale("") == 1
    assert LONG / 5 == PATIENCE == 60 * SCALE


@pytest.mark.parametrize("given", ["0", "0.5", "-1", "inf", "nan", "ten"])
def test_a_scale_that_is_no_stretch_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match=given):
        time_scale(given)


def test_the_limits_of_tests_are_stretched(tmp_path: Path) -> None:
    (tmp_path / "test_stretched.py").write_text(SLOW)
    root = Path(__file__).parents[1]

    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-c", "pyproject.toml", tmp_path],
        cwd=root,
        env={**os.environ, "MIXMODE_TEST_TIME_SCALE": "10", "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONG,
    )

    assert "2 passed" in ended.stdout, ended.stdout + ended.stderr

"""The property tests are quick unless they are asked to be thorough."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.limits import LONG

PROPERTIES = """
from hypothesis import given, settings, strategies
from tests.thoroughness import examples

tried = {"plain": 0, "many": 0}

@given(strategies.integers())
def test_plain(number):
    tried["plain"] += 1

@settings(max_examples=examples(500))
@given(strategies.integers())
def test_many(number):
    tried["many"] += 1

def test_tried():
    print(f"tried {tried}")
"""


@pytest.mark.parametrize(
    ("options", "tried"),
    [([], {"plain": 20, "many": 100}), (["--hypothesis-profile=full"], {"plain": 100, "many": 500})],
    ids=["quick", "full"],
)
def test_as_many_examples_are_tried_as_the_profile_says(
    tmp_path: Path, options: list[str], tried: dict[str, int]
) -> None:
    (tmp_path / "test_properties.py").write_text(PROPERTIES)
    root = Path(__file__).parents[1]

    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-s",
            "-p",
            "tests.conftest",
            "-c",
            "pyproject.toml",
            *options,
            tmp_path,
        ],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONG,
    )

    assert f"tried {tried}" in ended.stdout, ended.stdout + ended.stderr

"""The README's examples run as they stand."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from actors.definitions import Definition
from tests.limits import PATIENCE

README = Path(__file__).parent.parent / "README.md"


def in_folder(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)


def example_in(language: str, number: int = 0) -> str:
    examples: list[str] = re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.DOTALL)
    return examples[number]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder in which the examples are saved as the README says."""
    (tmp_path / "flows.py").write_text(example_in("python"))
    (tmp_path / "lookup.toml").write_text(example_in("toml"))
    return tmp_path


def test_the_embedding_example_runs_and_fits_twenty_lines(folder: Path) -> None:
    ran = in_folder(folder, "flows.py")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("pykka is an actor library\nsequential [sequential]")
    assert len([line for line in example_in("python").splitlines() if line.strip()]) <= 20  # what it promises


def test_the_example_in_toml_is_the_same_workflow() -> None:
    definition = Definition.parse(example_in("toml"))
    namespace: dict[str, Any] = {"__name__": "flows"}

    exec(example_in("python"), namespace)

    assert definition.workflow == namespace["lookup"]
    assert list(definition.agents) == list(namespace["AGENTS"]) == ["search", "summarise", "rate"]


@pytest.mark.parametrize("workflow", ["lookup.toml", "flows:lookup"])
def test_the_command_runs_both_examples_and_finds_nothing_wrong_with_them(folder: Path, workflow: str) -> None:
    called = re.search(rf"mixmode (run {workflow} [^`\n]*)", README.read_text())
    assert called is not None

    ran = in_folder(folder, "-m", "mixmode", *called[1].split(), "--json")
    checked = in_folder(folder, "-m", "mixmode", "check", workflow, "--strict")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["state"]["summary"] == "pykka is an actor library"
    assert (checked.returncode, checked.stdout) == (0, "")


def test_the_example_of_a_test_passes() -> None:
    namespace: dict[str, Any] = {}

    exec(example_in("python", 1), namespace)

    namespace["test_a_report_survives_a_bad_night"]()

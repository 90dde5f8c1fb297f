"""The README's example runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from actors.definitions import Definition

README = Path(__file__).parent.parent / "README.md"


def example_in(language: str, number: int = 0) -> str:
    examples: list[str] = re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.DOTALL)
    return examples[number]


def test_the_embedding_example_runs_and_fits_twenty_lines() -> None:
    example = example_in("python")

    ran = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, timeout=60, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("pykka is an actor library\nsequential [sequential]")
    assert len([line for line in example.splitlines() if line.strip()]) <= 20  # what it promises


def test_the_example_in_toml_is_the_same_workflow() -> None:
    definition = Definition.parse(example_in("toml"))
    namespace: dict[str, Any] = {}

    exec(example_in("python").partition("\nwith Runtime")[0], namespace)

    assert definition.workflow == namespace["workflow"]
    assert list(definition.agents) == ["search", "summarise", "rate"]


def test_the_example_of_a_test_passes() -> None:
    namespace: dict[str, Any] = {}

    exec(example_in("python", 1), namespace)

    namespace["test_a_report_survives_a_bad_night"]()

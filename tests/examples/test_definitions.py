"""Tests of the research example's definition, which names no agents: the program spawns them over its corpus."""

from __future__ import annotations

from pathlib import Path

from actors.definitions import Definition
from examples.research import workflow

FILE = Path(workflow.__file__).with_name("workflow.toml")


def test_the_file_says_the_same() -> None:
    definition = Definition.load(FILE)

    assert definition.workflow == workflow.WORKFLOW
    assert definition.agents == {}

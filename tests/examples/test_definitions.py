"""Tests of the definitions that are shipped: each is complete, and says what the Python beside it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from actors.cli.command import mixmode
from actors.definitions import Definition
from examples.research import workflow

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(ROOT.glob("examples/*/workflow.toml"))
RESEARCH = Path(workflow.__file__).with_name("workflow.toml")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_nothing_is_found_in_a_definition_that_is_shipped(path: Path) -> None:
    result = CliRunner().invoke(mixmode, ["check", "--strict", str(path)])

    assert (result.exit_code, result.stdout) == (0, "")


def test_all_of_them_are_tried() -> None:
    assert {path.parent.name for path in SHIPPED} >= {"content", "research", "triage"}


def test_the_file_says_the_same() -> None:
    definition = Definition.load(RESEARCH)

    assert definition.workflow == workflow.WORKFLOW
    assert "search" in definition.agents


def test_the_file_runs() -> None:
    question = "question=What is a generator?"

    result = CliRunner().invoke(mixmode, ["run", str(RESEARCH), "--data", question, "--json"])

    assert result.exit_code == 0, result.output
    assert "generator" in json.loads(result.stdout)["state"]["report"]

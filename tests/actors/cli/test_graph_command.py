from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from actors.cli.command import mixmode
from actors.definitions import Definition
from actors.workflows.graph import mermaid
from examples.research.workflow import WORKFLOW

CONTENT = Path(__file__).parents[3] / "examples" / "content" / "workflow.toml"


def graph(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(mixmode, ["graph", *arguments])
    return result.exit_code, result.output


def test_a_workflow_of_a_module_is_drawn() -> None:
    assert graph("examples.research.workflow:WORKFLOW") == (0, mermaid(WORKFLOW))


def test_a_workflow_of_a_file_is_drawn_without_importing_its_agents() -> None:
    assert graph(str(CONTENT)) == (0, mermaid(Definition.load(CONTENT).workflow))


@pytest.mark.parametrize("wrong", ["nowhere:WORKFLOW", "examples.research.workflow:NOTHING", "nowhere.toml", "x"])
def test_what_is_not_there_is_bad_usage(wrong: str) -> None:
    exit_code, output = graph(wrong)

    assert exit_code == 2
    assert "Error" in output

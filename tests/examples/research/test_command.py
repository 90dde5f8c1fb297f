from __future__ import annotations

import json

from click.testing import CliRunner

from actors.cli.command import mixmode


def test_the_workflow_runs_under_the_command_too() -> None:
    workflow = "examples.research.workflow:WORKFLOW"

    result = CliRunner().invoke(mixmode, ["run", workflow, "--data", "question=What is a generator?", "--json"])

    assert result.exit_code == 0, result.output
    assert "generator" in json.loads(result.stdout)["state"]["report"]

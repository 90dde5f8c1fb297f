from __future__ import annotations

import pytest
from click.testing import CliRunner

from actors.cli.command import mixmode


@pytest.mark.parametrize("command", sorted(mixmode.commands))
def test_help_keeps_its_lists_apart(command: str) -> None:
    result = CliRunner().invoke(mixmode, [command, "--help"])

    assert result.exit_code == 0
    assert "\\b" not in result.output
    assert "\b" not in result.output

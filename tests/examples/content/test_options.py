"""Tests of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.content.options import DEFAULT_BRIEF, parsed


def test_without_arguments_there_is_a_brief() -> None:
    options = parsed([])

    assert options.brief == DEFAULT_BRIEF
    assert (options.folder, options.output, options.timeout, options.quiet) == (None, None, 120, False)


def test_all_can_be_chosen() -> None:
    options = parsed(["Bread", "--folder", "docs", "--output", "a.md", "--timeout", "5", "--quiet"])

    assert (options.brief, options.folder, options.output) == ("Bread", Path("docs"), Path("a.md"))
    assert (options.timeout, options.quiet) == (5, True)


@pytest.mark.parametrize("arguments", [["--timeout", "0"], ["--timeout", "soon"], ["--colour"], ["one", "two"]])
def test_wrong_arguments_are_bad_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        parsed(arguments)

    assert raised.value.code == 2
    assert "usage: python -m examples.content" in capsys.readouterr().err

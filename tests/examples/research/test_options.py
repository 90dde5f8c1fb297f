"""Tests of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.research.options import DEFAULT_QUESTION, parsed


def test_without_arguments_there_is_a_question() -> None:
    options = parsed([])

    assert options.question == DEFAULT_QUESTION
    assert (options.folder, options.output, options.metrics_port) == (None, None, None)


def test_all_can_be_chosen() -> None:
    options = parsed(
        ["Why?", "--folder", "docs", "--output", "r.md", "--timeout", "5"]
        + ["--metrics-port", "0", "--linger", "1.5", "--quiet"]
    )

    assert (options.question, options.folder, options.output) == (
        "Why?",
        Path("docs"),
        Path("r.md"),
    )
    assert (options.timeout, options.metrics_port, options.linger) == (5, 0, 1.5)
    assert options.quiet


@pytest.mark.parametrize(
    "arguments",
    [
        ["--timeout", "0"],
        ["--timeout", "nan"],
        ["--timeout", "soon"],
        ["--metrics-port", "70000"],
        ["--metrics-port", "http"],
        ["--colour"],
        ["one", "two"],
    ],
)
def test_wrong_arguments_are_bad_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        parsed(arguments)

    assert raised.value.code == 2
    assert "usage: python -m examples.research" in capsys.readouterr().err

"""Tests of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.triage.options import parsed


def test_without_arguments_all_is_triaged() -> None:
    options = parsed([])

    assert (options.source, options.limit, options.metrics_port) == (None, None, None)
    assert (options.max_runs, options.timeout) == (64, 30)
    assert (options.json, options.times, options.quiet) == (False, True, False)


def test_all_can_be_chosen() -> None:
    options = parsed(
        ["--source", "t.csv", "--limit", "5", "--max-runs", "2", "--timeout", "1.5"]
        + ["--metrics-port", "0", "--json", "--no-times", "--quiet"]
    )

    assert (options.source, options.limit, options.metrics_port) == (Path("t.csv"), 5, 0)
    assert (options.max_runs, options.timeout) == (2, 1.5)
    assert (options.json, options.times, options.quiet) == (True, False, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--limit", "0"],
        ["--limit", "many"],
        ["--max-runs", "-1"],
        ["--timeout", "0"],
        ["--timeout", "nan"],
        ["--metrics-port", "70000"],
        ["--colour"],
        ["t.csv"],
    ],
)
def test_wrong_arguments_are_bad_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        parsed(arguments)

    assert raised.value.code == 2
    assert "usage: python -m examples.triage" in capsys.readouterr().err

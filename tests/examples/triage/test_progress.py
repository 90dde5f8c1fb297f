"""Tests of how progress is shown."""

from __future__ import annotations

import sys

import pytest

from examples.triage.progress import progress_of


def work(total: int, *, is_quiet: bool = False) -> None:
    with progress_of(total, is_quiet=is_quiet) as progress:
        for _ in range(total):
            progress.advance()


def test_where_nobody_watches_each_tenth_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    work(2000)

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0] == "triaged 200 of 2,000"


def test_little_work_is_told_in_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    work(3)

    assert capsys.readouterr().err.splitlines() == ["triaged 1 of 3", "triaged 2 of 3", "triaged 3 of 3"]


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    work(10, is_quiet=True)

    assert capsys.readouterr().err == ""


def test_a_terminal_has_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")

    work(10)

    shown = capsys.readouterr().err
    assert "triaging" in shown
    assert "10/10" in shown


def test_without_rich_a_terminal_has_lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setitem(sys.modules, "rich", None)

    work(10)

    assert capsys.readouterr().err.splitlines()[-1] == "triaged 10 of 10"

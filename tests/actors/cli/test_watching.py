from __future__ import annotations

import sys

import pytest

from actors.cli.live import LiveTree
from actors.cli.progress import Progress
from actors.cli.watching import watching


def test_a_quiet_run_is_watched_by_nobody() -> None:
    with watching(is_quiet=True) as observers:
        assert observers == ()


def test_without_a_terminal_a_line_is_written_for_each_stage() -> None:
    with watching(is_quiet=False) as (observer,):
        assert isinstance(observer, Progress)


def test_on_a_terminal_there_is_a_live_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    with watching(is_quiet=False) as (observer,):
        assert isinstance(observer, LiveTree)

"""Searches for patterns in processes, of which nothing may be left."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator

import pytest

from actors.processes.matching import Matcher, Matchers
from actors.values.errors import MatcherError
from tests.actors.child_processes import PATIENCE, matcher_pids, open_files

BACKTRACKS = "(a+)+$"
ENDLESS = "a" * 40 + "b"
LONG = 60.0
SOON = 0.05


def for_long() -> float:
    return LONG


def ignored() -> None:
    """Do nothing about a slow search."""


def searched(matcher: Matcher, pattern: str, *texts: str, flags: int = 0, seconds: float = LONG) -> bool:
    return matcher.search(pattern, flags, texts, seconds=lambda: seconds, on_slow=ignored)


@pytest.fixture
def matcher() -> Iterator[Matcher]:
    matcher = Matcher()
    yield matcher
    matcher.end()


@pytest.fixture
def matchers() -> Iterator[Matchers]:
    matchers = Matchers()
    yield matchers
    matchers.stop()


@pytest.fixture(autouse=True)
def no_process_and_no_file_is_left() -> Iterator[None]:
    gc.collect()
    pids, files = matcher_pids(), open_files()
    yield
    gc.collect()
    assert matcher_pids() <= pids
    assert open_files() <= files


class Searching:
    """A search on a thread of its own."""

    def __init__(self, search: Callable[[], bool]) -> None:
        self.found: bool | None = None
        self.error: BaseException | None = None
        self._search = search
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.found = self._search()
        except MatcherError as error:
            self.error = error

    def ended(self) -> bool:
        self._thread.join(PATIENCE)
        return not self._thread.is_alive()

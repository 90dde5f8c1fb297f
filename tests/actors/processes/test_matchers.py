"""Several processes that search for patterns: who waits for whom, and searches that are given up."""

from __future__ import annotations

import os
import signal
import threading
from functools import partial
from typing import Any

import pytest

from actors.processes.matching import MOST_MATCHERS, Matchers, Search
from actors.values.errors import MatcherError
from tests.actors.child_processes import PATIENCE, await_end, matcher_pids
from tests.actors.searches import (
    BACKTRACKS,
    ENDLESS,
    LONG,
    Searching,
    for_long,
    matchers,
    no_process_and_no_file_is_left,
    searched,
)

__all__ = ["matchers", "no_process_and_no_file_is_left"]  # fixtures


# Several of them


def asked(matchers: Matchers, pattern: str, text: str, seconds: float = LONG) -> bool:
    return Search(matchers, lambda: seconds)(pattern, 0, [text])


def test_one_process_serves_one_search_after_the_other(matchers: Matchers) -> None:
    before = matcher_pids()

    assert [asked(matchers, "a", text) for text in ("a", "b", "a")] == [True, False, True]

    assert len(matcher_pids() - before) == matchers.idle_count == 1


def test_a_process_that_died_idle_is_replaced(matchers: Matchers) -> None:
    matcher = matchers.take()
    searched(matcher, "a", "a")
    matchers.give_back(matcher)
    os.kill(matcher.pid, signal.SIGKILL)
    assert await_end(matcher.pid)

    assert asked(matchers, "a", "a")
    assert not matcher_pids() & {matcher.pid}


def test_quick_searches_wait_for_each_other_and_slow_ones_hold_up_nobody(matchers: Matchers) -> None:
    taken = [matchers.take() for _ in range(MOST_MATCHERS)]
    quick = Searching(lambda: asked(matchers, "a", "a"))
    pids = matcher_pids()
    assert quick.found is None

    matchers.stop_counting(taken[0])
    assert quick.ended()
    assert quick.found
    assert len(matcher_pids() - pids) <= 1
    matchers.stop_counting(taken[0])  # once is enough

    for matcher in taken:
        matchers.give_back(matcher)
    assert matchers.idle_count == MOST_MATCHERS


def test_backtracking_searches_take_nobodys_place(matchers: Matchers) -> None:
    searches = [Search(matchers, for_long) for _ in range(MOST_MATCHERS + 1)]
    backtracking = [Searching(partial(search, BACKTRACKS, 0, [ENDLESS])) for search in searches]

    quick = [Searching(lambda: asked(matchers, "a", "a")) for _ in range(3)]

    assert all(search.ended() and search.found for search in quick)
    for search in searches:
        search.give_up()
    assert all(search.ended() and search.error for search in backtracking)
    assert asked(matchers, "a", "a")


def test_after_the_stop_nothing_is_kept() -> None:
    matchers = Matchers()
    before = matcher_pids()
    idle, busy = matchers.take(), matchers.take()
    matchers.give_back(idle)

    matchers.stop()
    assert matcher_pids() - before == {busy.pid}
    assert searched(busy, "a", "a")
    matchers.give_back(busy)

    assert matcher_pids() == before
    assert matchers.idle_count == 0


class Contended(list[Any]):
    """Has something in it as long as nobody looks: others are always faster."""

    def __len__(self) -> int:
        looks.append(1)
        return 1 if len(looks) < 3 else 0

    def pop(self, *_: Any) -> Any:
        raise IndexError

    popleft = pop


looks: list[int] = []


def test_whoever_comes_second_for_an_idle_one_goes_on(monkeypatch: pytest.MonkeyPatch, matchers: Matchers) -> None:
    monkeypatch.setattr(matchers, "_idle", Contended())
    looks.clear()
    matchers.take().end()
    looks.clear()
    matchers.stop()
    monkeypatch.undo()


# Giving a search up


def test_a_search_that_is_given_up_ends_at_once_and_its_process_with_it(matchers: Matchers) -> None:
    before = matcher_pids()
    began = threading.Event()

    def seconds() -> float:
        began.set()
        return LONG

    search = Search(matchers, seconds)
    searching = Searching(lambda: search(BACKTRACKS, 0, [ENDLESS]))
    assert began.wait(PATIENCE)

    search.give_up()
    search.give_up()

    assert searching.ended()
    assert isinstance(searching.error, MatcherError)
    assert matcher_pids() == before


def test_a_search_that_was_given_up_before_does_not_begin(matchers: Matchers) -> None:
    search = Search(matchers, for_long)
    search.give_up()

    with pytest.raises(MatcherError, match="it was given up"):
        search("a", 0, ["a"])

    assert matchers.idle_count == 0


def test_a_search_given_up_as_it_ends_kills_its_own_process_and_no_other(matchers: Matchers) -> None:
    search = Search(matchers, for_long)

    def seconds() -> float:
        search._take_held()  # as give_up() does, just before the answer
        return LONG

    search._remaining = seconds

    assert search("a", 0, ["a"])
    assert matchers.idle_count == 0

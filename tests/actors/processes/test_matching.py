"""The processes that search for patterns: what they answer, and how they end."""

from __future__ import annotations

import os
import pickle
import re
import signal
import socket
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.processes import matching
from actors.processes.matcher import ANSWER, FOUND, NOT_FOUND, answer
from actors.processes.matching import MOST_MATCHERS, Matcher, Matchers, Search
from actors.values.errors import MatcherError
from tests.actors.child_processes import PATIENCE, await_end
from tests.actors.searches import (
    BACKTRACKS,
    ENDLESS,
    SOON,
    Searching,
    for_long,
    matcher,
    matchers,
    no_process_and_no_file_is_left,
    searched,
)

__all__ = ["matcher", "matchers", "no_process_and_no_file_is_left"]  # fixtures


# What a process answers


@pytest.mark.parametrize(
    ("pattern", "flags", "texts", "expected"),
    [
        ("b", 0, ["abc"], FOUND),
        ("B", 0, ["abc"], NOT_FOUND),
        ("B", int(re.IGNORECASE), ["abc"], FOUND),
        ("b", 0, ["a", "b"], FOUND),
        ("b", 0, [], NOT_FOUND),
    ],
)
def test_a_pattern_is_searched_for_in_all_texts(pattern: str, flags: int, texts: list[str], expected: bytes) -> None:
    assert answer(pattern, flags, texts) == expected


def test_texts_arrive_as_they_are(matcher: Matcher) -> None:
    text = st.text(st.characters(exclude_categories=()), max_size=20)

    @given(text, st.lists(text, max_size=3), st.booleans())
    def arrive(part: str, texts: list[str], ignores_case: bool) -> None:
        flags = int(re.IGNORECASE) if ignores_case else 0
        pattern = re.escape(part)
        expected = any(re.search(pattern, text, flags) for text in texts)

        assert searched(matcher, pattern, *texts, flags=flags) is expected

    arrive()


def test_half_pairs_of_surrogates_are_not_joined(matcher: Matcher) -> None:
    pair = "\ud83d\ude00"

    assert searched(matcher, "^..$", pair)
    assert not searched(matcher, "^..$", pair.encode("utf-16", "surrogatepass").decode("utf-16"))


def test_texts_of_megabytes_pass(matcher: Matcher) -> None:
    assert searched(matcher, "b$", "a" * 5_000_000 + "b")
    assert not searched(matcher, "c", "a" * 5_000_000, "\n" * 1_000)


def test_what_re_warns_of_is_searched_for_too(matcher: Matcher) -> None:
    assert searched(matcher, "[[x]", "[")


# How a process ends


def test_a_search_ends_with_its_time_whatever_re_does(matcher: Matcher) -> None:
    with pytest.raises(MatcherError, match=r"the 0.05 s that were left for it have passed"):
        searched(matcher, BACKTRACKS, ENDLESS, seconds=SOON)

    assert not matcher.is_alive


def test_the_answer_to_another_search_is_none_and_ends_the_process(matcher: Matcher) -> None:
    searched(matcher, "a", "a")
    ours, theirs = socket.socketpair()
    kept, matcher._socket = matcher._socket, ours

    with kept, ours, theirs:
        theirs.sendall(ANSWER.pack(1, FOUND))
        with pytest.raises(MatcherError):
            searched(matcher, "b", "a")

    assert not matcher.is_alive


def test_a_search_that_was_in_time_leaves_no_alarm_behind(matcher: Matcher) -> None:
    assert searched(matcher, "a", "a", seconds=SOON)
    ends = await_end(matcher.pid, SOON * 2)  # were the alarm still armed, it would strike now

    assert not ends
    assert matcher.is_alive
    assert searched(matcher, "a", "a", seconds=SOON)


def test_no_time_left_is_too_little_and_not_unlimited(matcher: Matcher) -> None:
    for seconds in (0.0, -1.0):
        other = Matcher()
        with pytest.raises(MatcherError, match="have passed"):
            searched(other, BACKTRACKS, ENDLESS, seconds=seconds)
    assert searched(matcher, "a", "a")


def test_a_process_that_is_killed_meanwhile_is_reported(matcher: Matcher) -> None:
    slow = threading.Event()
    searching = Searching(lambda: matcher.search(BACKTRACKS, 0, [ENDLESS], seconds=for_long, on_slow=slow.set))
    assert slow.wait(PATIENCE)

    os.kill(matcher.pid, signal.SIGTERM)

    assert searching.ended()
    assert "its process was ended by signal 15" in str(searching.error)


def test_killing_one_that_has_ended_does_nothing(matcher: Matcher) -> None:
    matcher.end()

    matcher.kill()
    assert matcher.end() == -signal.SIGKILL
    assert not matcher.is_alive


def test_a_process_that_ended_while_it_was_idle_is_reported(matcher: Matcher) -> None:
    assert searched(matcher, "a", "a")
    os.kill(matcher.pid, signal.SIGKILL)
    assert await_end(matcher.pid)

    with pytest.raises(MatcherError, match="signal 9"):
        searched(matcher, "a", "a" * 1_000_000)


def test_what_is_no_interpreter_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with pytest.raises(MatcherError, match="exited with status 1; is '/bin/false' a Python interpreter"):
        searched(Matcher(), "a", "a")


def test_what_says_something_else_is_not_taken_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/echo")  # its first byte is that of an answer

    with pytest.raises(MatcherError):
        searched(Matcher(), "a", "a")


@pytest.mark.parametrize("executable", ["", "/nowhere/python"])
def test_without_an_interpreter_no_process_is_started(
    monkeypatch: pytest.MonkeyPatch, matchers: Matchers, executable: str
) -> None:
    monkeypatch.setattr(sys, "executable", executable)

    for _ in range(MOST_MATCHERS + 1):  # a failure takes nobody's place
        with pytest.raises(MatcherError, match="no process could be started for it"):
            Search(matchers, for_long)("a", 0, ["a"])


def test_a_frozen_program_does_not_start_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)

    with pytest.raises(OSError, match="there is no Python interpreter at sys.executable"):
        Matcher()


def test_errors_survive_pickling() -> None:
    error = MatcherError("a", "no")

    again = pickle.loads(pickle.dumps(error))

    assert (str(again), vars(again)) == ("pattern 'a' was not searched for to the end: no", vars(error))


def test_the_script_is_where_the_package_is() -> None:
    assert Path(matching._SCRIPT).is_file()
    assert Path(matching._SCRIPT).is_absolute()

"""The processes that search for patterns: what they answer, how they end, and what is left of them."""

from __future__ import annotations

import gc
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import child_process, matching
from actors.errors import MatcherError
from actors.matcher import FOUND, NOT_FOUND, answer
from actors.matching import MOST_MATCHERS, Matcher, Matchers, Search
from tests.actors.processes import PATIENCE, await_end, is_running, matcher_pids, open_files, signals

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


def test_a_search_that_was_in_time_leaves_no_alarm_behind(matcher: Matcher) -> None:
    assert searched(matcher, "a", "a", seconds=SOON)
    time.sleep(SOON * 2)  # were the alarm still armed, it would strike now

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


# What a process has of its host


def test_it_has_none_of_the_hosts_files_and_its_own_session(matcher: Matcher) -> None:
    with socket.socket() as listener:
        listener.set_inheritable(True)
        other = Matcher()
        searched(other, "a", "a")

        files = {each.name: str(each.readlink()) for each in Path(f"/proc/{other.pid}/fd").iterdir()}

        assert files.keys() == {"0", "1", "2"}
        assert files["0"] == files["1"]
        assert files["2"] == os.devnull
        assert os.getsid(other.pid) == other.pid != os.getsid(0)
        other.end()


def test_a_ctrl_c_does_not_reach_it(matcher: Matcher) -> None:
    searched(matcher, "a", "a")

    os.kill(matcher.pid, signal.SIGINT)

    assert searched(matcher, "a", "a")
    assert signal.SIGINT in signals(matcher.pid, "SigIgn")


def test_what_the_host_blocks_or_ignores_does_not_keep_the_alarm_out() -> None:
    blocked = {signal.SIGALRM, signal.SIGINT}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    handler = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        other = Matcher()
        assert searched(other, "a", "a")
        assert signals(other.pid, "SigBlk") == set()
        with pytest.raises(MatcherError, match="have passed"):
            searched(other, BACKTRACKS, ENDLESS, seconds=SOON)
    finally:
        signal.signal(signal.SIGUSR1, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_a_broken_connection_is_an_error_even_where_sigpipe_kills() -> None:
    program = (
        "import os, signal; from actors.matching import *\n"
        "signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
        "m = Matcher(); ask = lambda: m.search('a', 0, ['a' * 9_000_000], seconds=lambda: 9.0, on_slow=print)\n"
        "ask(); os.kill(m.pid, 9)\n"
        "try: ask()\n"
        "except MatcherError as error: print(error)\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "ended by signal 9" in ended.stdout


HOST = """
import sys, threading
from actors.matching import Matcher

idle, busy = Matcher(), Matcher()
idle.search("a", 0, ["a"], seconds=lambda: 9.0, on_slow=print)

def tell():
    print(idle.pid, busy.pid, flush=True)

busy.search({pattern!r}, 0, [{text!r}], seconds=lambda: 1.0, on_slow=tell)
"""


def test_no_process_outlives_a_host_that_is_killed() -> None:
    program = HOST.format(pattern=BACKTRACKS, text=ENDLESS)
    host = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    idle, busy = map(int, host.stdout.readline().split())
    assert is_running(idle)
    assert is_running(busy)

    host.kill()

    assert await_end(idle)  # it reads that nobody will ask
    assert await_end(busy)  # its alarm
    host.wait(PATIENCE)
    host.stdout.close()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_in_the_child_of_a_fork_the_parents_processes_are_forgotten(matchers: Matchers, matcher: Matcher) -> None:
    searched(matcher, "a", "a")
    pid = os.fork()
    if pid == 0:
        try:
            is_forgotten = not matcher.is_alive
            matcher.kill()
            matcher.end()
            os._exit(0 if is_forgotten else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert searched(matcher, "a", "a")


def test_what_is_forgotten_ends_by_itself() -> None:
    other = Matcher()
    searched(other, "a", "a")

    child_process._after_fork()  # in this process, whose child it is

    assert await_end(other.pid)
    assert os.waitpid(other.pid, 0)[0] == other.pid


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


def test_the_script_is_where_the_package_is() -> None:
    assert Path(matching._SCRIPT).is_file()
    assert Path(matching._SCRIPT).is_absolute()

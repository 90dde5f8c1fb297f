"""Matchers: the processes that search for regular expressions, outside of this one.

A runtime that asks for no pattern has none of them. Four are enough for any number of searches that take microseconds,
and more would only take the processor from each other; so a search waits until fewer are at work. One that has been at
work for a while may be backtracking: it does not count any more, so nobody waits for it longer. There are at most as
many as evaluations run at once, which the threads of the runtime limit.
"""

from __future__ import annotations

import json
import select
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from actors.processes.child_process import NO_SIGNAL, ChildProcess, ending
from actors.processes.matcher import ANSWER, FOUND, NOT_FOUND, READY
from actors.values.errors import MatcherError

MOST_MATCHERS = 4
"""How many matchers of a runtime are at work that are not slow, and how many are kept; each takes about 10 MB."""

SLOW_AFTER = 0.05
"""Seconds after which others wait for a search no longer."""

_SCRIPT = str(Path(__file__).with_name("matcher.py").resolve())
_LEAST_TIME = 0.001


class Matcher(ChildProcess):
    """One process, which does one search at a time.

    It ends when this object is ended, when the host dies, and when a search takes longer than it may.

    Raises:
        OSError: If it cannot be started.
    """

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            super().__init__(
                ["-I", "-S", _SCRIPT],
                [self._socket],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL,
                cwd="/",
            )
        self._answered = select.poll()
        self._answered.register(self._socket, select.POLLIN)
        self._is_ready = False
        # The number of the last request. Touched by the thread that uses it.
        self._number = 0
        # Whether it is counted among those at work. Touched by the thread that uses it.
        self.is_counted = False

    def search(
        self,
        pattern: str,
        flags: int,
        texts: Sequence[str],
        *,
        seconds: Callable[[], float],
        on_slow: Callable[[], None],
    ) -> bool:
        """Return whether the pattern is found in one of the texts. Blocks, without holding the GIL.

        Args:
            pattern: What is searched for.
            flags: Flags of `re`.
            texts: Where it is searched for.
            seconds: Returns how long it may take; asked when the process is ready.
            on_slow: Called when it takes longer than `SLOW_AFTER`, and goes on.

        Raises:
            MatcherError: If the process ended before it answered, as it does when the seconds have passed, or what it
                sent is no answer to this request. It is ended then.
        """
        granted = 0.0
        self._number += 1
        try:
            if not self._is_ready:
                self._is_ready = self._socket.recv(1) == READY
            granted = max(_LEAST_TIME, seconds())
            request = json.dumps([self._number, granted, pattern, flags, list(texts)], ensure_ascii=False)
            self._socket.sendall(request.encode("utf-8", "surrogatepass") + b"\n", NO_SIGNAL)
            if not self._answered.poll(SLOW_AFTER * 1_000):
                on_slow()
            answer = self._socket.recv(ANSWER.size, socket.MSG_WAITALL)
        except OSError:  # it is gone
            answer = b""
        answers = {ANSWER.pack(self._number, found): found == FOUND for found in (FOUND, NOT_FOUND)}
        if not self._is_ready or answer not in answers:
            raise MatcherError(pattern, _ending(self.end(), granted))
        return answers[answer]


class Matchers:
    """The matchers of a runtime. Any thread but inside the control plane: it blocks."""

    def __init__(self) -> None:
        self._places = threading.Semaphore(MOST_MATCHERS)
        # Appended to and popped from by single calls.
        self._idle: deque[Matcher] = deque()
        # One store, by whoever stops it.
        self._is_stopped = False

    @property
    def idle_count(self) -> int:
        """How many wait for a search."""
        return len(self._idle)

    def take(self) -> Matcher:
        """Return a matcher that nobody else uses: an idle one, or a new one. Waits while enough are at work.

        Raises:
            OSError: If a new one cannot be started.
        """
        self._places.acquire()
        try:
            matcher = self._take_idle() or Matcher()
        except BaseException:
            self._places.release()
            raise
        matcher.is_counted = True
        return matcher

    def stop_counting(self, matcher: Matcher) -> None:
        """Let another one work beside a matcher that was taken, which may be at it for long."""
        if matcher.is_counted:
            matcher.is_counted = False
            self._places.release()

    def give_back(self, matcher: Matcher) -> None:
        """Keep a matcher for other searches, unless enough are idle."""
        self._idle.append(matcher)
        self.stop_counting(matcher)
        # Looked at after the append: either this call or `stop()` finds the matcher.
        self._end_idle(down_to=0 if self._is_stopped else MOST_MATCHERS)

    def discard(self, matcher: Matcher) -> None:
        """End a matcher that was taken."""
        self.stop_counting(matcher)
        matcher.end()

    def stop(self) -> None:
        """End the idle matchers, and from now on each that is given back."""
        self._is_stopped = True
        self._end_idle(down_to=0)

    def _take_idle(self) -> Matcher | None:
        while self._idle:
            with suppress(IndexError):  # others took the last
                matcher = self._idle.pop()
                if matcher.is_alive:
                    return matcher
                matcher.end()
        return None

    def _end_idle(self, *, down_to: int) -> None:
        while len(self._idle) > down_to:
            with suppress(IndexError):  # others took the last
                self._idle.popleft().end()


class Search:
    """The searches of one evaluation: called on the thread that evaluates, given up by the control plane.

    Args:
        matchers: Where matchers come from.
        remaining: Returns how many seconds are left.
    """

    __slots__ = ("_held", "_is_given_up", "_matchers", "_remaining")

    def __init__(self, matchers: Matchers, remaining: Callable[[], float]) -> None:
        self._matchers = matchers
        self._remaining = remaining
        # The matcher in use. Whoever pops it, by one call, has it: it is given back or killed, never both, so no
        # matcher that serves another evaluation already is killed by this one.
        self._held: list[Matcher] = []
        # Set before the matcher is popped there, read after it was put there: one of the two sees the other.
        self._is_given_up = False

    def __call__(self, pattern: str, flags: int, texts: Sequence[str]) -> bool:
        """Return whether a pattern is found in one of the texts. Blocks.

        Raises:
            MatcherError: If that was not found out.
        """
        matchers = self._matchers
        try:
            matcher = matchers.take()
        except OSError as error:
            raise MatcherError(pattern, f"no process could be started for it ({error})") from error
        self._held.append(matcher)
        try:
            if self._is_given_up:
                raise MatcherError(pattern, "it was given up")
            found = matcher.search(
                pattern, flags, texts, seconds=self._remaining, on_slow=lambda: matchers.stop_counting(matcher)
            )
        except BaseException:
            self._held.clear()
            matchers.discard(matcher)
            raise
        if self._take_held() is not None:
            matchers.give_back(matcher)
        else:
            matchers.discard(matcher)
        return found

    def give_up(self) -> None:
        """End the search that is under way, and let no other begin. Does not block."""
        self._is_given_up = True
        matcher = self._take_held()
        if matcher is not None:
            matcher.kill()

    def _take_held(self) -> Matcher | None:
        try:
            return self._held.pop()
        except IndexError:
            return None


def _ending(status: int, seconds: float) -> str:
    if status == -signal.SIGALRM:
        return f"the {seconds:.3g} s that were left for it have passed"
    if status < 0:
        return ending(status)
    return f"{ending(status)}; is {sys.executable!r} a Python interpreter?"

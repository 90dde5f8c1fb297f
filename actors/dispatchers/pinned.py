"""The dispatcher `pinned`: each instance of a plain agent keeps a thread of its own from its start to its stop."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty

from actors.agents.hooks import StartWork
from actors.dispatchers.threads import ThreadDispatcher
from actors.dispatchers.work import Work, fail_untold
from actors.dispatchers.work_queue import Queue, WorkQueue
from supervisors.outcome import Outcome, OutcomeKind, Reason

_LEFT = Outcome(OutcomeKind.FAILED, Reason.EXCEPTION, detail="the thread of its instance ended before it began")


class Pin(Work):
    """The stay of an instance on a thread: for the pool, one work that lasts as long as the instance.

    Args:
        start: Makes the instance.
        queue: Where the thread waits for what it is to do.
        on_end: Called when the thread is free again.
    """

    __slots__ = ("_has_ended", "_is_dismissed", "_on_end", "_on_stop", "_queue", "_start")

    is_lost = False
    """Nobody cancels a thread."""

    def __init__(self, start: Work, queue: Queue, on_end: Callable[[Pin], None]) -> None:
        super().__init__(start.agent)
        # What is done first; None once it has begun, since it refers to this, and to the factory.
        self._start: Work | None = start
        self._queue = queue
        self._on_end = on_end
        # Calls the hook of the instance, whatever that raises; None before it has started, and once it was called.
        self._on_stop: Callable[[], None] | None = None
        # Set by any thread before the thread is woken; read by the thread before it waits.
        self._is_dismissed = False
        # Set by the thread before it empties the queue; who puts something reads it afterwards.
        self._has_ended = False

    @property
    def is_wanted(self) -> bool:
        """Whether the instance is still to be made."""
        return self._start is not None and self._start.is_wanted

    def perform(self) -> None:
        """Make the instance, and do what comes for it until it was stopped or nobody counts on it any more."""
        work, self._start = self._start, None
        try:
            while work is not None:
                self._do(work)
                del work  # nothing is kept of it while the thread waits
                work = None if self._on_stop is None or self._is_dismissed else self._queue.get()
        finally:
            self._leave()

    def refuse(self, outcome: Outcome) -> None:
        """Report that there is no thread for it."""
        if self._start is not None:
            self._start.refuse(outcome)
        self._leave()

    def take(self, work: Work) -> None:
        """Have a work done after what was taken before. Any thread."""
        self._queue.put(work)
        if self._has_ended:
            self._lose_rest()

    def furnish(self, on_stop: Callable[[], None]) -> None:
        """Live on with the instance that was made, until it is stopped."""
        self._on_stop = on_stop

    def finish(self) -> None:
        """Call the instance's hook, unless that was done already. On its thread."""
        on_stop, self._on_stop = self._on_stop, None
        if on_stop is not None:
            on_stop()

    def dismiss(self) -> None:
        """Have the thread go after what it is doing, without the hook. Any thread; does not wait."""
        self._is_dismissed = True
        self._queue.put(None)

    def wake(self) -> None:
        """Have its thread look for what it is to do; once too often does no harm."""
        self._queue.wake()

    def _do(self, work: Work) -> None:
        work.host, work.home = self.host, self
        try:
            work.perform()
        except Exception as error:  # noqa: BLE001  # no memory, where its end was told
            fail_untold(work, error)

    def _leave(self) -> None:
        self._has_ended = True
        self._on_stop = None
        self._lose_rest()
        self._on_end(self)

    def _lose_rest(self) -> None:
        with suppress(Empty):
            while True:
                work = self._queue.get_nowait()
                if work is not None:
                    work.refuse(_LEFT)


class PinnedDispatcher:
    """Keep a thread of the pool for each instance; as many as the pool may have, but for one, which others need.

    What is made when no thread may be kept waits until one is free, and health tells of it.

    Args:
        pool: The pool that the threads are taken from. It abandons and replaces them as it does others.
        most: How many may be kept.
    """

    def __init__(self, pool: ThreadDispatcher, most: int) -> None:
        self._pool = pool
        self._most = most
        # Makes the queues; the test kit has its own.
        self.new_queue: Callable[[], Queue] = WorkQueue
        self._lock = threading.Lock()
        # Both: written under the lock. Those that keep a thread, and those that wait for one.
        self._pins: set[Pin] = set()
        self._line: deque[Pin] = deque()

    @property
    def keeps_any(self) -> bool:
        """Whether it may keep a thread at all: a pool of one thread has none to spare."""
        return self._most > 0

    @property
    def shortage(self) -> str:
        """Why a start waits for a thread; empty when none does. Any thread."""
        return self.waiting or self._pool.shortage

    @property
    def waiting(self) -> str:
        """Why starts wait until other instances are stopped; empty when none does. Any thread."""
        if not self._line:
            return ""
        return f"all {self._most} threads that instances may keep are kept; raise max_threads, or stop some agents"

    def execute(self, work: Work) -> None:
        """Have it done on the thread of its instance; a start has one taken from the pool."""
        if isinstance(work, StartWork) and isinstance(work.previous, Pin):
            work.home = work.previous  # a new instance goes on on the thread of the one that it replaces
        if isinstance(work.home, Pin):
            work.home.take(work)
            return
        pin = work.home = Pin(work, self.new_queue(), self._release)
        with self._lock:
            has_room = len(self._pins) < self._most
            if has_room:
                self._pins.add(pin)
            else:
                self._line.append(pin)
        if has_room:
            self._pool.execute(pin)

    def withdraw(self, work: StartWork) -> bool:
        """Take back a start that waits for a thread; False if it does not."""
        with self._lock:
            is_waiting = work.home in self._line
            if is_waiting:
                self._line.remove(work.home)
            return is_waiting

    def repair(self) -> None:
        """Make good what an interrupt may have left: threads that were not woken. Inside the control plane."""
        with self._lock:
            pins = list(self._pins)
        for pin in pins:
            pin.wake()

    def interrupt(self, work: Work) -> None:
        """Do nothing: a thread cannot be interrupted; its agent may look at `context.cancelled`."""

    def abandon(self, work: Work) -> None:
        """Let the thread end with the work, and keep it no longer."""
        pin = work.home
        if isinstance(pin, Pin):
            self._pool.abandon(pin)
            self._release(pin)

    def delayer(self, work: Work) -> str:
        """Return nothing: threads do not wait for each other."""
        return ""

    def stop(self, timeout: float) -> None:
        """Have the threads that are left go, those that are busy when they are done."""
        with self._lock:
            left, waiting = list(self._pins), list(self._line)
            self._line.clear()
        for pin in left:
            pin.dismiss()
        for pin in waiting:
            pin.refuse(Outcome(OutcomeKind.CANCELLED, Reason.SHUTDOWN))

    def _release(self, pin: Pin) -> None:
        """Have the first that waits for a thread take one, if one is free now. Any thread."""
        following = None
        with self._lock:
            self._pins.discard(pin)
            while self._line and following is None and len(self._pins) < self._most:
                first = self._line.popleft()
                following = first if first.is_wanted else None
            if following is not None:
                self._pins.add(following)
        if following is not None:
            self._pool.execute(following)

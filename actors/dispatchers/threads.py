"""The dispatcher `threads`: a pool of daemon threads for plain functions.

Not `concurrent.futures.ThreadPoolExecutor`: its workers keep the process from exiting, and one that hangs is lost to
the pool for ever. Here a worker that overran its time is abandoned and replaced.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty

from actors.control.environment import SHORTAGES, Threads, shortage_told_by
from actors.dispatchers.work import Work, fail_untold
from actors.dispatchers.work_queue import Queue, WorkQueue
from actors.values.errors import WaitingThreadsError
from supervisors.outcome import Outcome, OutcomeKind, Reason

MAX_WAITING = 1_000
"""How many threads may wait for runs and answers on behalf of their agents; one more thread compensates for each."""

FEW = 1_000
"""How much work may wait before it is looked whether it is still wanted."""


class _Worker:
    """A thread of the pool, and what it is doing."""

    __slots__ = ("ident", "is_abandoned", "is_waiting", "thread", "work")

    def __init__(self) -> None:
        # Written by the worker's thread, read under the pool's lock by whoever abandons it.
        self.work: Work | None = None
        self.is_abandoned = False
        # Whether its agent waits for a run or an answer. Written under the pool's lock.
        self.is_waiting = False
        self.ident = 0
        self.thread: threading.Thread | None = None


class _Nothing(Work):
    """Work that wakes an idle thread, and is nothing to do."""

    __slots__ = ()

    def perform(self) -> None:
        """Do nothing."""


class ThreadDispatcher:
    """Run plain functions on at most `max_threads` threads; what finds none waits its turn.

    When the machine has no more threads, work waits for those of the pool, and for `try_again()`.

    A thread whose agent waits for a run or for another agent's answer does not count, so that those it waits for cannot
    lack a thread. When it goes on there is one too many, until a thread has nothing to do.

    Args:
        threads: Where threads come from.
        max_threads: How many run at once, not counting abandoned ones and those that wait for runs and answers.
        max_abandoned: How many abandoned threads may still be running before new work is refused.
    """

    def __init__(self, threads: Threads, max_threads: int, max_abandoned: int) -> None:
        self._threads = threads
        self._max_threads = max_threads
        self._max_abandoned = max_abandoned
        self._numbers = itertools.count(1)
        self._queue: Queue = WorkQueue()
        self._lock = threading.Lock()
        # All below: written under the lock.
        self._workers: set[_Worker] = set()
        self._abandoned: set[_Worker] = set()
        self._idle = 0
        # How much work waits for a thread, and how many threads wait for runs and answers on behalf of their agents.
        self._waiting = 0
        self._waiting_threads = 0
        self._sweeps_at = FEW
        # Whether there are more threads than there should be; whoever has done its work then leaves.
        self._is_crowded = False
        self._is_stopping = False
        # Why no thread can be started for what waits; empty when it can. Read by anyone.
        self._shortage = ""
        # Called when that begins; it sees to it that `try_again()` is called until it is over. Set before it is used.
        self.on_shortage: Callable[[ThreadDispatcher], None] = lambda _pool: None

    @property
    def thread_count(self) -> int:
        """How many threads the pool has, not counting abandoned ones."""
        return len(self._workers)

    @property
    def refusal(self) -> str:
        """Why new work is refused now; empty when it is not. Any thread."""
        return self._too_many_abandoned().detail if len(self._abandoned) >= self._max_abandoned else ""

    @property
    def shortage(self) -> str:
        """Why what waits has no thread, though it may have one; empty when that is not so. Any thread."""
        return self._shortage

    def try_again(self) -> None:
        """Start threads for what waits, as far as they can be had. Inside the control plane."""
        while (worker := self._next_worker()) is not None and self._start(worker):
            pass

    def execute(self, work: Work) -> None:
        """Hand it to an idle thread or a new one, or queue it until a thread is free."""
        refusal = worker = None
        with self._lock:
            if self._is_stopping:
                refusal = Outcome(OutcomeKind.CANCELLED, Reason.SHUTDOWN)
            elif len(self._abandoned) >= self._max_abandoned:
                refusal = self._too_many_abandoned()
            elif self._idle:
                self._idle -= 1
            elif self._has_room():
                worker = self._new_worker()
            else:
                self._waiting += 1
                if self._waiting >= self._sweeps_at:
                    self._sweep()
        if refusal is not None:
            work.refuse(refusal)
            return
        self._queue.put(work)
        if worker is not None:
            self._start(worker)

    def repair(self) -> None:
        """Make good what an interrupt may have left: work that no thread was started for."""
        with self._lock:
            is_worker_needed = self._queue.qsize() > 0 and self._has_room() and not self._is_stopping
            worker = self._new_worker() if is_worker_needed else None
        self._queue.wake()
        if worker is not None:
            self._start(worker)

    def interrupt(self, work: Work) -> None:
        """Do nothing: a thread cannot be interrupted; its agent may look at `context.cancelled`."""

    def abandon(self, work: Work) -> None:
        """Let the thread that runs it end with it, and start another if work is waiting."""
        with self._lock:
            worker = work.host
            if not isinstance(worker, _Worker) or worker.work is not work or worker.is_abandoned:
                return
            worker.is_abandoned = True
            if worker.is_waiting:
                worker.is_waiting = False
                self._waiting_threads -= 1
            self._workers.discard(worker)
            self._abandoned.add(worker)
            self._recount()
            following = self._worker_for_waiting()
        if following is not None:
            self._start(following)

    @contextmanager
    def waiting(self, work: Work) -> Iterator[None]:
        """Compensate for this thread as long as it waits for a run, or for an answer, on behalf of its agent.

        Nothing is done if it is not the thread that the work was given: the agent has made it itself.

        Raises:
            WaitingThreadsError: If as many threads wait already as may.
        """
        worker = work.host
        if not isinstance(worker, _Worker) or worker.ident != threading.get_ident():
            yield
            return
        self._begin_waiting(worker)
        try:
            yield
        finally:
            self._end_waiting(worker)

    def delayer(self, work: Work) -> str:
        """Return nothing: threads do not wait for each other."""
        return ""

    def stop(self, timeout: float) -> None:
        """End the idle threads; those that are busy end with their work, or with the process."""
        with self._lock:
            self._is_stopping = True
            workers = list(self._workers)
        self._queue.put(None)
        for worker in workers:
            if worker.work is None and worker.thread is not None:
                worker.thread.join(timeout)

    def _has_room(self) -> bool:
        return len(self._workers) < self._max_threads + self._waiting_threads

    def _begin_waiting(self, worker: _Worker) -> None:
        with self._lock:
            if self._waiting_threads >= MAX_WAITING:
                raise WaitingThreadsError(worker.work.agent if worker.work is not None else "", MAX_WAITING)
            if worker.is_abandoned:
                return
            worker.is_waiting = True
            self._waiting_threads += 1
            self._recount()
            following = self._worker_for_waiting()
        if following is not None:
            self._start(following)

    def _end_waiting(self, worker: _Worker) -> None:
        with self._lock:
            if not worker.is_waiting:
                return  # it was abandoned meanwhile
            worker.is_waiting = False
            self._waiting_threads -= 1
            self._recount()
            is_one_to_leave = self._is_crowded and self._idle > 0
            if is_one_to_leave:
                self._idle -= 1
        if is_one_to_leave:
            self._queue.put(_Nothing(""))

    def _recount(self) -> None:
        """Find out whether there are too many threads. Under the lock."""
        self._is_crowded = len(self._workers) > self._max_threads + self._waiting_threads

    def _worker_for_waiting(self) -> _Worker | None:
        """Return a new worker for what waits, if there is anything and room; it is to be started. Under the lock."""
        if not self._waiting or not self._has_room():
            return None
        self._waiting -= 1
        return self._new_worker()

    def _next_worker(self) -> _Worker | None:
        """Return a worker for what waits; None, and no shortage, if nothing waits for want of a thread."""
        with self._lock:
            worker = None if self._is_stopping else self._worker_for_waiting()
            if worker is None:
                self._shortage = ""
            return worker

    def _new_worker(self) -> _Worker:
        """Return a worker that counts from now on. Under the lock."""
        worker = _Worker()
        self._workers.add(worker)
        return worker

    def _sweep(self) -> None:
        """Let go of what waits though nobody wants it any more. Under the lock.

        A thread that is on its way takes whatever is first: as many as are not counted as waiting must stay.
        """
        queue = self._queue
        for _ in range(queue.qsize()):
            try:
                work = queue.get_nowait()
            except Empty:
                break
            if self._waiting and work is not None and not work.is_wanted:
                self._waiting -= 1
            else:
                queue.put(work)
        self._sweeps_at = max(FEW, 2 * self._waiting)

    def _start(self, worker: _Worker) -> bool:
        """Start the thread of a worker; return False, and take note of a shortage, if the machine has no more."""
        try:
            worker.thread = self._threads.start(f"mixmode-worker-{next(self._numbers)}", lambda: self._run(worker))
        except SHORTAGES as error:
            if self._count_unstarted(worker, shortage_told_by(error)):
                self.on_shortage(self)
            return False
        except BaseException:
            self._count_unstarted(worker)
            raise
        return True

    def _count_unstarted(self, worker: _Worker, shortage: str = "") -> bool:
        """Count a worker no more whose thread was not started, but its work; return whether a shortage begins."""
        with self._lock:
            self._workers.discard(worker)
            self._waiting += 1
            is_new = bool(shortage) and not self._shortage
            self._shortage = shortage or self._shortage
            return is_new

    def _run(self, worker: _Worker) -> None:
        worker.ident = threading.get_ident()
        while (work := self._queue.get()) is not None:
            worker.work = work
            work.host = worker
            try:
                work.perform()
            except Exception as error:  # noqa: BLE001  # no memory, where its end was told
                fail_untold(work, error)
            worker.work = work = None
            with self._lock:
                if worker.is_abandoned:
                    self._abandoned.discard(worker)
                    return
                if self._is_crowded:
                    self._workers.discard(worker)
                    self._recount()
                    return
                if self._waiting:
                    self._waiting -= 1
                else:
                    self._idle += 1
        self._queue.put(None)  # for the next
        with self._lock:
            self._workers.discard(worker)

    def _too_many_abandoned(self) -> Outcome:
        detail = f"{len(self._abandoned)} threads are held by work that could not be stopped"
        return Outcome(OutcomeKind.REJECTED, Reason.ABANDONED_LIMIT, detail=detail)

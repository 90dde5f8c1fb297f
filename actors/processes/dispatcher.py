"""The dispatcher `process`: each instance of an agent in a process of its own.

A thread waits for each process that is at work. What does not stop when it is told to is killed, so the thread is
always free again, and nothing is left running.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from actors.agents.hooks import StartWork, StopWork
from actors.agents.invocation import Invocation
from actors.control.environment import Threads
from actors.dispatchers.threads import ThreadDispatcher
from actors.dispatchers.work import Work
from actors.processes.agent_process import AgentProcess
from actors.processes.start_line import StartLine, most_at_once
from supervisors.outcome import Outcome, OutcomeKind, Reason

if TYPE_CHECKING:
    from actors.agents.instance import Instance
    from actors.cells.agent_cell import AgentCell


class ProcessDispatcher:
    """Run agents in processes. Until one is spawned it has neither processes nor threads.

    Args:
        threads: Where threads come from.
        hook_timeout: Seconds that an agent has to stop when its process is to end.
        at_once: How many processes are started at once; None for two for each core.
    """

    def __init__(self, threads: Threads, hook_timeout: float, *, at_once: int | None = None) -> None:
        # As many as there are processes: each waits for one.
        self._pool = ThreadDispatcher(threads, max_threads=sys.maxsize, max_abandoned=sys.maxsize)
        self._starts = StartLine(at_once or most_at_once(), self._pool.execute)
        self._hook_timeout = hook_timeout
        # The processes that may be alive. Single set operations, on any thread.
        self._processes: set[AgentProcess] = set()

    @property
    def processes(self) -> tuple[AgentProcess, ...]:
        """The processes that may be alive."""
        return tuple(self._processes.copy())

    @property
    def shortage(self) -> str:
        """Why what waits for a thread has none; empty when that is not so. Any thread."""
        return self._pool.shortage

    def on_shortage(self, call: Callable[[ThreadDispatcher], None]) -> None:
        """Have something called when no thread can be had. Before it is used."""
        self._pool.on_shortage = call

    def execute(self, work: Work) -> None:
        """Have a thread perform it, as soon as its process is free; a start, when it is its turn."""
        process = self._process_of(work)
        work.host = process
        self._processes.add(process)
        if isinstance(work, StartWork):
            self._starts.enter(work, _StartErrand(work, process, self._starts))
        else:
            self._pool.execute(_Errand(work, process))

    def withdraw(self, start: StartWork) -> bool:
        """Let a start never begin; return False if it has begun. Any thread."""
        is_withdrawn = self._starts.withdraw(start)
        if is_withdrawn:
            self._processes.discard(start.host)
        return is_withdrawn

    def repair(self) -> None:
        """Make good what an interrupt may have left: work that no thread was started for."""
        self._pool.repair()

    def interrupt(self, work: Work) -> None:
        """Cancel it, if its agent is async; its `context.cancelled` is true from now on."""
        if isinstance(work.host, AgentProcess):
            work.host.interrupt(work)

    def abandon(self, work: Work) -> None:
        """Kill its process, and the one that it ends."""
        work.is_abandoned = True
        previous = work.previous if isinstance(work, StartWork) else None
        for process in (work.host, previous):
            if isinstance(process, AgentProcess):
                process.kill()

    def delayer(self, work: Work) -> str:
        """Return nothing: processes do not wait for each other."""
        return ""

    def stop(self, timeout: float) -> None:
        """End the idle threads, and kill the processes that are left; so the busy threads end too."""
        for errand in self._starts.close():
            errand.refuse(Outcome(OutcomeKind.CANCELLED, Reason.SHUTDOWN))
        self._pool.stop(timeout)
        left = self.processes
        for process in left:
            process.kill()
        for process in left:
            if process.use.acquire(timeout=timeout):  # whoever used it has been told
                process.end()
                process.use.release()

    def _process_of(self, work: Work) -> AgentProcess:
        if isinstance(work, StartWork):
            if work.product is None:
                work.product = AgentProcess(work.definition, self._hook_timeout, self._processes.discard)
            process = work.product
        elif isinstance(work, Invocation) and work.instance is not None:
            process = work.instance.behaviour
        else:
            process = work.behaviour if isinstance(work, StopWork) else None
        if not isinstance(process, AgentProcess):
            raise AssertionError(f"{work!r} belongs to no process")
        return process


class _Errand(Work):
    """The way of a work to its process."""

    __slots__ = ("_process", "_work")

    def __init__(self, work: Work, process: AgentProcess) -> None:
        super().__init__(work.agent)
        self._work = work
        self._process = process

    def perform(self) -> None:
        """Perform the work, unless the process ended while it was idle: then the event waits for the next one."""
        work, process = self._work, self._process
        with process.use:
            if not (isinstance(work, Invocation) and process.has_ended and _put_back(work, process)):
                process.serve(work)

    def refuse(self, outcome: Outcome) -> None:
        """Refuse the work."""
        self._work.refuse(outcome)


class _StartErrand(_Errand):
    """The way of a start, whose turn it is, to its process."""

    __slots__ = ("_line", "_start")

    def __init__(self, start: StartWork, process: AgentProcess, line: StartLine) -> None:
        super().__init__(start, process)
        self._start = start
        self._line = line

    def perform(self) -> None:
        """Start the process, and let the next have its turn."""
        try:
            self._start.cell.lifecycle.start_begun(self._start)
            super().perform()
        finally:
            self._line.leave(self._start)

    def refuse(self, outcome: Outcome) -> None:
        """Refuse the start."""
        self._line.leave(self._start)
        super().refuse(outcome)


def _put_back(work: Invocation, process: AgentProcess) -> bool:
    """Have an event that has not begun wait for the next process, and that one started; False if it is too late."""
    cell: AgentCell = work.cell
    instance: Instance | None = work.instance
    following = None
    with cell.lock:
        if instance is None or instance.work is not work or work.begun_at is not None or cell.closed is not None:
            return False
        instance.is_ready = False
        cell.take_back(instance)
        if cell.idle:
            following = cell.take_for(cell.idle.pop())
    cell.lifecycle.report_failure(instance, "process_ended", f"{process.end()} while it was idle")
    if following is not None:
        cell.dispatcher.execute(following)
    return True

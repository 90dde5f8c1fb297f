"""Gives a runtime all tickets, as many at once as it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from queue import SimpleQueue

from actors import Event, OverloadedError, Run, Runtime
from examples.triage.handled import Handled, handled_by, refused
from examples.triage.ticket import Ticket
from examples.triage.workflow import NAME, WORKFLOW


class Dispatch:
    """Hands tickets out, and takes back what became of them.

    How many are handled at once is the runtime's `max_runs`. While it is overloaded the next ticket waits until one
    has ended; nothing polls.

    Args:
        runtime: A runtime that has the agents.
        timeout: Seconds for each ticket.
    """

    def __init__(self, runtime: Runtime, *, timeout: float) -> None:
        self._runtime = runtime
        self._timeout = timeout
        self._in_progress = 0
        # Put into by the runtime's delivery thread, taken from by whoever iterates.
        self._ended: SimpleQueue[tuple[Run, int, Ticket]] = SimpleQueue()

    def handle(self, tickets: Iterable[Ticket]) -> Iterator[Handled]:
        """Yield every ticket once it has been handled, in the order in which they end. One that fails is yielded, too.

        Raises:
            OverloadedError: If the runtime is full of runs that are not from here.
        """
        for number, ticket in enumerate(tickets):
            try:
                yield from self._submit(number, ticket)
            except (TypeError, ValueError) as error:  # it holds what an event cannot
                yield refused(number, ticket, error)
            while not self._ended.empty():
                yield self._next()
        while self._in_progress:
            yield self._next()

    def _submit(self, number: int, ticket: Ticket) -> Iterator[Handled]:
        """Submit a ticket; yield those for whose end that has to wait."""
        event = Event(target=NAME, data=ticket.as_data())
        while True:
            try:
                run = self._runtime.submit(WORKFLOW, event, timeout=self._timeout)
                break
            except OverloadedError:
                if not self._in_progress:
                    raise
                yield self._next()
        self._in_progress += 1
        run.add_done_callback(lambda ended: self._ended.put((ended, number, ticket)))

    def _next(self) -> Handled:
        run, number, ticket = self._ended.get()
        self._in_progress -= 1
        return handled_by(run, number, ticket)

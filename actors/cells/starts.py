"""The starts of an agent's instances: how they are made, and what becomes of starts that fail or hang.

Control plane only, unless it is said otherwise.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from actors.agents.hooks import StartWork, StopWork
from actors.agents.instance import Instance
from actors.cells.halt import Halt
from actors.cells.lifecycle_messages import LifecycleMessage, Start, StartAgain, StartBegun, StartEnded, StartOverdue
from actors.control.shortages import shortage_of
from actors.values.rendering import render
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.policies.retries import Backoff

if TYPE_CHECKING:
    from actors.cells.agent_cell import AgentCell


_BACK_OFF = Backoff(initial=0.1, maximum=5.0)
"""When a start is tried again for which the machine had too little of something."""


class Starts(ABC):
    """Makes the instances of a cell. The base of its lifecycle, which does the rest.

    Args:
        cell: The agent's cell.

    Attributes:
        shortage: What the machine has too little of to start the agent, for people; empty if it has enough.
    """

    def __init__(self, cell: AgentCell) -> None:
        self._cell = cell
        self._system = cell.system
        # Whether the supervisor waits to hear that all instances are ready.
        self._is_awaited = False
        # The stop of the instances that were replaced all at once.
        self._halt: Halt | None = None
        self._starts: set[StartWork] = set()
        # What was abandoned and is still running.
        self._hung_hooks: set[StartWork | StopWork] = set()
        self._is_stopping = False
        # The starts that are tried again later, by their instances.
        self._later: dict[Instance, StartWork] = {}
        # One store, read by anyone.
        self.shortage = ""

    @abstractmethod
    def owns(self, part: Instance) -> bool:
        """Say whether it is one of the agent's instances, and the agent neither stopped nor failed."""

    @abstractmethod
    def report_failure(self, instance: Instance, reason: str, detail: str, *, is_normal: bool = False) -> None:
        """Tell the agent supervisor that an instance needs a restart, unless it has been replaced. Any thread."""

    @abstractmethod
    def _tell_started(self) -> None:
        """Tell the supervisor that all instances are ready."""

    @abstractmethod
    def _progress(self, _message: LifecycleMessage | None = None) -> None:
        """Go on with what is under way."""

    @abstractmethod
    def _call_stop_hook(self, instance: Instance) -> None:
        """Stop what an instance holds."""

    @abstractmethod
    def _forget(self, instance: Instance) -> None:
        """Count on an instance no longer."""

    def begin(self) -> None:
        """Have the instances made, or be ready at once when there are none to make. Any thread."""
        cell = self._cell
        if cell.definition.make is None:
            self._be_ready()
            return
        for instance in cell.instances.copy():
            self._system.plane.post_from_outside(cell, Start(StartWork(cell, instance)))

    def _be_ready(self) -> None:
        """Let instances that need no making take events, the first of which may have come already. Any thread."""
        cell = self._cell
        with cell.lock:
            following = []
            for instance in cell.instances:
                instance.is_ready = True
                if cell.closed is None:
                    following.append(cell.take_for(instance))
        for invocation in following:
            if invocation is not None:
                cell.dispatcher.execute(invocation)

    def start(self, reason: str) -> None:
        """Have all instances made, and tell the supervisor when they are ready."""
        cell = self._cell
        if cell.definition.make is None:
            self._tell_started()
        elif cell.closed is None and not self._is_awaited:
            self._is_awaited = True
            for instance in list(cell.instances):
                self._start(Start(StartWork(cell, instance, reason=reason)))

    def start_ended(self, work: StartWork, product: Any, error: BaseException | None) -> None:
        """Take note that making an instance ended. Any thread."""
        self._system.plane.post(self._cell, StartEnded(work, product, error))

    def _start(self, message: Start) -> None:
        work, cell = message.work, self._cell
        if work.has_ended:
            return
        work.instance.is_starting = True
        self._starts.add(work)
        if not cell.definition.reference:  # processes say when it is their turn
            self._on_start_begun(StartBegun(work))
        cell.dispatcher.execute(work)

    def start_begun(self, work: StartWork) -> None:
        """Take note that it is the turn of a start that has waited for it. Any thread."""
        self._system.plane.post(self._cell, StartBegun(work))

    def _on_start_begun(self, message: StartBegun) -> None:
        work, plane = message.work, self._system.plane
        if work.timer is None and not work.has_ended:
            at = plane.now() + self._system.hook_timeout
            work.timer = plane.schedule(at, self._cell, StartOverdue(work))

    def _withdraw_starts(self) -> None:
        """End the starts that still wait for their turn; what they were to end before is stopped like the others."""
        system, dispatcher = self._system, self._cell.dispatcher
        queue = system.processes if self._cell.definition.reference else system.pinned
        if dispatcher is not queue:
            return
        for work in self._starts.copy():
            if queue.withdraw(work):
                self._end_start(work)
                work.instance.is_starting = False
                work.instance.behaviour = work.previous

    def _on_start_ended(self, message: StartEnded) -> None:
        work, cell = message.work, self._cell
        if work.has_ended:
            self._given_up_ended(work, message)
            return
        self._end_start(work)
        work.instance.is_starting = False
        if message.error is not None:
            self._on_start_failed(work, message.error)
            return
        if work.instance not in cell.instances:
            self._end_late(work, message.product)
            return
        cell.define(work.definition)
        if work.is_made_only:
            fresh = StartWork(cell, work.instance, reason=work.reason, product=message.product)
            self._start(Start(fresh))
        elif getattr(work.host, "is_retired", False):  # its event loop was replaced meanwhile
            work.instance.move_in(message.product, work)
            self._call_stop_hook(work.instance)
            self._start(Start(StartWork(cell, work.instance, reason=work.reason or "loop_replaced")))
        else:
            work.instance.move_in(message.product, work)
            self.instance_ready(work.instance)

    def _end_start(self, work: StartWork) -> None:
        work.has_ended = True
        self._starts.discard(work)
        if work.timer is not None:
            work.timer.cancel()

    def _given_up_ended(self, work: StartWork, message: StartEnded) -> None:
        """Stop what was made after all by a start that had been abandoned."""
        if work not in self._hung_hooks:
            return
        self._hung_hooks.discard(work)
        if message.product is not None and not work.is_made_only:
            late = Instance(work.instance.number)
            late.move_in(message.product, work)
            self._call_stop_hook(late)

    def _end_late(self, work: StartWork, product: Any) -> None:
        """Stop what was made for an instance that has been replaced, or whose agent has stopped, meanwhile."""
        if not work.is_made_only:
            work.instance.move_in(product, work)
        if self._halt is None or not self._halt.has(work.instance):
            self._call_stop_hook(work.instance)
        self._progress()

    def instance_ready(self, instance: Instance) -> None:
        """Let an instance take events, unless its task has been cancelled already."""
        cell = self._cell
        with cell.lock:
            instance.is_ready = instance.home is None or not instance.home.is_lost
        if not instance.is_ready:
            self._start_failed(instance, "its task was cancelled as soon as it had started")
            return
        self._let_in(instance)
        self._note_shortage_over()
        if self._is_awaited and all(each.is_ready for each in cell.instances):
            self._is_awaited = False
            self._tell_started()
        self._progress()

    def _let_in(self, instance: Instance) -> None:
        """Give an instance that is ready the next event, or note that it is idle. Any thread."""
        cell, following = self._cell, None
        with cell.lock:
            if cell.closed is None and instance.is_ready:
                following = cell.take_for(instance)
        if following is not None:
            cell.dispatcher.execute(following)

    def _on_start_overdue(self, message: StartOverdue) -> None:
        work = message.work
        if work.has_ended:
            return
        if not work.has_begun and self._cell.dispatcher.shortage:
            work.timer = None
            self._on_start_begun(StartBegun(work))  # it has not: the machine has no thread for it, as health tells
            return
        is_ending_previous = self._give_up(work)
        seconds, instance = self._system.hook_timeout, work.instance
        if is_ending_previous and self.owns(instance):
            detail = "on_stop of the instance before it took longer than %g s; agent %r is started without it"
            self._system.delivery.log(logging.WARNING, detail, seconds, self._cell.name)
            self._start(Start(StartWork(self._cell, instance, reason=work.reason)))
        else:
            instance.is_starting = False
            self._start_failed(instance, f"its start took longer than {seconds:g} s")

    def _give_up(self, work: StartWork) -> bool:
        """Count on a start no longer; return whether it is still at stopping the instance before."""
        dispatcher = self._cell.dispatcher
        self._end_start(work)
        is_ending_previous = work.is_ending_previous  # now: an interrupted hook may return
        if work.has_begun:
            self._hung_hooks.add(work)
        dispatcher.interrupt(work)
        dispatcher.abandon(work)
        return is_ending_previous

    def _on_start_failed(self, work: StartWork, error: BaseException) -> None:
        shortage, detail = shortage_of(error), render(error).text
        if shortage and self.owns(work.instance) and not self._is_stopping:
            self._start_later(work, shortage, detail)
        else:
            text = "the start of agent %r raised %s"
            self._system.delivery.log(logging.WARNING, text, self._cell.name, detail, error=error)
            self._start_failed(work.instance, detail)

    def _start_failed(self, instance: Instance, detail: str) -> None:
        if not self._later:
            self.shortage = ""
        if self._is_stopping or instance not in self._cell.instances:
            self._forget(instance)
            self._progress()
            return
        self._reject_waiting(detail)
        self.report_failure(instance, Reason.START_FAILED.value, detail)

    def _reject_waiting(self, detail: str) -> None:
        """Reject what waits for an instance, unless one is ready."""
        cell = self._cell
        if not any(other.is_ready for other in cell.instances):
            with cell.lock:
                letters = cell.mailbox.clear()
            cell.reject(letters, Outcome(OutcomeKind.REJECTED, Reason.START_FAILED, detail=detail))

    # What the machine has too little of

    def _start_later(self, work: StartWork, shortage: str, detail: str) -> None:
        """Try a start again later: the agent has not failed, so its restarts are not used up by that."""
        system, cell = self._system, self._cell
        self._reject_waiting(detail)
        again = StartWork(cell, work.instance, reason=work.reason)
        again.tries = work.tries + 1
        self._later[work.instance] = again
        if not self.shortage:
            text = "agent %r cannot be started: %s; that is tried again until it can"
            system.delivery.log(logging.WARNING, text, cell.name, detail)
        self.shortage = shortage
        at = system.plane.now() + _BACK_OFF.delay(again.tries, system.environment.random)
        again.timer = system.plane.schedule(at, cell, StartAgain(again))

    def _on_start_again(self, message: StartAgain) -> None:
        work = message.work
        if self._later.get(work.instance) is not work:
            return
        if self.owns(work.instance):
            work.timer = None
            self._start(Start(work))
        else:  # it was marked failed meanwhile
            self.shortage = ""
        del self._later[work.instance]  # last: the message may be handled again, after an interrupt

    def _start_no_more(self) -> None:
        """Forget the starts that are to be tried again, and those that wait for their turn."""
        for work in self._later.values():
            if work.timer is not None:
                work.timer.cancel()
        self._later.clear()
        self.shortage = ""
        self._withdraw_starts()

    def _note_shortage_over(self) -> None:
        if self.shortage and not self._later:
            self.shortage = ""
            self._system.delivery.log(logging.INFO, "agent %r could be started again", self._cell.name)

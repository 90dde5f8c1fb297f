"""The starts of an agent's instances: how they are made, and what becomes of starts that fail or hang.

Control plane only, unless it is said otherwise.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from actors.agent_halt import Halt
from actors.hooks import StartWork, StopWork
from actors.instance import Instance
from actors.lifecycle_messages import LifecycleMessage, Start, StartEnded, StartOverdue
from actors.rendering import render
from supervisors.outcome import Outcome, OutcomeKind, Reason

if TYPE_CHECKING:
    from actors.agent_cell import AgentCell


class Starts(ABC):
    """Makes the instances of a cell. The base of its lifecycle, which does the rest.

    Args:
        cell: The agent's cell.
    """

    def __init__(self, cell: AgentCell) -> None:
        self._cell = cell
        self._system = cell.system
        # Whether the supervisor waits to hear that all instances are ready.
        self._is_awaited = False
        # The stop of the instances that were replaced all at once.
        self._halt: Halt | None = None
        self._starts: set[StartWork] = set()
        # What was given up and is still running.
        self._hung_hooks: set[StartWork | StopWork] = set()
        self._is_stopping = False

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
        work, plane = message.work, self._system.plane
        if work.has_ended:
            return
        work.instance.is_starting = True
        self._starts.add(work)
        if work.timer is None:
            at = plane.now() + self._system.hook_timeout
            work.timer = plane.schedule(at, self._cell, StartOverdue(work))
        self._cell.dispatcher.execute(work)

    def _on_start_ended(self, message: StartEnded) -> None:
        work, cell = message.work, self._cell
        if work.has_ended:
            self._given_up_ended(work, message)
            return
        self._end_start(work)
        work.instance.is_starting = False
        if message.error is not None:
            self._start_failed(work.instance, render(message.error).text)
            return
        if work.instance not in cell.instances:
            self._end_late(work, message.product)
            return
        cell.define(work.definition)
        if work.is_made_only:
            fresh = StartWork(cell, work.instance, reason=work.reason, product=message.product)
            self._start(Start(fresh))
        elif getattr(work.host, "is_retired", False):  # its event loop was replaced meanwhile
            work.instance.behaviour, work.instance.host = message.product, work.host
            self._call_stop_hook(work.instance)
            self._start(Start(StartWork(cell, work.instance, reason=work.reason or "loop_replaced")))
        else:
            self.instance_ready(work.instance, message.product, work.host)

    def _end_start(self, work: StartWork) -> None:
        work.has_ended = True
        self._starts.discard(work)
        if work.timer is not None:
            work.timer.cancel()

    def _given_up_ended(self, work: StartWork, message: StartEnded) -> None:
        """Stop what was made after all by a start that had been given up."""
        if work not in self._hung_hooks:
            return
        self._hung_hooks.discard(work)
        if message.product is not None and not work.is_made_only:
            late = Instance(work.instance.number)
            late.behaviour, late.host = message.product, work.host
            self._call_stop_hook(late)

    def _end_late(self, work: StartWork, product: Any) -> None:
        """Stop what was made for an instance that has been replaced, or whose agent has stopped, meanwhile."""
        if not work.is_made_only:
            work.instance.behaviour, work.instance.host = product, work.host
        if self._halt is None or not self._halt.has(work.instance):
            self._call_stop_hook(work.instance)
        self._progress()

    def instance_ready(self, instance: Instance, product: Any, host: Any) -> None:
        """Let an instance take events."""
        cell = self._cell
        following = None
        with cell.lock:
            instance.behaviour = product
            instance.host = host if cell.definition.is_async else None
            instance.is_ready = True
            if cell.closed is None:
                following = cell.take_for(instance)
        if following is not None:
            cell.dispatcher.execute(following)
        if self._is_awaited and all(each.is_ready for each in cell.instances):
            self._is_awaited = False
            self._tell_started()
        self._progress()

    def _on_start_overdue(self, message: StartOverdue) -> None:
        work = message.work
        if work.has_ended:
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

    def _start_failed(self, instance: Instance, detail: str) -> None:
        cell = self._cell
        if self._is_stopping or instance not in cell.instances:
            self._forget(instance)
            self._progress()
            return
        if not any(other.is_ready for other in cell.instances):
            with cell.lock:
                letters = cell.mailbox.clear()
            cell.reject(letters, Outcome(OutcomeKind.REJECTED, Reason.START_FAILED, detail=detail))
        self.report_failure(instance, Reason.START_FAILED.value, detail)

"""The lifecycle of an agent: how its instances start, are restarted and stop. Control plane only."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from actors.agent_halt import Halt, stop_hook
from actors.broods import orphan
from actors.hooks import StartWork, StopWork
from actors.instance import Instance
from actors.invocation import has_lost_process, is_crash, is_normal_exit
from actors.lifecycle_messages import (
    Drained,
    HaltGraceOver,
    LifecycleMessage,
    Renew,
    Start,
    StartEnded,
    StartOverdue,
    StopGraceOver,
    StopHookEnded,
    StopRequested,
)
from actors.work import render
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.signals import ChildFailed, ChildHalted, ChildStarted, ChildStopped

if TYPE_CHECKING:
    from actors.agent_cell import AgentCell
    from actors.cell import ControlCell
    from actors.dispatchers.lane import Lane


class Lifecycle:
    """Starts, restarts and stops the instances of a cell; the agent supervisor decides, this carries out.

    Attributes:
        spec: The agent's name and restart policy.
        supervisor: Who decides: that of its group, or of the runtime. Set before it begins.
        held_up_by: What has to happen before it begins, for people; empty if nothing has to.
    """

    def __init__(self, cell: AgentCell) -> None:
        self._cell = cell
        self._system = cell.system
        self.spec = cell.spec
        self.supervisor: ControlCell = cell.system.agent_supervisor
        # Written under its group's lock, read by anyone.
        self.held_up_by = ""
        # Whether the supervisor waits to hear that all instances are ready.
        self._is_awaited = False
        # The stop of the instances that were replaced all at once.
        self._halt: Halt | None = None
        self._stop_replies: list[Any] = []
        self._pending_hooks: set[StopWork] = set()
        # What was given up and is still running.
        self._hung_hooks: set[StartWork | StopWork] = set()
        self._is_stopping = False

    def handle(self, message: LifecycleMessage) -> None:
        """Handle one message. Handling it twice does no harm."""
        _HANDLERS[type(message)](self, message)

    @property
    def hung_hooks(self) -> int:
        """How many constructors and hooks are still running though they were given up."""
        return len(self._hung_hooks) + (len(self._pending_hooks) if self._cell.is_stopped else 0)

    # Starting

    def begin(self) -> None:
        """Have the instances made, or be ready at once when there are none to make. Any thread."""
        cell = self._cell
        for instance in cell.instances:
            if cell.definition.make is None:
                instance.is_ready = True
                cell.idle.append(instance)
            else:
                self._system.plane.post(cell, Start(StartWork(cell, instance)))

    def start(self, reason: str) -> None:
        """Have all instances made, and tell the supervisor when they are ready."""
        cell = self._cell
        if cell.definition.make is None:
            self._tell(ChildStarted(self))
        elif cell.closed is None and not self._is_awaited:
            self._is_awaited = True
            for instance in list(cell.instances):
                self._start(Start(StartWork(cell, instance, reason=reason)))

    def start_ended(self, work: StartWork, product: Any, error: BaseException | None) -> None:
        """Take note that making an instance ended. Any thread."""
        self._system.plane.post(self._cell, StartEnded(work, product, error))

    def _start(self, message: Start) -> None:
        work, plane = message.work, self._system.plane
        work.instance.is_starting = True
        if work.timer is None:
            at = plane.now() + self._system.hook_timeout
            work.timer = plane.schedule(at, self._cell, StartOverdue(work))
        self._cell.dispatcher.execute(work)

    def _on_start_ended(self, message: StartEnded) -> None:
        work, cell = message.work, self._cell
        if work.has_ended:
            self._given_up_ended(work, message)
            return
        work.has_ended = True
        if work.timer is not None:
            work.timer.cancel()
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
        else:
            self.instance_ready(work.instance, message.product, work.host)

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
            self._tell(ChildStarted(self))
        self._progress()

    def _on_start_overdue(self, message: StartOverdue) -> None:
        work, dispatcher = message.work, self._cell.dispatcher
        if work.has_ended:
            return
        work.has_ended = True
        if work.has_begun:
            self._hung_hooks.add(work)
        dispatcher.interrupt(work)
        dispatcher.abandon(work)
        seconds, instance = self._system.hook_timeout, work.instance
        if work.is_ending_previous and self.owns(instance):
            detail = "on_stop of the instance before it took longer than %g s; agent %r is started without it"
            self._system.delivery.log(logging.WARNING, detail, seconds, self._cell.name)
            self._start(Start(StartWork(self._cell, instance, reason=work.reason)))
        else:
            instance.is_starting = False
            self._start_failed(instance, f"its start took longer than {seconds:g} s")

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

    # Restarting

    def report_crash(self, instance: Instance, outcome: Outcome) -> None:
        """Tell the agent supervisor that an instance crashed. Any thread."""
        reason = "base_exception" if is_crash(outcome) else "exception"
        if has_lost_process(outcome):
            reason = "process_ended"
        self.report_failure(instance, reason, str(outcome), is_normal=is_normal_exit(outcome))

    def report_failure(self, instance: Instance, reason: str, detail: str, *, is_normal: bool = False) -> None:
        """Tell the agent supervisor that an instance needs a restart, unless it has been replaced. Any thread."""
        if instance not in self._cell.instances:
            self._system.plane.post(self._cell, Drained())
        elif self._cell.closed is None:
            self._tell(ChildFailed(self, instance, reason, detail, is_normal))

    def owns(self, part: Instance) -> bool:
        """Say whether it is one of the agent's instances, and the agent neither stopped nor failed."""
        return self._cell.closed is None and part in self._cell.instances

    def _tell(self, signal: Any) -> None:
        self._system.plane.post(self.supervisor, signal)

    def restart(self, part: Instance, reason: str) -> None:
        """Replace an instance; its number, the mailbox and the ref stay."""
        cell, instance = self._cell, part
        if cell.closed is not None or instance not in cell.instances:
            return
        fresh = Instance(instance.number)
        with cell.lock:
            cell.instances[instance.number] = fresh
            if instance in cell.idle:
                cell.idle.remove(instance)
        orphan(cell)
        previous = instance.behaviour if not instance.is_stale else None
        self._start(Start(StartWork(cell, fresh, reason=reason, previous=previous)))

    def give_up(self, detail: str) -> None:
        """Mark the agent failed: what is queued is rejected, and so is what comes."""
        cell = self._cell
        outcome = Outcome(OutcomeKind.REJECTED, Reason.AGENT_FAILED, detail=detail)
        with cell.lock:
            if cell.closed is None:
                cell.closed = outcome
            letters = cell.mailbox.clear()
        cell.reject(letters, outcome)
        orphan(cell)

    def halt(self, grace: float) -> None:
        """Stop all instances, the work in flight within `grace` seconds; then tell the supervisor."""
        cell, plane = self._cell, self._system.plane
        if self._is_stopping or self._halt is not None:
            return  # it is told how that ends
        if cell.definition.make is None:
            self._tell(ChildHalted(self))
            return
        self._is_awaited = False
        self._halt = halt = Halt(cell)
        plane.schedule(plane.now() + grace, cell, HaltGraceOver(halt))
        self._progress()

    def _on_halt_grace_over(self, message: HaltGraceOver) -> None:
        if self._halt is message.halt:
            self._cut_halt(message.halt)
            self._progress()

    def _cut_halt(self, halt: Halt) -> None:
        halt.cut()
        self._hung_hooks |= halt.hooks
        halt.hooks.clear()

    def _progress(self, _message: LifecycleMessage | None = None) -> None:
        """Go on with what is under way."""
        if self._halt is not None and self._halt.progress():
            self._halt = None
            orphan(self._cell)
            self._tell(ChildHalted(self))
        self._progress_stop()

    def leave(self, lane: Lane) -> None:
        """Renew the instances that live on a lane that was replaced."""
        cell = self._cell
        if cell.definition.make is None:
            return
        with cell.lock:
            lost = [instance for instance in cell.instances if instance.host is lane]
            for instance in reversed(lost):
                instance.is_stale = True
                cell.take_back(instance)
            free = [instance for instance in lost if instance.work is None and instance.is_ready]
        for instance in free:
            self._renew(Renew(instance))

    def _renew(self, message: Renew) -> None:
        instance = message.instance
        if instance not in self._cell.instances:
            self._progress()
        elif self._cell.closed is None and instance.work is None:
            self._call_stop_hook(instance)
            self.restart(instance, "loop_replaced")

    # Stopping

    def request_stop(self, reply: Any, grace: float | None) -> None:
        """Ask for the stop; `reply` is set when it is done. Any thread."""
        self._system.plane.post(self._cell, StopRequested(reply, grace))

    def _on_stop_requested(self, message: StopRequested) -> None:
        cell = self._cell
        if cell.is_stopped:
            if message.reply is not None:
                message.reply.set(None)
            return
        if message.reply is not None and message.reply not in self._stop_replies:
            self._stop_replies.append(message.reply)
        if not self._is_stopping:
            self._is_stopping = True
            self._close(message.grace, message.detail)
        self._progress()

    def end(self, detail: str, grace: float | None) -> None:
        """Stop for good, as the supervisor wants it."""
        self._on_stop_requested(StopRequested(None, grace, detail))

    def _close(self, grace: float | None, detail: str) -> None:
        cell, plane = self._cell, self._system.plane
        outcome = Outcome(OutcomeKind.REJECTED, Reason.AGENT_STOPPED, detail=detail)
        with cell.lock:
            cell.closed = outcome
            letters = cell.mailbox.clear()
        cell.reject(letters, outcome)
        seconds = cell.spec.grace if grace is None else grace
        plane.schedule(plane.now() + seconds, cell, StopGraceOver())

    def _progress_stop(self) -> None:
        """Call the stop hooks of the instances that are idle; finish when nothing is left."""
        cell = self._cell
        if not self._is_stopping or cell.is_stopped:
            return
        for instance in [each for each in cell.instances if each.work is None and not each.is_starting]:
            self._forget(instance)
            self._call_stop_hook(instance)
        if not cell.instances and not cell.active and not self._pending_hooks and self._halt is None:
            self._finish_stop()

    def _call_stop_hook(self, instance: Instance) -> None:
        work = stop_hook(self._cell, instance)
        if work is not None:
            self._pending_hooks.add(work)
            self._cell.dispatcher.execute(work)

    def _forget(self, instance: Instance) -> None:
        cell = self._cell
        with cell.lock:
            if instance in cell.instances:
                cell.instances.remove(instance)
            instance.is_ready = False

    def stop_hook_ended(self, work: StopWork) -> None:
        """Take note that a stop hook ended. Any thread."""
        self._system.plane.post(self._cell, StopHookEnded(work))

    def _on_stop_hook_ended(self, message: StopHookEnded) -> None:
        self._pending_hooks.discard(message.work)
        self._hung_hooks.discard(message.work)
        if self._halt is not None:
            self._halt.hooks.discard(message.work)
        self._progress()

    def _on_stop_grace_over(self, _message: LifecycleMessage) -> None:
        """Cancel what is still running, and stop without it."""
        cell = self._cell
        if cell.is_stopped:
            return
        outcome = Outcome(OutcomeKind.CANCELLED, Reason.AGENT_STOPPED, detail="its agent was stopped")
        for invocation in list(cell.running()):
            cell.cancel(invocation, outcome)
        cell.give_up_running()
        if self._halt is not None:
            self._cut_halt(self._halt)
            self._halt = None
        self._finish_stop()

    def _finish_stop(self) -> None:
        cell = self._cell
        cell.mark_stopped()
        orphan(cell)
        agents = self._system.agents
        if agents.get(cell.name) is cell:
            del agents[cell.name]
        self._tell(ChildStopped(self))
        for reply in self._stop_replies:
            reply.set(None)
        self._stop_replies.clear()


_HANDLERS: dict[type, Callable[[Lifecycle, Any], None]] = {
    Start: Lifecycle._start,
    StartEnded: Lifecycle._on_start_ended,
    StartOverdue: Lifecycle._on_start_overdue,
    Renew: Lifecycle._renew,
    StopRequested: Lifecycle._on_stop_requested,
    StopGraceOver: Lifecycle._on_stop_grace_over,
    HaltGraceOver: Lifecycle._on_halt_grace_over,
    Drained: Lifecycle._progress,
    StopHookEnded: Lifecycle._on_stop_hook_ended,
}

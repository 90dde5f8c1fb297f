"""The lifecycle of an agent: how its instances start, are restarted and stop. Control plane only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from actors.agents.hooks import StartWork, StopWork
from actors.agents.instance import Instance
from actors.agents.invocation import has_lost_process, is_crash, is_normal_exit
from actors.cells.broods import orphan
from actors.cells.halt import Halt, stop_hook
from actors.cells.lifecycle_messages import (
    Drained,
    HaltGraceOver,
    LifecycleMessage,
    Renew,
    Start,
    StartAgain,
    StartBegun,
    StartEnded,
    StartOverdue,
    StopGraceOver,
    StopHookEnded,
    StopRequested,
    TaskCancelled,
)
from actors.cells.starts import Starts
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.signals import ChildFailed, ChildHalted, ChildStarted, ChildStopped

if TYPE_CHECKING:
    from actors.cells.agent_cell import AgentCell
    from actors.control.cell import ControlCell
    from actors.control.timers import ScheduledMessage
    from actors.dispatchers.lane import Lane


HOST_ENDS_WITHIN = 0.25
"""Seconds after which a host that cancels the tasks on its loop, as `asyncio.run()` does in the end, has closed it."""


class Lifecycle(Starts):
    """Starts, restarts and stops the instances of a cell; the agent supervisor decides, this carries out.

    Attributes:
        spec: The agent's name and restart policy.
        supervisor: Who decides: that of its group, or of the runtime. Set before it begins.
        held_up_by: What has to happen before it begins, for people; empty if nothing has to.
    """

    def __init__(self, cell: AgentCell) -> None:
        super().__init__(cell)
        self.spec = cell.spec
        self.supervisor: ControlCell = cell.system.agent_supervisor
        # Written under its group's lock, read by anyone.
        self.held_up_by = ""
        self._stop_replies: list[Any] = []
        # Each ends the time that the stop may take; the earliest counts.
        self._stop_timers: list[ScheduledMessage] = []
        self._pending_hooks: set[StopWork] = set()

    def handle(self, message: LifecycleMessage) -> None:
        """Handle one message. Handling it twice does no harm."""
        _HANDLERS[type(message)](self, message)

    @property
    def hung_hooks(self) -> int:
        """How many constructors and hooks are still running though they were abandoned."""
        return len(self._hung_hooks) + (len(self._pending_hooks) if self._cell.is_stopped else 0)

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

    @property
    def has_stopped(self) -> bool:
        """Whether the agent has stopped."""
        return self._cell.is_stopped

    def owns(self, part: Instance) -> bool:
        """Say whether it is one of the agent's instances, and the agent neither stopped nor failed."""
        return self._cell.closed is None and part in self._cell.instances

    def _tell_started(self) -> None:
        self._tell(ChildStarted(self))

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
        previous = (instance.home or instance.behaviour) if not instance.is_stale else None
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
        cell = self._cell
        if self._is_stopping or self._halt is not None:
            return  # it is told how that ends
        if cell.definition.make is None:
            self._tell(ChildHalted(self))
            return
        self._is_awaited = False
        self._halt = Halt(cell, grace)
        self._start_no_more()
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

    def note_cancelled(self, instance: Instance) -> None:
        """Take note that the task of an idle instance was cancelled. On its event loop."""
        cell = self._cell
        following = None
        with cell.lock:
            was_ready, instance.is_ready = instance.is_ready, False
            if instance in cell.idle:
                cell.idle.remove(instance)
            cell.take_back(instance)
            if cell.closed is None and cell.idle and cell.depth:
                following = cell.take_for(cell.idle.pop())
        if following is not None:
            cell.dispatcher.execute(following)
        if was_ready:
            self._system.plane.post(cell, TaskCancelled(instance))

    def _on_task_cancelled(self, message: TaskCancelled) -> None:
        """Have an instance replaced whose task was cancelled while it was idle, unless its host has ended the loop."""
        plane, instance = self._system.plane, message.instance
        if self._system.loops.is_on_host_loop and not message.is_looked_after:
            plane.schedule(plane.now() + HOST_ENDS_WITHIN, self._cell, replace(message, is_looked_after=True))
        elif instance.host.loop.is_closed():
            instance.is_ready = True  # for what is refused there
            self._let_in(instance)
        else:
            detail = "its task was cancelled while it was idle, as by a task group that it had entered in on_start"
            self.report_failure(instance, "cancelled", detail)

    # Stopping

    def request_stop(self, reply: Any, grace: float | None) -> None:
        """Ask for the stop; `reply` is set when it is done. Any thread."""
        self._system.plane.post_from_outside(self._cell, StopRequested(reply, grace))

    def _on_stop_requested(self, message: StopRequested) -> None:
        cell = self._cell
        if cell.is_stopped:
            if message.reply is not None:
                message.reply.answer(None)
            return
        if message.reply is not None and message.reply not in self._stop_replies:
            self._stop_replies.append(message.reply)
        if not self._is_stopping:
            self._is_stopping = True
            self._close(message.grace, message.detail)
            self._start_no_more()
        elif message.grace is not None:  # the earlier end counts
            self._grant(message.grace)
        self._progress()

    def end(self, detail: str, grace: float | None) -> None:
        """Stop for good, as the supervisor wants it."""
        self._on_stop_requested(StopRequested(None, grace, detail))

    def _close(self, grace: float | None, detail: str) -> None:
        cell = self._cell
        outcome = Outcome(OutcomeKind.REJECTED, Reason.AGENT_STOPPED, detail=detail)
        with cell.lock:
            cell.closed = outcome
            letters = cell.mailbox.clear()
        cell.reject(letters, outcome)
        self._grant(cell.spec.grace if grace is None else grace)

    def _grant(self, seconds: float) -> None:
        plane = self._system.plane
        timer = plane.schedule(plane.now() + seconds, self._cell, StopGraceOver())
        self._stop_timers.append(timer)

    def _progress_stop(self) -> None:
        """Call the stop hooks of the instances that are idle; finish when nothing is left."""
        cell = self._cell
        if cell.is_stopped:
            cell.let_go()
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
        for start in self._starts.copy():
            self._give_up(start)
        for hook in self._pending_hooks:
            cell.dispatcher.interrupt(hook)
            cell.dispatcher.abandon(hook)
        if self._halt is not None:
            self._cut_halt(self._halt)
            self._halt = None
        self._finish_stop()

    def _finish_stop(self) -> None:
        cell = self._cell
        cell.mark_stopped()
        for timer in self._stop_timers:
            timer.cancel()
        self._stop_timers.clear()
        orphan(cell)
        agents = self._system.agents
        if agents.get(cell.name) is cell:
            del agents[cell.name]
        self._tell(ChildStopped(self))
        for reply in self._stop_replies:
            reply.answer(None)
        self._stop_replies.clear()
        cell.let_go()


_HANDLERS: dict[type, Callable[[Lifecycle, Any], None]] = {
    Start: Lifecycle._start,
    StartBegun: Lifecycle._on_start_begun,
    StartAgain: Lifecycle._on_start_again,
    StartEnded: Lifecycle._on_start_ended,
    StartOverdue: Lifecycle._on_start_overdue,
    Renew: Lifecycle._renew,
    TaskCancelled: Lifecycle._on_task_cancelled,
    StopRequested: Lifecycle._on_stop_requested,
    StopGraceOver: Lifecycle._on_stop_grace_over,
    HaltGraceOver: Lifecycle._on_halt_grace_over,
    Drained: Lifecycle._progress,
    StopHookEnded: Lifecycle._on_stop_hook_ended,
}

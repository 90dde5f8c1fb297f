"""The lifecycle of an agent: how its instances start, are restarted and stop. Control plane only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.agent import Agent
from actors.instance import Instance
from actors.invocation import StartWork, StopWork, is_crash
from actors.work import render
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.signals import ChildFailed, ChildStopped

if TYPE_CHECKING:
    from actors.agent_cell import AgentCell
    from actors.dispatchers.lane import Lane


class LifecycleMessage:
    """The base of the messages that a cell hands to its lifecycle."""


@dataclass(frozen=True, slots=True)
class _Start(LifecycleMessage):
    work: StartWork


@dataclass(frozen=True, slots=True)
class _StartEnded(LifecycleMessage):
    work: StartWork
    product: Any
    error: BaseException | None


@dataclass(frozen=True, slots=True)
class _StartOverdue(LifecycleMessage):
    work: StartWork


@dataclass(frozen=True, slots=True)
class Renew(LifecycleMessage):
    """Replace an instance whose event loop was replaced."""

    instance: Instance


@dataclass(frozen=True, slots=True)
class _StopRequested(LifecycleMessage):
    reply: Any
    grace: float | None


@dataclass(frozen=True, slots=True)
class _StopGraceOver(LifecycleMessage):
    pass


@dataclass(frozen=True, slots=True)
class Drained(LifecycleMessage):
    """Something that was running ended while the agent was closed."""


@dataclass(frozen=True, slots=True)
class _StopHookEnded(LifecycleMessage):
    work: StopWork


class Lifecycle:
    """Starts, restarts and stops the instances of a cell; the agent supervisor decides, this carries out."""

    def __init__(self, cell: AgentCell) -> None:
        self._cell = cell
        self._system = cell.system
        self._stop_replies: list[Any] = []
        self._pending_hooks: set[StopWork] = set()
        self._is_stopping = False

    def handle(self, message: LifecycleMessage) -> None:
        """Handle one message. Handling it twice does no harm."""
        _HANDLERS[type(message)](self, message)

    @property
    def hung_hooks(self) -> int:
        """How many stop hooks were still running when the agent was counted as stopped."""
        return len(self._pending_hooks) if self._cell.is_stopped else 0

    # Starting

    def begin(self) -> None:
        """Have the instances made, or be ready at once when there are none to make. Any thread."""
        cell = self._cell
        for instance in cell.instances:
            if cell.definition.make is None:
                instance.is_ready = True
                cell.idle.append(instance)
            else:
                self._system.plane.post(cell, _Start(StartWork(cell, instance)))

    def start_ended(self, work: StartWork, product: Any, error: BaseException | None) -> None:
        """Take note that making an instance ended. Any thread."""
        self._system.plane.post(self._cell, _StartEnded(work, product, error))

    def _start(self, message: _Start) -> None:
        work, plane = message.work, self._system.plane
        work.instance.is_starting = True
        if work.timer is None:
            at = plane.now() + self._system.hook_timeout
            work.timer = plane.schedule(at, self._cell, _StartOverdue(work))
        self._cell.dispatcher.execute(work)

    def _on_start_ended(self, message: _StartEnded) -> None:
        work, cell = message.work, self._cell
        if work.has_ended:
            return
        work.has_ended = True
        if work.timer is not None:
            work.timer.cancel()
        work.instance.is_starting = False
        if message.error is not None:
            self._start_failed(work.instance, render(message.error).text)
            return
        cell.define(work.definition)
        if work.is_made_only:
            fresh = StartWork(cell, work.instance, reason=work.reason, product=message.product)
            self._start(_Start(fresh))
        else:
            self.instance_ready(work.instance, message.product, work.host)

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
        self._progress_stop()

    def _on_start_overdue(self, message: _StartOverdue) -> None:
        work, dispatcher = message.work, self._cell.dispatcher
        if work.has_ended:
            return
        work.has_ended = True
        work.instance.is_starting = False
        dispatcher.interrupt(work)
        dispatcher.abandon(work)
        seconds = self._system.hook_timeout
        self._start_failed(work.instance, f"its start took longer than {seconds:g} s")

    def _start_failed(self, instance: Instance, detail: str) -> None:
        cell = self._cell
        if self._is_stopping:
            self._forget(instance)
            self._progress_stop()
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
        self.report_failure(instance, reason, str(outcome))

    def report_failure(self, instance: Instance, reason: str, detail: str) -> None:
        """Tell the agent supervisor that an instance needs a restart, unless the agent is closed. Any thread."""
        if self._cell.closed is not None:
            return
        supervisor = self._system.agent_supervisor
        self._system.plane.post(supervisor, ChildFailed(self._cell, instance, reason, detail))

    def restart(self, instance: Instance, reason: str) -> None:
        """Replace an instance; its number, the mailbox and the ref stay."""
        cell = self._cell
        if cell.closed is not None or instance not in cell.instances:
            return
        fresh = Instance(instance.number)
        with cell.lock:
            cell.instances[instance.number] = fresh
            if instance in cell.idle:
                cell.idle.remove(instance)
        previous = instance.behaviour if not instance.is_stale else None
        self._start(_Start(StartWork(cell, fresh, reason=reason, previous=previous)))

    def give_up(self, detail: str) -> None:
        """Mark the agent failed: what is queued is rejected, and so is what comes."""
        cell = self._cell
        outcome = Outcome(OutcomeKind.REJECTED, Reason.AGENT_FAILED, detail=detail)
        with cell.lock:
            if cell.closed is None:
                cell.closed = outcome
            letters = cell.mailbox.clear()
        cell.reject(letters, outcome)

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
        if self._cell.closed is None and instance in self._cell.instances and instance.work is None:
            self._call_stop_hook(instance)
            self.restart(instance, "loop_replaced")

    # Stopping

    def request_stop(self, reply: Any, grace: float | None) -> None:
        """Ask for the stop; `reply` is set when it is done. Any thread."""
        self._system.plane.post(self._cell, _StopRequested(reply, grace))

    def _on_stop_requested(self, message: _StopRequested) -> None:
        cell = self._cell
        if cell.is_stopped:
            if message.reply is not None:
                message.reply.set(None)
            return
        if message.reply is not None and message.reply not in self._stop_replies:
            self._stop_replies.append(message.reply)
        if not self._is_stopping:
            self._is_stopping = True
            self._close(message.grace)
        self._progress_stop()

    def _close(self, grace: float | None) -> None:
        cell, plane = self._cell, self._system.plane
        outcome = Outcome(OutcomeKind.REJECTED, Reason.AGENT_STOPPED, detail="it was stopped")
        with cell.lock:
            cell.closed = outcome
            letters = cell.mailbox.clear()
        cell.reject(letters, outcome)
        seconds = cell.spec.grace if grace is None else grace
        plane.schedule(plane.now() + seconds, cell, _StopGraceOver())

    def _progress_stop(self, _message: LifecycleMessage | None = None) -> None:
        """Call the stop hooks of the instances that are idle; finish when nothing is left."""
        cell = self._cell
        if not self._is_stopping or cell.is_stopped:
            return
        for instance in [each for each in cell.instances if each.work is None and not each.is_starting]:
            self._forget(instance)
            self._call_stop_hook(instance)
        if not cell.instances and not cell.active and not self._pending_hooks:
            self._finish_stop()

    def _call_stop_hook(self, instance: Instance) -> None:
        behaviour = instance.behaviour
        if behaviour is None or type(behaviour).on_stop is Agent.on_stop:
            return
        work = StopWork(self._cell, behaviour)
        work.host = instance.host
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
        self._system.plane.post(self._cell, _StopHookEnded(work))

    def _on_stop_hook_ended(self, message: _StopHookEnded) -> None:
        self._pending_hooks.discard(message.work)
        self._progress_stop()

    def _on_stop_grace_over(self, _message: LifecycleMessage) -> None:
        """Cancel what is still running, and stop without it."""
        cell = self._cell
        if cell.is_stopped:
            return
        outcome = Outcome(OutcomeKind.CANCELLED, Reason.AGENT_STOPPED, detail="its agent was stopped")
        for invocation in list(cell.running()):
            cell.cancel(invocation, outcome)
        cell.give_up_running()
        self._finish_stop()

    def _finish_stop(self) -> None:
        cell = self._cell
        cell.mark_stopped()
        agents = self._system.agents
        if agents.get(cell.name) is cell:
            del agents[cell.name]
        self._system.plane.post(self._system.agent_supervisor, ChildStopped(cell))
        for reply in self._stop_replies:
            reply.set(None)
        self._stop_replies.clear()


_HANDLERS: dict[type, Callable[[Lifecycle, Any], None]] = {
    _Start: Lifecycle._start,
    _StartEnded: Lifecycle._on_start_ended,
    _StartOverdue: Lifecycle._on_start_overdue,
    Renew: Lifecycle._renew,
    _StopRequested: Lifecycle._on_stop_requested,
    _StopGraceOver: Lifecycle._on_stop_grace_over,
    Drained: Lifecycle._progress_stop,
    _StopHookEnded: Lifecycle._on_stop_hook_ended,
}

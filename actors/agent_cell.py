"""The agent cell: an agent's mailbox, its instances, and what becomes of the events sent to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pykka
from pykka.messages import _ActorStop

from actors.agent import Agent, AgentDefinition
from actors.cell import Cell
from actors.direct import DirectInvocation, rejection_error
from actors.event import Event
from actors.invocation import Invocation, StartWork, StopWork, is_crash
from actors.mailbox import Mailbox
from actors.reply import Reply
from actors.work import render
from supervisors.child_spec import ChildSpec
from supervisors.facts import AgentRan
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.signals import ChildFailed, ChildStopped

if TYPE_CHECKING:
    from actors.dispatchers.base import Dispatcher
    from actors.dispatchers.lane import Lane
    from actors.system import System


class Instance:
    """One instance of an agent: it handles one event at a time. The cell's lock guards it.

    Attributes:
        behaviour: The user's object; None until it is made, and for functions.
        work: What it is doing; None when it is idle or not ready.
        is_ready: Whether it has started and not crashed.
        is_stale: Whether it is to be restarted as soon as it is idle, because its event loop was replaced.
        host: The lane that it lives on.
    """

    __slots__ = ("behaviour", "host", "is_ready", "is_stale", "number", "work")

    def __init__(self, number: int) -> None:
        self.number = number
        self.behaviour: Any = None
        self.work: Invocation | None = None
        self.is_ready = False
        self.is_stale = False
        self.host: Any = None


class _ArmDirect(NamedTuple):
    invocation: Invocation


class _DirectDeadline(NamedTuple):
    invocation: Invocation


class _GraceOver(NamedTuple):
    invocation: Invocation


class _Returned(NamedTuple):
    invocation: Invocation


class _StartEnded(NamedTuple):
    work: StartWork
    product: Any
    error: BaseException | None


class _StartOverdue(NamedTuple):
    work: StartWork


class _StopRequested(NamedTuple):
    reply: Any
    grace: float | None


class _StopGraceOver(NamedTuple):
    pass


class _Drained(NamedTuple):
    pass


class _StopHookEnded(NamedTuple):
    work: StopWork | None


class AgentCell(Cell):
    """An agent's cell: its ref and its mailbox outlive every instance in it.

    The mailbox and the instances are guarded by `lock`, which is held for a few steps and never while user code, the
    control plane or a dispatcher is called. Everything else happens inside the control plane.

    Args:
        system: The runtime's parts.
        definition: What the user spawned.
        spec: Its name and restart policy.
        concurrency: How many instances; None for a function that is not limited.
        capacity: How many events may wait; for an unlimited function, how many may be in progress.
        timeout: Seconds for each event, waiting included; None is no limit.
    """

    kind = "agent"

    def __init__(
        self,
        system: System,
        definition: AgentDefinition,
        spec: ChildSpec,
        *,
        concurrency: int | None,
        capacity: int,
        timeout: float | None,
    ) -> None:
        super().__init__()
        self.system = system
        self.definition = definition
        self.spec = spec
        self.name = spec.name
        self.now = system.plane.now
        self.timeout = timeout
        self.budget = f"agent {spec.name}"
        self.lock = threading.Lock()
        # All below: written under the lock.
        self._mailbox = Mailbox(capacity)
        self._instances = [Instance(number) for number in range(concurrency or 0)]
        self._idle: list[Instance] = []
        self._active: set[Invocation] = set()
        self._abandoned: set[Invocation] = set()
        self._closed: Outcome | None = None
        # All below: control plane only.
        self._stop_replies: list[Any] = []
        self._pending_hooks = 0
        self._is_stopping = False

    def __str__(self) -> str:
        return f"agent {self.name!r}"

    @property
    def dispatcher(self) -> Dispatcher:
        """Where its code runs."""
        return self.system.loops if self.definition.is_async else self.system.threads

    @property
    def capacity(self) -> int:
        """How many events may wait."""
        return self._mailbox.capacity

    @property
    def depth(self) -> int:
        """How many events wait."""
        return len(self._mailbox)

    @property
    def abandoned_count(self) -> int:
        """How many pieces of its work could not be stopped and still run."""
        return len(self._abandoned)

    # Starting

    def start(self) -> None:
        """Make its instances, or be ready at once when it has none to make."""
        if self.definition.make is None:
            for instance in self._instances:
                instance.is_ready = True
                self._idle.append(instance)
            return
        for instance in self._instances:
            self._start_instance(StartWork(self, instance))

    def _start_instance(self, work: StartWork) -> None:
        self.system.plane.post(self, work)

    def start_ended(self, work: StartWork, product: Any, error: BaseException | None) -> None:
        """Take note that making an instance ended. Any thread."""
        self.system.plane.post(self, _StartEnded(work, product, error))

    def _on_start(self, work: StartWork) -> None:
        at = self.now() + self.system.hook_timeout
        work.timer = self.system.plane.schedule(at, self, _StartOverdue(work))
        self.dispatcher.execute(work)

    def _on_start_ended(self, message: _StartEnded) -> None:
        work, product, error = message
        if work.has_ended:
            return
        work.has_ended = True
        if work.timer is not None:
            work.timer.cancel()
        if error is not None:
            self._start_failed(work.instance, render(error).text)
            return
        is_handed_over = work.definition.is_async and not self.definition.is_async
        self.definition = work.definition
        if is_handed_over:
            self._on_start(StartWork(self, work.instance, reason=work.reason, product=product))
            return
        self._instance_ready(work.instance, product, work.host)

    def _instance_ready(self, instance: Instance, product: Any, host: Any) -> None:
        with self.lock:
            instance.behaviour = product
            instance.host = host if self.definition.is_async else None
            instance.is_ready = True
            is_closing = self._closed is not None
            following = None if is_closing else self._take_for(instance)
        if self._is_stopping:
            self._progress_stop()
        elif following is not None:
            self.dispatcher.execute(following)

    def _on_start_overdue(self, message: _StartOverdue) -> None:
        work = message.work
        if work.has_ended:
            return
        work.has_ended = True
        self.dispatcher.interrupt(work)
        self.dispatcher.abandon(work)
        self._start_failed(work.instance, f"its start took longer than {self.system.hook_timeout:g} s")

    def _start_failed(self, instance: Instance, detail: str) -> None:
        if self._is_stopping:
            self._forget_instance(instance)
            self._progress_stop()
            return
        if not any(other.is_ready for other in self._instances):
            outcome = Outcome(OutcomeKind.REJECTED, Reason.START_FAILED, detail=detail)
            with self.lock:
                letters = self._mailbox.clear()
            self._reject(letters, outcome)
        self._report_failure(instance, Reason.START_FAILED.value, detail)

    # Taking events

    def submit(self, invocation: Invocation) -> Outcome | None:
        """Take an event, or say why not. Any thread; never blocks.

        Returns:
            None if it was taken: it will be answered. Else the outcome that tells why it was rejected.
        """
        with self.lock:
            if self._closed is not None:
                return self._closed
            if self._instances:
                if not self._idle:
                    if self._mailbox.is_full:
                        return self._full()
                    self._mailbox.put(invocation)
                    return None
                self._assign(self._idle[-1], invocation)
                self._idle.pop()
            else:
                if len(self._active) >= self._mailbox.capacity:
                    return self._full()
                self._active.add(invocation)
        self.dispatcher.execute(invocation)
        return None

    def _assign(self, instance: Instance, invocation: Invocation) -> None:
        invocation.instance = instance
        invocation.host = instance.host
        instance.work = invocation

    def _take_for(self, instance: Instance) -> Invocation | None:
        """Give an instance the next event, or note that it is idle. Under the lock."""
        letter = self._mailbox.head()
        if not isinstance(letter, Invocation):
            instance.work = None
            self._idle.append(instance)
            return None
        self._assign(instance, letter)
        self._mailbox.drop_head()
        return letter

    def _full(self) -> Outcome:
        detail = f"the mailbox of agent {self.name!r} holds {self._mailbox.capacity} events"
        return Outcome(OutcomeKind.REJECTED, Reason.MAILBOX_FULL, detail=detail)

    # Ending events

    def finished(self, invocation: Invocation, outcome: Outcome, value: Any) -> None:
        """Take note that an agent is done with an event. Any thread."""
        ended_at = self.now()
        is_crashed = False
        with self.lock:
            if invocation.ended_at is not None:
                return
            invocation.ended_at = ended_at
            was_wanted = invocation.is_live
            invocation.is_live = False
            self._abandoned.discard(invocation)
            if not outcome.ok:
                is_crashed = self._is_crash(invocation, outcome, was_wanted)
            following = self._free(invocation, is_crashed=is_crashed)
            is_closed = self._closed is not None
        if following is not None:
            self.dispatcher.execute(following)
        if was_wanted:
            self._observe_run(invocation, outcome)
            invocation.answer(outcome, value)
        elif not _is_cancellation(outcome):
            self.system.dead_letter("late_answer", f"agent {self.name!r} answered after it was given up")
        if invocation.timer is not None:
            self.system.plane.post(self, _Returned(invocation))
        instance = invocation.instance
        if instance is not None and is_crashed:
            self._report_crash(instance, outcome)
        elif instance is not None and instance.is_stale:
            self.system.plane.post(self, instance)
        if is_closed:
            self.system.plane.post(self, _Drained())

    def _is_crash(self, invocation: Invocation, outcome: Outcome, was_wanted: bool) -> bool:
        instance = invocation.instance
        if instance is None or instance.work is not invocation or self.definition.make is None:
            return False
        failure = outcome.failure
        if failure is None:
            return False
        if not was_wanted and _is_cancellation(outcome):
            return False
        return is_crash(outcome) or self.spec.restart.matches(failure.types)

    def _free(self, invocation: Invocation, *, is_crashed: bool) -> Invocation | None:
        """Let go of an event; return the next one for its instance. Under the lock."""
        instance = invocation.instance
        if instance is None:
            self._active.discard(invocation)
            return None
        if instance.work is not invocation:
            return None
        instance.work = None
        if is_crashed or instance.is_stale:
            instance.is_ready = False
            return None
        return self._take_for(instance) if self._closed is None else None

    def withdraw(self, invocation: Invocation, outcome: Outcome) -> None:
        """Take an event back: nobody waits for its answer. Inside the control plane."""
        following = None
        with self.lock:
            if not invocation.is_live:
                return
            invocation.is_live = False
            is_running = invocation.begun_at is not None
            if not is_running:
                if invocation.instance is None and invocation not in self._active:
                    self._mailbox.note_withdrawn()
                else:
                    following = self._free(invocation, is_crashed=False)
        self._observe_run(invocation, outcome)
        if invocation.timer is not None:
            invocation.timer.cancel()
            invocation.timer = None
        if is_running:
            self.dispatcher.interrupt(invocation)
            at = self.now() + self.system.abandon_after
            invocation.timer = self.system.plane.schedule(at, self, _GraceOver(invocation))
        else:
            self.system.dead_letter(outcome.reason.value, f"an event for agent {self.name!r} was withdrawn")
        if following is not None:
            self.dispatcher.execute(following)

    def _observe_run(self, invocation: Invocation, outcome: Outcome) -> None:
        telemetry = self.system.telemetry
        if not telemetry.is_observed:
            return
        begun_at = invocation.begun_at
        if begun_at is None:
            waited, ran = self.now() - invocation.sent_at, None
        else:
            waited = begun_at - invocation.sent_at
            ran = (invocation.ended_at or self.now()) - begun_at
        telemetry.observe(AgentRan(self.name, outcome, waited, ran))

    def _reject(self, letters: list[Any], outcome: Outcome) -> None:
        for letter in letters:
            letter.is_live = False
            self._observe_run(letter, outcome)
            letter.answer(outcome, None)

    # Messages of the control plane

    def handle(self, message: Any) -> None:
        """Handle one message inside the control plane. Handling it twice does no harm."""
        match message:
            case _ArmDirect(invocation):
                self._arm_direct(invocation)
            case _DirectDeadline(invocation):
                self._on_direct_deadline(invocation)
            case _GraceOver(invocation):
                self._on_grace_over(invocation)
            case _Returned(invocation):
                if invocation.timer is not None:
                    invocation.timer.cancel()
                    invocation.timer = None
            case StartWork():
                self._on_start(message)
            case _StartEnded():
                self._on_start_ended(message)
            case _StartOverdue():
                self._on_start_overdue(message)
            case _StopRequested(reply, grace):
                self._on_stop_requested(reply, grace)
            case _StopGraceOver():
                self._on_stop_grace_over()
            case _Drained():
                self._progress_stop()
            case _StopHookEnded(work):
                self._on_stop_hook_ended(work)
            case Instance():
                self._renew(message)
            case _:
                raise AssertionError(f"unknown message {message!r}")

    def _arm_direct(self, invocation: Invocation) -> None:
        if invocation.is_live and invocation.deadline_at is not None:
            due = _DirectDeadline(invocation)
            invocation.timer = self.system.plane.schedule(invocation.deadline_at, self, due)

    def _on_direct_deadline(self, invocation: Invocation) -> None:
        reason = Reason.NOT_STARTED if invocation.begun_at is None else Reason.DEADLINE
        self._cancel(invocation, Outcome(OutcomeKind.TIMED_OUT, reason, budget=self.budget))

    def _cancel(self, invocation: Invocation, outcome: Outcome) -> None:
        """Answer for an agent that is not done, and take the event back."""
        if invocation.is_live:
            self.withdraw(invocation, outcome)
            invocation.answer(outcome, None)

    def _on_grace_over(self, invocation: Invocation) -> None:
        """Give up work that did not stop when it was asked to."""
        with self.lock:
            if invocation.ended_at is not None or invocation in self._abandoned:
                return
            self._abandoned.add(invocation)
            instance = invocation.instance
            if instance is not None and instance.work is invocation:
                instance.work = None
                instance.is_ready = False
                instance.behaviour = None if self.definition.make else instance.behaviour
        self.dispatcher.abandon(invocation)
        if instance is None:
            return
        detail = f"it did not stop within {self.system.abandon_after:g} s of being told to"
        if self.definition.make is not None:
            self._report_failure(instance, "abandoned", detail)
        else:
            self._instance_ready(instance, None, None)

    # Restarting

    def _report_crash(self, instance: Instance, outcome: Outcome) -> None:
        reason = "base_exception" if is_crash(outcome) else "exception"
        self._report_failure(instance, reason, str(outcome))

    def _report_failure(self, instance: Instance, reason: str, detail: str) -> None:
        supervisor = self.system.agent_supervisor
        self.system.plane.post(supervisor, ChildFailed(self, instance, reason, detail))

    def restart(self, part: Any, reason: str) -> None:
        """Replace an instance; its number, the mailbox and the ref stay. Inside the control plane."""
        if self._closed is not None or part not in self._instances:
            return
        fresh = Instance(part.number)
        with self.lock:
            self._instances[part.number] = fresh
            if part in self._idle:
                self._idle.remove(part)
        previous = part.behaviour if not part.is_stale else None
        self._on_start(StartWork(self, fresh, reason=reason, previous=previous))

    def give_up(self, detail: str) -> None:
        """Mark the agent failed: what is queued is rejected, and so is what comes. Inside the control plane."""
        outcome = Outcome(OutcomeKind.REJECTED, Reason.AGENT_FAILED, detail=detail)
        with self.lock:
            if self._closed is None:
                self._closed = outcome
            letters = self._mailbox.clear()
        self._reject(letters, outcome)

    def leave(self, lane: Lane) -> None:
        """Renew the instances that live on a lane that was replaced. Inside the control plane."""
        if self.definition.make is None:
            return
        with self.lock:
            lost = [instance for instance in self._instances if instance.host is lane]
            for instance in lost:
                instance.is_stale = True
            idle = [instance for instance in lost if instance in self._idle]
        for instance in idle:
            self._renew(instance)

    def _renew(self, instance: Instance) -> None:
        work = StopWork(self, instance.behaviour)
        work.host = instance.host
        if self._closed is None and instance in self._instances:
            self._pending_hooks += 1
            self.dispatcher.execute(work)
            self.restart(instance, "loop_replaced")

    # Stopping

    def request_stop(self, reply: Any = None, grace: float | None = None) -> None:
        """Stop: reject what is queued, let what is running finish within `grace` seconds. Any thread."""
        self.system.plane.post(self, _StopRequested(reply, grace))

    def _on_stop_requested(self, reply: Any, grace: float | None) -> None:
        if self.is_stopped:
            if reply is not None:
                reply.set(None)
            return
        if reply is not None:
            self._stop_replies.append(reply)
        if self._is_stopping:
            return
        self._is_stopping = True
        outcome = Outcome(OutcomeKind.REJECTED, Reason.AGENT_STOPPED, detail="it was stopped")
        with self.lock:
            self._closed = outcome
            letters = self._mailbox.clear()
        self._reject(letters, outcome)
        seconds = self.spec.grace if grace is None else grace
        self.system.plane.schedule(self.now() + seconds, self, _StopGraceOver())
        self._progress_stop()

    def _running(self) -> Iterator[Invocation]:
        yield from list(self._active)
        yield from [instance.work for instance in self._instances if instance.work is not None]

    def _progress_stop(self) -> None:
        """Call the stop hooks of the instances that are idle; finish when nothing is left."""
        if not self._is_stopping or self.is_stopped:
            return
        for instance in [each for each in self._instances if each.work is None and each.is_ready]:
            self._forget_instance(instance)
            if type(instance.behaviour).on_stop is not Agent.on_stop if instance.behaviour else False:
                work = StopWork(self, instance.behaviour)
                work.host = instance.host
                self._pending_hooks += 1
                self.dispatcher.execute(work)
        if not self._instances and not self._active and self._pending_hooks <= 0:
            self._finish_stop()

    def _forget_instance(self, instance: Instance) -> None:
        with self.lock:
            if instance in self._instances:
                self._instances.remove(instance)
            instance.is_ready = False

    def stop_hook_ended(self, work: StopWork) -> None:
        """Take note that a stop hook ended. Any thread."""
        self.system.plane.post(self, _StopHookEnded(work))

    def _on_stop_hook_ended(self, _work: StopWork | None) -> None:
        self._pending_hooks -= 1
        self._progress_stop()

    def _on_stop_grace_over(self) -> None:
        """Cancel what is still running, and stop without it."""
        if self.is_stopped:
            return
        outcome = Outcome(OutcomeKind.CANCELLED, Reason.AGENT_STOPPED, detail="its agent was stopped")
        for invocation in list(self._running()):
            self._cancel(invocation, outcome)
        with self.lock:
            self._instances.clear()
            self._active.clear()
        self._finish_stop()

    def _finish_stop(self) -> None:
        self.mark_stopped()
        agents = self.system.agents
        if agents.get(self.name) is self:
            del agents[self.name]
        self.system.plane.post(self.system.agent_supervisor, ChildStopped(self))
        for reply in self._stop_replies:
            reply.set(None)
        self._stop_replies.clear()

    def repair(self) -> None:
        """Make good what an interrupt may have left half-done. Inside the control plane."""
        with self.lock:
            taken = {instance.work for instance in self._instances}
            head = self._mailbox.head()
            if head in taken:
                self._mailbox.drop_head()
            self._mailbox.recount()
            ready = [each for each in self._instances if each.is_ready and each.work is None]
            self._idle = []
            following = [self._take_for(instance) for instance in ready]
            waiting = [work for work in self._running() if work.begun_at is None and work.is_live]
        for invocation in {*following, *waiting} - {None}:
            self.dispatcher.execute(invocation)  # type: ignore[arg-type]  # None was taken out

    # Pykka's side

    def _create_inbox(self) -> AgentInbox:
        return AgentInbox(self)


class AgentInbox:
    """Where Pykka's refs put envelopes: it runs in the sender's thread and never blocks."""

    __slots__ = ("_cell",)

    def __init__(self, cell: AgentCell) -> None:
        self._cell = cell

    def put(self, envelope: Any) -> None:
        """Take an event or a stop.

        Raises:
            TypeError: If it is neither.
            MailboxFullError: If there is no room and nobody waits for an answer.
            ActorDeadError: If the agent is stopped or failed, and nobody waits for an answer.
            ForkedRuntimeError: In the child of a fork.
        """
        cell = self._cell
        cell.system.check_usable()
        message, reply = envelope.message, envelope.reply_to
        if isinstance(message, _ActorStop):
            cell.request_stop(reply)
            return
        if not isinstance(message, Event):
            raise TypeError(f"{cell} takes an actors.Event, not {type(message).__name__}")
        rejection = self._submit(message, reply)
        if rejection is None:
            return
        error = rejection_error(cell.name, rejection, cell.capacity)
        if reply is None:
            raise error
        reply.fail(error)

    def _submit(self, event: Event, reply: Reply | None) -> Outcome | None:
        cell = self._cell
        invocation = DirectInvocation(cell, event, reply)
        rejection = cell.submit(invocation)
        if rejection is None and invocation.deadline_at is not None:
            cell.system.plane.post(cell, _ArmDirect(invocation))
        return rejection

    def get(self) -> Any:
        """Refuse: the cell reads its mailbox itself."""
        raise pykka.ActorDeadError(f"{self._cell} reads its mailbox itself")

    def empty(self) -> bool:
        """Return whether no event waits."""
        return self._cell.depth == 0


def _is_cancellation(outcome: Outcome) -> bool:
    failure = outcome.failure
    return failure is not None and failure.types[0] == "asyncio.exceptions.CancelledError"

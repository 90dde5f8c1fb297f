"""The agent cell: an agent's mailbox, its instances, and what becomes of the events sent to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from actors.agents.agent import AgentDefinition
from actors.agents.instance import Instance
from actors.agents.invocation import Invocation, is_cancellation, is_crash
from actors.agents.mailbox import Mailbox
from actors.cells.inbox import AgentInbox, AgentRef, ArmDirect
from actors.cells.lifecycle import Lifecycle
from actors.cells.lifecycle_messages import Drained, LifecycleMessage, Renew
from actors.cells.offspring import leave_offspring
from actors.control.cell import Cell
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.policies.child_spec import ChildSpec

if TYPE_CHECKING:
    from actors.cells.breaker import AgentBreaker
    from actors.control.facilities import System
    from actors.dispatchers.base import Dispatcher


class _DirectDeadline(NamedTuple):
    invocation: Invocation


class _GraceOver(NamedTuple):
    invocation: Invocation


class _Returned(NamedTuple):
    invocation: Invocation


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
    breaker: AgentBreaker | None = None

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
        self.define(definition)
        self.spec = spec
        self.name = spec.name
        self.now = system.plane.now
        self.timeout = timeout
        self.budget = f"agent {spec.name}"
        self.lock = threading.Lock()
        # All below: written under the lock.
        self.mailbox = Mailbox(capacity)
        self.instances = [Instance(number) for number in range(concurrency or 0)]
        self.idle: list[Instance] = []
        self.active: set[Invocation] = set()
        self._abandoned: set[Invocation] = set()
        self.closed: Outcome | None = None
        self.lifecycle = Lifecycle(self)

    def request_stop(self, reply: Any = None, grace: float | None = None) -> None:
        """Stop: reject what is queued, let what is running finish within `grace` seconds. Any thread."""
        if reply is not None:
            reply.clock = self.system.environment.clock
        self.lifecycle.request_stop(reply, grace)

    def __str__(self) -> str:
        return f"agent {self.name!r}"

    @property
    def capacity(self) -> int:
        """How many events may wait."""
        return self.mailbox.capacity

    @property
    def depth(self) -> int:
        """How many events wait."""
        return len(self.mailbox)

    @property
    def abandoned_count(self) -> int:
        """How many pieces of its work could not be stopped and still run."""
        return len(self._abandoned) + self.lifecycle.hung_hooks

    def define(self, definition: AgentDefinition) -> None:
        """Take what is known of the agent; more of it may be known when a factory has made one."""
        self.definition = definition
        system = self.system
        self.dispatcher: Dispatcher = system.loops if definition.is_async else system.threads
        if definition.reference:
            self.dispatcher = system.processes
        elif definition.dispatcher == "pinned":
            self.dispatcher = system.pinned

    def let_go(self) -> None:
        """Keep the user's code no longer, as soon as none of it runs: a ref may outlive the agent by far."""
        if not self.abandoned_count:
            self.definition = self.definition.emptied()

    def running(self) -> Iterator[Invocation]:
        """Yield what its instances are doing, or were doing when they were told to stop."""
        yield from list(self.active)
        yield from [instance.work for instance in self.instances if instance.work is not None]

    # Taking events

    def submit(self, invocation: Invocation) -> Outcome | None:
        """Take an event, or say why not. Any thread; never blocks.

        Returns:
            None if it was taken: it will be answered. Else the outcome that tells why it was rejected.
        """
        with self.lock:
            if self.closed is not None:
                return self.closed
            if self.instances:
                if not self.idle:
                    if self.mailbox.is_full:
                        return self._overflow(invocation)
                    self.mailbox.put(invocation)
                    return None
                self.idle[-1].take(invocation)
                self.idle.pop()
            else:
                if len(self.active) >= self.mailbox.capacity:
                    return self._overflow(invocation)
                self.active.add(invocation)
        self.dispatcher.execute(invocation)
        return None

    def take_for(self, instance: Instance) -> Invocation | None:
        """Give an instance the next event, or note that it is idle. Under the lock."""
        letter = self.mailbox.head()
        if not isinstance(letter, Invocation):
            instance.work = None
            self.idle.append(instance)
            return None
        instance.take(letter)
        self.mailbox.drop_head()
        return letter

    def take_back(self, instance: Instance) -> None:
        """Put what an instance has not begun back into the mailbox. Under the lock."""
        invocation = instance.put_down()
        if invocation is not None:
            self.mailbox.put_back(invocation)

    def _overflow(self, _invocation: Invocation) -> Outcome | None:
        """Say what becomes of an event for which there is no room: by default it is rejected. Under the lock."""
        detail = f"the mailbox of agent {self.name!r} holds {self.mailbox.capacity} events"
        return Outcome(OutcomeKind.REJECTED, Reason.MAILBOX_FULL, detail=detail)

    def reconsider(self, _invocation: Invocation, rejection: Outcome, _within: float | None) -> Outcome | None:
        """Say what becomes of a direct event that was rejected. On its sender's thread, outside the control plane."""
        return rejection

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
            if outcome is not COMPLETED:
                is_crashed = self._is_crash(invocation, outcome, was_wanted)
            following = self._free(invocation, is_crashed=is_crashed)
            is_closed = self.closed is not None
        try:
            if following is not None:
                self.dispatcher.execute(following)
            if was_wanted:
                if self.system.offspring:
                    leave_offspring(invocation)
                invocation.answer(outcome, value)
            elif not is_cancellation(outcome):
                self.system.dead_letters.late_answer(invocation)
        finally:  # an interrupt that struck in a turn is raised here, when the turn has been left
            if is_closed or invocation.timer is not None or invocation.instance is not None:
                self._follow_up(invocation, outcome, is_crashed=is_crashed, is_closed=is_closed)

    def _follow_up(self, invocation: Invocation, outcome: Outcome, *, is_crashed: bool, is_closed: bool) -> None:
        instance, post = invocation.instance, self.system.plane.post
        if invocation.timer is not None:
            post(self, _Returned(invocation))
        if instance is not None and is_crashed:
            self.lifecycle.report_crash(instance, outcome)
        elif instance is not None and instance.is_stale:
            post(self, Renew(instance))
        if is_closed:
            post(self, Drained())

    def _is_crash(self, invocation: Invocation, outcome: Outcome, was_wanted: bool) -> bool:
        instance = invocation.instance
        if instance is None or instance.work is not invocation or self.definition.make is None:
            return False
        failure = outcome.failure
        if failure is None:
            return False
        if is_cancellation(outcome) and (not was_wanted or self.system.loops.is_on_host_loop):
            return False  # we did it, or the host is ending its loop
        return is_crash(outcome) or self.spec.restart.matches(outcome)

    def _free(self, invocation: Invocation, *, is_crashed: bool) -> Invocation | None:
        """Let go of an event; return the next one for its instance. Under the lock."""
        instance = invocation.instance
        if instance is None:
            self.active.discard(invocation)
            return None
        if instance.work is not invocation:
            return None
        instance.work = None
        if is_crashed or instance.is_stale:
            instance.is_ready = False
            return None
        return self.take_for(instance) if self.closed is None else None

    def withdraw(self, invocation: Invocation, outcome: Outcome) -> None:
        """Take an event back: nobody waits for its answer. Inside the control plane."""
        following = None
        with self.lock:
            if not invocation.is_live:
                return
            invocation.is_live = False
            is_running = invocation.begun_at is not None
            if not is_running:
                if invocation.instance is None and invocation not in self.active:
                    self.mailbox.note_withdrawn()
                else:
                    following = self._free(invocation, is_crashed=False)
            instance = invocation.instance
        invocation.disarm()
        if is_running:
            self._ask_to_stop(invocation)  # first: what it waits for must not end sooner than it is told
            if invocation in self.system.offspring:
                self.system.offspring[invocation].end(outcome)
        else:
            self.system.dead_letters.withdrawn(invocation, outcome)
        if following is not None:
            self.dispatcher.execute(following)
        if instance is not None and instance.is_stale:
            self.lifecycle.handle(Renew(instance))
        if self.closed is not None:
            self.lifecycle.handle(Drained())

    def _ask_to_stop(self, invocation: Invocation) -> None:
        self.dispatcher.interrupt(invocation)
        invocation.arm(self.now() + self.system.abandon_after, _GraceOver(invocation))

    def reject(self, letters: list[Any], outcome: Outcome) -> None:
        """Answer events that were taken out of the mailbox. Not under the lock."""
        for letter in letters:
            letter.is_live = False
            self.system.dead_letters.rejected(letter, outcome)
            letter.answer(outcome, None)
            if letter.timer is not None:
                self.system.plane.post(self, _Returned(letter))

    # Messages of the control plane

    def handle(self, message: Any) -> None:
        """Handle one message inside the control plane. Handling it twice does no harm."""
        if isinstance(message, LifecycleMessage):
            self.lifecycle.handle(message)
        else:
            _HANDLERS[type(message)](self, message)

    def _arm_direct(self, message: ArmDirect) -> None:
        invocation = message.invocation
        if invocation.is_live and invocation.deadline_at is not None:
            invocation.arm(invocation.deadline_at, _DirectDeadline(invocation))

    def _on_direct_deadline(self, message: _DirectDeadline) -> None:
        invocation = message.invocation
        reason = Reason.NOT_STARTED if invocation.begun_at is None else Reason.DEADLINE
        budget = invocation.deadline.budget
        self.cancel(invocation, Outcome(OutcomeKind.TIMED_OUT, reason, invocation.obstacle(), budget))

    def cancel(self, invocation: Invocation, outcome: Outcome) -> None:
        """Answer for an agent that is not done, and take the event back."""
        if invocation.is_live:
            self.withdraw(invocation, outcome)
            invocation.answer(outcome, None)

    def _on_returned(self, message: _Returned) -> None:
        message.invocation.disarm()

    def _on_grace_over(self, message: _GraceOver) -> None:
        """Give up work that did not stop when it was asked to."""
        invocation = message.invocation
        with self.lock:
            if invocation.ended_at is not None or invocation.is_abandoned:
                return
            invocation.is_abandoned = True
            self._abandoned.add(invocation)
            self.active.discard(invocation)
            instance = invocation.instance
            if instance is not None and instance.work is invocation:
                instance.lose()
        self.dispatcher.abandon(invocation)
        self.lifecycle.handle(Drained())
        if instance is None or self.closed is not None:
            return
        detail = f"it did not stop within {self.system.abandon_after:g} s of being told to"
        if self.definition.make is not None:
            self.lifecycle.report_failure(instance, "abandoned", detail)
        else:
            self.lifecycle.instance_ready(instance)

    def give_up_running(self) -> None:
        """Count on what is still running no longer. Inside the control plane."""
        with self.lock:
            for invocation in self.running():
                if invocation.begun_at is not None and invocation.ended_at is None:
                    self._abandoned.add(invocation)
            for instance in self.instances:
                instance.lose()
            self.instances.clear()
            self.active.clear()

    def repair(self) -> None:
        """Make good what an interrupt may have left half-done. Inside the control plane."""
        with self.lock:
            for instance in self.instances:
                if instance.work is not None and instance.work.is_over:
                    instance.work = None
            self.active = {invocation for invocation in self.active if not invocation.is_over}
            taken = {instance.work for instance in self.instances}
            head = self.mailbox.head()
            if head is not None and head in taken:
                self.mailbox.drop_head()
            self.mailbox.recount()
            self.idle = []
            for instance in self.instances:
                if instance.is_ready and instance.work is None and self.closed is None:
                    self.take_for(instance)
            running = list(self.running())
        for invocation in running:
            if invocation.begun_at is None:
                self.dispatcher.execute(invocation)  # once too often does no harm: it begins once
            elif not invocation.is_live and invocation.timer is None:
                self._ask_to_stop(invocation)

    # Pykka's side

    def _create_inbox(self) -> AgentInbox:
        return AgentInbox(self)

    def _create_ref(self) -> AgentRef:
        return AgentRef(self)


_HANDLERS: dict[type, Callable[[AgentCell, Any], None]] = {
    ArmDirect: AgentCell._arm_direct,
    _DirectDeadline: AgentCell._on_direct_deadline,
    _GraceOver: AgentCell._on_grace_over,
    _Returned: AgentCell._on_returned,
}

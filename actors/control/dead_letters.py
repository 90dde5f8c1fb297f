"""Dead letters: what nobody wanted any more, or could not be delivered; counted, and open to subscription."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from supervisors.facts import DeadLettered

if TYPE_CHECKING:
    from actors.agents.invocation import Invocation
    from actors.control.facilities import System
    from actors.values.event import Event
    from supervisors.outcome import Outcome


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that nobody wanted any more, or that could not be delivered.

    Attributes:
        reason: Why, such as `late_answer`, `mailbox_full`, `agent_stopped` or `not_started`.
        detail: What happened, for people.
        agent: The agent that it was for, or came from; empty when it was no agent's.
        event: The event that it was about; None when there was none.
        is_lost: Whether nobody else learns of it: the event was told, was taken, and never began. Of any other, the
            sender was told, or the agent has handled it.
    """

    reason: str
    detail: str
    agent: str = ""
    event: Event | None = None
    is_lost: bool = False


class DeadLetterSubscription:
    """A subscription to dead letters. All methods may be called from any thread; a context manager that ends it.

    Made by `Runtime.subscribe_dead_letters()`.
    """

    def __init__(self, system: System, callback: Callable[[DeadLetter], object], capacity: int) -> None:
        self._system = system
        self._callback = callback
        self._capacity = capacity
        # Reentrant: a finalizer that strikes inside may bring a dead letter, too. All below: written under the lock.
        self._lock = threading.RLock()
        self._pending: deque[DeadLetter] = deque()
        self._missed = 0
        self._is_over = False

    @property
    def missed(self) -> int:
        """How many dead letters it was not given, because as many waited as it may hold."""
        return self._missed

    def unsubscribe(self) -> None:
        """End it: what waits is dropped, and no call begins any more. Harmless when it has ended."""
        self._system.dead_letters.forget(self)
        with self._lock:
            self._is_over = True
            self._pending.clear()

    def offer(self, letter: DeadLetter) -> None:
        """Have the callback called with a dead letter, unless too many wait. Never blocks."""
        with self._lock:
            if self._is_over:
                return
            if len(self._pending) >= self._capacity:
                self._missed += 1
                return
            self._pending.append(letter)
        self._system.delivery.post(self._deliver)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.unsubscribe()

    def _deliver(self) -> None:
        with self._lock:
            letter = self._pending.popleft() if self._pending else None
        if letter is not None:
            self._callback(letter)


class DeadLetters:
    """Counts dead letters and hands them to whoever subscribed. Any thread.

    Args:
        system: The runtime's parts.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._lock = threading.RLock()
        # Replaced under the lock, never changed: read by anyone.
        self._subscriptions: tuple[DeadLetterSubscription, ...] = ()

    def subscribe(self, callback: Callable[[DeadLetter], object], capacity: int) -> DeadLetterSubscription:
        """Have a callback called, on the delivery thread, with every dead letter from now on."""
        subscription = DeadLetterSubscription(self._system, callback, capacity)
        with self._lock:
            self._subscriptions = (*self._subscriptions, subscription)
        return subscription

    def forget(self, subscription: DeadLetterSubscription) -> None:
        """Hand no more to a subscription."""
        with self._lock:
            self._subscriptions = tuple(each for each in self._subscriptions if each is not subscription)

    def tell(self, letter: DeadLetter) -> None:
        """Count a dead letter, and hand it to the subscriptions. Never blocks."""
        self._system.telemetry.observe(DeadLettered(letter.reason, letter.detail))
        for subscription in self._subscriptions:
            subscription.offer(letter)

    def late_answer(self, invocation: Invocation) -> None:
        """Tell of an answer that came after its event had been abandoned."""
        agent = invocation.agent
        detail = f"agent {agent!r} answered after it was given up"
        self.tell(DeadLetter("late_answer", detail, agent, invocation.assignment.event))

    def withdrawn(self, invocation: Invocation, outcome: Outcome) -> None:
        """Tell of an event that was taken back before its agent began."""
        agent = invocation.agent
        detail = f"an event for agent {agent!r} was withdrawn"
        self._never_begun(invocation, outcome.reason.value, detail, is_lost=invocation.is_told)

    def rejected(self, invocation: Invocation, outcome: Outcome) -> None:
        """Tell of an event that had been taken, and was rejected before its agent began."""
        how = "told to" if invocation.is_told else "for"
        detail = f"an event {how} agent {invocation.agent!r}: {outcome}"
        self._never_begun(invocation, outcome.reason.value, detail, is_lost=invocation.is_told)

    def turned_away(self, invocation: Invocation, outcome: Outcome) -> None:
        """Tell of an event that was not taken, as its sender was told."""
        detail = f"an event was turned away by agent {invocation.agent!r}: {outcome}"
        self._never_begun(invocation, outcome.reason.value, detail, is_lost=False)

    def _never_begun(self, invocation: Invocation, reason: str, detail: str, *, is_lost: bool) -> None:
        self.tell(DeadLetter(reason, detail, invocation.agent, invocation.assignment.event, is_lost))

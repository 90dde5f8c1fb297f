"""The control plane: a place, not a thread.

There is one run queue and one lock. Whoever has news appends it and, if nobody is inside, enters and handles what is
queued for a bounded turn (flat combining: Hendler, Incze, Shavit, Tzafrir, SPAA 2010). The deadline thread owns the
timers, enters when one is due, and takes over from whoever has used up its turn.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from actors.control.environment import Environment
from actors.control.shield import Shield
from actors.control.stack import is_used_up
from actors.control.switch_interval import SwitchInterval
from actors.control.timers import ScheduledMessage, TimerHeap
from actors.control.wakeup import Wakeup

TURN_LIMIT = 500
"""How many messages a thread handles before the deadline thread takes over."""

_STOP_JOIN = 5.0
_TAKEOVER_PAUSE = 0.0005
_FIRING_PAUSE = 0.25


class Recipient(Protocol):
    """What messages of the control plane are for."""

    def handle(self, message: Any) -> None:
        """Handle one message, inside the control plane."""


class ControlPlane:
    """The run queue, its lock, its timers and the deadline thread.

    Args:
        environment: Where time and threads come from.
        on_defect: Called inside, with the recipient, the message and the exception, when handling a message
            raised or was interrupted. It must not raise.
        on_interrupt: Called inside after an interruption, to repair what may be half-done.
        switch_interval: What is to be done when the deadline thread is late; None does nothing.
    """

    def __init__(
        self,
        environment: Environment,
        on_defect: Callable[[Recipient, Any, BaseException], None],
        on_interrupt: Callable[[], None],
        switch_interval: SwitchInterval | None = None,
    ) -> None:
        self.now = environment.clock.now
        self._clock = environment.clock
        self._threads = environment.threads
        self._on_defect = on_defect
        self._on_interrupt = on_interrupt
        # Appended to by any thread (atomic); handled and popped only by the lock's holder.
        self._queue: deque[tuple[Recipient, Any]] = deque()
        # Reentrant so that a release in a `finally` can tell whether this thread holds it, wherever an interrupt
        # struck; nobody enters twice on purpose.
        self._lock = threading.RLock()
        self._acquire, self._release = self._lock.acquire, self._lock.release
        self._is_inside = self._lock._is_owned  # type: ignore[attr-defined]  # as threading.Condition asks its lock
        # Invariant: the message being handled is the queue's head until it has been handled.
        self._current: tuple[Recipient, Any] | None = None
        self._timers = TimerHeap()
        # When the deadline thread will look next. Written by the lock's holder, read by the deadline thread: it is
        # woken whenever it becomes earlier.
        self._looks_at: float | None = None
        # Whether the timers' message is queued. Set by the deadline thread before it queues the message, cleared by the
        # lock's holder when it handles it, even if that raises: timers would never be looked at again.
        self._is_firing = False
        self._timer_service = _TimerService(self)
        self._wakeup = Wakeup()
        self._switch_interval = switch_interval or SwitchInterval(None)
        self.shield = Shield()
        self._is_stopping = False
        self._thread: threading.Thread | None = None

    @property
    def armed_timers(self) -> int:
        """How many timers are armed."""
        return len(self._timers)

    def is_inside(self) -> bool:
        """Return whether this thread is inside."""
        return self._is_inside()  # type: ignore[no-any-return]  # a bool

    def start(self) -> None:
        """Start the deadline thread; again, after it was stopped.

        Raises:
            OSError: If there is no thread for it.
        """
        self._is_stopping = False
        self._thread = self._threads.start("mixmode-deadlines", self._serve)

    def stop(self) -> None:
        """End the deadline thread and drop all timers. Messages are still handled by whoever posts them."""
        self._is_stopping = True
        self._wakeup.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_STOP_JOIN)
        with self._lock:
            self._timers.clear()

    def post(self, recipient: Recipient, message: Any) -> None:
        """Queue a message and handle what is queued, unless another thread is doing so. Any thread.

        Raises:
            KeyboardInterrupt: If it struck inside; the plane was left cleanly.
        """
        if self._is_inside():
            self._queue.append((recipient, message))
            return
        shield = self.shield
        if not shield.is_needed:
            self._queue.append((recipient, message))
            if self._enter():
                self._wakeup.set()  # the deadline thread takes over
            return
        shield.put_up()
        try:
            self._queue.append((recipient, message))
            if self._enter():
                self._wakeup.set()
        finally:
            shield.take_down()

    def post_from_outside(self, recipient: Recipient, message: Any) -> None:
        """Do as `post()` does, on the stack of a caller that may be almost used up: then the deadline thread enters.

        Else a turn would end in a `RecursionError` half-way, and with it whatever run the message belonged to.
        """
        if self._thread is None or self._is_stopping or self._is_inside() or not is_used_up():
            self.post(recipient, message)
            return
        self._queue.append((recipient, message))
        self._wakeup.set()

    def send(self, recipient: Recipient, message: Any) -> None:
        """Queue a message from inside the control plane."""
        self._queue.append((recipient, message))

    def schedule(self, at: float, recipient: Recipient, message: Any) -> ScheduledMessage:
        """Send a message at a moment on the clock. Inside the control plane only."""
        timer = self._timers.arm(at, recipient, message)
        looks_at = self._looks_at
        if looks_at is None or at < looks_at:
            self._looks_at = at
            self._wakeup.set()
        return timer

    def _enter(self) -> bool:
        """Handle what is queued; return whether the turn was used up and something is left.

        Not finding the lock free is fine: its holder looks again after letting go.
        """
        struck: BaseException | None = None
        budget = TURN_LIMIT
        while self._queue:
            try:
                if not self._acquire(False):
                    break
                budget -= self._turn(budget)
            except BaseException as error:  # noqa: BLE001  # an interrupt; raised once the plane is left
                struck = error
                self._recover(error)
            finally:
                # No call may come before the release: an interrupt would leave the plane locked.
                try:  # noqa: SIM105  # suppress() would be such a call
                    self._release()
                except RuntimeError:
                    pass  # it was not free
                if struck is not None:
                    self._wakeup.set()  # what is left must not wait for the next who posts
            if budget <= 0:
                if not self._is_stopping:
                    break
                budget = TURN_LIMIT  # there is nobody to take over
        if struck is not None:
            raise struck
        return budget <= 0 and bool(self._queue)

    def _turn(self, limit: int) -> int:
        """Handle up to `limit` messages and return how many it were."""
        queue = self._queue
        for handled in range(limit):
            if not queue:
                return handled
            self._current = current = queue[0]
            try:
                current[0].handle(current[1])
            except Exception as error:  # noqa: BLE001  # a defect of ours must not spread
                self._on_defect(*current, error)
            queue.popleft()
            self._current = None  # what was handled last may be all that keeps a run
        return limit

    def _recover(self, error: BaseException) -> None:
        """Put the queue in order after an interrupt, which may have struck anywhere inside."""
        if not self._is_inside():
            return
        current = self._current
        if current is not None and self._queue and self._queue[0] is current:
            self._on_defect(*current, error)
            self._queue.popleft()
        self._current = None
        self._on_interrupt()

    def _serve(self) -> None:
        """Run the deadline thread: have what is due fired, take over what others left, sleep.

        It never waits for the lock: it would get it while another thread has the GIL, and keep everybody out until it
        has the GIL too. If the lock is taken, its holder finds the message and fires the timers.

        When it has used up its own turn it pauses, which lets whoever posts next take over again. Without that it would
        go on for as long as another thread posts, and every message would cost a hand-over of the GIL.
        """
        while not self._is_stopping:
            try:
                is_work_left = self._look()
            except Exception:  # noqa: BLE001  # no memory, even to tell; without this thread no deadline would fire
                self._is_firing = False
                is_work_left = True
            if is_work_left:
                self._clock.wait(self._wakeup, _TAKEOVER_PAUSE)
            else:
                self._sleep()
        self._switch_interval.restore()

    def _look(self) -> bool:
        """Have what is due fired and handle what is queued; return whether something is left."""
        looks_at = self._looks_at
        if looks_at is not None and looks_at <= self.now() and not self._is_firing:
            self._is_firing = True
            self._queue.append((self._timer_service, None))
        return self._enter()

    def _sleep(self) -> None:
        """Sleep until it is time to look again, and take note of how late that ends."""
        began = self.now()
        pause = self._switch_interval.limited(self._pause(began), began)
        if not self._clock.wait(self._wakeup, pause) and pause is not None:
            now = self.now()
            self._switch_interval.note_wait(now - began - pause, now)

    def _pause(self, now: float) -> float | None:
        """Return how long the deadline thread sleeps when there is nothing to do; None until it is woken."""
        looks_at = self._looks_at
        if self._is_firing:
            return _FIRING_PAUSE  # who fires wakes it; should that fail, it looks again by itself
        return None if looks_at is None else max(0.0, looks_at - now)

    def fire_due(self) -> None:
        """Queue the messages that are due. Inside the control plane."""
        try:
            now = self.now()
            while (timer := self._timers.first_due(now)) is not None:
                self._queue.append((timer.cell, timer.message))
                self._timers.drop_first()  # now: an interrupt has it sent twice rather than never
            self._looks_at = self._timers.next_at
        finally:
            self._is_firing = False
        if threading.current_thread() is not self._thread:
            self._wakeup.set()  # it sleeps until it is told when to look next


class _TimerService:
    """The recipient by which the deadline thread has timers fired."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    def handle(self, message: Any) -> None:
        """Fire what is due; once more after an interrupt does no harm."""
        self._plane.fire_due()

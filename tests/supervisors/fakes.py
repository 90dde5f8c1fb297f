"""Fakes around the supervisors: time stands still until it is moved, and messages wait until they are handled."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Any, NamedTuple, Protocol

from supervisors.behaviour import Behaviour
from supervisors.clock import ManualClock
from supervisors.facts import Fact, StageEnded
from supervisors.outcome import COMPLETED, Outcome
from supervisors.signals import Answer, Attempt
from supervisors.trace import TraceRecord

START = 100.0
"""What the clock shows at first; all moments in tests are exact binary fractions."""


class Recipient(Protocol):
    """Whom messages are sent to."""

    def receive(self, message: Any) -> None: ...


class FakeTimer:
    """A message that is sent to `recipient` when it is `due`, unless it was cancelled before."""

    def __init__(self, due: float, recipient: Recipient, message: Any) -> None:
        self.due = due
        self.recipient = recipient
        self.message = message
        self.is_armed = True

    def cancel(self) -> None:
        self.is_armed = False


class DeadLetter(NamedTuple):
    reason: str
    detail: str


LATE_ANSWER = DeadLetter("late_answer", "an answer came after its attempt had ended")


class FakeContext:
    """The context of one behaviour, its ref, and the world around it.

    Args:
        behaviour: What is tested.
        seed: Of the randomness.
        lag: By how many seconds the behaviour's timers are late.
    """

    def __init__(self, behaviour: Behaviour, *, seed: int = 0, lag: float = 0.0) -> None:
        self.behaviour = behaviour
        self.clock = ManualClock(START)
        self.random = Random(seed)
        self.lag = lag
        self.is_observed = True
        self.is_listened_to = True
        self.facts: list[Fact] = []
        self.dead_letters: list[DeadLetter] = []
        self._queue: deque[tuple[Recipient, Any]] = deque()
        self._timers: list[FakeTimer] = []
        self._is_settling = False

    # What a behaviour may do

    def now(self) -> float:
        return self.clock.now()

    @property
    def ref(self) -> FakeContext:
        return self

    def send(self, recipient: Recipient, message: Any) -> None:
        self._queue.append((recipient, message))

    def schedule(self, at: float, message: Any) -> FakeTimer:
        return self.later(at + self.lag, self, message)

    def observe(self, fact: Fact) -> None:
        self.facts.append(fact)

    def observe_stage(self, workflow: str, run: int, record: TraceRecord) -> None:
        self.facts.append(StageEnded(workflow, run, record))

    def dead_letter(self, reason: str, detail: str) -> None:
        self.dead_letters.append(DeadLetter(reason, detail))

    # What a test may do

    @property
    def armed(self) -> list[FakeTimer]:
        """The behaviour's timers that have neither fired nor been cancelled."""
        return [timer for timer in self._timers if timer.is_armed and timer.recipient is self]

    def receive(self, message: Any) -> None:
        self.behaviour.receive(message, self)

    def later(self, at: float, recipient: Recipient, message: Any) -> FakeTimer:
        """Have a message sent at a moment; equal moments fire in the order in which they were armed."""
        timer = FakeTimer(at, recipient, message)
        self._timers.append(timer)
        return timer

    def post(self, recipient: Recipient, message: Any) -> None:
        """Send a message and handle all that are queued, unless somebody is doing so."""
        self.send(recipient, message)
        self.settle()

    def settle(self) -> None:
        if self._is_settling:
            return
        self._is_settling = True
        while self._queue:
            recipient, message = self._queue.popleft()
            recipient.receive(message)
        self._is_settling = False

    def advance(self, seconds: float) -> None:
        """Let time pass; what becomes due meanwhile is handled at its moment."""
        end = self.now() + seconds
        while (moment := self._next_moment()) is not None and moment <= end:
            self.jump(max(0.0, moment - self.now()))
            self.fire()
        self.jump(end - self.now())

    def run_out(self) -> None:
        """Let time pass until nothing is due any more."""
        while (moment := self._next_moment()) is not None:
            self.advance(max(0.0, moment - self.now()))

    def jump(self, seconds: float) -> None:
        """Move the clock without firing what became due, as if all threads had been busy."""
        self.clock.advance(seconds)

    def fire(self) -> None:
        """Queue at once whatever is due, then handle it."""
        due = sorted(self._alive(self.now()), key=lambda timer: timer.due)
        self._timers = [timer for timer in self._timers if timer.is_armed and timer not in due]
        for timer in due:
            timer.is_armed = False
            self.send(timer.recipient, timer.message)
        self.settle()

    def _alive(self, until: float) -> list[FakeTimer]:
        return [timer for timer in self._timers if timer.is_armed and timer.due <= until]

    def _next_moment(self) -> float | None:
        return min((timer.due for timer in self._timers if timer.is_armed), default=None)


class FakeHandle:
    """An attempt that an agent was given: the test says when it begins and what it answers."""

    def __init__(self, attempt: Attempt, context: FakeContext) -> None:
        self.attempt = attempt
        self.number = attempt.attempts
        self.deadline = attempt.attempt_deadline
        self.payload = attempt.payload
        self.sent_at = context.now()
        self.begun_at: float | None = None
        self.withdrawals: list[Outcome] = []
        self.withdrawn_at: float | None = None
        self.answers = 0
        self.blocker = ""
        self.hindrance = ""
        self._context = context

    def withdraw(self, outcome: Outcome) -> None:
        self.withdrawals.append(outcome)
        self.withdrawn_at = self._context.now()

    def delayer(self) -> str:
        return self.blocker

    def obstacle(self) -> str:
        return self.hindrance

    def begin(self) -> FakeHandle:
        self.begun_at = self._context.now()
        return self

    def answer(self, outcome: Outcome = COMPLETED, value: Any = None, **more: Any) -> None:
        """Answer now; `more` are further fields of the `Answer`."""
        if self.begun_at is None:
            self.begin()
        fields: dict[str, Any] = {"begun_at": self.begun_at, "ended_at": self._context.now(), **more}
        self.answers += 1
        answer = Answer(self.attempt, self.number, outcome, value, **fields)
        self._context.post(self.attempt.supervisor, answer)


class FakeAgent:
    """An agent as a target. It keeps what it is given, or rejects it."""

    name = "fake"

    def __init__(self, *, timeout: float | None = None, rejection: Outcome | None = None) -> None:
        self.timeout = timeout
        self.rejection = rejection
        self.handles: list[FakeHandle] = []

    def allowance(self, _context: FakeContext) -> tuple[float | None, str]:
        return self.timeout, f"agent {self.name}"

    def perform(self, attempt: Attempt, context: FakeContext) -> FakeHandle | None:
        handle = FakeHandle(attempt, context)
        if self.rejection is not None:
            context.send(attempt.supervisor, Answer(attempt, attempt.attempts, self.rejection, None))
            return None
        self.handles.append(handle)
        return handle

    @property
    def handle(self) -> FakeHandle:
        """The last attempt it was given."""
        return self.handles[-1]

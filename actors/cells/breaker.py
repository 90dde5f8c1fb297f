"""The circuit breaker of an agent: what is let through to it, and what its answers say of it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from supervisors.errors import BreakerOpenError
from supervisors.facts import BreakerChanged
from supervisors.names import qualified_names
from supervisors.outcome import Failure, Outcome, OutcomeKind, Reason
from supervisors.policies.breaker import Breaker, BreakerState, Circuit

if TYPE_CHECKING:
    from actors.agents.invocation import Invocation
    from actors.control.facilities import System

_NOT_ITS_FAULT: Final = frozenset({Reason.MISSING_INPUT, Reason.INTERNAL_ERROR})
"""Failures of its caller, and of the runtime."""

_REFUSED: Final = qualified_names(BreakerOpenError)


class AgentBreaker:
    """The circuit breaker of one agent, to be read and reset. All methods may be called from any thread.

    `Runtime.breaker()` returns it.

    Args:
        policy: When it opens, and for how long.
        agent: The agent's name.
        system: The runtime's parts.

    Attributes:
        policy: What `spawn()` was told.
        agent: The agent's name.
    """

    def __init__(self, policy: Breaker, agent: str, system: System) -> None:
        self.policy = policy
        self.agent = agent
        self._system = system
        self._now = system.environment.clock.now
        # Reentrant: a finalizer that strikes inside may send an event, too. All below: touched under the lock.
        self._lock = threading.RLock()
        self._circuit = Circuit(policy)
        # The events that were let through and have not ended, each with the period in which it was.
        self._periods: dict[Invocation, int] = {}

    def __repr__(self) -> str:
        return f"<breaker of agent {self.agent!r}: {self.state}>"

    @property
    def state(self) -> BreakerState:
        """Whether events are let through: `closed`, `half_open` or `open`."""
        with self._lock:
            return self._circuit.state(self._now())

    @property
    def failures(self) -> int:
        """How many failures in a row were counted since it was closed; 0 while it is open or half-open."""
        with self._lock:
            return self._circuit.failures

    @property
    def reopens_in(self) -> float:
        """The seconds until events are let through again; 0 unless it is open."""
        with self._lock:
            return self._circuit.reopens_in(self._now())

    def reset(self) -> None:
        """Close it now, and forget what was counted."""
        with self._lock:
            was_closed = self._circuit.state(self._now()) is BreakerState.CLOSED
            self._circuit.reset()
        if not was_closed:
            self._tell(BreakerState.CLOSED, "it was reset")

    def admit(self, invocation: Invocation) -> bool:
        """Say whether an event is let through; if so, what becomes of it has to be told to `judge()`."""
        with self._lock:
            period = self._circuit.admit(self._now())
            if period is None:
                return False
            self._periods[invocation] = period
        return True

    def judge(self, invocation: Invocation, outcome: Outcome) -> None:
        """Take note of how an event ended; the first that is said of it counts."""
        with self._lock:
            period = self._periods.pop(invocation, None)
            if period is None:
                return
            opens = closes = False
            is_good = _is_good(self.agent, outcome)
            if is_good is None:
                self._circuit.forget(period)
            elif is_good:
                closes = self._circuit.succeed(period)
            else:
                opens = self._circuit.fail(period, self._now())
        if opens:
            self._tell(BreakerState.OPEN, f"for {self.policy.reset_after:g} s, after: {outcome}")
        elif closes:
            self._tell(BreakerState.CLOSED, "it does well again")

    def refusal(self) -> Outcome:
        """Return how an event ends that is not let through."""
        seconds = self.reopens_in
        when = f"it is tried again in {seconds:.3g} s" if seconds else "it is being tried"
        detail = f"the breaker of agent {self.agent!r} is {self.state}; {when}"
        failure = Failure(_REFUSED, f"{BreakerOpenError.__name__}: {detail}")
        return Outcome(OutcomeKind.REJECTED, Reason.BREAKER_OPEN, detail=detail, failure=failure)

    def _tell(self, state: BreakerState, detail: str) -> None:
        self._system.telemetry.observe(BreakerChanged(self.agent, state, detail))


def _is_good(agent: str, outcome: Outcome) -> bool | None:
    """Say what an ending tells of the agent: that it does well, that it does not, or nothing."""
    if outcome.ok:
        return True
    if outcome.kind is OutcomeKind.FAILED:
        return None if outcome.reason in _NOT_ITS_FAULT else False
    if outcome.kind is OutcomeKind.TIMED_OUT:
        is_held_up = outcome.reason is Reason.LOOP_BLOCKED and outcome.culprit != agent
        return None if is_held_up else False
    return None

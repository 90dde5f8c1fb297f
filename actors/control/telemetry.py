"""Telemetry: hands facts to the metrics, to observers and to the log."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from actors.control.delivery import Delivery
from actors.control.outlet import Outlet
from supervisors.facts import (
    AgentGivenUp,
    AgentRestarted,
    BreakerChanged,
    DeadLettered,
    Fact,
    FactsMissed,
    GroupRestarted,
    LoopBlockNoticed,
    StageEnded,
    WakeupLost,
)
from supervisors.trace import TraceRecord

_LOGGED: dict[type, tuple[int, str]] = {
    AgentRestarted: (logging.WARNING, "restarting agent %r after %s: %s"),
    AgentGivenUp: (logging.ERROR, "agent %r is marked failed: %s"),
    GroupRestarted: (logging.WARNING, "restarting group %r: %s"),
    BreakerChanged: (logging.WARNING, "the breaker of agent %r is %s: %s"),
    LoopBlockNoticed: (logging.WARNING, "agent %r blocks an event loop, for %.3f s by now"),
    WakeupLost: (
        logging.WARNING,
        "an event loop lost a wake-up: %d calls of agents were not started for %.3f s; it is woken again",
    ),
    DeadLettered: (logging.DEBUG, "dead letter (%s): %s"),
}


FACTS_WAITING = 10_000
"""How many facts may wait for an observer that does not keep up; beyond that the oldest are dropped."""


class Observer(Protocol):
    """Whoever wants to know what happens to runs, stages and agents."""

    def observe(self, fact: Fact) -> None:
        """Take note of a fact. Called on the delivery thread, one fact at a time, in order.

        What it raises is logged and changes nothing. While it blocks, other observers, callbacks and log records wait;
        runs and deadlines do not. At most 10,000 facts wait for it. Beyond that the oldest are dropped, and a
        `FactsMissed` says how many, before the next fact. Metrics miss nothing.
        """


class FactCounter(Protocol):
    """What counts facts. Any thread may feed it; it never blocks for long."""

    def feed(self, fact: Fact) -> None:
        """Take a fact."""

    def feed_stage(self, workflow: str, run: int, record: TraceRecord) -> None:
        """Take what a `StageEnded` would tell."""


class _Listener:
    """An observer, and the facts that wait for it.

    Args:
        observer: The observer.
        delivery: The thread on which it is called.
    """

    def __init__(self, observer: Observer, delivery: Delivery) -> None:
        self._observer = observer
        self._delivery = delivery
        self.name = type(observer).__qualname__
        self.outlet: Outlet[Fact] = Outlet(delivery.post, observer.observe, self._tell_missed, FACTS_WAITING)

    def _tell_missed(self, facts: int) -> None:
        self._delivery.log(
            logging.WARNING, "observer %r does not keep up: %d facts for it were dropped, the oldest", self.name, facts
        )
        self._observer.observe(FactsMissed(self.name, facts))


class Telemetry:
    """Where facts go. Any thread may report.

    Args:
        delivery: The thread on which observers are called.
        counter: Counts facts for the metrics; None when there are no metrics.
        observers: Whoever else wants to know.
    """

    def __init__(
        self,
        delivery: Delivery,
        counter: FactCounter | None,
        observers: Sequence[Observer],
    ) -> None:
        self._delivery = delivery
        self._counter = counter
        self._audience = tuple([_Listener(observer, delivery) for observer in observers])
        self.is_listened_to = bool(self._audience)
        self.is_observed = counter is not None or self.is_listened_to
        # Without observers a stage's end goes straight to the metrics: every step tells of one, and none is logged.
        self.observe_stage = self._observe_stage if counter is None or self._audience else counter.feed_stage

    @property
    def trouble(self) -> str:
        """Which observers do not keep up with what they are told; empty when all do. Any thread."""
        behind = [listener for listener in self._audience if listener.outlet.missed]
        return "; ".join(f"{listener.name} has missed {listener.outlet.missed} facts" for listener in behind)

    def observe(self, fact: Fact) -> None:
        """Tell everybody about a fact. Never blocks."""
        for listener in self._audience:
            if not listener.outlet.offer(fact) and self._counter is not None:
                self._counter.feed(FactsMissed(listener.name, 1))
        if self._counter is not None:
            self._counter.feed(fact)
        logged = _LOGGED.get(type(fact))
        if logged is not None and isinstance(fact, tuple):
            self._delivery.log(*logged, *fact)

    def _observe_stage(self, workflow: str, run: int, record: TraceRecord) -> None:
        self.observe(StageEnded(workflow, run, record))

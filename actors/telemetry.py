"""Telemetry: hands facts to the metrics, to observers and to the log."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from actors.delivery import Delivery
from supervisors.facts import (
    AgentGivenUp,
    AgentRestarted,
    BreakerChanged,
    DeadLettered,
    Fact,
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


class Observer(Protocol):
    """Whoever wants to know what happens to runs, stages and agents."""

    def observe(self, fact: Fact) -> None:
        """Take note of a fact. Called on the delivery thread, one fact at a time, in order.

        What it raises is logged and changes nothing. While it blocks, other observers, callbacks and log records wait;
        runs and deadlines do not.
        """


class FactCounter(Protocol):
    """What counts facts. Any thread may feed it; it never blocks for long."""

    def feed(self, fact: Fact) -> None:
        """Take a fact."""

    def feed_stage(self, workflow: str, run: int, record: TraceRecord) -> None:
        """Take what a `StageEnded` would tell."""


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
        self._observers = tuple(observers)
        self.is_listened_to = bool(self._observers)
        self.is_observed = counter is not None or self.is_listened_to
        # Without observers a stage's end goes straight to the metrics: every step tells of one, and none is logged.
        self.observe_stage = self._observe_stage if counter is None or self._observers else counter.feed_stage

    def observe(self, fact: Fact) -> None:
        """Tell everybody about a fact. Never blocks."""
        for observer in self._observers:
            self._delivery.post(partial(observer.observe, fact))
        if self._counter is not None:
            self._counter.feed(fact)
        logged = _LOGGED.get(type(fact))
        if logged is not None and isinstance(fact, tuple):
            self._delivery.log(*logged, *fact)

    def _observe_stage(self, workflow: str, run: int, record: TraceRecord) -> None:
        self.observe(StageEnded(workflow, run, record))

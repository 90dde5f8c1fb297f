"""Telemetry: hands facts to the metrics, to observers and to the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from actors.delivery import Delivery
from supervisors.facts import (
    AgentGivenUp,
    AgentRestarted,
    DeadLettered,
    Fact,
    LoopBlockNoticed,
)

_LOGGED: dict[type, tuple[int, str]] = {
    AgentRestarted: (logging.WARNING, "restarting agent %r after %s: %s"),
    AgentGivenUp: (logging.ERROR, "agent %r is marked failed: %s"),
    LoopBlockNoticed: (logging.WARNING, "agent %r blocks an event loop, for %.3f s by now"),
    DeadLettered: (logging.DEBUG, "dead letter (%s): %s"),
}


class Observer(Protocol):
    """Whoever wants to know what happens to runs, stages and agents."""

    def observe(self, fact: Fact) -> None:
        """Take note of a fact. Called on the delivery thread, one fact at a time, in order.

        What it raises is logged and changes nothing. While it blocks, other observers, callbacks and log records wait;
        runs and deadlines do not.
        """


class Telemetry:
    """Where facts go. Any thread may report.

    Args:
        delivery: The thread on which observers are called.
        feed: Takes a fact for the metrics without blocking; None when there are no metrics.
        observers: Whoever else wants to know.
    """

    def __init__(
        self,
        delivery: Delivery,
        feed: Callable[[Fact], None] | None,
        observers: Sequence[Observer],
    ) -> None:
        self._delivery = delivery
        self._feed = feed
        self._observers = tuple(observers)
        self.is_listened_to = bool(self._observers)
        self.is_observed = feed is not None or self.is_listened_to
        # For the facts of every step, which are never logged: without observers they go straight to the metrics.
        self.observe_step = self.observe if feed is None or self._observers else feed

    def observe(self, fact: Fact) -> None:
        """Tell everybody about a fact. Never blocks."""
        for observer in self._observers:
            self._delivery.post(partial(observer.observe, fact))
        if self._feed is not None:
            self._feed(fact)
        logged = _LOGGED.get(type(fact))
        if logged is not None and isinstance(fact, tuple):
            self._delivery.log(*logged, *fact)

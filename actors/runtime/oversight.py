"""The oversight of a runtime: what a service reads off it, subscribes to, and resets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pykka

from actors.cells.breaker import AgentBreaker
from actors.cells.registry import AgentRegistry
from actors.control.dead_letters import DeadLetter, DeadLetterSubscription
from actors.metrics.metrics_actor import Gauges, MetricsActor
from actors.runs.run import RunKeeper
from actors.runtime.health import Health, examine, failed_agents
from actors.runtime.lifetime import Lifetime
from actors.values.arguments import check_callback, check_count
from actors.values.errors import ForkedRuntimeError, RuntimeNotRunningError

DEAD_LETTERS_WAITING = 1_000
"""How many dead letters may wait for a subscriber, unless it says otherwise."""


class Oversight(Lifetime):
    """What can be seen of a runtime from outside. All methods may be called from any thread."""

    _agents: AgentRegistry
    _metrics: MetricsActor | None
    _runs: dict[int, RunKeeper]

    @property
    def health(self) -> Health:
        """How it is: ok, or degraded with the reasons, of which one is that it does not run.

        `mixmode_actors{kind="failed_agent"}` counts the agents that are marked failed.
        """
        try:
            self.check_running()
        except (RuntimeNotRunningError, ForkedRuntimeError) as error:
            return Health((str(error),))
        return examine(self._system)

    def agent(self, name: str) -> pykka.ActorRef[Any]:
        """Return the ref of a spawned agent.

        Raises:
            UnknownAgentError: If there is none of that name.
        """
        return self._agents.cell(name).actor_ref

    @property
    def agents(self) -> tuple[str, ...]:
        """The names of the spawned agents, in the order of spawning."""
        return self._agents.names

    @property
    def runs_in_progress(self) -> int:
        """How many runs have not ended; those that wait for their turn are among them."""
        return len(self._runs)

    @property
    def runs_waiting(self) -> int:
        """How many runs wait for their turn."""
        line = self._system.line
        return 0 if line is None else len(line)

    def breaker(self, name: str) -> AgentBreaker:
        """Return the circuit breaker of an agent, to be read or reset.

        Raises:
            UnknownAgentError: If there is no agent of that name.
            ValueError: If it was spawned without a breaker.
        """
        breaker = self._agents.cell(name).breaker
        if breaker is None:
            raise ValueError(f"agent {name!r} has no breaker; give it one: spawn({name!r}, ..., breaker=Breaker())")
        return breaker

    def subscribe_dead_letters(
        self,
        callback: Callable[[DeadLetter], object],
        *,
        capacity: int = DEAD_LETTERS_WAITING,
    ) -> DeadLetterSubscription:
        """Have a callback called with every dead letter from now on, in order, on the delivery thread.

        What the callback raises is logged and changes nothing. While it blocks, other callbacks, observers and log
        records wait; runs and deadlines do not.

        Args:
            callback: What is called with a `DeadLetter`; no coroutine function, as nobody would await it.
            capacity: How many may wait for the callback; more are not given to it, and counted as `missed`.

        Returns:
            The subscription; `unsubscribe()` ends it, and so does leaving its `with` block.

        Raises:
            TypeError: If an argument has the wrong type.
            ValueError: If the capacity is below 1.
        """
        check_callback(callback, "subscribe_dead_letters():", "a DeadLetter")
        check_count(capacity, "subscribe_dead_letters(): capacity")
        return self._system.dead_letters.subscribe(callback, capacity)

    def metrics_text(self) -> bytes:
        """Return the metrics in Prometheus' text format.

        Raises:
            ValueError: If the runtime keeps no metrics.
        """
        return self._kept_metrics().text()

    @property
    def metrics_registry(self) -> Any:
        """The `prometheus_client.CollectorRegistry`, to be mounted in a host's own metrics page."""
        return self._kept_metrics().registry

    @property
    def metrics_port(self) -> int | None:
        """The port that serves `/metrics`; None if none does."""
        return self._metrics.port if self._metrics is not None else None

    def _kept_metrics(self) -> MetricsActor:
        if self._metrics is None:
            raise ValueError("this runtime keeps no metrics: it was made with metrics=False")
        return self._metrics

    def _gauges(self) -> Gauges:
        agents, system = list(self._agents.copy().items()), self._system
        failed, groups = len(failed_agents([cell for _, cell in agents])), len(system.groups)
        return Gauges(
            mailbox_depth={name: cell.depth for name, cell in agents},
            actors={
                "agent": len(agents) - failed,
                "failed_agent": failed,
                "orchestrator": sum(map(len, system.orchestrators.copy().values())),
                "supervisor": len(self._runs) + len(self._system.child_keepers) + 1 + groups,
            },
            abandoned_work={name: cell.abandoned_count for name, cell in agents},
            breaker_state={name: cell.breaker.state.level for name, cell in agents if cell.breaker is not None},
            runs_waiting={} if system.line is None else system.line.by_workflow,
        )

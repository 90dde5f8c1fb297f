"""The runtime's parts, as cells see them."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING

from actors.control.dead_letters import DeadLetter, DeadLetters
from actors.values.errors import ForkedRuntimeError

if TYPE_CHECKING:
    from actors.agents.instance import Instance
    from actors.agents.invocation import Invocation
    from actors.cells.agent_cell import AgentCell
    from actors.cells.broods import Brood
    from actors.cells.group import Group
    from actors.cells.offspring import Offspring
    from actors.control.cell import ControlCell
    from actors.control.delivery import Delivery
    from actors.control.environment import Environment
    from actors.control.plane import ControlPlane
    from actors.control.telemetry import Telemetry
    from actors.dispatchers.loop import LoopDispatcher
    from actors.dispatchers.pinned import PinnedDispatcher
    from actors.dispatchers.threads import ThreadDispatcher
    from actors.orchestrators.caches import Caches
    from actors.processes.dispatcher import ProcessDispatcher
    from actors.processes.matching import Matchers
    from actors.runs.admission import WaitingLine
    from actors.runs.child_runs import ChildRuns
    from actors.runs.run import RunKeeper
    from supervisors.policies.retry_budget import RetryBudgets


class System:
    """What the composition root puts together, and cells use. All of it may be used from any thread.

    Attributes:
        environment: Time, randomness, threads.
        delivery: The thread for callbacks and logs.
        telemetry: Where facts go.
        plane: The control plane.
        loops: The dispatcher for async agents.
        threads: The dispatcher for plain functions.
        pinned: The dispatcher for plain agents that keep a thread.
        processes: The dispatcher for agents in processes of their own.
        agents: The agents by name; single dict operations.
        groups: The groups by name; likewise.
        dead_letters: Who counts what nobody wants, and tells subscribers.
        orchestrators: The patterns that are being executed, by run; inside the control plane only, but for a count.
        agent_supervisor: Who restarts agents.
        child_runs: Who starts runs and agents on behalf of agents.
        offspring: What agents have started, by the event that it ends with; single dict operations.
        child_keepers: The child runs in progress, by number; single dict operations.
        broods: What instances of agents have spawned; inside the control plane only.
        matchers: The processes that search for regular expressions.
        caches: What `Cached` nodes keep; inside the control plane only.
        abandon_after: Seconds between asking work to stop and abandoning it.
        hook_timeout: Seconds granted to a constructor or hook.
        line: Where runs wait for their turn; None if none waits.
        retry_budgets: How many retries each workflow may make; None if that is not limited.
    """

    environment: Environment
    delivery: Delivery
    telemetry: Telemetry
    plane: ControlPlane
    loops: LoopDispatcher
    threads: ThreadDispatcher
    pinned: PinnedDispatcher
    processes: ProcessDispatcher
    agent_supervisor: ControlCell
    child_runs: ChildRuns
    matchers: Matchers
    caches: Caches
    abandon_after: float
    hook_timeout: float
    line: WaitingLine | None = None
    retry_budgets: RetryBudgets | None = None

    def __init__(self) -> None:
        self.agents: dict[str, AgentCell] = {}
        self.groups: dict[str, Group] = {}
        self.orchestrators: dict[int, set[ControlCell]] = {}
        self.offspring: dict[Invocation, Offspring] = {}
        self.child_keepers: dict[int, RunKeeper] = {}
        self.broods: dict[AgentCell, dict[Instance, Brood]] = {}
        self.dead_letters = DeadLetters(self)
        # Written in the child of a fork, before anything else runs there.
        self.is_forked = False
        _systems.add(self)

    def check_usable(self) -> None:
        """Refuse in the child of a fork.

        Raises:
            ForkedRuntimeError: If this is one.
        """
        if self.is_forked:
            raise ForkedRuntimeError

    def dead_letter(self, reason: str, detail: str) -> None:
        """Count a message that nobody wants any more."""
        self.dead_letters.tell(DeadLetter(reason, detail))


_systems: weakref.WeakSet[System] = weakref.WeakSet()


def _after_fork() -> None:
    for system in list(_systems):
        system.is_forked = True


os.register_at_fork(after_in_child=_after_fork)

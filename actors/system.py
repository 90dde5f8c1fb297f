"""The runtime's parts, as cells see them."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING

from actors.errors import ForkedRuntimeError
from supervisors.facts import DeadLettered

if TYPE_CHECKING:
    from actors.agent_cell import AgentCell
    from actors.caches import Caches
    from actors.cell import ControlCell
    from actors.control import ControlPlane
    from actors.delivery import Delivery
    from actors.dispatchers.loop import LoopDispatcher
    from actors.dispatchers.threads import ThreadDispatcher
    from actors.environment import Environment
    from actors.matching import Matchers
    from actors.telemetry import Telemetry


class System:
    """What the composition root puts together, and cells use. All of it may be used from any thread.

    Attributes:
        environment: Time, randomness, threads.
        delivery: The thread for callbacks and logs.
        telemetry: Where facts go.
        plane: The control plane.
        loops: The dispatcher for async agents.
        threads: The dispatcher for plain functions.
        agents: The agents by name; single dict operations.
        control_cells: The cells of the control plane that are alive, so that nobody collects them.
        agent_supervisor: Who restarts agents.
        matchers: The processes that search for regular expressions.
        caches: What `Cached` nodes keep; inside the control plane only.
        abandon_after: Seconds between asking work to stop and giving it up.
        hook_timeout: Seconds granted to a constructor or hook.
    """

    environment: Environment
    delivery: Delivery
    telemetry: Telemetry
    plane: ControlPlane
    loops: LoopDispatcher
    threads: ThreadDispatcher
    agent_supervisor: ControlCell
    matchers: Matchers
    caches: Caches
    abandon_after: float
    hook_timeout: float

    def __init__(self) -> None:
        self.agents: dict[str, AgentCell] = {}
        self.control_cells: set[ControlCell] = set()
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
        self.telemetry.observe(DeadLettered(reason, detail))


_systems: weakref.WeakSet[System] = weakref.WeakSet()


def _after_fork() -> None:
    for system in list(_systems):
        system.is_forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

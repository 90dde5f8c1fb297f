"""Child runs: runs that agents start while they handle an event, and agents that they spawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import copy_context
from itertools import count
from typing import TYPE_CHECKING, Any

import pykka

from actors.agents.invocation import Assignment, Invocation
from actors.cells.offspring import AgentSpawned, RunBegun, offspring_of
from actors.control.latch import refuse_to_block
from actors.runs.child_run_keeper import ChildRunKeeper
from actors.runs.run import Run, RunResult
from actors.values.arguments import as_event
from actors.values.errors import ContextEndedError, NestingError
from actors.values.event import Event
from actors.values.freezing import FrozenDict
from actors.values.state import Snapshot, State
from supervisors.policies.deadlines import Deadline, check_timeout
from supervisors.signals import Supervise

if TYPE_CHECKING:
    from actors.control.facilities import System
    from actors.runs.plans import Plans

MAX_DEPTH = 32
"""How deep child runs may be nested: runs of agents of runs of agents, and so on."""

_RUN = "context.run()"


class ChildRuns:
    """Starts runs and agents on behalf of agents. Any thread.

    They are not counted against `max_runs`, nor do they wait for a turn: whoever started them would hold a place while
    they wait for one. They are started while the runtime drains, too, as what it waits for needs them.

    Args:
        system: The runtime's parts.
        plans: The runtime's plans.
        numbers: Where the numbers of runs come from.
        spawn: Spawns an agent in the runtime.
        default_timeout: Seconds for a run that inherits no deadline and is given none.

    Attributes:
        keepers: The child runs in progress, by number.
    """

    def __init__(
        self,
        system: System,
        plans: Plans,
        numbers: count[int],
        *,
        spawn: Callable[..., pykka.ActorRef[Any]],
        default_timeout: float | None,
    ) -> None:
        self._system = system
        self._plans = plans
        self._numbers = numbers
        self._spawn = spawn
        self._default_timeout = default_timeout
        self.keepers = system.child_keepers

    def run_here(self, parent: Invocation, workflow: Any, event: Any, state: Any, timeout: Any) -> RunResult:
        """Start a run and wait for its end on this thread; a thread of the pool is compensated meanwhile."""
        self._check(parent, _RUN)
        refuse_to_block(_RUN)
        run = self._begin(parent, workflow, event, state, timeout)
        try:
            return run.result()
        finally:
            if not run.done():
                run.cancel()

    async def run_awaited(self, parent: Invocation, workflow: Any, event: Any, state: Any, timeout: Any) -> RunResult:
        """Start a run and await its end; when the waiting is cancelled, so is the run."""
        self._check(parent, _RUN)
        run = self._begin(parent, workflow, event, state, timeout)
        try:
            return await run
        finally:
            if not run.done():
                run.cancel()

    def spawn(self, parent: Invocation, name: str, agent: object, options: Mapping[str, Any]) -> pykka.ActorRef[Any]:
        """Spawn an agent that stops with the instance that handles an event, or with the event if there is none."""
        self._check(parent, "context.spawn()")
        ref = self._spawn(name, agent, **options)
        cell = self._system.agents.get(name)
        if cell is not None and cell.actor_ref is ref:
            self._system.plane.post_from_outside(offspring_of(parent), AgentSpawned(cell))
        return ref

    def _check(self, parent: Invocation, call: str) -> None:
        self._system.check_usable()
        if not parent.is_live:
            raise ContextEndedError(parent.agent, call)

    def _begin(
        self,
        parent: Invocation,
        workflow: Any,
        event: Event | Mapping[str, Any] | None,
        state: State | Mapping[str, Any] | None,
        timeout: float | None,
    ) -> Run:
        plan = self._plans.fit(workflow)
        number = next(self._numbers)
        event = _event_of(parent, event, plan.name, number)
        snapshot = Snapshot.of(state)
        inherited = parent.deadline
        deadline = self._narrowed(inherited, timeout, plan.name)
        depth = self._depth_below(parent)
        offspring = offspring_of(parent)
        run = Run(self._system, number, plan.name)
        keeper = ChildRunKeeper(run, self.keepers, snapshot, parent=parent, offspring=offspring, depth=depth)
        keeper.place_below(inherited)
        metadata = FrozenDict({"session_id": event.session_id})
        assignment = Assignment(event, metadata, snapshot, copy_context())
        self._system.plane.post_from_outside(offspring, RunBegun(keeper))
        keeper.begin(Supervise(None, keeper, 0, plan.root, assignment, deadline))
        return run

    def _narrowed(self, inherited: Deadline, timeout: float | None, workflow: str) -> Deadline:
        seconds = check_timeout(timeout, f"{_RUN}:")
        if seconds is None and inherited.at is None:
            seconds = self._default_timeout
        return inherited.narrowed(seconds, f"child run {workflow}", self._system.plane.now())

    def _keeper_above(self, invocation: Invocation) -> ChildRunKeeper | None:
        """Return the keeper of the child run that an event belongs to, or who asked for it; None if there is none."""
        while (asker := invocation.asker) is not None and asker.cell.system is self._system:
            invocation = asker
        step = invocation.step
        keeper = None if step is None else self.keepers.get(step.supervisor.run)
        return keeper if isinstance(keeper, ChildRunKeeper) else None

    def _depth_below(self, parent: Invocation) -> int:
        above = self._keeper_above(parent)
        depth = 1 if above is None else above.depth + 1
        if depth <= MAX_DEPTH:
            return depth
        agents = [parent.agent]
        while above is not None:
            agents.append(above.parent.agent)
            above = self._keeper_above(above.parent)
        raise NestingError(tuple(reversed(agents)), MAX_DEPTH)


def _event_of(parent: Invocation, event: Event | Mapping[str, Any] | None, workflow: str, number: int) -> Event:
    """Return the event of a child run: of the parent's session, and with an id that tells where it comes from."""
    if event is not None and not isinstance(event, Mapping):
        return as_event(event, workflow)
    assignment = parent.assignment
    session = assignment.event.derived(parent.agent, assignment.metadata).session_id
    return Event(workflow, dict(event or {}), {"session_id": session}, id=f"{assignment.event.id}/{number}")

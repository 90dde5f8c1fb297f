"""The group: agents that are started in order, stopped in reverse and supervised together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pykka

from actors.control.cell import ControlCell
from actors.control.latch import refuse_to_block
from actors.control.reply import Reply
from actors.values.arguments import check_stopping
from actors.values.errors import GroupExistsError, GroupStoppedError
from supervisors.agents.agent_supervisor import AgentSupervisor
from supervisors.policies.child_spec import GroupSpec
from supervisors.signals import ChildAdded, GroupStopped, StopGroup

if TYPE_CHECKING:
    from actors.cells.agent_cell import AgentCell
    from actors.control.facilities import System


def check_group(group: object, system: System) -> None:
    """Refuse what is no group of a runtime.

    Raises:
        TypeError: If it is neither a group nor None.
        ValueError: If it belongs to another runtime.
    """
    if group is None:
        return
    if not isinstance(group, Group):
        raise TypeError(f"spawn(): group must be what runtime.group() returned, or None, not {group!r}")
    group.check_home(system)


class Group:
    """A group of agents, made by `Runtime.group()`. Its methods may be called from any thread.

    Its agents are started one after the other in the order in which they are spawned, each once the one before it is
    ready or has failed, and stopped one after the other in the reverse of it. A plain function has nothing to start.

    As a context manager it starts nothing before the block is left, so that all specs are checked before anything
    starts; when the block is left by an exception, what was spawned in it is stopped without having been started.

    Args:
        spec: Its name, and whom in it a failure concerns.
        system: The runtime's parts.
        spawn: The runtime's `spawn()`.
    """

    def __init__(self, spec: GroupSpec, system: System, spawn: Callable[..., pykka.ActorRef[Any]]) -> None:
        self.spec = spec
        self._system = system
        self._spawn = spawn
        self._supervisor = ControlCell(AgentSupervisor(spec), system)
        # Guards what follows. Never taken inside the control plane.
        self._lock = threading.Lock()
        self._held: list[AgentCell] | None = None
        self._is_stopping = False
        # Appended to under the lock, read inside the control plane after the supervisor has retired.
        self._replies: list[Reply] = []

    def __repr__(self) -> str:
        return f"<group {self.name!r} ({self.spec.strategy}): {', '.join(map(repr, self.agents)) or 'no agents'}>"

    @property
    def name(self) -> str:
        """The name of the group."""
        return self.spec.name

    @property
    def agents(self) -> tuple[str, ...]:
        """The names of its agents that have not stopped, in the order of spawning."""
        cells = list(self._system.agents.values())
        return tuple([cell.name for cell in cells if cell.lifecycle.supervisor is self._supervisor])

    def spawn(self, name: str, agent: object, **options: Any) -> pykka.ActorRef[Any]:
        """Start an agent as the last of the group and return its ref at once.

        Args:
            name: What workflows call it.
            agent: A subclass of `Agent`, a factory, or a function.
            options: What `Runtime.spawn()` takes by keyword.

        Raises:
            GroupStoppedError: If the group was stopped; and whatever `Runtime.spawn()` raises.
        """
        return self._spawn(name, agent, group=self, **options)

    def check_home(self, system: System) -> None:
        """Refuse to be a group of another runtime.

        Raises:
            ValueError: If it is.
        """
        if system is not self._system:
            raise ValueError(f"spawn(): group {self.name!r} belongs to another runtime; take one that this one made")

    def adopt(self, cell: AgentCell) -> None:
        """Take an agent in, after all others; it is begun in its turn.

        Raises:
            GroupStoppedError: If the group was stopped; then the agent is too.
        """
        with self._lock:
            if not self._is_stopping:
                cell.lifecycle.supervisor = self._supervisor
                if self._held is None:
                    self._begin(cell)
                else:
                    self._hold(cell, self._held)
                return
        cell.request_stop(grace=0)
        raise GroupStoppedError(self.name)

    def _hold(self, cell: AgentCell, held: list[AgentCell]) -> None:
        held.append(cell)
        if cell.instances:  # a function without any is run at once
            when = f"when the `with` block of its group {self.name!r} is left"
            cell.lifecycle.held_up_by = f"agent {cell.name!r} is started only {when}"

    def _begin(self, cell: AgentCell) -> None:
        cell.lifecycle.held_up_by = ""
        if cell.definition.make is None:
            cell.lifecycle.begin()
        self._system.plane.post_from_outside(self._supervisor, ChildAdded(cell.lifecycle))

    def __enter__(self) -> Self:
        with self._lock:
            self._held = self._held or []
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            held, self._held = self._held or [], None
            if kind is None and not self._is_stopping:
                for cell in held:
                    self._begin(cell)
                return
        for cell in reversed(held):
            cell.request_stop(grace=0)

    def stop(
        self,
        *,
        grace: float | None = None,
        block: bool = True,
        timeout: float | None = None,
    ) -> Reply:
        """Stop its agents one after the other, the last spawned first; the group is gone then.

        Args:
            grace: Seconds for what all of them together are doing; if not given, each has the group's own.
            block: Whether to wait until they have stopped.
            timeout: Seconds to wait at most.

        Returns:
            A future that resolves when they have stopped; await it, or call its `get()`.

        Raises:
            TypeError: If an argument has the wrong type.
            ValueError: If an argument is out of range.
            pykka.Timeout: If they have not stopped within `timeout`; they are still being stopped.
        """
        seconds = check_stopping("Group.stop():", grace=grace, block=block, timeout=timeout)
        if block:
            refuse_to_block("Group.stop()")
        reply = Reply()
        self.request_stop(reply, None if seconds is None else self._system.plane.now() + seconds)
        if block:
            reply.get(timeout=timeout)
        return reply

    def request_stop(self, reply: Reply, until: float | None) -> None:
        """Have its agents stopped; `reply` is set when they are. The first who asks says until when."""
        reply.clock = self._system.environment.clock
        with self._lock:
            self._replies.append(reply)
            is_first, self._is_stopping = not self._is_stopping, True
            held, self._held = self._held or [], None
        for cell in reversed(held):
            cell.request_stop(grace=0)
        if is_first:
            self._system.plane.post_from_outside(self._supervisor, StopGroup(self, until))
        if self._supervisor.is_stopped:  # it may have told those who waited just before this one came
            reply.answer(None)

    def handle(self, _message: GroupStopped) -> None:
        """Tell whoever waits that nothing is left of it. Inside the control plane."""
        self._supervisor.retire()
        groups = self._system.groups
        if groups.get(self.name) is self:
            del groups[self.name]
        for reply in self._replies:
            reply.answer(None)

    def register(self) -> Self:
        """Enter it among the runtime's groups. Under the lock of whoever makes it.

        Raises:
            GroupExistsError: If the name is taken.
        """
        groups = self._system.groups
        if self.name in groups:
            raise GroupExistsError(self.name)
        groups[self.name] = self
        return self

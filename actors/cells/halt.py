"""The halt of an agent: all its instances are stopped at once, while its mailbox goes on taking events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.agents.agent import Agent
from actors.agents.hooks import StopWork
from actors.agents.instance import Instance
from actors.cells.lifecycle_messages import HaltGraceOver
from supervisors.outcome import Outcome, OutcomeKind, Reason

if TYPE_CHECKING:
    from actors.cells.agent_cell import AgentCell

_CUT = Outcome(OutcomeKind.CANCELLED, Reason.AGENT_STOPPED, detail="its agent was stopped together with its group")


class Halt:
    """The instances of an agent that are being stopped; fresh ones, not made yet, have taken their places.

    What they are doing may end, and those that are being made may become ready, only to be stopped.
    Control plane only.

    Args:
        cell: The agent's cell.
        grace: Seconds after which its lifecycle is told that it has had its time.

    Attributes:
        hooks: The stop hooks that are being called.
    """

    def __init__(self, cell: AgentCell, grace: float) -> None:
        self._cell = cell
        self.hooks: set[StopWork] = set()
        plane = cell.system.plane
        self._timer = plane.schedule(plane.now() + grace, cell, HaltGraceOver(self))
        with cell.lock:
            self._instances = cell.instances
            cell.instances = [Instance(instance.number) for instance in self._instances]
            cell.idle.clear()
            for instance in self._instances:
                instance.is_ready = False
                instance.is_stale = True  # it gets no further event

    def has(self, instance: Instance) -> bool:
        """Say whether an instance is one of those that are still to be stopped."""
        return instance in self._instances

    def progress(self) -> bool:
        """Call the stop hooks of the instances that are idle; return whether nothing is left to wait for."""
        for instance in [each for each in self._instances if each.work is None and not each.is_starting]:
            self._instances.remove(instance)
            hook = stop_hook(self._cell, instance)
            if hook is not None:
                self.hooks.add(hook)
                self._cell.dispatcher.execute(hook)
        is_over = not self._instances and not self.hooks
        if is_over:
            self._timer.cancel()
        return is_over

    def cut(self) -> None:
        """Cancel what is left, and count on it no longer."""
        instances, self._instances = self._instances, []
        for instance in instances:
            if instance.work is not None:
                self._cell.cancel(instance.work, _CUT)
            with self._cell.lock:
                instance.lose()
        for hook in self.hooks:
            self._cell.dispatcher.interrupt(hook)
            self._cell.dispatcher.abandon(hook)
        self._timer.cancel()


def stop_hook(cell: AgentCell, instance: Instance) -> StopWork | None:
    """Return the call of an instance's `on_stop`; None if there is nothing to call. It is called once."""
    behaviour, instance.behaviour = instance.behaviour, None
    if behaviour is None:
        return None
    if type(behaviour).on_stop is Agent.on_stop:
        instance.lose()
        return None
    work = StopWork(cell, behaviour)
    work.host, work.home = instance.host, instance.home
    return work

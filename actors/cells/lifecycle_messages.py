"""What a cell hands to its lifecycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.agents.hooks import StartWork, StopWork
from actors.agents.instance import Instance

if TYPE_CHECKING:
    from actors.cells.halt import Halt


class LifecycleMessage:
    """The base of the messages that a cell hands to its lifecycle."""


@dataclass(frozen=True, slots=True)
class Start(LifecycleMessage):
    """Make an instance."""

    work: StartWork


@dataclass(frozen=True, slots=True)
class StartBegun(LifecycleMessage):
    """A start may begin, which waits for its turn if it is one of a process: its time counts from now."""

    work: StartWork


@dataclass(frozen=True, slots=True)
class StartAgain(LifecycleMessage):
    """Make an instance that could not be made before, as the machine had too little of something."""

    work: StartWork


@dataclass(frozen=True, slots=True)
class StartEnded(LifecycleMessage):
    """Making an instance ended."""

    work: StartWork
    product: Any
    error: BaseException | None


@dataclass(frozen=True, slots=True)
class StartOverdue(LifecycleMessage):
    """Making an instance has taken too long."""

    work: StartWork


@dataclass(frozen=True, slots=True)
class Renew(LifecycleMessage):
    """Replace an instance whose event loop was replaced."""

    instance: Instance


@dataclass(frozen=True, slots=True)
class TaskCancelled(LifecycleMessage):
    """The task of an idle instance was cancelled; `is_looked_after` says that it was waited whether its loop ends."""

    instance: Instance
    is_looked_after: bool = False


@dataclass(frozen=True, slots=True)
class StopRequested(LifecycleMessage):
    """Stop for good; `reply` is set when it is done."""

    reply: Any
    grace: float | None
    detail: str = "it was stopped"


@dataclass(frozen=True, slots=True)
class HaltGraceOver(LifecycleMessage):
    """What is being stopped together has had its time."""

    halt: Halt


@dataclass(frozen=True, slots=True)
class StopGraceOver(LifecycleMessage):
    """What the agent was doing when it was to stop has had its time."""


@dataclass(frozen=True, slots=True)
class Drained(LifecycleMessage):
    """Something that was running ended while the agent was closed, or on an instance that has been replaced."""


@dataclass(frozen=True, slots=True)
class StopHookEnded(LifecycleMessage):
    """An `on_stop` ended."""

    work: StopWork

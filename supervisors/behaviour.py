"""Behaviours: state machines that live in a cell and react to one message at a time."""

from __future__ import annotations

from random import Random
from typing import Any, Protocol

from supervisors.facts import Fact
from supervisors.trace import TraceRecord


class Timer(Protocol):
    """A message that will be sent to its owner later."""

    def cancel(self) -> None:
        """Never send it; harmless when it was sent already."""


class Context(Protocol):
    """What a behaviour may do while it handles a message. Nothing here blocks."""

    def now(self) -> float:
        """Return the clock's time in seconds."""

    @property
    def random(self) -> Random:
        """The runtime's source of randomness."""

    @property
    def ref(self) -> Any:
        """The address of the behaviour's own cell."""

    def send(self, recipient: Any, message: Any) -> None:
        """Queue a message; it is handled after the one being handled now."""

    def schedule(self, at: float, message: Any) -> Timer:
        """Send a message to the behaviour itself at a moment on the clock, or soon after."""

    @property
    def is_observed(self) -> bool:
        """Whether anybody wants facts; ask before making one."""

    @property
    def is_listened_to(self) -> bool:
        """Whether anybody but the metrics wants facts."""

    def observe(self, fact: Fact) -> None:
        """Report what happened to whoever counts it."""

    def observe_stage(self, workflow: str, run: int, record: TraceRecord) -> None:
        """Report that a node of a workflow ended, as `StageEnded` does, by the shortest way: every step does."""

    def dead_letter(self, reason: str, detail: str) -> None:
        """Count a message that nobody wants."""


class Behaviour(Protocol):
    """What a cell of the control plane hosts."""

    def receive(self, message: Any, context: Any) -> None:
        """Handle one message, without blocking and without running user code."""

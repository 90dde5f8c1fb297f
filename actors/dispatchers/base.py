"""What every dispatcher can do."""

from __future__ import annotations

from typing import Protocol

from actors.dispatchers.work import Work


class Dispatcher(Protocol):
    """A place where user code runs. Nothing here blocks or raises."""

    @property
    def shortage(self) -> str:
        """Why work cannot begin though it may; empty when it can. Any thread."""

    def execute(self, work: Work) -> None:
        """Run it soon, or refuse it by `work.refuse()`. Any thread."""

    def interrupt(self, work: Work) -> None:
        """Ask it to stop. Any thread."""

    def abandon(self, work: Work) -> None:
        """Count on it no longer: put something else where it runs. Inside the control plane."""

    def delayer(self, work: Work) -> str:
        """Name the agent that delays a work; empty when none does."""

    def stop(self, timeout: float) -> None:
        """Run nothing more and end the threads that can be ended. Blocks up to `timeout` seconds."""

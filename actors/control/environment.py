"""What the runtime takes from the machine: time, randomness and threads, through one seam each."""

from __future__ import annotations

import errno
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from supervisors.clock import Clock, SystemClock

if TYPE_CHECKING:
    import asyncio

    from actors.control.delivery import Delivery
    from actors.control.plane import ControlPlane
    from actors.control.telemetry import Telemetry
    from actors.dispatchers.loop import LoopDispatcher
    from actors.dispatchers.pinned import PinnedDispatcher
    from actors.dispatchers.threads import ThreadDispatcher
    from actors.runtime.settings import RuntimeSettings


SHORTAGES: Final = (OSError, MemoryError)
"""What is raised when the machine has no more of something: threads, descriptors, memory."""


def shortage_told_by(error: BaseException) -> str:
    """Return what there was too little of, for people, as one of `SHORTAGES` says it."""
    return getattr(error, "strerror", None) or type(error).__name__


class Threads(Protocol):
    """Where threads come from."""

    def start(self, name: str, target: Callable[[], None]) -> threading.Thread:
        """Run a function on a new thread that does not keep the process alive.

        Raises:
            OSError: If the machine has no more threads.
        """


class DaemonThreads:
    """Ordinary daemon threads: the interpreter exits without waiting for them."""

    def start(self, name: str, target: Callable[[], None]) -> threading.Thread:
        """Run a function on a new daemon thread and return at once.

        Raises:
            OSError: If the machine has no more threads.
        """
        thread = threading.Thread(target=target, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            # Not EAGAIN, which would make it a `BlockingIOError`.
            raise OSError(errno.ENOMEM, f"no thread can be started ({error})") from error
        return thread


class Parts(Protocol):
    """Makes those parts of a runtime in which threads wait for each other otherwise than by the clock."""

    def delivery(self, environment: Environment) -> Delivery:
        """Return what calls callbacks and observers."""

    def threads(self, environment: Environment, settings: RuntimeSettings) -> ThreadDispatcher:
        """Return the dispatcher for plain functions."""

    def pinned(self, pool: ThreadDispatcher, settings: RuntimeSettings) -> PinnedDispatcher:
        """Return the dispatcher for plain agents that keep a thread."""

    def loops(
        self,
        environment: Environment,
        plane: ControlPlane,
        telemetry: Telemetry,
        host_loop: asyncio.AbstractEventLoop | None,
    ) -> LoopDispatcher:
        """Return the dispatcher for async agents."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything nondeterministic that the runtime uses, so that a test kit can put its own here.

    Attributes:
        clock: Where time is read and waited for.
        random: Where jitter and identifiers are drawn from.
        threads: Where threads come from.
        parts: Who makes the parts in which threads wait for each other; None for the stock ones.
    """

    clock: Clock = field(default_factory=SystemClock)
    random: random.Random = field(default_factory=random.Random)
    threads: Threads = field(default_factory=DaemonThreads)
    parts: Parts | None = None

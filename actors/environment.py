"""What the runtime takes from the machine: time, randomness and threads, through one seam each."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from supervisors.clock import Clock, SystemClock


class Threads(Protocol):
    """Where threads come from."""

    def start(self, name: str, target: Callable[[], None]) -> threading.Thread:
        """Run a function on a new thread that does not keep the process alive."""


class DaemonThreads:
    """Ordinary daemon threads: the interpreter exits without waiting for them."""

    def start(self, name: str, target: Callable[[], None]) -> threading.Thread:
        """Run a function on a new daemon thread and return at once."""
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        return thread


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything nondeterministic that the runtime uses, so that a test kit can put its own here.

    Attributes:
        clock: Where time is read and waited for.
        random: Where jitter and identifiers are drawn from.
        threads: Where threads come from.
    """

    clock: Clock = field(default_factory=SystemClock)
    random: random.Random = field(default_factory=random.Random)
    threads: Threads = field(default_factory=DaemonThreads)

"""What is there that could have been left behind."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.torture.agents import BLOCK

DESCRIPTORS = Path("/proc/self/fd")
PROCESSES = Path("/proc")
LEAVING = 40 * BLOCK
"""Seconds within which what was abandoned has ended by itself."""

PAUSE = 0.02


@dataclass(frozen=True)
class Left:
    """Threads by name, descriptors, child processes and objects of ours by type."""

    threads: tuple[str, ...]
    descriptors: int
    processes: int
    objects: Counter[str]

    def beyond(self, other: Left) -> str:
        """Say what is here and not there; empty if nothing is."""
        more = [f"thread {name}" for name in self.threads if name not in other.threads]
        if self.descriptors > other.descriptors:
            more.append(f"{self.descriptors - other.descriptors} descriptors")
        if self.processes > other.processes:
            more.append(f"{self.processes - other.processes} processes")
        more += [f"{count} {name}" for name, count in (self.objects - other.objects).items()]
        return ", ".join(more)


def left() -> Left:
    """Count."""
    gc.collect()
    kinds = (type(each) for each in gc.get_objects())
    objects = Counter(f"{kind.__module__}.{kind.__qualname__}" for kind in kinds if _is_ours(kind))
    threads = sorted(thread.name for thread in threading.enumerate())
    return Left(tuple(threads), len(list(DESCRIPTORS.iterdir())), len(_children()), objects)


def settled(baseline: Left) -> str:
    """Wait until nothing is left beyond a baseline; say what is if it does not go."""
    ends = time.monotonic() + LEAVING
    while (more := left().beyond(baseline)) and time.monotonic() < ends:
        time.sleep(PAUSE)  # the agent: what was abandoned has its time to end
    return more


def _is_ours(kind: type) -> bool:
    package, _, rest = str(kind.__module__).partition(".")
    return package in {"actors", "supervisors"} and bool(rest)


def _children() -> list[str]:
    states = {process.name: _read(process / "stat") for process in PROCESSES.iterdir() if process.name.isdecimal()}
    return [number for number, state in states.items() if _parent_of(state) == os.getpid()]


def _parent_of(state: str) -> int:
    """Return the number of the parent, which is the second field behind the name in parentheses."""
    fields = state.rpartition(")")[2].split()
    return int(fields[1]) if fields else 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # the process ended just now
        return ""

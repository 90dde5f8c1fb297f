"""The matchers of this process, as the system sees them."""

from __future__ import annotations

import os
import time
from pathlib import Path

PATIENCE = 10.0
"""Seconds after which a test gives up waiting for what has to happen. Waiting longer never helps."""


def matcher_pids(parent: int | None = None) -> set[int]:
    """Return the processes, zombies included, that were started to search for patterns."""
    wanted = parent or os.getpid()
    return {int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit() and _is_matcher(each, wanted)}


def is_running(pid: int) -> bool:
    """Say whether a process runs; a zombie does not."""
    return _state(pid) not in ("", "Z")


def await_end(pid: int) -> bool:
    """Say whether a process ends; asked for as long as there is patience."""
    ends = time.monotonic() + PATIENCE
    while is_running(pid) and time.monotonic() < ends:
        time.sleep(0.005)
    return not is_running(pid)


def open_files() -> int:
    """Count the files that this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def signals(pid: int, kind: str) -> set[int]:
    """Return which signals a process blocks (`SigBlk`), ignores (`SigIgn`) or catches (`SigCgt`)."""
    mask = int(_status(pid)[kind], 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


def _is_matcher(process: Path, parent: int) -> bool:
    try:
        status = _status(process.name)
        command = (process / "cmdline").read_bytes()
    except OSError:  # it ended meanwhile
        return False
    is_zombie = status["State"].startswith("Z")
    return int(status["PPid"]) == parent and (is_zombie or b"actors/matcher.py" in command)


def _state(pid: int) -> str:
    try:
        return _status(pid)["State"][0]
    except OSError:
        return ""


def _status(pid: int | str) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

"""The matchers of this process, as the system sees them."""

from __future__ import annotations

import os
import select
from pathlib import Path

from tests import limits

PATIENCE = limits.PATIENCE
"""Seconds after which a test gives up waiting for what has to happen. Waiting longer never helps."""


def matcher_pids(parent: int | None = None) -> set[int]:
    """Return the processes, zombies included, that were started to search for patterns."""
    wanted = parent or os.getpid()
    return {int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit() and _is_matcher(each, wanted)}


def is_running(pid: int) -> bool:
    """Say whether a process runs; a zombie does not."""
    return _state(pid) not in ("", "Z")


def await_end(pid: int, seconds: float = PATIENCE) -> bool:
    """Wait until a process ends, for some seconds at most; say whether it did."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:  # it has ended and been forgotten
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])  # readable once it has ended
    finally:
        os.close(handle)


def computing_time(pid: int) -> float:
    """Return how many seconds of the processor's time a process has used; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")


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
    return int(status["PPid"]) == parent and (is_zombie or b"actors/processes/matcher.py" in command)


def _state(pid: int) -> str:
    try:
        return _status(pid)["State"][0]
    except OSError:
        return ""


def _status(pid: int | str) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

"""How long each stage took, read from the trace of a run."""

from __future__ import annotations

from collections.abc import Iterator

from supervisors import TraceRecord

_NAME_WIDTH = 24
_MS_PER_SECOND = 1000


def latencies(trace: TraceRecord) -> str:
    """Return a table of all that was executed: name, milliseconds, outcome; children indented."""
    return "\n".join(_lines(trace, depth=0))


def _lines(record: TraceRecord, depth: int) -> Iterator[str]:
    name = f"{'  ' * depth}{record.path.rpartition('/')[2]}"
    yield f"{name:<{_NAME_WIDTH}} {record.duration * _MS_PER_SECOND:>9.1f} ms  {record.outcome}"
    for child in record.children:
        yield from _lines(child, depth + 1)

"""The trace: a tree of records of what was executed and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from supervisors.outcome import Outcome

_NO_METADATA: Mapping[str, Any] = {}


@dataclass(slots=True)
class TraceRecord:
    """What became of one node of a workflow. Read it, never change it: it is shared.

    Attributes:
        path: The node's declared path, for example `report/gather/search`; with the index where a `Map` had it done
            for an item, `map/fetch[37]`. Of a branch that fell back, `search[node]` is what failed before its
            `search/fallback`, and both are below it.
        pattern: The node's kind: `agent`, `sequential`, `parallel` and so on.
        outcome: How it ended.
        started: Seconds from the start of the run to the start of this node.
        duration: Seconds from its start to its end, queueing, retries and back-off included.
        attempts: How often it was tried; 0 when it was never started.
        iterations: How many iterations a loop made; 0 for anything else.
        queue_wait: Seconds its last attempt waited before its agent began.
        run_time: Seconds the agent of its last attempt ran.
        delayed_by: The agent that blocked the event loop this one was running on, if any did.
        metadata: What the agent said about its result, as plain data.
        children: The records of what was executed below it; branches in declared order.
        dropped: How many further records below it were not kept.
        agent: The name of the agent that did it; empty for patterns.
        has_begun: Whether that agent began its last attempt.
    """

    path: str
    pattern: str
    outcome: Outcome
    started: float
    duration: float
    attempts: int
    iterations: int
    queue_wait: float
    run_time: float
    delayed_by: str = ""
    metadata: Mapping[str, Any] = field(default_factory=lambda: _NO_METADATA)
    children: tuple[TraceRecord, ...] = ()
    dropped: int = 0
    agent: str = ""
    has_begun: bool = False

    def walk(self) -> Iterator[TraceRecord]:
        """Yield this record and all below it, parents first, in the order of execution."""
        pending = [self]
        while pending:
            record = pending.pop()
            yield record
            pending.extend(reversed(record.children))

    def __str__(self) -> str:
        lines: list[str] = []
        pending = [(self, 0)]
        while pending:
            record, depth = pending.pop()
            lines.append(f"{'  ' * depth}{record.path} [{record.pattern}] {record.duration:.3f} s {record.outcome}")
            pending.extend((child, depth + 1) for child in reversed(record.children))
        return "\n".join(lines)

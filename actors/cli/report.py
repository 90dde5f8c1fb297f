"""The report: how a run ended, for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from actors.cli.document import plain_values
from actors.cli.ending import Ending
from actors.cli.progress import INDENT, one_line
from actors.cli.terminal import say, tell
from actors.orchestrators.base import BranchReport
from supervisors.excerpt import shown
from supervisors.trace import TraceRecord

_SHOWN = 20
_NUMBERS = f"{'total':>10} {'waited':>10} {'ran':>10} {'tries':>6}"


def show(ending: Ending) -> None:
    """Write the state of a run that ended ok to standard output, and everything else to standard error."""
    if ending.trace is not None:
        tell(latencies(ending.trace))
    if ending.outcome.ok:
        say(pretty(ending.state))
        return
    failure = ending.outcome.failure
    if failure is not None and failure.traceback:
        tell(f"\n{failure.traceback.rstrip()}")
    tell(f"\npartial state: {pretty(ending.state)}")
    _tell_branches(ending.branches)


def _tell_branches(branches: Mapping[str, BranchReport]) -> None:
    """Write what became of the branches; those that did not end ok come first, if not all can be shown."""
    in_order = (
        sorted(branches.items(), key=lambda item: item[1].outcome.ok) if len(branches) > _SHOWN else branches.items()
    )
    for path, report in islice(in_order, _SHOWN):
        tell(f"branch {shown(path)}: {one_line(report.outcome)}\n{INDENT}changed: {pretty(report.delta, indent=None)}")
    if len(branches) > _SHOWN:
        tell(f"({len(branches) - _SHOWN} more branches)")


def tell_verdict(ending: Ending) -> None:
    """Write to standard error what a user has to know of a run that did not go smoothly; nothing of others."""
    if not ending.outcome.ok:
        tell(f"error: workflow {ending.workflow!r} {one_line(ending.outcome)}")
    for agent, count in ending.abandoned_work.items():
        tell(f"abandoned: agent {agent!r} still runs {count} {'call' if count == 1 else 'calls'} that would not stop")


def pretty(values: Mapping[str, Any], indent: int | None = 2) -> str:
    """Return a state, or what is like one, as JSON text that is read by people."""
    return json.dumps(plain_values(values), indent=indent, ensure_ascii=False)


def latencies(trace: TraceRecord) -> str:
    """Return a table of all that was executed, in seconds."""
    rows = [("stage", _NUMBERS, "outcome"), *_rows(trace, depth=0)]
    width = max(len(stage) for stage, _, _ in rows)
    return "\n".join(f"{stage:<{width}} {numbers}  {outcome}" for stage, numbers, outcome in rows)


def _rows(record: TraceRecord, depth: int) -> Iterator[tuple[str, str, str]]:
    # What an orchestrator waited and ran says nothing: that is its children's.
    own = (record.queue_wait, record.run_time) if record.pattern == "agent" else (None, None)
    waited, ran = ("" if seconds is None else f"{seconds:.3f}" for seconds in own)
    numbers = f"{record.duration:>10.3f} {waited:>10} {ran:>10} {record.attempts:>6}"
    outcome = record.outcome
    yield f"{INDENT * depth}{shown(record.path.rpartition('/')[2])}", numbers, f"{outcome.kind} ({outcome.reason})"
    for child in record.children:
        yield from _rows(child, depth + 1)
    if record.dropped:
        yield f"{INDENT * (depth + 1)}({record.dropped} more)", " " * len(_NUMBERS), ""

"""The document: all that is known of an ended run, as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from actors.cli.ending import Ending
from actors.cli.plain import plain
from supervisors.outcome import Outcome
from supervisors.trace import TraceRecord


def document(ending: Ending) -> str:
    """Return the JSON text for an ended run, on one line."""
    return json.dumps(
        {
            "workflow": ending.workflow,
            "outcome": _outcome(ending.outcome),
            "duration": ending.duration,
            "state": plain_values(ending.state),
            "meta": plain_values(ending.state.meta),
            "branches": {
                path: {"outcome": _outcome(report.outcome), "delta": plain_values(report.delta)}
                for path, report in ending.branches.items()
            },
            "trace": None if ending.trace is None else _record(ending.trace),
            "abandoned_work": dict(ending.abandoned_work),
            "interrupted_by": None if ending.interruption is None else ending.interruption.name,
        }
    )


def plain_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state, or what is like one, as JSON has it."""
    return {key: plain(value) for key, value in values.items()}


def _outcome(outcome: Outcome) -> dict[str, Any]:
    failure = outcome.failure
    return {
        "kind": outcome.kind.value,
        "reason": outcome.reason.value,
        "detail": outcome.detail,
        "budget": outcome.budget,
        "culprit": outcome.culprit,
        "failure": failure and {"types": list(failure.types), "text": failure.text, "traceback": failure.traceback},
    }


def _record(record: TraceRecord) -> dict[str, Any]:
    return {
        "path": record.path,
        "pattern": record.pattern,
        "outcome": _outcome(record.outcome),
        "started": record.started,
        "duration": record.duration,
        "attempts": record.attempts,
        "iterations": record.iterations,
        "queue_wait": record.queue_wait,
        "run_time": record.run_time,
        "delayed_by": record.delayed_by,
        "metadata": plain_values(record.metadata),
        "children": [_record(child) for child in record.children],
        "dropped": record.dropped,
    }

"""What runs in virtual time are asked for, and take."""

from __future__ import annotations

import pytest

from actors import Run
from actors.testing import Scripted, ScriptedThread
from supervisors import TraceRecord

HOUR = 3600.0

both_kinds = pytest.mark.parametrize("scripted", [Scripted, ScriptedThread])


def trace_of(run: Run) -> TraceRecord:
    error = run.exception()
    trace = error.trace if error is not None else run.result().trace
    assert trace is not None
    return trace


def record_of(run: Run, path: str) -> TraceRecord:
    return next(record for record in trace_of(run).walk() if record.path == path)

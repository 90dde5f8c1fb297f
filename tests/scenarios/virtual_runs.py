"""What runs in virtual time are asked for, and take."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors import Run
from actors.testing import Probe, Scripted, ScriptedThread, VirtualRuntime
from supervisors import TraceRecord

HOUR = 3600.0

both_kinds = pytest.mark.parametrize("scripted", [Scripted, ScriptedThread])


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture(params=range(5))
def runtime(request: pytest.FixtureRequest, probe: Probe) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(seed=request.param, observers=[probe]) as runtime:
        yield runtime


def trace_of(run: Run) -> TraceRecord:
    error = run.exception()
    trace = error.trace if error is not None else run.result().trace
    assert trace is not None
    return trace


def record_of(run: Run, path: str) -> TraceRecord:
    return next(record for record in trace_of(run).walk() if record.path == path)

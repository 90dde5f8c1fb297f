"""How workflows end that tests of the patterns run."""

from __future__ import annotations

from typing import Any

from actors import RunResult, Runtime, WorkflowFailedError
from tests import limits

PATIENCE = limits.PATIENCE


def run(runtime: Runtime, workflow: Any, state: Any = None, event: Any = None) -> RunResult:
    return runtime.submit(workflow, event, state).result(PATIENCE)


def failure_of(runtime: Runtime, workflow: Any, state: Any = None) -> WorkflowFailedError:
    error = runtime.submit(workflow, state=state).exception(PATIENCE)
    assert error is not None
    return error

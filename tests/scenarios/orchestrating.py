"""Agents that orchestrate, for scenarios: what they run, and what is asked of a runtime afterwards."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from actors import (
    AgentContext,
    Event,
    Run,
    Runtime,
    State,
    WorkflowFailedError,
)
from supervisors.trace import TraceRecord

SHORT = 0.1
"""Seconds of a deadline that is to be reached; where it matters what has happened until then, time is virtual."""

Orchestrate = Callable[[Event, State, AgentContext], Any]


def counts(event: Event, state: State) -> None:
    state["n"] = state.get("n", 0) + 1


async def counts_on_loop(event: Event, state: State) -> None:
    state["n"] = state.get("n", 0) + 1


def fails(event: Event, state: State) -> None:
    raise ValueError("no")


class Hanging:
    """An agent that says when it began, and when it was cancelled."""

    def __init__(self) -> None:
        self.began, self.ended = threading.Event(), threading.Event()

    async def hang(self, event: Event, state: State) -> None:
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()


def awaiting(workflow: Any, **options: Any) -> Orchestrate:
    """Return an async agent that runs a workflow and takes over its state."""

    async def orchestrate(event: Event, state: State, context: AgentContext) -> None:
        result = await context.run(workflow, event, state, **options)
        state.update(result.state)

    return orchestrate


def blocking(workflow: Any, **options: Any) -> Orchestrate:
    """Return a plain agent that does the same."""

    def orchestrate(event: Event, state: State, context: AgentContext) -> None:
        state.update(context.run(workflow, event, state, **options).state)

    return orchestrate


BOTH = pytest.mark.parametrize("orchestrating", [awaiting, blocking])


def tree(record: TraceRecord) -> Any:
    return (record.path, str(record.outcome.reason), [tree(child) for child in record.children])


def failure_of(run: Run) -> WorkflowFailedError:
    error = run.exception()
    assert error is not None
    return error


def trace_of(error: WorkflowFailedError) -> TraceRecord:
    assert error.trace is not None
    return error.trace


def nothing_is_left(runtime: Runtime) -> bool:
    system = runtime._system
    left = (system.offspring, system.broods, system.child_runs.keepers)
    return not any(left) and system.control_cells == {system.agent_supervisor}

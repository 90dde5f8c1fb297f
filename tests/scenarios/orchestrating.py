"""Agents that orchestrate, for scenarios: what they run, and what is asked of a runtime afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
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
from actors.testing import VirtualRuntime
from supervisors.trace import TraceRecord
from tests.scenarios.virtual_runs import HOUR
from tests.scenarios.watching import Watcher

SHORT = 1.0
"""Virtual seconds of a deadline that is to be reached."""

Orchestrate = Callable[[Event, State, AgentContext], Any]


def counts(event: Event, state: State) -> None:
    state["n"] = state.get("n", 0) + 1


async def counts_on_loop(event: Event, state: State) -> None:
    state["n"] = state.get("n", 0) + 1


def fails(event: Event, state: State) -> None:
    raise ValueError("no")


class Hanging:
    """An agent that keeps whether it began, and whether it was cancelled."""

    def __init__(self) -> None:
        self.has_begun = self.has_ended = False

    async def hang(self, event: Event, state: State) -> None:
        self.has_begun = True
        try:
            await asyncio.Event().wait()
        finally:
            self.has_ended = True


@pytest.fixture(params=range(5), ids="seed {}".format)
def runtime(request: pytest.FixtureRequest, watcher: Watcher) -> Iterator[VirtualRuntime]:
    """A runtime in virtual time: its deadlines come when nothing else is left to happen."""
    with VirtualRuntime(seed=request.param, observers=[watcher], abandon_after=1.0, grace=2 * HOUR) as runtime:
        yield runtime


@pytest.fixture
def hanging(runtime: VirtualRuntime) -> Hanging:
    """An agent "hangs" of that runtime, with "counts" and "fails" beside it."""
    hanging = Hanging()
    runtime.spawn("hangs", hanging.hang)
    runtime.spawn("counts", counts)
    runtime.spawn("fails", fails)
    return hanging


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
    return not any((system.offspring, system.broods, system.child_runs.keepers, system.orchestrators))

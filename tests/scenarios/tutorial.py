"""What the tutorial's systems share: agents that add, fail or hang."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from actors import Event, Runtime, State, WorkflowFailedError
from tests.scenarios.watching import PATIENCE

SHORT = 0.25
"""Seconds that are too short for what is stuck, and ample for whatever has to be done before."""

Agent = Callable[[Event, State], Any]


async def stuck(event: Event, state: State) -> None:
    await asyncio.sleep(PATIENCE)  # whoever waits for it has a timeout


def broken(event: Event, state: State) -> None:
    raise ConnectionError("the service is down")


def adding(key: str, *items: str) -> Agent:
    def add(event: Event, state: State) -> None:
        state[key] = [*state.get(key, []), *items]

    return add


def failure_of(runtime: Runtime, workflow: Any, data: Mapping[str, Any]) -> WorkflowFailedError:
    error = runtime.submit(workflow, data).exception(PATIENCE)
    assert error is not None
    return error

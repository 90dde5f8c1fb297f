"""Agents that ask others, for scenarios: by each way in which they can wait for the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors import (
    AgentContext,
    Event,
    Runtime,
    Sequential,
    State,
)
from tests.scenarios.orchestrating import runtime

__all__ = ["runtime"]  # a fixture

PLAIN = Event(data={})
Ask = Callable[[Runtime, str], Any]


def awaiting(where: Runtime, other: str) -> Any:
    """Return an async agent that asks another, if its event says so."""

    async def asks(event: Event, state: State) -> None:
        if event.data.get("asks"):
            await where.agent(other).ask(event, block=False)

    return asks


def getting(where: Runtime, other: str) -> Any:
    """Return a plain agent that does the same by way of the future."""

    def asks(event: Event, state: State) -> None:
        if event.data.get("asks"):
            where.agent(other).ask(event, block=False).get()

    return asks


def blocking(where: Runtime, other: str) -> Any:
    """Return a plain agent that does the same and blocks at once."""

    def asks(event: Event, state: State) -> None:
        if event.data.get("asks"):
            where.agent(other).ask(event, block=True)

    return asks


def on_a_thread_of_its_own(where: Runtime, other: str) -> Any:
    """Return an async agent that has a thread ask, which takes its context variables along."""

    async def asks(event: Event, state: State) -> None:
        if event.data.get("asks"):
            await asyncio.to_thread(where.agent(other).ask, event)

    return asks


EACH_WAY = pytest.mark.parametrize("asking", [awaiting, getting, blocking])


def starting(where: Runtime, other: str) -> Any:
    """Return an async agent that has a workflow run by another, if its event says so."""

    async def runs(event: Event, state: State, context: AgentContext) -> None:
        if event.data.get("asks"):
            await context.run(Sequential(other), event)

    return runs


def answers(event: Event, state: State) -> None:
    """Answer, with nothing."""

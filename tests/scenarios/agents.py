"""The agents that generated workflows name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from actors import AgentContext, Event, Runtime, State

AGENT_TIMEOUT = 0.01


async def add(event: Event, state: State) -> None:
    await asyncio.sleep(0)
    state["n"] = state.get("n", 0) + 1


def log(event: Event, state: State) -> None:
    state["log"] = [*state.get("log", []), event.target]


async def finish(event: Event, state: State) -> dict[str, bool]:
    return {"loop_complete": True}


def drop(event: Event, state: State) -> None:
    state.pop("n", None)


async def idle(event: Event, state: State) -> None:
    await asyncio.sleep(0.001)


def fail(event: Event, state: State) -> None:
    state["n"] = -1  # never seen by anybody
    raise ValueError("as it was told to")


async def flaky(event: Event, state: State, context: AgentContext) -> None:
    if context.attempt == 1:
        raise ConnectionError("the first time")
    state["n"] = state.get("n", 0) + 10


async def late(event: Event, state: State) -> None:
    await asyncio.sleep(3600)


def constant(event: Event, state: State) -> dict[str, str]:
    return {event.target: "kept"}


async def take(event: Event, state: State) -> None:
    state["taken"] = state.get("item", "nothing")


AGENTS: Mapping[str, Callable[..., Any]] = {
    "add": add,
    "log-a": log,
    "log-b": log,
    "finish": finish,
    "drop": drop,
    "idle": idle,
    "fail": fail,
    "flaky": flaky,
    "late": late,
    "take": take,
    "constant-a": constant,
    "constant-b": constant,
}


def spawn_agents(runtime: Runtime) -> None:
    """Spawn what the workflows name."""
    for name, agent in AGENTS.items():
        runtime.spawn(name, agent, timeout=AGENT_TIMEOUT if agent is late else None)

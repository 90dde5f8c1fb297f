"""The agents that generated workflows name. Each takes its time, which is virtual."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from actors import AgentContext, Event, Runtime, State
from actors.testing import sleep

UNIT = 2.0**-10
"""Seconds that all times are multiples of, or binary fractions: sums of them are exact."""

AGENT_TIMEOUT = 16 * UNIT
"""After which the agent that is always late is given up."""

TAKES: Mapping[str, int] = {
    "add": 1,
    "log-a": 2,
    "log-b": 3,
    "finish": 4,
    "drop": 5,
    "idle": 6,
    "fail": 7,
    "flaky": 9,
    "take": 10,
    "constant-a": 0,
    "constant-b": 0,
}
"""How many units each agent takes. What a cache may keep takes none, so that nobody waits for it."""


def seconds(name: str, state: Mapping[str, Any]) -> float:
    """Return how long an agent takes; for a later item of a map a little longer."""
    return (TAKES[name] + state.get("item", 0) / 16) * UNIT if TAKES[name] else 0.0


async def add(event: Event, state: State) -> None:
    await asyncio.sleep(seconds("add", state))  # the agent: works
    state["n"] = state.get("n", 0) + 1


def log(event: Event, state: State) -> None:
    sleep(seconds(event.target, state))
    state["log"] = [*state.get("log", []), event.target]


async def finish(event: Event, state: State) -> dict[str, bool]:
    await asyncio.sleep(seconds("finish", state))  # the agent: works
    return {"loop_complete": True}


def drop(event: Event, state: State) -> None:
    sleep(seconds("drop", state))
    state.pop("n", None)


async def idle(event: Event, state: State) -> None:
    await asyncio.sleep(seconds("idle", state))  # the agent: works


def fail(event: Event, state: State) -> None:
    sleep(seconds("fail", state))
    state["n"] = -1  # never seen by anybody
    raise ValueError("as it was told to")


async def flaky(event: Event, state: State, context: AgentContext) -> None:
    await asyncio.sleep(seconds("flaky", state))  # the agent: works
    if context.attempt == 1:
        raise ConnectionError("the first time")
    state["n"] = state.get("n", 0) + 10


async def late(event: Event, state: State) -> None:
    await asyncio.Event().wait()


def constant(event: Event, state: State) -> dict[str, str]:
    return {event.target: "kept"}


async def take(event: Event, state: State) -> None:
    await asyncio.sleep(seconds("take", state))  # the agent: works
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

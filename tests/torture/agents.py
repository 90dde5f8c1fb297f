"""The agents of the torture: sound ones add 1 and prove whose run they work for, the others misbehave on purpose."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
import time
from collections.abc import Mapping
from typing import Any

from actors import Agent, AgentContext, AgentResult, Event, Runtime, State
from actors.agents.mailbox import MailboxPolicy
from supervisors import Backoff, Restart

BLOCK = 0.15
"""Seconds for which an agent blocks its event loop or its thread: longer than it is waited for."""

NAP = 0.002
"""The longest that a sound agent takes, in seconds, before the machine takes its share."""

OFTEN = Restart(max_restarts=1_000_000, within=1.0, backoff=Backoff(initial=0.0))
NARROW = MailboxPolicy(capacity=2)


class MixedUpError(Exception):
    """An agent was given the event of one run and the state of another."""


def prove(event: Event, state: State) -> None:
    """Refuse a state that is not the event's run's.

    Raises:
        MixedUpError: If it is another's.
    """
    if event.data["run"] != state["run"]:
        raise MixedUpError(f"event of {event.data['run']!r} with state of {state['run']!r}")


def add(event: Event, state: State) -> dict[str, int]:
    prove(event, state)
    if random.random() < 0.1:
        time.sleep(random.random() * NAP)  # the agent: works
    prove(event, state)
    return {"sum": state["sum"] + 1}


async def add_async(event: Event, state: State) -> None:
    prove(event, state)
    await asyncio.sleep(random.choice((0, 0, 0, random.random() * NAP)))  # the agent: works
    prove(event, state)
    state["sum"] += 1


class Adder(Agent):
    """Adds 1, on one thread at a time."""

    def on_start(self) -> None:
        self._guard = threading.Lock()

    def run(self, event: Event, state: State) -> AgentResult:
        if not self._guard.acquire(blocking=False):
            raise MixedUpError("two events at a time in one instance")
        try:
            return AgentResult(state=add(event, state), metadata={"run": event.data["run"]})
        finally:
            self._guard.release()


class AsyncAdder(Agent):
    """Adds 1, in one task at a time."""

    async def on_start(self) -> None:
        self._is_busy = False
        await asyncio.sleep(0)

    async def run(self, event: Event, state: State) -> None:
        if self._is_busy:
            raise MixedUpError("two events at a time in one instance")
        self._is_busy = True
        try:
            await add_async(event, state)
        finally:
            self._is_busy = False


async def parent(event: Event, state: State, context: AgentContext) -> dict[str, int]:
    """Add what a run of its own adds."""
    prove(event, state)
    result = await context.run("add-async", dict(event.data), {"run": event.data["run"], "sum": state["sum"]})
    return {"sum": result.state["sum"]}


def plain_parent(event: Event, state: State, context: AgentContext) -> dict[str, int]:
    prove(event, state)
    result = context.run("add", dict(event.data), {"run": event.data["run"], "sum": state["sum"]})
    return {"sum": result.state["sum"]}


def square(event: Event, state: State) -> dict[str, int]:
    prove(event, state)
    return {"square": state["item"] ** 2}


async def bucket(event: Event, state: State) -> dict[str, int]:
    """Answer what depends on the bucket alone, for a cache."""
    prove(event, state)
    await asyncio.sleep(0)
    return {"of_bucket": event.data["bucket"] * 7}


def flaky(event: Event, state: State, context: AgentContext) -> dict[str, int]:
    prove(event, state)
    if context.attempt == 1:
        raise ConnectionError("the first time")
    return {"sum": state["sum"] + 1}


async def fail(event: Event, state: State) -> None:
    state["sum"] = -1_000_000  # seen by nobody
    raise ValueError("as it was told to")


async def hang(event: Event, state: State) -> None:
    state["sum"] = -1_000_000  # seen by nobody
    await asyncio.Event().wait()


async def stubborn(event: Event, state: State) -> dict[str, int]:
    """Swallow the cancellation and answer all the same, too late."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.sleep(0)
    return {"sum": -1_000_000}


async def block_loop(event: Event, state: State) -> dict[str, int]:
    time.sleep(BLOCK)  # the agent: blocks its loop
    return {"sum": -1_000_000}


def block_thread(event: Event, state: State) -> dict[str, int]:
    time.sleep(BLOCK)  # the agent: blocks its thread
    return {"sum": -1_000_000}


class Victim(Agent):
    """Crashes when it is told to, also in its hooks."""

    _made = itertools.count(1)

    def on_start(self) -> None:
        if next(self._made) % 11 == 0:
            raise OSError("this start fails")

    def run(self, event: Event, state: State) -> dict[str, int]:
        prove(event, state)
        if event.data.get("crash"):
            raise SystemExit("as it was told to")
        return {"sum": state["sum"] + 1}

    def on_stop(self) -> None:
        if next(self._made) % 7 == 0:
            raise OSError("this stop fails")


class AsyncVictim(Agent):
    """Crashes when it is told to, on an event loop."""

    async def run(self, event: Event, state: State) -> dict[str, int]:
        prove(event, state)
        await asyncio.sleep(0)
        if event.data.get("crash"):
            raise SystemExit("as it was told to")
        return {"sum": state["sum"] + 1}


class Counter(Agent):
    """Counts what it handles, through a narrow mailbox."""

    def __init__(self, handled: list[int]) -> None:
        self._handled = handled

    def run(self, event: Event, state: State) -> None:
        self._handled.append(event.data["number"])


SOUND: Mapping[str, tuple[Any, dict[str, Any]]] = {
    "add": (add, {}),
    "add-async": (add_async, {}),
    "add-class": (Adder, {"concurrency": 2}),
    "add-class-async": (AsyncAdder, {"concurrency": 3}),
    "add-breaker": (add_async, {"concurrency": 8}),
    "parent": (parent, {}),
    "plain-parent": (plain_parent, {}),
}
"""What adds 1 and always ends ok."""

OTHERS: Mapping[str, tuple[Any, dict[str, Any]]] = {
    "square": (square, {}),
    "bucket": (bucket, {}),
    "flaky": (flaky, {}),
    "fail": (fail, {}),
    "hang": (hang, {}),
    "stubborn": (stubborn, {}),
    "block-loop": (block_loop, {}),
    "block-thread": (block_thread, {}),
    "victim": (Victim, {"restart": OFTEN}),
    "victim-async": (AsyncVictim, {"restart": OFTEN, "concurrency": 2}),
}
IN_PROCESS = "add-process"


def spawn_all(runtime: Runtime, *, with_process: bool) -> None:
    """Spawn what the workflows of the torture name."""
    for name, (agent, options) in {**SOUND, **OTHERS}.items():
        if name not in runtime.agents:
            runtime.spawn(name, agent, **options)
    if with_process:
        runtime.spawn(IN_PROCESS, add, dispatcher="process")

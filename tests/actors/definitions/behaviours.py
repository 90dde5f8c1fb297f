"""Agents and callables that files of the tests name, each of which shows whether a setting is read."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

from actors import Agent, AgentContext, Event, State

LINGERING = 1.0
"""Virtual seconds that some agents take."""

BRIEF = 0.5
"""A timeout that is over long before they are."""

computed: list[str] = []
"""What was computed since the test began."""


def set_a(event: Event, state: State) -> None:
    state["a"] = 1


def set_b(event: Event, state: State) -> None:
    state["b"] = 1


def write_a(event: Event, state: State) -> None:
    state["k"] = ["a"]


def write_b(event: Event, state: State) -> None:
    state["k"] = ["b"]


def count(event: Event, state: State) -> None:
    state["n"] = state.get("n", 0) + 1


def fail(event: Event, state: State) -> None:
    raise ValueError("on purpose")


def fail_twice(event: Event, state: State, context: AgentContext) -> None:
    if context.attempt <= 2:
        raise ValueError("on purpose")
    state["attempt"] = context.attempt


def fail_for_bad(event: Event, state: State) -> None:
    if state["item"] == "bad":
        raise ValueError("on purpose")


async def linger(event: Event, state: State) -> None:
    await asyncio.sleep(LINGERING)  # the agent: takes virtual time
    state["lingered"] = True


async def linger_for_slow(event: Event, state: State) -> None:
    if state["item"] == "bad":
        raise ValueError("on purpose")
    await asyncio.sleep(LINGERING)  # the agent: takes virtual time


async def linger_at_first(event: Event, state: State, context: AgentContext) -> None:
    if context.attempt == 1:
        await asyncio.sleep(LINGERING)  # the agent: takes virtual time


async def overlap(event: Event, state: State) -> None:
    computed.append("begin")
    await asyncio.sleep(LINGERING)  # the agent: takes virtual time
    computed.append("end")


def compute(event: Event, state: State) -> Mapping[str, Any]:
    computed.append("made")
    return {"made": True}


def compute_other(event: Event, state: State) -> Mapping[str, Any]:
    computed.append("other")
    return {"made": True}


def topic_a(event: Event, state: State) -> None:
    state["topic"] = "a"


def topic_b(event: Event, state: State) -> None:
    state["topic"] = "b"


def show_item(event: Event, state: State) -> None:
    state["seen"] = state.get("item", "nothing")


def show_thread(event: Event, state: State) -> None:
    state["thread"] = threading.current_thread().name.split("-")[1]


class Overlap(Agent):
    """Has a state to protect, so that one event is handled at a time unless more is asked for."""

    async def run(self, event: Event, state: State) -> None:
        await overlap(event, state)


class Crash(Agent):
    """Crashes in the first two steps of a sequence, and works in the others."""

    def run(self, event: Event, state: State) -> None:
        if event.metadata["step"] <= 2:
            raise SystemExit
        state["worked"] = True


class CrashAtOdd(Agent):
    """Crashes in every other step of a sequence, beginning with the first."""

    def run(self, event: Event, state: State) -> None:
        if event.metadata["step"] % 2:
            raise SystemExit
        state["worked"] = True


class Remember(Agent):
    """Fails in its first step, and tells in others whether it is the same instance."""

    def on_start(self) -> None:
        self.failures = 0

    def run(self, event: Event, state: State) -> None:
        if event.metadata["step"] == 1:
            self.failures += 1
            raise ValueError("on purpose")
        state["failures"] = self.failures


def is_counted(state: State) -> bool:
    return "n" in state


def has_topic(event: Event, state: State) -> bool:
    return "topic" in event.data


def first_branch(state: State, branches: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"k": next(iter(branches))}


def joined(value: Any, written: Any) -> Any:
    return [*value, "and", *written]


def made_key(state: State) -> str:
    return "the same"


class Holder:
    """Holds what cannot be named as a function."""

    @staticmethod
    def within(state: State) -> bool:
        return True


A_NUMBER = 5
A_LAMBDA = lambda state: True  # noqa: E731  # what its name is not

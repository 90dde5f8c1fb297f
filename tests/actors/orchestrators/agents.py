"""Agents that tests of single patterns run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors import Event, State


def double(event: Event, state: State) -> None:
    state["doubled"] = 2 * state["item"]


def idle(event: Event, state: State) -> None:
    """Change nothing."""


def odd(event: Event, state: State) -> dict[str, Any]:
    state["tried"] = state["item"]
    if state["item"] % 2 == 0:
        raise ValueError(f"{state['item']} is even")
    return {"odd": True}


def count(calls: list[str]) -> Callable[[Event, State], None]:
    def work(event: Event, state: State) -> None:
        calls.append("work")
        state["answer"] = len(calls)

    return work

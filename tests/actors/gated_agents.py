"""Agents in a runtime that a test watches: one that counts, and one that waits at a gate."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pykka
import pytest

from actors import Agent, AgentResult, Event, Runtime, State
from tests.scenarios.watching import PATIENCE, Watcher


class Echo(Agent):
    """Counts its events, and does what they ask for."""

    def __init__(self) -> None:
        self._events = 0

    def run(self, event: Event, state: State, /, *args: Any) -> dict[str, Any]:
        self._events += 1
        if "raise" in event.metadata:
            raise RAISED[event.metadata["raise"]]
        return {"events": self._events, **event.data}


class Gated(Agent):
    """Waits at a gate that a test holds."""

    def __init__(self, gate: threading.Event, is_in: threading.Event) -> None:
        self._gate = gate
        self._is_in = is_in

    def run(self, event: Event, state: State, /, *args: Any) -> None:
        self._is_in.set()
        self._gate.wait(PATIENCE)


RAISED: dict[str, BaseException] = {
    "an ordinary exception": RuntimeError("no"),
    "SystemExit": SystemExit(3),
    "KeyboardInterrupt": KeyboardInterrupt(),
    "CancelledError": asyncio.CancelledError(),
    "pytest.fail": pytest.fail.Exception("failed"),
}
FATAL = [name for name in RAISED if name != "an ordinary exception"]


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def runtime(watcher: Watcher) -> Iterator[Runtime]:
    with Runtime(observers=[watcher], abandon_after=0.05, grace=PATIENCE) as runtime:
        yield runtime


@pytest.fixture
def gate(runtime: Runtime) -> Iterator[threading.Event]:
    """A gate that is opened before the runtime is stopped."""
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def is_in() -> threading.Event:
    return threading.Event()


@pytest.fixture
def gated(runtime: Runtime, gate: threading.Event, is_in: threading.Event) -> pykka.ActorRef[Any]:
    """An agent with one place in its mailbox, which waits at the gate."""
    return runtime.spawn("gated", lambda: Gated(gate, is_in), mailbox=1)


def raising(name: str) -> Event:
    return Event(metadata={"raise": name})


def ask(ref: pykka.ActorRef[Any], event: Event | None = None) -> dict[str, Any]:
    result = ref.ask(event or Event(), timeout=PATIENCE)
    assert isinstance(result, AgentResult)
    return dict(result.state)

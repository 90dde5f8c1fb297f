"""Groups whose agents note what they do, and do what a test asks for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from actors import Agent, Event, Runtime, State
from tests.scenarios.watching import PATIENCE


class Log:
    """What the agents of a group did, in order, and which of them cannot start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.entries: list[str] = []
        self.cannot_start: set[str] = set()
        self.hangs_in_start: dict[str, threading.Event] = {}

    def note(self, entry: str) -> None:
        with self._lock:
            self.entries.append(entry)

    def taken(self) -> list[str]:
        with self._lock:
            taken, self.entries = self.entries, []
        return taken


def member(log: Log, name: str) -> type[Agent]:
    class Member(Agent):
        def __init__(self) -> None:
            gate = log.hangs_in_start.get(name)
            if gate is not None:
                gate.wait()

        def on_start(self) -> None:
            if name in log.cannot_start:
                raise RuntimeError("cannot start")
            log.note(f"start {name}")

        def on_stop(self) -> None:
            log.note(f"stop {name}")

        def run(self, event: Event, state: State) -> None:
            waits = event.data.get("waits")
            if waits:
                log.note(f"begin {name}")
                GATES[waits].wait(PATIENCE)
            if event.data.get("crash"):
                raise SystemExit(1)
            state["by"] = name

    return Member


GATES: dict[str, threading.Event] = {}


@pytest.fixture
def opened() -> Iterator[str]:
    """The name of a gate that agents wait at; open when the test is over."""
    GATES["gate"] = threading.Event()
    yield "gate"
    GATES.pop("gate").set()


@pytest.fixture
def log() -> Log:
    return Log()


def crash(runtime: Runtime, name: str) -> None:
    assert runtime.submit(name, {"crash": True}).exception(PATIENCE) is not None


def answers(runtime: Runtime, name: str) -> bool:
    return bool(runtime.run(name, timeout=PATIENCE).state["by"] == name)


def make_group(runtime: Runtime, log: Log, strategy: str, names: str = "abc", **options: Any) -> Any:
    spawned = options.pop("spawned", {})
    group = runtime.group("team", strategy=strategy, **options)
    for name in names:
        group.spawn(name, member(log, name), **spawned.get(name, {}))
    assert all(answers(runtime, name) for name in names)
    log.taken()
    return group

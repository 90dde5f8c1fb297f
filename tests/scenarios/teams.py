"""Groups whose agents note what they do, and do what a test asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from actors import Agent, Event, Runtime, State
from actors.testing import VirtualRuntime, hang, sleep
from tests.scenarios.watching import Watcher


@pytest.fixture(params=range(5), ids="seed {}".format)
def runtime(request: pytest.FixtureRequest, watcher: Watcher) -> Iterator[VirtualRuntime]:
    """A runtime in virtual time, in which a constructor may take half a minute."""
    with VirtualRuntime(seed=request.param, observers=[watcher], hook_timeout=30.0, abandon_after=1.0) as runtime:
        yield runtime


class Log:
    """What the agents of a group did, in order, and which of them cannot start."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self.cannot_start: set[str] = set()
        self.hangs_in_start: set[str] = set()

    def note(self, entry: str) -> None:
        self.entries.append(entry)

    def taken(self) -> list[str]:
        taken, self.entries = self.entries, []
        return taken


def member(log: Log, name: str) -> type[Agent]:
    class Member(Agent):
        def __init__(self) -> None:
            if name in log.hangs_in_start:
                hang()

        def on_start(self) -> None:
            if name in log.cannot_start:
                raise RuntimeError("cannot start")
            log.note(f"start {name}")

        def on_stop(self) -> None:
            log.note(f"stop {name}")

        def run(self, event: Event, state: State) -> None:
            if "takes" in event.data:
                log.note(f"begin {name}")
                sleep(event.data["takes"])
            if event.data.get("crash"):
                raise SystemExit(1)
            state["by"] = name

    return Member


@pytest.fixture
def log() -> Log:
    return Log()


def crash(runtime: Runtime, name: str) -> None:
    assert runtime.submit(name, {"crash": True}).exception() is not None


def answers(runtime: Runtime, name: str) -> bool:
    return bool(runtime.run(name).state["by"] == name)


def make_group(runtime: Runtime, log: Log, strategy: str, names: str = "abc", **options: Any) -> Any:
    spawned = options.pop("spawned", {})
    group = runtime.group("team", strategy=strategy, **options)
    for name in names:
        group.spawn(name, member(log, name), **spawned.get(name, {}))
    assert all(answers(runtime, name) for name in names)
    log.taken()
    return group

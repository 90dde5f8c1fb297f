"""What the tutorial's systems share: agents that add, fail or hang, and a runtime in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from actors import Event, Runtime, State, WorkflowFailedError
from actors.testing import Fails, Hangs, Scripted, ScriptedThread, VirtualRuntime
from tests.scenarios.watching import Watcher

SHORT = 60.0
"""Seconds that are too short for what is stuck; nothing else takes any time."""

Agent = Callable[[Event, State], Any]


seeded = pytest.mark.parametrize("runtime", range(5), indirect=True, ids="seed {}".format)
"""For tests in which several things go on at once."""


@pytest.fixture
def runtime(request: pytest.FixtureRequest, watcher: Watcher) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(seed=getattr(request, "param", 0), observers=[watcher]) as runtime:
        yield runtime


def stuck() -> Scripted:
    return Scripted(Hangs())


def broken() -> ScriptedThread:
    return ScriptedThread(Fails(ConnectionError("the service is down")))


def adding(key: str, *items: str) -> Agent:
    def add(event: Event, state: State) -> None:
        state[key] = [*state.get(key, []), *items]

    return add


def failure_of(runtime: Runtime, workflow: Any, data: Mapping[str, Any]) -> WorkflowFailedError:
    error = runtime.submit(workflow, data).exception()
    assert error is not None
    return error

"""What the tests of the patterns share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from actors import Event, Runtime, State
from actors.testing import VirtualRuntime
from tests.actors.orchestrators.agents import count, double, idle, odd


def signing(name: str) -> Callable[[Event, State], None]:
    def sign(event: Event, state: State) -> None:
        state["signed"] = [*state.get("signed", []), name]

    return sign


def failing(event: Event, state: State) -> None:
    state["signed"] = "never to be seen"
    raise LookupError("nothing found")


@pytest.fixture
def runtime() -> Iterator[VirtualRuntime]:
    """A runtime in virtual time with three agents that sign the state, and one that fails."""
    with VirtualRuntime(abandon_after=1.0, grace=60.0) as runtime:
        for name in ("ann", "bob", "cyd"):
            runtime.spawn(name, signing(name))
        runtime.spawn("failing", failing)
        yield runtime


@pytest.fixture
def item_agents(runtime: Runtime) -> None:
    """What a test has done for each item."""
    runtime.spawn("double", double)
    runtime.spawn("idle", idle)
    runtime.spawn("odd", odd)


@pytest.fixture
def calls(runtime: Runtime) -> list[str]:
    """Who was called: the agent `work` notes it here."""
    calls: list[str] = []
    runtime.spawn("work", count(calls))
    return calls

"""The loop dispatcher: an event loop of the runtime's own, and what becomes of it when it is blocked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from actors import Event, Runtime, RunTimeoutError, State
from tests.scenarios.watching import PATIENCE

PATIENT = 3 * PATIENCE


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What misbehaving agents wait at."""
    gate = threading.Event()
    yield gate
    gate.set()


async def bystander(event: Event, state: State) -> dict[str, bool]:
    return {"worked": True}


@pytest.mark.leaves_abandoned_work
def test_loop_that_is_blocked_after_its_agent_was_given_up_is_replaced(gate: threading.Event) -> None:
    is_blocking = threading.Event()

    async def stubborn(event: Event, state: State) -> None:
        try:
            await asyncio.sleep(PATIENT)  # the agent: hangs until it is cancelled
        except asyncio.CancelledError:
            while not runtime._agents.cell("stubborn").abandoned_count:  # it is not given up yet
                await asyncio.sleep(0)
        is_blocking.set()
        gate.wait(PATIENT)

    with Runtime(abandon_after=0.05, grace=1.0) as runtime:
        runtime.spawn("stubborn", stubborn)
        runtime.spawn("bystander", bystander)
        with pytest.raises(RunTimeoutError):
            runtime.run("stubborn", timeout=0.02)
        assert is_blocking.wait(PATIENCE)
        run = runtime.submit("bystander")
        try:
            result = run.result(PATIENCE)
        finally:
            gate.set()

    assert result.state == {"worked": True}


@pytest.mark.leaves_abandoned_work
def test_blocker_that_is_given_up_before_it_was_found_out_has_its_loop_replaced(gate: threading.Event) -> None:
    async def blocker(event: Event, state: State) -> None:
        gate.wait(PATIENT)

    with Runtime(abandon_after=0.01, grace=1.0) as runtime:
        runtime.spawn("blocker", blocker)
        runtime.spawn("bystander", bystander)
        with pytest.raises(RunTimeoutError):
            runtime.run("blocker", timeout=0.01)
        run = runtime.submit("bystander")
        try:
            result = run.result(PATIENCE)
        finally:
            gate.set()

    assert result.state == {"worked": True}

"""Numbered events for a runtime in virtual time, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors import Event, Run
from actors.testing import Scripted, VirtualRuntime
from supervisors import Reason


@pytest.fixture
def runtime() -> Iterator[VirtualRuntime]:
    with VirtualRuntime() as runtime:
        yield runtime


def numbered(number: int) -> Event:
    return Event(data={"number": number}, id=f"event-{number}")


def handled(agent: Scripted) -> list[int]:
    """Return the numbers of the events that an agent was given."""
    return [call.event.data["number"] for call in agent.calls]


def reason_of(run: Run) -> Reason:
    error = run.exception()
    return run.result().outcome.reason if error is None else error.outcome.reason

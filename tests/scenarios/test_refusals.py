"""Refused submits: they cost whoever is refused little, and everybody else nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from statistics import median
from typing import Any

import pytest

from actors import Event, OverloadedError, Runtime, Sequential, State
from tests.scenarios.watching import PATIENCE

IN_PROGRESS = 10_000
REFUSED = 2_000
TIMEOUT = 1.0
PAIRS = 5

HOLDING = Sequential("hold", "hold")


async def hold(event: Event, state: State) -> None:
    await asyncio.sleep(3600)  # the agent: holds its run until that is cancelled


def full_runtime(runs: int, room: int = 0) -> Runtime:
    runtime = Runtime(max_runs=runs + room, metrics=False, grace=0).start()
    runtime.spawn("hold", hold, mailbox=2 * (runs + room))
    for _ in range(runs):
        runtime.submit(HOLDING)
    return runtime


@pytest.fixture
def full() -> Iterator[Runtime]:
    """A runtime with as many runs as it takes."""
    runtime = full_runtime(50)
    yield runtime
    runtime.stop(0)


def refuse(runtime: Runtime, times: int, event: Event | None = None) -> None:
    for _ in range(times):
        with pytest.raises(OverloadedError):
            runtime.submit("hold", event)


def test_a_refusal_sends_no_message_to_the_control_plane(full: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    posted: list[Any] = []
    monkeypatch.setattr(full._system.plane, "post", lambda *message: posted.append(message))

    refuse(full, 100)

    monkeypatch.undo()
    assert posted == []


def test_a_refusal_compiles_and_copies_nothing(full: Runtime) -> None:
    never_seen = Sequential("hold", "hold", name="never seen")

    with pytest.raises(OverloadedError):
        full.submit(never_seen, {"words": ["of", "an", "event"]}, {"words": ["of", "a", "state"]})

    assert id(never_seen) not in full._plans._entries


def test_refusals_and_groups_that_come_and_go_do_not_meet(full: Runtime) -> None:
    rounds = 200
    gone: list[int] = []

    def come_and_go(number: int) -> None:
        for turn in range(rounds):
            full.group(f"group {number}-{turn}").stop()
        gone.append(number)

    threads = [threading.Thread(target=come_and_go, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    refuse(full, 10 * rounds)
    for thread in threads:
        thread.join(PATIENCE)

    assert sorted(gone) == [0, 1]
    assert full.runs_in_progress == 50


@pytest.mark.bench
def test_refusals_beside_ten_thousand_runs_do_not_make_deadlines_late() -> None:
    runtime = full_runtime(IN_PROGRESS - 1, room=1)
    now = runtime._system.plane.now
    late: dict[int, list[float]] = {0: [], REFUSED: []}
    try:
        for _ in range(PAIRS):
            for refused, figures in late.items():
                probe, began = runtime.submit(HOLDING, timeout=TIMEOUT), now()
                refuse(runtime, refused)
                probe.exception(TIMEOUT + PATIENCE)
                figures.append(now() - began - TIMEOUT)
    finally:
        runtime.stop(0)

    more = median(late[REFUSED]) - median(late[0])
    print(  # noqa: T201  # the figures, for `pytest -s`
        f"\n{IN_PROGRESS:,} runs in progress: a deadline is {median(late[0]) * 1e3:.1f} ms late, "
        f"beside {REFUSED:,} refusals {median(late[REFUSED]) * 1e3:.1f} ms"
    )
    assert more < 0.02

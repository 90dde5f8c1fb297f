"""An observer that does not keep up: what waits for it is bounded, and nobody else pays for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from actors import Event, Runtime, State
from actors.control import telemetry
from supervisors.facts import Fact, FactsMissed, RunEnded
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE, Watcher

WAITING, RUNS = 20, 100


def step(event: Event, state: State) -> None:
    """Do nothing."""


class Blocking(Watcher):
    """Blocks at the first fact until it is let go; then keeps up."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks, self.go_on = threading.Event(), threading.Event()

    def observe(self, fact: Fact) -> None:
        super().observe(fact)
        self.blocks.set()
        assert self.go_on.wait(10 * PATIENCE)


@pytest.fixture
def blocking(monkeypatch: pytest.MonkeyPatch) -> Iterator[Blocking]:
    monkeypatch.setattr(telemetry, "FACTS_WAITING", WAITING)
    observer = Blocking()
    yield observer
    observer.go_on.set()


def test_what_waits_for_an_observer_that_blocks_is_bounded_and_it_is_told_what_it_missed(blocking: Blocking) -> None:
    with Runtime(observers=[blocking]) as runtime:
        runtime.spawn("step", step)
        runtime.run("step", timeout=PATIENCE)
        assert blocking.blocks.wait(PATIENCE)
        for _ in range(RUNS):
            runtime.run("step", timeout=PATIENCE)
        waiting, health = runtime._system.delivery._queue.qsize(), runtime.health
        text = runtime.metrics_text().decode()

        blocking.go_on.set()
        missed = blocking.await_fact(FactsMissed)
        assert eventually(lambda: runtime.health.is_ok)

    told = len(blocking.all(RunEnded))
    assert waiting <= WAITING
    assert health.reasons == (f"an observer does not keep up: Blocking has missed {missed.facts} facts",)
    assert f'mixmode_facts_missed_total{{observer="Blocking"}} {missed.facts}.0' in text
    assert f'mixmode_workflow_duration_seconds_count{{outcome="ok",workflow="step"}} {RUNS + 1}.0' in text
    assert 0 < told < RUNS
    assert missed.facts > RUNS

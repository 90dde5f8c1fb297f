"""Ten thousand agents: starting and stopping them takes time linear in their number."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

import pytest

from actors import Agent, Event, Runtime, State
from tests.limits import LONG

FEW, MANY = 1_000, 10_000
OTP_FACTOR = 20
"""What OTP's own suite allows for stopping ten times as many children."""

REPETITIONS = 6
"""How often it is measured at most: a busy machine makes some measurements too long, and none too short."""


class Counter(Agent):
    def on_start(self) -> None:
        self.count = 0

    def on_stop(self) -> None:
        self.count = -1

    def run(self, event: Event, state: State) -> None:
        self.count += 1


@pytest.fixture
def without_collector() -> Iterator[None]:
    """Collect nothing: how long that takes depends on all objects that there are."""
    gc.disable()
    yield
    gc.enable()


def _times(agents: int) -> tuple[float, float]:
    """Return the seconds of the processor's time for starting, and for stopping, so many agents."""
    gc.collect()
    with Runtime(max_threads=4) as runtime:
        started = time.process_time()
        refs = [runtime.spawn(f"agent {number}", Counter) for number in range(agents)]
        for ref in refs[:: agents // 100]:
            ref.ask(Event(), timeout=LONG)
        spawned = time.process_time()
        report = runtime.stop(timeout=LONG)
        stopped = time.process_time()
    assert report.abandoned_work == {}
    assert not any(ref.is_alive() for ref in refs)
    return spawned - started, stopped - spawned


@pytest.mark.usefixtures("without_collector")
@pytest.mark.timeout(1_000)
@pytest.mark.slow
def test_ten_times_the_agents_start_and_stop_in_at_most_twenty_times_the_time() -> None:
    few, many = list[tuple[float, float]](), list[tuple[float, float]]()
    ratios = [float("inf")]
    while max(ratios) >= OTP_FACTOR and len(many) < REPETITIONS:
        few.append(_times(FEW))
        many.append(_times(MANY))
        pairs = zip(zip(*few, strict=True), zip(*many, strict=True), strict=True)
        ratios = [min(slow) / min(quick) for quick, slow in pairs]

    print(f"\nstarting {MANY:,} agents takes {ratios[0]:.1f} times as long as {FEW:,}, stopping them {ratios[1]:.1f}")  # noqa: T201  # the figure, for `pytest -s`
    assert max(ratios) < OTP_FACTOR

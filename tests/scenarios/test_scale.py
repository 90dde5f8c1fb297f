"""Ten thousand agents: starting and stopping them takes time linear in their number."""

from __future__ import annotations

import time

import pytest

from actors import Agent, Event, Runtime, State

FEW, MANY = 1_000, 10_000
OTP_FACTOR = 20
"""What OTP's own suite allows for stopping ten times as many children."""

REPETITIONS = 3


class Counter(Agent):
    def on_start(self) -> None:
        self.count = 0

    def on_stop(self) -> None:
        self.count = -1

    def run(self, event: Event, state: State) -> None:
        self.count += 1


def _times(agents: int) -> tuple[float, float]:
    with Runtime(max_threads=4) as runtime:
        started = time.perf_counter()
        refs = [runtime.spawn(f"agent {number}", Counter) for number in range(agents)]
        for ref in refs[:: agents // 100]:
            ref.ask(Event(), timeout=30)
        spawned = time.perf_counter()
        report = runtime.stop(timeout=30)
        stopped = time.perf_counter()
    assert report.abandoned_work == {}
    assert not any(ref.is_alive() for ref in refs)
    return spawned - started, stopped - spawned


@pytest.mark.timeout(120)
def test_ten_times_the_agents_start_and_stop_in_at_most_twenty_times_the_time() -> None:
    few = [_times(FEW) for _ in range(REPETITIONS)]
    many = [_times(MANY) for _ in range(REPETITIONS)]

    ratios = [
        min(slow) / min(quick) for quick, slow in zip(zip(*few, strict=True), zip(*many, strict=True), strict=True)
    ]

    print(f"\nstarting {MANY:,} agents takes {ratios[0]:.1f} times as long as {FEW:,}, stopping them {ratios[1]:.1f}")  # noqa: T201  # the figure, for `pytest -s`
    assert max(ratios) < OTP_FACTOR

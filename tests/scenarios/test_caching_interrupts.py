"""Cached: Ctrl-C while runs wait for one computation."""

from __future__ import annotations

from typing import Any

import pytest

from actors import Cached, Run
from tests.actors.interrupting import GUARD, House, interruptible
from tests.actors.strikes import Story, findings
from tests.scenarios.computations import waiting
from tests.scenarios.timing import eventually

__all__ = ["interruptible"]  # a fixture

SLOW = Cached("worker", key="question")


def _flight(house: House) -> list[Run]:
    return [house.runtime.submit(SLOW, {"question": 1, "hang": True}) for _ in range(4)]


def _left(house: House, runs: list[Run]) -> list[str]:
    found = []
    for number, run in enumerate(runs):
        try:
            run.exception(GUARD)
        except TimeoutError:
            found.append(f"run {number} never ends")
    return found + ([f"{waiting(house.runtime)} still wait"] if waiting(house.runtime) else [])


def leader_cancelled(house: House) -> Story:
    runs = _flight(house)

    def damages() -> list[str]:
        house.gate.set()
        return _left(house, runs)

    return Story(runs[0].cancel, damages)


def all_submitted(house: House) -> Story:
    runs: list[Run] = []

    def damages() -> list[str]:
        house.gate.set()
        return _left(house, runs)

    return Story(lambda: runs.extend(_flight(house)), damages)


def value_landed(house: House) -> Story:
    runs = _flight(house)

    def fill() -> None:
        house.gate.set()
        assert eventually(lambda: len(house.plane._queue) > 1)

    return Story(fill, lambda: _left(house, runs))


@pytest.mark.expects_errors
@pytest.mark.timeout(300, method="thread")
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("story", [leader_cancelled, all_submitted, value_landed])
def test_ctrl_c_leaves_nobody_waiting(story: Any) -> None:
    assert findings(story, None) == []

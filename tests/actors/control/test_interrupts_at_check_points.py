"""A Ctrl-C that strikes the main thread at a check point of a control turn: it surfaces, and nothing is harmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pykka
import pytest

from actors import ActorError, Run, Sequential
from supervisors import Restart
from tests.actors.interrupting import GUARD, WORKFLOWS, AsyncWorker, House, interruptible
from tests.actors.strikes import Story, findings
from tests.scenarios.timing import eventually

__all__ = ["interruptible"]  # a fixture

pytestmark = [
    pytest.mark.expects_errors,
    # Its usual method needs the timer that presses the key here.
    pytest.mark.timeout(300, method="thread"),
]


def _unanswered(**waiting: Run | pykka.Future[Any]) -> list[str]:
    """Name what was never answered, whatever the answers are."""
    found = []
    for name, each in waiting.items():
        try:
            if isinstance(each, Run):
                each.exception(GUARD)
            else:
                each.get(timeout=GUARD)
        except pykka.Timeout:
            found.append(f"{name} is never answered")
        except TimeoutError as error:
            if not isinstance(error, ActorError):
                found.append(f"{name} never ends")
        except Exception:  # noqa: BLE001  # any answer will do
            continue
    return found


def _queued(house: House, count: int) -> None:
    """Wait until others have queued so many messages behind the one that is being handled."""
    assert eventually(lambda: len(house.plane._queue) > count, GUARD), "what was to be queued never came"


def submission(house: House) -> Story:
    runs: list[Run] = []

    def fill() -> None:
        runs.extend(house.runtime.submit(workflow) for workflow in WORKFLOWS.values())

    return Story(fill, lambda: _unanswered(**{f"run {run.id}": run for run in runs}))


def cancellation(house: House) -> Story:
    runs = [house.runtime.submit(Sequential(name), {"hang": True}) for name in ("worker", "worker", "async", "async")]

    def fill() -> None:
        for run in runs:
            run.cancel()

    def damages() -> list[str]:
        house.gate.set()
        return _unanswered(**{f"run {run.id}": run for run in runs})

    return Story(fill, damages)


def spawning(house: House) -> Story:
    def fill() -> None:
        house.spawn("new")
        house.runtime.spawn("new-async", AsyncWorker)

    return Story(fill, lambda: [damage for name in ("new", "new-async") if (damage := house.works(name))])


def asking(house: House) -> Story:
    house.spawn("patient", timeout=30.0)
    asked: list[pykka.Future[Any]] = []
    return Story(lambda: asked.append(house.ask("patient")), lambda: _unanswered(ask=asked[0]))


def direct_deadline(house: House) -> Story:
    house.spawn("hasty", timeout=0.03)
    asked: list[pykka.Future[Any]] = []

    def fill() -> None:
        asked.append(house.ask("hasty", hang=True))
        _queued(house, 1)

    def damages() -> list[str]:
        # The event behind ArmDirect is only due when that was handled.
        return _unanswered(ask=asked[0])

    return Story(fill, damages)


def due_deadline(house: House) -> Story:
    house.spawn("hasty", timeout=0.03)
    asked = [house.ask("hasty", hang=True), house.ask("hasty", hang=True)]
    return Story(lambda: _queued(house, 1), lambda: _unanswered(first=asked[0], second=asked[1]))


def run_deadlines(house: House) -> Story:
    workflow = Sequential("worker", timeout=0.03)
    runs = [house.runtime.submit(workflow, {"hang": True}) for _ in range(3)]
    return Story(
        lambda: _queued(house, 1),
        lambda: _unanswered(**{f"run {run.id}": run for run in runs}) + [d for d in (house.works("worker"),) if d],
    )


def abandonment(house: House) -> Story:
    run = house.runtime.submit("worker", {"hang": True}, timeout=0.02)
    assert run.exception(GUARD) is not None
    return Story(lambda: _queued(house, 1), lambda: [d for d in (house.works("worker"),) if d])


def _crash(house: House, name: str) -> Story:
    assert not house.works(name)
    asked: list[pykka.Future[Any]] = []

    def fill() -> None:
        asked.append(house.ask(name, crash=True))
        _queued(house, 1)

    return Story(fill, lambda: _unanswered(ask=asked[0]) + [d for d in (house.works(name),) if d])


def crash(house: House) -> Story:
    return _crash(house, "worker")


def async_crash(house: House) -> Story:
    return _crash(house, "async")


def giving_up(house: House) -> Story:
    house.spawn("brittle", restart=Restart(max_restarts=0))
    assert not house.works("brittle")
    asked: list[pykka.Future[Any]] = []

    def fill() -> None:
        asked.append(house.ask("brittle", crash=True))
        _queued(house, 1)
        asked.append(house.ask("brittle"))

    return Story(fill, lambda: _unanswered(crash=asked[0], queued=asked[1]))


def stopping(house: House) -> Story:
    house.spawn("leaver")
    assert not house.works("leaver")
    running = house.runtime.submit("leaver", {"hang": True})
    queued, asked = house.runtime.submit(Sequential("leaver")), house.ask("leaver")
    replies: list[pykka.Future[Any]] = []

    def fill() -> None:
        replies.extend(house.runtime.stop_agent("leaver", block=False, grace=0.05) for _ in range(2))

    def damages() -> list[str]:
        found = _unanswered(running=running, queued=queued, asked=asked, stop=replies[0], again=replies[1])
        return found + (["the stopped agent is still there"] if "leaver" in house.runtime.agents else [])

    return Story(fill, damages)


def stop_grace(house: House) -> Story:
    house.spawn("leaver")
    assert not house.works("leaver")
    running = house.runtime.submit("leaver", {"hang": True})
    replies = [house.runtime.stop_agent("leaver", block=False, grace=0.03) for _ in range(2)]

    def damages() -> list[str]:
        found = _unanswered(running=running, stop=replies[0], again=replies[1])
        return found + (["the stopped agent is still there"] if "leaver" in house.runtime.agents else [])

    return Story(lambda: _queued(house, 1), damages)


STORIES = (
    submission,
    cancellation,
    spawning,
    asking,
    direct_deadline,
    due_deadline,
    run_deadlines,
    abandonment,
    crash,
    async_crash,
    giving_up,
    stopping,
    stop_grace,
)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("story", STORIES)
def test_ctrl_c_at_check_points_of_a_turn_surfaces_and_harms_nothing(story: Callable[[House], Story]) -> None:
    assert findings(story, None) == []


@pytest.mark.soak
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("story", STORIES)
def test_ctrl_c_at_every_check_point_of_a_turn_harms_nothing(story: Callable[[House], Story]) -> None:
    assert findings(story, 1) == []

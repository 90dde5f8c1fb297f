"""A Ctrl-C that strikes the main thread inside a control turn: it surfaces, and the runtime is as good as before.

The key is pressed at random moments, by a timer of the operating system, and where the machine is asked for a thread.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from random import Random
from types import FrameType
from typing import Any

import pytest

from actors import ActorError, Run, Runtime
from actors.control.environment import DaemonThreads, Environment
from supervisors.facts import Fact
from tests.actors.interrupting import (
    AGENTS,
    ENOUGH,
    GUARD,
    WORKFLOWS,
    House,
    interruptible,
    is_finalizing,
    record,
    stack,
    surfaced_from,
)
from tests.scenarios.timing import eventually
from tests.thoroughness import examples

__all__ = ["interruptible"]  # a fixture

STRIKES = examples(200)

pytestmark = [
    pytest.mark.expects_errors,
    # Its usual method needs the timer that presses the key here.
    pytest.mark.timeout(300, method="thread"),
]


# At random moments


class CtrlC:
    """Presses Ctrl-C when the main thread is a random way inside a control turn."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._is_armed = False
        self.strikes = 0
        self.where = ""
        # What was wrong with how it surfaced.
        self.surfaced: list[str] = []

    def __enter__(self) -> CtrlC:
        self._previous = signal.signal(signal.SIGALRM, self._on_alarm)
        self._interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
        return self

    def __exit__(self, *_: object) -> None:
        self._disarm()
        signal.signal(signal.SIGALRM, self._previous)
        signal.signal(signal.SIGINT, self._interrupt)

    def strikes_during(self, action: Callable[[], object]) -> bool:
        """Do something and return whether Ctrl-C struck in it."""
        before = self.strikes
        self._is_armed = True
        self._arm()
        self.surfaced = surfaced_from(action)
        self._disarm()
        return self.strikes > before

    def _arm(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, self._random.uniform(5e-6, 400e-6))

    def _disarm(self) -> None:
        self._is_armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _on_alarm(self, _number: int, frame: FrameType | None) -> None:
        if not self._is_armed:
            return
        names = stack(frame)
        if names[-1:] and names[-1].endswith(":_turn") and not is_finalizing(names):
            self._is_armed = False
            self.strikes += 1
            self.where = " < ".join(names)
            signal.raise_signal(signal.SIGINT)
        else:
            self._arm()


@pytest.mark.parametrize("kind", WORKFLOWS)
def test_ctrl_c_at_random_points_of_turns_surfaces_and_harms_nothing(kind: str) -> None:
    random = Random(kind)
    damages: list[str] = []
    house = House()

    def act() -> None:
        run = house.runtime.submit(WORKFLOWS[kind])
        if random.random() < 0.3:
            run.cancel()
        elif random.random() < 0.5:
            run.exception(GUARD)

    with CtrlC(random) as ctrl_c:
        while ctrl_c.strikes < STRIKES and len(damages) < ENOUGH:
            if ctrl_c.strikes_during(act) and (found := ctrl_c.surfaced + house.damages()):
                damages.append(f"{found} after a strike at {ctrl_c.where}")
                house.close()
                house = House()
    house.close()

    assert damages == []


@pytest.mark.parametrize("kind", WORKFLOWS)
def test_ctrl_c_in_turns_on_a_host_loop_surfaces_and_harms_nothing(kind: str) -> None:
    random = Random(kind)
    damages: list[str] = []
    host = Host()

    def act() -> None:
        host.complete(host.story(WORKFLOWS[kind], is_cancelled=random.random() < 0.3))

    with CtrlC(random) as ctrl_c:
        while ctrl_c.strikes < STRIKES and len(damages) < ENOUGH:
            if ctrl_c.strikes_during(act) and (found := ctrl_c.surfaced + host.damages()):
                damages.append(f"{found} after a strike at {ctrl_c.where}")
                host.close()
                host = Host()
    host.close()

    assert damages == []


class Host:
    """A service whose event loop runs on the main thread, and is shared by a runtime."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.task: asyncio.Task[Any] | None = None
        self.complete(self._move_in())

    def complete(self, story: Any) -> Any:
        """Run the loop until a story is over."""
        self.task = self.loop.create_task(story)
        return self.loop.run_until_complete(self.task)

    async def story(self, workflow: Any, *, is_cancelled: bool) -> None:
        run = self.house.runtime.submit(workflow)
        if is_cancelled:
            await asyncio.sleep(0)
            run.cancel()
        try:
            await run
        except ActorError:
            return

    def damages(self) -> list[str]:
        """Return what does not work any more, or was left behind."""
        if self.task is not None and not self.task.done():
            self.task.cancel()
            _, hung = self.loop.run_until_complete(asyncio.wait([self.task], timeout=GUARD))
            if hung:
                return ["the awaiting task can be neither woken nor cancelled"]
        found: list[str] = [damage for name in AGENTS if (damage := self.complete(self._works(name)))]
        found.extend(self.complete(self._leftovers()))
        return found

    async def _works(self, name: str) -> str:
        try:
            await asyncio.wait_for(_ended(self.house.runtime.submit(name)), GUARD)
        except TimeoutError:
            return f"{name!r} hangs"
        except ActorError as error:
            return f"{name!r}: {error}"
        return ""

    async def _leftovers(self) -> list[str]:
        runtime = self.house.runtime
        ends = self.loop.time() + GUARD
        while (left := runtime.runs_in_progress) and self.loop.time() < ends:
            await asyncio.sleep(0)
        return [f"runs in progress: {left}"] if left else []

    def close(self) -> None:
        self.house.gate.set()
        self.complete(self.house.runtime.stop_async(0))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    async def _move_in(self) -> None:
        self.house = House(asyncio.get_running_loop())


async def _ended(run: Run) -> None:
    await run


# Where the machine is asked for a thread


class InterruptedThreads(DaemonThreads):
    """Presses Ctrl-C when the main thread first starts a thread of a name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def start(self, name: str, target: Callable[[], None]) -> threading.Thread:
        if name == self._name:
            self._name = ""
            signal.raise_signal(signal.SIGINT)
        return super().start(name, target)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_before_the_first_message_of_a_run_leaves_no_run_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    with Runtime(grace=0.1) as runtime:
        runtime.spawn("record", record)

        def press(fact: Fact) -> None:
            monkeypatch.undo()
            signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(runtime._system.telemetry, "observe", press)
        with pytest.raises(KeyboardInterrupt):
            runtime.submit("record")

        assert eventually(lambda: not runtime.runs_in_progress, GUARD)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_while_a_worker_is_started_costs_no_worker() -> None:
    environment = Environment(threads=InterruptedThreads("mixmode-worker-1"))
    with Runtime(environment=environment, max_threads=1, grace=0.1) as runtime:
        runtime.spawn("record", record)

        with pytest.raises(KeyboardInterrupt):
            runtime.submit("record")

        assert runtime.submit("record").result(GUARD).state == {"recorded": True}

"""A runtime that is struck by a Ctrl-C, and what tells whether it is as good as before."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pykka
import pytest

from actors import ActorError, Agent, Branch, Event, Loop, Parallel, Runtime, Sequential, State
from actors.control.plane import ControlPlane
from supervisors import Retry
from supervisors.facts import Fact, RunEnded, RunStarted
from tests.limits import PATIENCE
from tests.scenarios.timing import eventually

GUARD = PATIENCE
"""Seconds after which something is taken to hang."""


ENOUGH = 1
"""How many damages are looked for: each may cost the guard's time."""


class Worker(Agent):
    def __init__(self, gate: threading.Event) -> None:
        self._gate = gate

    def run(self, event: Event, state: State, /, *args: Any) -> None:
        if event.data.get("crash"):
            raise SystemExit(3)
        if event.data.get("hang"):
            self._gate.wait(10 * GUARD)
        state["worked"] = True

    def on_stop(self) -> None:
        """Be there, so that stopping takes a hook."""


class AsyncWorker(Agent):
    async def run(self, event: Event, state: State, /, *args: Any) -> None:
        if event.data.get("crash"):
            raise SystemExit(3)
        if event.data.get("hang"):
            await asyncio.sleep(10 * GUARD)  # the agent: hangs until it is cancelled
        state["worked"] = True

    async def on_stop(self) -> None:
        """Be there, so that stopping takes a hook."""


def never(state: State) -> bool:
    return False


def record(event: Event, state: State) -> None:
    state["recorded"] = True


async def recall(event: Event, state: State) -> None:
    state["recalled"] = True


THREADED = Sequential("worker", Parallel(Branch("record", timeout=60, retry=Retry()), "worker"), timeout=60)
ON_A_LOOP = Sequential("async", Parallel(Branch("recall", timeout=60, retry=Retry()), "async"), timeout=60)
MIXED = Sequential(Parallel("worker", "async"), Loop("recall", until=never, max_iterations=2), "record", timeout=60)
WORKFLOWS = {"sync": THREADED, "async": ON_A_LOOP, "mixed": MIXED}
AGENTS = ("worker", "async", "record", "recall")


class Ledger:
    """Counts which runs started and which ended."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._started: set[int] = set()
        self._ended: Counter[int] = Counter()

    def observe(self, fact: Fact) -> None:
        with self._news:
            if isinstance(fact, RunStarted):
                self._started.add(fact.run)
            elif isinstance(fact, RunEnded):
                self._ended[fact.run] += 1
            self._news.notify_all()

    def mistakes(self) -> list[str]:
        """Wait for the end of all runs; return what is wrong with it."""
        with self._news:
            is_settled = self._news.wait_for(lambda: self._started == set(self._ended), GUARD)
            mistakes = [] if is_settled else [f"runs never ended: {sorted(self._started - set(self._ended))}"]
            twice = [run for run, times in self._ended.items() if times > 1]
            return mistakes + ([f"runs ended twice: {twice}"] if twice else [])


class House:
    """A runtime with agents of all kinds, one instance each, and what to know about it."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.gate = threading.Event()
        self.ledger = Ledger()
        self.runtime = Runtime(loop=loop, observers=[self.ledger], abandon_after=0.05, grace=1.0, hook_timeout=5.0)
        self.runtime.start()
        self.spawn("worker")
        self.runtime.spawn("async", AsyncWorker)
        self.runtime.spawn("record", record, concurrency=1)
        self.runtime.spawn("recall", recall, concurrency=1)

    @property
    def plane(self) -> ControlPlane:
        return self.runtime._system.plane

    def spawn(self, name: str, **settings: Any) -> None:
        self.runtime.spawn(name, lambda: Worker(self.gate), **settings)

    def ask(self, name: str, **data: Any) -> pykka.Future[Any]:
        return self.runtime.agent(name).ask(Event(data=data), block=False)

    def damages(self) -> list[str]:
        """Return what does not work any more, or was left behind."""
        found = [damage for name in AGENTS if (damage := self.works(name))]
        if not eventually(lambda: not self.runtime.runs_in_progress, GUARD):
            found.append(f"runs in progress: {self.runtime.runs_in_progress}")
        if not eventually(lambda: 'mixmode_actors{kind="orchestrator"} 0.0' in self._metrics(), GUARD):
            found.append("orchestrators are left")
        return found + self.ledger.mistakes()

    def works(self, workflow: str) -> str:
        """Say that a workflow hangs or fails; nothing when it works."""
        try:
            self.runtime.submit(workflow).result(GUARD)
        except TimeoutError:
            return f"{workflow!r} hangs"
        except ActorError as error:
            return f"{workflow!r}: {error}"
        return ""

    def close(self) -> None:
        self.gate.set()
        self.runtime.stop(0)

    def _metrics(self) -> str:
        return self.runtime.metrics_text().decode()


def surfaced_from(action: Callable[[], object]) -> list[str]:
    """Do something and return what is wrong with how a Ctrl-C surfaced from it."""
    try:
        action()
    except KeyboardInterrupt:
        return []
    except Exception as error:  # noqa: BLE001  # whatever it is, it is no KeyboardInterrupt
        return [f"it surfaced as {error!r}"]
    return ["it did not surface"]


def is_finalizing(names: list[str]) -> bool:
    """Say whether a finalizer is running: the interpreter drops what is raised there."""
    return any("weakref" in name or name.endswith(":call_exception_handler") for name in names)


def stack(frame: FrameType | None) -> list[str]:
    """Name the frames from one up to the control turn."""
    names = []
    while frame is not None:
        code = frame.f_code
        names.append(f"{code.co_filename.rpartition('/')[2]}:{frame.f_lineno}:{code.co_name}")
        if code is ControlPlane._turn.__code__:
            break
        frame = frame.f_back
    return names


@pytest.fixture
def interruptible() -> Iterator[None]:
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)

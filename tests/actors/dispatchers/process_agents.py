"""Agents that live in processes of their own: they have to be importable there."""

from __future__ import annotations

import asyncio
import ctypes
import dataclasses
import os
import re
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from actors import Agent, AgentResult, Event, State, declares

FOR_LONG = 600.0


@dataclasses.dataclass
class Point:
    """Something that is no builtin."""

    x: int


def busy() -> None:
    while True:
        pass


def backtracks() -> None:
    re.match("(a+)+$", "a" * 60 + "b")  # holds the GIL


def crashes() -> None:
    ctypes.string_at(0)


def hogs() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, resource.RLIM_INFINITY))
    bytearray(1 << 40)


def exits() -> None:
    os._exit(3)


def leaves() -> None:
    sys.exit(4)


def raises() -> None:
    raise ValueError("boom")


MISDEEDS: dict[str, Callable[[], Any]] = {
    "busy": busy,
    "sleeps": lambda: time.sleep(FOR_LONG),  # the agent: hangs
    "backtracks": backtracks,
    "crashes": crashes,
    "hogs": hogs,
    "exits": exits,
    "leaves": leaves,
    "raises": raises,
    "kills_itself": lambda: os.kill(os.getpid(), 9),
}


class Fragile(Agent):
    """Does what it is told to, and counts what it has done."""

    def __init__(self) -> None:
        self.handled = 0
        self.restarted = ""

    def on_restart(self, reason: str) -> None:
        self.restarted = reason

    def run(self, event: Event, state: State) -> None:
        self.handled += 1
        if "misdeed" in event.data:
            MISDEEDS[event.data["misdeed"]]()
        state.update(pid=os.getpid(), handled=self.handled, restarted=self.restarted)


class Polite(Agent):
    """Stops when nobody waits for it any more."""

    def __init__(self) -> None:
        self.is_done = False

    def run(self, event: Event, state: State, context: Any) -> dict[str, Any]:
        while event.data.get("waits") and not context.cancelled:
            time.sleep(0.001)  # the agent: works until it is cancelled
        is_done, self.is_done = self.is_done, self.is_done or context.cancelled
        return {"was_cancelled": is_done, "remaining": context.remaining, "attempt": context.attempt}


class Loud(Agent):
    """Writes what is called."""

    def on_start(self) -> None:
        sys.stdout.write("on_start\n")

    def on_restart(self, reason: str) -> None:
        sys.stdout.write(f"on_restart {reason}\n")

    def on_stop(self) -> None:
        sys.stderr.write("on_stop\n")

    def run(self, event: Event, state: State) -> None:
        sys.stdout.write("run\n")


class Asynchronous(Agent):
    """Has an event loop, on which what it starts goes on between events."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.beats = 0

    async def on_start(self) -> None:
        self.heart = asyncio.create_task(self.beat())

    async def beat(self) -> None:
        while True:
            self.beats += 1
            await asyncio.sleep(0)

    async def run(self, event: Event, state: State) -> None:
        before = self.beats
        await asyncio.sleep(event.data.get("seconds", 0))  # the agent: works
        if event.data.get("swallows"):
            time.sleep(FOR_LONG)  # the agent: blocks its loop
        state.update(pid=os.getpid(), has_beaten=self.beats > before, is_same=self.loop is asyncio.get_running_loop())


class Unready(Agent):
    """Does not start."""

    def on_start(self) -> None:
        raise RuntimeError("not today")

    def run(self, event: Event, state: State) -> None:
        """Never called."""


class Slow(Agent):
    """Takes long to start."""

    def on_start(self) -> None:
        time.sleep(FOR_LONG)  # the agent: hangs when it starts

    def run(self, event: Event, state: State) -> None:
        """Never called."""


class Clinging(Agent):
    """Takes long to stop, or to restart."""

    def on_stop(self) -> None:
        time.sleep(FOR_LONG)  # the agent: hangs when it stops

    def on_restart(self, reason: str) -> None:
        raise RuntimeError("not again")

    def run(self, event: Event, state: State) -> None:
        if event.data:
            raise SystemExit(1)


class Entangled(Agent):
    """Leaves a thread behind that keeps its process alive."""

    def on_start(self) -> None:
        threading.Thread(target=time.sleep, args=(FOR_LONG,)).start()

    def run(self, event: Event, state: State) -> None:
        """Do nothing."""


class Parent(Agent):
    """Has a child of its own."""

    def run(self, event: Event, state: State) -> None:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        state.update(pid=os.getpid(), child=child.pid)
        if event.data:
            time.sleep(FOR_LONG)  # the agent: hangs


@declares(requires=["question"], produces=["answer"])
def answers(event: Event, state: State) -> dict[str, Any]:
    return {"answer": 42} if state["question"] else {}


def echo(event: Event, state: State) -> AgentResult:
    state["seen"] = [event.target, dict(event.data), dict(event.metadata), event.id]
    state["notes"] = dict(state.meta)
    state.pop("old", None)
    return AgentResult(metadata={"length": len(event.data)})


def moves(event: Event, state: State) -> None:
    state["point"] = Point(state["point"].x + 1) if "point" in state else Point(0)


def passes(event: Event, state: State) -> dict[str, Any]:
    """Give back what the event holds."""
    return {"found": dict(event.data)}


def shares(event: Event, state: State) -> None:
    state.share("lock", object())


def digs(event: Event, state: State) -> dict[str, Any]:
    nested: list[Any] = []
    for _ in range(event.data["levels"]):
        nested = [nested]
    return {"nested": nested}


def swells(event: Event, state: State) -> dict[str, Any]:
    return {"swollen": b"x" * event.data["size"]}


def rubbish(event: Event, state: State) -> int:
    return 5


def late_promise(event: Event, state: State) -> Any:
    return asyncio.sleep(0)


def made() -> Agent:
    """Make an agent whose kind does not show before."""
    return Fragile()


def made_async() -> Agent:
    class Inner(Agent):
        async def run(self, event: Event, state: State) -> None:
            state["is_async"] = True

    return Inner()


def makes_nothing() -> None:
    """Make no agent."""


class Family:
    """Holds a factory."""

    @classmethod
    def member(cls) -> Agent:
        return Fragile()


def rants(event: Event, state: State) -> None:
    raise ValueError("x" * 20_000)


def breaks(event: Event, state: State) -> dict[str, Any]:
    point = Point(1)
    del point.x
    return {"point": point}

"""A user's module, and the `mixmode run` that is called beside it."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from actors.cli.command import mixmode
from actors.cli.interrupts import Interrupts
from tests.limits import PATIENCE

TOO_LONG = PATIENCE
SOON = 0.001
EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}

FLOWS = """
import asyncio, os, signal, sys, threading, time
from datetime import datetime
from actors import Agent, Branch, Parallel, Sequential

def hello(event, state):
    print("hello agent")
    state["greeting"] = f"hello {event.data.get('name', 'nobody')}"
    state["number"] = event.data.get("number")

async def stamp(event, state):
    return {"at": datetime(2024, 5, 6), "raw": b"\\x00\\xff", "pair": (1, "\\u00e9")}

def broken(event, state):
    raise ValueError("no\\nluck")

def hostile(event, state):
    raise ValueError("\\x1b]0;title\\x07 \\x9b2J\\nFAKE: ok")

def hostile_state(event, state):
    return {"text": "\\x1b[2J \\x9b \\u3042 \\n"}

def slow(event, state, context):
    while not context.cancelled:
        time.sleep(0.001)

def running():
    os.write(2, b"running\\n")  # two agents at once do not mix this up

def stuck(event, state):
    running()
    time.sleep(600)

async def blocks(event, state):
    stuck(event, state)

async def swallows(event, state):
    running()
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            pass

class Lingers(Agent):
    def run(self, event, state):
        threading.Thread(target=time.sleep, args=(600,), daemon=False).start()
        running()
        time.sleep(600)

class StopsSlowly(Agent):
    def run(self, event, state):
        return {"done": True}
    def on_stop(self):
        running()
        time.sleep(600)

RELEASED = threading.Event()

def holds(event, state):
    RELEASED.wait(600)

def waits(event, state):
    running()
    sys.stdin.readline()

def kills(event, state, context):
    os.kill(os.getpid(), signal.SIGTERM)
    slow(event, state, context)

def interrupted(runtime):
    signal.raise_signal(signal.SIGINT)

def setup(runtime):
    runtime.spawn("hello", hello)

def deaf(runtime):
    while True:
        try:
            running()
            time.sleep(600)
        except KeyboardInterrupt:
            pass

def raises(runtime):
    runtime.spawn("hello", 5)

async def asynchronous(runtime):
    pass

class Namespace:
    HELLO = "hello"

AGENTS = {
    "hello": hello, "stamp": {"agent": stamp, "concurrency": 2}, "broken": broken, "slow": slow, "stuck": stuck,
    "blocks": blocks, "swallows": swallows, "lingers": Lingers, "holds": holds, "waits": waits, "kills": kills,
    "hostile": hostile, "hostile-state": hostile_state, "\\x1b[2J": hello,
}
STOPPING = {"stops-slowly": StopsSlowly}
HELLO = Sequential("hello", "stamp", name="greet")
GROUP = Parallel(Branch("good", "stamp"), Branch("bad", "broken"), name="group", on_failure="finish")
BROKEN = Sequential("hello", GROUP, name="bad")
OPTIONAL = Parallel(Branch("stamp"), Branch("holds", required=False, timeout=0.01), name="optional")
KILLS, LINGERS, STOPS_SLOWLY, WAITS, UNKNOWN = "kills", "lingers", "stops-slowly", "waits", "nobody"
STAMP = "stamp"
HOSTILE = Parallel("hostile", "\\x1b[2J", name="hostile-group", on_failure="finish")
HOSTILE_STATE = "hostile-state"
STUCK = Parallel("stuck", "swallows", name="stuck-group")
BLOCKED = Parallel("blocks", "stuck", name="blocked-group")
SLOW = Sequential("hello", "slow", name="slowly")

UNKNOWN_OPTION = {"hello": {"agent": hello, "concurency": 2}}
NO_AGENT = {"hello": {"concurrency": 2}}
BAD_OPTION = {"hello": {"agent": hello, "concurrency": 0}}
BAD_NAME = {"a/b": hello}
"""


@pytest.fixture
def flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of a user's module, from which modules are imported afresh."""
    (tmp_path / "flows.py").write_text(FLOWS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    known = set(sys.modules)
    handlers = {number: signal.getsignal(number) for number in EXIT_CODES}
    yield tmp_path
    for number, handler in handlers.items():
        signal.signal(number, handler)
    for name in set(sys.modules) - known:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(tmp_path):
            del sys.modules[name]


def run(*arguments: str, charset: str = "utf-8", stdin: str | None = None) -> Result:
    interrupts = Interrupts(limit=SOON, exit=lambda _code: None)
    result = CliRunner(charset=charset).invoke(mixmode, ["run", *arguments], input=stdin, obj=interrupts)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


class InterruptedInput(io.RawIOBase):
    """Standard input at which the user presses Ctrl-C."""

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: object) -> int:
        raise KeyboardInterrupt

"""What the scenarios share."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from actors import Runtime
from tests.scenarios.computations import Computation
from tests.scenarios.watching import PATIENCE, Watcher


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def runtime(watcher: Watcher) -> Iterator[Runtime]:
    """A runtime that gives work up soon and tells the watcher everything."""
    with Runtime(observers=[watcher], abandon_after=0.1, grace=5.0) as runtime:
        yield runtime


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What misbehaving agents wait at; opened when the test is over, so that they end."""
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def host_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The event loop of a host service, running on a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="host-loop", daemon=True)
    thread.start()
    yield loop
    if not loop.is_closed():
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


@pytest.fixture
def computation(runtime: Runtime) -> Computation:
    computation = Computation()
    runtime.spawn("compute", computation)
    return computation

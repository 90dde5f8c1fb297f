"""A runtime with an agent in a process of its own, of which nothing may be left."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors import Runtime, WorkflowFailedError
from supervisors import Restart
from tests.actors.child_processes import open_files
from tests.limits import PATIENCE
from tests.scenarios.timing import eventually
from tests.scenarios.watching import Watcher

OFTEN = Restart(max_restarts=100, within=60.0)
SHORT = 0.3
LONG = PATIENCE
HANGS = ["busy", "sleeps", "backtracks"]


def children() -> set[int]:
    """Return the processes of agents, zombies included, that this process has."""
    listed = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(pid) for each in listed for pid in each.read_text().split()}


@pytest.fixture(autouse=True)
def no_process_and_no_file_is_left() -> Iterator[None]:
    gc.collect()
    pids, files = children(), open_files()
    yield
    gc.collect()
    assert children() <= pids
    assert open_files() <= files


@pytest.fixture
def runtime(watcher: Watcher) -> Iterator[Runtime]:
    with Runtime(observers=[watcher], abandon_after=0.1, grace=5.0) as runtime:
        yield runtime


def spawned(runtime: Runtime, agent: Any, **options: Any) -> Runtime:
    """Spawn an agent in a process, and wait until that is ready."""
    runtime.spawn("agent", agent, dispatcher="process", restart=OFTEN, **options)
    assert eventually(lambda: bool(runtime._system.agents["agent"].instances[0].is_ready))
    return runtime


def ended(runtime: Runtime, misdeed: str) -> WorkflowFailedError:
    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run("agent", {"misdeed": misdeed}, timeout=SHORT)
    return caught.value

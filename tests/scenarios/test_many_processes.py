"""Many agents in processes of their own that start at once, and descriptors that run out."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from actors import Runtime, WorkflowFailedError
from supervisors import Restart
from supervisors.facts import AgentRestarted
from tests.actors.dispatchers import process_agents as agents
from tests.scenarios.agent_processes import LONG, children, no_process_and_no_file_is_left, runtime, spawned
from tests.scenarios.timing import eventually
from tests.scenarios.watching import Watcher

__all__ = ["no_process_and_no_file_is_left", "runtime"]  # fixtures

NEVER = Restart(max_restarts=0)


@contextmanager
def no_descriptors_left() -> Iterator[Callable[[], None]]:
    """Have no descriptor to be had, until what is given is called, or the block is left."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(each.name) for each in Path("/proc/self/fd").iterdir())
    taken: list[int] = []

    def release() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        while taken:
            os.close(taken.pop())

    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, before[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            while True:
                taken.append(os.open("/dev/null", os.O_RDONLY))
        yield release
    finally:
        release()


def start_many(runtime: Runtime, count: int) -> set[int]:
    """Have as many agents started at once, and return the processes that answer."""
    for number in range(count):
        runtime.spawn(f"agent {number}", agents.Fragile, dispatcher="process", restart=NEVER)
    runs = [runtime.submit(f"agent {number}") for number in range(count)]
    return {run.result().state["pid"] for run in runs}


@pytest.mark.slow
def test_many_agents_that_start_at_once_all_start(runtime: Runtime, watcher: Watcher) -> None:
    count = 12

    assert len(start_many(runtime, count)) == count

    assert watcher.all(AgentRestarted) == []
    assert runtime.health.is_ok


@pytest.mark.soak
def test_two_hundred_agents_that_start_at_once_all_start(watcher: Watcher) -> None:
    count = 200

    # Less time than all of them take together.
    with Runtime(observers=[watcher], hook_timeout=8.0, grace=60.0) as runtime:
        assert len(start_many(runtime, count)) == count

        assert watcher.all(AgentRestarted) == []


def test_stopped_before_its_turn_an_agent_has_stopped_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.processes.dispatcher.most_at_once", lambda: 1)
    with Runtime(hook_timeout=LONG, grace=LONG) as runtime:
        runtime.spawn("slow", agents.Slow, dispatcher="process", restart=NEVER)
        runtime.spawn("next", agents.Fragile, dispatcher="process")
        assert eventually(lambda: len(children()) == 1)

        runtime.stop_agent("next")

        assert runtime.agents == ("slow",)
        runtime.stop(timeout=0.1)


def test_an_agent_starts_when_descriptors_are_back_and_health_says_so(runtime: Runtime) -> None:
    with no_descriptors_left() as release:
        runtime.spawn("agent", agents.Fragile, dispatcher="process", restart=NEVER)
        with pytest.raises(WorkflowFailedError, match=r"rejected \(start_failed\).*Too many open files"):
            runtime.run("agent", timeout=LONG)
        lacking = runtime.health

        release()

        assert lacking.reasons == ("agent 'agent' cannot be started yet: Too many open files",)
        assert eventually(lambda: runtime.health.is_ok, LONG)
        assert runtime.run("agent", timeout=LONG).state["handled"] == 1


def test_a_process_that_ended_is_replaced_when_descriptors_are_back(runtime: Runtime, watcher: Watcher) -> None:
    spawned(runtime, agents.Fragile)

    with no_descriptors_left() as release:
        with pytest.raises(WorkflowFailedError, match="exited with status 3"):
            runtime.run("agent", {"misdeed": "exits"}, timeout=LONG)
        # What it has given back is not enough for another.
        assert eventually(lambda: "Too many open files" in str(runtime.health), LONG)

        release()

        assert eventually(lambda: runtime.health.is_ok, LONG)
        assert runtime.run("agent", timeout=LONG).state["restarted"] == "process_ended"
    assert len(watcher.all(AgentRestarted)) == 1

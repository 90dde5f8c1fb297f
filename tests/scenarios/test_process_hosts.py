"""Agents in processes of their own: what their host's end, forks and signals are to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors import Runtime
from tests.actors.child_processes import PATIENCE, await_end, is_running
from tests.actors.dispatchers import process_agents as agents
from tests.scenarios.agent_processes import LONG, no_process_and_no_file_is_left, runtime, spawned

__all__ = ["no_process_and_no_file_is_left", "runtime"]  # fixtures

HOST = """
import signal
from actors import Runtime
from tests.actors.dispatchers import process_agents as agents
from tests.actors.child_processes import computing_time
from tests.scenarios.timing import eventually

runtime = Runtime().start()
runtime.spawn("idle", agents.Fragile, dispatcher="process")
runtime.spawn("holds the GIL", agents.Fragile, dispatcher="process")
runtime.spawn("parent", agents.Parent, dispatcher="process")
pids = [runtime.run(name).state["pid"] for name in ("idle", "holds the GIL", "parent")]
before = computing_time(pids[1])
runtime.submit("holds the GIL", {"misdeed": "backtracks"})
pids.append(runtime.run("parent").state["child"])
assert eventually(lambda: computing_time(pids[1]) > before + 0.1)  # it backtracks
print(*pids, flush=True)
signal.pause()
"""


@pytest.fixture
def host() -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOST],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    yield process, list(map(int, process.stdout.readline().split()))
    process.kill()
    process.stdout.close()
    process.wait(PATIENCE)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_its_host(host: tuple[subprocess.Popen[str], list[int]], number: int) -> None:
    process, pids = host
    assert len(pids) == 4
    assert all(map(is_running, pids))

    process.send_signal(number)

    assert all(map(await_end, pids))


def test_an_interrupt_from_the_terminal_reaches_the_host_only(host: tuple[subprocess.Popen[str], list[int]]) -> None:
    process, pids = host

    groups = {os.getpgid(pid) for pid in pids}
    sessions = {os.getsid(pid) for pid in pids}

    assert os.getpgid(process.pid) not in groups
    assert os.getsid(process.pid) not in sessions


MAIN = """
import sys
print("run")
from actors import Runtime
from tests.actors.dispatchers import process_agents as agents

def here(event, state): ...

with Runtime() as runtime:
    runtime.spawn("agent", agents.echo, dispatcher="process")
    runtime.run("agent")
    try:
        runtime.spawn("here", here, dispatcher="process")
    except ValueError as error:
        print(error)
"""


def test_a_program_without_a_main_guard_is_not_run_again(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(MAIN)

    done = subprocess.run(
        [sys.executable, str(program)],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=True,
        timeout=LONG,
    )

    first, second = done.stdout.splitlines()
    assert first == "run"
    assert "'here' is defined in the main program" in second
    assert "move it to a module" in second


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_of_the_host_neither_keeps_nor_ends_its_processes(runtime: Runtime) -> None:
    spawned(runtime, agents.Fragile)
    before = runtime.run("agent", timeout=LONG).state["pid"]

    pid = os.fork()
    if pid == 0:
        for process in runtime._system.processes.processes:
            process.kill()
        os._exit(len(list(Path("/proc/self/fd").iterdir())) and 0)
    _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert runtime.run("agent", timeout=LONG).state["pid"] == before


def test_what_the_agent_started_is_ended_with_it(runtime: Runtime) -> None:
    spawned(runtime, agents.Parent)
    state = runtime.run("agent", timeout=LONG).state
    assert is_running(state["child"])

    runtime.stop_agent("agent")

    assert await_end(state["child"])

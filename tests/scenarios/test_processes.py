"""Agents in processes of their own: whatever they do, they are ended in time, and nothing of them is left."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors import AgentFailedError, Event, Parallel, Runtime, Sequential, WorkflowFailedError
from actors.errors import ProcessEndedError
from supervisors import OutcomeKind, Reason, Restart
from supervisors.facts import AgentRestarted
from tests.actors.dispatchers import process_agents as agents
from tests.actors.processes import PATIENCE, await_end, is_running, open_files
from tests.scenarios.timing import eventually, seconds_of
from tests.scenarios.watching import Watcher

OFTEN = Restart(max_restarts=100, within=60.0)
SHORT = 0.3
LONG = 30.0
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


# Whatever an agent does


@pytest.mark.parametrize("misdeed", HANGS)
def test_what_hangs_is_killed_at_its_deadline_and_answers_again(
    runtime: Runtime, watcher: Watcher, misdeed: str
) -> None:
    spawned(runtime, agents.Fragile)
    before = runtime.run("agent", timeout=LONG).state["pid"]

    outcome = ended(runtime, misdeed).outcome

    assert (outcome.kind, outcome.reason) == (OutcomeKind.TIMED_OUT, Reason.DEADLINE)
    assert await_end(before)
    after = runtime.run("agent", timeout=LONG).state
    assert after["pid"] != before
    assert (after["handled"], after["restarted"]) == (1, "abandoned")
    assert watcher.await_fact(AgentRestarted).reason == "abandoned"


@pytest.mark.parametrize(
    ("misdeed", "text"),
    [
        ("crashes", "its process was ended by signal 11 (SIGSEGV)"),
        ("exits", "its process exited with status 3"),
        ("kills_itself", "its process was ended by signal 9 (SIGKILL)"),
    ],
)
def test_what_ends_its_process_fails_and_answers_again(
    runtime: Runtime, watcher: Watcher, misdeed: str, text: str
) -> None:
    spawned(runtime, agents.Fragile)

    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run("agent", {"misdeed": misdeed}, timeout=LONG)

    outcome = caught.value.outcome
    assert outcome.kind is OutcomeKind.FAILED
    assert f"ProcessEndedError: agent 'agent' has lost its process: {text}" in str(outcome)
    assert runtime.run("agent", timeout=LONG).state["restarted"] == "process_ended"
    assert watcher.await_fact(AgentRestarted).reason == "process_ended"


def test_what_exits_as_a_program_does_is_restarted(runtime: Runtime) -> None:
    spawned(runtime, agents.Fragile)

    with pytest.raises(WorkflowFailedError, match="SystemExit: 4"):
        runtime.run("agent", {"misdeed": "leaves"}, timeout=LONG)

    assert runtime.run("agent", timeout=LONG).state["restarted"] == "base_exception"


@pytest.mark.parametrize(("misdeed", "text"), [("raises", "ValueError: boom"), ("hogs", "MemoryError")])
def test_what_raises_fails_with_its_error_and_keeps_its_process(runtime: Runtime, misdeed: str, text: str) -> None:
    spawned(runtime, agents.Fragile)

    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run("agent", {"misdeed": misdeed}, timeout=LONG)

    failure = caught.value.outcome.failure
    assert failure is not None
    assert failure.text.startswith(text)
    assert "process_agents.py" in failure.traceback
    assert "builtins.Exception" in failure.types
    assert runtime.run("agent", timeout=LONG).state["handled"] == 2


def test_an_asker_is_told_too(runtime: Runtime) -> None:
    ref = spawned(runtime, agents.Fragile)._agents.cell("agent").actor_ref

    with pytest.raises(AgentFailedError, match="ValueError: boom"):
        ref.ask(Event(data={"misdeed": "raises"}))
    with pytest.raises(ProcessEndedError, match="exited with status 3"):
        ref.ask(Event(data={"misdeed": "exits"}))
    assert ref.ask(Event(), block=True).state["handled"] == 1


def test_a_process_that_dies_idle_is_replaced_and_no_event_is_lost(runtime: Runtime, watcher: Watcher) -> None:
    spawned(runtime, agents.Fragile)
    before = runtime.run("agent", timeout=LONG).state["pid"]
    process = runtime._system.agents["agent"].idle[-1].behaviour
    os.kill(before, signal.SIGKILL)
    assert eventually(lambda: bool(process.has_ended))

    after = runtime.run("agent", timeout=LONG).state

    assert (after["handled"], after["restarted"]) == (1, "process_ended")
    assert "while it was idle" in watcher.await_fact(AgentRestarted).detail


def test_while_one_is_replaced_the_others_take_its_events(runtime: Runtime) -> None:
    spawned(runtime, agents.Fragile, concurrency=2)
    assert eventually(lambda: all(each.is_ready for each in runtime._system.agents["agent"].instances))
    last = runtime._system.agents["agent"].idle[-1].behaviour
    os.kill(last.pid, signal.SIGKILL)
    assert eventually(lambda: bool(last.has_ended))

    state = runtime.run("agent", timeout=LONG).state

    assert state["restarted"] == ""
    assert state["pid"] != last.pid


def test_no_misdeed_delays_the_deadlines_of_others(runtime: Runtime) -> None:
    for number, misdeed in enumerate(HANGS):
        runtime.spawn(f"hangs {number}", agents.Fragile, dispatcher="process", restart=OFTEN)
        runtime.run(f"hangs {number}", timeout=LONG)
        runtime.submit(f"hangs {number}", {"misdeed": misdeed}, timeout=SHORT)
    runtime.spawn("waits", lambda event, state: threading.Event().wait(1.0))

    with pytest.raises(WorkflowFailedError):
        run = runtime.submit("waits", timeout=SHORT)
        run.result()

    assert run.exception().trace.duration < SHORT + 0.5  # type: ignore[union-attr]  # it has failed


# What crosses


def test_several_processes_work_at_once(runtime: Runtime) -> None:
    spawned(runtime, agents.Polite, concurrency=3)

    runs = [runtime.submit("agent", {"waits": True}, timeout=LONG) for _ in range(3)]
    cell = runtime._system.agents["agent"]
    assert eventually(lambda: sum(each.work is not None for each in cell.instances) == 3)
    for run in runs:
        run.cancel()

    assert eventually(lambda: all(each.work is None for each in cell.instances))
    assert len(children()) == 3


def test_a_branch_in_a_process_gives_its_delta(runtime: Runtime) -> None:
    runtime.spawn("echo", agents.echo, dispatcher="process")
    runtime.spawn("other", lambda event, state: {"other": True})

    result = runtime.run(Parallel("echo", "other"), {"a": [1]}, {"old": 1, "kept": {"b": 2}}, timeout=LONG)

    seen = result.state["seen"]
    assert seen[:2] == ["echo", {"a": [1]}]
    assert "old" not in result.state
    assert (result.state["other"], result.state["kept"]) == (True, {"b": 2})


def test_objects_cross_as_what_they_are(runtime: Runtime) -> None:
    spawned(runtime, agents.moves)

    assert runtime.run("agent", timeout=LONG).state["point"] == agents.Point(0)
    assert runtime.run("agent", state={"point": agents.Point(4)}, timeout=LONG).state["point"] == agents.Point(5)


def test_an_agent_that_looks_whether_it_is_wanted_keeps_its_process(runtime: Runtime) -> None:
    spawned(runtime, agents.Polite)

    with pytest.raises(WorkflowFailedError, match="timed_out"):
        runtime.run("agent", {"waits": True}, timeout=SHORT)
    state = runtime.run("agent", timeout=LONG).state

    assert state["was_cancelled"] is True
    assert 0 < state["remaining"] < LONG
    assert state["attempt"] == 1


def test_an_async_agent_is_cancelled_and_keeps_its_process_and_loop(runtime: Runtime) -> None:
    spawned(runtime, agents.Asynchronous)
    before = runtime.run("agent", timeout=LONG).state

    with pytest.raises(WorkflowFailedError, match="timed_out"):
        runtime.run("agent", {"seconds": 60.0}, timeout=SHORT)
    after = runtime.run("agent", timeout=LONG).state

    assert after["pid"] == before["pid"]
    assert after["has_beaten"] is after["is_same"] is True


def test_an_async_agent_that_blocks_is_killed(runtime: Runtime) -> None:
    spawned(runtime, agents.Asynchronous)
    before = runtime.run("agent", timeout=LONG).state["pid"]

    with pytest.raises(WorkflowFailedError, match="timed_out"):
        runtime.run("agent", {"swallows": True}, timeout=SHORT)

    assert await_end(before)
    assert runtime.run("agent", timeout=LONG).state["pid"] != before


def test_what_is_shared_by_reference_is_refused(runtime: Runtime) -> None:
    runtime.spawn("shares here", agents.shares)
    spawned(runtime, agents.shares)

    with pytest.raises(WorkflowFailedError, match=r"cannot be sent to its process: state\['lock'\] is shared") as into:
        runtime.run(Sequential("shares here", "agent", name="flow"), timeout=LONG)
    with pytest.raises(WorkflowFailedError, match=r"state\['lock'\] is shared by reference") as out_of:
        runtime.run("agent", timeout=LONG)

    assert deepest(into.value) is Reason.INVALID_INPUT
    assert out_of.value.outcome.reason is Reason.INVALID_RESULT


def deepest(error: WorkflowFailedError) -> Reason:
    assert error.trace is not None
    return error.trace.children[-1].outcome.reason


@pytest.mark.parametrize(
    ("agent", "data", "reason", "text"),
    [
        (agents.rubbish, {}, Reason.INVALID_RESULT, "it returned int"),
        (agents.late_promise, {}, Reason.EXCEPTION, "returned an awaitable from a plain function"),
        (agents.digs, {"levels": 150}, Reason.INVALID_RESULT, "nests deeper than 100 levels"),
        (agents.swells, {"size": 70_000_000}, Reason.INVALID_RESULT, "and 67108864 are the limit"),
    ],
)
def test_results_that_are_none_are_refused(
    runtime: Runtime, agent: Any, data: dict[str, Any], reason: Reason, text: str
) -> None:
    spawned(runtime, agent)

    with pytest.raises(WorkflowFailedError, match=text) as caught:
        runtime.run("agent", data, timeout=LONG)

    assert caught.value.outcome.reason is reason
    assert len(children()) == 1


def test_what_is_too_long_for_a_process_is_refused_before_it_is_sent(runtime: Runtime) -> None:
    spawned(runtime, agents.echo)

    with pytest.raises(WorkflowFailedError, match="67108864 are the limit") as caught:
        runtime.run("agent", state={"long": b"x" * 70_000_000}, timeout=LONG)

    assert caught.value.outcome.reason is Reason.INVALID_INPUT
    assert runtime.run("agent", state={"long": b"x" * 5_000_000}, timeout=LONG).state["seen"]


def test_declared_keys_are_checked(runtime: Runtime) -> None:
    spawned(runtime, agents.answers)

    assert runtime.run("agent", state={"question": 1}, timeout=LONG).state["answer"] == 42
    with pytest.raises(WorkflowFailedError) as before:
        runtime.run("agent", timeout=LONG)
    with pytest.raises(WorkflowFailedError) as after:
        runtime.run("agent", state={"question": 0}, timeout=LONG)

    assert before.value.outcome.reason is Reason.MISSING_INPUT
    assert after.value.outcome.reason is Reason.MISSING_OUTPUT


def test_hooks_run_there_and_what_they_print_is_seen(
    capfd: pytest.CaptureFixture[str], watcher: Watcher, runtime: Runtime
) -> None:
    spawned(runtime, agents.Loud)

    runtime.run("agent", timeout=LONG)
    runtime.stop_agent("agent")

    out, err = capfd.readouterr()
    assert out.splitlines() == ["on_start", "run"]
    assert err.splitlines() == ["on_stop"]


# Starting and stopping


@pytest.mark.expects_errors
def test_a_start_that_fails_rejects_with_the_error(runtime: Runtime) -> None:
    runtime.spawn("agent", agents.Unready, dispatcher="process", restart=Restart(max_restarts=0))

    with pytest.raises(WorkflowFailedError, match="not today"):
        runtime.run("agent", timeout=LONG)

    assert eventually(lambda: not children())


@pytest.mark.expects_errors
def test_a_factory_that_makes_no_agent_fails_to_start(runtime: Runtime) -> None:
    runtime.spawn("agent", agents.makes_nothing, dispatcher="process", restart=Restart(max_restarts=0))

    with pytest.raises(WorkflowFailedError, match="must make an Agent, not NoneType"):
        runtime.run("agent", timeout=LONG)


@pytest.mark.parametrize("agent", [agents.made, agents.Family.member])
def test_factories_make_the_agent_there(runtime: Runtime, agent: Any) -> None:
    spawned(runtime, agent)

    assert runtime.run("agent", timeout=LONG).state["pid"] != os.getpid()


def test_a_factory_may_make_an_async_agent(runtime: Runtime) -> None:
    spawned(runtime, agents.made_async)

    assert runtime.run("agent", timeout=LONG).state["is_async"] is True


@pytest.mark.expects_errors
def test_a_start_that_hangs_is_killed(watcher: Watcher) -> None:
    with Runtime(observers=[watcher], hook_timeout=0.2, grace=1.0) as runtime:
        runtime.spawn("agent", agents.Slow, dispatcher="process", restart=Restart(max_restarts=1))

        with pytest.raises(WorkflowFailedError, match="took longer than 0.2 s"):
            runtime.run("agent", timeout=LONG)
        with pytest.raises(WorkflowFailedError):
            runtime.run("agent", timeout=LONG)

        assert eventually(lambda: not children())


def test_an_agent_that_hangs_when_it_stops_is_killed(watcher: Watcher) -> None:
    with Runtime(observers=[watcher], hook_timeout=3.0, grace=1.0) as runtime:
        spawned(runtime, agents.Clinging)

        runtime.stop_agent("agent", timeout=PATIENCE)

        assert eventually(lambda: not children())


@pytest.mark.expects_errors
def test_an_agent_whose_restart_fails_leaves_nothing(watcher: Watcher) -> None:
    with Runtime(observers=[watcher], hook_timeout=5.0, abandon_after=0.1, grace=0.1) as runtime:
        runtime.spawn("agent", agents.Clinging, dispatcher="process", restart=Restart(max_restarts=1))
        assert eventually(lambda: bool(runtime._system.agents["agent"].instances[0].is_ready))
        with pytest.raises(WorkflowFailedError):
            runtime.run("agent", {"leave": True}, timeout=LONG)


@pytest.mark.parametrize("misdeed", HANGS)
def test_a_runtime_stops_in_time_although_its_agents_hang(misdeed: str) -> None:
    runtime = Runtime(abandon_after=60.0).start()
    spawned(runtime, agents.Fragile, concurrency=2)
    for _ in range(2):
        runtime.submit("agent", {"misdeed": misdeed})
    cell = runtime._system.agents["agent"]
    assert eventually(lambda: all(each.work is not None and each.work.begun_at for each in cell.instances))

    seconds = seconds_of(lambda: runtime.stop(timeout=0.2))

    assert seconds < 5.0
    assert children() == set()


def test_fifteen_starts_and_stops_leave_nothing() -> None:
    def once() -> None:
        with Runtime() as runtime:
            runtime.spawn("agent", agents.echo, dispatcher="process")
            runtime.run("agent", timeout=LONG)

    once()
    gc.collect()
    files, threads = open_files(), threading.active_count()

    for _ in range(15):
        once()

    gc.collect()
    assert (open_files(), threading.active_count()) == (files, threads)
    assert children() == set()


# The host

HOST = """
import sys, time
from actors import Runtime
from tests.actors.dispatchers import process_agents as agents

runtime = Runtime().start()
runtime.spawn("idle", agents.Fragile, dispatcher="process")
runtime.spawn("holds the GIL", agents.Fragile, dispatcher="process")
runtime.spawn("parent", agents.Parent, dispatcher="process")
pids = [runtime.run(name).state["pid"] for name in ("idle", "holds the GIL", "parent")]
runtime.submit("holds the GIL", {"misdeed": "backtracks"})
pids.append(runtime.run("parent").state["child"])
time.sleep(0.2)
print(*pids, flush=True)
time.sleep(600)
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


@pytest.mark.bench
def test_thousands_of_events_pass_each_second(runtime: Runtime) -> None:
    spawned(runtime, agents.echo)
    runtime.run("agent", timeout=LONG)

    started = time.perf_counter()
    for _ in range(3_000):
        runtime.run("agent", {"a": 1}, {"b": [1, 2]}, timeout=LONG)

    assert 3_000 / (time.perf_counter() - started) > 500

"""Agents in processes of their own: whatever they do, they are ended in time, and nothing of them is left."""

from __future__ import annotations

import gc
import os
import signal
import threading
from typing import Any

import pytest

from actors import AgentFailedError, Event, Runtime, WorkflowFailedError
from actors.values.errors import ProcessEndedError
from supervisors import OutcomeKind, Reason, Restart
from supervisors.facts import AgentRestarted
from tests.actors.child_processes import PATIENCE, await_end, open_files
from tests.actors.dispatchers import process_agents as agents
from tests.scenarios.agent_processes import (
    HANGS,
    LONG,
    OFTEN,
    SHORT,
    children,
    ended,
    no_process_and_no_file_is_left,
    runtime,
    spawned,
)
from tests.scenarios.timing import eventually, seconds_of
from tests.scenarios.watching import Watcher

__all__ = ["no_process_and_no_file_is_left", "runtime"]  # fixtures


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


@pytest.mark.slow
def test_no_misdeed_delays_the_deadlines_of_others(runtime: Runtime, gate: threading.Event) -> None:
    for number, misdeed in enumerate(HANGS):
        runtime.spawn(f"hangs {number}", agents.Fragile, dispatcher="process", restart=OFTEN)
        runtime.run(f"hangs {number}", timeout=LONG)
        runtime.submit(f"hangs {number}", {"misdeed": misdeed}, timeout=SHORT)
    runtime.spawn("waits", lambda event, state: gate.wait(PATIENCE))

    with pytest.raises(WorkflowFailedError):
        run = runtime.submit("waits", timeout=SHORT)
        run.result()

    assert run.exception().trace.duration < PATIENCE  # type: ignore[union-attr]  # it has failed


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
    with Runtime(observers=[watcher], hook_timeout=PATIENCE, grace=1.0) as runtime:
        spawned(runtime, agents.Clinging)

        runtime.stop_agent("agent", timeout=PATIENCE)

        assert eventually(lambda: not children())


@pytest.mark.expects_errors
def test_an_agent_whose_restart_fails_leaves_nothing(watcher: Watcher) -> None:
    with Runtime(observers=[watcher], hook_timeout=PATIENCE, abandon_after=0.1, grace=0.1) as runtime:
        runtime.spawn("agent", agents.Clinging, dispatcher="process", restart=Restart(max_restarts=1))
        assert eventually(lambda: bool(runtime._system.agents["agent"].instances[0].is_ready))
        with pytest.raises(WorkflowFailedError):
            runtime.run("agent", {"leave": True}, timeout=LONG)


@pytest.mark.parametrize("misdeed", HANGS)
def test_a_runtime_stops_in_time_although_its_agents_hang(misdeed: str) -> None:
    runtime = Runtime(abandon_after=PATIENCE).start()
    spawned(runtime, agents.Fragile, concurrency=2)
    for _ in range(2):
        runtime.submit("agent", {"misdeed": misdeed})
    cell = runtime._system.agents["agent"]
    assert eventually(lambda: all(each.work is not None and each.work.begun_at for each in cell.instances))

    seconds = seconds_of(lambda: runtime.stop(timeout=0.2))

    assert seconds < PATIENCE
    assert children() == set()


@pytest.mark.slow
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

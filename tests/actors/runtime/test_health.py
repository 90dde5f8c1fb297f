from __future__ import annotations

import pytest

from actors import Runtime
from actors.control.telemetry import Telemetry
from actors.runtime.health import Health, examine
from actors.values.errors import ForkedRuntimeError, RuntimeNotRunningError
from supervisors.outcome import Outcome, OutcomeKind, Reason
from tests.actors.by_hand import HandDispatcher, Rig
from tests.actors.logged_agents import function


def test_all_is_well_until_an_agent_is_marked_failed() -> None:
    rig = Rig()
    cells = [rig.spawn(function, name=name) for name in "abc"]
    before = examine(rig.system)

    rig.inside(lambda: cells[1].lifecycle.give_up("it fell too often"))
    cells[2].closed = Outcome(OutcomeKind.REJECTED, Reason.AGENT_STOPPED)

    assert before == Health()
    assert examine(rig.system).reasons == ("agent 'b' is marked failed: it fell too often",)


def test_it_is_bad_while_the_pool_refuses_work() -> None:
    rig = Rig()
    rig.threads.refusal = "0 threads are held by work that could not be stopped"

    assert examine(rig.system).reasons == (f"plain functions are refused: {rig.threads.refusal}",)


def test_it_is_bad_while_work_waits_for_what_the_machine_has_not() -> None:
    rig, processes = Rig(), HandDispatcher()
    rig.system.processes = processes  # type: ignore[assignment]  # the test's own
    rig.threads.shortage = processes.shortage = rig.loops.shortage = "no more"

    assert examine(rig.system).reasons == (
        "plain functions wait: no more",
        "agents in processes wait: no more",
        "an event loop that is blocked cannot be replaced: no more",
    )


def test_it_is_bad_while_async_agents_are_not_started() -> None:
    rig = Rig()
    rig.loops.trouble = "an event loop was not woken"

    assert examine(rig.system).reasons == ("async agents are not started: an event loop was not woken",)


def test_it_is_bad_while_an_observer_does_not_keep_up(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    monkeypatch.setattr(Telemetry, "trouble", "Watcher has missed 2 facts")

    assert examine(rig.system).reasons == ("an observer does not keep up: Watcher has missed 2 facts",)


def test_it_reads_as_a_word_and_its_reasons() -> None:
    degraded = Health(("agent 'a' is marked failed: x", "y"))

    assert (Health().status, Health().is_ok, str(Health())) == ("ok", True, "ok")
    assert (degraded.status, degraded.is_ok) == ("degraded", False)
    assert str(degraded) == "degraded; agent 'a' is marked failed: x; y"


def test_a_runtime_that_does_not_run_is_not_well() -> None:
    runtime = Runtime()
    before = runtime.health

    with runtime:
        assert runtime.health.is_ok

    assert before.status == runtime.health.status == "degraded"
    assert before.reasons == (str(RuntimeNotRunningError("new")),)
    assert runtime.health.reasons == (str(RuntimeNotRunningError("stopped")),)


def test_nor_is_one_in_the_child_of_a_fork() -> None:
    with Runtime() as runtime:
        runtime._system.is_forked = True

        reasons = runtime.health.reasons

        runtime._system.is_forked = False
    assert reasons == (str(ForkedRuntimeError()),)

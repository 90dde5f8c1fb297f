"""Agents in processes of their own: what crosses to them and back, and what is refused."""

from __future__ import annotations

import time
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from actors import Parallel, Runtime, Sequential, WorkflowFailedError
from actors.values.freezing import freeze, same
from supervisors import Reason
from tests.actors.child_processes import await_end
from tests.actors.dispatchers import process_agents as agents
from tests.actors.plain_data import Colour, Permission
from tests.scenarios.agent_processes import LONG, SHORT, children, no_process_and_no_file_is_left, runtime, spawned
from tests.scenarios.timing import eventually
from tests.scenarios.watching import Watcher

__all__ = ["no_process_and_no_file_is_left", "runtime"]  # fixtures


@pytest.mark.slow
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


def test_values_of_every_type_cross_to_a_process_and_back(runtime: Runtime) -> None:
    values = {
        "id": UUID(int=5),
        "amount": Decimal("1.10"),
        "tags": {"a", "b"},
        "fixed": frozenset({(1, 2)}),
        "colour": Colour.RED,
        "rights": Permission.READ | Permission.WRITE,
        "at": datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")),
        "nested": [{"amount": Decimal("NaN"), "colours": {Colour.BLUE}}],
    }
    spawned(runtime, agents.passes)

    found = runtime.run("agent", values, timeout=LONG).state["found"]

    assert same(freeze(found, "it"), freeze(values, "it"))


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


@pytest.mark.bench
def test_thousands_of_events_pass_each_second(runtime: Runtime) -> None:
    spawned(runtime, agents.echo)
    runtime.run("agent", timeout=LONG)

    started = time.perf_counter()
    for _ in range(3_000):
        runtime.run("agent", {"a": 1}, {"b": [1, 2]}, timeout=LONG)

    assert 3_000 / (time.perf_counter() - started) > 500

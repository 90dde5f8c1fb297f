"""Child runs end with the attempt that they are a part of, and cannot be started after it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import pytest

from actors import (
    AgentContext,
    Branch,
    Case,
    Conditional,
    Event,
    Map,
    Parallel,
    RunCancelledError,
    Runtime,
    RunTimeoutError,
    Sequential,
    State,
    WorkflowFailedError,
)
from actors.testing import AnswersAfter, Scripted, VirtualRuntime, sleep
from actors.values.errors import ContextEndedError, RuntimeNotRunningError
from supervisors import OutcomeKind, Reason
from tests.scenarios.orchestrating import (
    BOTH,
    SHORT,
    Hanging,
    Orchestrate,
    awaiting,
    counts,
    failure_of,
    hanging,
    nothing_is_left,
    runtime,
    trace_of,
    tree,
)
from tests.scenarios.timing import eventually
from tests.scenarios.virtual_runs import HOUR
from tests.scenarios.watching import PATIENCE

__all__ = ["hanging", "runtime"]  # fixtures


# How it ends with its parent


@BOTH
def test_the_parents_deadline_ends_the_child_run_and_its_agents(
    runtime: VirtualRuntime, hanging: Hanging, orchestrating: Callable[..., Orchestrate]
) -> None:
    runtime.spawn("asks", orchestrating(Sequential("counts", Parallel("counts", "hangs"))))

    error = failure_of(runtime.submit("asks", timeout=SHORT))
    assert runtime.now == SHORT
    runtime.settle()

    group: list[Any] = [("sequential/parallel/counts", "completed", []), ("sequential/parallel/hangs", "deadline", [])]
    steps = [("sequential/counts", "completed", []), ("sequential/parallel", "deadline", group)]
    assert tree(trace_of(error)) == ("asks", "deadline", [("sequential", "deadline", steps)])
    assert {record.outcome.budget for record in trace_of(error).walk() if not record.outcome.ok} == {"run"}
    assert hanging.has_ended
    assert nothing_is_left(runtime)


def test_a_child_runs_own_timeout_is_the_agents_to_handle(runtime: VirtualRuntime, hanging: Hanging) -> None:
    async def asks(event: Event, state: State, context: AgentContext) -> None:
        with pytest.raises(RunTimeoutError) as raised:
            await context.run("hangs", timeout=SHORT)
        state["budget"] = raised.value.outcome.budget

    runtime.spawn("asks", asks)

    result = runtime.run("asks")

    assert result.state["budget"] == "child run hangs"
    runtime.settle()
    assert hanging.has_ended


@BOTH
def test_cancelling_the_parent_cancels_the_child_run(
    runtime: VirtualRuntime, hanging: Hanging, orchestrating: Callable[..., Orchestrate]
) -> None:
    runtime.spawn("inner", orchestrating(Sequential("counts", "hangs")))
    runtime.spawn("asks", orchestrating("inner"))
    run = runtime.submit("asks")
    runtime.settle()
    assert hanging.has_begun

    run.cancel()

    error = failure_of(run)
    leaves = [record for record in trace_of(error).walk() if not record.children]
    assert isinstance(error, RunCancelledError)
    assert [(leaf.path, leaf.outcome.reason) for leaf in leaves] == [
        ("sequential/counts", Reason.COMPLETED),
        ("sequential/hangs", Reason.REQUESTED),
    ]
    runtime.settle()
    assert hanging.has_ended
    assert nothing_is_left(runtime)


def test_what_is_cancelled_while_its_agents_go_on_on_another_thread_leaves_nothing() -> None:
    begun: SimpleQueue[str] = SimpleQueue()

    async def hang(event: Event, state: State) -> None:
        begun.put(event.id)
        await asyncio.Event().wait()

    with Runtime() as runtime:
        runtime.spawn("hangs", hang)
        runtime.spawn("inner", awaiting(Sequential("hangs")))
        runtime.spawn("asks", awaiting("inner"))

        for _ in range(200):
            run = runtime.submit("asks")
            begun.get(timeout=PATIENCE)
            run.cancel()
            assert isinstance(run.exception(PATIENCE), RunCancelledError)

        assert eventually(lambda: nothing_is_left(runtime))


def test_a_failing_sibling_of_the_parent_ends_the_child_run(runtime: VirtualRuntime, hanging: Hanging) -> None:
    def waits_and_fails(event: Event, state: State) -> None:
        sleep(1.0)
        assert hanging.has_begun
        raise ValueError("no")

    runtime.spawn("late", waits_and_fails)
    runtime.spawn("asks", awaiting("hangs"))

    error = failure_of(runtime.submit(Parallel("asks", "late")))

    [asks, _] = trace_of(error).children
    assert [(each.path, each.outcome.culprit) for each in asks.children] == [("hangs", "parallel/late")]
    runtime.settle()
    assert hanging.has_ended


def test_what_an_agent_leaves_running_ends_with_its_event(runtime: VirtualRuntime, hanging: Hanging) -> None:
    errors: list[BaseException | None] = []

    async def leaves(event: Event, state: State, context: AgentContext) -> None:
        task = asyncio.ensure_future(context.run("hangs"))
        task.add_done_callback(lambda task: errors.append(task.exception()))
        await asyncio.sleep(1.0)  # the agent: is at work until the child run has begun
        assert hanging.has_begun

    runtime.spawn("leaves", leaves)

    result = runtime.run("leaves")

    [below] = result.trace.children
    assert (below.path, below.outcome.kind, below.outcome.culprit) == ("hangs", OutcomeKind.CANCELLED, "leaves")
    runtime.settle()
    assert hanging.has_ended
    assert [type(error) for error in errors] == [RunCancelledError]
    assert nothing_is_left(runtime)


def test_an_agent_that_stops_waiting_cancels_the_child_run(runtime: VirtualRuntime, hanging: Hanging) -> None:
    async def asks(event: Event, state: State, context: AgentContext) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(context.run("hangs"), SHORT)
        state["n"] = (await context.run("counts")).state["n"]

    runtime.spawn("asks", asks)

    assert runtime.run("asks").state["n"] == 1
    runtime.settle()
    assert hanging.has_ended


def test_branches_of_a_child_run_that_is_cut_are_in_declared_order(runtime: VirtualRuntime, hanging: Hanging) -> None:
    runtime.spawn("asks", awaiting(Parallel("hangs", "counts", Sequential("counts", "hangs"))))
    error = failure_of(runtime.submit("asks", timeout=SHORT))

    [group] = trace_of(error).children
    assert [record.path for record in group.children] == ["parallel/hangs", "parallel/counts", "parallel/sequential"]


def test_items_of_a_child_run_that_is_cut_are_in_their_order(runtime: VirtualRuntime, hanging: Hanging) -> None:
    async def hangs_unless_second(event: Event, state: State) -> None:
        if event.metadata["index"] != 1:
            await asyncio.Event().wait()

    runtime.spawn("item", hangs_unless_second)
    runtime.spawn("asks", awaiting(Map("item", over="items")))

    error = failure_of(runtime.submit("asks", state={"items": [0, 1, 2]}, timeout=SHORT))

    [below] = trace_of(error).children
    assert [(record.path, record.outcome.ok) for record in below.children] == [
        ("map/item[0]", False),
        ("map/item[1]", True),
        ("map/item[2]", False),
    ]


def test_branches_of_a_child_run_that_is_cut_are_told_of_but_no_internal_step(
    runtime: VirtualRuntime, hanging: Hanging
) -> None:
    async def asked(state: State) -> bool:
        return await asyncio.Event().wait()

    choice = Conditional(Case("yes", asked, "counts"), fallback="counts")
    runtime.spawn("asks", awaiting(Parallel(Branch("slow", "hangs"), Branch("choice", choice))))

    error = failure_of(runtime.submit("asks", timeout=SHORT))

    assert [record.path for record in trace_of(error).walk()] == [
        "asks",
        "parallel",
        "parallel/slow",
        "parallel/choice",
    ]
    assert b'branch="parallel/slow",reason="deadline"' in runtime.metrics_text()


def test_stopping_the_runtime_drains_child_runs_with_their_parents(runtime: VirtualRuntime) -> None:
    runtime.spawn("waits", Scripted(AnswersAfter(HOUR)))
    runtime.spawn("counts", counts)
    runtime.spawn("asks", awaiting(Sequential("waits", "inner")))
    runtime.spawn("inner", awaiting("counts"))
    run = runtime.submit("asks")
    runtime.settle()

    report = runtime.stop()

    assert (report.cancelled_runs, runtime.now) == ((), HOUR)
    assert run.result().state["n"] == 1


@BOTH
def test_stopping_the_runtime_at_once_ends_child_runs(
    runtime: VirtualRuntime, hanging: Hanging, orchestrating: Callable[..., Orchestrate]
) -> None:
    runtime.spawn("inner", orchestrating("hangs"))
    runtime.spawn("asks", orchestrating(Sequential("inner")))
    run = runtime.submit("asks")
    runtime.settle()
    assert hanging.has_begun

    report = runtime.stop(0)

    error = failure_of(run)
    assert len(report.cancelled_runs) == 1
    assert error.outcome.reason is Reason.SHUTDOWN
    assert [*trace_of(error).walk()][-1].path == "hangs"
    assert (hanging.has_ended, runtime.now) == (True, 0.0)


# Misuse


@pytest.fixture
def kept(runtime: VirtualRuntime, hanging: Hanging) -> AgentContext:
    """The context of an event that has ended."""
    contexts: list[AgentContext] = []

    def keeps(event: Event, state: State, context: AgentContext) -> None:
        contexts.append(context)

    runtime.spawn("keeps", keeps)
    runtime.run("keeps")
    return contexts[0]


def test_a_context_is_of_no_use_when_its_event_has_ended(runtime: VirtualRuntime, kept: AgentContext) -> None:
    with pytest.raises(ContextEndedError, match=r"context\.run\(\) of agent 'keeps': its event has ended"):
        kept.run("counts")
    with pytest.raises(ContextEndedError, match=r"context\.spawn\(\)"):
        kept.spawn("more", counts)

    assert "more" not in runtime.agents


def test_an_agent_that_is_not_wanted_any_more_starts_nothing(runtime: VirtualRuntime, hanging: Hanging) -> None:
    errors: list[BaseException] = []

    def insists(event: Event, state: State, context: AgentContext) -> None:
        for _ in range(2):
            try:
                context.run("hangs")
            except (WorkflowFailedError, ContextEndedError) as error:
                errors.append(error)

    runtime.spawn("insists", insists)

    failure_of(runtime.submit("insists", timeout=SHORT))

    runtime.settle()
    assert [type(error) for error in errors] == [RunTimeoutError, ContextEndedError]


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (("nobody",), LookupError, "'nobody'"),
        ((42,), TypeError, "a workflow is"),
        (("counts", 42), TypeError, "an event is"),
        (("counts", None, 42), TypeError, "state"),
        (("counts", None, None, 0), ValueError, r"context\.run\(\): timeout must be a positive number"),
    ],
)
@pytest.mark.parametrize("is_async", [False, True])
def test_wrong_arguments_are_refused_and_start_nothing(  # noqa: PLR0917  # what is wrong, and what is said of it
    runtime: VirtualRuntime,
    hanging: Hanging,
    arguments: tuple[Any, ...],
    error: type[Exception],
    text: str,
    is_async: bool,
) -> None:
    def asks(event: Event, state: State, context: AgentContext) -> None:
        with pytest.raises(error, match=text):
            context.run(*arguments)

    async def awaits(event: Event, state: State, context: AgentContext) -> None:
        with pytest.raises(error, match=text):
            await context.run(*arguments)

    runtime.spawn("asks", awaits if is_async else asks)

    result = runtime.run("asks")

    assert (result.outcome.ok, result.trace.children) == (True, ())
    assert nothing_is_left(runtime)


def test_a_plain_agent_may_run_workflows_from_threads_that_it_has_made() -> None:
    def asks(event: Event, state: State, context: AgentContext) -> None:
        totals: list[int] = []
        threads = [
            threading.Thread(target=lambda n=n: totals.append(context.run("counts", state={"n": n}).state["n"]))
            for n in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        state["totals"] = sorted(totals)

    with Runtime() as runtime:
        runtime.spawn("counts", counts)
        runtime.spawn("asks", asks)

        assert runtime.run("asks", timeout=PATIENCE).state["totals"] == [1, 2, 3]


def test_spawning_is_refused_when_the_runtime_is_stopping(runtime: VirtualRuntime) -> None:
    def spawns(event: Event, state: State, context: AgentContext) -> None:
        sleep(HOUR)
        with pytest.raises(RuntimeNotRunningError):
            context.spawn("helper", counts)

    runtime.spawn("spawns", spawns)
    run = runtime.submit("spawns")
    runtime.settle()

    runtime.stop()

    assert runtime.now == HOUR
    assert run.result().outcome.ok

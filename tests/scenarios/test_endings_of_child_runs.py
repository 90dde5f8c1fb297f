"""Child runs end with the attempt that they are a part of, and cannot be started after it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
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
from actors.errors import ContextEndedError, RuntimeNotRunningError
from actors.testing import VirtualRuntime
from supervisors import OutcomeKind, Reason
from tests.scenarios.orchestrating import (
    BOTH,
    SHORT,
    Hanging,
    Orchestrate,
    awaiting,
    counts,
    fails,
    failure_of,
    nothing_is_left,
    trace_of,
    tree,
)
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE, Watcher


@pytest.fixture
def hanging(runtime: Runtime) -> Hanging:
    hanging = Hanging()
    runtime.spawn("hangs", hanging.hang)
    runtime.spawn("counts", counts)
    runtime.spawn("fails", fails)
    return hanging


# How it ends with its parent


@pytest.fixture
def virtual(hanging: Hanging) -> Iterator[VirtualRuntime]:
    """A runtime in virtual time: its deadlines come when nothing else is left to happen."""
    with VirtualRuntime(seed=1, abandon_after=1.0) as runtime:
        runtime.spawn("counts", counts)
        runtime.spawn("hangs", hanging.hang)
        yield runtime


@BOTH
def test_the_parents_deadline_ends_the_child_run_and_its_agents(
    virtual: VirtualRuntime, hanging: Hanging, orchestrating: Callable[..., Orchestrate]
) -> None:
    virtual.spawn("asks", orchestrating(Sequential("counts", Parallel("counts", "hangs"))))

    error = failure_of(virtual.submit("asks", timeout=SHORT))
    virtual.settle()

    group: list[Any] = [("sequential/parallel/counts", "completed", []), ("sequential/parallel/hangs", "deadline", [])]
    steps = [("sequential/counts", "completed", []), ("sequential/parallel", "deadline", group)]
    assert tree(trace_of(error)) == ("asks", "deadline", [("sequential", "deadline", steps)])
    assert {record.outcome.budget for record in trace_of(error).walk() if not record.outcome.ok} == {"run"}
    assert hanging.ended.is_set()
    assert nothing_is_left(virtual)


def test_a_child_runs_own_timeout_is_the_agents_to_handle(virtual: VirtualRuntime, hanging: Hanging) -> None:
    async def asks(event: Event, state: State, context: AgentContext) -> None:
        with pytest.raises(RunTimeoutError) as raised:
            await context.run("hangs", timeout=SHORT)
        state["budget"] = raised.value.outcome.budget

    virtual.spawn("asks", asks)

    result = virtual.run("asks", timeout=PATIENCE)

    assert result.state["budget"] == "child run hangs"
    virtual.settle()
    assert hanging.ended.is_set()


@BOTH
def test_cancelling_the_parent_cancels_the_child_run(
    runtime: Runtime, hanging: Hanging, orchestrating: Callable[..., Orchestrate]
) -> None:
    runtime.spawn("inner", orchestrating(Sequential("counts", "hangs")))
    runtime.spawn("asks", orchestrating("inner"))
    run = runtime.submit("asks")
    assert hanging.began.wait(PATIENCE)

    run.cancel()

    error = failure_of(run)
    leaves = [record for record in trace_of(error).walk() if not record.children]
    assert isinstance(error, RunCancelledError)
    assert [(leaf.path, leaf.outcome.reason) for leaf in leaves] == [
        ("sequential/counts", Reason.COMPLETED),
        ("sequential/hangs", Reason.REQUESTED),
    ]
    assert hanging.ended.wait(PATIENCE)
    assert eventually(lambda: nothing_is_left(runtime))


def test_a_failing_sibling_of_the_parent_ends_the_child_run(runtime: Runtime, hanging: Hanging) -> None:
    def waits_and_fails(event: Event, state: State) -> None:
        assert hanging.began.wait(PATIENCE)
        raise ValueError("no")

    runtime.spawn("late", waits_and_fails)
    runtime.spawn("asks", awaiting("hangs"))

    error = failure_of(runtime.submit(Parallel("asks", "late")))

    [asks, _] = trace_of(error).children
    assert [(each.path, each.outcome.culprit) for each in asks.children] == [("hangs", "parallel/late")]
    assert hanging.ended.wait(PATIENCE)


def test_what_an_agent_leaves_running_ends_with_its_event(runtime: Runtime, hanging: Hanging) -> None:
    errors: list[BaseException | None] = []

    async def leaves(event: Event, state: State, context: AgentContext) -> None:
        task = asyncio.ensure_future(context.run("hangs"))
        task.add_done_callback(lambda task: errors.append(task.exception()))
        await asyncio.to_thread(hanging.began.wait, PATIENCE)

    runtime.spawn("leaves", leaves)

    result = runtime.run("leaves", timeout=PATIENCE)

    [below] = result.trace.children
    assert (below.path, below.outcome.kind, below.outcome.culprit) == ("hangs", OutcomeKind.CANCELLED, "leaves")
    assert hanging.ended.wait(PATIENCE)
    assert eventually(lambda: [type(error) for error in errors] == [RunCancelledError])
    assert eventually(lambda: nothing_is_left(runtime))


def test_an_agent_that_stops_waiting_cancels_the_child_run(runtime: Runtime, hanging: Hanging) -> None:
    async def asks(event: Event, state: State, context: AgentContext) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(context.run("hangs"), SHORT)
        state["n"] = (await context.run("counts")).state["n"]

    runtime.spawn("asks", asks)

    assert runtime.run("asks", timeout=PATIENCE).state["n"] == 1
    assert hanging.ended.wait(PATIENCE)


def test_branches_of_a_child_run_that_is_cut_are_in_declared_order(virtual: VirtualRuntime) -> None:
    virtual.spawn("asks", awaiting(Parallel("hangs", "counts", Sequential("counts", "hangs"))))
    error = failure_of(virtual.submit("asks", timeout=SHORT))

    [group] = trace_of(error).children
    assert [record.path for record in group.children] == ["parallel/hangs", "parallel/counts", "parallel/sequential"]


def test_items_of_a_child_run_that_is_cut_are_in_their_order(virtual: VirtualRuntime) -> None:
    async def hangs_unless_second(event: Event, state: State) -> None:
        if event.metadata["index"] != 1:
            await asyncio.Event().wait()

    virtual.spawn("item", hangs_unless_second)
    virtual.spawn("asks", awaiting(Map("item", over="items")))

    error = failure_of(virtual.submit("asks", state={"items": [0, 1, 2]}, timeout=SHORT))

    [below] = trace_of(error).children
    assert [(record.path, record.outcome.ok) for record in below.children] == [
        ("map/item[0]", False),
        ("map/item[1]", True),
        ("map/item[2]", False),
    ]


def test_branches_of_a_child_run_that_is_cut_are_told_of_but_no_internal_step(virtual: VirtualRuntime) -> None:
    async def asked(state: State) -> bool:
        return await asyncio.Event().wait()

    choice = Conditional(Case("yes", asked, "counts"), fallback="counts")
    virtual.spawn("asks", awaiting(Parallel(Branch("slow", "hangs"), Branch("choice", choice))))

    error = failure_of(virtual.submit("asks", timeout=SHORT))

    assert [record.path for record in trace_of(error).walk()] == [
        "asks",
        "parallel",
        "parallel/slow",
        "parallel/choice",
    ]
    assert b'branch="parallel/slow",reason="deadline"' in virtual.metrics_text()


def test_stopping_the_runtime_drains_child_runs_with_their_parents(watcher: Watcher) -> None:
    go_on = threading.Event()
    began = threading.Event()

    def waits(event: Event, state: State) -> None:
        began.set()
        assert go_on.wait(PATIENCE)

    runtime = Runtime(grace=PATIENCE).start()
    runtime.spawn("waits", waits)
    runtime.spawn("counts", counts)
    runtime.spawn("asks", awaiting(Sequential("waits", "inner")))
    runtime.spawn("inner", awaiting("counts"))
    run = runtime.submit("asks")
    assert began.wait(PATIENCE)
    stopping = threading.Thread(target=runtime.stop)
    stopping.start()
    assert eventually(lambda: runtime._status == "stopping")

    go_on.set()

    stopping.join(PATIENCE)
    assert run.result(PATIENCE).state["n"] == 1


@BOTH
def test_stopping_the_runtime_at_once_ends_child_runs(
    hanging: Hanging, orchestrating: Callable[..., Orchestrate]
) -> None:
    runtime = Runtime(grace=PATIENCE).start()
    runtime.spawn("hangs", hanging.hang)
    runtime.spawn("inner", orchestrating("hangs"))
    runtime.spawn("asks", orchestrating(Sequential("inner")))
    run = runtime.submit("asks")
    assert hanging.began.wait(PATIENCE)

    report = runtime.stop(0)

    error = failure_of(run)
    assert len(report.cancelled_runs) == 1
    assert error.outcome.reason is Reason.SHUTDOWN
    assert [*trace_of(error).walk()][-1].path == "hangs"
    assert hanging.ended.wait(PATIENCE)


# Misuse


@pytest.fixture
def kept(runtime: Runtime, hanging: Hanging) -> AgentContext:
    """The context of an event that has ended."""
    contexts: list[AgentContext] = []

    def keeps(event: Event, state: State, context: AgentContext) -> None:
        contexts.append(context)

    runtime.spawn("keeps", keeps)
    runtime.run("keeps")
    return contexts[0]


def test_a_context_is_of_no_use_when_its_event_has_ended(runtime: Runtime, kept: AgentContext) -> None:
    with pytest.raises(ContextEndedError, match=r"context\.run\(\) of agent 'keeps': its event has ended"):
        kept.run("counts")
    with pytest.raises(ContextEndedError, match=r"context\.spawn\(\)"):
        kept.spawn("more", counts)

    assert "more" not in runtime.agents


def test_an_agent_that_is_not_wanted_any_more_starts_nothing(virtual: VirtualRuntime) -> None:
    errors: list[BaseException] = []

    def insists(event: Event, state: State, context: AgentContext) -> None:
        for _ in range(2):
            try:
                context.run("hangs")
            except (WorkflowFailedError, ContextEndedError) as error:
                errors.append(error)

    virtual.spawn("insists", insists)

    failure_of(virtual.submit("insists", timeout=SHORT))

    virtual.settle()
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
    runtime: Runtime, hanging: Hanging, arguments: tuple[Any, ...], error: type[Exception], text: str, is_async: bool
) -> None:
    def asks(event: Event, state: State, context: AgentContext) -> None:
        with pytest.raises(error, match=text):
            context.run(*arguments)

    async def awaits(event: Event, state: State, context: AgentContext) -> None:
        with pytest.raises(error, match=text):
            await context.run(*arguments)

    runtime.spawn("asks", awaits if is_async else asks)

    result = runtime.run("asks", timeout=PATIENCE)

    assert (result.outcome.ok, result.trace.children) == (True, ())
    assert nothing_is_left(runtime)


def test_a_plain_agent_may_run_workflows_from_threads_that_it_has_made(runtime: Runtime, hanging: Hanging) -> None:
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

    runtime.spawn("asks", asks)

    assert runtime.run("asks", timeout=PATIENCE).state["totals"] == [1, 2, 3]


def test_spawning_is_refused_when_the_runtime_is_stopping(runtime: Runtime) -> None:
    began, go_on = threading.Event(), threading.Event()

    def spawns(event: Event, state: State, context: AgentContext) -> None:
        began.set()
        assert go_on.wait(PATIENCE)
        with pytest.raises(RuntimeNotRunningError):
            context.spawn("helper", counts)

    runtime.spawn("spawns", spawns)
    run = runtime.submit("spawns")
    assert began.wait(PATIENCE)
    stopping = threading.Thread(target=runtime.stop)
    stopping.start()
    assert eventually(lambda: runtime._status == "stopping")

    go_on.set()

    stopping.join(PATIENCE)
    assert run.result(PATIENCE).outcome.ok

"""Agents that orchestrate: they run workflows while they handle an event."""

from __future__ import annotations

import asyncio
import contextvars
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from actors import (
    AgentContext,
    Branch,
    Event,
    OverloadedError,
    Runtime,
    RunTimeoutError,
    Sequential,
    State,
    WorkflowFailedError,
)
from actors.testing import AnswersAfter, Hangs, Scripted, ScriptedThread, VirtualRuntime
from actors.values.errors import NestingError
from supervisors import Backoff, Reason, Retry
from supervisors.facts import RunEnded
from supervisors.trace import TraceRecord
from tests.scenarios.orchestrating import (
    BOTH,
    SHORT,
    Hanging,
    Orchestrate,
    awaiting,
    blocking,
    counts,
    counts_on_loop,
    failure_of,
    hanging,
    nothing_is_left,
    runtime,
    trace_of,
    tree,
)
from tests.scenarios.watching import PATIENCE, Watcher

__all__ = ["hanging", "runtime"]  # fixtures

CHILD_RUNS = 10_000
CHILDREN_AT_ONCE = 50
LIMIT_BYTES = 5_000_000

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="none")


# What a child run is


@BOTH
def test_a_child_run_gives_its_result_and_its_trace_is_below_the_agents(
    runtime: VirtualRuntime, hanging: Hanging, orchestrating: Callable[..., Orchestrate]
) -> None:
    runtime.spawn("asks", orchestrating(Sequential("counts", "counts")))

    result = runtime.run("asks", state={"n": 40})

    steps: list[Any] = [("sequential/counts", "completed", []), ("sequential/counts#2", "completed", [])]
    assert result.state["n"] == 42
    assert tree(result.trace) == ("asks", "completed", [("sequential", "completed", steps)])
    assert nothing_is_left(runtime)


def test_its_records_count_from_the_start_of_the_run_that_it_is_a_part_of(
    runtime: VirtualRuntime, hanging: Hanging
) -> None:
    async def asks(event: Event, state: State, context: AgentContext) -> None:
        await asyncio.sleep(2.0)  # the agent: prepares
        await context.run("counts")

    runtime.spawn("first", Scripted(AnswersAfter(1.0)))
    runtime.spawn("asks", asks)

    trace = runtime.run(Sequential("first", "asks")).trace

    assert [(record.path, record.started) for record in trace.walk()] == [
        ("sequential", 0.0),
        ("sequential/first", 0.0),
        ("sequential/asks", 1.0),
        ("counts", 3.0),
    ]


def test_its_state_is_its_own(runtime: VirtualRuntime, hanging: Hanging) -> None:
    async def asks(event: Event, state: State, context: AgentContext) -> None:
        result = await context.run("counts", state=state)
        state["theirs"] = result.state["n"]

    runtime.spawn("asks", asks)

    assert dict(runtime.run("asks", state={"n": 1}).state) == {"n": 1, "theirs": 2}


def test_its_event_is_of_the_same_session_and_says_where_it_comes_from(runtime: VirtualRuntime) -> None:
    events: list[Event] = []

    def notes(event: Event, state: State) -> None:
        events.append(event)

    async def asks(event: Event, state: State, context: AgentContext) -> None:
        await context.run("notes")
        await context.run("notes", {"n": 1})
        await context.run("notes", Event("notes", id="mine", metadata={"session_id": "other"}))

    runtime.spawn("notes", notes)
    runtime.spawn("asks", asks)

    runtime.run("asks", Event("asks", id="e", metadata={"session_id": "s"}))

    assert [event.session_id for event in events] == ["s", "s", "other"]
    assert [dict(event.data) for event in events] == [{}, {"n": 1}, {}]
    assert [event.id.startswith("e/") for event in events] == [True, True, False]
    assert len({event.id for event in events}) == 3


@BOTH
def test_it_runs_in_the_context_variables_of_its_agent(
    runtime: VirtualRuntime, orchestrating: Callable[..., Orchestrate]
) -> None:
    def notes(event: Event, state: State) -> None:
        state["seen"] = request_id.get()

    runtime.spawn("notes", notes)
    runtime.spawn("asks", orchestrating("notes"))
    request_id.set("r1")

    assert runtime.run("asks").state["seen"] == "r1"


@BOTH
def test_a_failing_child_run_is_raised_and_the_agent_may_go_on(
    runtime: VirtualRuntime, hanging: Hanging, orchestrating: Callable[..., Orchestrate]
) -> None:
    async def recovers(event: Event, state: State, context: AgentContext) -> None:
        with pytest.raises(WorkflowFailedError, match="ValueError: no") as raised:
            await context.run(Sequential("counts", "fails"))
        state["partial"] = raised.value.state["n"]
        state["n"] = (await context.run("counts")).state["n"]

    runtime.spawn("recovers", recovers)
    runtime.spawn("asks", orchestrating("fails"))

    result = runtime.run("recovers")
    failed = failure_of(runtime.submit("asks"))

    assert dict(result.state) == {"partial": 1, "n": 1}
    assert [record.outcome.reason for record in result.trace.children] == [Reason.CHILD_FAILED, Reason.COMPLETED]
    assert (failed.outcome.reason, [*trace_of(failed).walk()][-1].path) == (Reason.EXCEPTION, "fails")


def test_child_runs_count_under_their_own_workflows_name(
    runtime: VirtualRuntime, watcher: Watcher, hanging: Hanging
) -> None:
    runtime.spawn("asks", awaiting(Sequential("counts", name="inner")))

    runtime.run("asks")

    runtime.settle()
    assert [fact.workflow for fact in watcher.all(RunEnded)] == ["inner", "asks"]
    page = runtime.metrics_text().decode()
    for workflow in ("asks", "inner"):
        assert f'mixmode_workflow_duration_seconds_count{{outcome="ok",workflow="{workflow}"}} 1.0' in page
        assert f'mixmode_runs_in_progress{{workflow="{workflow}"}} 0.0' in page


def test_an_agent_may_have_several_child_runs_at_once(runtime: VirtualRuntime) -> None:
    async def asks(event: Event, state: State, context: AgentContext) -> None:
        await asyncio.gather(*[context.run("works") for _ in range(3)])

    runtime.spawn("works", ScriptedThread(AnswersAfter(1.0)))
    runtime.spawn("asks", asks)

    result = runtime.run("asks")

    assert (len(result.trace.children), result.duration) == (3, 1.0)


def test_each_attempts_child_runs_are_in_the_trace(runtime: VirtualRuntime, hanging: Hanging) -> None:
    async def asks(event: Event, state: State, context: AgentContext) -> None:
        await context.run("fails" if context.attempt == 1 else "counts")

    runtime.spawn("asks", asks)
    retry = Retry(attempts=2, backoff=Backoff(initial=0.001))

    trace = runtime.run(Sequential(Branch("asks", retry=retry))).trace

    assert [record.path for record in trace.children[0].children] == ["fails", "counts"]


def test_an_agent_that_was_asked_directly_may_run_workflows_too(runtime: VirtualRuntime, hanging: Hanging) -> None:
    ref = runtime.spawn("asks", awaiting("counts"))
    late = runtime.spawn("late", awaiting("hangs"), timeout=SHORT)

    answer: Any = ref.ask(Event("asks"))
    assert answer.state["n"] == 1
    with pytest.raises(TimeoutError):
        late.ask(Event("late"))
    assert runtime.now == SHORT
    runtime.settle()
    assert hanging.has_ended
    assert nothing_is_left(runtime)


def test_the_default_timeout_is_for_child_runs_that_inherit_no_deadline() -> None:
    with VirtualRuntime(default_timeout=SHORT) as runtime:
        runtime.spawn("hangs", Scripted(Hangs()))
        ref = runtime.spawn("asks", awaiting("hangs"))

        with pytest.raises(RunTimeoutError, match="out of child run hangs"):
            ref.ask(Event("asks"))
        assert runtime.now == SHORT


def test_max_runs_does_not_keep_child_runs_out() -> None:
    with VirtualRuntime(max_runs=1, waiting=1) as runtime:
        runtime.spawn("counts", counts)
        runtime.spawn("asks", awaiting("counts"))
        runtime.spawn("hangs", Scripted(Hangs()))
        runtime.spawn("outer", awaiting("asks"))

        assert runtime.run("outer").state["n"] == 1
        held = [runtime.submit("hangs") for _ in range(2)]
        with pytest.raises(OverloadedError):
            runtime.submit("outer")
        for run in held:
            run.cancel()


def test_on_the_hosts_loop_it_is_the_same() -> None:
    async def main() -> State:
        async with Runtime(loop=asyncio.get_running_loop()) as runtime:
            runtime.spawn("counts", counts_on_loop)
            runtime.spawn("asks", awaiting("counts"))
            runtime.spawn("outer", blocking("asks"))
            return (await runtime.submit("outer", timeout=PATIENCE)).state

    assert asyncio.run(main())["n"] == 1


# Threads


@pytest.mark.parametrize("seed", range(5))
def test_nested_plain_agents_cannot_starve_the_pool(seed: int) -> None:
    levels = 8

    def nests(event: Event, state: State, context: AgentContext) -> None:
        level = event.data["level"]
        state["depth"] = context.run("nests", {"level": level - 1}).state["depth"] + 1 if level else 0

    with VirtualRuntime(seed=seed, max_threads=2) as runtime:
        runtime.spawn("nests", nests)

        runs = [runtime.submit("nests", {"level": levels}) for _ in range(4)]

        assert [run.result().state["depth"] for run in runs] == [levels] * 4
        runtime.settle()
        assert runtime._system.threads.thread_count <= 2


def test_nesting_too_deep_is_refused(runtime: VirtualRuntime) -> None:
    async def nests(event: Event, state: State, context: AgentContext) -> None:
        try:
            await context.run("nests")
        except NestingError as error:
            state["error"] = str(error)
        except WorkflowFailedError:
            raise
        else:
            return
        raise RecursionError(state["error"])

    runtime.spawn("nests", nests)

    error = failure_of(runtime.submit("nests"))

    assert "child runs may be nested 32 deep, no deeper: nests -> nests" in str(error)
    assert len([*trace_of(error).walk()]) == 33


# In the long run


@pytest.mark.slow
def test_memory_is_flat_over_ten_thousand_child_runs() -> None:
    def resident_bytes() -> int:
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    async def many(runtime: Runtime, runs: int) -> None:
        for _ in range(runs // CHILDREN_AT_ONCE):
            await asyncio.gather(*[_run(runtime) for _ in range(CHILDREN_AT_ONCE)])

    async def main() -> int:
        async with _orchestra() as runtime:
            await many(runtime, CHILD_RUNS // 5)
            before = resident_bytes()
            await many(runtime, CHILD_RUNS)
            assert nothing_is_left(runtime)
            return resident_bytes() - before

    assert asyncio.run(main()) < LIMIT_BYTES


@pytest.mark.slow
def test_memory_of_one_event_is_bounded_however_many_child_runs_it_has() -> None:
    async def asks(event: Event, state: State, context: AgentContext) -> None:
        for _ in range(CHILD_RUNS // 2):
            await context.run(Sequential("counts", "counts"))

    async def main() -> TraceRecord:
        async with _orchestra() as runtime:
            runtime.spawn("many", asks)
            return (await runtime.submit("many")).trace

    trace = asyncio.run(main())

    kept = len([*trace.walk()]) - 1
    assert kept <= 10_000
    assert kept + trace.dropped == 3 * (CHILD_RUNS // 2)


@asynccontextmanager
async def _orchestra() -> AsyncIterator[Runtime]:
    async with Runtime(loop=asyncio.get_running_loop()) as runtime:
        runtime.spawn("counts", counts_on_loop)
        runtime.spawn("asks", awaiting(Sequential("counts", "counts")))
        yield runtime


def _run(runtime: Runtime) -> Awaitable[Any]:
    return runtime.submit("asks", timeout=PATIENCE)


def test_the_same_seed_gives_the_same_trace() -> None:
    def trace(seed: int) -> str:
        with VirtualRuntime(seed=seed, max_threads=1) as runtime:
            runtime.spawn("counts", counts)
            runtime.spawn("hangs", Hanging().hang)
            runtime.spawn("blocks", blocking(Sequential("counts", "asks")))
            runtime.spawn("asks", awaiting(Sequential("counts", "counts")))
            runtime.spawn("late", awaiting(Sequential("blocks", "hangs")))
            error = runtime.submit("late", timeout=3600).exception()
            assert error is not None
            return str(error.trace)

    traces = {trace(seed=7) for _ in range(2)}

    assert len(traces) == 1
    assert "3600" in traces.pop()

"""What is kept of a failure is text: what the agent's frames held goes at once, without the garbage collector."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from weakref import WeakSet

import pytest

from actors import (
    AgentContext,
    Branch,
    Case,
    Conditional,
    Event,
    Map,
    Parallel,
    RunResult,
    Runtime,
    Sequential,
    State,
    WorkflowFailedError,
)
from actors.testing import Probe
from supervisors import Backoff, Retry
from supervisors.facts import AgentRan, BranchFailed, RunEnded, StageEnded, StageRetried
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE

RUNS = 10
TWICE = Retry(attempts=2, backoff=Backoff(initial=0.0))


class Upload:
    """What an agent holds while it fails."""

    alive: ClassVar[WeakSet[Upload]] = WeakSet()

    def __init__(self) -> None:
        self.alive.add(self)


def plain(event: Event, state: State) -> None:
    upload = Upload()
    raise ValueError(f"wrong: {upload!r}")


def plain_with_context(event: Event, state: State, context: AgentContext) -> None:
    upload = Upload()
    raise ValueError(f"wrong: {upload!r}")


async def on_loop(event: Event, state: State) -> None:
    upload = Upload()
    await asyncio.sleep(0)
    raise ValueError(f"wrong: {upload!r}")


async def on_loop_with_context(event: Event, state: State, context: AgentContext) -> None:
    upload = Upload()
    await asyncio.sleep(0)
    raise ValueError(f"wrong: {upload!r}")


def well(event: Event, state: State) -> dict[str, Any]:
    return {"went": "well"}


def fails_to_say(state: State) -> bool:
    upload = Upload()
    raise ValueError(f"wrong: {upload!r}")


AGENTS = [plain, plain_with_context, on_loop, on_loop_with_context]
OK: dict[str, Callable[[str], Any]] = {
    "optional": lambda name: Parallel("well", Branch(name, required=False, retry=TWICE)),
    "optional step": lambda name: Sequential("well", Branch(name, required=False)),
    "fallback": lambda name: Branch(name, fallback="well"),
}
FAILED: dict[str, Callable[[str], Any]] = {
    "step": lambda name: Sequential("well", name),
    "required": lambda name: Parallel(name, "well", on_failure="finish"),
    "quorum": lambda name: Parallel(Branch("one", name), Branch("two", name), "well", require=3),
    "items": lambda name: Map(name, over="items", on_failure="finish"),
    "condition": lambda _name: Conditional(Case("case", fails_to_say, "well"), fallback="well"),
}


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime(metrics=True) as runtime:
        for agent in (*AGENTS, well):
            runtime.spawn(agent.__name__, agent)
        yield runtime


@pytest.fixture
def _without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def all_gone(runtime: Runtime) -> bool:
    # A thread, a loop and the control plane each keep the work or the message that they handled last.
    for name in ("well", "passing"):
        runtime.run(name, timeout=PATIENCE)
    return not Upload.alive


async def passing(event: Event, state: State) -> None:
    await asyncio.sleep(0)


names = pytest.mark.parametrize("name", [agent.__name__ for agent in AGENTS])


@pytest.mark.usefixtures("_without_collector")
@pytest.mark.parametrize("shape", OK)
@names
def test_results_that_are_ok_hold_nothing_of_what_failed_in_them(runtime: Runtime, name: str, shape: str) -> None:
    runtime.spawn("passing", passing)

    results: list[RunResult] = [runtime.run(OK[shape](name), timeout=PATIENCE) for _ in range(RUNS)]

    assert eventually(lambda: all_gone(runtime))
    told = [str(record.outcome) for result in results for record in result.trace.walk()]
    assert sum("wrong" in text for text in told) >= RUNS


@pytest.mark.usefixtures("_without_collector")
@pytest.mark.parametrize("shape", FAILED)
@names
def test_an_error_that_nobody_holds_goes_with_all_that_it_held(runtime: Runtime, name: str, shape: str) -> None:
    runtime.spawn("passing", passing)

    for _ in range(RUNS):
        with pytest.raises(WorkflowFailedError):
            runtime.run(FAILED[shape](name), {"items": [1, 2, 3]}, timeout=PATIENCE)

    assert eventually(lambda: all_gone(runtime))


@pytest.mark.usefixtures("_without_collector")
@names
def test_an_answer_that_was_an_exception_goes_with_whoever_asked(runtime: Runtime, name: str) -> None:
    runtime.spawn("passing", passing)

    def ask() -> None:
        try:
            runtime.agent(name).ask(Event(), timeout=PATIENCE)
        except ValueError:
            return
        pytest.fail("it was answered")

    for _ in range(RUNS):
        ask()

    assert eventually(lambda: all_gone(runtime))


def outcomes_of(fact: Any) -> list[Any]:
    if isinstance(fact, StageEnded):
        return [record.outcome for record in fact.record.walk()]
    return [fact.outcome] if isinstance(fact, AgentRan | BranchFailed | RunEnded | StageRetried) else []


@names
@pytest.mark.parametrize("shape", ["required", "quorum", "items"])
def test_only_what_becomes_the_cause_of_the_error_is_an_exception(name: str, shape: str) -> None:
    probe = Probe()
    with Runtime(observers=[probe]) as runtime:
        for agent in (*AGENTS, well):
            runtime.spawn(agent.__name__, agent)
        with pytest.raises(WorkflowFailedError) as caught:
            runtime.run(FAILED[shape](name), {"items": [1, 2, 3]}, timeout=PATIENCE)

    error = caught.value
    assert error.outcome.failure is not None
    assert isinstance(error.__cause__, ValueError)
    assert error.__cause__ is error.outcome.failure.exception
    assert error.trace is not None
    told = [outcome for each in probe.received for outcome in outcomes_of(each.what)]
    held = [record.outcome for record in error.trace.walk()] + [each.outcome for each in error.branches.values()]
    failures = [outcome.failure for outcome in told + held if outcome.failure is not None]
    assert len(failures) > 1
    assert all(failure.exception is None and "wrong" in failure.text for failure in failures)

"""Every pattern can stand wherever a node can."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actors import (
    Branch,
    Collaborative,
    Event,
    Loop,
    MultiStage,
    Parallel,
    Route,
    Sequential,
    Stage,
    State,
)
from actors.testing import Hangs, Scripted, VirtualRuntime
from supervisors import OutcomeKind
from tests.scenarios.virtual_runs import HOUR

PATTERNS: dict[str, Callable[[Any], Any]] = {
    "sequential": lambda node: Sequential("other", node),
    "parallel": lambda node: Parallel("other", node),
    "collaborative": lambda node: Collaborative(node, "other"),
    "route": lambda node: Route({"go": node}, default="other"),
    "loop": lambda node: Loop(node, max_iterations=2),
    "multi_stage": lambda node: MultiStage(Stage("first", "other"), Stage("second", node)),
    "branch": lambda node: Sequential(Branch("branch", node, timeout=HOUR)),
    "fallback": lambda node: Sequential(Branch("failing", fallback=node)),
}
EVENT = {"message": "go"}

everything = pytest.mark.parametrize(
    ("outer", "middle", "inner"),
    [(outer, middle, "parallel") for outer, middle in itertools.product(PATTERNS, PATTERNS)]
    + [("route", "loop", inner) for inner in PATTERNS]
    + [("loop", "multi_stage", inner) for inner in PATTERNS],
)


def work(event: Event, state: State) -> None:
    state["work"] = state.get("work", 0) + 1


async def other(event: Event, state: State) -> None:
    await asyncio.sleep(0)
    state["other"] = "done"


def failing(event: Event, state: State) -> None:
    state["failing"] = "never to be seen"
    raise ValueError("on purpose")


def nested(leaf: str, *patterns: str) -> Any:
    node: Any = leaf
    for pattern in reversed(patterns):
        node = PATTERNS[pattern](node)
    return node


@pytest.fixture
def runtime(request: pytest.FixtureRequest) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(seed=getattr(request, "param", 0)) as runtime:
        runtime.spawn("work", work)
        runtime.spawn("other", other)
        runtime.spawn("failing", failing)
        runtime.spawn("hanging", Scripted(Hangs()))
        yield runtime


@everything
def test_nested_patterns_work(runtime: VirtualRuntime, outer: str, middle: str, inner: str) -> None:
    workflow = nested("work", outer, middle, inner)

    result = runtime.run(workflow, EVENT)

    loops = [outer, middle, inner].count("loop")
    assert result.state["work"] == 2**loops
    assert all(record.outcome.ok for record in result.trace.walk() if "failing" not in record.path)
    paths = [record.path for record in result.trace.walk()]
    assert all("/".join(path.split("/")[:-1]) in ("", *paths) for path in paths)


@everything
def test_a_failure_deep_below_names_the_leaf(runtime: VirtualRuntime, outer: str, middle: str, inner: str) -> None:
    workflow = nested("failing", outer, middle, inner)

    error = runtime.submit(workflow, EVENT).exception()

    assert error is not None
    assert error.outcome.kind is OutcomeKind.FAILED
    assert error.outcome.culprit.rpartition("/")[2] in ("failing", "branch", "second", "fallback")
    assert isinstance(error.__cause__, ValueError)
    assert "failing" not in error.state
    assert set(error.state) <= {"other"}


@everything
@pytest.mark.parametrize("runtime", range(5), indirect=True)
def test_a_cancelled_run_ends_at_every_level(runtime: VirtualRuntime, outer: str, middle: str, inner: str) -> None:
    run = runtime.submit(nested("hanging", outer, middle, inner), EVENT)
    runtime.spawn("cancelling", lambda _event, _state: {"did": run.cancel()})

    cancelling = runtime.run("cancelling")  # while the run begins, or when it has

    error = run.exception()
    assert cancelling.state["did"] is True
    assert error is not None
    assert run.cancelled()
    assert error.trace is not None
    assert not [each for each in error.trace.walk() if each.outcome.kind is OutcomeKind.TIMED_OUT]
    assert runtime.run("work").state["work"] == 1
    assert runtime.now == 0.0


@everything
def test_a_deadline_ends_every_level(runtime: VirtualRuntime, outer: str, middle: str, inner: str) -> None:
    run = runtime.submit(nested("hanging", outer, middle, inner), EVENT, timeout=60.0)

    error = run.exception()

    assert error is not None
    assert error.outcome.kind is OutcomeKind.TIMED_OUT
    assert error.outcome.budget == "run"
    assert runtime.now == 60.0

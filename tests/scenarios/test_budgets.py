"""Nested budgets: the outcome names the one that ran out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from actors import (
    AgentContext,
    Branch,
    Event,
    Loop,
    MultiStage,
    Parallel,
    Run,
    Runtime,
    RunTimeoutError,
    Sequential,
    Stage,
    State,
)
from supervisors import OutcomeKind, Retry
from supervisors.facts import TimedOut
from tests.scenarios.watching import PATIENCE, Watcher

SHORT = 0.05
LONG = PATIENCE / 2


async def sleeps(event: Event, state: State) -> None:
    await asyncio.sleep(PATIENCE)  # what every budget here is too short for


def nested(budgets: dict[str, float]) -> Any:
    """Build one workflow with every budget there is, on the way to one agent."""
    attempt = Retry(attempts=1, attempt_timeout=budgets["attempt"])
    branch = Branch("branch", "sleeps", timeout=budgets["branch"], retry=attempt)
    loop = Loop(
        Parallel(branch, name="group", timeout=budgets["group"]),
        name="loop",
        timeout=budgets["loop"],
        iteration_timeout=budgets["iteration"],
    )
    stage = Stage("stage", loop, timeout=budgets["stage"])
    return Sequential(
        MultiStage(stage, name="stages", timeout=budgets["stages"]),
        name="flow",
        timeout=budgets["flow"],
    )


NAMES = {
    "run": "run",
    "flow": "flow",
    "stages": "flow/stages",
    "stage": "flow/stages/stage",
    "loop": "flow/stages/stage",
    "iteration": "iteration of flow/stages/stage",
    "group": "flow/stages/stage/group",
    "branch": "flow/stages/stage/group/branch",
    "attempt": "attempt of flow/stages/stage/group/branch",
    "agent": "agent sleeps",
}
OWNERS = {
    "run": "flow",
    "iteration": "flow/stages/stage/group",
    "attempt": "flow/stages/stage/group/branch",
    "agent": "flow/stages/stage/group/branch",
}


@pytest.fixture(params=NAMES)
def shortest(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def run(runtime: Runtime, shortest: str) -> Iterator[Run]:
    budgets = dict.fromkeys(NAMES, LONG) | {shortest: SHORT}
    runtime.spawn("sleeps", sleeps, timeout=budgets["agent"])
    yield runtime.submit(nested(budgets), timeout=budgets["run"])


def test_the_outcome_names_the_budget_that_ran_out(run: Run, shortest: str) -> None:
    error = run.exception(PATIENCE)

    assert error is not None
    assert error.outcome.budget == NAMES[shortest]
    assert isinstance(error, RunTimeoutError) == (shortest in ("run", "flow"))


def test_every_record_below_a_budget_names_it(run: Run, shortest: str) -> None:
    error = run.exception(PATIENCE)

    assert error is not None
    assert error.trace is not None
    records = list(error.trace.walk())
    assert [record.outcome.budget for record in records] == [NAMES[shortest]] * len(records)
    assert records[-1].outcome.kind is OutcomeKind.TIMED_OUT


def test_a_budget_that_ran_out_is_told_once_of_its_owner(run: Run, shortest: str, watcher: Watcher) -> None:
    run.exception(PATIENCE)

    told = watcher.await_fact(TimedOut)
    watcher.await_stage("flow")
    assert watcher.all(TimedOut) == [told]
    assert (told.budget, told.path) == (NAMES[shortest], OWNERS.get(shortest, NAMES[shortest]))


def test_a_child_has_what_its_parent_has_left(runtime: Runtime) -> None:
    def told(event: Event, state: State, context: AgentContext) -> None:
        state["remaining"] = context.remaining

    runtime.spawn("told", told)
    generous = Sequential(Branch("told", timeout=60), timeout=50)

    assert 0 < runtime.run(generous, timeout=10).state["remaining"] <= 10
    assert 10 < runtime.run(generous, timeout=55).state["remaining"] <= 50


def test_the_default_timeout_holds_for_runs_without_one() -> None:
    with Runtime(default_timeout=SHORT, abandon_after=0.1) as runtime:
        runtime.spawn("sleeps", sleeps)

        error = runtime.submit("sleeps").exception(PATIENCE)

    assert isinstance(error, RunTimeoutError)
    assert error.outcome.budget == "run"


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), True, "1"])
def test_a_timeout_that_is_none_is_refused(runtime: Runtime, timeout: Any) -> None:
    runtime.spawn("sleeps", sleeps)

    with pytest.raises((ValueError, TypeError)):
        runtime.submit("sleeps", timeout=timeout)
    with pytest.raises((ValueError, TypeError)):
        Sequential("sleeps", timeout=timeout)
    with pytest.raises((ValueError, TypeError)):
        Branch("sleeps", timeout=timeout)

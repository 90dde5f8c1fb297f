"""Nested budgets: the outcome names the one that ran out."""

from __future__ import annotations

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
    RunTimeoutError,
    Sequential,
    Stage,
    State,
)
from actors.testing import AnswersAfter, Hangs, Probe, Scripted, VirtualRuntime
from supervisors import OutcomeKind, Retry
from supervisors.facts import TimedOut
from tests.scenarios.virtual_runs import HOUR, probe, runtime

__all__ = ["probe", "runtime"]  # fixtures

SHORT = 60.0
LONG = HOUR


def nested(budgets: dict[str, float]) -> Any:
    """Build one workflow with every budget there is, on the way to one agent."""
    attempt = Retry(attempts=1, attempt_timeout=budgets["attempt"])
    branch = Branch("branch", "hangs", timeout=budgets["branch"], retry=attempt)
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
    "agent": "agent hangs",
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
def run(runtime: VirtualRuntime, shortest: str) -> Run:
    budgets = dict.fromkeys(NAMES, LONG) | {shortest: SHORT}
    runtime.spawn("hangs", Scripted(Hangs()), timeout=budgets["agent"])
    return runtime.submit(nested(budgets), timeout=budgets["run"])


def test_the_outcome_names_the_budget_that_ran_out(runtime: VirtualRuntime, run: Run, shortest: str) -> None:
    error = run.exception()

    assert error is not None
    assert error.outcome.budget == NAMES[shortest]
    assert isinstance(error, RunTimeoutError) == (shortest in ("run", "flow"))
    assert runtime.now == SHORT


def test_every_record_below_a_budget_names_it(run: Run, shortest: str) -> None:
    error = run.exception()

    assert error is not None
    assert error.trace is not None
    records = list(error.trace.walk())
    assert [record.outcome.budget for record in records] == [NAMES[shortest]] * len(records)
    assert [record.duration for record in records] == [SHORT] * len(records)
    assert records[-1].outcome.kind is OutcomeKind.TIMED_OUT


def test_a_budget_that_ran_out_is_told_once_of_its_owner(
    runtime: VirtualRuntime, run: Run, shortest: str, probe: Probe
) -> None:
    run.exception()

    runtime.advance(2 * LONG)  # the others are over as well
    [told] = probe.all(TimedOut)
    assert (told.budget, told.path) == (NAMES[shortest], OWNERS.get(shortest, NAMES[shortest]))


def test_a_child_has_what_its_parent_has_left(runtime: VirtualRuntime) -> None:
    def told(event: Event, state: State, context: AgentContext) -> None:
        state["remaining"] = context.remaining

    runtime.spawn("takes-time", Scripted(AnswersAfter(4.0)))
    runtime.spawn("told", told)
    generous = Sequential("takes-time", Branch("told", timeout=60), timeout=50)

    assert runtime.run(generous, timeout=10).state["remaining"] == 10 - 4
    assert runtime.run(generous, timeout=55).state["remaining"] == 50 - 4


def test_the_default_timeout_holds_for_runs_without_one() -> None:
    with VirtualRuntime(default_timeout=SHORT) as runtime:
        runtime.spawn("hangs", Scripted(Hangs()))

        error = runtime.submit("hangs").exception()

    assert isinstance(error, RunTimeoutError)
    assert error.outcome.budget == "run"
    assert runtime.now == SHORT


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), True, "1"])
def test_a_timeout_that_is_none_is_refused(runtime: VirtualRuntime, timeout: Any) -> None:
    runtime.spawn("hangs", Scripted(Hangs()))

    with pytest.raises((ValueError, TypeError)):
        runtime.submit("hangs", timeout=timeout)
    with pytest.raises((ValueError, TypeError)):
        Sequential("hangs", timeout=timeout)
    with pytest.raises((ValueError, TypeError)):
        Branch("hangs", timeout=timeout)

"""Cached: the end of the runtime, and defects."""

from __future__ import annotations

import pytest

from actors.testing import AnswersAfter, Scripted, VirtualRuntime
from supervisors.facts import StageStarted
from tests.scenarios.computations import Computation, ask, endings, runtime, waiting
from tests.scenarios.virtual_runs import HOUR
from tests.scenarios.watching import Watcher

__all__ = ["runtime"]  # a fixture


@pytest.mark.parametrize("seed", range(5))
def test_the_end_of_the_runtime_ends_all_who_wait_and_begins_nothing(seed: int, watcher: Watcher) -> None:
    computation = Computation()
    with VirtualRuntime(seed=seed, observers=[watcher]) as runtime:
        runtime.spawn("compute", computation)
        runs = ask(runtime, 20)
        computation.next()

        report = runtime.stop(0)

    assert len(report.cancelled_runs) == 20
    assert endings(runs) == ["shutdown"] * 20
    assert computation.count == 1
    assert [fact.path for fact in watcher.all(StageStarted)].count("answers/compute") == 1
    assert waiting(runtime) == 0


@pytest.mark.parametrize("seed", range(5))
def test_draining_lets_all_who_wait_have_the_value(seed: int) -> None:
    agent = Scripted(AnswersAfter(HOUR, {"answer": "computed"}))
    with VirtualRuntime(seed=seed, grace=2 * HOUR) as runtime:
        runtime.spawn("compute", agent)
        runs = ask(runtime, 5)

        report = runtime.stop()

        assert (report.cancelled_runs, runtime.now) == ((), HOUR)
    assert endings(runs) == ["completed"] + ["cached"] * 4
    assert {run.result().state["answer"] for run in runs} == {"computed"}
    assert len(agent.calls) == 1


@pytest.mark.expects_errors
@pytest.mark.parametrize("struck", [0, 1])
def test_after_a_defect_in_one_run_the_others_go_on(
    runtime: VirtualRuntime, computation: Computation, struck: int
) -> None:
    runs = ask(runtime, 4)
    call = computation.next()

    runtime._system.plane.post(runs[struck].supervisor, "no signal")  # type: ignore[arg-type]  # the defect
    assert endings([runs[struck]]) == ["internal_error"]
    if struck == 0:
        call = computation.next()
    call.finish()

    others = [run for run in runs if run is not runs[struck]]
    assert sorted(endings(others)) == ["cached", "cached", "completed"]
    assert waiting(runtime) == 0

"""Cached: the end of the runtime, and defects."""

from __future__ import annotations

import threading

import pytest

from actors import Runtime
from tests.scenarios.computations import Computation, ask, endings, waiting
from tests.scenarios.watching import PATIENCE


def test_the_end_of_the_runtime_ends_all_who_wait_and_begins_nothing() -> None:
    computation = Computation()
    with Runtime() as runtime:
        runtime.spawn("compute", computation)
        runs = ask(runtime, 20)
        computation.next()

        report = runtime.stop(0)

    assert len(report.cancelled_runs) == 20
    assert endings(runs) == ["shutdown"] * 20
    assert computation.count == 1
    assert waiting(runtime) == 0


def test_draining_lets_all_who_wait_have_the_value() -> None:
    computation = Computation()
    runtime = Runtime().start()
    runtime.spawn("compute", computation)
    runs = ask(runtime, 5)
    stopping = threading.Thread(target=runtime.stop)
    stopping.start()
    computation.next().finish()
    stopping.join(PATIENCE)

    assert endings(runs) == ["completed"] + ["cached"] * 4


@pytest.mark.expects_errors
@pytest.mark.parametrize("struck", [0, 1])
def test_after_a_defect_in_one_run_the_others_go_on(runtime: Runtime, computation: Computation, struck: int) -> None:
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

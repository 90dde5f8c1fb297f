"""A regular expression that backtracks for ever fails its own condition, and delays nobody."""

from __future__ import annotations

import os
import signal
import threading
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from actors import (
    Event,
    Loop,
    MultiStage,
    Route,
    Run,
    RunCancelledError,
    Runtime,
    RunTimeoutError,
    Sequential,
    Stage,
    State,
    WorkflowFailedError,
)
from actors.conditions import All, Compare, Condition, Equals, Exists, Matches, Not
from actors.conditions import Any as AnyOf
from actors.orchestrators import evaluations as callables
from actors.processes.matching import MOST_MATCHERS
from supervisors import Reason
from tests.actors.child_processes import await_end, computing_time, is_running, matcher_pids, open_files
from tests.scenarios.timing import eventually, seconds_of
from tests.scenarios.watching import PATIENCE

BACKTRACKS = Matches("text", "(a+)+$")
ENDLESS = {"text": "a" * 40 + "b"}
TIMEOUT = 0.2
STARTING_TIME = 0.1
"""Seconds that a process computes at most before it searches: one that has computed for longer backtracks."""


def touch(event: Event, state: State) -> None:
    state["touched"] = state.get("touched", 0) + 1


@pytest.fixture(autouse=True)
def agents(runtime: Runtime) -> None:
    runtime.spawn("touch", touch)


@pytest.fixture
def known() -> set[int]:
    """The matchers that other tests may have left."""
    return matcher_pids()


def asks(condition: Condition) -> Loop:
    return Loop("touch", until=condition, max_iterations=1)


def backtracking(runtime: Runtime, known: set[int], **more: Any) -> tuple[Run, int]:
    """Return a run whose condition is being evaluated, and the process that does it."""
    run = runtime.submit(asks(BACKTRACKS), state=ENDLESS, **more)
    pids: set[int] = set()

    def searches() -> bool:
        pids.update(pid for pid in matcher_pids() - known if computing_time(pid) >= STARTING_TIME)
        return bool(pids)

    assert eventually(searches)
    return run, pids.pop()


# What it is asked by


HOLDING: list[tuple[Condition, bool]] = [
    (Matches("text", "^needle$"), True),
    (Matches("text", "^NEEDLE$"), True),
    (Matches("text", "^NEEDLE$", ignore_case=False), False),
    (Matches("gone", "needle"), False),
    (All(Exists("text"), Matches("text", "need")), True),
    (All(Equals("text", "hay"), BACKTRACKS), False),
    (AnyOf(Matches("text", "hay"), Matches("text", "dle")), True),
    (Not(Matches("text", "hay")), True),
    (Not(AnyOf(Matches("text", "hay"), Not(Matches("text", "d")))), True),
]


@pytest.mark.parametrize(("condition", "expected"), HOLDING)
def test_patterns_are_asked_wherever_conditions_are(runtime: Runtime, condition: Condition, expected: bool) -> None:
    state = {"text": "needle"}
    loop = runtime.run(asks(condition), state=state)
    route = runtime.run(Route({condition: "touch"}, default=Sequential("touch", "touch")), state=state)
    before = runtime.run(MultiStage(Stage("one", "touch", prerequisites=[condition], required=False)), state=state)
    after = runtime.run(MultiStage(Stage("one", "touch", success=condition, required=False)), state=state)

    assert loop.outcome.reason is (Reason.CONDITION_MET if expected else Reason.MAX_ITERATIONS)
    assert route.state["touched"] == (1 if expected else 2)
    assert ("touched" in before.state) is expected
    assert ("touched" in after.state) is expected


def test_a_runtime_that_asks_for_no_pattern_has_no_process(runtime: Runtime, known: set[int]) -> None:
    runtime.run(asks(All(Exists("touched"), Not(Equals("touched", 2)))))
    runtime.run(asks(AnyOf(Exists("touched"))))

    assert matcher_pids() <= known


def test_searches_share_a_few_processes(runtime: Runtime, known: set[int]) -> None:
    runs = [runtime.submit(asks(Matches("text", "b$")), state=ENDLESS) for _ in range(200)]

    assert {run.result(PATIENCE).outcome.reason for run in runs} == {Reason.CONDITION_MET}
    assert runtime._system.matchers.idle_count <= MOST_MATCHERS
    assert eventually(lambda: len(matcher_pids() - known) <= MOST_MATCHERS)


def test_what_has_no_answer_has_none_beside_a_pattern_either(runtime: Runtime) -> None:
    condition = All(Matches("text", "a"), Compare("text", "<", 5))

    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run(asks(condition), state=ENDLESS)

    assert caught.value.outcome.reason is Reason.CONDITION_ERROR
    assert "'text' holds a value of type str, which has no order with one of type int" in str(caught.value)


# What backtracks


@pytest.mark.parametrize(
    "condition", [BACKTRACKS, All(Exists("text"), BACKTRACKS), AnyOf(Exists("gone"), BACKTRACKS), Not(BACKTRACKS)]
)
def test_a_pattern_that_backtracks_fails_its_condition_when_its_time_is_up(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, known: set[int], condition: Condition
) -> None:
    monkeypatch.setattr(callables, "CALLABLE_TIMEOUT", TIMEOUT)

    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run(asks(condition), state=ENDLESS)

    outcome = caught.value.outcome
    assert (outcome.reason, outcome.budget) == (Reason.CONDITION_ERROR, "condition of loop (until)")
    assert outcome.culprit == "loop"
    assert eventually(lambda: matcher_pids() <= known)
    assert dict(caught.value.state) == {**ENDLESS, "touched": 1}


def test_a_run_whose_pattern_backtracks_ends_by_its_own_deadline(runtime: Runtime, known: set[int]) -> None:
    with pytest.raises(RunTimeoutError):
        runtime.run(asks(BACKTRACKS), state=ENDLESS, timeout=TIMEOUT)

    assert eventually(lambda: matcher_pids() <= known)


def test_a_pattern_that_backtracks_delays_no_deadline(
    runtime: Runtime, known: set[int], gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callables, "CALLABLE_TIMEOUT", 3 * PATIENCE)

    def hang(event: Event, state: State) -> None:
        gate.wait(3 * PATIENCE)

    runtime.spawn("hangs", hang)
    run, _ = backtracking(runtime, known)

    other = runtime.submit("hangs", timeout=TIMEOUT)

    assert isinstance(other.exception(PATIENCE), RunTimeoutError)
    assert not run.done()
    run.cancel()


def test_patterns_that_backtrack_hold_up_no_other_search(runtime: Runtime, known: set[int]) -> None:
    stuck = [runtime.submit(asks(BACKTRACKS), state=ENDLESS) for _ in range(MOST_MATCHERS + 2)]

    result = runtime.run(asks(Matches("text", "b$")), state=ENDLESS, timeout=PATIENCE)

    assert result.outcome.reason is Reason.CONDITION_MET
    assert not any(run.done() for run in stuck)
    for run in stuck:
        run.cancel()
    assert eventually(lambda: len(matcher_pids() - known) <= 1)


def test_cancelling_the_run_ends_the_process_and_its_thread(runtime: Runtime, known: set[int]) -> None:
    run, pid = backtracking(runtime, known)

    run.cancel()

    assert isinstance(run.exception(PATIENCE), RunCancelledError)
    assert await_end(pid)
    assert eventually(lambda: pid not in matcher_pids())  # no zombie either
    assert runtime.run("touch").outcome.ok


def test_a_process_that_is_killed_fails_its_condition_and_is_replaced(runtime: Runtime, known: set[int]) -> None:
    run, pid = backtracking(runtime, known)

    os.kill(pid, signal.SIGKILL)

    error = run.exception(PATIENCE)
    assert isinstance(error, WorkflowFailedError)
    assert error.outcome.reason is Reason.CONDITION_ERROR
    assert "pattern '(a+)+$' was not searched for to the end: its process was ended by signal 9" in str(error)
    assert runtime.run(asks(Matches("text", "b$")), state=ENDLESS).outcome.reason is Reason.CONDITION_MET


def test_runs_that_are_cancelled_at_any_moment_harm_no_other_search(runtime: Runtime) -> None:
    workflow, state = asks(Matches("text", "b$")), {"text": "a" * 100_000}

    for _ in range(50):
        cancelled, kept = [runtime.submit(workflow, state=state) for _ in range(2)]
        cancelled.cancel()
        assert kept.result(PATIENCE).outcome.reason is Reason.MAX_ITERATIONS
        assert cancelled.exception(PATIENCE) is None or cancelled.cancelled()


# How the runtime ends


def test_stopping_the_runtime_ends_an_evaluation(known: set[int]) -> None:
    with Runtime(grace=0.0) as runtime:
        runtime.spawn("touch", touch)
        run, pid = backtracking(runtime, known)

        stopping = seconds_of(lambda: runtime.stop(0))

    assert isinstance(run.exception(), RunCancelledError)
    assert stopping < PATIENCE
    assert await_end(pid)
    assert eventually(lambda: pid not in matcher_pids())


def test_a_stopped_runtime_leaves_no_process_and_no_file(known: set[int]) -> None:
    files = open_files()
    runtime = Runtime().start()
    runtime.spawn("touch", touch)
    runs = [runtime.submit(asks(Matches("text", "b$")), state=ENDLESS) for _ in range(50)]
    assert all(run.exception(PATIENCE) is None for run in runs)
    assert matcher_pids() - known

    runtime.stop()

    assert matcher_pids() <= known
    assert eventually(lambda: open_files() <= files)


def in_child(act: Callable[[], None]) -> int:
    """Run something in a forked child and return how that exited: 0 if it raised nothing."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act()
            code = 0
        except BaseException:  # noqa: BLE001  # the child must not run the rest of the test
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_leaves_the_processes_to_the_parent(runtime: Runtime, known: set[int]) -> None:
    workflow = asks(Matches("text", "b$"))
    runtime.run(workflow, state=ENDLESS)
    (pid,) = matcher_pids() - known

    def act() -> None:
        with Runtime() as own:
            own.spawn("touch", touch)
            assert own.run(workflow, state=ENDLESS).outcome.reason is Reason.CONDITION_MET
            assert is_running(pid)

    assert in_child(act) == 0

    assert runtime.run(workflow, state=ENDLESS).outcome.reason is Reason.CONDITION_MET
    assert is_running(pid)

from __future__ import annotations

from typing import Any

import pytest

from actors import Branch, Loop, MultiStage, Parallel, Sequential, Stage
from actors.checks import limits
from actors.checks.agents import Declaration
from supervisors import Backoff, Retry
from tests.actors.checks.checking import findings, found

EVERY_SECOND = Backoff(initial=1.0, factor=1.0, jitter=0.0)
JITTERY = Backoff(initial=10.0, jitter=1.0)


@pytest.mark.parametrize(
    "workflow",
    [
        Sequential(Branch("a", timeout=10), timeout=10),
        Sequential(Branch("a", timeout=6), Branch("b", timeout=6), timeout=10),
        Loop("a", max_iterations=3, iteration_timeout=0.1, timeout=0.3),
        Loop("a", max_iterations=1, iteration_timeout=10, timeout=10),
        Loop("a", iteration_timeout=10),
        MultiStage(Stage("A", Sequential("a", timeout=5), timeout=5)),
        Sequential(Branch("a", timeout=10, retry=Retry(attempts=3, attempt_timeout=3))),
        Sequential(Branch("a", timeout=10, retry=Retry(attempts=3, attempt_timeout=9, on=ValueError))),
        Sequential(Branch("a", timeout=10, retry=Retry(attempts=3, backoff=JITTERY))),
        Sequential(Branch("a", timeout=10, retry=Retry(attempts=1, attempt_timeout=5))),
        Sequential(Branch("a", retry=Retry(attempts=3, attempt_timeout=5, backoff=JITTERY))),
        Sequential(Branch("a", timeout=10, retry=Retry(attempt_timeout=3), fallback=Sequential("b", timeout=8))),
        Sequential(Branch("a", timeout=1, fallback=Branch("b", timeout=8)), timeout=10),
        Loop(Branch("a", timeout=1, fallback=Branch("b", timeout=2)), max_iterations=3, iteration_timeout=3, timeout=9),
    ],
    ids=repr,
)
def test_limits_that_can_all_be_granted_are_no_mistake(workflow: Any) -> None:
    assert found(workflow) == []


@pytest.mark.parametrize(
    ("workflow", "problem"),
    [
        (
            Sequential(Branch("a", timeout=20), name="flow", timeout=10),
            "20 s for 'flow/a' cannot be granted: 'flow' grants 10 s",
        ),
        (
            Loop(Branch("a", timeout=20), name="flow", iteration_timeout=10),
            "20 s for 'flow/a' cannot be granted: 'iteration of flow' grants 10 s",
        ),
        (
            MultiStage(Stage("A", Sequential("a", timeout=5), timeout=10), name="x"),
            "10 s for 'x/A' cannot be granted: 'x/A' grants 5 s in its own timeout, retries included",
        ),
        (
            Sequential(Branch("a", Sequential("b", Branch("c", timeout=5)), retry=Retry(attempt_timeout=2)), name="x"),
            "5 s for 'x/a/c' cannot be granted: 'attempt of x/a' grants 2 s",
        ),
    ],
)
def test_a_timeout_that_cannot_be_granted_names_who_does_not(workflow: Any, problem: str) -> None:
    (finding,) = findings(workflow)

    assert (finding.code, finding.problem) == ("timeout-not-granted", problem)


def test_a_fallback_that_has_no_time_once_its_nodes_time_is_over_is_told() -> None:
    (finding,) = findings(Sequential(Branch("a", timeout=10, fallback="b"), name="flow", timeout=10))

    assert (finding.code, finding.path) == ("fallback-without-time", "flow/a")
    assert finding.problem == (
        "its fallback never begins when its 10 s are over: 'flow' grants 10 s, the fallback included"
    )


@pytest.mark.parametrize(
    ("attempts", "possible"),
    [(4, None), (5, 4)],
    ids=["as many as fit", "one more"],
)
def test_attempts_fit_that_begin_before_the_time_is_up(attempts: int, possible: int | None) -> None:
    retry = Retry(attempts=attempts, backoff=EVERY_SECOND)

    problems = [finding.problem for finding in findings(Branch("a", timeout=4, retry=retry))]

    assert [problem.partition(" attempts")[0] for problem in problems] == (
        [] if possible is None else [f"only {possible} of {attempts}"]
    )


@pytest.mark.parametrize(("attempts", "fits"), [(2, True), (3, False)])
def test_attempts_that_run_out_of_time_are_counted_with_the_delays(attempts: int, fits: bool) -> None:
    retry = Retry(attempts=attempts, attempt_timeout=3, backoff=EVERY_SECOND)

    assert found(Branch("a", timeout=8, retry=retry)) == ([] if fits else [("attempts-do-not-fit", "a")])


def test_an_attempt_that_is_not_granted_is_all_that_is_said_of_a_retry() -> None:
    retry = Retry(attempts=3, attempt_timeout=20, backoff=Backoff(initial=10.0))

    assert found(Branch("a", timeout=5, retry=retry)) == [("attempt-not-granted", "a")]


def test_a_retry_for_ever_is_not_added_up_for_ever() -> None:
    retry = Retry(attempts=10**9, backoff=Backoff(initial=0.0))

    assert found(Branch("a", timeout=5, retry=retry)) == []
    assert limits._MOST_RETRIES < 10**9


def test_iterations_are_measured_by_what_is_above_the_loop_too() -> None:
    workflow = MultiStage(Stage("A", Loop("a", max_iterations=4, iteration_timeout=3), timeout=10), name="flow")

    (finding,) = findings(workflow)

    assert (finding.code, finding.path) == ("iterations-do-not-fit", "flow/A")
    assert finding.problem == "4 iterations of 3 s take 12 s, and 'flow/A' grants 10 s"
    assert "ask for 3 at most" in finding.advice


@pytest.mark.parametrize(("timeout", "is_found"), [(4.0, False), (5.0, False), (6.0, True), (None, False)])
def test_an_agents_own_timeout_is_compared_where_it_works(timeout: float | None, is_found: bool) -> None:
    workflow = Parallel(Branch("a", timeout=20, retry=Retry(attempt_timeout=5)))

    assert found(workflow, {"a": Declaration(timeout=timeout)}) == (
        [("agent-timeout-not-granted", "parallel/a")] if is_found else []
    )

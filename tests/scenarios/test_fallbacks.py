"""Fallbacks: what is done instead of what failed or is late, in the time that is left above."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from actors import (
    Branch,
    Cached,
    Event,
    Loop,
    Map,
    MultiStage,
    Parallel,
    Route,
    Sequential,
    Stage,
    State,
    WorkflowFailedError,
)
from actors.testing import AnswersAfter, Fails, Hangs, Returns, Scripted, VirtualRuntime, sleep
from supervisors import Backoff, OutcomeKind, Retry
from tests.scenarios.virtual_runs import trace_of

AT_ONCE = Backoff(initial=0.0)


@pytest.fixture
def runtime() -> Iterator[VirtualRuntime]:
    with VirtualRuntime(seed=14) as virtual:
        virtual.spawn("hangs", Scripted(Hangs()))
        virtual.spawn("fails", Scripted(Fails(ConnectionError("refused"), after=1.0)))
        virtual.spawn("slow", Scripted(AnswersAfter(5.0, {"slow": True})))
        virtual.spawn("spare", Scripted(Returns({"spare": True})))
        yield virtual


def failed(runtime: VirtualRuntime, workflow: Any, **options: Any) -> WorkflowFailedError:
    error = runtime.submit(workflow, **options).exception()
    assert error is not None
    return error


def paths(trace: Any) -> list[tuple[str, str]]:
    return [(record.path, record.outcome.kind.value) for record in trace.walk()]


def test_a_fallback_runs_when_the_timeout_of_its_branch_fires(runtime: VirtualRuntime) -> None:
    result = runtime.run(Branch("hangs", timeout=0.5, fallback="spare"))

    assert dict(result.state) == {"spare": True}
    assert result.duration == 0.5
    assert paths(result.trace) == [("hangs", "ok"), ("hangs[node]", "timed_out"), ("hangs/fallback", "ok")]
    assert result.trace.outcome.detail == "instead of 'hangs': timed_out (deadline), out of hangs"


def test_the_timeout_of_a_branch_is_that_of_all_attempts_and_of_the_waits_between(runtime: VirtualRuntime) -> None:
    retry = Retry(attempts=9, backoff=Backoff(initial=2.0, factor=1.0, jitter=0.0))

    result = runtime.run(Branch("fails", timeout=6.5, retry=retry, fallback="spare"))

    assert result.duration == 6.5  # the third attempt is cut short half a second after its beginning
    assert result.trace.attempts == 3


def test_a_fallback_has_a_timeout_of_its_own(runtime: VirtualRuntime) -> None:
    branch = Branch("hangs", timeout=2.0, fallback=Branch("hangs-too", "hangs", timeout=1.0, fallback="spare"))

    result = runtime.run(branch)

    assert result.duration == 3.0
    assert paths(result.trace) == [
        ("hangs", "ok"),
        ("hangs[node]", "timed_out"),
        ("hangs/fallback", "ok"),
        ("hangs/fallback[node]", "timed_out"),
        ("hangs/fallback/fallback", "ok"),
    ]


def test_a_fallback_is_retried_as_its_own_policy_says(runtime: VirtualRuntime) -> None:
    flaky = Scripted(Fails(OSError("once")), Returns({"flaky": True}))
    runtime.spawn("flaky", flaky)

    result = runtime.run(Branch("hangs", timeout=1.0, fallback=Branch("flaky", retry=Retry(backoff=AT_ONCE))))

    assert [call.attempt for call in flaky.calls] == [1, 2]
    assert dict(result.state) == {"flaky": True}


def test_a_fallback_has_what_is_left_above_its_branch(runtime: VirtualRuntime) -> None:
    error = failed(runtime, Sequential(Branch("hangs", timeout=1.0, fallback="slow"), name="flow", timeout=4.0))

    assert (error.outcome.kind, error.outcome.budget) == (OutcomeKind.TIMED_OUT, "flow")
    assert runtime.now == 4.0


def test_no_fallback_starts_when_the_time_of_the_parent_is_over(runtime: VirtualRuntime) -> None:
    spare = Scripted(Returns())
    runtime.spawn("watched", spare)

    error = failed(runtime, Branch("hangs", timeout=2.0, fallback="watched"), timeout=2.0)

    assert error.outcome.kind is OutcomeKind.TIMED_OUT
    assert spare.calls == ()
    assert b"mixmode_fallbacks_total{" not in runtime.metrics_text()


def test_no_fallback_starts_when_the_run_is_cancelled(runtime: VirtualRuntime) -> None:
    spare = Scripted(Returns())
    runtime.spawn("watched", spare)
    run = runtime.submit(Branch("hangs", timeout=2.0, fallback="watched"))
    runtime.advance(1.0)

    run.cancel()
    runtime.advance(5.0)

    assert run.cancelled()
    assert spare.calls == ()


def test_when_both_fail_the_message_and_the_trace_show_both(runtime: VirtualRuntime) -> None:
    error = failed(runtime, Sequential(Branch("hangs", timeout=0.5, fallback="fails"), name="flow"))

    assert "ConnectionError: refused; instead of 'flow/hangs': timed_out (deadline), out of flow/hangs" in str(error)
    assert isinstance(error.__cause__, ConnectionError)
    assert paths(error.trace)[1:] == [
        ("flow/hangs", "failed"),
        ("flow/hangs[node]", "timed_out"),
        ("flow/hangs/fallback", "failed"),
    ]


def test_a_late_answer_of_what_fell_back_is_not_merged(runtime: VirtualRuntime) -> None:
    def stubborn(event: Event, state: State) -> dict[str, str]:
        state["late"] = "changed"
        sleep(3.0)
        return {"late": "answer"}

    runtime.spawn("stubborn", stubborn)

    result = runtime.run(Sequential(Branch("stubborn", timeout=1.0, fallback="spare"), "slow"))

    assert dict(result.state) == {"spare": True, "slow": True}


def test_fallbacks_that_start_are_counted_by_why(runtime: VirtualRuntime) -> None:
    late, wrong = Branch("hangs", timeout=1.0, fallback="spare"), Branch("fails", fallback="spare")

    runtime.run(Sequential(late, wrong, name="flow"))

    registry = runtime.metrics_registry
    for branch, reason in (("flow/hangs", "deadline"), ("flow/fails", "exception")):
        labels = {"workflow": "flow", "branch": branch, "reason": reason}
        assert registry.get_sample_value("mixmode_fallbacks_total", labels) == 1.0
    assert b"mixmode_branch_failures_total{" not in runtime.metrics_text()


# Branches in branches


def test_a_branch_in_a_branch_has_a_policy_of_its_own(runtime: VirtualRuntime) -> None:
    inner = Branch("inner", "hangs", timeout=1.0)

    result = runtime.run(
        Branch("outer", inner, timeout=9.0, retry=Retry(attempts=3, backoff=AT_ONCE), fallback="spare")
    )

    assert result.duration == 3.0
    assert (result.trace.pattern, result.trace.attempts) == ("branch", 3)
    assert {record.path for record in result.trace.walk()} == {
        "outer",
        "outer[node]",
        "outer/inner",
        "outer/fallback",
    }


@pytest.mark.parametrize("where", ["node", "fallback"])
def test_an_optional_branch_in_a_branch_that_fails_leaves_the_state_and_is_counted_alone(
    runtime: VirtualRuntime, where: str
) -> None:
    inner = Branch("inner", Sequential("spare", "fails"), required=False)
    outer = Branch("outer", inner) if where == "node" else Branch("outer", "fails", fallback=inner)

    result = runtime.run(outer, state={"before": 1})

    assert dict(result.state) == {"before": 1}
    path = "outer/inner" if where == "node" else "outer/fallback"
    page = runtime.metrics_text().decode()
    counted = [line for line in page.splitlines() if line.startswith("mixmode_branch_failures_total{")]
    assert len(counted) == 1
    assert f'branch="{path}"' in counted[0]


# Everywhere


@pytest.mark.parametrize(
    ("workflow", "seconds"),
    [
        (Sequential, 1.0),
        (Parallel, 1.0),
        (lambda branch: Parallel(branch, "slow", require="any"), 1.0),
        (lambda branch: Route({"x": "slow"}, default=branch), 1.0),
        (lambda branch: Loop(branch, max_iterations=2, iteration_timeout=3.0), 2.0),
        (lambda branch: Map(branch, over="items", concurrency=1), 2.0),
        (lambda branch: Cached(branch, key="items"), 1.0),
        (lambda branch: MultiStage(Stage("stage", "hangs", timeout=1.0, fallback="spare")), 1.0),
        (lambda branch: Branch("outer", branch, retry=Retry(attempts=2)), 1.0),
        (lambda branch: Branch("fails", fallback=branch), 2.0),
    ],
    ids="sequential parallel quorum route loop map cached stage branch fallback".split(),
)
def test_a_fallback_after_a_timeout_runs_wherever_its_branch_stands(
    runtime: VirtualRuntime, workflow: Any, seconds: float
) -> None:
    run = runtime.submit(workflow(Branch("hangs", timeout=1.0, fallback="spare")), {"items": [1, 2], "message": ""})

    assert run.exception() is None
    assert trace_of(run).duration == seconds


def test_the_timeout_of_an_attempt_leaves_the_rest_to_the_fallback(runtime: VirtualRuntime) -> None:
    retry = Retry(attempts=2, attempt_timeout=1.0, backoff=AT_ONCE)

    result = runtime.run(Branch("hangs", timeout=5.0, retry=retry, fallback="spare"))

    assert result.duration == 2.0


def test_the_timeout_of_a_place_bounds_the_fallback_too(runtime: VirtualRuntime) -> None:
    branch = Branch("hangs", timeout=1.0, fallback="slow")

    error = failed(runtime, Loop(branch, iteration_timeout=3.0))

    assert (error.outcome.budget, runtime.now) == ("iteration of loop", 3.0)

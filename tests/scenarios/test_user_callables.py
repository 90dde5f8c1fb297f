"""What users hand in beside agents may block: the deadlines of other runs are on time all the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actors import (
    Event,
    Loop,
    MultiStage,
    Parallel,
    Route,
    Run,
    Stage,
    State,
    WorkflowFailedError,
)
from actors.conditions import Equals
from actors.testing import Hangs, Scripted, ScriptedThread, VirtualRuntime, sleep
from supervisors import OutcomeKind, Reason
from tests.scenarios.virtual_runs import trace_of

BLOCKED_FOR, TIMEOUT = 4.0, 1.0

seeds = pytest.mark.parametrize("seed", range(5))


class Blocking:
    """Code of a user's that blocks, and counts how often it began."""

    def __init__(self) -> None:
        self.began = 0

    def block(self, *_args: Any) -> Any:
        self.began += 1
        sleep(BLOCKED_FOR)

    async def block_the_loop(self, _state: State) -> bool:
        self.block()
        return True


@dataclasses.dataclass(eq=False, repr=False)
class Sluggish:
    """A value whose comparisons, text and hash are not to be called: they might block."""

    number: int

    def __eq__(self, other: object) -> bool:
        called.append("==")
        return True

    def __repr__(self) -> str:
        called.append("repr()")
        return "sluggish"

    __hash__ = None  # type: ignore[assignment]  # nobody may hash it either


called: list[str] = []
"""What was called of sluggish values in this test."""


def in_loop(blocking: Blocking) -> Any:
    return Loop("touch", until=blocking.block, max_iterations=1)


def in_async_loop(blocking: Blocking) -> Any:
    return Loop("touch", until=blocking.block_the_loop, max_iterations=1)


def in_merger(blocking: Blocking) -> Any:
    return Parallel("touch", merge=blocking.block)


def in_rule(blocking: Blocking) -> Any:
    return Route({blocking.block: "touch"}, default="touch")


def in_prerequisite(blocking: Blocking) -> Any:
    return MultiStage(Stage("one", "touch", prerequisites=[blocking.block], required=False))


def in_success(blocking: Blocking) -> Any:
    return MultiStage(Stage("one", "touch", success=blocking.block, required=False))


def touch(event: Event, state: State) -> None:
    state["touched"] = True


def writes_sluggish(event: Event, state: State) -> None:
    state["value"] = Sluggish(1)


@pytest.fixture
def seed() -> int:
    return 0


@pytest.fixture
def runtime(seed: int) -> Iterator[VirtualRuntime]:
    called.clear()
    with VirtualRuntime(seed=seed) as runtime:
        runtime.spawn("touch", touch)
        runtime.spawn("sluggish", writes_sluggish)
        runtime.spawn("hangs", Scripted(Hangs()))
        runtime.spawn("hangs on a thread", ScriptedThread(Hangs()))
        yield runtime


def check_deadlines(runtime: VirtualRuntime) -> None:
    """Have runs time out, each at its moment."""
    runs = [runtime.submit(name, timeout=TIMEOUT) for name in ("hangs", "hangs on a thread")]
    outcomes = [trace_of(run) for run in runs]
    assert [(each.outcome.kind, each.duration) for each in outcomes] == [(OutcomeKind.TIMED_OUT, TIMEOUT)] * 2


@seeds
@pytest.mark.parametrize("workflow", [in_loop, in_async_loop, in_merger, in_rule, in_prerequisite, in_success])
def test_a_blocking_callable_delays_no_deadline(runtime: VirtualRuntime, workflow: Callable[[Blocking], Any]) -> None:
    blocking = Blocking()
    run = runtime.submit(workflow(blocking))
    runtime.settle()
    assert blocking.began == 1

    check_deadlines(runtime)

    assert not run.done()
    assert run.result().duration == BLOCKED_FOR


@seeds
def test_a_blocking_callback_of_a_run_delays_no_deadline(runtime: VirtualRuntime) -> None:
    blocking = Blocking()
    runtime.submit("touch").add_done_callback(blocking.block)
    runtime.settle()
    assert blocking.began == 1

    check_deadlines(runtime)

    runtime.advance(BLOCKED_FOR)


def test_comparing_values_runs_no_code_of_theirs(runtime: VirtualRuntime) -> None:
    condition = Equals("value", Sluggish(1))
    workflow = Loop(Parallel("sluggish", "touch"), until=condition, max_iterations=3)

    result = runtime.run(workflow, state={"value": Sluggish(2)})

    assert result.outcome.ok
    assert called == []


def test_two_branches_that_wrote_equal_values_run_no_code_of_theirs(runtime: VirtualRuntime) -> None:
    runtime.spawn("sluggish_too", writes_sluggish)

    result = runtime.run(Parallel("sluggish", "sluggish_too"))

    assert result.state["value"].number == 1
    assert called == []


@pytest.mark.expects_errors
def test_a_callback_that_raises_is_logged_and_holds_up_no_other(
    runtime: VirtualRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[Run] = []
    run = runtime.submit("touch")

    run.add_done_callback(lambda run: 1 / 0)
    run.add_done_callback(calls.append)

    runtime.settle()
    assert calls == [run]
    assert "ZeroDivisionError" in caplog.text


def test_a_callback_added_after_the_end_is_called_once(runtime: VirtualRuntime) -> None:
    calls: list[Run] = []
    run = runtime.submit("touch")
    run.result()

    run.add_done_callback(calls.append)

    runtime.settle()
    assert calls == [run]


@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_a_merger_that_raises_fails_its_group_and_keeps_the_results(
    runtime: VirtualRuntime, error: type[BaseException]
) -> None:
    def merge(state: State, branches: object) -> None:
        raise error("cannot merge")

    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run(Parallel("touch", merge=merge, name="group"))

    assert caught.value.outcome.reason is Reason.MERGE_ERROR
    assert caught.value.outcome.culprit == "group"
    assert isinstance(caught.value.__cause__, error)
    assert dict(caught.value.state) == {"touched": True}


def test_a_merger_sees_who_is_missing(runtime: VirtualRuntime) -> None:
    seen = {}

    def fails(event: Event, state: State) -> None:
        raise ValueError("no result")

    def merge(state: State, branches: Any) -> dict[str, int]:
        seen.update({name: branch.outcome.ok for name, branch in branches.items()})
        return {"ok": sum(branch.outcome.ok for branch in branches.values())}

    runtime.spawn("fails", fails)

    result = runtime.run(Parallel("touch", "fails", "sluggish", require=2, merge=merge))

    assert result.state["ok"] == 2
    assert seen == {"touch": True, "fails": False, "sluggish": True}

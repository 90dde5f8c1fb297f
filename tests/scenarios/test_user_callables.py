"""What users hand in beside agents may block: the deadlines of other runs are on time all the same."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from actors import (
    Event,
    Loop,
    MultiStage,
    Parallel,
    Route,
    Run,
    Runtime,
    RunTimeoutError,
    Stage,
    State,
    WorkflowFailedError,
)
from actors.conditions import Equals
from supervisors import Reason
from tests.scenarios.timing import fastest, seconds_of
from tests.scenarios.watching import PATIENCE

BLOCKED_FOR = 1.0
TIMEOUT = 0.2
NOTICED_WITHIN = 0.4


class Blocking:
    """Code of a user's that blocks, and says when it has begun."""

    def __init__(self) -> None:
        self.began = threading.Event()

    def block(self, *_args: Any) -> Any:
        self.began.set()
        time.sleep(BLOCKED_FOR)  # the misbehaviour

    async def block_the_loop(self, _state: State) -> bool:
        self.block()
        return True


@dataclasses.dataclass(eq=False)
class Sluggish:
    """A value whose comparisons, text and hash block."""

    number: int
    blocking: dataclasses.InitVar[Blocking | None] = None

    def __eq__(self, other: object) -> bool:
        time.sleep(BLOCKED_FOR)  # the misbehaviour
        return True

    def __repr__(self) -> str:
        time.sleep(BLOCKED_FOR)  # the misbehaviour
        return "sluggish"

    __hash__ = None  # type: ignore[assignment]  # nobody may hash it either


def writes_sluggish(event: Event, state: State) -> None:
    state["value"] = Sluggish(1)


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


def hangs(gate: threading.Event) -> Callable[[Event, State], None]:
    def hang(event: Event, state: State) -> None:
        gate.wait(PATIENCE)  # the misbehaviour: only its deadline ends it

    return hang


@pytest.fixture(autouse=True)
def agents(runtime: Runtime, gate: threading.Event) -> None:
    runtime.spawn("touch", touch)
    runtime.spawn("sluggish", writes_sluggish)
    runtime.spawn("hangs", hangs(gate))


def time_out(runtime: Runtime) -> float:
    run = runtime.submit("hangs", timeout=TIMEOUT)
    seconds = seconds_of(lambda: run.exception(PATIENCE))
    assert isinstance(run.exception(), RunTimeoutError)
    return seconds


@pytest.mark.parametrize("workflow", [in_loop, in_async_loop, in_merger, in_rule, in_prerequisite, in_success])
def test_a_blocking_callable_delays_no_deadline(runtime: Runtime, workflow: Callable[[Blocking], Any]) -> None:
    def beside() -> float:
        blocking = Blocking()
        run = runtime.submit(workflow(blocking))
        assert blocking.began.wait(PATIENCE)
        seconds = time_out(runtime)
        assert not run.done()
        run.result(PATIENCE)
        return seconds

    assert fastest(beside, NOTICED_WITHIN) < NOTICED_WITHIN


def test_a_blocking_callback_of_a_run_delays_no_deadline(runtime: Runtime) -> None:
    def beside() -> float:
        blocking = Blocking()
        runtime.submit("touch").add_done_callback(blocking.block)
        assert blocking.began.wait(PATIENCE)
        return time_out(runtime)

    assert fastest(beside, NOTICED_WITHIN) < NOTICED_WITHIN


def test_comparing_values_runs_no_code_of_theirs(runtime: Runtime) -> None:
    condition = Equals("value", Sluggish(1))
    workflow = Loop(Parallel("sluggish", "touch"), until=condition, max_iterations=3)
    run = runtime.submit(workflow, state={"value": Sluggish(2)})

    def beside() -> float:
        return time_out(runtime)

    assert fastest(beside, NOTICED_WITHIN) < NOTICED_WITHIN
    assert run.result(timeout=BLOCKED_FOR / 2).outcome.ok


def test_two_branches_that_wrote_equal_values_run_no_code_of_theirs(runtime: Runtime) -> None:
    runtime.spawn("sluggish_too", writes_sluggish)

    def merge() -> None:
        result = runtime.run(Parallel("sluggish", "sluggish_too"), timeout=PATIENCE)
        assert result.state["value"].number == 1

    assert fastest(lambda: seconds_of(merge), BLOCKED_FOR / 2) < BLOCKED_FOR / 2


@pytest.mark.expects_errors
def test_a_callback_that_raises_is_logged_and_holds_up_no_other(runtime: Runtime) -> None:
    called = threading.Event()
    run = runtime.submit("touch")

    run.add_done_callback(lambda run: 1 / 0)
    run.add_done_callback(lambda run: called.set())

    assert called.wait(PATIENCE)


def test_a_callback_added_after_the_end_is_called_once(runtime: Runtime) -> None:
    calls: list[Run] = []
    called = threading.Event()
    run = runtime.submit("touch")
    run.result()

    run.add_done_callback(calls.append)
    run.add_done_callback(lambda run: called.set())

    assert called.wait(PATIENCE)
    assert calls == [run]


@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_a_merger_that_raises_fails_its_group_and_keeps_the_results(
    runtime: Runtime, error: type[BaseException]
) -> None:
    def merge(state: State, branches: object) -> None:
        raise error("cannot merge")

    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run(Parallel("touch", merge=merge, name="group"))

    assert caught.value.outcome.reason is Reason.MERGE_ERROR
    assert caught.value.outcome.culprit == "group"
    assert isinstance(caught.value.__cause__, error)
    assert dict(caught.value.state) == {"touched": True}


def test_a_merger_sees_who_is_missing(runtime: Runtime) -> None:
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

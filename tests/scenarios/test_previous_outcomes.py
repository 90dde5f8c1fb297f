"""Previous outcomes: fallbacks and later attempts know how what was tried before failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from actors import (
    AgentContext,
    Branch,
    Cached,
    Case,
    Conditional,
    Event,
    Loop,
    Map,
    MultiStage,
    Parallel,
    Route,
    Runtime,
    Sequential,
    Stage,
    State,
)
from actors.conditions import FailedWith, Not, OutcomeIs
from actors.testing import Fails, Hangs, Returns, Scripted, VirtualRuntime
from actors.values.workflow_errors import InvalidWorkflowError
from supervisors import Backoff, Outcome, OutcomeKind, Retry

AT_ONCE = Backoff(initial=0.0)
RESCUE = Conditional(
    Case("late", OutcomeIs("timed_out"), "for-late"),
    Case("refused", FailedWith(ConnectionError), "for-refused"),
    fallback="for-others",
)


@pytest.fixture
def runtime() -> Iterator[VirtualRuntime]:
    with VirtualRuntime(seed=14) as virtual:
        virtual.spawn("hangs", Scripted(Hangs()))
        virtual.spawn("refused", Scripted(Fails(ConnectionRefusedError("not now"))))
        virtual.spawn("wrong", Scripted(Fails(ValueError("nonsense"))))
        for name in ("for-late", "for-refused", "for-others"):
            virtual.spawn(name, Scripted(Returns({"by": name})))
        yield virtual


def seen(script: Scripted) -> list[str | None]:
    """Return what a script's calls were told to have failed before."""
    outcomes = [call.previous_outcome for call in script.calls]
    return [None if outcome is None else _text(outcome) for outcome in outcomes]


def _text(outcome: Outcome) -> str:
    assert outcome.failure is None or outcome.failure.exception is None
    return outcome.failure.text if outcome.failure is not None else outcome.kind.value


@pytest.mark.parametrize(
    ("node", "chosen"), [("hangs", "for-late"), ("refused", "for-refused"), ("wrong", "for-others")]
)
def test_a_fallback_is_chosen_by_what_failed(runtime: VirtualRuntime, node: str, chosen: str) -> None:
    result = runtime.run(Branch("step", node, timeout=1.0, fallback=RESCUE))

    assert result.state["by"] == chosen


@pytest.mark.parametrize(
    "pattern",
    [
        Sequential,
        Parallel,
        lambda node: Parallel(node, require="any"),
        lambda node: Loop(node, max_iterations=2),
        lambda node: Map(node, over="items"),
        lambda node: Cached(node, key="items"),
        lambda node: MultiStage(Stage("stage", node)),
        lambda node: Branch("outer", node),
    ],
)
def test_a_pattern_fails_with_the_error_of_the_node_that_made_it_fail(runtime: VirtualRuntime, pattern: Any) -> None:
    rescue = Conditional(
        Case("late", FailedWith(TimeoutError), "for-late"),
        Case("refused", FailedWith(ConnectionError), "for-refused"),
        fallback="for-others",
    )
    nodes = [Branch("hangs", timeout=1.0), "refused", "wrong"]

    results = [runtime.run(Branch("step", pattern(node), fallback=rescue), {"items": [1]}) for node in nodes]

    assert [result.state["by"] for result in results] == ["for-late", "for-refused", "for-others"]


def test_a_route_and_a_callable_are_told_what_failed(runtime: VirtualRuntime) -> None:
    def is_late(event: Event, state: State, previous_outcome: Outcome | None) -> bool:
        return previous_outcome is not None and previous_outcome.kind is OutcomeKind.TIMED_OUT

    by_rule = Route({FailedWith(ValueError): "for-others", is_late: "for-late"})

    late = runtime.run(Branch("step", "hangs", timeout=1.0, fallback=by_rule))
    wrong = runtime.run(Branch("step", "wrong", fallback=by_rule))

    assert (late.state["by"], wrong.state["by"]) == ("for-late", "for-others")


def test_a_later_attempt_is_told_how_the_one_before_failed(runtime: VirtualRuntime) -> None:
    flaky = Scripted(Fails(OSError("first")), Fails(KeyError("second")), Returns())
    runtime.spawn("flaky", flaky)

    runtime.run(Branch("flaky", retry=Retry(attempts=3, backoff=AT_ONCE)))

    assert seen(flaky) == [None, "OSError: first", "KeyError: 'second'"]


def test_all_below_a_pattern_that_is_tried_again_are_told(runtime: VirtualRuntime) -> None:
    first, flaky = Scripted(Returns()), Scripted(Fails(OSError("once")), Returns())
    runtime.spawn("first", first)
    runtime.spawn("flaky", flaky)

    runtime.run(Branch("both", Sequential("first", "flaky"), retry=Retry(backoff=AT_ONCE)))

    assert seen(first) == seen(flaky) == [None, "OSError: once"]


def test_the_nearest_branch_that_failed_is_told_of(runtime: VirtualRuntime) -> None:
    inner = Scripted(Fails(KeyError("inner")), Returns())
    runtime.spawn("inner", inner)
    fallback = Branch("again", "inner", retry=Retry(attempts=2, backoff=AT_ONCE))

    runtime.run(Branch("refused", fallback=fallback))

    assert seen(inner) == ["ConnectionRefusedError: not now", "KeyError: 'inner'"]


def test_what_others_met_is_not_told(runtime: VirtualRuntime) -> None:
    after = Scripted(Returns())
    runtime.spawn("after", after)
    optional = Branch("wrong", required=False)

    runtime.run(Sequential(optional, Branch("refused", fallback="for-late"), Loop("after", max_iterations=2)))

    assert seen(after) == [None, None]


def test_a_run_that_an_agent_starts_has_no_previous_outcome(runtime: VirtualRuntime) -> None:
    told = []

    async def start(event: Event, state: State, context: AgentContext) -> None:
        told.append(context.previous_outcome)
        await context.run("inner")

    inner = Scripted(Returns())
    runtime.spawn("start", start)
    runtime.spawn("inner", inner)

    runtime.run(Branch("wrong", fallback="start"))

    assert [outcome is not None and outcome.kind for outcome in told] == [OutcomeKind.FAILED]
    assert seen(inner) == [None]


def test_each_item_of_a_map_is_told_of_its_own(runtime: VirtualRuntime) -> None:
    def choose(event: Event, state: State) -> None:
        if state["item"] % 2:
            raise ValueError(f"item {state['item']}")

    spare = Scripted(Returns())
    runtime.spawn("choose", choose)
    runtime.spawn("spare", spare)

    runtime.run(Map(Branch("choose", fallback="spare"), over="items"), {"items": [0, 1, 2, 3]})

    assert sorted(map(str, seen(spare))) == ["ValueError: item 1", "ValueError: item 3"]


def test_a_loop_in_a_fallback_may_end_by_what_failed(runtime: VirtualRuntime) -> None:
    result = runtime.run(Branch("wrong", fallback=Loop("for-others", until=Not(OutcomeIs("timed_out")))))

    assert [record.iterations for record in result.trace.walk() if record.pattern == "loop"] == [1]


@pytest.mark.parametrize("workflow", [RESCUE, Sequential(Branch("wrong", fallback="for-late"), RESCUE)])
def test_a_condition_that_can_have_no_answer_is_refused(runtime: VirtualRuntime, workflow: Any) -> None:
    with pytest.raises(InvalidWorkflowError, match="nothing can have been tried before it"):
        runtime.submit(workflow)


def remember(event: Event, state: State, context: AgentContext) -> dict[str, str]:
    outcome = context.previous_outcome
    assert outcome is not None
    assert outcome.failure is not None
    return {"before": f"{outcome.kind} {outcome.failure.types[0]} {outcome.failure.text}"}


def break_down(event: Event, state: State) -> None:
    raise ConnectionError("no route")


def test_an_agent_in_a_process_of_its_own_is_told_too() -> None:
    with Runtime() as real:
        real.spawn("break", break_down)
        real.spawn("remember", remember, dispatcher="process")

        result = real.run(Branch("break", fallback="remember"), timeout=60.0)

    assert result.state["before"] == "failed builtins.ConnectionError ConnectionError: no route"

"""Conditionals: cases in declared order, and a fallback that nobody can forget."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from actors import (
    Branch,
    Case,
    Conditional,
    Event,
    Runtime,
    RunTimeoutError,
    Sequential,
    State,
)
from actors.conditions import Contains, Equals, Exists
from actors.testing import Hangs, Scripted, VirtualRuntime
from supervisors import OutcomeKind

refund = Case("refund", Contains("message", "refund"), "ann")
urgent = Case("urgent", Equals("urgent", True), Sequential("bob", "ann"))
desk = Conditional(refund, urgent, fallback="cyd", name="desk")

case: Any = Case
conditional: Any = Conditional
BAD_INPUT: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (case, TypeError, "name"),
    (lambda: case(3, Exists("k"), "ann"), TypeError, r"Case\(name=3\): name must be a string"),
    (lambda: case("", Exists("k"), "ann"), ValueError, r"Case\(name=''\): name must have at least 1 char"),
    (lambda: case("a/b", Exists("k"), "ann"), ValueError, r"Case\(name='a/b'\): name must not contain '/'"),
    (lambda: case("fallback", Exists("k"), "ann"), ValueError, "name must not be 'fallback', which is what"),
    (lambda: case("a", "technical", "ann"), TypeError, "condition must be a condition such as Exists"),
    (lambda: case("a", None, "ann"), TypeError, "condition must be a condition"),
    (lambda: case("a", Exists, "ann"), TypeError, "condition must be a condition"),
    (lambda: case("a", Exists("k"), 3), TypeError, r"Case\(node=3\): node must be an agent's name or a pattern"),
    (lambda: case("a", Exists("k"), ""), ValueError, "node must name an agent"),
    (lambda: case("a", Exists("k"), None), TypeError, "node must be an agent's name"),
    (lambda: case("a", Exists("k"), "ann", timeout=3), TypeError, "timeout"),
    (conditional, TypeError, "cases must have at least 1 item.*fallback is missing"),
    (lambda: conditional(fallback="ann"), ValueError, "cases must have at least 1 item"),
    (
        lambda: conditional(refund),
        TypeError,
        "fallback is missing: give the agent's name or the pattern.*no case holds",
    ),
    (lambda: conditional(refund, fallback=None), TypeError, "fallback is missing"),
    (lambda: conditional(refund, fallback=3), TypeError, r"fallback=3.*fallback must be an agent's name"),
    (lambda: conditional(refund, fallback=""), ValueError, "fallback must name an agent"),
    (lambda: conditional("ann", fallback="cyd"), TypeError, r"cases\[0\] must be an instance of Case"),
    (lambda: conditional(refund, refund, fallback="cyd"), ValueError, "different names, and 'refund' stands twice"),
    (lambda: conditional(refund, fallback="cyd", timeout=0), ValueError, "timeout must be a positive number"),
    (lambda: conditional(refund, fallback="cyd", timeout="1"), TypeError, "timeout must be a positive number"),
    (lambda: conditional(refund, fallback="cyd", name="a/b"), ValueError, "name must not contain '/'"),
    (lambda: conditional(refund, fallback="cyd", name=3), TypeError, "name must be a string"),
    (lambda: conditional(refund, fallback="cyd", default="bob"), TypeError, "default"),
]


@pytest.mark.parametrize(("make", "kind", "text"), BAD_INPUT)
def test_wrong_arguments_are_refused_when_they_are_given(
    make: Callable[[], Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text) as caught:
        make()

    assert type(caught.value) is kind


def test_conditionals_are_values() -> None:
    same = Conditional(refund, urgent, fallback="cyd", name="desk")

    assert desk == same
    assert hash(desk) == hash(same)
    assert pickle.loads(pickle.dumps(desk)) == desk
    assert desk != Conditional(urgent, refund, fallback="cyd", name="desk")
    assert desk != Conditional(refund, urgent, fallback="bob", name="desk")
    with pytest.raises(ValueError, match="frozen"):
        desk.fallback = "bob"  # type: ignore[misc]  # the mistake under test


def test_conditionals_show_what_they_decide() -> None:
    shown = repr(Conditional(refund, fallback="cyd", timeout=2))

    case_shown = f"Case(name='refund', condition={refund.condition!r}, node='ann')"
    assert shown == f"Conditional(timeout=2.0, cases=({case_shown},), fallback='cyd')"


@pytest.mark.parametrize(
    ("state", "taken", "signed"),
    [
        ({"message": "my refund", "urgent": True}, "refund", ["ann"]),
        ({"message": "hello", "urgent": True}, "urgent", ["bob", "ann"]),
        ({"message": "hello"}, "fallback", ["cyd"]),
    ],
)
def test_the_case_taken_is_noted_and_ends_the_path(
    runtime: Runtime, state: dict[str, Any], taken: str, signed: list[str]
) -> None:
    result = runtime.run(desk, state=state)

    assert dict(result.state) == {**state, "signed": signed}
    assert result.state.meta["desk"] == {"case_taken": taken}
    assert [record.path for record in result.trace.children] == [f"desk/{taken}"]
    assert result.trace.pattern == "conditional"


def test_a_condition_may_ask_the_event(runtime: Runtime) -> None:
    def is_loud(event: Event, state: State) -> bool:
        return bool(event.data["message"].isupper())

    workflow = Conditional(Case("loud", is_loud, "ann"), fallback="bob")

    assert runtime.run(workflow, {"message": "HELP"}).state["signed"] == ["ann"]
    assert runtime.run(workflow, {"message": "help"}).state["signed"] == ["bob"]


def test_who_is_chosen_is_told_by_what(runtime: Runtime) -> None:
    def tell(event: Event, state: State) -> dict[str, Any]:
        return {"told": [event.target, event.metadata["phase"], event.metadata["execution_type"]]}

    runtime.spawn("teller", tell)

    result = runtime.run(Conditional(Case("a", Exists("k"), "ann"), fallback="teller"))

    assert result.state["told"] == ["teller", "conditional", "conditional"]


@pytest.mark.parametrize(("state", "place"), [({"n": 1}, "case"), ({}, "fallback")])
def test_a_branch_keeps_its_policy_in_the_place_of_a_node(
    runtime: VirtualRuntime, state: dict[str, int], place: str
) -> None:
    runtime.spawn("hang", Scripted(Hangs()))
    branch = Branch("slow", "hang", timeout=60.0)

    error = runtime.submit(Conditional(Case("case", Exists("n"), branch), fallback=branch), state=state).exception()

    assert error is not None
    assert runtime.now == 60.0
    assert error.outcome.budget == error.outcome.culprit == f"conditional/{place}"


@pytest.mark.parametrize("where", ["condition", "node"])
def test_the_timeout_covers_conditions_and_node(runtime: VirtualRuntime, where: str) -> None:
    async def hang(event: Event, state: State) -> None:
        await asyncio.get_running_loop().create_future()

    runtime.spawn("hang", hang)
    condition: Any = hang if where == "condition" else Exists("n")
    workflow = Conditional(Case("a", condition, "hang"), fallback="cyd", name="desk", timeout=2.0)

    error = runtime.submit(workflow, state={"n": 1}).exception()

    assert isinstance(error, RunTimeoutError)
    assert runtime.now == 2.0
    assert (error.outcome.kind, error.outcome.budget) == (OutcomeKind.TIMED_OUT, "desk")


def test_a_run_that_is_cancelled_while_it_asks_is_cancelled(runtime: VirtualRuntime) -> None:
    asked: list[State] = []

    async def hang(state: State) -> None:
        asked.append(state)
        await asyncio.get_running_loop().create_future()

    run = runtime.submit(Conditional(Case("a", hang, "ann"), fallback="cyd"))
    runtime.settle()
    assert len(asked) == 1

    run.cancel()

    error = run.exception()
    assert error is not None
    assert error.outcome.kind is OutcomeKind.CANCELLED
    assert runtime.now == 0

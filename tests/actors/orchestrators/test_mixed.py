"""Mixtures: how they are made, and routes that loop."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from actors import (
    Branch,
    Event,
    Loop,
    Route,
    RouteLoop,
    Runtime,
    Sequential,
    SequentialCollaborative,
    State,
    WorkflowFailedError,
)
from actors.conditions import Equals, Exists
from actors.testing import Calls, Hangs, Scripted, VirtualRuntime
from supervisors import OutcomeKind, Reason

mixture: Any = SequentialCollaborative
route_loop: Any = RouteLoop
RULES = {"technical": "ann", "billing": "bob"}

BAD_INPUT: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (mixture, TypeError, "sequential"),
    (lambda: mixture(["ann"]), TypeError, "collaborative"),
    (lambda: mixture("ann", ["bob"]), TypeError, "sequential='ann'.*sequential must be a list of agents' names"),
    (lambda: mixture({"ann"}, ["bob"]), TypeError, "sequential must be a list"),
    (lambda: mixture(3, ["bob"]), TypeError, "sequential must be a list"),
    (lambda: mixture([], ["bob"]), ValueError, "sequential must have at least 1 item"),
    (lambda: mixture([3], ["bob"]), TypeError, "sequential must be an agent's name or a pattern"),
    (lambda: mixture([""], ["bob"]), ValueError, "sequential must name an agent"),
    (lambda: mixture(["ann"], "bob"), TypeError, "collaborative='bob'.*collaborative must be a list"),
    (lambda: mixture(["ann"], None), TypeError, "collaborative must be a list"),
    (lambda: mixture(["ann"], []), ValueError, "collaborative must have at least 1 item"),
    (lambda: mixture(["ann"], [None]), TypeError, "collaborative must be an agent's name or a pattern"),
    (lambda: mixture(["ann"], ["bob", "bob"]), ValueError, "collaborative must have different names, and 'bob'"),
    (lambda: mixture(["ann"], ["bob"], step_timeout=0), ValueError, "step_timeout must be a positive number"),
    (lambda: mixture(["ann"], ["bob"], step_timeout="1"), TypeError, "step_timeout must be a positive number"),
    (lambda: mixture(["ann"], ["bob"], sequential_timeout=-1), ValueError, "sequential_timeout must be a positive"),
    (lambda: mixture(["ann"], ["bob"], sequential_timeout=True), TypeError, "sequential_timeout must be a positive"),
    (lambda: mixture(["ann"], ["bob"], collaborative_timeout=0), ValueError, "collaborative_timeout must be a pos"),
    (lambda: mixture(["ann"], ["bob"], collaborative_timeout=[]), TypeError, "collaborative_timeout must be a pos"),
    (lambda: mixture(["ann"], ["bob"], require=2), ValueError, "^SequentialCollaborative: require must be 'all'"),
    (lambda: mixture(["ann"], ["bob"], require=None), TypeError, "^SequentialCollaborative: require must be 'all'"),
    (lambda: mixture(["ann"], ["bob"], merge=3), TypeError, "merge must be a merger such as Union"),
    (lambda: mixture(["ann"], ["bob"], on_failure="ignore"), ValueError, "on_failure must be 'cancel' or 'finish'"),
    (lambda: mixture(["ann"], ["bob"], name=3), TypeError, "name must be a string"),
    (lambda: mixture(["ann"], ["bob"], timeout=0), ValueError, "timeout must be a positive number"),
    (lambda: mixture(["ann"], ["bob"], steps=3), TypeError, "steps"),
    (lambda: route_loop(RULES), TypeError, "loops"),
    (lambda: route_loop(3, {"ann": {}}), TypeError, r"RouteLoop\(rules=3\): rules must be a mapping"),
    (lambda: route_loop({}, {"ann": {}}), ValueError, "rules must have at least one rule"),
    (lambda: route_loop({"": "ann"}, {"ann": {}}), ValueError, "rules must have keywords that are not empty"),
    (lambda: route_loop({"x": 3}, {"ann": {}}), TypeError, "rules must be an agent's name"),
    (lambda: route_loop(RULES, ["ann"]), TypeError, "loops must be a mapping of nodes' names to the settings"),
    (lambda: route_loop(RULES, {}), ValueError, "loops must name at least one node; where nothing loops, a Route"),
    (lambda: route_loop(RULES, {"cyd": {}}), ValueError, "default: 'ann', 'bob', and 'cyd' is none of them"),
    (lambda: route_loop(RULES, {3: {}}), ValueError, "default: 'ann', 'bob', and 3 is none of them"),
    (lambda: route_loop(RULES, {"ann": 3}), TypeError, r"such as \{'max_iterations': 3\}, and that of 'ann' is none"),
    (lambda: route_loop(RULES, {"ann": {"tries": 3}}), TypeError, "'ann' has 'tries'; a loop takes max_iterations, "),
    (lambda: route_loop(RULES, {"ann": {3: 3}}), TypeError, "'ann' has 3; a loop takes max_iterations, until, "),
    (lambda: route_loop(RULES, {"ann": {"name": "x"}}), TypeError, "'ann' has 'name'"),
    (lambda: route_loop(RULES, {"ann": {"max_iterations": 0}}), ValueError, "of 'ann' are not.*at least 1"),
    (lambda: route_loop(RULES, {"ann": {"max_iterations": "3"}}), TypeError, "of 'ann' are not.*whole number"),
    (lambda: route_loop(RULES, {"ann": {"until": "done"}}), TypeError, "of 'ann' are not.*must be a condition"),
    (lambda: route_loop(RULES, {"ann": {"iteration_timeout": 0}}), ValueError, "of 'ann' are not.*iteration_timeout"),
    (lambda: route_loop(RULES, {"ann": {"timeout": ""}}), TypeError, "of 'ann' are not.*timeout must be"),
    (lambda: route_loop(RULES, {"ann": {}}, default=3), TypeError, "default must be an agent's name"),
    (lambda: route_loop(RULES, {"ann": {}}, key=""), ValueError, "key must have at least 1 char"),
    (lambda: route_loop(RULES, {"ann": {}}, key=3), TypeError, "key must be a string"),
    (lambda: route_loop(RULES, {"ann": {}}, name=""), ValueError, "name must have at least 1 char"),
    (lambda: route_loop(RULES, {"ann": {}}, timeout=0), ValueError, "timeout must be a positive number"),
    (lambda: route_loop(RULES, {"ann": {}}, fallback="bob"), TypeError, "fallback"),
]


@pytest.mark.parametrize(("make", "kind", "text"), BAD_INPUT)
def test_wrong_arguments_are_refused_when_they_are_given(
    make: Callable[[], Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text) as caught:
        make()

    assert type(caught.value) is kind


def test_mixtures_are_values() -> None:
    phases = SequentialCollaborative(["ann"], ["bob", "cyd"], step_timeout=3)
    desk = RouteLoop(RULES, {"ann": {"max_iterations": 3}}, default="cyd")

    assert phases == SequentialCollaborative(("ann",), ("bob", "cyd"), step_timeout=3.0)
    assert phases != SequentialCollaborative(["ann"], ["cyd", "bob"], step_timeout=3)
    assert desk == RouteLoop(RULES, {"ann": {"max_iterations": 3}}, default="cyd")
    assert desk != RouteLoop(RULES, {"ann": {"max_iterations": 4}}, default="cyd")
    assert desk != RouteLoop(dict(reversed(RULES.items())), {"ann": {"max_iterations": 3}}, default="cyd")
    assert desk != Route(RULES, default="cyd")
    for each in (phases, desk):
        copied = pickle.loads(pickle.dumps(each))
        assert (copied, hash(copied)) == (each, hash(each))


def test_mixtures_show_how_they_are_made() -> None:
    phases = SequentialCollaborative(["ann"], ["bob"], collaborative_timeout=3, name="mix")
    until = Exists("done")
    desk = RouteLoop({"technical": "ann"}, {"ann": {"max_iterations": 3, "until": until}})

    assert repr(phases) == (
        "SequentialCollaborative(name='mix', sequential=('ann',), collaborative=('bob',), "
        "collaborative_timeout=3.0, merge=Union())"
    )
    loops = f"{{'ann': {{'max_iterations': 3, 'until': {until!r}}}}}"
    assert repr(desk) == f"RouteLoop(rules={{'technical': 'ann'}}, loops={loops})"


def test_what_a_mixture_was_made_of_may_change_later() -> None:
    steps, settings = ["ann"], {"max_iterations": 3}
    phases, desk = SequentialCollaborative(steps, ["bob"]), RouteLoop(RULES, {"ann": settings})

    steps.append("cyd")
    settings["max_iterations"] = 4

    assert phases == SequentialCollaborative(["ann"], ["bob"])
    assert desk == RouteLoop(RULES, {"ann": {"max_iterations": 3}})
    with pytest.raises(TypeError, match="immutable"):
        desk.loops["ann"]["max_iterations"] = 5


# Routes that loop


def desk(**settings: Any) -> RouteLoop:
    return RouteLoop(RULES, {"ann": settings}, default="cyd", name="desk")


def test_only_the_named_nodes_are_looped(runtime: Runtime) -> None:
    looped = runtime.run(desk(max_iterations=3), {"message": "a technical question"})
    routed = runtime.run(desk(max_iterations=3), {"message": "a billing question"})

    assert looped.state["signed"] == ["ann", "ann", "ann"]
    assert routed.state["signed"] == ["bob"]
    assert looped.state.meta["desk"] == {"routed_to": "ann"}
    assert looped.state.meta["desk/ann"]["total_iterations"] == 3
    assert [(record.path, record.pattern) for record in routed.trace.walk()] == [
        ("desk", "route_loop"),
        ("desk/bob", "agent"),
    ]


@pytest.mark.parametrize(
    ("settings", "reason", "iterations"),
    [
        ({}, Reason.MAX_ITERATIONS, 5),
        ({"max_iterations": 2}, Reason.MAX_ITERATIONS, 2),
        ({"until": Equals("signed", ["ann", "ann"])}, Reason.CONDITION_MET, 2),
        ({"until": lambda state: len(state["signed"]) == 3}, Reason.CONDITION_MET, 3),
        ({"until": Equals("signed", ["ann", "ann"]), "max_iterations": 2}, Reason.CONDITION_MET, 2),
    ],
)
def test_the_trace_says_why_the_loop_ended(
    runtime: Runtime, settings: dict[str, Any], reason: Reason, iterations: int
) -> None:
    result = runtime.run(desk(**settings), {"message": "technical"})

    (loop,) = result.trace.children
    assert (loop.path, loop.pattern) == ("desk/ann", "loop")
    assert (loop.outcome.kind, loop.outcome.reason) == (OutcomeKind.OK, reason)
    assert loop.iterations == len(loop.children) == iterations
    assert {record.path for record in loop.children} == {"desk/ann/ann"}


@pytest.mark.parametrize(
    ("settings", "budget"),
    [({"iteration_timeout": 60.0}, "iteration of desk/ann"), ({"timeout": 60.0}, "desk/ann")],
)
def test_iterations_and_loops_have_their_own_timeouts(
    runtime: VirtualRuntime, settings: dict[str, Any], budget: str
) -> None:
    def begin(event: Event, state: State) -> None:
        state["begun"] = event.metadata["iteration"]

    runtime.spawn("sleepy", Scripted(Calls(begin), Hangs()))
    workflow = RouteLoop({"x": Branch("ann", "sleepy")}, {"ann": settings}, name="desk")

    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run(workflow, {"message": "x"})

    assert runtime.now == 60.0
    assert caught.value.outcome.budget == budget
    assert dict(caught.value.state) == {"begun": 1}
    assert caught.value.state.meta["desk"] == {"routed_to": "ann"}


def test_the_default_may_be_looped_too(runtime: Runtime) -> None:
    workflow = RouteLoop(RULES, {"cyd": {"max_iterations": 2}}, default="cyd")

    assert runtime.run(workflow, {"message": "hello"}).state["signed"] == ["cyd", "cyd"]


def test_every_route_to_a_looped_node_is_looped(runtime: Runtime) -> None:
    workflow = RouteLoop({"bug": "ann", "crash": "ann"}, {"ann": {"max_iterations": 2}})

    for message in ("a bug", "a crash"):
        assert runtime.run(workflow, {"message": message}).state["signed"] == ["ann", "ann"]


def test_patterns_and_branches_are_looped_by_their_names(runtime: Runtime) -> None:
    loops = {"pair": {"max_iterations": 2}, "one": {"max_iterations": 3}, "loop": {"max_iterations": 1}}
    workflow = RouteLoop(
        {"pattern": Sequential("ann", "bob", name="pair"), "branch": Branch("one", "cyd")},
        loops,
        default=Loop("ann", max_iterations=2),
    )

    def signed(message: str) -> Any:
        return runtime.run(workflow, {"message": message}).state["signed"]

    assert signed("pattern") == ["ann", "bob", "ann", "bob"]
    assert signed("branch") == ["cyd", "cyd", "cyd"]
    assert signed("neither") == ["ann", "ann"]


def test_a_route_loop_without_a_match_and_a_default_shows_the_message(runtime: Runtime) -> None:
    with pytest.raises(WorkflowFailedError, match="no rule matches text='hello'") as caught:
        runtime.run(RouteLoop(RULES, {"ann": {}}, key="text"), {"text": "hello"})

    assert caught.value.outcome.reason is Reason.NO_ROUTE

"""Every setting of a workflow is read: what happens with it differs from what happens without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actors import (
    AgentContext,
    Branch,
    Case,
    Collaborative,
    Conditional,
    Event,
    Loop,
    MultiStage,
    Parallel,
    Route,
    RouteLoop,
    Sequential,
    SequentialCollaborative,
    Stage,
    State,
)
from actors.conditions import Exists
from actors.mergers import LastWins
from actors.testing import AnswersAfter, Fails, Scripted, ScriptedThread, VirtualRuntime
from supervisors import Backoff, Retry
from tests.scenarios.patterns import ABSENT, AROUND, EVENT, HERE, STATE

SLOW, SHORTER = 60.0, 10.0
RACES = 5
"""How often it is looked what happens: branches may race, which is not to be taken for the setting."""

AGAIN = Retry(attempts=2, backoff=Backoff(initial=0))


def step(*arguments: Any, **settings: Any) -> Sequential:
    return Sequential(Branch(*arguments, **settings))


def stage(*arguments: Any, **settings: Any) -> MultiStage:
    return MultiStage(Stage(*arguments, **settings))


def case(*arguments: Any) -> Conditional:
    return Conditional(Case(*arguments), fallback="bob")


def phases(sequential: str, *collaborative: Any, **settings: Any) -> SequentialCollaborative:
    return SequentialCollaborative([sequential], collaborative or ["bob"], **settings)


def support(rule: str = "tech", node: str = "ann", maximum: int = 2, **settings: Any) -> RouteLoop:
    return RouteLoop({rule: node}, {node: {"max_iterations": maximum}}, **settings)


def both(make: Callable[..., Any], *arguments: Any, **settings: Any) -> tuple[Any, Any]:
    """Return what is made without some settings, and with them."""
    return make(*arguments), make(*arguments, **settings)


SETTINGS: dict[tuple[type, str], tuple[Any, Any]] = {
    **{(kind, "name"): both(make, "ann", name="other") for kind, make in AROUND.items()},
    **{(kind, "timeout"): both(make, "slow", timeout=SHORTER) for kind, make in AROUND.items()},
    (Sequential, "steps"): (Sequential("ann"), Sequential("ann", "bob")),
    (Parallel, "branches"): (Parallel("ann"), Parallel("bob")),
    (Parallel, "require"): both(Parallel, "ann", "failing", require="any"),
    (Parallel, "merge"): both(Parallel, "ann", "bob", merge=LastWins()),
    (Parallel, "on_failure"): both(Parallel, "slow", "failing", on_failure="finish"),
    (Collaborative, "branches"): (Collaborative("ann"), Collaborative("bob")),
    (Collaborative, "require"): both(Collaborative, "ann", "failing", require="any"),
    (Collaborative, "merge"): both(Collaborative, "ann", "bob", merge=LastWins()),
    (Collaborative, "on_failure"): both(Collaborative, "slow", "failing", on_failure="finish"),
    (Route, "rules"): (Route({"tech": "ann"}), Route({"tech": "bob"})),
    (Route, "default"): both(Route, {"bill": "ann"}, default="bob"),
    (Route, "key"): (Route({"tech": "ann"}, default="bob"), Route({"tech": "ann"}, default="bob", key="n")),
    (Loop, "node"): (Loop("ann"), Loop("bob")),
    (Loop, "max_iterations"): both(Loop, "ann", max_iterations=2),
    (Loop, "until"): both(Loop, "ann", until=Exists("signed")),
    (Loop, "iteration_timeout"): both(Loop, "slow", iteration_timeout=SHORTER),
    (MultiStage, "stages"): (stage("stage", "ann"), stage("stage", "bob")),
    (Stage, "name"): (stage("stage", "ann"), stage("other", "ann")),
    (Stage, "node"): (stage("stage", "ann"), stage("stage", "bob")),
    (Stage, "required"): both(stage, "stage", "failing", required=False),
    (Stage, "timeout"): both(stage, "stage", "slow", timeout=SHORTER),
    (Stage, "retry"): both(stage, "stage", "flaky", retry=AGAIN),
    (Stage, "fallback"): both(stage, "stage", "failing", fallback="ann"),
    (Stage, "prerequisites"): both(stage, "stage", "ann", prerequisites=["absent"]),
    (Stage, "success"): both(stage, "stage", "ann", success=ABSENT),
    (Branch, "name"): (step("one", "ann"), step("other", "ann")),
    (Branch, "node"): (step("one", "ann"), step("one", "bob")),
    (Branch, "required"): both(step, "one", "failing", required=False),
    (Branch, "timeout"): both(step, "one", "slow", timeout=SHORTER),
    (Branch, "retry"): both(step, "one", "flaky", retry=AGAIN),
    (Branch, "fallback"): both(step, "one", "failing", fallback="ann"),
    (Case, "name"): (case("one", HERE, "ann"), case("other", HERE, "ann")),
    (Case, "condition"): (case("one", HERE, "ann"), case("one", ABSENT, "ann")),
    (Case, "node"): (case("one", HERE, "ann"), case("one", HERE, "bob")),
    (Conditional, "cases"): (case("one", HERE, "ann"), case("one", HERE, "bob")),
    (Conditional, "fallback"): (
        Conditional(Case("one", ABSENT, "ann"), fallback="ann"),
        Conditional(Case("one", ABSENT, "ann"), fallback="bob"),
    ),
    (SequentialCollaborative, "sequential"): (phases("ann"), phases("bob")),
    (SequentialCollaborative, "collaborative"): (phases("ann", "ann"), phases("ann", "bob")),
    (SequentialCollaborative, "step_timeout"): both(phases, "slow", step_timeout=SHORTER),
    (SequentialCollaborative, "sequential_timeout"): both(phases, "slow", sequential_timeout=SHORTER),
    (SequentialCollaborative, "collaborative_timeout"): both(phases, "ann", "slow", collaborative_timeout=SHORTER),
    (SequentialCollaborative, "require"): both(phases, "ann", "bob", "failing", require="any"),
    (SequentialCollaborative, "merge"): both(phases, "ann", "ann", "bob", merge=LastWins()),
    (SequentialCollaborative, "on_failure"): both(phases, "ann", "slow", "failing", on_failure="finish"),
    (RouteLoop, "rules"): (support("tech"), support("bill")),
    (RouteLoop, "default"): both(support, "bill", default="bob"),
    (RouteLoop, "key"): (support("tech", default="bob"), support("tech", default="bob", key="n")),
    (RouteLoop, "loops"): (support(maximum=2), support(maximum=3)),
}


def signing(name: str) -> Callable[[Event, State], None]:
    def sign(event: Event, state: State) -> None:
        state["signed"] = [*state.get("signed", []), name]

    return sign


def flaky(event: Event, state: State, context: AgentContext) -> None:
    if context.attempt == 1:
        raise ValueError("the first time only")


@pytest.fixture
def runtime() -> Iterator[VirtualRuntime]:
    with VirtualRuntime() as runtime:
        for name in ("ann", "bob"):
            runtime.spawn(name, signing(name))
        runtime.spawn("slow", Scripted(AnswersAfter(SLOW)))
        runtime.spawn("failing", ScriptedThread(Fails(ValueError("on purpose"))))
        runtime.spawn("flaky", flaky)
        yield runtime


def what_happens(runtime: VirtualRuntime, workflow: Any) -> Any:
    run = runtime.submit(workflow, EVENT, STATE)
    error = run.exception()
    ended: Any = error if error is not None else run.result()
    records = [(each.path, each.outcome.kind, each.outcome.budget, each.attempts) for each in ended.trace.walk()]
    return ended.outcome.kind, ended.outcome.reason, dict(ended.state), sorted(records)


def shown(value: object) -> str:
    return value.__name__ if isinstance(value, type) else str(value)


@pytest.mark.parametrize(("kind", "setting"), SETTINGS, ids=shown)
def test_what_happens_with_a_setting_differs(runtime: VirtualRuntime, kind: type, setting: str) -> None:
    without, with_it = SETTINGS[kind, setting]

    happens, happens_with_it = [
        {repr(what_happens(runtime, workflow)) for _ in range(RACES)} for workflow in (without, with_it)
    ]

    assert happens.isdisjoint(happens_with_it)


def test_all_settings_are_told_apart() -> None:
    kinds: set[Any] = {*AROUND, Branch, Stage, Case}

    assert SETTINGS.keys() == {(kind, setting) for kind in kinds for setting in kind.model_fields}

"""Workflows generated at random, of the agents of the sequential model."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from actors import (
    Branch,
    Cached,
    Case,
    Collaborative,
    Conditional,
    Loop,
    Map,
    MultiStage,
    Parallel,
    Route,
    RouteLoop,
    Sequential,
    SequentialCollaborative,
    Stage,
)
from actors.conditions import All, Compare, Contains, Equals, Exists, Not, OutcomeIs
from actors.conditions import Any as AnyOf
from actors.mergers import Collect, FirstWins, LastWins, Namespaced, Union
from supervisors import Backoff, Retry
from tests.scenarios.agents import AGENT_TIMEOUT, UNIT

GOOD = ("add", "log-a", "log-b", "finish", "drop", "idle", "take", "add", "log-a")
BAD = ("fail", "flaky", "late")
LONG = 300.0
"""A timeout that never runs out."""

SOONER = AGENT_TIMEOUT / 2
CUTS = [(units + 1 / 64) * UNIT for units in (1, 4, 12)]
"""Timeouts that run out in some nodes and not in others, and never at the moment at which an agent is done."""

AT_ONCE = Retry(attempts=2, backoff=Backoff(initial=0.0, jitter=0.0))

agents = st.one_of(st.sampled_from(GOOD), st.sampled_from(GOOD), st.sampled_from(GOOD), st.sampled_from(BAD))
timeouts = st.sampled_from([None, None, LONG])
simple_conditions: SearchStrategy[Any] = st.sampled_from(
    [
        Exists("n"),
        Exists("loop_complete"),
        Equals("n", 1),
        Contains("log", "log-a"),
        Compare("n", ">=", 2),
        Compare("n", "<", 1),
    ]
)
conditions: SearchStrategy[Any] = st.recursive(
    simple_conditions,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: All(*each)),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: AnyOf(*each)),
    ),
    max_leaves=4,
)
over_failures: SearchStrategy[Any] = st.one_of(
    st.just(OutcomeIs("failed", "rejected")),
    simple_conditions.map(lambda other: All(Not(OutcomeIs("failed")), other)),
    simple_conditions.map(lambda other: AnyOf(other, OutcomeIs("failed"))),
)
mergers: SearchStrategy[Any] = st.sampled_from([Union(), LastWins(), FirstWins(), Namespaced(), Collect("log")])


def policies(draw: DrawFn, nodes: SearchStrategy[Any], node: Any) -> dict[str, Any]:
    """Draw a branch's policy. Without a fallback its own timeout runs out for certain, or never."""
    fallback = draw(st.one_of(st.none(), st.none(), agents, inner_branches(nodes), rescues(nodes)))
    if fallback is not None:
        timeout = draw(st.sampled_from([None, *CUTS]))
    else:
        timeout = draw(st.sampled_from([None, SOONER])) if node == "late" else draw(timeouts)
    return {"timeout": timeout, "retry": draw(st.sampled_from([None, None, AT_ONCE])), "fallback": fallback}


@st.composite
def branches(draw: DrawFn, nodes: SearchStrategy[Any], name: str) -> Branch:
    node = draw(st.one_of(nodes, nodes, nodes, inner_branches(nodes)))
    return Branch(name, node, required=draw(st.sampled_from([None, None, True, False])), **policies(draw, nodes, node))


@st.composite
def rescues(draw: DrawFn, nodes: SearchStrategy[Any]) -> Conditional:
    """Draw a fallback that is chosen by what failed."""
    late, wrong = Case("late", OutcomeIs("timed_out"), draw(nodes)), Case("wrong", draw(over_failures), draw(agents))
    return Conditional(*draw(st.permutations([late, wrong])), fallback=draw(agents))


def inner_branches(nodes: SearchStrategy[Any]) -> SearchStrategy[Branch]:
    """Draw what stands in a branch, as its node or its fallback."""
    return st.deferred(lambda: branches(nodes, "inner"))


@st.composite
def steps(draw: DrawFn, nodes: SearchStrategy[Any], name: str = "step") -> Any:
    return draw(st.one_of(nodes, nodes, branches(nodes, name)))


@st.composite
def groups(draw: DrawFn, nodes: SearchStrategy[Any]) -> tuple[Any, ...]:
    return tuple([draw(branches(nodes, f"branch-{number}")) for number in range(draw(st.integers(1, 4)))])


@st.composite
def stages(draw: DrawFn, nodes: SearchStrategy[Any], name: str) -> Stage:
    node = draw(st.one_of(nodes, nodes, inner_branches(nodes)))
    return Stage(
        name,
        node,
        prerequisites=draw(st.lists(st.one_of(st.sampled_from(["n", "topic"]), conditions), max_size=2)),
        success=draw(st.one_of(st.none(), conditions)),
        required=draw(st.booleans()),
        **policies(draw, nodes, node),
    )


@st.composite
def cached(draw: DrawFn) -> Cached:
    """Draw what depends on its key alone."""
    constants = st.sampled_from(["constant-a", "constant-b", "fail"])
    body = st.one_of(constants, st.builds(Sequential, constants, constants))
    return Cached(draw(body), key=draw(st.sampled_from(["nonce", "nonce", "nonce", "nobody"])), timeout=draw(timeouts))


def _extended(nodes: SearchStrategy[Any]) -> SearchStrategy[Any]:
    some = st.lists(steps(nodes), min_size=1, max_size=4)
    quorums: SearchStrategy[Any] = st.sampled_from(["all", "all", "all", "any", 1, 2, 0.5])
    on_failure: SearchStrategy[Any] = st.sampled_from(["cancel", "finish"])
    common = {"timeout": timeouts}
    loops: dict[str, dict[str, Any]] = {
        "support": {"max_iterations": 2},
        "other": {"max_iterations": 3, "until": Exists("n")},
    }
    rules = st.dictionaries(
        st.one_of(st.sampled_from(["crash", "hang", "topic"]), simple_conditions), nodes, min_size=1, max_size=3
    )

    @st.composite
    def parallel(draw: DrawFn) -> Any:
        group = draw(groups(nodes))
        require = draw(quorums)
        if isinstance(require, int):
            require = min(require, len(group))
        kind = draw(st.sampled_from([Parallel, Collaborative]))
        return kind(*group, require=require, merge=draw(mergers), on_failure=draw(on_failure), timeout=draw(timeouts))

    @st.composite
    def mixture(draw: DrawFn) -> SequentialCollaborative:
        return SequentialCollaborative(
            draw(some),
            draw(groups(nodes)),
            step_timeout=draw(timeouts),
            sequential_timeout=draw(timeouts),
            collaborative_timeout=draw(timeouts),
            merge=draw(mergers),
            on_failure=draw(on_failure),
        )

    @st.composite
    def route_loop(draw: DrawFn) -> RouteLoop:
        names = draw(st.lists(st.sampled_from(list(loops)), min_size=1, max_size=2, unique=True))
        targets = [Branch(name, draw(nodes)) for name in names]
        default = draw(st.one_of(st.none(), nodes))
        routed = dict(zip(["crash", "hang"], targets, strict=False))
        return RouteLoop(routed, {name: loops[name] for name in names}, default=default)

    @st.composite
    def staged(draw: DrawFn) -> MultiStage:
        size = draw(st.integers(1, 3))
        return MultiStage(*[draw(stages(nodes, f"stage-{number}")) for number in range(size)], timeout=draw(timeouts))

    @st.composite
    def conditional(draw: DrawFn) -> Conditional:
        size = draw(st.integers(1, 3))
        cases = [Case(f"case-{number}", draw(conditions), draw(steps(nodes))) for number in range(size)]
        return Conditional(*cases, fallback=draw(steps(nodes)), timeout=draw(timeouts))

    @st.composite
    def mapped(draw: DrawFn) -> Map:
        node = draw(nodes)
        if draw(st.booleans()):
            node = Branch("item", node, **policies(draw, nodes, node))
        return Map(
            node,
            over=draw(st.sampled_from(["items", "items", "items", "nothing", "topic", "none"])),
            into=draw(st.sampled_from(["results", "found"])),
            output=draw(st.sampled_from([None, None, "taken"])),
            concurrency=draw(st.sampled_from([None, 1, 2])),
            require=draw(st.sampled_from(["all", "all", 0.5, "any"])),
            on_failure=draw(on_failure),
        )

    return st.one_of(
        some.flatmap(lambda each: st.builds(Sequential, *map(st.just, each), **common)),
        parallel(),
        parallel(),
        mixture(),
        st.builds(
            Loop, steps(nodes), max_iterations=st.integers(1, 3), until=st.one_of(st.none(), conditions), **common
        ),
        st.builds(Route, rules, default=st.one_of(st.none(), nodes), **common),
        route_loop(),
        staged(),
        conditional(),
        mapped(),
        cached(),
    )


workflows: SearchStrategy[Any] = st.recursive(agents, _extended, max_leaves=12)
"""Any nesting of any patterns."""

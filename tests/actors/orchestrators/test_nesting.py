"""Conditionals and mixtures stand wherever a node can, and any node stands in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actors import (
    Branch,
    Case,
    Collaborative,
    Conditional,
    Loop,
    MultiStage,
    Parallel,
    Route,
    RouteLoop,
    Runtime,
    Sequential,
    SequentialCollaborative,
    Stage,
)
from actors.conditions import Exists
from supervisors import OutcomeKind
from tests.limits import PATIENCE

HERE, ABSENT = Exists("n"), Exists("absent")

PATTERNS: dict[str, Callable[[Any], Any]] = {
    "case": lambda node: Conditional(Case("case", HERE, node), fallback="bob"),
    "fallback": lambda node: Conditional(Case("case", ABSENT, "bob"), fallback=node),
    "first phase": lambda node: SequentialCollaborative(["ann", node], ["bob"]),
    "second phase": lambda node: SequentialCollaborative(["ann"], [node]),
    "looped route": lambda node: RouteLoop({HERE: Branch("node", node)}, {"node": {"max_iterations": 1}}),
    "other route": lambda node: RouteLoop({ABSENT: "bob"}, {"bob": {}}, default=node),
}
PLACES: dict[str, Callable[[Any], Any]] = {
    **PATTERNS,
    "sequential": lambda node: Sequential("ann", node),
    "parallel": Parallel,
    "collaborative": Collaborative,
    "route": lambda node: Route({HERE: node}),
    "loop": lambda node: Loop(node, max_iterations=1),
    "multi_stage": lambda node: MultiStage(Stage("stage", node)),
    "branch": lambda node: Branch("branch", node, timeout=PATIENCE),
    "rescue": lambda node: Branch("failing", fallback=node),
}

everything = pytest.mark.parametrize(
    ("outer", "inner"),
    [(outer, inner) for outer in PLACES for inner in PATTERNS]
    + [(outer, inner) for outer in PATTERNS for inner in PLACES if inner not in PATTERNS],
)


def nested(outer: str, inner: str, leaf: str) -> Any:
    node = PLACES[inner](leaf)
    if isinstance(node, Branch):
        node = Sequential(node)  # a branch holds a node, not another branch
    return PLACES[outer](node)


@everything
def test_nested_patterns_work(runtime: Runtime, outer: str, inner: str) -> None:
    result = runtime.run(nested(outer, inner, "cyd"), state={"n": 1}, timeout=PATIENCE)

    assert result.state["signed"].count("cyd") == 1
    paths = [record.path for record in result.trace.walk()]
    assert all("/".join(path.split("/")[:-1]) in ("", *paths) for path in paths)


@everything
def test_a_failure_deep_below_names_the_leaf(runtime: Runtime, outer: str, inner: str) -> None:
    error = runtime.submit(nested(outer, inner, "failing"), state={"n": 1}, timeout=PATIENCE).exception(PATIENCE)

    assert error is not None
    assert error.outcome.kind is OutcomeKind.FAILED
    assert error.trace is not None
    leaves = [record.path for record in error.trace.walk() if not record.children]
    rescued = [leaf.removesuffix("/fallback") for leaf in leaves]  # a failed fallback is put down to its branch
    assert error.outcome.culprit in [*leaves, *rescued]
    assert isinstance(error.__cause__, LookupError)
    assert error.state["n"] == 1
    assert error.state.get("signed", []) != "never to be seen"

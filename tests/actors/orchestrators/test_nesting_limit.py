"""How deep nodes may stand within each other: the same limit whatever is done with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actors import (
    Branch,
    Cached,
    Case,
    Conditional,
    Loop,
    Map,
    MultiStage,
    Parallel,
    Route,
    Sequential,
    Stage,
)
from actors.codec import decode, encode
from actors.conditions import Exists
from actors.definitions import Definition
from actors.orchestrators.base import MAX_NESTING
from actors.testing import Returns, Scripted, VirtualRuntime
from actors.values.workflow_errors import DefinitionError
from actors.workflows.graph import mermaid

KINDS: dict[str, Callable[[Any], Any]] = {
    "sequential": Sequential,
    "parallel": lambda node: Parallel(Branch("b", node, timeout=60.0)),
    "fallback": lambda node: Sequential(Branch("b", "other", fallback=node)),
    "case": lambda node: Conditional(Case("c", Exists("x"), node), fallback="a"),
    "otherwise": lambda node: Conditional(Case("c", Exists("x"), "a"), fallback=node),
    "route": lambda node: Route({"k": node}, key="x", default="a"),
    "loop": lambda node: Loop(node, max_iterations=1),
    "map": lambda node: Map(node, over="x"),
    "cached": lambda node: Cached(node, key=["x"]),
    "stage": lambda node: MultiStage(Stage("s", node)),
}
kinds = pytest.mark.parametrize("kind", KINDS)

TWO_PARTS_A_LEVEL = ("case", "route")
"""The kinds of which each level takes two parts of a key in TOML, where a key has 64 at most."""


def deepest(kind: str) -> tuple[Any, str]:
    """Return the deepest workflow of a kind that can be built, and what the next one was refused with."""
    node: Any = "a"
    for _ in range(MAX_NESTING):
        try:
            node, inner = KINDS[kind](node), node
        except ValueError as error:
            assert node is not inner
            return node, str(error)
    raise AssertionError("there is no limit")


@kinds
def test_what_is_deeper_is_refused_when_it_is_built(kind: str) -> None:
    _, refusal = deepest(kind)

    assert f"nests deeper than {MAX_NESTING} levels" in refusal


@pytest.mark.parametrize("kind", TWO_PARTS_A_LEVEL)
def test_what_toml_has_no_keys_for_is_not_written_in_it(kind: str) -> None:
    with pytest.raises(DefinitionError, match="a key has more than 64 parts"):
        Definition(deepest(kind)[0]).dump("toml")


@kinds
def test_what_can_be_built_can_be_done_everything_with(kind: str) -> None:
    workflow, _ = deepest(kind)

    assert decode(encode(workflow)) == workflow
    for form in ("toml", "yaml") if kind not in TWO_PARTS_A_LEVEL else ("yaml",):
        assert Definition.parse(Definition(workflow).dump(form), form).workflow == workflow
    assert "flowchart TB" in mermaid(workflow)
    assert (repr(workflow), hash(workflow)) == (repr(deepest(kind)[0]), hash(deepest(kind)[0]))
    with VirtualRuntime() as runtime:
        for name in ("a", "other"):
            runtime.spawn(name, Scripted(Returns({"x": ["one"]})))
        runtime.check(workflow)
        assert runtime.submit(workflow, state={"x": ["one"]}).exception(timeout=60.0) is None


def test_four_hundred_are_refused_by_name() -> None:
    node: Any = "a"

    with pytest.raises(ValueError, match=rf"^'n{MAX_NESTING - 1}' nests deeper than {MAX_NESTING} levels of patterns"):
        for number in range(400):
            node = Sequential(node, name=f"n{number}")


def test_branches_count_even_where_no_pattern_is() -> None:
    node = deepest("sequential")[0]

    with pytest.raises(ValueError, match="'b' nests deeper than"):
        Branch("b", node)

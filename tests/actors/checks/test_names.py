from __future__ import annotations

from typing import Any

import pytest

from actors import Branch, Loop, Parallel, Route, RouteLoop, Sequential
from tests.actors.checks.checking import found

SAME = Loop("writer", name="drafts")


def test_two_nodes_of_one_name_beside_each_other_are_found() -> None:
    workflow = Sequential(Loop("writer", name="drafts"), Loop("editor", name="drafts"))

    assert found(workflow) == [("duplicate-name", "sequential/drafts#2")]


@pytest.mark.parametrize(
    "workflow",
    [
        Sequential("writer", "editor", "writer"),
        Sequential(Loop("writer"), Loop("editor")),
        Sequential(SAME, SAME),
        Sequential(Sequential(Branch("step", "writer")), Sequential(Branch("step", "editor"), name="second")),
        Route({"x": "writer", "y": "writer"}, default="writer"),
        RouteLoop({"x": "writer", "y": "writer"}, {"writer": {}}, default="editor"),
    ],
    ids=["an agent twice", "unnamed loops", "one node twice", "elsewhere", "a route twice", "a loop twice"],
)
def test_names_that_the_runtime_numbers_are_no_mistake(workflow: Any) -> None:
    assert found(workflow) == []


def test_a_path_that_numbering_gives_twice_is_found() -> None:
    workflow = Sequential("writer", "writer", Branch("writer#2", "editor"))

    assert found(workflow) == [("ambiguous-path", "sequential/writer#2")]


def test_a_child_called_like_the_fallback_beside_it_is_found() -> None:
    workflow = Parallel(Branch("step", Sequential(Branch("fallback", "writer")), fallback="editor"))

    assert found(workflow) == [("ambiguous-path", "parallel/step/fallback")]

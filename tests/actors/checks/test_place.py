from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from actors import Branch, Cached, Loop, Map, MultiStage, Parallel, Route, Sequential, Stage
from actors.orchestrators.base import Part, Pattern
from actors.workflows.flow import OPEN
from tests.actors.checks.checking import place_of


class Strange(Pattern):
    """Runs a node in an order that nobody knows."""

    orchestrator: ClassVar[Any] = None

    def parts(self) -> Sequence[Part]:
        return [Part("x", "x")]


def test_places_have_the_paths_of_traces_the_fallback_last() -> None:
    workflow = Sequential(Branch("step", Sequential("a", "a"), fallback="b"), name="flow")

    paths = [place.path for place in place_of(workflow).walk()]

    assert paths == [
        "flow",
        "flow/step",
        "flow/step/a",
        "flow/step/a#2",
        "flow/step/fallback",
    ]


@pytest.mark.parametrize(
    "workflow",
    [
        "x",
        Sequential("a", "x"),
        Parallel("a", "x"),
        Loop("x"),
        Route({"a": "x"}, default="b"),
        Cached("x", key="id"),
        Map("x", over="items"),
        Branch("a", fallback="x"),
        MultiStage(Stage("A", "a", fallback="x")),
    ],
    ids=repr,
)
def test_a_required_nodes_failure_is_the_runs(workflow: Any) -> None:
    (place,) = [place for place in place_of(workflow).walk() if place.agent == "x"]

    assert place.fails_the_run


@pytest.mark.parametrize(
    "workflow",
    [
        Sequential(Branch("x", required=False)),
        Sequential(Branch("a", Sequential("x"), required=False)),
        Branch("a", Sequential("x"), fallback="b"),
        Parallel("a", "x", require="any"),
        Map("x", over="items", require="any"),
        Strange(),
    ],
    ids=repr,
)
def test_what_something_above_makes_up_for_is_not(workflow: Any) -> None:
    (place,) = [place for place in place_of(workflow).walk() if place.agent == "x"]

    assert not place.fails_the_run


def test_a_pattern_that_says_nothing_asks_nothing() -> None:
    (child,) = place_of(Strange()).children

    assert child.gate == OPEN
    assert Strange().quorum is None

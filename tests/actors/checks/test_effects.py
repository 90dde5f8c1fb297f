from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from actors import Branch, Cached, Collaborative, Loop, Map, MultiStage, Parallel, Sequential, Stage
from actors.conditions import All, Equals, Exists
from actors.mergers import Collect, FirstWins, Namespaced, Reduce, Union
from actors.orchestrators.base import Part, Pattern
from tests.actors.checks.checking import findings, found, makes, needs
from tests.spelling import spelled

AGENTS = {
    "x": makes("x"),
    "also-x": makes("x", "y"),
    "y": makes("y"),
    "edits-x": needs("x", makes=("x",)),
    "uses-x": needs("x", makes=("z",)),
    "only-uses-x": needs("x"),
}


def asked(state: object) -> bool:
    return True


def merged(state: object, branches: object) -> None:
    """Merge as a user would."""


class Strange(Pattern):
    """Runs a node in an order that nobody knows."""

    orchestrator: ClassVar[Any] = None

    def parts(self) -> Sequence[Part]:
        return [Part("x", "x")]


CHANGING: dict[str, Any] = {
    "an agent that produces the key": Loop("x", until=Exists("x")),
    "an agent that edits the key": Sequential("x", Loop("edits-x", until=Equals("x", 1))),
    "one of the keys": Loop("x", until=All(Exists("x"), Exists("w"))),
    "a fallback that produces the key": Loop(Branch("a", "y", fallback="x"), until=Exists("x")),
    "a map that puts it there": Loop(Map("y", over="items", into="x"), until=Exists("x")),
    "a branch of that name": Loop(Parallel(Branch("x", "y"), merge=Namespaced()), until=Exists("x")),
    "an agent that declares nothing": Loop(Sequential("x", "silent")),
    "an agent that only requires": Sequential("x", Loop("only-uses-x")),
    "a user's condition": Loop("y", until=asked),
    "a user's merger": Loop(Collaborative("x", "y", merge=merged)),
    "an order that nobody knows": Loop(Strange()),
    "a stage that makes sure": MultiStage(Stage("A", "x", success=Exists("x"))),
    "a stage that asks nothing": MultiStage(Stage("A", "x")),
}


@pytest.mark.parametrize("workflow", CHANGING.values(), ids=CHANGING)
def test_a_condition_that_may_change_is_no_mistake(workflow: Any) -> None:
    assert found(workflow, AGENTS) == []


def test_a_loop_that_waits_for_what_nobody_in_it_produces_is_found() -> None:
    (finding,) = findings(Loop(Sequential("x", Map("y", over="items"))), AGENTS)

    assert (finding.code, finding.path) == ("until-cannot-change", "loop")
    assert finding.problem == (
        "no agent in it declares to produce 'loop_complete', which Equals('loop_complete', True) asks for: unless that "
        "holds from the start, it always goes on to its maximum of 5 iterations"
    )


def test_what_a_branch_produces_does_not_end_a_loop_under_another_name() -> None:
    workflow = Loop(Parallel(Branch("a", "x"), merge=Namespaced()), until=Exists("x"))

    assert found(workflow, AGENTS) == [("until-cannot-change", "loop")]


@pytest.mark.parametrize(
    "workflow",
    [
        Map("x", over="items"),
        Map("x", over="items", output="x"),
        Map("x", over="items", output="item"),
        Map("silent", over="items", output="w"),
    ],
    ids=spelled,
)
def test_an_output_that_may_be_there_is_no_mistake(workflow: Any) -> None:
    assert found(workflow, AGENTS) == []


@pytest.mark.parametrize(
    "workflow",
    [
        Collaborative("x", "y"),
        Sequential("x", Collaborative("edits-x", Branch("too", "edits-x"))),
        Collaborative("x", "also-x", merge=FirstWins()),
        Collaborative("x", "also-x", merge=Namespaced()),
        Collaborative("x", "also-x", merge=Collect()),
        Collaborative("x", "also-x", merge=Collect("x")),
        Collaborative("x", "also-x", merge=Reduce({"x": "max"})),
        Collaborative("x", "also-x", merge=Reduce({"y": "max"}, default=FirstWins())),
        Collaborative("x", "also-x", merge=merged),
        Collaborative("x", "also-x", require="any"),
        Collaborative("x", Parallel(Branch("a", "x"), merge=Namespaced())),
    ],
    ids=spelled,
)
def test_branches_that_do_not_meet_are_no_mistake(workflow: Any) -> None:
    assert found(workflow, AGENTS) == []


@pytest.mark.parametrize("merge", [Union(), Collect("y"), Reduce({"y": "max"})], ids=spelled)
def test_branches_that_write_one_key_are_found_whatever_takes_the_others(merge: Any) -> None:
    (finding,) = findings(Collaborative("x", Sequential("also-x"), merge=merge), AGENTS)

    assert (finding.code, finding.path) == ("conflicting-keys", "collaborative")
    assert "branches 'x' and 'sequential' both produce 'x'" in finding.problem


@pytest.mark.parametrize(
    "workflow",
    [
        Cached("uses-x", key="x"),
        Cached("uses-x", key=("id", "x")),
        Cached("uses-x", key=asked),
        Cached(Sequential("x", "uses-x"), key="id"),
        Cached("silent", key="id"),
    ],
    ids=spelled,
)
def test_a_cache_that_goes_by_all_that_is_required_is_no_mistake(workflow: Any) -> None:
    assert found(workflow, AGENTS) == []

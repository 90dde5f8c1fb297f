from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

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
    Sequential,
    Stage,
)
from actors.checks.agents import Declaration
from actors.conditions import All, Equals, Exists
from actors.mergers import Collect, LastWins, Namespaced, Reduce
from actors.orchestrators.base import Part, Pattern
from actors.workflows.flow import Flow
from tests.actors.checks.checking import findings, found, makes, needs

CLOSED: Mapping[str, Any] = {"state": (), "data": ()}


def merged(state: object, branches: object) -> None:
    """Merge as a user would."""


class Perhaps(Pattern):
    """Runs a node any number of times."""

    flow: ClassVar[Flow] = Flow.EACH
    orchestrator: ClassVar[Any] = None

    def parts(self) -> Sequence[Part]:
        return [Part("x", "x")]


class Strange(Pattern):
    """Runs a node in an order that nobody knows."""

    orchestrator: ClassVar[Any] = None

    def parts(self) -> Sequence[Part]:
        return [Part("x", "x")]


AGENTS = {
    "x": makes("x"),
    "y": makes("y"),
    "uses-x": needs("x", makes=("z",)),
    "uses-y": needs("y", makes=("z",)),
    "passes-x": needs("x", makes=("x",)),
}

SOUND: dict[str, Any] = {
    "produced before": Sequential("x", "uses-x"),
    "produced far before": Sequential(Sequential("x"), "y", Sequential(Branch("uses-x"))),
    "produced by a required branch": Sequential(Collaborative("x", "y"), "uses-x"),
    "produced by all that a quorum asks for": Sequential(Parallel("x", "y", require=2), "uses-x"),
    "produced by each route": Sequential(Route({"a": "x"}, default=Sequential("y", "x")), "uses-x"),
    "produced by the one route that tells": Sequential(Route({"a": "x"}, default="silent"), "uses-x"),
    "produced by the fallback too": Sequential(Branch("step", "x", fallback=Sequential("x")), "uses-x"),
    "produced by a loop": Sequential(Loop("x", until=Equals("x", 1)), "uses-x"),
    "put there by a map": Sequential(Map("y", over="items", into="x"), "uses-x"),
    "put there for each item": Map("uses-x", over="items", item="x"),
    "kept by a cache": Sequential(Cached("x", key="id"), "uses-x"),
    "asked for before": Conditional(Case("has x", Exists("x"), "uses-x"), fallback="x"),
    "asked for by a stage": MultiStage(Stage("A", "uses-x", prerequisites=[Exists("x")])),
    "made sure of by a stage": MultiStage(Stage("A", "silent", success=Exists("x")), Stage("B", "uses-x")),
    "perhaps produced by an agent that tells nothing": Sequential("silent", "uses-x"),
    "perhaps produced in an order that nobody knows": Sequential(Strange(), "uses-x"),
    "perhaps left by a user's merger": Sequential(Collaborative("x", "y", merge=merged), "uses-x"),
    "collected": Sequential(Parallel(Branch("a", "x", required=False), "y", merge=Collect("x")), "uses-x"),
    "reduced": Sequential(Collaborative("x", "y", merge=Reduce({"x": "max"})), "uses-x"),
    "overlaid": Sequential(Collaborative("x", "y", merge=LastWins()), "uses-x"),
    "named after a branch": Sequential(Parallel(Branch("x", "y"), merge=Namespaced()), "uses-x"),
    "not needed for the run": Sequential(
        Branch("a", "x", required=False), Branch("b", "uses-x", required=False), Branch("c", "uses-x", fallback="y")
    ),
    "seeded for a loop that hands it on": Loop(Sequential("uses-x", "x"), until=Exists("x")),
    "used by the sibling of a route": Route({"a": "uses-x"}, default="x"),
    "only handed on later": Sequential("uses-x", "passes-x"),
    "there before a stage that rewrites it": MultiStage(Stage("A", Sequential("x", "y"), prerequisites=["x"])),
}


@pytest.mark.parametrize("workflow", SOUND.values(), ids=SOUND)
def test_a_key_that_may_well_be_there_is_no_mistake(workflow: Any) -> None:
    assert found(workflow, AGENTS, data=("items", "id", "message")) == []


LACKING: dict[str, tuple[Any, str, str]] = {
    "not produced": (Sequential("y", "uses-x"), "missing-key", "sequential/uses-x"),
    "produced by a sibling": (
        Sequential("y", Collaborative("x", "uses-x")),
        "missing-key",
        "sequential/collaborative/uses-x",
    ),
    "hidden by namespaces": (
        Sequential(Parallel(Branch("a", "x"), "y", merge=Namespaced()), "uses-x"),
        "missing-key",
        "sequential/uses-x",
    ),
    "produced later in a loop": (
        Loop(Sequential("y", "uses-x", "x"), until=Exists("x")),
        "missing-key",
        "loop/sequential/uses-x",
    ),
    "not produced for a fallback": (
        Sequential(Branch("step", "y", fallback="uses-x")),
        "missing-key",
        "sequential/step/fallback",
    ),
    "produced by some that a quorum asks for": (
        Sequential(Parallel("x", "y", require="any"), "uses-x"),
        "key-not-certain",
        "sequential/uses-x",
    ),
    "produced by an optional stage": (
        MultiStage(Stage("A", "x", required=False), Stage("B", "y", prerequisites=["x"])),
        "key-not-certain",
        "multi_stage/B",
    ),
    "produced instead of another key": (
        Sequential(Branch("step", "x", fallback="y"), "uses-x"),
        "key-not-certain",
        "sequential/uses-x",
    ),
    "produced any number of times": (Sequential(Perhaps(), "uses-x"), "key-not-certain", "sequential/uses-x"),
    "named after an optional branch": (
        Sequential(Parallel(Branch("x", "y", required=False), "y", merge=Namespaced()), "uses-x"),
        "key-not-certain",
        "sequential/uses-x",
    ),
    "asked for by no case's node": (
        Sequential("y", Conditional(Case("a", All(Exists("x"), Exists("y")), "y"), fallback="x")),
        "missing-key",
        "sequential/conditional/a",
    ),
}


@pytest.mark.parametrize(("workflow", "code", "path"), LACKING.values(), ids=LACKING)
def test_a_key_that_is_lacking_is_a_warning_where_agents_may_do_more_than_they_declare(
    workflow: Any, code: str, path: str
) -> None:
    reported = findings(workflow, AGENTS, state=(), data=("items",))

    assert [(each.code, each.path, each.severity) for each in reported] == [(code, path, "warning")]


FATAL: dict[str, tuple[Any, str]] = {
    "the first step": (Sequential("uses-x", "y"), "sequential/uses-x"),
    "in a loop": (Loop(Sequential("uses-x", "x"), until=Exists("x")), "loop/sequential/uses-x"),
    "in a branch": (Collaborative("y", "uses-x"), "collaborative/uses-x"),
    "a prerequisite": (MultiStage(Stage("A", "x", prerequisites=["topic"])), "multi_stage/A"),
    "a prerequisite's key": (MultiStage(Stage("A", "x", prerequisites=[Exists("topic")])), "multi_stage/A"),
    "every route": (Route({"a": "x"}), "route"),
    "what is mapped": (Sequential(Map("x", over="things")), "sequential/map"),
    "kept within a map": (Sequential(Map("silent", over="items"), "uses-x"), "sequential/uses-x"),
    "what is cached by": (Loop(Cached("x", key="id"), until=Exists("x")), "loop/cached"),
}


@pytest.mark.parametrize(("workflow", "path"), FATAL.values(), ids=FATAL)
def test_a_key_that_nothing_can_have_produced_is_an_error(workflow: Any, path: str) -> None:
    (finding, *others) = findings(workflow, AGENTS, state=("items",), data=())

    assert (finding.code, finding.path, finding.severity) == ("missing-key", path, "error")
    assert all(not other.is_error for other in others)


@pytest.mark.parametrize("known", [{"state": ("x",)}, {"state": None}])
def test_a_state_that_may_have_the_key_is_believed(known: Mapping[str, Any]) -> None:
    assert found(Sequential("uses-x"), AGENTS, **known) == []


@pytest.mark.parametrize(
    "workflow",
    [
        MultiStage(Stage("A", "x", prerequisites=["id"])),
        Map("x", over="id"),
        Cached("x", key="id"),
        Route({"a": "x"}, default="y", key="id"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("known", [{"state": (), "data": ("id",)}, {"state": ("id",), "data": ()}, {"state": ()}])
def test_the_events_data_counts_where_it_is_looked_at(workflow: Any, known: Mapping[str, Any]) -> None:
    assert found(workflow, AGENTS, **known) == []


def test_the_events_data_is_not_what_agents_require() -> None:
    assert found(Sequential("uses-x"), AGENTS, state=(), data=("x",)) == [("missing-key", "sequential/uses-x")]


LOOPED: dict[str, Any] = {
    "by a case": Loop(Conditional(Case("again", Exists("x"), "y"), fallback="x"), until=Exists("y")),
    "by an optional stage": Loop(
        MultiStage(Stage("A", "y", prerequisites=[Exists("x")], required=False), Stage("B", "x")), until=Exists("y")
    ),
    "by an optional step": Loop(Sequential(Branch("a", "uses-x", required=False), "x"), until=Exists("x")),
    "by a step with a fallback": Loop(Sequential(Branch("a", "uses-x", fallback="y"), "x"), until=Exists("x")),
    "within a fallback": Loop(Sequential(Branch("a", "y", fallback="uses-x"), "x"), until=Exists("x")),
    "within a case": Loop(Conditional(Case("again", Exists("y"), "uses-x"), fallback=Sequential("y", "x"))),
    "by words": Loop(Route({"a": "y"}, default="x", key="x"), until=Exists("y")),
    "by a loop in a loop": Loop(Loop(Conditional(Case("again", Exists("x"), "y"), fallback="x"), until=Exists("y"))),
    "what tells nothing": Loop(Conditional(Case("again", Exists("w"), "y"), fallback="silent")),
}


@pytest.mark.parametrize("workflow", LOOPED.values(), ids=LOOPED)
def test_what_only_the_first_iteration_lacks_is_no_mistake_where_it_may_lack_it(workflow: Any) -> None:
    codes = [code for code, _ in found(workflow, AGENTS, **CLOSED)]

    assert "missing-key" not in codes
    assert "key-not-certain" not in codes


def test_what_every_iteration_lacks_is_found() -> None:
    workflow = Loop(Conditional(Case("again", Exists("w"), "y"), fallback="x"), until=Exists("x"))

    assert found(workflow, AGENTS, **CLOSED) == [("missing-key", "loop/conditional/again")]


def test_what_is_found_before_a_loop_is_kept() -> None:
    workflow = Sequential("uses-x", Loop("x", until=Exists("x")))

    assert found(workflow, AGENTS, **CLOSED) == [("missing-key", "sequential/uses-x")]


def test_a_loop_of_one_iteration_has_no_later_ones() -> None:
    workflow = Loop(Conditional(Case("x", Exists("x"), "y"), fallback="x"), max_iterations=1, until=Exists("x"))

    assert found(workflow, AGENTS, **CLOSED) == [("missing-key", "loop/conditional/x")]


ELSEWHERE: dict[str, tuple[Any, str, str]] = {
    "later": (Sequential("uses-x", "x"), "sequential/uses-x", "sequential/x"),
    "later, by a map": (Sequential("uses-x", Map("y", over="i", into="x")), "sequential/uses-x", "sequential/map"),
    "at once": (Collaborative("x", "uses-x"), "collaborative/uses-x", "collaborative/x"),
    "by a later stage": (
        MultiStage(Stage("A", "y", prerequisites=["x"]), Stage("B", "x")),
        "multi_stage/A",
        "multi_stage/B",
    ),
}


@pytest.mark.parametrize(("workflow", "path", "producer"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_key_that_is_produced_elsewhere_names_who_does(workflow: Any, path: str, producer: str) -> None:
    (finding,) = findings(workflow, AGENTS)

    assert (finding.code, finding.path, finding.severity) == ("key-produced-elsewhere", path, "warning")
    assert f"which only {producer!r} produces" in finding.problem


def test_an_agent_that_is_not_known_is_taken_to_produce_anything() -> None:
    agents = {"uses-x": Declaration(requires=("x",))}

    assert found(Sequential("silent", "uses-x"), agents, **CLOSED) == []


def test_loops_in_loops_are_followed_in_time() -> None:
    workflow: Any = Conditional(Case("a", Exists("w"), "x"), fallback="y")
    for _ in range(28):
        workflow = Loop(Sequential(workflow, "x"), until=Exists("x"))

    codes = {code for code, _ in found(workflow, AGENTS, **CLOSED)}

    assert "missing-key" in codes

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from actors import Branch, Cached, Case, Conditional, Loop, Map, MultiStage, Parallel, Route, Sequential, Stage
from actors.conditions import All, Equals, Exists
from actors.orchestrators.base import Part, Pattern
from tests.actors.checks.checking import findings

NEVER = All(Equals("x", 1), Equals("x", 2))


class Strange(Pattern):
    """Runs a node in an order that nobody knows."""

    orchestrator: ClassVar[Any] = None

    def parts(self) -> Sequence[Part]:
        return [Part(DOOMED, "doomed")]


def stage(node: Any = "a", **policy: Any) -> MultiStage:
    return MultiStage(Stage("doomed", node, success=NEVER, **policy))


DOOMED = stage()

FATAL: dict[str, Any] = {
    "alone": DOOMED,
    "a step": Sequential("a", DOOMED, "b"),
    "a loop's body": Loop(DOOMED),
    "a required branch": Parallel("a", Branch("b", DOOMED)),
    "a required branch of a quorum": Parallel("a", Branch("b", DOOMED, required=True), require="any"),
    "one of all that a quorum asks for": Parallel("a", Branch("b", DOOMED), require=2),
    "every route": Route({"x": DOOMED}, default=Sequential(DOOMED)),
    "the only route that can be taken": Conditional(Case("x", NEVER, "a"), fallback=DOOMED),
    "a fallback too": Branch("b", DOOMED, fallback=Sequential(DOOMED)),
    "a stage that a fallback does not save": stage(fallback="b"),
    "retried": Sequential(Branch("b", DOOMED, timeout=10)),
}


@pytest.mark.parametrize("workflow", FATAL.values(), ids=FATAL)
def test_what_fails_every_run_is_an_error(workflow: Any) -> None:
    never = [finding for finding in findings(workflow) if finding.code == "success-never-holds"]

    assert never
    assert all(finding.is_error for finding in never)


TOLERATED: dict[str, Any] = {
    "an optional stage": stage(required=False),
    "an optional step": Sequential(Branch("b", DOOMED, required=False)),
    "an optional body": Loop(Branch("b", DOOMED, required=False)),
    "an optional branch": Parallel("a", Branch("b", DOOMED, required=False)),
    "more than a quorum asks for": Parallel("a", Branch("b", DOOMED), require="any"),
    "one of two routes": Route({"x": DOOMED}, default="a"),
    "an optional case": Conditional(Case("x", Exists("x"), DOOMED), fallback=Branch("b", DOOMED, required=False)),
    "saved by a fallback": Branch("b", DOOMED, fallback="a"),
    "in a fallback": Branch("b", "a", fallback=DOOMED),
    "saved above": Branch("b", Sequential("a", DOOMED), fallback="a"),
    "for each of no items": Map(DOOMED, over="items"),
    "cached": Cached(DOOMED, key="x"),
    "in an order that nobody knows": Strange(),
}


@pytest.mark.parametrize("workflow", TOLERATED.values(), ids=TOLERATED)
def test_what_some_runs_survive_is_a_warning(workflow: Any) -> None:
    reported = findings(workflow)

    assert "success-never-holds" in [finding.code for finding in reported]
    assert not any(finding.is_error for finding in reported)


def test_what_is_tolerated_beside_an_error_stays_a_warning() -> None:
    workflow = Sequential(Branch("b", DOOMED, required=False), stage(), name="flow")

    severities = {finding.path: finding.severity for finding in findings(workflow)}

    assert severities == {"flow/b/doomed": "warning", "flow/multi_stage/doomed": "error"}


def test_a_quorum_that_too_few_can_meet_is_an_error_of_the_group() -> None:
    workflow = Parallel("a", Branch("b", DOOMED), Branch("c", DOOMED), require=2, name="group")

    (group, *branches) = findings(workflow)

    assert (group.code, group.path, group.is_error) == ("quorum-out-of-reach", "group", True)
    assert group.problem == "2 of its 3 branches must be ok, and only 1 can be"
    assert [finding.path for finding in branches] == ["group/b/doomed", "group/c/doomed"]


def test_findings_are_in_the_order_of_paths_errors_first() -> None:
    workflow = MultiStage(Stage("B", Route({"x": "a"}), success=NEVER), Stage("A", Route({"x": "a"})), name="flow")

    order = [(finding.path, finding.severity) for finding in findings(workflow)]

    assert order == [("flow/A", "warning"), ("flow/B", "error"), ("flow/B", "warning")]

from __future__ import annotations

from actors import MultiStage, Sequential, Stage
from actors.conditions import All, Equals, Exists, Not
from tests.actors.checks.checking import findings, found

NEVER = All(Exists("x"), Not(Exists("x")))


def test_conditions_that_may_hold_are_no_mistake() -> None:
    stage = Stage("A", "a", prerequisites=["x", Exists("y"), Not(Exists("z"))], success=Equals("x", 1))

    assert found(MultiStage(stage)) == []


def test_an_optional_stage_that_is_never_run_is_warned_of() -> None:
    workflow = Sequential(MultiStage(Stage("A", "a", prerequisites=[NEVER], required=False)))

    (finding,) = findings(workflow)

    assert (finding.code, finding.severity) == ("prerequisite-never-holds", "warning")
    assert finding.problem == "its prerequisites cannot hold: All(Exists('x'), Not(Exists('x')))"

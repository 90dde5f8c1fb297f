from __future__ import annotations

from typing import Any

import pytest

from actors import Branch, Case, Conditional, MultiStage, Route, Sequential, Stage
from actors.checks import rules
from actors.conditions import All, Compare, Equals, Exists, Matches, Not
from actors.conditions import Any as AnyOf
from tests.actors.checks.checking import findings, found
from tests.spelling import spelled


def asked(state: object) -> bool:
    return True


@pytest.mark.parametrize(
    "workflow",
    [
        Route({"technical": "a", "tech": "b"}, default="c"),
        Route({"tech": "a", "technical": "a"}, default="b"),
        Route({Exists("x"): "a", Not(Exists("x")): "b"}),
        Route({asked: "a"}, default="b"),
        Route({Matches("x", "tech"): "a", Equals("x", "tech"): "b"}, default="c"),
        Conditional(Case("x", asked, "a"), Case("y", Exists("x"), "b"), fallback="c"),
        Conditional(Case("x", Equals("x", 1), "a"), Case("y", Exists("x"), "b"), fallback="c"),
        Conditional(Case("x", Compare("x", ">", 2), "a"), Case("y", Compare("x", ">", 1), "b"), fallback="c"),
    ],
    ids=spelled,
)
def test_rules_that_are_each_taken_at_times_are_no_mistake(workflow: Any) -> None:
    assert found(workflow) == []


@pytest.mark.parametrize(
    "workflow",
    [
        Sequential(Branch("x", Route({"x": "a"}), required=False)),
        Sequential(Branch("x", Route({"x": "a"}), fallback="b")),
        Branch("x", Sequential(Route({"x": "a"})), fallback="b"),
        MultiStage(Stage("X", Route({"x": "a"}), required=False)),
    ],
    ids=spelled,
)
def test_a_default_is_not_missing_where_the_failure_is_made_up_for(workflow: Any) -> None:
    assert found(workflow) == []


def test_a_default_is_missing_in_a_fallback() -> None:
    assert found(Branch("x", "a", fallback=Route({"x": "b"}))) == [("missing-default", "x/fallback")]


def test_a_hidden_rule_names_the_one_that_hides_it() -> None:
    workflow = Conditional(
        Case("any", AnyOf(Equals("x", 1), Equals("x", 2)), "a"),
        Case("one", All(Equals("x", 1), Exists("y")), "b"),
        fallback="c",
        name="pick",
    )

    (finding,) = findings(workflow)

    assert (finding.code, finding.path) == ("hidden-rule", "pick/one")
    assert finding.problem == (
        "it is never taken: where All(Equals('x', 1), Exists('y')) holds, Any(Equals('x', 1), Equals('x', 2)) holds, "
        "which is asked before"
    )
    assert finding.advice == "put it before 'pick/any', or leave it out"


def test_one_callable_asked_twice_hides_itself() -> None:
    workflow = Conditional(Case("x", asked, "a"), Case("y", asked, "b"), fallback="c")

    assert found(workflow) == [("hidden-rule", "conditional/y")]


def test_a_rule_that_never_holds_is_said_to_be_that_alone() -> None:
    never = All(Equals("x", 1), Equals("x", 2))
    workflow = Conditional(Case("x", Exists("x"), "a"), Case("y", never, "b"), fallback="c")

    assert found(workflow) == [("rule-never-holds", "conditional/y")]


def test_the_last_of_very_many_rules_are_compared_with_none(monkeypatch: pytest.MonkeyPatch) -> None:
    many = Route({word: f"agent-{word}" for word in ("a", "b", "ab", "bc")}, default="x")
    hidden = found(many)

    monkeypatch.setattr(rules, "MOST_COMPARISONS", 0)

    assert len(hidden) == 2
    assert found(many) == []

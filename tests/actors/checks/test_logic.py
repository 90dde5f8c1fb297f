from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.checks import logic as logic_module
from actors.checks.logic import Logic
from actors.conditions import All, Matches, Not
from actors.conditions import Any as AnyOf
from actors.values.errors import ActorError
from actors.values.freezing import freeze
from actors.values.state import Snapshot
from actors.workflows.comparisons import Compare, Contains, Equals, Exists
from actors.workflows.condition import Condition, Situation
from actors.workflows.flow import Given, Keyword
from tests.spelling import spelled
from tests.thoroughness import examples

VALUES = (0, 1, 1.0, 2, True, "", "a", "A", "ab", None, float("nan"))
HELD = (*VALUES, [1], ["a", "ab"], {"a": 1})

keys = st.sampled_from("kl")
orders = st.sampled_from(["<", "<=", ">", ">="])
ordered = st.sampled_from([each for each in VALUES if each is not None and not isinstance(each, bool)])
leaves: st.SearchStrategy[Any] = st.one_of(
    st.builds(Exists, keys),
    st.builds(Equals, keys, st.sampled_from(HELD)),
    st.builds(Contains, keys, st.sampled_from(VALUES)),
    st.builds(Compare, keys, orders, ordered),
    st.builds(Compare, keys, st.sampled_from(["==", "!="]), st.sampled_from(HELD)),
)
conditions: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: All(*each)),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: AnyOf(*each)),
    ),
    max_leaves=5,
)
STATES = [
    Snapshot({key: freeze(value, "it") for key, value in zip("kl", values, strict=True) if value is not ...})
    for values in itertools.product((..., *HELD), repeat=2)
]


def answer(condition: Condition, state: Snapshot) -> bool | None:
    try:
        return condition.holds(Situation(state))
    except ActorError:
        return None


@settings(deadline=None, max_examples=examples(300))
@given(conditions, conditions)
def test_what_is_decided_of_two_conditions_is_so_in_every_state(first: Condition, second: Condition) -> None:
    logic = Logic()
    implies, excludes = logic.implies(first, second), logic.excludes(first, second)

    for state in STATES:
        if answer(first, state):
            assert not implies or answer(second, state) is not False
            assert not excludes or not answer(second, state)


@settings(deadline=None, max_examples=examples(300))
@given(st.lists(conditions, max_size=3))
def test_what_is_decided_of_several_conditions_is_so_in_every_state(questions: list[Condition]) -> None:
    logic = Logic()
    never, always = logic.never(questions), logic.always(questions)

    for state in STATES:
        answers = [answer(question, state) for question in questions]
        assert not never or not all(answers)
        assert not always or any(each is not False for each in answers)


def condition_of_a_user(state: object) -> bool:
    return True


IMPLIED: list[tuple[Any, Any]] = [
    (Exists("k"), Exists("k")),
    (Equals("k", 1), Exists("k")),
    (Matches("k", "a"), Exists("k")),
    (Equals("k", 1), Equals("k", 1.0)),
    (Equals("k", 3), Compare("k", ">", 2)),
    (Equals("k", ["ab"]), Contains("k", "AB")),
    (Compare("k", "==", "abc"), Contains("k", "b")),
    (Contains("k", "A"), Contains("k", "a")),
    (Compare("k", ">", 2), Compare("k", ">=", 2)),
    (Compare("k", ">", 3), Compare("k", ">", 2)),
    (Compare("k", "<=", 1), Compare("k", "<", 2)),
    (Compare("k", "<", 2), Compare("k", "!=", 2)),
    (All(Exists("l"), Equals("k", 1)), Exists("k")),
    (Exists("k"), AnyOf(Exists("l"), Exists("k"))),
    (AnyOf(Equals("k", 1), Equals("k", 2)), Exists("k")),
    (Equals("k", 1), All(Exists("k"), Compare("k", "<", 2))),
    (Equals("k", 1), Not(Equals("k", 2))),
    (Not(Exists("k")), Not(Equals("k", 1))),
    (Exists("k"), Given("k")),
    (Contains("k", "a"), Keyword("k", "A")),
    (Equals("k", "a crash"), Keyword("k", "crash")),
    (Keyword("k", "technical"), Keyword("k", "TECH")),
    (Keyword("k", "technical"), Given("k")),
    (condition_of_a_user, condition_of_a_user),
]


@pytest.mark.parametrize(("first", "second"), IMPLIED, ids=spelled)
def test_an_implication_is_seen(first: Any, second: Any) -> None:
    assert Logic().implies(first, second)


NOT_IMPLIED: list[tuple[Any, Any]] = [
    (Exists("k"), Exists("l")),
    (Exists("k"), Equals("k", 1)),
    (Equals("k", True), Equals("k", 1)),
    (Equals("k", "technical"), Matches("k", "tech")),
    (Contains("k", "technical"), Contains("k", "tech")),  # a list may contain the one and not the other
    (Contains("k", "technical"), Keyword("k", "tech")),
    (Contains("k", 1), Contains("k", 2)),
    (Compare("k", ">=", 2), Compare("k", ">", 2)),
    (Compare("k", ">", 1), Compare("k", ">", 2)),
    (Compare("k", ">", 1), Compare("k", "<", 2)),
    (Compare("k", ">", 1), Compare("k", ">", "a")),
    (Compare("k", "!=", 1), Compare("k", ">", 1)),
    (Compare("k", "<", 2), Compare("k", "!=", 1)),
    (Exists("l"), Keyword("k", "a")),
    (Keyword("k", "tech"), Keyword("k", "technical")),
    (Keyword("l", "tech"), Keyword("k", "tech")),
    (Keyword("k", "tech"), Exists("k")),
    (Given("k"), Exists("k")),
    (condition_of_a_user, Exists("k")),
    (Exists("k"), condition_of_a_user),
]


@pytest.mark.parametrize(("first", "second"), NOT_IMPLIED, ids=spelled)
def test_what_is_no_implication_is_not_taken_for_one(first: Any, second: Any) -> None:
    assert not Logic().implies(first, second)


EXCLUDED: list[tuple[Any, Any]] = [
    (Equals("k", 1), Equals("k", 2)),
    (Equals("k", 1), Compare("k", ">", 1)),
    (Compare("k", "<", 1), Equals("k", 1)),
    (Equals("k", "a"), Compare("k", ">", 1)),
    (Exists("k"), Not(Exists("k"))),
    (Not(Exists("k")), Matches("k", "a")),
    (Compare("k", ">", 2), Compare("k", "<", 1)),
    (Compare("k", "<", 1), Compare("k", ">=", 1)),
    (Compare("k", ">", 1), Compare("k", ">", "a")),
    (All(Exists("l"), Exists("k")), Not(Exists("k"))),
    (Not(Exists("k")), All(Exists("l"), Exists("k"))),
    (AnyOf(Equals("k", 1), Equals("k", 2)), Equals("k", 3)),
    (Equals("k", 3), AnyOf(Equals("k", 1), Equals("k", 2))),
]


@pytest.mark.parametrize(("first", "second"), EXCLUDED, ids=spelled)
def test_a_contradiction_is_seen_from_both_sides(first: Any, second: Any) -> None:
    assert Logic().excludes(first, second)
    assert Logic().excludes(second, first)


NOT_EXCLUDED: list[tuple[Any, Any]] = [
    (Equals("k", 1), Equals("l", 2)),
    (Equals("k", "a"), Matches("k", "b")),
    (Compare("k", ">=", 1), Compare("k", "<=", 1)),
    (Compare("k", ">", 1), Compare("k", "!=", 5)),
    (Compare("k", ">", 1), Compare("k", ">", 2)),
    (Keyword("k", "a"), Keyword("k", "b")),
    (condition_of_a_user, Exists("k")),
]


@pytest.mark.parametrize(("first", "second"), NOT_EXCLUDED, ids=spelled)
def test_what_may_hold_together_is_no_contradiction(first: Any, second: Any) -> None:
    assert not Logic().excludes(first, second)


def test_what_equals_nothing_never_holds() -> None:
    assert Logic().never([Equals("k", float("nan"))])


def test_alternatives_that_leave_nothing_out_always_hold() -> None:
    logic = Logic()

    assert logic.always([Exists("k"), Not(Exists("k"))])
    assert logic.always([Not(Equals("k", 1)), Exists("k")])
    assert logic.always([Not(All(Exists("k"), Not(Exists("k"))))])
    assert logic.always([All(AnyOf(Exists("k"), Not(Exists("k"))))])
    assert not logic.always([Exists("k"), Exists("l")])


def test_beyond_its_limit_nothing_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logic_module, "MOST_DECISIONS", 1)
    logic = Logic()
    both = All(Exists("k"), Exists("l"))

    assert logic.implies(both, Exists("k"))
    assert not logic.implies(both, Exists("l"))


def test_deep_conditions_are_decided_in_time() -> None:
    def nested(depth: int) -> Condition:
        condition: Condition = Exists("k")
        for level in range(depth):
            condition = All(condition, Exists("l")) if level % 2 else AnyOf(condition, Exists("m"))
        return condition

    first, second = nested(30), nested(29)

    Logic().implies(first, second)
    Logic().excludes(first, second)

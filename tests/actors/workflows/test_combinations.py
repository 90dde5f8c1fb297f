"""Conditions: what may be one, `All`, `Any` and `Not`, and `Matches`."""

import re
import typing

import pytest

from actors.values.errors import IncomparableError
from actors.values.state import Snapshot, State
from actors.workflows.combinations import (
    MAX_CONDITION_DEPTH,
    MOST_CONDITIONS,
    All,
    Any,
    Compare,
    Condition,
    Exists,
    Matches,
    Not,
    check_condition,
)
from actors.workflows.condition import Situation
from tests.actors.searcher import Searcher


def test_a_condition_is_a_stock_one_or_a_callable() -> None:
    def own(state: typing.Any) -> bool:
        return True

    for condition in (own, Exists("a")):
        assert check_condition(condition, "until") is condition
    for wrong in ("done", None, Exists, True):
        with pytest.raises(TypeError, match=r"^until must be a condition such as Exists\('key'\), or a callable of "):
            check_condition(wrong, "until")


def test_a_condition_of_ones_own_making_is_refused_because_its_code_would_run_inside() -> None:
    class Own(Exists):
        def __init__(self, key: str) -> None:
            super().__init__(key)

        def holds(self, situation: Situation) -> bool:
            raise AssertionError("code of a user's ran")

    with pytest.raises(TypeError, match=r"^until must be a condition such as .*, or a callable of .*, not Own\('a'\)"):
        check_condition(Own("a"), "until")
    with pytest.raises(TypeError, match=r"must consist of stock conditions .*, not of Own\('a'\)"):
        Not(Own("a"))


def test_the_base_of_the_conditions_never_holds() -> None:
    with pytest.raises(NotImplementedError):
        Condition().holds(Situation(Snapshot()))


# All, Any, Not

HOLDS, FAILS = Exists("here"), Exists("nowhere")
NO_ANSWER = Compare("here", "<", "text")
HERE = Snapshot({"here": 1})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (All(HOLDS), True),
        (All(HOLDS, HOLDS), True),
        (All(HOLDS, FAILS), False),
        (Any(FAILS), False),
        (Any(FAILS, HOLDS), True),
        (Any(FAILS, FAILS), False),
        (Not(HOLDS), False),
        (Not(FAILS), True),
        (Not(All(HOLDS, Any(FAILS, Not(FAILS)))), False),
        (All(FAILS, NO_ANSWER), False),
        (Any(HOLDS, NO_ANSWER), True),
    ],
)
def test_combinations_hold_by_their_parts_up_to_the_first_that_decides(condition: Condition, expected: bool) -> None:
    assert condition.holds(Situation(HERE)) is expected


@pytest.mark.parametrize("condition", [All(HOLDS, NO_ANSWER), Any(FAILS, NO_ANSWER), Not(NO_ANSWER), All(NO_ANSWER)])
def test_a_part_without_an_answer_leaves_the_whole_without_one(condition: Condition) -> None:
    with pytest.raises(IncomparableError):
        condition.holds(Situation(HERE))


@pytest.mark.parametrize("kind", [All, Any])
def test_combinations_need_a_part(kind: typing.Any) -> None:
    with pytest.raises(ValueError, match="conditions must have at least 1 item"):
        kind()


@pytest.mark.parametrize("kind", [All, Any, Not])
def test_parts_are_stock_conditions(kind: typing.Any) -> None:
    with pytest.raises(
        TypeError, match="stock conditions such as Exists.*; a callable is .*: write the logic inside it$"
    ):
        kind(lambda state: True)
    for wrong in (5, "a", None, Exists, [HOLDS]):
        with pytest.raises(TypeError, match=f"stock conditions such as Exists.*, not of {re.escape(repr(wrong))[:20]}"):
            kind(wrong)


def test_nesting_is_limited_and_refused_without_a_crash() -> None:
    condition: Condition = HOLDS
    for _ in range(MAX_CONDITION_DEPTH - 1):
        condition = Not(condition)

    assert not condition.holds(Situation(HERE))
    with pytest.raises(ValueError, match=f"must not nest deeper than {MAX_CONDITION_DEPTH} levels"):
        Not(condition)


def test_the_number_of_parts_is_limited_however_they_are_nested() -> None:
    assert All(*[HOLDS] * (MOST_CONDITIONS - 1)).holds(Situation(HERE))
    with pytest.raises(ValueError, match=f"must be fewer than {MOST_CONDITIONS} in all"):
        All(*[HOLDS] * MOST_CONDITIONS)
    condition: Condition = HOLDS
    with pytest.raises(ValueError, match="in all"):
        for _ in range(MAX_CONDITION_DEPTH):
            condition = All(condition, condition)


# Matches

SECRET = Matches("text", "secret")


def matched(condition: Condition, value: typing.Any) -> bool:
    return condition.holds(Situation(State(key=value).snapshot(), search=Searcher()))


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("end$", "The END", True),
        ("^end", "The end", False),
        ("b.d", ["good", "bad"], True),
        ("b.d", ("good", "better"), False),
        ("^k", {"Key": 1, 5: 2}, True),
        ("v", {"key": "v"}, False),
        ("5", 5, False),
        ("5", [5, [b"5", "5"]], False),
        ("None", None, False),
        ("a", b"a", False),
        ("(?-i:A)b", "aB", False),
        (r"\d+ (?x: x )", "12 X", True),
    ],
)
def test_a_pattern_is_found_where_contains_looks_ignoring_case(pattern: str, value: typing.Any, expected: bool) -> None:
    assert matched(Matches("key", pattern), value) is expected


def test_case_counts_where_that_was_asked_for() -> None:
    assert not matched(Matches("key", "end", ignore_case=False), "The END")
    assert matched(Matches("key", "END", ignore_case=False), "The END")


def test_only_texts_and_the_pattern_are_handed_over() -> None:
    searcher = Searcher()

    Matches("key", "a").holds(Situation(State(key=["x", 5, "y"], other="z").snapshot(), search=searcher))
    Matches("key", "a", ignore_case=False).holds(Situation(State(key=[5]).snapshot(), search=searcher))
    Matches("gone", "a").holds(Situation(State(key="a").snapshot(), search=searcher))

    assert searcher.asked == [("a", re.IGNORECASE, ["x", "y"])]


def test_a_pattern_is_asked_for_only_if_nothing_before_it_decides() -> None:
    searcher, state = Searcher(), State(here=1, text="secret").snapshot()

    assert not All(FAILS, SECRET).holds(Situation(state, search=searcher))
    assert Any(HOLDS, SECRET).holds(Situation(state, search=searcher))
    assert searcher.asked == []
    assert Not(All(HOLDS, Not(Any(FAILS, SECRET)))).holds(Situation(state, search=searcher))
    assert len(searcher.asked) == 1


@pytest.mark.parametrize(
    "condition", [SECRET, All(HOLDS, SECRET), Any(SECRET, HOLDS), Not(SECRET), Not(All(Any(SECRET)))]
)
def test_what_asks_for_a_pattern_is_not_inline_and_refuses_to_be(condition: Condition) -> None:
    assert not condition.is_inline
    with pytest.raises(AssertionError, match="pattern 'secret' is searched for on the work plane only"):
        condition.holds(Situation(State(here=1, text="secret").snapshot()))


@pytest.mark.parametrize("condition", [HOLDS, Not(HOLDS), All(HOLDS, Not(FAILS)), Any(HOLDS, NO_ANSWER)])
def test_what_asks_for_no_pattern_is_inline(condition: Condition) -> None:
    assert condition.is_inline


@pytest.mark.parametrize(
    ("pattern", "kind", "text"),
    [
        ("(a", ValueError, "pattern must be a regular expression: missing \\), unterminated subpattern at position 0"),
        ("a**", ValueError, "multiple repeat at position 2"),
        ("[z-a]", ValueError, "bad character range z-a at position 1"),
        ("(?L)a", ValueError, "cannot use 'L' flag with a str pattern"),
        ("a{99999999999999999999}", ValueError, "the repetition number is too large"),
        ("(" * 499 + ")" * 499, ValueError, "nests less deeply"),
        ("x" * 1_001, ValueError, "pattern must have at most 1000 characters"),
        ("", ValueError, "at least 1 character"),
        (5, TypeError, "pattern must be a string"),
        (re.compile("a"), TypeError, "pattern must be a string"),
    ],
)
def test_what_is_no_pattern_is_refused(pattern: typing.Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        Matches("key", pattern)


def test_flags_are_booleans_by_keyword() -> None:
    with pytest.raises(TypeError, match="ignore_case"):
        Matches("key", "a", ignore_case=1)  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(TypeError):
        Matches("key", "a", False)  # type: ignore[call-arg]  # that is what is tested


def test_what_re_warns_of_does_not_leak() -> None:
    with pytest.warns(FutureWarning):
        re.compile("[[x]")
    re.purge()

    assert Matches("key", "[[x]").pattern == "[[x]"  # warnings are errors in these tests

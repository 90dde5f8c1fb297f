"""Conditions as values: copied, compared, printed, and as a simple model of them answers."""

import copy
import datetime as datetimes
import pickle
import typing
import zoneinfo
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.values.errors import IncomparableError
from actors.values.frozen import FrozenList
from actors.values.state import State
from actors.workflows import combinations as conditions
from actors.workflows.combinations import (
    STOCK_CONDITIONS,
    All,
    Any,
    Compare,
    Condition,
    Contains,
    Equals,
    Exists,
    FailedWith,
    Matches,
    Not,
    OutcomeIs,
)
from actors.workflows.condition import Situation
from tests.actors.plain_data import Point, Question
from tests.actors.searcher import Searcher

SAMPLES = [
    Exists("a"),
    Equals("a", [1]),
    Equals("a", Question("b", [Point(1)])),
    Contains("a", "b"),
    Compare("a", ">=", 0.5),
    Matches("a", "b+"),
    Matches("a", "b+", ignore_case=False),
    FailedWith(ConnectionError, "app.QuotaError"),
    OutcomeIs("timed_out", "rejected"),
    All(Exists("a"), Not(Equals("b", 1))),
    Any(Matches("a", r"\d"), Exists("b")),
    Not(Not(Compare("at", "<", datetime(2026, 1, 1, tzinfo=UTC)))),
]


@pytest.mark.parametrize("condition", SAMPLES)
def test_conditions_are_values(condition: Condition) -> None:
    for twin in (copy.copy(condition), copy.deepcopy(condition), pickle.loads(pickle.dumps(condition))):
        assert twin == condition
        assert hash(twin) == hash(condition)
        assert repr(twin) == repr(condition) == str(twin)
    assert type(getattr(copy.deepcopy(Equals("a", [1])), "value", None)) is FrozenList


@pytest.mark.parametrize("make", [Equals, Contains, lambda key, value: Compare(key, "==", value)])
@pytest.mark.parametrize("wrap", [lambda number: number, lambda number: [number], lambda number: {"n": (number,)}])
def test_a_thousand_values_have_a_thousand_hashes(
    make: Callable[..., Condition], wrap: Callable[[int], object]
) -> None:
    hashes = {hash(make("n", wrap(number))) for number in range(1_000)}

    assert len(hashes) > 990  # thousands of them are the keys of one route


def test_conditions_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Compare("a", "<", 1).op = ">"  # type: ignore[misc]  # that is what is tested


def test_conditions_that_mean_different_things_differ() -> None:
    values = [1, 1.0, True, "1", [1], (1,), 2]
    different = [
        *[kind("a", value) for value in values for kind in (Equals, Contains)],
        *[Compare("a", "==", value) for value in values],
        *[Compare("a", op, 1) for op in ("<", ">")],
        *SAMPLES[4:],
        Equals("b", 1),
        All(Exists("a")),
        Any(Exists("a")),
        Exists("a"),
        Not(Exists("a")),
        5,
    ]

    for index, first in enumerate(different):
        assert all(first != other for other in different[index + 1 :])


def test_every_stock_condition_is_printed_as_it_was_written() -> None:
    printed = [
        "Exists('a')",
        "Equals('a', [1])",
        "Contains('a', 'b')",
        "Compare('a', '>=', 0.5)",
        "Matches('a', 'b+')",
        "Matches('a', 'b+', ignore_case=False)",
        "FailedWith('builtins.ConnectionError', 'app.QuotaError')",
        "OutcomeIs('timed_out', 'rejected')",
        "All(Exists('a'), Not(Equals('b', 1)))",
        "Any(Exists('a'))",
    ]

    made = [eval(text, vars(conditions)) for text in printed]

    assert [repr(condition) for condition in made] == printed
    assert {type(condition) for condition in made} | {Not} == STOCK_CONDITIONS


pasteable = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.binary(max_size=3)
    | st.dates()
    | st.datetimes(timezones=st.sampled_from([UTC, ZoneInfo("Europe/Berlin")]))
    | st.timedeltas()
    | st.uuids()
    | st.decimals(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.sets(st.integers())
        | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=5,
)
keys = st.sampled_from("abc")
simple = (
    st.builds(Exists, keys)
    | st.builds(Equals, keys, pasteable)
    | st.builds(Contains, keys, pasteable)
    | st.builds(Compare, keys, st.sampled_from(["<", "<=", ">", ">="]), st.integers(0, 2) | st.sampled_from("ab"))
    | st.builds(Compare, keys, st.sampled_from(["==", "!="]), pasteable)
    | st.builds(Matches, keys, st.sampled_from(["a", "^b", r"\d$"]), ignore_case=st.booleans())
)
trees: st.SearchStrategy[Condition] = st.recursive(
    simple,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: All(*parts))
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: Any(*parts))
        | st.builds(Not, inner)
    ),
    max_leaves=8,
)


@given(trees)
def test_what_a_condition_prints_makes_an_equal_one(condition: Condition) -> None:
    namespace = {**vars(conditions), "datetime": datetimes, "zoneinfo": zoneinfo, "UUID": UUID, "Decimal": Decimal}

    again = eval(repr(condition), namespace)

    assert again == condition
    assert hash(again) == hash(condition)
    assert repr(again) == repr(condition)


def model(condition: Condition, values: dict[str, typing.Any]) -> bool | None:
    """Return what a condition should answer, or None for no answer, by the simplest rules that say the same."""
    match condition:
        case All() | Any():
            is_all = isinstance(condition, All)
            for part in condition.conditions:
                answer = model(part, values)
                if answer is not is_all:
                    return answer
            return is_all
        case Not():
            answer = model(condition.condition, values)
            return None if answer is None else not answer
        case Compare(op="<" | "<=" | ">" | ">="):
            if condition.key not in values:
                return False
            if type(values[condition.key]) is not type(condition.value):
                return None
            return bool(eval(f"left {condition.op} right", {"left": values[condition.key], "right": condition.value}))
    return condition.holds(Situation(State(values).snapshot(), search=Searcher()))


@given(trees, st.dictionaries(keys, st.integers(0, 2) | st.sampled_from("ab"), max_size=3))
def test_combinations_answer_as_their_model_does(condition: Condition, values: dict[str, typing.Any]) -> None:
    try:
        answer: bool | None = condition.holds(Situation(State(values).snapshot(), search=Searcher()))
    except IncomparableError:
        answer = None

    assert answer is model(condition, values)

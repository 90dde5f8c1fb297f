"""Comparisons: `Exists`, `Equals`, `Contains` and `Compare`."""

import copy
import math
import operator
import pickle
import typing
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.values.errors import IncomparableError, SharedValueError
from actors.values.freezing import freeze
from actors.values.frozen import FrozenList
from actors.values.state import Snapshot, State
from actors.workflows import combinations as conditions
from actors.workflows.combinations import Compare, Condition, Contains, Equals, Exists, Matches, Not, contains
from actors.workflows.condition import Situation
from tests.actors.plain_data import Colour, Level, Mood, Point, Question, nested, plain_data


def held(condition: Condition, **values: typing.Any) -> bool:
    return condition.holds(Situation(State(values).snapshot()))


class Stubborn:
    def __eq__(self, other: object) -> bool:
        raise AssertionError("code of a user's ran")

    __hash__ = None  # type: ignore[assignment]  # nothing needs it


def shared(key: str) -> Snapshot:
    state = State()
    state.share(key, Stubborn())
    return state.snapshot()


def test_exists_asks_for_the_key_only() -> None:
    assert held(Exists("a"), a=None)
    assert not held(Exists("a"), b=1)
    assert Exists("a").holds(Situation(shared("a")))


@pytest.mark.parametrize(
    ("found", "wanted", "expected"),
    [
        (1, 1, True),
        (1, 1.0, True),
        (1, True, False),
        (False, 0, False),
        (True, True, True),
        ("a", "A", False),
        (None, None, True),
        ([1, [2]], [1.0, [2]], True),
        ([1], [True], False),
        ([1], (1,), False),
        ((1,), (True,), False),
        ([1], [1, 2], False),
        ({"a": [0]}, {"a": [0]}, True),
        ({"a": [0]}, {"a": [False]}, False),
        ({"a": 0}, {"b": 0}, False),
        ({"a": 1}, [], False),
        (Point(1, 2), Point(1, 2), True),
        (Point(1, 2), Question("a"), False),
        ([Point(1, 2)], [Point(1, 3)], False),
        (datetime(2026, 1, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=1))), True),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1), False),
        (b"a", "a", False),
    ],
)
def test_equals_compares_as_python_does_but_for_booleans(found: typing.Any, wanted: typing.Any, expected: bool) -> None:
    assert held(Equals("key", wanted), key=found) is expected
    assert held(Equals("key", found), key=wanted) is expected


@given(plain_data)
def test_everything_but_nan_equals_itself(value: typing.Any) -> None:
    again = copy.deepcopy(value)

    if "nan" not in repr(value).lower():
        assert held(Equals("key", value), key=again)


def test_what_is_missing_equals_and_contains_nothing() -> None:
    assert not held(Equals("key", None), other=1)
    assert not held(Contains("key", None), other=1)


@pytest.mark.parametrize(
    "condition", [Equals("key", 1), Contains("key", 1), Compare("key", "<", 1), Matches("key", "a")]
)
def test_what_is_shared_cannot_be_compared(condition: Condition) -> None:
    with pytest.raises(SharedValueError, match="^'key' is shared by reference"):
        condition.holds(Situation(shared("key")))


@pytest.mark.parametrize(
    ("container", "item", "expected"),
    [
        ("The End", "the end", True),
        ("STRASSE", "straße", True),
        ("The End", "done", False),
        ("15", 5, False),
        ([1, "Two"], "two", True),
        ([1, "Two"], "tw", False),
        ([1, 2], 2.0, True),
        ([1, 2], True, False),
        ([True], 1, False),
        ([None], None, True),
        ((1, (2,)), (2,), True),
        ([[1], {"a": 1}], {"a": 1}, True),
        ([[1], {"a": 1}], [1], True),
        ([Point(1)], Point(1), True),
        ([{1: 2}], "a", False),
        ({"Key": 1}, "key", True),
        ({"Key": 1}, 1, False),
        ({5: 1}, 5, True),
        (5, 5, False),
        (b"abc", b"a", False),
        (None, None, False),
    ],
)
def test_contains_looks_into_text_lists_and_keys(container: typing.Any, item: typing.Any, expected: bool) -> None:
    assert held(Contains("key", item), key=container) is expected
    assert contains(freeze(container, "it"), freeze(item, "it")) is expected


@pytest.mark.parametrize("kind", [Equals, Contains])
def test_the_value_is_copied_and_must_be_plain_data(kind: type[typing.Any]) -> None:
    value = [1]
    condition = kind("key", value)
    value.append(2)

    assert condition.value == [1]
    assert type(condition.value) is FrozenList
    with pytest.raises(TypeError, match=r"^the value\[0\] is a builtins\.complex, which is not plain data"):
        kind("key", [1j])
    with pytest.raises(ValueError, match=r": value nests deeper than 100 levels, or contains itself$"):
        kind("key", nested(101))


MADE = [
    Exists,
    lambda key: Equals(key, 1),
    lambda key: Contains(key, 1),
    lambda key: Compare(key, "<", 1),
    lambda key: Matches(key, "a"),
]


@pytest.mark.parametrize("make", MADE)
def test_the_key_is_a_string_that_is_not_empty(make: typing.Any) -> None:
    with pytest.raises(ValueError, match="key"):
        make("")
    with pytest.raises(TypeError, match="key must be a string"):
        make(5)


# Compare

MOMENT = datetime(2026, 1, 1, 12)
ORDERED: list[tuple[typing.Any, typing.Any]] = [
    (1, 2),
    (1, 1.5),
    (-math.inf, 10**400),
    ("A", "a"),
    ("a", "ab"),
    (b"a", b"b"),
    (date(2026, 1, 1), date(2026, 1, 2)),
    (MOMENT, MOMENT + timedelta(1)),
    (MOMENT.replace(tzinfo=timezone(timedelta(hours=2))), MOMENT.replace(tzinfo=UTC)),
    (MOMENT.replace(tzinfo=UTC), (MOMENT + timedelta(1)).replace(tzinfo=ZoneInfo("Europe/Berlin"))),
    (time(1), time(2)),
    (timedelta(1), timedelta(2)),
    (Decimal("1.10"), Decimal("1.2")),
    (Decimal("1.5"), 2),
    (0.1, Decimal("0.5")),
    (-math.inf, Decimal("-1E+999999999999")),
    (5, Decimal("1E+999999999999")),
    (Level.LOW, Level.HIGH),
    (Level.LOW, 2),
    (Colour.BLUE, "red"),
]


@pytest.mark.parametrize(("less", "more"), ORDERED)
def test_what_has_an_order_is_compared_by_it(less: typing.Any, more: typing.Any) -> None:
    def results(op: typing.Any) -> tuple[bool, ...]:
        pairs = ((less, more), (less, less), (more, less))
        return tuple([held(Compare("key", op, right), key=left) for left, right in pairs])

    assert results("<") == (True, False, False)
    assert results("<=") == (True, True, False)
    assert results(">") == (False, False, True)
    assert results(">=") == (False, True, True)
    assert results("==") == (False, True, False)
    assert results("!=") == (True, False, True)


UNORDERED: list[tuple[typing.Any, typing.Any, str, str]] = [
    ("5", 5, "str", "int"),
    (True, 1, "bool", "int"),
    (True, Decimal(1), "bool", "Decimal"),
    (None, 1.0, "None", "float"),
    (b"a", "a", "bytes", "str"),
    ([1], 1, "list", "int"),
    ((1,), 1, "tuple", "int"),
    ({"a": 1}, 1, "dict", "int"),
    (Point(1), 1, "Point", "int"),
    (date(2026, 1, 1), MOMENT, "date", "datetime without time zone"),
    (MOMENT, MOMENT.replace(tzinfo=UTC), "datetime without time zone", "datetime with time zone"),
    (time(1, tzinfo=UTC), time(1), "time with time zone", "time without time zone"),
    (time(1, tzinfo=UTC), time(1, tzinfo=ZoneInfo("Europe/Berlin")), "time with time zone", "time without time zone"),
    (timedelta(1), 1, "timedelta", "int"),
    (Decimal(1), 10**3_000, "Decimal", "int"),
    (UUID(int=1), 1, "UUID", "int"),
    ({1}, 1, "set", "int"),
    (frozenset({1}), 1, "frozenset", "int"),
    (Mood.CALM, 1, "Mood", "int"),
]


@pytest.mark.parametrize("op", ["<", "<=", ">", ">="])
@pytest.mark.parametrize(("found", "wanted", "found_kind", "wanted_kind"), UNORDERED)
def test_what_has_no_order_is_an_error_that_names_both_types(
    op: typing.Any, found: typing.Any, wanted: typing.Any, found_kind: str, wanted_kind: str
) -> None:
    with pytest.raises(IncomparableError) as caught:
        held(Compare("key", op, wanted), key=found)

    assert caught.value.args == ("key", op, found_kind, wanted_kind)
    assert str(caught.value).startswith(
        f"'key' holds a value of type {found_kind}, which has no order with one of type {wanted_kind}, so {op!r} cannot"
    )
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), vars(again)) == (str(caught.value), vars(caught.value))


@pytest.mark.parametrize(("found", "wanted", "_found_kind", "_wanted_kind"), UNORDERED)
def test_what_has_no_order_is_merely_different(
    found: typing.Any, wanted: typing.Any, _found_kind: str, _wanted_kind: str
) -> None:
    assert held(Compare("key", "!=", wanted), key=found)
    assert not held(Compare("key", "==", wanted), key=found)


@pytest.mark.parametrize("op", typing.get_args(conditions.Compare.model_fields["op"].annotation))
def test_what_is_missing_compares_with_nothing(op: typing.Any) -> None:
    assert not held(Compare("key", op, 1), other=1)
    assert held(Not(Equals("key", 1)), other=1)


def test_nan_is_neither_less_nor_more_nor_equal() -> None:
    for found, wanted in ((math.nan, 1), (1, math.nan), (math.nan, math.nan)):
        for op in ("<", "<=", ">", ">=", "=="):
            assert not held(Compare("key", op, wanted), key=found)
        assert held(Compare("key", "!=", wanted), key=found)


@pytest.mark.parametrize("value", [True, None, [1], (1,), {}, Point(1)])
@pytest.mark.parametrize("op", ["<", "<=", ">", ">="])
def test_an_order_needs_a_value_that_has_one(op: typing.Any, value: typing.Any) -> None:
    with pytest.raises(TypeError, match=rf"^Compare\(op='{op}'\): op has no order for a value of type .*'=='"):
        Compare("key", op, value)

    assert held(Compare("key", "==", value), key=value)


@pytest.mark.parametrize("op", ["=", "=<", "<>", "in", "", None, 1, ["<"]])
def test_other_operators_are_refused_and_the_usable_ones_named(op: typing.Any) -> None:
    with pytest.raises(ValueError, match="op must be '<', '<=', '>', '>=', '==' or '!='"):
        Compare("key", op, 1)


def test_a_value_that_is_no_plain_data_is_the_only_mistake_reported() -> None:
    with pytest.raises(TypeError, match="^the value is a builtins.object, which is not plain data"):
        Compare("key", "<", object())


numbers = st.integers() | st.floats(allow_nan=False)


@given(numbers, numbers)
def test_numbers_compare_as_in_python(found: float, wanted: float) -> None:
    operators: dict[typing.Any, typing.Any] = {
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "==": operator.eq,
    }
    for op, compare in operators.items():
        assert held(Compare("key", op, wanted), key=found) is compare(found, wanted)


@given(plain_data, plain_data)
def test_any_two_values_have_an_order_or_an_error(found: typing.Any, wanted: typing.Any) -> None:
    try:
        less, more = [held(Compare("key", op, wanted), key=found) for op in ("<", ">")]
    except (IncomparableError, TypeError):
        return

    assert not (less and more)
    if not (less or more) and "nan" not in repr((found, wanted)):
        assert held(Equals("key", wanted), key=found)

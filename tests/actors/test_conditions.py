import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given

from actors.conditions import Condition, Contains, Equals, Exists, check_condition, contains
from actors.errors import SharedValueError
from actors.frozen import FrozenList
from actors.state import Snapshot, State
from actors.values import freeze
from tests.actors.plain_data import Point, Question, nested, plain_data


def held(condition: Condition, **values: Any) -> bool:
    return condition.holds(State(values).snapshot())


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
    assert Exists("a").holds(shared("a"))


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
def test_equals_compares_as_python_does_but_for_booleans(found: Any, wanted: Any, expected: bool) -> None:
    assert held(Equals("key", wanted), key=found) is expected
    assert held(Equals("key", found), key=wanted) is expected


@given(plain_data)
def test_everything_but_nan_equals_itself(value: Any) -> None:
    again = copy.deepcopy(value)

    if "nan" not in repr(value):
        assert held(Equals("key", value), key=again)


def test_what_is_missing_equals_and_contains_nothing() -> None:
    assert not held(Equals("key", None), other=1)
    assert not held(Contains("key", None), other=1)


@pytest.mark.parametrize("condition", [Equals("key", 1), Contains("key", 1)])
def test_what_is_shared_cannot_be_compared(condition: Condition) -> None:
    with pytest.raises(SharedValueError, match="^'key' is shared by reference"):
        condition.holds(shared("key"))


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
def test_contains_looks_into_text_lists_and_keys(container: Any, item: Any, expected: bool) -> None:
    assert held(Contains("key", item), key=container) is expected
    assert contains(freeze(container, "it"), freeze(item, "it")) is expected


@pytest.mark.parametrize("kind", [Equals, Contains])
def test_the_value_is_copied_and_must_be_plain_data(kind: type[Any]) -> None:
    value = [1]
    condition = kind("key", value)
    value.append(2)

    assert condition.value == [1]
    assert type(condition.value) is FrozenList
    with pytest.raises(TypeError, match=r"^the value\[0\] is a builtins\.set, which is not plain data"):
        kind("key", [{1}])
    with pytest.raises(ValueError, match=r": value nests deeper than 100 levels, or contains itself$"):
        kind("key", nested(101))


@pytest.mark.parametrize("make", [Exists, lambda key: Equals(key, 1), lambda key: Contains(key, 1)])
def test_the_key_is_a_string_that_is_not_empty(make: Any) -> None:
    with pytest.raises(ValueError, match="key"):
        make("")
    with pytest.raises(TypeError, match="key must be a string"):
        make(5)


@pytest.mark.parametrize("condition", [Exists("a"), Equals("a", [1]), Contains("a", "b")])
def test_conditions_are_values(condition: Condition) -> None:
    for twin in (copy.copy(condition), copy.deepcopy(condition), pickle.loads(pickle.dumps(condition))):
        assert twin == condition
    assert type(getattr(copy.deepcopy(Equals("a", [1])), "value", None)) is FrozenList
    assert repr(Exists("a")) == "Exists(key='a')"


def test_a_condition_is_a_stock_one_or_a_callable() -> None:
    def own(state: Any) -> bool:
        return True

    for condition in (own, Exists("a")):
        assert check_condition(condition, "until") is condition
    for wrong in ("done", None, Exists, True):
        with pytest.raises(TypeError, match=r"^until must be a condition such as Exists\('key'\), or a callable of "):
            check_condition(wrong, "until")


def test_the_base_of_the_conditions_never_holds() -> None:
    with pytest.raises(NotImplementedError):
        Condition().holds(Snapshot())

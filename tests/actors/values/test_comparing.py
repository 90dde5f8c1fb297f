"""What comparing rests on: the identity of values."""

import copy
import decimal
import typing
from datetime import UTC, datetime, time
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest
from hypothesis import given

from actors.values.comparing import ORDERING, are_equal, are_ordered, contains, texts_in
from actors.values.freezing import freeze
from actors.values.frozen import identity, same, show
from tests.actors.plain_data import Colour, Level, Mood, Permission, Point, plain_data

MOMENT = datetime(2026, 1, 1, 12)


@given(plain_data, plain_data)
def test_two_values_have_one_identity_exactly_if_they_are_the_same(left: typing.Any, right: typing.Any) -> None:
    frozen = [freeze(value, "it") for value in (left, right, copy.deepcopy(left))]
    assert identity(frozen[0]) == identity(frozen[2])

    assert (identity(frozen[0]) == identity(frozen[1])) is same(frozen[0], frozen[1])


def test_values_that_are_equal_but_not_the_same_have_different_identities() -> None:
    values = [1, 1.0, True, 0.0, -0.0, [1], (1,), {"a": 1}, {"a": 1.0}, Point(1), [Point(1)], "1", b"1"]
    values += [MOMENT, MOMENT.replace(tzinfo=UTC), MOMENT.replace(fold=1), time(1), time(1, tzinfo=UTC)]

    assert len({identity(freeze(value, "it")) for value in values}) == len(values)
    assert are_equal(1, 1.0)


EQUAL: list[tuple[typing.Any, typing.Any]] = [
    (Decimal("1.0"), Decimal("1.00")),
    (Decimal("1.5"), 1.5),
    (1, Decimal("1E0")),
    ({1, 2}, {2, 1.0}),
    ({1}, frozenset({1})),
    ({("a", 1)}, {("a", 1.0)}),
    (Colour.RED, "red"),
    ("red", Colour.RED),
    (Level.LOW, 1.0),
    (Mood.CALM, Mood.TAME),
    ([{Colour.RED}], [{Colour.RED}]),
]
DIFFERENT: list[tuple[typing.Any, typing.Any]] = [
    (Decimal(1), True),
    (Decimal("NaN"), Decimal("NaN")),
    (Decimal("sNaN"), 1),
    (Decimal("0.1"), 0.1),
    (Decimal(1), "1"),
    (Decimal(1), 10**3_000),
    (UUID(int=1), 1),
    ({1}, {True}),
    ({(0, frozenset({1}))}, {(0, frozenset({True}))}),
    ({1}, [1]),
    (Level.LOW, True),
    (Level.LOW, Permission.READ),
    (Mood.CALM, (1, 2)),
    (Mood.WILD, None),
]


@pytest.mark.parametrize(
    ("left", "right", "answer"), [(*pair, True) for pair in EQUAL] + [(*pair, False) for pair in DIFFERENT]
)
def test_equality_is_that_of_python_but_for_truth_values(left: typing.Any, right: typing.Any, answer: bool) -> None:
    frozen = freeze(left, "it"), freeze(right, "it")

    assert are_equal(*frozen) is answer
    assert are_equal(*reversed(frozen)) is answer


def test_a_context_in_which_decimals_raise_makes_no_difference() -> None:
    with decimal.localcontext() as context:
        context.traps[decimal.FloatOperation] = context.traps[decimal.InvalidOperation] = True
        answers = [compare(Decimal("NaN"), 1) for compare in ORDERING.values()]
        assert ORDERING["<"](Decimal("0.5"), 0.75)
        assert are_equal(Decimal("0.5"), 0.5)

    assert answers == [False] * 4
    assert are_ordered(Decimal("NaN"), 1)


def test_a_set_is_looked_into_as_a_list_is() -> None:
    tags = freeze({"Red", Colour.BLUE, 3}, "it")

    assert contains(tags, "red")
    assert contains(tags, "blue")
    assert contains(tags, 3.0)
    assert not contains(tags, True)
    assert contains(Colour.RED, "ED")
    assert sorted(texts_in(tags)) == ["Red", "blue"]


def test_no_code_of_an_enumeration_runs_when_its_members_are_compared_or_shown() -> None:
    def refuse(*_args: typing.Any) -> typing.Any:
        raise AssertionError("its code ran")

    class Hostile(Enum):
        ONE = 1
        TWO = 2

        __eq__ = __ne__ = __hash__ = __repr__ = __str__ = __format__ = refuse  # type: ignore[assignment]

    one, two = freeze([Hostile.ONE], "it"), freeze([Hostile.TWO], "it")

    assert not same(one, two)
    assert not are_equal(one, two)
    assert not contains(one, two)
    assert identity(one) != identity(two)
    assert show(one).endswith("Hostile.ONE]")

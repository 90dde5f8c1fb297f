"""What comparing rests on: the identity of values."""

import copy
import typing
from datetime import UTC, datetime, time

from hypothesis import given

from actors.comparing import are_equal, identity
from actors.frozen import same
from actors.values import freeze
from tests.actors.plain_data import Point, plain_data

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

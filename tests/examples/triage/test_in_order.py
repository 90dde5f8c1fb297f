"""Tests of things being put in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from examples.triage.in_order import InOrder


@given(st.permutations(range(8)))
def test_any_order_becomes_the_right_one(numbers: list[int]) -> None:
    handed: list[int] = []
    lines: InOrder[int] = InOrder(handed.append)

    for number in numbers:
        lines.add(number, number)

    assert handed == list(range(8))


def test_nothing_waits_longer_than_it_must() -> None:
    handed: list[str] = []
    lines: InOrder[str] = InOrder(handed.append)

    lines.add(1, "b")
    lines.add(0, "a")
    lines.add(3, "d")

    assert handed == ["a", "b"]

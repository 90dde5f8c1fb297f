"""Tests of leaving people out."""

from __future__ import annotations

import pytest

from examples.triage.people import without_people


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fix the oven <cook@kitchen.example>", "Fix the oven"),
        ("Fix the oven (cook@kitchen.example).", "Fix the oven."),
        ("[ Ada Example ]", ""),
        ("Fix the oven, thanks to Ada Example. (Closes: #1234)", "Fix the oven. (Closes: #1234)"),
        ("Fix the oven (thanks Ada Example)", "Fix the oven"),
        ("Fix the oven, reported by Ada Example", "Fix the oven"),
        ("Fix the oven (report/testcase by Ada Example, Closes: #1)", "Fix the oven, Closes: #1)"),
        ("Apply the patch from upstream", "Apply the patch from upstream"),
        ("Read .ovenrc, and ./bake", "Read .ovenrc, and ./bake"),
        ("Fix  the\n   oven", "Fix the oven"),
    ],
)
def test_people_are_left_out(text: str, expected: str) -> None:
    told = without_people(text)

    assert told == expected

from __future__ import annotations

from typing import Any

import pytest

from actors.checks.questions import keys_needed, keys_read
from actors.conditions import All, Compare, Contains, Equals, Exists, Matches, Not
from actors.conditions import Any as AnyOf
from actors.workflows.flow import Given, Keyword
from tests.spelling import spelled


def asked(state: object) -> bool:
    return True


@pytest.mark.parametrize(
    ("question", "read", "needed"),
    [
        (Exists("a"), "a", "a"),
        (Equals("a", 1), "a", "a"),
        (Contains("a", 1), "a", "a"),
        (Compare("a", "!=", 1), "a", "a"),
        (Matches("a", "x"), "a", "a"),
        (Not(Exists("a")), "a", ""),
        (All(Exists("a"), Not(Exists("b")), Exists("c")), "abc", "ac"),
        (AnyOf(Exists("a"), Exists("b")), "ab", ""),
        (AnyOf(All(Exists("a"), Exists("b")), Exists("a")), "ab", "a"),
        (Given("a"), "a", ""),
        (Keyword("a", "x"), "a", ""),
        (asked, None, ""),
    ],
    ids=spelled,
)
def test_the_keys_of_a_question(question: Any, read: str | None, needed: str) -> None:
    assert keys_read(question) == (None if read is None else set(read))
    assert keys_needed(question) == set(needed)

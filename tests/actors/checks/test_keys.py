from __future__ import annotations

from typing import Any

import pytest

from actors import State
from actors.checks.keys import Keys, Lack, Start
from tests.spelling import spelled


@pytest.mark.parametrize("given", [["a", "b"], {"a": 1, "b": 2}, State(a=1, b=2), iter("ab")], ids=spelled)
def test_keys_are_named_by_whatever_has_them(given: Any) -> None:
    assert Start.of(given, None) == Start(frozenset({"a", "b"}), None)


@pytest.mark.parametrize(
    ("keys", "start", "lack"),
    [
        (Keys(frozenset("a"), frozenset("a")), Start(frozenset()), Lack.NO),
        (Keys(frozenset(), frozenset("a")), Start(frozenset()), Lack.PERHAPS),
        (Keys(), Start(), Lack.UNDECIDED),
        (Keys(undeclaring=1), Start(frozenset()), Lack.UNDECIDED),
        (Keys(declaring=1), Start(frozenset()), Lack.LIKELY),
        (Keys(), Start(frozenset()), Lack.CERTAIN),
    ],
)
def test_what_ran_before_decides_how_sure_it_is_that_a_key_is_lacking(keys: Keys, start: Start, lack: Lack) -> None:
    assert keys.lack("a", start, or_in_data=False) is lack


@pytest.mark.parametrize(
    ("data", "lack"),
    [(None, Lack.UNDECIDED), (frozenset("a"), Lack.NO), (frozenset("b"), Lack.CERTAIN)],
)
def test_the_data_decides_where_it_is_looked_at(data: frozenset[str] | None, lack: Lack) -> None:
    assert Keys().lack("a", Start(frozenset(), data), or_in_data=True) is lack

from __future__ import annotations

import asyncio
from contextvars import Context
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.testing.strands import Strands, strand


class Callback:
    """What an event loop keeps of a call, as far as it matters here."""

    def __init__(self, number: int, name: str) -> None:
        self._context = Context()
        self._context.run(strand.set, number)
        self.name = name


def filled(numbers: list[int], seed: int) -> Strands:
    strands = Strands(Random(seed))
    for place, number in enumerate(numbers):
        strands.append(Callback(number, f"{number}/{place}"))  # type: ignore[arg-type]  # a stand-in for a handle
    return strands


def emptied(strands: Strands) -> list[str]:
    return [strands.popleft().name for _ in range(len(strands))]  # type: ignore[attr-defined]  # the same


@settings(deadline=None)
@given(st.lists(st.integers(0, 4)), st.integers())
def test_each_strand_keeps_its_order_and_nothing_is_lost(numbers: list[int], seed: int) -> None:
    added = [f"{number}/{place}" for place, number in enumerate(numbers)]

    taken = emptied(filled(numbers, seed))

    assert sorted(taken) == sorted(added)
    for number in set(numbers):
        mine = f"{number}/"
        assert [name for name in taken if name.startswith(mine)] == [name for name in added if name.startswith(mine)]


def test_which_strand_goes_on_is_drawn() -> None:
    orders = {tuple(emptied(filled([1, 2, 3, 1, 2, 3], seed))) for seed in range(50)}

    assert len(orders) > 10


def test_it_is_looked_at_and_cleared_like_a_deque() -> None:
    strands = filled([1, 2, 1], 0)
    assert len(list(strands)) == len(strands) == 3

    strands.clear()

    assert not strands
    with pytest.raises(IndexError):
        strands.popleft()


def test_asyncio_keeps_the_context_of_a_callback_where_it_is_looked_for() -> None:
    context = Context()
    context.run(strand.set, 7)

    async def call() -> int:
        handle = asyncio.get_running_loop().call_soon(lambda: None, context=context)
        return handle._context.get(strand)  # type: ignore[attr-defined,no-any-return]  # as Strands does

    assert asyncio.run(call()) == 7

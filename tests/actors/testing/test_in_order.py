from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.testing.in_order import InOrder

deeds = st.lists(st.tuples(st.sampled_from(["add", "discard"]), st.integers(0, 9)))


@settings(deadline=None)
@given(deeds)
def test_it_is_a_set_in_the_order_of_adding(deeds: list[tuple[str, int]]) -> None:
    items: InOrder[int] = InOrder()
    model: dict[int, None] = {}

    for deed, number in deeds:
        getattr(items, deed)(number)
        if deed == "add":
            model[number] = None
        else:
            model.pop(number, None)

    assert list(items) == list(items.copy()) == list(model)
    assert (len(items), set(items)) == (len(model), set(model))
    assert all(number in items for number in model)


def test_clearing_empties_it_and_its_copies_stay() -> None:
    items: InOrder[int] = InOrder()
    items.add(1)
    copied = items.copy()

    items.clear()

    assert (list(items), len(items), list(copied)) == ([], 0, [1])

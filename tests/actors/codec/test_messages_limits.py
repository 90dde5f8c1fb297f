"""The limits of messages: how long, how deep, how many items, and how much memory they may take."""

from __future__ import annotations

import random
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.codec.messages import (
    BYTES_OF_A_CONTAINER,
    MAX_BYTES,
    MAX_CONTAINERS,
    MAX_DEPTH,
    MAX_ITEMS,
    SMALL_CONTAINERS,
    decode,
    encode,
)
from actors.values.errors import CodecError
from actors.values.event import Event
from actors.values.freezing import freeze
from actors.values.frozen import same
from actors.values.state import State
from actors.values.wire import MAX_ALIKE, FoundTypes
from tests.actors.plain_data import RECORDS, plain_data
from tests.actors.vocabulary import SAMPLES

FEW, MANY = 5_000, 100_000
ITEMS = 3_000
MOST_TIMES, MOST_EACH = 40, 500
"""How much memory decoding may take: so many times the bytes, and so many bytes for each list or dict."""


def test_the_limits_are_these() -> None:
    assert (MAX_BYTES, MAX_DEPTH, MAX_ITEMS, MAX_CONTAINERS) == (67_108_864, 512, 16_777_216, 1_048_576)


@pytest.mark.parametrize(
    "call", [lambda most: encode("abc", max_bytes=most), lambda most: decode(encode("abc"), max_bytes=most)]
)
def test_a_message_that_is_too_long_is_refused(call: Callable[[int], Any]) -> None:
    size = len(encode("abc"))

    assert call(size)
    with pytest.raises(CodecError, match=f"^the message takes {size} bytes, and {size - 1} are the limit$"):
        call(size - 1)


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 60))
def test_a_message_that_nests_too_deeply_is_refused(levels: int, most: int) -> None:
    data = encode(nested(levels))

    if levels < most:  # the message is a list too
        assert decode(data, max_depth=most) == nested(levels)
    else:
        with pytest.raises(CodecError, match=f"^the message nests deeper than {most} levels$"):
            decode(data, max_depth=most)


@pytest.mark.parametrize("value", [[1, 2, 3, 4], {"a": 1, "b": 2, "c": 3, "d": 4}])
def test_a_container_of_too_many_items_is_refused(value: Any) -> None:
    with pytest.raises(CodecError, match=r"^the bytes are no message: 4 exceeds max_(array|map)_len\(3\)$"):
        decode(encode(value), max_items=3)


@pytest.mark.parametrize(("value", "items"), [([[1, 2], {"a": 3}, 4], 6), ([0, [1, [2, 3]]], 6), ([(1, 2)], 4)])
def test_items_are_counted_over_the_whole_message(value: Any, items: int) -> None:
    data = encode(value)
    most = items + len(("version", "kind", "body"))

    assert decode(data, max_items=most) == value
    with pytest.raises(CodecError, match=f"^the message holds more items than {most - 1}, which are the limit$"):
        decode(data, max_items=most - 1)


@pytest.mark.slow
def test_the_usual_number_of_lists_and_dicts_grows_with_the_bytes() -> None:
    small = encode([[]] * (SMALL_CONTAINERS - 2))
    large = [[] if number % 4 else "x" * 4 * BYTES_OF_A_CONTAINER for number in range(2 * SMALL_CONTAINERS)]

    assert len(decode(small)) == SMALL_CONTAINERS - 2
    assert decode(encode(large)) == large
    many = encode([[]] * 2 * SMALL_CONTAINERS)
    with pytest.raises(CodecError, match=r"^the message holds more lists and dicts than 8192\d, which"):
        decode(many)
    assert len(decode(many, max_containers=MAX_CONTAINERS)) == 2 * SMALL_CONTAINERS


@pytest.mark.parametrize("value", [[[], {}], {"a": {"b": []}}, [(1, 2), 3]])
def test_too_many_lists_and_dicts_are_refused(value: Any) -> None:
    data = encode(value)

    assert decode(data, max_containers=4) == value  # the message is one of them
    with pytest.raises(CodecError, match="^the message holds more lists and dicts than 2, which are the limit$"):
        decode(data, max_containers=2)


def with_long_keys(count: int) -> bytes:
    """Return a message of a dict whose keys are integers beyond 64 bits that all have the same hash."""
    return encode({(1 << 70) + number * sys.hash_info.modulus: None for number in range(count)})


def test_a_dict_of_many_keys_of_one_hash_is_refused_before_it_is_made() -> None:
    assert len(decode(with_long_keys(MAX_ALIKE))) == MAX_ALIKE

    with pytest.raises(CodecError, match="^more than 32 keys or items in the message have one hash$"):
        decode(with_long_keys(MAX_ALIKE + 1))


def test_any_number_of_long_integers_that_were_not_chosen_may_be_keys() -> None:
    value = {(1 << 70) + number**3: None for number in range(10_000)}

    assert decode(encode(value)) == value


@pytest.mark.parametrize("limit", ["max_bytes", "max_depth", "max_items", "max_containers"])
@pytest.mark.parametrize(("wrong", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)])
def test_a_limit_is_a_number_of_something(limit: str, wrong: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=limit):
        decode(encode(1), **{limit: wrong})
    with pytest.raises(error, match="max_bytes"):
        encode(1, max_bytes=wrong)


# Memory


def counted(head: bytes, item: bytes) -> bytes:
    return b"\x93\x01" + head + b"\xdd" + ITEMS.to_bytes(4, "big") + item * ITEMS


BOMBS = {
    "nothing": counted(b"\xa4data", b"\xc0"),
    "empty lists": counted(b"\xa4data", b"\x90"),
    "empty dicts": counted(b"\xa4data", b"\x80"),
    "lists of one": counted(b"\xa4data", b"\x91\x90"),
    "dicts of one": counted(b"\xa4data", b"\x81\x00\x90"),
    "dicts of dicts": counted(b"\xa4data", b"\x81\x00\x80"),
    "tuples": counted(b"\xa4data", b"\x91\xc7\x00\x01"),
    "dates": counted(b"\xa4data", b"\x94\xc7\x00\x03\xcd\x07\xd0\x01\x01"),
    "long integers": counted(b"\xa4data", b"\xc7\x08\x00" + b"\x7f" * 8),
    "records": counted(b"\xa5trace", b"\x90"),
    "state": counted(b"\xa5state\x92\x81\xa1a", b"\x80") + b"\x80",
    "announced lists": b"\x93\x01\xa4data" + b"\xdd\x00\x00\x80\x00" * 400 + b"\x00" * 40_000,
    "announced dicts": b"\x93\x01\xa4data" + b"\xdf\x00\x00\x80\x00" * 400 + b"\x00" * 40_000,
    "a long text": encode("x" * 100_000),
}


def peak_bytes(data: bytes, *, max_containers: int = MAX_CONTAINERS) -> int:
    """Return how much memory the decoding of a message takes."""
    tracemalloc.start()
    try:
        try:
            decode(data, max_containers=max_containers)
        except CodecError:
            """It was refused; what it took counts all the same."""
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("most", [100, 100 * ITEMS])
@pytest.mark.parametrize("name", BOMBS)
def test_memory_follows_the_bytes_and_the_number_of_containers(name: str, most: int) -> None:
    decode(encode(1))

    peak = peak_bytes(BOMBS[name], max_containers=most)

    assert peak < MOST_TIMES * len(BOMBS[name]) + MOST_EACH * min(most, 2 * ITEMS)


def test_ordinary_data_takes_little_memory() -> None:
    rows = [{"id": number, "name": f"name {number}", "score": number / 3} for number in range(5_000)]

    for value in (State(rows=rows), Event(data={"rows": rows})):
        data = encode(value)
        assert peak_bytes(data) < 20 * len(data)


# What comes back


@settings(deadline=None)
@given(plain_data)
def test_within_its_limits_a_value_comes_back_with_its_types(value: Any) -> None:
    data = encode(value, max_bytes=MAX_BYTES)

    again = decode(data, types=RECORDS, max_bytes=len(data), max_depth=MAX_DEPTH, max_items=len(data))

    assert same(freeze(again, "value"), freeze(value, "value"))


def flipped(chance: random.Random) -> bytes:
    """Return a message with one bit flipped."""
    data = bytearray(chance.choice(SAMPLES))
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def truncated(chance: random.Random) -> bytes:
    """Return the beginning of a message."""
    data = chance.choice(SAMPLES)
    return data[: chance.randrange(len(data))]


def noise(chance: random.Random) -> bytes:
    """Return random bytes."""
    return chance.randbytes(chance.randrange(100))


def judge(make: Callable[[random.Random], bytes], seed: int, count: int) -> None:
    """Have messages decoded: each is refused by the one error, or is a value that comes back with its types."""
    chance = random.Random(seed)
    for _ in range(count):
        data = make(chance)
        try:
            value = decode(data, types=RECORDS)
        except CodecError:
            continue
        written = encode(value)
        again = decode(written, types=RECORDS)
        assert type(again) is type(value), data
        assert encode(again) == written, data


@pytest.mark.parametrize("make", [flipped, truncated, noise])
def test_whatever_comes_is_refused_or_a_value_that_comes_back(make: Callable[[random.Random], bytes]) -> None:
    judge(make, 1, FEW)


@pytest.mark.soak
@pytest.mark.parametrize("make", [flipped, truncated, noise])
def test_however_much_comes_it_is_refused_or_comes_back(make: Callable[[random.Random], bytes]) -> None:
    judge(make, 2, MANY)


# Classes that are found by their names


def test_classes_may_be_found_by_their_names() -> None:
    [kind, *_] = [each for each in RECORDS if each.__name__ == "Point"] or RECORDS
    name = f"{kind.__module__}:{kind.__qualname__}"
    asked: list[str] = []

    def find(wanted: str) -> object:
        asked.append(wanted)
        return {name: kind, "is:int": int}[wanted]

    types = FoundTypes(find)

    assert types[name] is types[name] is kind
    assert asked == [name]
    assert (list(types), len(types)) == ([name], 1)
    assert name in types
    assert "is:int" not in types
    assert "nowhere:nothing" not in types


def test_classes_are_found_when_they_are_needed_and_not_before() -> None:
    asked: list[str] = []

    decode(encode(1), types=FoundTypes(asked.append))

    assert asked == []


def test_what_is_not_found_is_refused_as_unknown() -> None:
    types: dict[str, object] = {}
    sample = b"\x93\x01\xa4data\x94\xc7\x00\x08\xa3a:b\x80\x80"

    with pytest.raises(CodecError, match="holds an object of 'a:b'"):
        decode(sample, types=FoundTypes(types.__getitem__))

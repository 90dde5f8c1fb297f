"""What decoding costs whatever the bytes: in proportion to their length, and not much more than ordinary data.

On a quiet machine: `pytest -m bench -s`. Times are compared within one process, so its speed does not matter.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest

from actors.codec.messages import BYTES_OF_A_CONTAINER, MAX_CONTAINERS, SMALL_CONTAINERS, decode, encode
from actors.values.errors import CodecError

MIB = 1024 * 1024
SMALL, LARGE = 8 * MIB, 64 * MIB - 1_000
MOST_GROWTH, MOST_TIMES = 10, 4
TRIES = 3

HEAD = b"\x93\x01\xa4data"
ROW = encode({"id": 123_456, "name": "a name", "score": 0.5, "tags": ["red", "blue"], "note": "some text of a user's"})
ORDINARY = ROW[len(HEAD) :]


def tag(code: int) -> bytes:
    return b"\xc7\x00" + bytes([code])


def repeated(item: bytes) -> Callable[[int], bytes]:
    """Return what makes a message of an item over and over, and nothing else."""
    return lambda size: listed([item] * (size // len(item)))


def dense(item: bytes) -> Callable[[int], bytes]:
    """Return what makes a message of as many of an item as may lie in it, and of ordinary data."""

    def make(size: int) -> bytes:
        most = min(MAX_CONTAINERS, SMALL_CONTAINERS + size // BYTES_OF_A_CONTAINER)
        rows = max(0, size - most * len(item)) // len(ORDINARY)
        count = (most - rows * 2) // max(1, item.count(tag(7)) + item.count(tag(6)) + 1) - 10
        return listed([item] * min(count, size // len(item)) + [ORDINARY] * rows)

    return make


def listed(items: list[bytes]) -> bytes:
    return HEAD + b"\xdd" + len(items).to_bytes(4, "big") + b"".join(items)


def text(content: bytes) -> bytes:
    return b"\xdb" + len(content).to_bytes(4, "big") + content


def zoned(name: bytes) -> bytes:
    return HEAD + b"\x9a" + tag(2) + NUMBERS + b"\0\x92" + tag(7) + name


def with_keys(key: Callable[[int], Any]) -> Callable[[int], bytes]:
    """Return what makes a message of dicts of a thousand keys each."""

    def make(size: int) -> bytes:
        one = encode({key(number): None for number in range(1, 1_001)})[len(HEAD) :]
        return listed([one] * (size // len(one)))

    return make


NUMBERS = bytes(range(1, 8))
KINDS: dict[str, Callable[[int], bytes]] = {
    "nothing": repeated(b"\xc0"),
    "floats": repeated(b"\xcb\x40" + bytes(7)),
    "short texts": repeated(b"\xa1a"),
    "empty lists": repeated(b"\x90"),
    "one long text": lambda size: HEAD + text(b"a" * size),
    "one long integer": lambda size: HEAD + b"\xc9" + size.to_bytes(4, "big") + b"\x00" + b"\x7f" * size,
    "one long decimal": lambda size: HEAD + b"\x92" + tag(10) + text(b"1" * size),
    "one long zone": lambda size: zoned(text(b"a" * size)),
    "texts as keys": with_keys(str),
    "integers as keys whose low bits are alike": with_keys(lambda number: number << 42),
    "long integers of one hash as keys": with_keys(lambda number: number * sys.hash_info.modulus << 20),
    "as many empty dicts as may be": dense(b"\x80"),
    "as many pairs as may be": dense(b"\x92\x01\x02"),
    "as many tuples as may be": dense(b"\x91" + tag(1)),
    "as many sets as may be": dense(b"\x92" + tag(11) + b"\x01"),
    "as many decimals as may be": dense(b"\x92" + tag(10) + b"\xa11"),
    "as many durations as may be": dense(b"\x94" + tag(5) + bytes(3)),
    "as many moments with zones as may be": dense(b"\x9a" + tag(2) + NUMBERS + b"\0\x92" + tag(7) + b"\xa3UTC"),
}


def cost(data: bytes) -> float:
    """Return the processor's time that a message takes for each byte; how long it is, it is decoded or refused."""
    seconds = []
    for _ in range(TRIES):
        gc.collect()
        start = time.process_time()
        try:
            decode(data)
        except CodecError:
            """It was refused; the time that this took counts all the same."""
        seconds.append(time.process_time() - start)
    return median(seconds)


@pytest.mark.bench
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_bytes_cost_no_more_than_a_few_times_ordinary_ones_and_grow_with_their_length(kind: str) -> None:
    ordinary = cost(repeated(ORDINARY)(SMALL))

    small, large = cost(KINDS[kind](SMALL)), cost(KINDS[kind](LARGE))

    print(f"{kind}: {small / ordinary:.2f} times ordinary data, {large / max(small, 1e-4):.1f} times at 64 MiB")  # noqa: T201  # for whoever measures
    assert small < MOST_TIMES * ordinary
    assert large < MOST_GROWTH * max(small, ordinary)


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_bytes_are_decoded_or_refused(kind: str) -> None:
    try:
        value = decode(KINDS[kind](100_000))
    except CodecError:
        return
    assert decode(encode(value)) == value

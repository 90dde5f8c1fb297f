import random
import tracemalloc
from collections.abc import Callable
from datetime import date
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.codec import FORMAT_VERSION, decode, encode
from actors.values.errors import (
    CodecError,
)
from actors.values.frozen import FrozenList
from actors.values.state import Snapshot, State
from tests.actors.plain_data import RECORDS, plain_data
from tests.actors.vocabulary import (
    SAMPLES,
)

FEW, MANY = 2_000, 100_000


@given(plain_data)
def test_equal_values_give_equal_bytes(value: Any) -> None:
    first = encode(value)

    assert encode(decode(first, types=RECORDS)) == first


def test_the_bytes_are_these_in_version_one() -> None:
    state = State({"a": (1, 2**64), "at": date(2026, 1, 2)})

    assert FORMAT_VERSION == 1
    assert encode(state).hex(" ", 1) == (
        "93 01 a5 73 74 61 74 65 92 82 a1 61 93 c7 00 01 01 c7 09 00 01 00 00 00 00 00 00 00 00 "
        "a2 61 74 94 c7 00 03 cd 07 ea 01 02 80"
    )


def test_what_nests_deeper_than_msgpack_goes_is_refused() -> None:
    deep = FrozenList()
    for _ in range(3000):
        deep = FrozenList([deep])

    with pytest.raises(CodecError, match="^what is to be encoded is too long or nests too deeply: "):
        encode(State._over(Snapshot({"a": deep})))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", r"^the bytes are no message: "),
        (b"\xc1", r"^the bytes are no message: FormatError$"),
        (b"\x93\x01", r"^the bytes are no message: No more data"),
        (encode(1)[:-1], r"^the bytes are no message: No more data"),
        (encode(1) + b"\x00\x00", r"^the bytes are no message: 2 bytes follow its end$"),
        (b"\x91" * 2000 + b"\x90", r"^the bytes are no message: StackError$"),
        (b"\x01", r"it begins with a format version, not with 1$"),
        (b"\x90", r"it begins with a format version, not with \[\]$"),
        (b"\x93\xc3\xa4data\x01", r"it begins with a format version, not with \[True"),
        (b"\x93\x02\xa4data\x01", r"^the message has the format version 2; this codec reads 1$"),
        (b"\x92\x01\xa4data", r"^a message has a version, a kind and a body, not 2 parts$"),
        (b"\x93\x01\xa4date\x01", r"^the message is of the unknown kind 'date'; known are: data, event, "),
        (b"\x93\x01\x90\x01", r"unknown kind \[\]"),
        (b"\x93\x01\xa4data\xa1\xff", r"can't decode byte 0xff"),
        (b"\x93\x01\xa4data\x81\x90\x01", r"a key in the message must be a str, an int or bytes, not \[\]$"),
        (b"\x93\x01\xa4data\xd5\xff\x00\x00", r"invalid timestamp data"),
    ],
)
def test_what_is_no_message_is_refused(data: bytes, text: str) -> None:
    with pytest.raises(CodecError, match=text):
        decode(data)


@pytest.mark.parametrize("data", ["text", None, 5, [1]])
def test_only_bytes_can_be_decoded(data: Any) -> None:
    with pytest.raises(TypeError, match="^what is to be decoded must be bytes, not "):
        decode(data)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_any_kind_of_bytes_will_do(kind: Callable[[bytes], Any]) -> None:
    assert decode(kind(encode({"a": 1}))) == {"a": 1}


def test_announcing_much_takes_no_memory() -> None:
    claims = b"\x93\x01\xa4data" + b"\xdd\x00\x0f\xff\xff" * 900 + b"\x00" * 1_000_000
    bombs = [claims, b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\xdb\x7f\xff\xff\xff"]
    tracemalloc.start()
    try:
        for bomb in bombs:
            with pytest.raises(CodecError):
                decode(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 20_000_000


def is_decoded_or_refused(data: bytes) -> bool:
    try:
        value = decode(data, types=RECORDS)
    except CodecError as error:
        assert str(error)
        return False
    repr(value), str(value)
    encode(value)
    return True


def garbage(chance: random.Random) -> bytes:
    """Return random bytes: some of them begin as a message does."""
    body = chance.randbytes(chance.randrange(60))
    begin = chance.choice([b"", b"\x93\x01", *[data[:8] for data in SAMPLES]])
    return begin + body


def damaged(chance: random.Random) -> bytes:
    """Return a message in which bits were flipped, bytes replaced, left out or cut off, or two were mixed."""
    data = bytearray(chance.choice(SAMPLES))
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        position = chance.randrange(len(data)) if data else 0
        match chance.randrange(6):
            case 0 if data:
                data[position] ^= 1 << chance.randrange(8)
            case 1 if data:
                data[position] = chance.choice(b"\x00\x80\x90\xa0\xc0\xc1\xc7\xc9\xca\xcf\xd4\xd9\xdd\xdf\xff")
            case 2:
                del data[position : position + chance.randrange(1, 4)]
            case 3:
                del data[position:]
            case 4:
                data[position:position] = chance.randbytes(chance.randrange(1, 4))
            case _:
                other = chance.choice(SAMPLES)
                data[position : position + 4] = other[position : position + 4]
    return bytes(data)


def mangled(chance: random.Random) -> bytes:
    """Return a message in which some parts stand in the place of others."""
    body = unpacked(chance.choice(SAMPLES))
    for _ in range(chance.choice([1, 1, 2, 4])):
        holder, place = chance.choice(places(body))
        other, there = chance.choice(places(unpacked(chance.choice(SAMPLES))))
        holder[place] = chance.choice([other[there], {there: other[there]}, [other[there]], 1.5, 2**63, -1, b"", True])
    packed: bytes = msgpack.packb(body, unicode_errors="surrogatepass")
    return packed


def unpacked(data: bytes) -> Any:
    return msgpack.unpackb(data, strict_map_key=False, unicode_errors="surrogatepass")


def places(body: Any) -> list[tuple[Any, Any]]:
    """Return every place in a message: a list or dict, and an index or key."""
    found = []
    pending = [body]
    while pending:
        holder = pending.pop()
        for place in range(len(holder)) if isinstance(holder, list) else list(holder):
            found.append((holder, place))
            if isinstance(holder[place], list | dict):
                pending.append(holder[place])
    return found


@pytest.mark.parametrize("make", [garbage, damaged, mangled])
def test_whatever_is_decoded_gives_a_value_or_one_typed_error(make: Callable[[random.Random], bytes]) -> None:
    chance = random.Random(20)

    for _ in range(FEW):
        is_decoded_or_refused(make(chance))


def test_a_message_that_is_cut_off_anywhere_is_refused() -> None:
    for data in SAMPLES:
        for size in range(len(data)):
            assert not is_decoded_or_refused(data[:size])


@pytest.mark.soak
@pytest.mark.parametrize("make", [garbage, damaged, mangled])
@pytest.mark.parametrize("seed", range(4))
def test_much_garbage_gives_values_or_one_typed_error(make: Callable[[random.Random], bytes], seed: int) -> None:
    chance = random.Random(seed)

    for _ in range(MANY):
        is_decoded_or_refused(make(chance))


@given(st.binary(max_size=64))
def test_any_bytes_give_a_value_or_one_typed_error(data: bytes) -> None:
    is_decoded_or_refused(data)
    is_decoded_or_refused(b"\x93\x01\xa4data" + data)


def test_the_samples_are_of_every_kind() -> None:
    kinds = {unpacked(data)[1] for data in SAMPLES}

    assert kinds == {
        *"data event state result outcome failure reason trace report error".split(),
        *"workflow condition merger".split(),
    }
    assert all(map(is_decoded_or_refused, SAMPLES))

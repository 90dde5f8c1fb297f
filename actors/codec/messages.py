"""The codec: events, states, results, outcomes, traces, errors and workflows as msgpack bytes, and back.

A message is a list of the format's version, the kind of what it holds, and that itself. Equal values that were built
in the same order give the same bytes. Three things do not survive: `Failure.exception`, an error's cause and notes,
and the identity of what occurs twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgpack

from actors.codec.shapes import SHAPES, kind_of
from actors.values.arguments import check_count
from actors.values.errors import CodecError
from actors.values.scalars import Tag
from actors.values.wire import MAX_ALIKE, Types, check_hashes, checked_key, expand, known_types
from supervisors.excerpt import excerpt

FORMAT_VERSION = 1
"""The first element of every message; a change that old readers cannot understand raises it."""

MAX_BYTES = 64 * 1024 * 1024
"""How long a message may be, unless it is said otherwise."""

MAX_DEPTH = 512
"""How deeply the lists and dicts of a message may nest, unless it is said otherwise. No message is deeper."""

MAX_ITEMS = 1 << 24
"""How many items the lists and dicts of a message may have, all together, unless it is said otherwise."""

MAX_CONTAINERS = 1 << 20
"""How many lists and dicts a message may have in all, unless it is said otherwise. They are what takes the memory."""

SMALL_CONTAINERS, BYTES_OF_A_CONTAINER = 1 << 16, 8
"""So many any message may have, and one more for so many bytes: an empty one takes a byte and a microsecond."""

# Of shorter integers no more than a few can have one hash.
_BITS_OF_A_HASH = 64

_INTEGER = 0
"""The code of the extension type of integers beyond 64 bits; those of the tags follow."""

_TAGS = {tag.value: tag for tag in Tag}
# Strings may hold lone surrogates, as the names of files do.
_UNICODE_ERRORS = "surrogatepass"
_BITS_IN_A_BYTE = 8


def encode(value: object, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the bytes of an event, a state, a result, an outcome, a trace, an error of ours, or plain data.

    Patterns, branches, conditions and mergers can be encoded too, unless they hold callables.

    Args:
        value: What to encode.
        max_bytes: How many bytes it may take. They are counted when they have been made.

    Raises:
        CodecError: If something in it is not plain data, is shared by reference, or is a callable; or if it is too long
            or nests too deeply.
        TypeError: If a limit is no whole number.
        ValueError: If a limit is less than 1.
    """
    check_count(max_bytes, "encode(): max_bytes")
    kind = kind_of(value)
    message = [FORMAT_VERSION, kind, SHAPES[kind].write(value)]
    try:
        packed: bytes = msgpack.packb(message, default=_extend, strict_types=True, unicode_errors=_UNICODE_ERRORS)
    except CodecError:
        raise
    except (ValueError, OverflowError) as error:
        raise CodecError(f"what is to be encoded is too long or nests too deeply: {error}") from error
    _check_size(len(packed), max_bytes)
    return packed


def decode(
    data: bytes,
    *,
    types: Iterable[type] | Types = (),
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    max_items: int = MAX_ITEMS,
    max_containers: int | None = None,
) -> Any:
    """Return what `encode` was given, as a copy. Runs no code of a user's: validators and `__init__` do not run again.

    Args:
        data: The bytes. They may come from a stranger: memory stays within 40 times their length and 500 bytes for
            each list or dict; ordinary data needs about 15 times their length.
        types: The dataclasses, enumerations and pydantic models that may be in them. No class is ever imported. A
            mapping finds them by their names, `module:qualified.name`.
        max_bytes: How many bytes there may be; no more are looked at.
        max_depth: How deeply lists and dicts may nest in the bytes. The message itself is a list, and most values lie
            one to three levels below it. Plain data may have 200 levels of its own in any case, not more.
        max_items: How many items all lists and dicts may have together; a key and its value are one.
        max_containers: How many lists and dicts there may be in the bytes, all together. Tuples, dates, dataclasses and
            models are one to four each. Without it, 65,536 and one more for each 8 bytes, up to 1,048,576; pass it to
            read a long message of many that hold nearly nothing.

    Raises:
        CodecError: If they are not what this version of `encode` writes, hold a class that is not among `types`, or are
            beyond a limit. No other error comes of the bytes, whatever they are.
        TypeError: If `data` are no bytes, a limit is no whole number, `types` are no iterable, or something in them is
            no dataclass, enumeration or model.
        ValueError: If a limit is less than 1.
    """
    limits = {"bytes": max_bytes, "depth": max_depth, "items": max_items, "containers": max_containers}
    for name, limit in limits.items():
        if limit is not None:
            check_count(limit, f"decode(): max_{name}")
    known = known_types(types)
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"what is to be decoded must be bytes, not {excerpt(data)}")
    content = bytes(data)
    _check_size(len(content), max_bytes)
    message = _unpacked(content, max_items, max_containers or _usual_containers(len(content)))
    if max_depth < MAX_DEPTH:
        _check_depth(message, max_depth)
    kind, body = _opened(message)
    return SHAPES[kind].read(body, known)


def _usual_containers(size_bytes: int) -> int:
    return min(MAX_CONTAINERS, SMALL_CONTAINERS + size_bytes // BYTES_OF_A_CONTAINER)


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise CodecError(f"the message takes {size} bytes, and {most} are the limit")


def _check_depth(message: Any, most: int) -> None:
    """Refuse a message whose lists and dicts nest too deeply; level by level, so that it cannot be too deep for us."""
    level = [message]
    for _ in range(most + 1):
        level = [item for holder in level if type(holder) in (list, dict) for item in _items_of(holder)]
        if not level:
            return
    raise CodecError(f"the message nests deeper than {most} levels")


def _items_of(holder: Any) -> Iterable[Any]:
    return holder.values() if type(holder) is dict else holder


def _unpacked(data: bytes, max_items: int, max_containers: int) -> Any:
    counted = _Counter(max_containers, max_items)
    try:
        _measure(data)
        return msgpack.unpackb(
            data,
            ext_hook=_contract,
            list_hook=counted.list_made,
            object_pairs_hook=counted.dict_made,
            strict_map_key=False,
            unicode_errors=_UNICODE_ERRORS,
            max_str_len=len(data),
            max_bin_len=len(data),
            max_ext_len=len(data),
            max_array_len=min(len(data), max_items),
            max_map_len=min(len(data), max_items),
        )
    except CodecError:
        raise
    except (msgpack.UnpackException, ValueError, TypeError) as error:
        raise CodecError(f"the bytes are no message: {str(error) or type(error).__name__}") from error


class _Counter:
    """Counts what a message holds while it is being made, and refuses what would cost too much."""

    __slots__ = ("_containers_left", "_items_left", "_most_containers", "_most_items")

    def __init__(self, most_containers: int, most_items: int) -> None:
        self._containers_left = self._most_containers = most_containers
        self._items_left = self._most_items = most_items

    def list_made(self, items: list[Any]) -> list[Any]:
        """Take one more list."""
        self._count(len(items))
        return items

    def dict_made(self, pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
        """Make one more dict. Of the keys that are allowed, only integers can be chosen to have one hash."""
        self._count(len(pairs))
        for key, _ in pairs:  # before a dict is made: keys of other types can be chosen to have one hash, too
            checked_key(key)
        if len(pairs) > MAX_ALIKE:
            check_hashes([key for key, _ in pairs if type(key) is int and key.bit_length() > _BITS_OF_A_HASH])
        made = dict(pairs)
        if len(made) != len(pairs):  # readers differ in which of the two values they take
            raise CodecError("a dict in the message holds a key twice")
        return made

    def _count(self, items: int) -> None:
        self._containers_left -= 1
        self._items_left -= items
        if self._containers_left < 0:
            raise CodecError(
                f"the message holds more lists and dicts than {self._most_containers}, which are the limit"
            )
        if self._items_left < 0:
            raise CodecError(f"the message holds more items than {self._most_items}, which are the limit")


def _measure(data: bytes) -> None:
    """Walk through the bytes without making anything of them: a list of a billion items has to have them."""
    unpacker = msgpack.Unpacker(None, max_buffer_size=len(data))
    unpacker.feed(data)
    unpacker.skip()
    if unpacker.tell() != len(data):
        raise CodecError(f"the bytes are no message: {len(data) - unpacker.tell()} bytes follow its end")


def _opened(message: Any) -> tuple[str, Any]:
    """Return the kind and the body of a message."""
    if type(message) is not list or not message or type(message[0]) is not int:
        raise CodecError(f"the bytes are no message: it begins with a format version, not with {excerpt(message)}")
    if message[0] != FORMAT_VERSION:
        raise CodecError(f"the message has the format version {excerpt(message[0])}; this codec reads {FORMAT_VERSION}")
    if len(message) != len(("version", "kind", "body")):
        raise CodecError(f"a message has a version, a kind and a body, not {len(message)} parts")
    _, kind, body = message
    if type(kind) is not str or kind not in SHAPES:
        raise CodecError(f"the message is of the unknown kind {excerpt(kind)}; known are: {', '.join(SHAPES)}")
    return kind, body


def _extend(value: Any) -> Any:
    """Return what msgpack can write instead of a value that it does not know."""
    if type(value) is Tag:
        return msgpack.ExtType(value, b"")
    if type(value) is int:
        size_bytes = value.bit_length() // _BITS_IN_A_BYTE + 1
        return msgpack.ExtType(_INTEGER, value.to_bytes(size_bytes, "big", signed=True))
    return expand(value)


def _contract(code: int, content: bytes) -> Any:
    """Return what an extension type stands for."""
    if code == _INTEGER:
        return int.from_bytes(content, "big", signed=True)
    if content or code not in _TAGS:
        raise CodecError(f"the bytes are no message: they hold an unknown extension type {code}")
    return _TAGS[code]

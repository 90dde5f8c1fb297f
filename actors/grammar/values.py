"""Values as files hold them: what TOML, YAML and JSON have in common, and tables that stand for everything else.

A table with the single key `$` and a name stands for what has no form of its own in all three: `{"$none": []}`,
`{"$tuple": [1, 2]}`, `{"$date": [2026, 1, 2]}`, `{"$set": [1, 2]}`. The names, and what follows them, are the codec's
tags. TOML's own dates and times and YAML's null are understood when they are read.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import date, time, tzinfo
from typing import Any

from actors.values.errors import CodecError
from actors.values.freezing import MAX_DEPTH
from actors.values.frozen import FrozenDict, FrozenList, FrozenRecord
from actors.values.members import is_member
from actors.values.scalars import Tag
from actors.values.wire import contract, expand
from supervisors.excerpt import excerpt

_NONE, _BYTES, _DICT = "$none", "$bytes", "$dict"
_TAGS = {f"${tag.name.lower()}": tag for tag in Tag if tag not in (Tag.RECORD, Tag.MEMBER)}
_NATIVE: frozenset[type] = frozenset({bool, float})
# Python converts no more digits than these to and from text unless told otherwise.
_MOST_DIGITS = 4300
_MOST_BITS = _MOST_DIGITS * 3
_PAIR = 2


def write_value(value: Any) -> Any:
    """Return a frozen value as files hold it.

    Raises:
        ValueError: If files cannot hold it; the text is to be read after the name of the field.
    """
    kind = type(value)
    if kind in _NATIVE:
        return value
    if kind in _WRITERS:
        return _WRITERS[kind](value)
    if kind is FrozenRecord or is_member(value):
        held = value.frozen_class if kind is FrozenRecord else kind
        raise ValueError(f"must be made of plain values to be written; it holds a {held.__name__}")
    return _written_tag(expand(value))


def read_value(data: Any) -> Any:
    """Return the frozen value that was written.

    Raises:
        ValueError: If it is nothing that `write_value` gives; the text is to be read after the name of the field.
    """
    try:
        return contract(_raw(data), {})
    except CodecError as error:
        raise ValueError(f"must be a usable value: {error}") from None


def check_text(text: str) -> str:
    """Return a text that files can hold.

    Raises:
        ValueError: If it holds half a surrogate pair; the text is to be read after the name of the field.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"must be text that can be written as UTF-8, not {excerpt(text)}") from None
    return text


def _write_whole(value: int) -> int:
    if value.bit_length() > _MOST_BITS:
        raise ValueError(f"must be a number of at most some {_MOST_DIGITS} digits to be written")
    return value


def _write_dict(value: FrozenDict) -> Any:
    if all(type(key) is str and not key.startswith("$") for key in value):
        return {check_text(key): write_value(item) for key, item in value.items()}
    return {_DICT: [[write_value(key), write_value(item)] for key, item in value.items()]}


def _written_tag(parts: list[Any]) -> dict[str, Any]:
    tag, *rest = parts
    return {f"${tag.name.lower()}": [write_value(each) for each in rest]}


_WRITERS: Mapping[type, Callable[[Any], Any]] = {
    type(None): lambda _none: {_NONE: []},
    int: _write_whole,
    str: check_text,
    bytes: lambda value: {_BYTES: base64.b64encode(value).decode()},
    FrozenList: lambda value: [write_value(item) for item in value],
    FrozenDict: _write_dict,
}


def _raw(data: Any, depth: int = 0) -> Any:
    """Return what was written as `actors.values.wire.contract` takes it."""
    if depth > MAX_DEPTH:
        raise ValueError(f"must not nest deeper than {MAX_DEPTH} levels")
    if type(data) is list:
        return [_raw(item, depth + 1) for item in data]
    if type(data) is dict:
        return _raw_table(data, depth)
    if isinstance(data, date | time):  # TOML has these
        return _expanded(data)
    return data


def _expanded(moment: Any) -> list[Any]:
    return [_expanded(part) if isinstance(part, tzinfo) else part for part in expand(moment)]


def _raw_table(data: dict[Any, Any], depth: int) -> Any:
    (name, content), *others = data.items() or [(None, None)]
    if others or type(name) is not str or not name.startswith("$"):
        return {key: _raw(item, depth + 1) for key, item in data.items()}
    if name == _NONE and content == []:
        return None
    if name == _BYTES and type(content) is str:
        return _decoded(content)
    if name == _DICT and type(content) is list:
        return dict([_raw_pair(pair, depth) for pair in content])
    if name in _TAGS and type(content) is list:
        return [_TAGS[name], *_raw(content, depth)]
    known = ", ".join([_NONE, _BYTES, _DICT, *_TAGS])
    raise ValueError(f"holds {excerpt(data)}, which is none of the tables that stand for values: {known}")


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error as error:
        raise ValueError(f"must hold base64 in {_BYTES}: {error}") from None


def _raw_pair(pair: Any, depth: int) -> tuple[Any, Any]:
    if type(pair) is not list or len(pair) != _PAIR:
        raise ValueError(f"must hold pairs of a key and a value in {_DICT}, not {excerpt(pair)}")
    key = _raw(pair[0])
    if type(key) not in (str, int, bytes):
        raise ValueError(f"must hold strings, whole numbers or bytes as keys in {_DICT}, not {excerpt(key)}")
    return key, _raw(pair[1], depth + 1)

"""Plain data as it is on the wire: builtins that msgpack knows, and tags for what it does not.

A list that begins with a tag stands for something else than a list; no plain data can look like it.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias

from pydantic import BaseModel

from actors.values.digests import in_stable_order
from actors.values.errors import CodecError
from actors.values.freezing import MAX_DEPTH
from actors.values.frozen import (
    MODEL_SLOTS,
    FrozenDict,
    FrozenList,
    FrozenRecord,
    FrozenSet,
    can_lie_in_a_set,
)
from actors.values.members import find_member, is_member, label_of
from actors.values.scalars import EXPANSIONS, SCALARS, Tag, counted, made_scalar
from supervisors.excerpt import excerpt

# A merger may lay some more levels around what was checked against MAX_DEPTH.
_DEEPEST = 2 * MAX_DEPTH

_NATIVE: frozenset[type] = frozenset({type(None), bool, int, float, str, bytes})
_KEY_TYPES: frozenset[type] = frozenset({str, int, bytes})

MAX_ALIKE = 32
"""How many keys of a dict, or items of a set, may have one hash; honest ones have a few at most."""

_TYPES = "dataclasses, enumerations and pydantic models"

Types: TypeAlias = Mapping[str, type]
"""The classes that may be decoded, by the names they have on the wire."""


class FoundTypes(Mapping[str, type]):
    """The classes that a function finds by their names on the wire; which there are is not known before.

    Args:
        find: Returns what a name stands for; it may raise whatever it likes.
    """

    def __init__(self, find: Callable[[str], object]) -> None:
        self._find = find
        self._found: dict[str, type] = {}

    def __getitem__(self, name: str) -> type:
        if name not in self._found:
            try:
                self._found.update(known_types([self._find(name)]))
            except Exception as error:  # what importing a user's module raises
                raise KeyError(name) from error
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def known_types(types: object) -> Types:
    """Return classes by the names that they have on the wire; a mapping has them by such names already.

    Raises:
        TypeError: If they are no iterable, or one of them is no dataclass, enumeration or pydantic model.
    """
    if isinstance(types, FoundTypes):
        return types  # it checks what it finds, when it does
    if isinstance(types, Mapping):
        return {_checked_name(name): _checked_type(each) for name, each in types.items()}
    if not isinstance(types, Iterable):
        raise TypeError(
            f"types must be an iterable of {_TYPES}, or a mapping of their names to them, not {excerpt(types)}"
        )
    return {_name_of(_checked_type(each)): each for each in types}


def _checked_type(each: object) -> type:
    if not isinstance(each, type) or not (issubclass(each, BaseModel | Enum) or dataclasses.is_dataclass(each)):
        raise TypeError(f"types must be {_TYPES}, and {excerpt(each)} is none of them")
    return each


def _checked_name(name: object) -> str:
    if not isinstance(name, str):
        raise TypeError(f"types must map names to {_TYPES}, and {excerpt(name)} is no name")
    return name


def expand(value: Any) -> Any:
    """Return a frozen value that msgpack does not know in terms of what it knows; one level of it.

    Raises:
        CodecError: If it is not frozen, or an object that lacks fields of its class.
    """
    if is_member(value):
        return [Tag.MEMBER, _name_of(type(value)), label_of(value)]
    if type(value) not in _EXPANSIONS:
        raise CodecError(f"{excerpt(value)} is not plain data; it cannot be encoded")
    return _EXPANSIONS[type(value)](value)


def contract(raw: Any, known: Types, depth: int = 0) -> Any:
    """Return the frozen value that was expanded.

    Args:
        raw: What msgpack read.
        known: The classes that may be in it.
        depth: How deep it lies in its container.

    Raises:
        CodecError: If it is nothing that `expand` gives, or is of an unknown class.
    """
    kind = type(raw)
    if kind in _NATIVE:
        return raw
    is_tagged = kind is list and len(raw) > 0 and type(raw[0]) is Tag
    if is_tagged and raw[0] in SCALARS:
        return made_scalar(raw)
    if depth >= _DEEPEST:
        raise CodecError(f"the message nests deeper than {_DEEPEST} levels")
    if is_tagged:
        return _container(raw, known, depth)
    # What a stranger's bytes can hold most of for their length are such as these: so nothing is called for each.
    if kind is list:
        return FrozenList([item if type(item) in _NATIVE else contract(item, known, depth + 1) for item in raw])
    if kind is dict:
        return FrozenDict(
            {
                checked_key(key): item if type(item) in _NATIVE else contract(item, known, depth + 1)
                for key, item in raw.items()
            }
        )
    raise CodecError(f"plain data was expected in the message, not {excerpt(raw)}")


def contract_fields(raw: Any, known: Types) -> FrozenDict:
    """Return the frozen dict that was expanded; its keys are strings.

    Raises:
        CodecError: If it is none.
    """
    fields = contract(raw, known)
    if type(fields) is not FrozenDict or any(type(key) is not str for key in fields):
        raise CodecError(f"a dict with string keys was expected in the message, not {excerpt(raw)}")
    return fields


def checked_key(key: Any) -> Any:
    """Return what may be the key of a dict.

    Raises:
        CodecError: If it may not.
    """
    if type(key) not in _KEY_TYPES:
        raise CodecError(f"a key in the message must be a str, an int or bytes, not {excerpt(key)}")
    return key


def _container(raw: list[Any], known: Types, depth: int) -> Any:
    tag, *parts = raw
    if tag in _SEQUENCES:
        items = [part if type(part) in _NATIVE else contract(part, known, depth + 1) for part in parts]
        return _SEQUENCES[tag](items)
    if tag is Tag.RECORD:
        return _record(parts, known, depth)
    if tag is Tag.MEMBER:
        return _member(parts, known)
    raise CodecError(f"a time zone stands alone in the message: {excerpt(parts)}")


def _record(parts: list[Any], known: Types, depth: int) -> FrozenRecord:
    name, *held = counted(parts, len(("class", "fields", "slots")))
    kind = _known_class(name, known)
    if issubclass(kind, Enum):
        raise CodecError(f"{name!r} is an enumeration, and the message holds an object with fields of it")
    if any(type(each) is not dict for each in held):
        raise CodecError(f"the fields of {name!r} were expected in the message, not {excerpt(held)}")
    # Its fields lie one level below it, as when they were frozen.
    fields, slots = [contract(each, known, depth) for each in held]
    _check_record(kind, fields, slots)
    return FrozenRecord(kind, fields, slots)


def _member(parts: list[Any], known: Types) -> Enum:
    name, label = counted(parts, len(("class", "label")))
    kind = _known_class(name, known)
    try:
        if issubclass(kind, Enum):
            return find_member(kind, label)
    except ValueError:
        pass
    raise CodecError(f"the message holds {excerpt(label)} of {name!r}, which has no such member")


def _known_class(name: Any, known: Types) -> type:
    if type(name) is not str:
        raise CodecError(f"the name of a class was expected in the message, not {excerpt(name)}")
    if name not in known:
        raise CodecError(f"the message holds an object of {excerpt(name)}; pass that class to decode() in types=")
    return known[name]


def _made_set(items: list[Any], kind: Callable[[list[Any]], Any] = FrozenSet) -> Any:
    if not (_NATIVE.issuperset(map(type, items)) or all(map(can_lie_in_a_set, items))):
        raise CodecError(f"a set in the message holds what cannot lie in one: {excerpt(items)}")
    check_hashes(items)
    made = kind(items)
    if len(made) != len(items):
        raise CodecError(f"a set in the message holds an item twice: {excerpt(items)}")
    return made


def _made_frozenset(items: list[Any]) -> Any:
    return _made_set(items, frozenset)


_SEQUENCES: Mapping[Tag, Callable[[list[Any]], Any]] = {
    Tag.TUPLE: tuple,
    Tag.SET: _made_set,
    Tag.FROZENSET: _made_frozenset,
}


def check_hashes(items: Sequence[Any]) -> None:
    """Refuse what was chosen so that putting it into a dict or a set takes time with the square of its number.

    Raises:
        CodecError: If too many of them have one hash.
    """
    if len(items) > MAX_ALIKE and max(Counter(map(hash, items)).values()) > MAX_ALIKE:
        raise CodecError(f"more than {MAX_ALIKE} keys or items in the message have one hash")


def _check_record(kind: type, fields: FrozenDict, slots: FrozenDict) -> None:
    """Refuse what is no object of a class as it is now: the class may have changed since."""
    is_model = issubclass(kind, BaseModel)
    names, needed = _fields_of(kind)
    lacking = [name for name in needed if name not in fields]
    if lacking:
        raise CodecError(f"an object of {_name_of(kind)!r} lacks {lacking[0]!r}, a field of that class")
    is_open = not is_model and kind.__dictoffset__ != 0
    unknown = [name for name in fields if name not in names and not (is_open and type(name) is str)]
    if unknown:
        raise CodecError(f"an object of {_name_of(kind)!r} has {excerpt(unknown[0])}, which is no field of that class")
    if not (_are_slots(slots) if is_model else len(slots) == 0):
        raise CodecError(f"an object of {_name_of(kind)!r} does not hold what pydantic keeps beside its fields")


def _fields_of(kind: type) -> tuple[Sequence[str], Sequence[str]]:
    """Return the names of all fields of a class, and of those that each of its objects has."""
    if issubclass(kind, BaseModel):
        return list(kind.model_fields), list(kind.model_fields)
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]  # it is a dataclass
    return [field.name for field in fields], [field.name for field in fields if field.init]


def _are_slots(slots: FrozenDict) -> bool:
    if slots.keys() != set(MODEL_SLOTS):
        return False
    extra, private, names = [slots[name] for name in MODEL_SLOTS]
    if type(names) is not tuple or any(each is not None and type(each) is not FrozenDict for each in (extra, private)):
        return False
    return all(type(name) is str for name in (*names, *(extra or ()), *(private or ())))


def _expanded_record(value: FrozenRecord) -> list[Any]:
    _check_record(value.frozen_class, value.frozen_fields, value.frozen_slots)
    return [Tag.RECORD, _name_of(value.frozen_class), value.frozen_fields, value.frozen_slots]


def _name_of(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


_EXPANSIONS: Mapping[type, Callable[[Any], Any]] = {
    **EXPANSIONS,
    FrozenDict: dict,
    FrozenList: list,
    FrozenRecord: _expanded_record,
    FrozenSet: lambda value: [Tag.SET, *in_stable_order(value)],
    frozenset: lambda value: [Tag.FROZENSET, *in_stable_order(value)],
    tuple: lambda value: [Tag.TUPLE, *value],
}

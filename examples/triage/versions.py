"""The order of Debian's version numbers, as deb-version(7) has it."""

from __future__ import annotations

import re
from typing import TypeAlias

_PART = re.compile(r"(\D*)(\d*)", re.ASCII)
_BEFORE_END, _END, _AFTER_LETTERS = -1, 0, 256
_Number: TypeAlias = tuple[int, str]
_Part: TypeAlias = tuple[tuple[int, ...], _Number]
VersionKey: TypeAlias = tuple[_Number, tuple[_Part, ...], tuple[_Part, ...]]


def version_key(version: str) -> VersionKey:
    """Return what versions are sorted by: numbers by value, letters before signs, `~` before everything.

    Every text has its place in the order, also one that is no version number.
    """
    epoch, colon, rest = version.partition(":")
    if not colon or not epoch.isdigit():
        epoch, rest = "", version
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, ""
    return _number(epoch), _parts(upstream), _parts(revision)


def _parts(text: str) -> tuple[_Part, ...]:
    """Return the signs and numbers of a text by turns; its end comes before everything but `~`."""
    found = [(_signs(signs), _number(digits)) for signs, digits in _PART.findall(text) if signs or digits]
    return (*found, ((_END,), _number("")))


def _signs(signs: str) -> tuple[int, ...]:
    return (*map(_rank, signs), _END)


def _rank(sign: str) -> int:
    if sign == "~":
        return _BEFORE_END
    return ord(sign) if sign.isascii() and sign.isalpha() else ord(sign) + _AFTER_LETTERS


def _number(digits: str) -> _Number:
    """Return what digits are sorted by, however many they are: `int()` refuses some thousand."""
    telling = digits.lstrip("0")
    return len(telling), telling

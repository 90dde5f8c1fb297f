"""Remedies: what to store instead of a value that is not plain data."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, KeysView, ValuesView
from fractions import Fraction
from ipaddress import IPv4Address, IPv6Address
from pathlib import PurePath
from typing import Any

CONVERT = "convert it, or hand it over with `state.share()`"
"""What to do with most of what is not plain data."""

_REMEDIES: tuple[tuple[Any, str], ...] = (
    (PurePath, "store `str(value)`"),
    (complex, "store `[value.real, value.imag]`"),
    ((Fraction, IPv4Address, IPv6Address), "store `str(value)`"),
    ((range, deque, Iterator, KeysView, ValuesView), "store `list(value)`"),
)


def remedy_for(value: object) -> str:
    """Return what to do with a value that is not plain data; to be read after what it is."""
    for kinds, remedy in _REMEDIES:
        if isinstance(value, kinds):
            return remedy
    if callable(getattr(type(value), "tolist", None)):  # an array of NumPy's, of the standard library, a series
        return "store `value.tolist()`"
    return CONVERT

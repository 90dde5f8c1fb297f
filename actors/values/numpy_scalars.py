"""NumPy's scalars, told without importing NumPy: who has one has imported it."""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta
from typing import Any

_BUILTINS: frozenset[type] = frozenset({bool, int, float, str, bytes})
_MOMENTS: dict[str, frozenset[type]] = {"M": frozenset({date, datetime}), "m": frozenset({timedelta})}


def is_numpy_scalar(value: object) -> bool:
    """Return whether a value is a scalar of NumPy's."""
    kind = getattr(sys.modules.get("numpy"), "generic", None)
    return isinstance(kind, type) and isinstance(value, kind)


def builtin_of(scalar: Any) -> Any:
    """Return the value of a builtin type that a scalar of NumPy's is exactly.

    Raises:
        ValueError: If there is none; the text says what to store instead.
    """
    kind = scalar.dtype.kind
    item = scalar.item()
    if type(item) in _MOMENTS.get(kind, _BUILTINS):
        return item
    if kind in _MOMENTS:
        # `item()` gives a bare number for what is more precise than a microsecond, and None for NaT.
        raise ValueError(f"store `value.astype('{kind}8[us]').item()`")
    if kind == "f":
        raise ValueError("store `float(value)`")
    raise ValueError("store `value.item()`, if that is plain data")

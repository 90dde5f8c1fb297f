"""The layout of TOML: what fits on a line is written on one, all else as tables with headers, as people write it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_LINE = 100
_INDENT = "    "
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def laid_out(data: Mapping[str, Any]) -> str:
    """Return a table of dicts, lists, texts, numbers and truth values as TOML.

    A table of nothing but tables keeps the order of its keys; so does one without tables.
    """
    return "\n".join(_table((), data, "")).lstrip("\n") + "\n"


def _table(path: tuple[str, ...], data: Mapping[str, Any], header: str) -> Iterator[str]:
    """Yield the lines of a table: its header, what is written on lines of its own, then what has headers."""
    later: dict[str, Any] = {}
    lines = []
    is_ordered = all(_is_table(value) or _is_tables(value) for value in data.values())
    for key, value in data.items():
        line = f"{_key(key)} = {_inline(value)}"
        if _is_table(value) or _is_tables(value):
            if not path or len(line) > _LINE or (later and is_ordered):
                later[key] = value
                continue
        elif isinstance(value, list) and len(line) > _LINE:
            line = f"{_key(key)} = {_lines_of(value)}"
        lines.append(line)
    if header and (lines or not later or header.startswith("[[")):
        yield f"\n{header}"
    yield from lines
    for key, value in later.items():
        name = ".".join([_key(each) for each in (*path, key)])
        for table, form in [(value, f"[{name}]")] if _is_table(value) else [(each, f"[[{name}]]") for each in value]:
            yield from _table((*path, key), table, form)


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _lines_of(items: list[Any]) -> str:
    return "\n".join(["[", *[f"{_INDENT}{_inline(item)}," for item in items], "]"])


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        pairs = ", ".join([f"{_key(key)} = {_inline(item)}" for key, item in value.items()])
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list):
        return f"[{', '.join([_inline(item) for item in value])}]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    # JSON's escapes are among TOML's; TOML wants one more character escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

"""The extent of a TOML text: what would take a parser long is refused before one sees it, in one pass.

`tomllib` and what finds positions take time with the square of a key's parts, and recursion with nested brackets.
"""

from __future__ import annotations

import re

from actors.definitions.document import Position, UnreadableError, position_of
from actors.values.workflow_errors import Mistake

MAX_PARTS = 64
"""How many parts a key may have, in a header or before an equals sign."""

MAX_LEVELS = 32
"""How deeply brackets and braces may nest."""

# `tomllib` looks at the beginnings of a key for each of its parts: nearly two thousand keys of 64 parts are let pass.
_MOST_WORK = 4_000_000

# Each alternative matches whatever follows its beginning, so that nothing is looked at twice.
_TOKEN = re.compile(
    r""""{3}(?:\\.|[^\\])*?(?:"{3}|\Z)|'{3}.*?(?:'{3}|\Z)|"(?:\\[^\n]|[^"\\\n])*+"?|'[^'\n]*'?"""
    r"""|(?P<comment>\#[^\n]*)|(?P<open>[\[{])|(?P<close>[\]}])|(?P<dot>\.)|(?P<end>[=,\n])|[^"'\#\[\]{}.=,\n]+""",
    re.DOTALL,
)


def check_extent(text: str) -> None:
    """Refuse a text that nests too deeply, or has a key of too many parts.

    Raises:
        UnreadableError: If it does; it tells the position.
    """
    level, parts, work = 0, 1, 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "dot":
            parts += 1
            work += parts
            if parts > MAX_PARTS:
                raise _refusal(text, token.start(), f"a key has more than {MAX_PARTS} parts")
            if work > _MOST_WORK:
                raise _refusal(text, token.start(), "keys have too many parts in all; write tables within tables")
        elif kind == "open":
            level, parts = level + 1, 1
            if level > MAX_LEVELS:
                raise _refusal(text, token.start(), f"brackets nest deeper than {MAX_LEVELS} levels")
        elif kind == "close":
            level, parts = max(0, level - 1), 1
        elif kind == "end":
            parts = 1


def longest_word(text: str) -> Position:
    """Return where the longest word begins that is no string: a number is one."""
    words = [token for token in _TOKEN.finditer(text) if token.lastgroup is None and token[0][0] not in "\"'"]
    longest = max(words, key=lambda token: len(token[0].strip()))
    return position_of(text, longest.start() + len(longest[0]) - len(longest[0].lstrip()))


def _refusal(text: str, offset: int, problem: str) -> UnreadableError:
    line, column = position_of(text, offset)
    return UnreadableError(Mistake("", f"is not TOML that can be read: {problem}", line, column))

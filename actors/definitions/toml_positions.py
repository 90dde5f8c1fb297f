"""Positions in TOML: `tomllib` does not tell where in the text a key or an item stands, so this finds out.

The text is TOML, as `tomllib` has read it already: nothing is checked here, and what follows is only as much of the
grammar as it takes to find keys and items.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Set

from actors.definitions.document import Position
from actors.grammar.place import Place

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*'""")
_TEXT = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\])*"|'[^']*\'''',
    re.DOTALL,
)
_ATOM = re.compile(r"[^,\]}#\n]+")


def positions_of(text: str, wanted: Set[Place]) -> dict[Place, Position]:
    """Return where some keys and items of lists begin; what is not in the text is left out.

    Args:
        text: A text that `check_extent` has let pass.
        wanted: The places that are looked for.
    """
    return _Scanner(text, wanted).places()


class _Scanner:
    """Goes through a text once.

    Args:
        text: The text.
        wanted: The places that are noted.
    """

    def __init__(self, text: str, wanted: Set[Place]) -> None:
        self._text = text
        self._wanted = wanted
        self._at = 0
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        # How many tables each list of tables has so far.
        self._counts: defaultdict[Place, int] = defaultdict(int)
        self._positions: dict[Place, Position] = {(): Position(1, 1)}

    def places(self) -> dict[Place, Position]:
        """Return the places of the whole text with their positions."""
        table: Place = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            table = self._header() if self._text[self._at] == "[" else self._pair(table, table)
            self._skip(_BLANK)
        return self._positions

    def _header(self) -> Place:
        """Return the table that a header begins."""
        is_list = self._text.startswith("[[", self._at)
        start = self._at
        self._at += 1 + is_list
        table: Place = ()
        keys = list(self._keys())
        for number, (key, at) in enumerate(keys, 1):
            table = (*table, key)
            self._note(table, at)
            if is_list and number == len(keys):
                self._counts[table] += 1
            if table in self._counts:
                table = (*table, self._counts[table] - 1)
        self._note(table, start)
        self._at += 1 + is_list
        return table

    def _pair(self, container: Place, table: Place) -> Place:
        """Go over a key and its value, and return the table that was given."""
        place = container
        for key, at in self._keys():
            place = (*place, key)
            self._note(place, at)
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(place)
        return table

    def _keys(self) -> Iterator[tuple[str, int]]:
        """Go over a dotted key, and yield its parts with their offsets."""
        while True:
            self._skip(_SPACE)
            at = self._at
            raw = self._skip(_KEY)
            (key,) = tomllib.loads(f"{raw} = 0") if raw[0] in "\"'" else [raw]
            self._skip(_SPACE)
            yield key, at
            if self._text[self._at] != ".":
                return
            self._at += 1

    def _value(self, place: Place) -> None:
        start = self._text[self._at]
        if start == "[":
            self._list(place)
        elif start == "{":
            self._table(place)
        else:
            self._skip(_TEXT if start in "\"'" else _ATOM)

    def _list(self, place: Place) -> None:
        index = 0
        while self._opens_another("]"):
            self._note((*place, index), self._at)
            self._value((*place, index))
            index += 1

    def _table(self, place: Place) -> None:
        while self._opens_another("}"):
            self._pair(place, place)

    def _opens_another(self, end: str) -> bool:
        """Go over a bracket or a comma, and say whether something follows it; if not, go over the end."""
        self._skip(_BLANK)
        if self._text[self._at] != end:
            self._at += 1
            self._skip(_BLANK)
        if self._text[self._at] != end:
            return True
        self._at += 1
        return False

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise AssertionError(f"what is at {self._at} should not have been read by tomllib")
        self._at = match.end()
        return match.group()

    def _note(self, place: Place, offset: int) -> None:
        if place in self._wanted and place not in self._positions:
            line = bisect_right(self._lines, offset)
            self._positions[place] = Position(line, offset - self._lines[line - 1] + 1)

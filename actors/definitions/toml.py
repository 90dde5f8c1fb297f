"""Definitions in TOML."""

from __future__ import annotations

import re
import tomllib
from functools import partial
from typing import Any

from actors.definitions.document import Document, UnreadableError
from actors.definitions.toml_extent import check_extent, longest_word
from actors.definitions.toml_layout import laid_out
from actors.definitions.toml_positions import positions_of
from actors.values.workflow_errors import Mistake

_WHERE = re.compile(r"(?P<problem>.*) \((?:at line (?P<line>\d+), column (?P<column>\d+)|at end of document)\)", re.S)
_TWICE = ("Cannot overwrite a value", "Cannot declare")


def parse(text: str) -> Document:
    """Read a text.

    Raises:
        UnreadableError: If it is not TOML; it tells the position.
    """
    lines = text.replace("\r\n", "\n")
    try:
        check_extent(lines)
        return Document(tomllib.loads(lines), partial(positions_of, lines))
    except UnreadableError:
        raise
    except ValueError as error:  # of tomllib's own kind, or about a number of too many digits
        raise UnreadableError(_mistake(str(error), lines)) from None


def dump(data: dict[str, Any]) -> str:
    """Return data as text.

    Raises:
        UnreadableError: If it could not be read again, as it nests too deeply.
    """
    text = laid_out(data)
    check_extent(text)
    return text


def _mistake(told: str, text: str) -> Mistake:
    match = _WHERE.fullmatch(told)
    if match is None:  # Python's limit of the digits of a number, which has no position
        return Mistake("", f"is not TOML that can be read: {told}", *longest_word(text))
    problem = match["problem"][:1].lower() + match["problem"][1:]
    if match["problem"].startswith(_TWICE):
        problem += "; a key is stated once"
    if match["line"] is None:
        last = text.rstrip("\n")
        return Mistake("", f"is not TOML: {problem} at its end", last.count("\n") + 1, len(last) - last.rfind("\n"))
    return Mistake("", f"is not TOML: {problem}", int(match["line"]), int(match["column"]))

"""Tickets in tables: CSV with a line of column names, or an object of JSON a line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from examples.triage.errors import MissingColumnsError
from examples.triage.people import without_people
from examples.triage.problem import Problem, shown
from examples.triage.ticket import Ticket

_REQUIRED = ("package", "version", "changes")
_UNKNOWN = "unknown"
_Row = tuple[int, Mapping[str, Any] | str]
"""A line's number with its columns, or with what is wrong with it."""


def csv_tickets(text: str, place: str) -> tuple[list[Ticket], list[Problem]]:
    """Read a table whose columns are named by its first line; `changes` has one change a line.

    The columns package, version and changes are needed; id, distribution and urgency are used; others are not kept.

    Raises:
        MissingColumnsError: If a needed column is not there.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True)
    missing = tuple(name for name in _REQUIRED if name not in (reader.fieldnames or ()))
    if missing:
        raise MissingColumnsError(place, missing)
    return _read(_csv_rows(reader), place)


def json_tickets(text: str, place: str) -> tuple[list[Ticket], list[Problem]]:
    """Read an object a line, with the keys that `csv_tickets()` has as columns; `changes` may be a list of texts."""
    return _read(_json_rows(text), place)


def _csv_rows(reader: csv.DictReader[str]) -> Iterator[_Row]:
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.reader.line_num, str(error)
            continue
        if "" in row:
            yield reader.line_num, "it has more columns than the first line names"
        else:
            yield reader.line_num, row


def _json_rows(text: str) -> Iterator[_Row]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, f"it is no JSON: {error}"
            continue
        yield number, row if isinstance(row, dict) else f"it is no object: {shown(line)}"


def _read(rows: Iterator[_Row], place: str) -> tuple[list[Ticket], list[Problem]]:
    tickets: dict[str, Ticket] = {}
    problems: list[Problem] = []
    for number, row in rows:
        ticket = row if isinstance(row, str) else _ticket_of(row, f"{place}:{number}")
        if isinstance(ticket, Ticket) and ticket.id in tickets:
            ticket = f"there is a ticket {ticket.id!r} already"
        if isinstance(ticket, Ticket):
            tickets[ticket.id] = ticket
        else:
            problems.append(Problem(place, number, ticket))
    return list(tickets.values()), problems


def _ticket_of(row: Mapping[str, Any], number: str) -> Ticket | str:
    """Return a row's ticket, or what is wrong with the row."""
    for name in ("package", "version"):
        if not isinstance(row.get(name), str) or not row[name].strip():
            return f"{name} must be a text that is not empty, and it is {shown(str(row.get(name)))}"
    changes = row.get("changes")
    lines = changes.splitlines() if isinstance(changes, str) else changes
    if not isinstance(lines, list) or not lines or not all(isinstance(line, str) for line in lines):
        return f"changes must be a text or a list of texts, not empty, and it is {shown(str(changes))}"
    told = (without_people(line.lstrip(" *+-")) for line in lines)
    return Ticket(
        id=_text(row, "id") or number,
        package=row["package"].strip(),
        version=row["version"].strip(),
        distribution=_text(row, "distribution").lower() or _UNKNOWN,
        urgency=_text(row, "urgency").lower() or _UNKNOWN,
        changes=tuple(line for line in told if line),
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value).strip()

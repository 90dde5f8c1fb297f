"""Tests of tickets in tables."""

from __future__ import annotations

import json

import pytest

from examples.triage.errors import MissingColumnsError
from examples.triage.tables import csv_tickets, json_tickets

CSV = """\
id,package,version,distribution,urgency,changes,maintainer
T1,oven,1.0,Unstable,High,"* Open the door.
  - Fix a crash.",Ada
"""


def test_a_row_is_a_ticket() -> None:
    (ticket,), problems = csv_tickets(CSV, "tickets.csv")

    assert problems == []
    assert (ticket.id, ticket.package, ticket.version) == ("T1", "oven", "1.0")
    assert (ticket.distribution, ticket.urgency) == ("unstable", "high")
    assert ticket.changes == ("Open the door.", "Fix a crash.")


def test_columns_that_are_not_needed_may_lack() -> None:
    (ticket,), _ = csv_tickets("package,version,changes\noven,1.0,Bakes.\n", "tickets.csv")

    assert (ticket.id, ticket.distribution, ticket.urgency) == ("tickets.csv:2", "unknown", "unknown")


def test_a_table_without_the_needed_columns_is_refused() -> None:
    with pytest.raises(MissingColumnsError, match=r"'t.csv' has no column 'version', 'changes'; its first line must"):
        csv_tickets("package,text\n", "t.csv")


def test_an_empty_file_is_no_table() -> None:
    with pytest.raises(MissingColumnsError):
        csv_tickets("", "t.csv")


def test_malformed_rows_are_named_and_the_others_are_read() -> None:
    text = 'package,version,changes\n,1.0,Bakes.\noven,1.0\noven,1.0,Bakes.,more\noven,2.0,"Fries."x\noven,3.0,Boils.\n'

    tickets, problems = csv_tickets(text, "t.csv")

    assert [ticket.version for ticket in tickets] == ["3.0"]
    assert [(problem.line, problem.reason) for problem in problems] == [
        (2, "package must be a text that is not empty, and it is ''"),
        (3, "changes must be a text or a list of texts, not empty, and it is 'None'"),
        (4, "it has more columns than the first line names"),
        (5, "',' expected after '\"'"),
    ]


def test_an_object_a_line_is_a_ticket() -> None:
    lines = [
        {"package": "oven", "version": "1.0", "changes": ["Open the door.", "Fix a crash by ada@kitchen.example"]},
        {"package": "oven", "version": "1.1", "changes": "* Close it.\n* Lock it.", "id": 7, "urgency": None},
    ]

    tickets, problems = json_tickets("\n\n".join(map(json.dumps, lines)), "t.jsonl")

    assert problems == []
    assert [ticket.id for ticket in tickets] == ["t.jsonl:1", "7"]
    assert tickets[0].changes == ("Open the door.", "Fix a crash by")
    assert tickets[1].changes == ("Close it.", "Lock it.")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "it is no JSON: "),
        ("[" * 100_000, "it is no JSON: "),
        ("[1]", "it is no object: '[1]'"),
        ('{"package": 7}', "package must be a text that is not empty, and it is '7'"),
        ('{"package": "oven"}', "version must be a text that is not empty, and it is 'None'"),
        ('{"package": "oven", "version": "1", "changes": []}', "changes must be a text or a list of texts"),
        ('{"package": "oven", "version": "1", "changes": [1]}', "changes must be a text or a list of texts"),
    ],
)
def test_malformed_lines_are_named(line: str, reason: str) -> None:
    tickets, (problem,) = json_tickets(f"\n{line}\n", "t.jsonl")

    assert tickets == []
    assert problem.line == 2
    assert problem.reason.startswith(reason)


def test_an_id_is_used_once() -> None:
    line = '{"id": "T1", "package": "oven", "version": "1", "changes": "Bakes."}'

    tickets, (problem,) = json_tickets(f"{line}\n{line}\n", "t.jsonl")

    assert len(tickets) == 1
    assert str(problem) == "t.jsonl:2: there is a ticket 'T1' already"

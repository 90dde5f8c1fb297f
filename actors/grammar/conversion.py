"""Conversion: workflows, conditions and mergers to plain data and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from actors.grammar.choices import Choice
from actors.grammar.dialects import Dialect, FileDialect
from actors.grammar.kinds import Kind
from actors.grammar.nodes import STEP
from actors.grammar.place import Place, dotted
from actors.grammar.reader import Reader
from actors.grammar.vocabulary import VOCABULARY
from actors.grammar.writer import Writer
from actors.orchestrators.base import Pattern
from actors.values.workflow_errors import DefinitionError, Mistake
from actors.workflows.branch import Branch

WORKFLOW: Kind = STEP
CONDITION: Kind = Choice("conditions", "condition", '{exists = "key"}', takes_callable=False)
MERGER: Kind = Choice("mergers", "merger", '"union"', takes_callable=False)


def to_data(workflow: str | Pattern | Branch) -> Any:
    """Return a workflow as plain data: dicts, lists, texts, numbers and truth values, as `Definition` files hold them.

    What is at its default is left out. `from_data` makes an equal workflow of it.

    Raises:
        DefinitionError: If something in it cannot be written: a callable that no module holds under its name, a value
            that is no plain data, a pattern of another class than those of `actors`.
    """
    return written(WORKFLOW, workflow, FileDialect(), "workflow")


def from_data(data: Any) -> Any:
    """Return the workflow that plain data describe. Imports the modules of the callables that are named in them.

    Raises:
        DefinitionError: If they describe none; the error tells all mistakes.
    """
    return read(WORKFLOW, data, FileDialect(), "workflow")


def written(kind: Kind, value: Any, dialect: Dialect, name: str) -> Any:
    """Return a value of one kind as data.

    Raises:
        DefinitionError: If something in it cannot be written.
    """
    writer = Writer(VOCABULARY, dialect)
    data = kind.write(value, (name,), writer)
    _refuse(writer.problems)
    return data


def read(kind: Kind, data: Any, dialect: Dialect, name: str) -> Any:
    """Return the value of one kind that data describe.

    Raises:
        DefinitionError: If they describe none.
    """
    reader = Reader(VOCABULARY, dialect)
    value = reader.up_to_a_limit(lambda: kind.read(data, (name,), reader))
    _refuse(reader.problems)
    return value


def _refuse(problems: Iterable[tuple[Place, str]]) -> None:
    mistakes = tuple([Mistake(dotted(place), problem) for place, problem in problems])
    if mistakes:
        raise DefinitionError("", mistakes)

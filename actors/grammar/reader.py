"""The reader: makes objects of data, and notes all that is wrong with it on the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from actors.grammar.extent import Extent
from actors.grammar.place import Place, as_step, nearest, suggestion
from actors.grammar.refusals import Refusal, refusal_of, refusals
from supervisors.excerpt import excerpt

if TYPE_CHECKING:
    from actors.grammar.dialects import Dialect
    from actors.grammar.table import Table
    from actors.grammar.vocabulary import Vocabulary

_STAND_IN = re.compile(r"'\?\d+\?'")


MOST_MISTAKES = 100
"""How many mistakes are told at once; more of them are mostly one mistake that was repeated."""

_T = TypeVar("_T")


class _EnoughError(Exception):
    """There is more wrong than is told."""


class Stated(NamedTuple):
    """What a table states.

    Attributes:
        fields: What it says of each field.
        unsound: The fields in which something is wrong.
        keyless: The field that stands for the table, if one does.
    """

    fields: Mapping[str, Any]
    unsound: frozenset[str]
    keyless: str = ""


class Reader:
    """Reads one definition.

    What is wrong is noted with its place, and something usable stands in for it, so that the rest is read too: whoever
    asked must look at `problems` before taking what was read.

    Args:
        vocabulary: What can be read.
        dialect: How values and callables are written.
        nodes: The named nodes, as data.

    Attributes:
        problems: What is wrong, and where.
        agents: The agents that nodes name, and where.
        extent: How much it has read.
    """

    def __init__(self, vocabulary: Vocabulary, dialect: Dialect, nodes: Mapping[Any, Any] | None = None) -> None:
        self.vocabulary = vocabulary
        self.dialect = dialect
        self.problems: list[tuple[Place, str]] = []
        self.agents: list[tuple[Place, str]] = []
        self.extent = Extent(self.refuse)
        self._stand_ins = 0
        self._nodes = nodes or {}
        # The nodes that were read, each with its size; and those that are being read, in order.
        self._known: dict[str, tuple[Any, int]] = {}
        self._opened: list[str] = []

    def refuse(self, place: Place, problem: str) -> None:
        """Note what is wrong; after so much of it, reading ends."""
        if len(self.problems) >= MOST_MISTAKES:
            raise _EnoughError
        self.problems.append((place, problem))

    def up_to_a_limit(self, read: Callable[[], _T]) -> _T | None:
        """Return what is read; None if there was so much wrong with it that reading ended."""
        try:
            return read()
        except _EnoughError:
            self.problems.append(((), f"has more mistakes than these {MOST_MISTAKES}, the first that were found"))
            return None

    def stand_in(self) -> str:
        """Return the name of an agent that stands in for a node, different from all others."""
        self._stand_ins += 1
        return f"?{self._stand_ins}?"

    def make(self, table: Table, data: object, place: Place) -> Any:
        """Return the object that a table describes; None if it cannot be made."""
        if not isinstance(data, dict):
            self.refuse(place, f"must be a table of {table.listed}, not {excerpt(data)}")
            return None
        stated = self.fields(table, data, place)
        if all(field in stated.fields for field in table.needed):
            return self._made(table, stated, place)
        self.check(table, stated, place)
        lacking = [key for key in map(table.key_of, table.needed) if key not in data]
        if lacking:
            self.refuse(place, f"lacks {' and '.join(map(repr, lacking))}; {table.noun} takes {table.listed}")
        return None

    def make_of(self, table: Table, field: str, data: object, place: Place) -> Any:
        """Return the object that one of its fields describes alone, without its key; None if it cannot be made."""
        before = len(self.problems)
        fields = {field: table.kinds[field].read(data, place, self)}
        unsound = frozenset([field] if len(self.problems) > before else [])
        return self._made(table, Stated(fields, unsound, field), place)

    def fields(self, table: Table, data: Mapping[Any, Any], place: Place) -> Stated:
        """Return what a table states."""
        fields: dict[str, Any] = {}
        unsound = set()
        for key, item in data.items():
            field = table.field_of(key)
            if field is not None and (item is not None or table.kinds[field].takes_null):
                before = len(self.problems)
                fields[field] = table.kinds[field].read(item, (*place, key), self)
                if len(self.problems) > before:
                    unsound.add(field)
            elif field is not None:
                self.refuse((*place, key), "must not be null; leave the key out if there is nothing to say")
            elif not table.tag or key != table.head:
                hint = nearest(key, table.keys)
                self.refuse((*place, as_step(key)), f"is unknown; {hint}{table.noun} takes {table.listed}")
        return Stated(fields, frozenset(unsound))

    def check(self, table: Table, stated: Stated, place: Place) -> None:
        """Note what the class refuses of some fields."""
        for refusal in refusals(table.model, table.arguments(stated.fields)):
            self._note(table, stated, refusal, place)

    def use(self, name: str, place: Place) -> Any:
        """Return a named node."""
        if name not in self._nodes:
            self.refuse(place, f"names a node that is not in [nodes]: {name!r}; {suggestion(name, self._names())}")
            return self.stand_in()
        if name in self._opened:
            circle = " -> ".join([*self._opened[self._opened.index(name) :], name])
            self.refuse(place, f"makes nodes consist of themselves: {circle}")
            return self.stand_in()
        if name not in self._known:
            before = self.extent.size
            self._opened.append(name)
            node = self.vocabulary.step.read(self._nodes[name], ("nodes", name), self)
            self._opened.pop()
            self._known[name] = node, self.extent.size - before
        else:
            self.extent.size += self._known[name][1]
        return self._known[name][0]

    def refuse_unused(self) -> None:
        """Note the named nodes that nothing uses, and read them, so that what is wrong with them is told as well."""
        for name in self._nodes:
            if name not in self._known:
                self.refuse(("nodes", name), f"is used by nothing; name it as '@{name}', or take it out")
                self.use(name, ("nodes", name))

    def _names(self) -> Iterable[str]:
        return [name for name in self._nodes if isinstance(name, str)]

    def _made(self, table: Table, stated: Stated, place: Place) -> Any:
        try:
            return table.made(stated.fields)
        except (TypeError, ValueError) as error:
            told = list(refusals(table.model, table.arguments(stated.fields))) or [refusal_of(table.model, error)]
        for refusal in told:
            self._note(table, stated, refusal, place)
        return None

    def _note(self, table: Table, stated: Stated, refusal: Refusal, place: Place) -> None:
        """Note what a class refused, unless that may be due to what stands in for something that was wrong."""
        (*steps,), problem = refusal
        if self.problems and ((steps and steps[0] in stated.unsound) or _STAND_IN.search(problem)):
            return
        keys = [table.key_of(str(step)) for step in steps[:1] if step != stated.keyless]
        self.refuse((*place, *keys, *steps[1:]), problem)

"""The writer: makes data of objects, and notes all that cannot be written on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.grammar.extent import Extent
from actors.grammar.place import Place

if TYPE_CHECKING:
    from actors.grammar.dialects import Dialect
    from actors.grammar.table import Table
    from actors.grammar.vocabulary import Vocabulary
    from supervisors.model import Model


class Writer:
    """Writes one definition.

    Args:
        vocabulary: What can be written.
        dialect: How values and callables are written.

    Attributes:
        problems: What cannot be written, and where.
        extent: How much it has written.
    """

    def __init__(self, vocabulary: Vocabulary, dialect: Dialect) -> None:
        self.vocabulary = vocabulary
        self.dialect = dialect
        self.problems: list[tuple[Place, str]] = []
        self.extent = Extent(self.refuse)

    def refuse(self, place: Place, problem: str) -> None:
        """Note what cannot be written."""
        self.problems.append((place, problem))

    def table(self, table: Table, value: Model, place: Place) -> dict[str, Any]:
        """Return an object as a table: its head first, then what is not at its default."""
        written: dict[str, Any] = {table.head: table.tag} if table.tag else {}
        for field, held in table.stated(value).items():
            key = table.key_of(field)
            written[key] = table.kinds[field].write(held, (*place, key), self)
        if table.head in written:
            return {table.head: written.pop(table.head), **written}
        return written

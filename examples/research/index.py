"""Full-text search over passages, ranked by BM25."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from examples.research.document import Document, Passage
from examples.research.errors import SearchUnavailableError
from examples.research.passages import passages_of
from examples.research.words import stems

_CREATE = """
    CREATE VIRTUAL TABLE passages USING fts5(
        title, section, body, tokenize = "unicode61 remove_diacritics 0 tokenchars '_'"
    )
"""
_INSERT = "INSERT INTO passages (rowid, title, section, body) VALUES (?, ?, ?, ?)"
_SEARCH = """
    SELECT rowid, bm25(passages, 2.0, 3.0, 1.0) AS badness
    FROM passages WHERE passages MATCH ? ORDER BY badness, rowid LIMIT ?
"""
_COUNT = "SELECT count(*) FROM passages WHERE passages MATCH ?"


@dataclass(frozen=True)
class Hit:
    """A passage that has some of the terms.

    Attributes:
        rank: How well it fits, 1 for the best of its search.
    """

    passage: Passage
    rank: float


class Index:
    """The passages of a few documents in an SQLite database in memory.

    It may be used from several threads, one at a time.

    Raises:
        SearchUnavailableError: If this Python's SQLite has no full-text search.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self._passages = _without_copies(documents)
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        try:
            self._database.execute(_CREATE)
        except sqlite3.OperationalError as error:
            self._database.close()
            raise SearchUnavailableError(sqlite3.sqlite_version) from error
        rows = (_row(number, passage) for number, passage in enumerate(self._passages))
        self._database.executemany(_INSERT, rows)

    def __len__(self) -> int:
        return len(self._passages)

    def search(self, terms: Iterable[str], *, limit: int) -> list[Hit]:
        """Return the passages that have any of `terms`, the best first, at most `limit`.

        Args:
            terms: Stems, as `stem()` makes them; several joined by spaces must be adjacent.
        """
        query = " OR ".join(_quoted(term) for term in terms)
        found = self._database.execute(_SEARCH, (query, limit)).fetchall() if query else []
        best = min((badness for _, badness in found), default=0.0)
        return [Hit(self._passages[row], badness / best if best else 1.0) for row, badness in found]

    def weights(self, terms: Iterable[str]) -> Mapping[str, float]:
        """Return how telling each of `terms` is that occurs: the rarer, the higher."""
        counts = {term: self._count(term) for term in terms}
        return {
            term: math.log(1 + (len(self) - count + 0.5) / (count + 0.5)) for term, count in counts.items() if count
        }

    def close(self) -> None:
        """Give the memory back; it cannot be searched any more."""
        self._database.close()

    def _count(self, term: str) -> int:
        (count,) = self._database.execute(_COUNT, (_quoted(term),)).fetchone()
        return int(count)


def _quoted(term: str) -> str:
    """Return `term` as a phrase of a query; SQLite reads no further than a NUL."""
    return '"' + term.replace("\0", " ").replace('"', '""') + '"'


def _row(number: int, passage: Passage) -> tuple[int, str, str, str]:
    columns = (passage.title, f"{passage.section} {passage.subject}", passage.text)
    title, section, body = (" ".join(stems(column)) for column in columns)
    return number, title, section, body


def _without_copies(documents: Iterable[Document]) -> Sequence[Passage]:
    """Return all passages; of equal ones that of the shortest document, the most specific one."""
    best: dict[str, tuple[int, Passage]] = {}
    for document in documents:
        for passage in passages_of(document):
            known = best.get(passage.text)
            if known is None or len(document.text) < known[0]:
                best[passage.text] = (len(document.text), passage)
    return [passage for _, passage in best.values()]

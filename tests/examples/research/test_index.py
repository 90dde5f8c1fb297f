"""Tests of the search."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.research.document import Document
from examples.research.index import Hit, Index
from tests.examples.research.builders import KITCHEN
from tests.limits import PATIENCE

GUARD_TIMEOUT = PATIENCE


@pytest.fixture(scope="module")
def index() -> Iterator[Index]:
    with closing(Index(KITCHEN)) as index:
        yield index


def test_the_passage_that_has_most_comes_first(index: Index) -> None:
    hits = index.search(["sourdough", "yeast"], limit=10)

    assert hits[0].passage.id == "bread.md:1"
    assert hits[0].rank == 1
    assert all(0 < hit.rank <= 1 for hit in hits)


def test_no_more_are_found_than_asked_for(index: Index) -> None:
    assert len(index.search(["yeast"], limit=2)) == 2


def test_what_is_nowhere_is_not_found(index: Index) -> None:
    assert index.search(["submarin"], limit=10) == []
    assert index.search([], limit=10) == []


def test_stems_of_one_term_must_be_adjacent(index: Index) -> None:
    assert [hit.passage.document for hit in index.search(["hot wort"], limit=9)] == ["beer.md"]
    assert index.search(["wort hot"], limit=9) == []


def test_rare_terms_weigh_more_and_absent_ones_nothing(index: Index) -> None:
    weights = index.weights(["yeast", "sourdough", "submarin"])

    assert set(weights) == {"yeast", "sourdough"}
    assert weights["sourdough"] > weights["yeast"] > 0


def test_a_copy_of_a_passage_is_found_in_the_shorter_document_only() -> None:
    text = "Brewers add yeast to the wort."
    copies = [
        Document("all.txt", f"{text}\n\nThe rest of the handbook.\n\nMore.", "plain"),
        Document("beer.txt", text, "plain"),
        Document("collection.txt", f"{text}\n", "plain"),
    ]

    with closing(Index(copies)) as index:
        found = [hit.passage.document for hit in index.search(["brewer"], limit=9)]

    assert sorted(found) == ["all.txt", "beer.txt"]


def test_it_may_be_searched_on_another_thread(index: Index) -> None:
    found: list[Hit] = []
    thread = threading.Thread(target=lambda: found.extend(index.search(["yeast"], limit=1)))

    thread.start()
    thread.join(GUARD_TIMEOUT)

    assert len(found) == 1


@given(st.lists(st.text()))
def test_no_text_breaks_the_query(index: Index, terms: list[str]) -> None:
    assert isinstance(index.search(terms, limit=3), list)

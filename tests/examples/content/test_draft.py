"""Tests of outlines written out."""

from __future__ import annotations

from contextlib import closing

from examples.content.draft import draft_of, steps_for
from examples.content.outline import Outline, Section
from examples.research.index import Index
from examples.research.steps import Procedure
from tests.examples.content.builders import BAKERY, by_key, statement


def test_what_is_about_one_thing_is_one_paragraph() -> None:
    statements = by_key(
        [
            statement("One.", "a:1/1"),
            statement("Two.", "a:1/2"),
            statement("Three.", "a:1/3", subject="bake()"),
            statement("Four.", "a:2/1", subject="bake()"),
        ]
    )

    draft = draft_of(Outline((), (Section("A", tuple(statements)),)), statements, None)

    assert draft.sections[0].paragraphs == (("a:1/1", "a:1/2"), ("a:1/3",), ("a:2/1",))


def test_long_paragraphs_are_parted_evenly() -> None:
    statements = by_key(statement("Text.", f"a:1/{number}") for number in range(1, 8))

    draft = draft_of(Outline((), (Section("A", tuple(statements)),)), statements, None)

    assert [len(paragraph) for paragraph in draft.sections[0].paragraphs] == [3, 4]


def test_steps_are_told_in_the_section_of_their_document() -> None:
    statements = by_key([statement("One.", "a:1/1"), statement("Two.", "b:1/1")])
    procedure = Procedure("Bake as follows:", ("Heat.", "Bake.", "Eat."), "b:2")
    sections = (Section("A", ("a:1/1",)), Section("B", ("b:1/1",)))

    draft = draft_of(Outline((), sections), statements, procedure)

    assert [section.procedure for section in draft.sections] == [None, procedure]


def test_steps_are_taken_from_what_is_cited() -> None:
    with closing(Index(BAKERY)) as index:
        hits = index.search(["sourdough", "oven"], limit=10)
        weights = dict(index.weights(["sourdough", "oven"]))
    steps = next(hit.passage.id for hit in hits if "Knead" in hit.passage.text)

    found = steps_for(Outline((f"{steps}/1",), ()), hits, weights)
    other = steps_for(Outline(("oven.md:1/1",), ()), hits, weights)

    assert found is not None
    assert found.steps[0] == "Feed the sourdough."
    assert other is None

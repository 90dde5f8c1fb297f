"""Tests of what the editor says."""

from __future__ import annotations

import pytest

from examples.content.editing import Cut, edits_of
from examples.content.outline import Outline, Section
from examples.content.terms import Terms
from examples.research.statements import Statement
from tests.examples.content.builders import BAKERY, by_key, statement

TERMS = Terms(BAKERY)


def cuts_of(*statements: Statement, lead: int = 0) -> list[Cut]:
    keys = tuple(each.key for each in statements)
    outline = Outline(keys[:lead], (Section("Bread", keys[lead:]),))
    return list(edits_of(outline, by_key(statements), TERMS).cuts)


def test_what_repeats_an_earlier_statement_is_cut() -> None:
    first = statement("Steam keeps the crust of a bread soft.", "a:1/1")
    again = statement("The crust of a bread is kept soft by steam.", "b:1/1")

    assert cuts_of(first, again) == [Cut("b:1/1", "repeats")]


@pytest.mark.parametrize(
    "text",
    [
        "The details of kneading are told by the baker.",
        "Kneading is described in another book on bread.",
        "When doing so, bakers keep the door closed.",
        "The specification for loaves is contained in the baker's manual.",
    ],
)
def test_what_points_elsewhere_is_cut(text: str) -> None:
    assert cuts_of(statement(text)) == [Cut("notes:1/1", "points elsewhere")]


@pytest.mark.parametrize(
    "text",
    [
        "Bread " + "and more bread " * 20,
        "Institutional considerations notwithstanding, organisational complexity proliferates.",
    ],
)
def test_what_is_hard_to_read_is_cut_unless_it_leads(text: str) -> None:
    hard = statement(text)

    assert cuts_of(hard) == [Cut("notes:1/1", "hard to read")]
    assert cuts_of(hard, lead=1) == []


def test_terms_that_are_used_are_explained() -> None:
    told = statement("Bakers put the sourdough into the oven when the wild yeast has risen.")

    edits = edits_of(Outline((told.key,), ()), by_key([told]), TERMS)

    assert [each.term for each in edits.glossary] == ["Oven", "Sourdough"]

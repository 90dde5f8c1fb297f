"""Tests of words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.research.words import (
    content_stems,
    counted,
    coverage,
    listed,
    mentions,
    similarity,
    stem,
    stem_line,
    words,
)


@pytest.mark.parametrize(
    "forms",
    [
        ("raise", "raises", "raised", "raising"),
        ("query", "queries"),
        ("stop", "stops", "stopped", "stopping"),
        ("class", "classes"),
        ("call", "calls", "called", "calling"),
    ],
)
def test_forms_of_a_word_have_one_stem(forms: tuple[str, ...]) -> None:
    assert len({stem(form) for form in forms}) == 1


@pytest.mark.parametrize(("one", "other"), [("string", "strong"), ("except", "exception")])
def test_different_words_have_different_stems(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_identifiers_lose_their_outer_underscores() -> None:
    assert words("`object.__exit__()` isn’t called") == ["object", "exit", "is", "called"]


def test_one_thing_is_singular() -> None:
    assert (counted(1, "term"), counted(2, "term")) == ("1 term", "2 terms")


def test_a_term_of_two_stems_must_stand_together() -> None:
    line = stem_line("The with statement, with a long statement")

    assert mentions(line, "with statement")
    assert not mentions(line, "with long")


def test_words_without_meaning_are_no_content() -> None:
    assert content_stems("What does the loop do with it?") == {"loop"}


@given(st.sets(st.text(min_size=1)), st.sets(st.text(min_size=1)))
def test_similarity_is_symmetric_and_within_bounds(one: set[str], other: set[str]) -> None:
    found = similarity(frozenset(one), frozenset(other))

    assert 0 <= found <= 1
    assert found == similarity(frozenset(other), frozenset(one))


def test_coverage_counts_terms_by_their_weight() -> None:
    assert coverage(stem_line("wild yeast"), {"yeast": 3.0, "bread": 1.0}) == 0.75


def test_coverage_of_no_terms_is_none() -> None:
    assert coverage(stem_line("wild yeast"), {}) == 0


@pytest.mark.parametrize(
    ("names", "text"),
    [("", ""), ("a", "a"), ("ab", "a and b"), ("abc", "a, b and c")],
)
def test_names_are_listed_as_in_a_sentence(names: str, text: str) -> None:
    assert listed(names) == text

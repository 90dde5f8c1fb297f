"""Tests of keywords."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from examples.content.keywords import keywords_of

TEXTS = [
    "A context manager defines the runtime context of a `with` statement.",
    "The context manager handles the entry into the runtime context.",
    "Context managers are used by the `with` statement.",
    "The bread is baked.",
]


def test_phrases_that_matter_come_first() -> None:
    keywords = keywords_of(TEXTS)

    assert keywords[:2] == ["context manager", "runtime context"]


def test_verbs_are_no_keywords() -> None:
    texts = ["Methods defined by managers are called.", "Managers raise errors that methods return directly."] * 3

    assert set(keywords_of(texts)) == {"methods", "managers", "errors"}


def test_no_keyword_is_part_of_another() -> None:
    keywords = keywords_of(["The context manager handles a context.", "Each manager has a context manager."])

    assert "context manager" in keywords
    assert "manager" not in keywords


def test_there_are_no_more_than_wanted() -> None:
    words = [f"Ovens{number} heat breads{number + 1}." for number in range(50)]

    assert len(keywords_of(words, most=5)) == 5


def test_of_nothing_there_are_no_keywords() -> None:
    assert keywords_of([]) == []
    assert keywords_of(["It is what it is, and `so it is`."]) == []


@given(st.lists(st.text(st.sampled_from("abc de`.,"), max_size=30), max_size=6))
def test_any_texts_have_the_same_keywords_each_time(texts: list[str]) -> None:
    assert keywords_of(texts) == keywords_of(list(texts))

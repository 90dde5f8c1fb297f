"""Tests of briefs being understood."""

from __future__ import annotations

import pytest

from examples.content.brief import brief_of
from examples.content.errors import EmptyBriefError


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Write an introduction to context managers and the with statement", "Context managers and the with statement"),
        ("please write us a short article about generators for new developers", "Generators"),
        ("A guide to exceptions.", "Exceptions"),
        ("how modules\n are imported", "How modules are imported"),
        ("Overviews", "Overviews"),
    ],
)
def test_the_subject_is_the_title(text: str, title: str) -> None:
    assert brief_of(text).title == title


def test_the_words_of_the_order_are_not_looked_up() -> None:
    brief = brief_of("Write a guide to generators in Python for beginners")

    assert [term.shown for term in brief.terms] == ["generators"]


@pytest.mark.parametrize("text", ["", "Write an article about it", "Python"])
def test_a_brief_without_a_subject_is_refused(text: str) -> None:
    with pytest.raises(EmptyBriefError, match="does not say what the article is about; name the subject"):
        brief_of(text)

"""Tests of verbs."""

from __future__ import annotations

import pytest

from examples.research.verbs import may_be_sentence


@pytest.mark.parametrize(
    "text",
    [
        "The loop ends when the list is empty.",
        "A class carries its methods.",
        "The yeast needs a whole day.",
        "Return a copy of the string.",
        "Lists are mutable sequences.",
    ],
)
def test_sentences_have_a_verb(text: str) -> None:
    assert may_be_sentence(text)


@pytest.mark.parametrize(
    "text",
    [
        "The tuple of base classes of a class object.",
        "The result of a comparison.",
        "Returns a copy of the string.",
        "Can only be used in a loop.",
    ],
)
def test_phrases_lack_a_verb_or_a_subject(text: str) -> None:
    assert not may_be_sentence(text)

"""Tests of reading ease."""

from __future__ import annotations

import pytest

from examples.content.readability import level_of, reading_ease


def test_short_words_in_short_sentences_are_easy() -> None:
    easy = reading_ease(["The cat sat on the mat. The dog ran to it."])
    hard = reading_ease(["Institutional considerations notwithstanding, organisational complexity proliferates."])

    assert easy > 100
    assert hard < 0


def test_the_formula_is_flesch_s() -> None:
    assert reading_ease(["The baker bakes the bread."]) == pytest.approx(206.835 - 1.015 * 5 - 84.6 * 6 / 5, abs=0.1)


def test_code_counts_as_one_short_word() -> None:
    assert reading_ease(["Call `object.__incomprehensible__(method)` now."]) == reading_ease(["Call code now."])


def test_nothing_is_neither_easy_nor_hard() -> None:
    assert reading_ease([]) == 0.0
    assert reading_ease(["42!"]) == 0.0


@pytest.mark.parametrize(
    ("ease", "level"),
    [
        (85, "easy"),
        (70, "easy"),
        (65, "plain English"),
        (55, "fairly difficult"),
        (40, "difficult"),
        (29.9, "very difficult"),
        (-20, "very difficult"),
    ],
)
def test_an_ease_has_a_level(ease: float, level: str) -> None:
    assert level_of(ease) == level

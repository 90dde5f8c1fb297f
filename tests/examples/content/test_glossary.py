"""Tests of links to the glossary."""

from __future__ import annotations

import pytest

from examples.content.glossary import Linker, anchor_of


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Context manager", "context-manager"),
        ("`with` statement", "with-statement"),
        ("Set-like views", "set-like-views"),
    ],
)
def test_a_heading_has_the_anchor_that_markdown_gives_it(heading: str, anchor: str) -> None:
    assert anchor_of(heading) == anchor


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("Heat the oven.", "Heat the [oven](#oven)."),
        ("Ovens are hot.", "[Ovens](#oven) are hot."),
        ("The *oven* is hot.", "The *[oven](#oven)* is hot."),
        ("Call `heat(oven, hot)` or the oven.", "Call `heat(oven, hot)` or the [oven](#oven)."),
        ("See [the oven](#there).", "See [the oven](#there)."),
        ("The ovenproof dish.", "The ovenproof dish."),
    ],
)
def test_a_mention_is_linked(text: str, linked: str) -> None:
    assert Linker([("oven", "Oven")]).linked(text) == linked


def test_only_the_first_mention_is_linked() -> None:
    linker = Linker([("oven", "Oven")])

    texts = [linker.linked("An oven beside an oven."), linker.linked("One more oven.")]

    assert texts == ["An [oven](#oven) beside an oven.", "One more oven."]


def test_longer_terms_are_linked_first() -> None:
    linker = Linker([("yeast", "Yeast"), ("wild yeast", "Wild yeast")])

    assert linker.linked("Wild yeast and yeast.") == "[Wild yeast](#wild-yeast) and [yeast](#yeast)."


def test_a_term_with_code_is_linked() -> None:
    linker = Linker([("with statement", "`with` statement")])

    assert linker.linked("A `with` statement runs.") == "A [`with` statement](#with-statement) runs."

"""Tests of definitions."""

from __future__ import annotations

import pytest

from examples.research.definitions import defined_in, definitions_of
from tests.examples.research.builders import statement


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("A *context manager* is an object with two methods.", "context manager"),
        ("Such functions are called *generator functions*.", "generator functions"),
        ("*Names* refer to objects.", "Names"),
        ("A class definition is an executable statement.", "class definition"),
        ("In general, a descriptor is an object attribute.", "descriptor"),
        ("Tuples are immutable sequences.", "Tuples"),
        ("The `with` statement is used to wrap a block.", "`with` statement"),
    ],
)
def test_what_is_defined_is_found(text: str, term: str) -> None:
    assert defined_in(text) == term


@pytest.mark.parametrize(
    "text",
    [
        "There are two ways to do it.",
        "A non-empty `return` statement is a syntax error.",
        "*name* is the attribute name.",
        "Strings are not mutable.",
        "The loop ends.",
    ],
)
def test_what_defines_nothing_is_seen(text: str) -> None:
    assert defined_in(text) == ""


def test_only_terms_that_matter_are_defined_and_each_once() -> None:
    asked = statement("A *sourdough* is a dough with wild yeast.", number=1)
    again = statement("A *sourdough* is a starter of bread.", number=2)
    common = statement("A *crust* is the hard part of bread.", number=3)
    stranger = statement("A *cellar* is a room below the ground.", number=4)
    extracts = [asked, statement("The crust is hard.", number=5), common]

    found = definitions_of([asked, again, common, stranger], extracts, {"sourdough": 1.0})

    assert {each.term: each.statement for each in found} == {"sourdough": asked, "crust": common}

"""Tests of themes."""

from __future__ import annotations

from examples.research.themes import REST, sides_of, themes_of
from tests.examples.research.builders import statement


def test_statements_of_one_section_are_a_theme() -> None:
    statements = [
        statement("Yeast rises.", number=1, section="Bread"),
        statement("Wort is hot.", number=2, section="Beer"),
        statement("Bread is warm.", number=3, section="Bread"),
    ]

    themes = themes_of(statements, ["yeast"])

    assert [(theme.label, theme.statements) for theme in themes] == [
        ("Notes: Bread", ("notes:1/1", "notes:3/1")),
        (REST, ("notes:2/1",)),
    ]


def test_statements_without_a_section_in_common_may_share_a_term() -> None:
    statements = [
        statement("Then `knead()` is called.", number=1, section="Bread"),
        statement("Never call `knead()` twice.", number=2, section="Dough"),
    ]

    (theme,) = themes_of(statements, ["dough"])

    assert theme.label == "`knead()`"


def test_a_term_of_the_question_is_no_theme() -> None:
    statements = [
        statement("Then `knead()` is called.", number=1, section="Bread"),
        statement("Never call `knead()` twice.", number=2, section="Dough"),
    ]

    (theme,) = themes_of(statements, ["knead"])

    assert theme.label == REST


def test_every_statement_has_one_theme() -> None:
    sections = ["Bread", "Beer", "Bread", "Wine", "Beer", "Cellar"]
    statements = [
        statement("The wild yeast of the bread rises.", number=number, section=section)
        for number, section in enumerate(sections, start=1)
    ]

    themes = themes_of(statements, [])

    keys = [key for theme in themes for key in theme.statements]
    assert sorted(keys) == sorted(each.key for each in statements)


def test_compared_things_are_set_side_by_side() -> None:
    statements = [
        statement("Bread and beer need yeast.", number=1),
        statement("Beer is cold.", number=2),
        statement("The crust is hard.", number=3, section="Bread"),
        statement("The cellar is dark.", number=4),
    ]

    sides = sides_of(statements, ("bread", "beer"))

    assert [(side.label, side.statements) for side in sides] == [
        ("Bread", ("notes:3/1",)),
        ("Beer", ("notes:2/1",)),
        ("Bread and beer", ("notes:1/1",)),
    ]


def test_compared_code_is_shown_as_code() -> None:
    (side,) = sides_of([statement("Call `__exit__()` at last.")], ("__enter__", "__exit__"))

    assert side.label == "`__exit__`"

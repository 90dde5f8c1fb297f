"""Tests of the terms that documents define."""

from __future__ import annotations

from examples.content.terms import Terms
from examples.research.corpus import python_reference
from examples.research.document import Document
from tests.examples.content.builders import BAKERY


def terms_in(text: str) -> Terms:
    return Terms([Document("notes.md", f"# Notes\n\n{text}\n", "markdown")])


def test_a_definition_has_its_term_and_its_source() -> None:
    (definition,) = Terms(BAKERY).wanted_in(["The sourdough is fed."])

    assert (definition.term, definition.key) == ("Sourdough", "sourdough")
    assert definition.statement.text.startswith("A *sourdough* is a dough")
    assert definition.passage.id == "bread.md:1"


def test_what_the_text_says_itself_is_not_wanted() -> None:
    assert Terms(BAKERY).wanted_in(["A *sourdough* is a dough that rises by the work of wild grain."]) == []


def test_what_is_not_used_is_not_wanted() -> None:
    assert Terms(BAKERY).wanted_in(["The beer is cold."]) == []


def test_what_says_nothing_is_no_definition() -> None:
    terms = terms_in("Loaves are written on the menu of the day by hand. A loaf is a bread.")

    assert terms.wanted_in(["Loaves and a loaf."]) == []


def test_a_word_of_code_is_no_term() -> None:
    terms = terms_in("The `loaf` is a special kind of bread whose crust is soft.")

    assert terms.wanted_in(["The loaf is cold."]) == []


def test_no_more_than_five_are_wanted_and_rare_ones_first() -> None:
    definitions = [f"A *loaf{number}* is a bread of the size {number} for few people." for number in range(9)]
    mentions = "The loaf0 and the loaf1 are sold here."

    wanted = terms_in("\n\n".join([*definitions, mentions * 3])).wanted_in(
        [f"Bakers sell the loaf{number} daily." for number in range(9)]
    )

    assert len(wanted) == 5


def test_the_python_reference_defines_terms() -> None:
    wanted = Terms(python_reference().documents).wanted_in(["The suite of a context manager is executed."])

    assert "Context manager" in [each.term for each in wanted]

"""Tests of statements."""

from __future__ import annotations

from examples.research.corpus import python_reference
from examples.research.passages import passages_of
from examples.research.statements import distinct, statements_of
from tests.examples.research.builders import passage, statement


def texts(*paragraphs: str, subject: str = "") -> list[str]:
    return [each.text for each in statements_of(passage(*paragraphs, subject=subject))]


def test_a_dependent_sentence_stays_with_the_one_before_it() -> None:
    first = "The loop runs until the list is empty."
    second = "This takes a while for very long lists."

    assert texts(f"{first} {second} A second loop may run beside.") == [
        f"{first} {second}",
        "A second loop may run beside.",
    ]


def test_a_dependent_sentence_at_the_start_is_left_out() -> None:
    assert texts("This takes a while for long lists. A loop runs until the list is empty.") == [
        "A loop runs until the list is empty."
    ]


def test_a_statement_ends_before_what_cannot_be_quoted() -> None:
    assert texts("The loop runs until the list is empty. It is described in section Loops.") == [
        "The loop runs until the list is empty."
    ]


def test_a_colon_before_an_example_is_left_out() -> None:
    assert texts("If the list is empty, the loop ends at once:") == ["If the list is empty, the loop ends at once"]


def test_a_phrase_needs_a_subject() -> None:
    phrase = "The tuple of base classes of a class object."

    assert texts(phrase) == []
    assert texts(phrase, subject="class.__bases__") == [phrase]


def test_of_nearly_equal_statements_the_first_is_kept() -> None:
    first = statement("The `finally` clause is executed before leaving the function.")
    second = statement("The finally clause is executed before leaving a function.", number=2)
    third = statement("Brewers add yeast to the cold wort.", number=3)

    assert distinct([first, second, third]) == [first, third]


def test_statements_are_ordered_by_number_not_by_text() -> None:
    early, late = statement("Early.", number=9), statement("Late.", number=10)

    assert sorted([late, early], key=lambda each: each.position) == [early, late]


def test_every_statement_of_the_reference_is_word_for_word_in_its_passage() -> None:
    passages = [each for document in python_reference().documents for each in passages_of(document)]

    found = [(each, passage) for passage in passages for each in statements_of(passage)]

    assert len(found) > 1000
    assert [each.key for each, passage in found if each.text not in passage.text] == []

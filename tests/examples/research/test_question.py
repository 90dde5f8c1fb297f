"""Tests of questions."""

from __future__ import annotations

import pytest

from examples.research.errors import EmptyQuestionError
from examples.research.question import compared_in, terms_of


def shown(question: str) -> list[str]:
    return [term.shown for term in terms_of(question)]


def test_words_without_meaning_are_not_looked_up() -> None:
    assert shown("What happens when an exception is raised?") == ["exception", "raised"]


def test_a_keyword_is_looked_up_with_its_noun() -> None:
    assert shown("What does a with statement return?") == ["with statement", "return"]


def test_a_noun_that_tells_something_is_looked_up_alone_as_well() -> None:
    assert shown("When does the for loop end?") == ["for loop", "loop", "end"]


def test_a_quoted_word_is_looked_up_whatever_it_is() -> None:
    assert shown("What is `is`?") == ["is"]


def test_forms_of_a_word_are_looked_up_once() -> None:
    assert shown("Is a raised exception raising exceptions?") == ["raised", "exception"]


def test_a_question_without_a_term_is_refused() -> None:
    with pytest.raises(EmptyQuestionError, match="nothing to look up in 'What is it about\\?'"):
        terms_of("What is it about?")


@pytest.mark.parametrize(
    ("question", "things"),
    [
        ("What is the difference between a list and a tuple?", ("list", "tuple")),
        ("Compare generators with coroutines.", ("generators", "coroutines")),
        ("Threads vs processes", ("Threads", "processes")),
        ("How does a lambda differ from a function?", ("lambda", "function")),
        ("the difference between with and try", ("with", "try")),
        ("the difference between a and an", ("a", "an")),
    ],
)
def test_the_things_that_are_compared_are_found(question: str, things: tuple[str, str]) -> None:
    assert compared_in(question) == things


def test_a_question_may_compare_nothing() -> None:
    assert compared_in("What differs?") is None

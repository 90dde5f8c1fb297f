"""Tests of sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.research.sentences import is_dependent, is_quotable, leans_on, sentences_of


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One is here. Two is there! Is three?", 3),
        ("Use e.g. `a. B` or i.e. version 3.11. Then stop.", 2),
        ("It is called by `f.x()`. `g` is not.", 2),
        ("Read it etc. Then write it.", 2),
        ("It is true (this is an aside. It goes on). Next one.", 2),
        ("He said “Stop.” Then he left.", 2),
        ("Dr. Who met J. R. Smith.", 1),
        ("no end", 1),
        ("", 0),
    ],
)
def test_sentences_end_where_a_reader_sees_it(text: str, count: int) -> None:
    assert len(sentences_of(text)) == count


@given(st.lists(st.sampled_from(["It is.", "`a. B`", "(x.", "y)", "e.g.", "End.", "ö", "3.5"])))
def test_splitting_loses_nothing(parts: list[str]) -> None:
    text = " ".join(parts)

    assert " ".join(sentences_of(text)) == text


@given(st.text())
def test_splitting_loses_no_word_of_any_text(text: str) -> None:
    assert "".join("".join(sentences_of(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    "sentence",
    [
        "This is why.",
        "Otherwise, it ends.",
        "If it is true, it ends.",
        "In this case the loop ends.",
        "For example, `f()` returns.",
        "(See the note.)",
    ],
)
def test_a_sentence_that_refers_back_is_dependent(sentence: str) -> None:
    assert is_dependent(sentence)


@pytest.mark.parametrize("sentence", ["If a loop ends, it ends.", "Thislands are far.", "In general, a loop ends."])
def test_a_sentence_that_names_its_subject_is_independent(sentence: str) -> None:
    assert not is_dependent(sentence)


def test_a_sentence_leans_on_the_one_whose_thing_it_takes_up() -> None:
    first = "If the return value from the method was false, the exception is raised again."

    assert leans_on("If the return value was true, the exception is lost.", first)
    assert not leans_on("If the with statement ends, the file is closed.", first)


@pytest.mark.parametrize(
    "sentence",
    [
        "The `with` statement is used to wrap a block.",
        "**Defaults are evaluated from left to right.**",
        "*Names* refer to objects of every kind.",
        "If a `finally` clause returns, the saved exception is discarded:",
    ],
)
def test_whole_sentences_are_quotable(sentence: str) -> None:
    assert is_quotable(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Too short here.",
        "the start of the sentence is missing here.",
        "The end of the sentence is missing here",
        "The sentence has an (unclosed bracket in it.",
        "The sentence has an unclosed `code span in it.",
        "The following table lists all of the operators.",
        "The sentence before is described in section Calls of it.",
        "The syntax is {name} for each of the fields.",
        "Is this a question or is it not?",
        "The typical usage of the debugger is as follows:",
        "See https://example.org for all of the rest.",
        "`a` `b` `c` `d` `e` `f` `g` are code.",
        'The code "m.__dict__[`x`] = 1" is only half converted.',
        " ".join(["Much", *["too"] * 70, "long."]),
    ],
)
def test_fragments_and_pointers_are_not_quotable(sentence: str) -> None:
    assert not is_quotable(sentence)

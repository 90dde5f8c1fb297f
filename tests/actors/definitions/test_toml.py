from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.definitions.document import UnreadableError
from actors.definitions.toml import parse
from actors.workflow_errors import Mistake


def refused(text: str) -> Mistake:
    with pytest.raises(UnreadableError) as caught:
        parse(text)
    (mistake,) = caught.value.mistakes
    return mistake


@pytest.mark.parametrize(
    ("text", "problem", "line", "column"),
    [
        ("a = 1\nb = ", "is not TOML: invalid value at its end", 2, 5),
        ("a = 1\n\na = 2\n", "is not TOML: cannot overwrite a value; a key is stated once", 3, 6),
        ("[a]\n[b]\n[a]", "is not TOML: cannot declare ('a',) twice; a key is stated once", 3, 3),
        ("a = [\n  1,\n", "is not TOML: invalid value at its end", 2, 5),
        ("a = 'x", 'is not TOML: expected "\'" at its end', 1, 7),
        ("a = 1\r\nb = \r\n", "is not TOML: invalid value", 2, 5),
    ],
)
def test_a_text_that_is_no_toml_is_refused_with_the_position(text: str, problem: str, line: int, column: int) -> None:
    assert refused(text) == Mistake("", problem, line, column)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a = " + "[" * 5000, "is not TOML that can be read: lists nest too deeply"),
        ("a = " + "9" * 5000, "is not TOML that can be read: Exceeds the limit (4300 digits)"),
    ],
)
def test_what_python_itself_cannot_read_is_refused(text: str, problem: str) -> None:
    assert refused(text).problem.startswith(problem)


def test_lists_nest_as_deeply_as_tomllib_reads_them() -> None:
    deep = "a = " + "[" * 100 + "]" * 100

    assert len(parse(deep).positions) == 2 + 99


@settings(deadline=None, max_examples=500)
@given(st.text(st.sampled_from("ab=[]{}\"'\\.,#\n 1-:T"), max_size=20))
def test_whatever_the_text_it_is_read_or_refused(text: str) -> None:
    try:
        document = parse(text)
    except UnreadableError as error:
        assert error.mistakes
    else:
        assert isinstance(document.data, dict)

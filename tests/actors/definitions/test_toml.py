from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.definitions.document import UnreadableError
from actors.definitions.toml import parse
from actors.definitions.toml_extent import MAX_LEVELS, MAX_PARTS
from actors.values.workflow_errors import Mistake
from tests.thoroughness import examples


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
    ("text", "line", "column"),
    [
        ("a = " + "9" * 5000, 1, 5),
        ("a = 1\nb = '" + "8" * 6000 + "'\n  [t]\nc = [1, -" + "9_" * 5000 + "9 ]", 4, 9),
    ],
)
def test_a_number_that_python_itself_cannot_read_is_refused(text: str, line: int, column: int) -> None:
    mistake = refused(text)

    assert mistake.problem.startswith("is not TOML that can be read: Exceeds the limit (4300 digits)")
    assert (mistake.line, mistake.column) == (line, column)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("a = " + "[" * 33 + "]" * 33, 37),
        ("a = " + "[" * 500_000, 37),
        ("a = " + "{a = " * 33 + "1" + "}" * 33, 165),
        ("a = [ # ]\n" + "[" * 40, 32),
    ],
    ids=["lists", "many lists", "tables", "lines"],
)
def test_brackets_that_nest_too_deeply_are_refused_before_the_text_is_read(text: str, column: int) -> None:
    mistake = refused(text)

    assert mistake.problem == f"is not TOML that can be read: brackets nest deeper than {MAX_LEVELS} levels"
    assert mistake.column == column


@pytest.mark.parametrize("text", ["a{} = 1", "[a{}]", "[[a{}]]", "x = {{a{} = 1}}"])
def test_a_key_of_too_many_parts_is_refused_before_the_text_is_read(text: str) -> None:
    assert parse(text.format(" . 'b'" * (MAX_PARTS - 1)))

    mistake = refused(text.format(" . 'b'" * MAX_PARTS))

    assert mistake.problem == f"is not TOML that can be read: a key has more than {MAX_PARTS} parts"


def test_keys_of_many_parts_are_refused_when_there_are_too_many_of_them() -> None:
    key = ".".join(["a"] * (MAX_PARTS - 1))

    assert parse("".join([f"[b{number}.{key}]\n" for number in range(100)]))
    mistake = refused("".join([f"[b{number}.{key}]\n" for number in range(3_000)]))

    assert mistake.problem.endswith("keys have too many parts in all; write tables within tables")


MANY = "[." * 99


@pytest.mark.parametrize(
    "text",
    [
        f"a = {'[' * MAX_LEVELS}{']' * MAX_LEVELS}",
        f"a = '{MANY}'",
        f'a = "{MANY} \\" {MANY}"',
        f"a = 1 # {MANY}",
        f'a = """{MANY}\n" {MANY}"""',
        f"a = '''{MANY}\n' {MANY}'''",
        "\n".join(f"a.b{number} = 1.5" for number in range(99)),
        f"a = [{'1.5,' * 99}]",
    ],
    ids=range(8),
)
def test_what_is_text_or_stands_side_by_side_does_not_nest(text: str) -> None:
    assert parse(text)


@pytest.mark.parametrize(
    "rest",
    ['"', "'", '"""', "'''", '"' + '\\"' * 300_000, '"""' + '\\"' * 300_000, "[" * 30, "." * 60],
    ids=range(8),
)
def test_a_text_that_does_not_end_is_refused_in_one_pass(rest: str) -> None:
    assert refused("a = " + rest).problem.startswith("is not TOML")


@settings(deadline=None, max_examples=examples(500))
@given(st.text(st.sampled_from("ab=[]{}\"'\\.,#\n 1-:T"), max_size=20))
def test_whatever_the_text_it_is_read_or_refused(text: str) -> None:
    try:
        document = parse(text)
    except UnreadableError as error:
        assert error.mistakes
    else:
        assert isinstance(document.data, dict)

import json
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisors.excerpt import LONGEST_EXCERPT, cut, excerpt, shown


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class Exiting:
    def __repr__(self) -> str:
        raise SystemExit(3)


class UnprintableInt(int):
    def __repr__(self) -> str:
        raise RuntimeError("no")


class Talkative:
    def __repr__(self) -> str:
        return "first\nsecond"


# reprlib goes by the name of a type, so this one is taken for the builtin.
NamedLikeInt = type("int", (UnprintableInt,), {})


def test_short_values_are_shown_whole() -> None:
    assert excerpt("now") == "'now'"
    assert excerpt(0) == "0"
    assert excerpt((1, "a")) == "(1, 'a')"


@pytest.mark.parametrize(
    "value",
    [Unprintable(), Exiting(), UnprintableInt(1), NamedLikeInt(1), [Unprintable()], 10**10_000],
    ids=["object", "exiting", "int", "named-int", "nested", "too-many-digits"],
)
def test_values_that_cannot_be_printed_are_named_by_their_type(value: object) -> None:
    assert "object at 0x" in excerpt(value) or "instance at 0x" in excerpt(value)


def test_an_interrupt_is_no_fault_of_the_value() -> None:
    class Interrupted:
        def __repr__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        excerpt(Interrupted())


def test_line_breaks_are_taken_out() -> None:
    assert excerpt(Talkative()) == "first second"


def test_long_values_end_in_dots() -> None:
    text = excerpt({f"key {number}": "x" * 50 for number in range(100)})

    assert len(text) == LONGEST_EXCERPT
    assert text.endswith("...")


def test_recursive_containers_are_cut() -> None:
    ring: list[object] = []
    ring.append(ring)

    assert len(excerpt(ring)) <= LONGEST_EXCERPT


@given(
    st.recursive(
        st.none() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_value_fits_on_one_short_line(value: object) -> None:
    text = excerpt(value)

    assert 0 < len(text) <= LONGEST_EXCERPT
    assert len(text.splitlines()) == 1


@given(st.text(max_size=50), st.integers(min_value=1, max_value=60))
def test_a_cut_text_keeps_its_beginning_and_its_end_and_says_how_much_is_missing(text: str, most: int) -> None:
    short = cut(text, most)

    if len(text) <= most:
        assert short == text
        return
    head, _, rest = short.partition(f"[... {len(text) - most} characters left out ...]")
    assert len(head) + len(rest) == most
    assert text.startswith(head)
    assert text.endswith(rest)


@given(st.text())
def test_what_is_shown_is_one_line_that_acts_on_no_terminal(text: str) -> None:
    line = shown(text)

    assert line.encode().decode() == line
    assert len(line.splitlines()) <= 1
    assert not any(category(character) in ("Cs", "Zl", "Zp") for character in line)
    assert all(character == "\t" for character in line if category(character) == "Cc")
    assert shown(line) == line


@given(st.text())
def test_in_json_what_is_shown_means_what_it_stands_for(text: str) -> None:
    written = json.dumps(text, ensure_ascii=False)

    assert json.loads(shown(written)) == text


def test_what_is_harmless_or_ours_is_left_as_it_is() -> None:
    assert shown("a\tb\u3000\u00a0 é \U0001f469\u200d\U0001f52c") == "a\tb\u3000\u00a0 é \U0001f469\u200d\U0001f52c"
    assert shown("one\ntwo\x1b", keep="\n") == "one\ntwo\\u001b"


def test_what_turns_the_direction_of_writing_is_shown() -> None:
    assert shown("a\u202eb\u2066c") == r"a\u202eb\u2066c"


def test_an_excerpt_of_what_prints_control_characters_shows_them() -> None:
    class Colourful:
        def __repr__(self) -> str:
            return "\x1b[31mred"

    assert excerpt(Colourful()) == r"\u001b[31mred"

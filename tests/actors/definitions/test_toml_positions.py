from __future__ import annotations

import string
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.definitions.document import Position
from actors.definitions.toml_layout import laid_out
from actors.definitions.toml_positions import positions_of
from actors.grammar.place import Place
from tests.thoroughness import examples

TEXT = """\
# a comment = [not a key]
name = "x" # { another }
"quoted key" . 'and \\ literal'. bare-1 = '''
[not.a.header]
x = 1'''
empty = { }
nothing = []
when = 1979-05-27 07:32:00  # a space in it
tricky = \"\"\"a "quoted" \\" \\\\ ] } # \"\"\"\"\"

[ table . sub ]
list = [ # comment
    "one", 'two' , # another ]
    [ 3, [ 4 ], ], { a.b = 5, "c" = [6] },
]

  [[things]]
  n = 1
    [[things.parts]]
    p = 1
    [[things.parts]]
    p = 2
    [things.parts.detail]
    d = true
[[things]]
n = 2
[things.more]
"""

EXPECTED = {
    (): (1, 1),
    ("name",): (2, 1),
    ("quoted key",): (3, 1),
    ("quoted key", "and \\ literal"): (3, 16),
    ("quoted key", "and \\ literal", "bare-1"): (3, 33),
    ("empty",): (6, 1),
    ("nothing",): (7, 1),
    ("when",): (8, 1),
    ("tricky",): (9, 1),
    ("table",): (11, 3),
    ("table", "sub"): (11, 11),
    ("table", "sub", "list"): (12, 1),
    ("table", "sub", "list", 0): (13, 5),
    ("table", "sub", "list", 1): (13, 12),
    ("table", "sub", "list", 2): (14, 5),
    ("table", "sub", "list", 2, 0): (14, 7),
    ("table", "sub", "list", 2, 1): (14, 10),
    ("table", "sub", "list", 2, 1, 0): (14, 12),
    ("table", "sub", "list", 3): (14, 20),
    ("table", "sub", "list", 3, "a"): (14, 22),
    ("table", "sub", "list", 3, "a", "b"): (14, 24),
    ("table", "sub", "list", 3, "c"): (14, 31),
    ("table", "sub", "list", 3, "c", 0): (14, 38),
    ("things",): (17, 5),
    ("things", 0): (17, 3),
    ("things", 0, "n"): (18, 3),
    ("things", 0, "parts"): (19, 14),
    ("things", 0, "parts", 0): (19, 5),
    ("things", 0, "parts", 0, "p"): (20, 5),
    ("things", 0, "parts", 1): (21, 5),
    ("things", 0, "parts", 1, "p"): (22, 5),
    ("things", 0, "parts", 1, "detail"): (23, 19),
    ("things", 0, "parts", 1, "detail", "d"): (24, 5),
    ("things", 1): (25, 1),
    ("things", 1, "n"): (26, 1),
    ("things", 1, "more"): (27, 9),
}

# Keys and texts that are made to be taken for something else.
nasty = st.text(st.sampled_from("a\"'\\#[]{}=,.\n\t \u0085é"), max_size=6)
bare = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=4)
scalars = st.one_of(nasty, st.integers(), st.booleans(), st.floats(allow_nan=False))
data: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(bare | nasty, inner, max_size=3)),
    max_leaves=12,
)
documents = st.dictionaries(bare | nasty, data, max_size=4)


def places_in(value: Any, place: Place = ()) -> Iterator[Place]:
    yield place
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from places_in(item, (*place, step))


def test_every_key_and_item_is_where_it_stands() -> None:
    positions = positions_of(TEXT, {*EXPECTED, ("nowhere",)})

    assert positions == {place: Position(*where) for place, where in EXPECTED.items()}
    assert set(positions) == set(places_in(tomllib.loads(TEXT)))


@settings(deadline=None, max_examples=examples(300))
@given(documents)
def test_the_places_are_those_that_tomllib_reads(document: dict[str, Any]) -> None:
    text = laid_out(document)

    positions = positions_of(text, {(), *places_in(tomllib.loads(text))})

    assert set(positions) == set(places_in(tomllib.loads(text)))
    lines = text.split("\n")
    for place, (line, column) in positions.items():
        if place and isinstance(place[-1], str):
            written = lines[line - 1][column - 1 :]
            assert written.startswith((place[-1] or '""', '"', "["))


@settings(deadline=None, max_examples=examples(300))
@given(documents)
def test_what_is_laid_out_is_read_as_it_was(document: dict[str, Any]) -> None:
    assert tomllib.loads(laid_out(document)) == document


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_the_ends_of_lines_do_not_matter(ending: str) -> None:
    text = ending.join(["a = 1", "[b]", "c = [", "2,", "3 ]"]).replace("\r\n", "\n")

    assert positions_of(text, {("b", "c", 1)})["b", "c", 1] == (5, 1)


def test_what_should_not_have_been_read_is_a_defect() -> None:
    with pytest.raises(AssertionError, match="should not have been read by tomllib"):
        positions_of("= 1", set())

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.definitions import Definition
from actors.definitions import yaml as reader
from actors.definitions.document import Position, UnreadableError
from actors.definitions.yaml import MAX_DEPTH, MAX_VALUES, dump, parse
from actors.grammar.place import Place
from actors.grammar.reader import MOST_MISTAKES
from actors.values.workflow_errors import DefinitionError, Mistake
from tests.thoroughness import examples

texts = st.text(st.characters(codec="utf-8"), max_size=8)
scalars = st.one_of(texts, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False))
data: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)


def refused(text: str) -> tuple[Mistake, ...]:
    with pytest.raises(UnreadableError) as caught:
        parse(text)
    return caught.value.mistakes


@settings(deadline=None, max_examples=examples(300))
@given(st.dictionaries(texts, data, max_size=3))
def test_what_is_written_is_read_as_it_was(document: dict[str, Any]) -> None:
    assert parse(dump(document)).data == document


@settings(deadline=None, max_examples=examples(200))
@given(texts)
def test_texts_stay_texts_for_readers_of_any_version(text: str) -> None:
    written = dump({"a": text})

    assert parse(written).data == {"a": text}
    assert yaml.safe_load(written) == {"a": text}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", "yes"),
        ("off", "off"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2026-01-02", "2026-01-02"),
        ("=", "="),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("-7", -7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ("+.INF", math.inf),
        ("True", True),
        ("false", False),
        ("~", None),
        ("", None),
        ("!!str 5", "5"),
        ("!!int 5", 5),
        ('"5"', "5"),
        ("[1, [2]]", [1, [2]]),
        ("{b: 1, 'on': 2}", {"b": 1, "on": 2}),
    ],
)
def test_plain_scalars_are_those_of_yaml_1_2(written: str, value: Any) -> None:
    read = parse(f"a: {written}").data["a"]

    assert (type(read), read) == (type(value), value)


def test_not_a_number_is_read() -> None:
    assert math.isnan(parse("a: .nan").data["a"])


def test_the_key_of_a_retry_is_a_text() -> None:
    text = "workflow:\n  branch: a\n  retry:\n    on: [builtins.OSError]\n"

    assert Definition.parse(text, "yaml").workflow.retry.on == ("builtins.OSError",)


def test_places_have_the_positions_of_their_keys_and_items() -> None:
    document = parse("a: 1\nb:\n  - x\n  - c: [y]\n")
    expected: dict[Place, tuple[int, int]] = {
        (): (1, 1),
        ("a",): (1, 1),
        ("b",): (2, 1),
        ("b", 0): (3, 5),
        ("b", 1): (4, 5),
        ("b", 1, "c"): (4, 5),
        ("b", 1, "c", 0): (4, 9),
    }

    found = document.positions({*expected, ("b", 2), ("c",), ("a", "x")})

    assert found == {place: Position(*where) for place, where in expected.items()}


def test_an_alias_stands_for_what_it_names() -> None:
    assert parse("a: &x [1, 2]\nb: *x").data == {"a": [1, 2], "b": [1, 2]}


def test_an_empty_text_is_an_empty_table() -> None:
    assert parse("# nothing").data == {}


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        (
            "a: [1, 2",
            [("", "is not YAML: while parsing a flow sequence did not find expected ',' or ']'", 2, 1)],
        ),
        ("a: 1\nb\nc: 2", [("", "is not YAML: while scanning a simple key could not find expected ':'", 3, 1)]),
        ("x: *a", [("", "is not YAML: found undefined alias 'a'", 1, 4)]),
        (
            "a: 1\n--- \nb: 1",
            [("", "is not YAML: expected a single document in the stream but found another document", 2, 1)],
        ),
        ("a: 1\nb: \x01", [("", "is not YAML: control characters are not allowed", 2, 4)]),
        ("[" * 40, [("", "is not YAML that can be read: brackets nest deeper than 32 levels", 1, 33)]),
        ("a: " + "{a: " * 500_000, [("", "is not YAML that can be read: brackets nest deeper than 32 levels", 1, 132)]),
        ("- " * 500_000, [("", f"is not YAML that can be read: it nests deeper than {MAX_DEPTH} levels", 1, 403)]),
        ("a: 1\n'a': 2", [("a", "stands for the second time; a key is stated once", 2, 1)]),
        (
            "5: a\n~: b\n? [c]\n: d",
            [
                ("", "must have texts as keys; put '5' into quotes", 1, 1),
                ("", "must have texts as keys; put '~' into quotes", 2, 1),
                ("", "must have texts as keys; put this one into quotes", 3, 3),
            ],
        ),
        (
            "a: &x {b: 1}\nc:\n  <<: *x",
            [("c", "must not merge with '<<', which YAML 1.2 does not have; write the keys out", 3, 3)],
        ),
        (
            "a: !!python/object/apply:os.system [x]\nb: !own {}\nc: !!int x\nd: !!binary x",
            [
                ("a", "must be plain data, without the tag '!!python/object/apply:os.system'", 1, 4),
                ("b", "must be plain data, without the tag '!own'", 2, 4),
                ("c", "must be plain data, without the tag '!!int'", 3, 4),
                ("d", "must be plain data, without the tag '!!binary'", 4, 4),
            ],
        ),
        ("a: &x [*x]", [("a[0]", "contains itself", 1, 4)]),
        ("a: &x {b: *x}", [("a.b", "contains itself", 1, 4)]),
    ],
    ids=range(14),
)
def test_what_has_no_place_in_a_definition_is_refused(text: str, mistakes: list[tuple[Any, ...]]) -> None:
    assert list(refused(text)) == [Mistake(*mistake) for mistake in mistakes]


@pytest.mark.parametrize("text", ["[" * 500_000, "{a: " * 200_000, "? " * 500_000, "a:\n" + "- !x y\n" * 100_000])
def test_what_would_take_long_is_refused_before_it_is_read_to_the_end(text: str) -> None:
    (mistake,) = refused(text)

    assert mistake.line < 100_000
    assert mistake.problem.startswith("is not YAML")


def test_no_more_than_a_hundred_mistakes_are_told() -> None:
    assert len(list(refused("a:\n" + "- !x y\n" * 200))) == MOST_MISTAKES


def test_without_libyaml_the_same_is_read_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_Loader", reader._loader_over(reader._Events))

    assert parse("a: &x {b: [1, 'c']}\nd: *x").data == {"a": {"b": [1, "c"]}, "d": {"b": [1, "c"]}}
    assert list(refused("a: é\nb: \x01")) == [Mistake("", "is not YAML: special characters are not allowed", 2, 4)]
    assert list(refused("a: {<<: 1}")) == [Mistake("a", MERGED, 1, 5)]


def test_positions_count_characters() -> None:
    assert list(refused("é: é\nb: \x01")) == [Mistake("", "is not YAML: control characters are not allowed", 2, 4)]


MERGED = "must not merge with '<<', which YAML 1.2 does not have; write the keys out"


def test_a_quoted_merge_key_is_a_key_like_others() -> None:
    assert parse("'<<': 1").data == {"<<": 1}


def test_a_number_of_too_many_digits_is_refused() -> None:
    (mistake,) = refused(f"a: {'9' * 5000}")

    assert mistake[0] == "a"
    assert mistake.problem.startswith("cannot be read: Exceeds the limit")


def test_aliases_make_a_text_only_so_long() -> None:
    lines = ["a0: &a0 [" + ", ".join(["x"] * 10) + "]"]
    for number in range(1, 8):
        lines.append(f"a{number}: &a{number} [" + ", ".join([f"*a{number - 1}"] * 10) + "]")

    (mistake,) = refused("\n".join(lines))

    assert mistake.problem == f"is not YAML that can be read: with its aliases it holds more than {MAX_VALUES} values"


def test_lists_within_lists_are_refused_beyond_a_depth() -> None:
    aliases = [f"a{number}: &a{number} [*a{number - 1}]" for number in range(1, MAX_DEPTH + 2)]

    mistakes = refused("\n".join(["a0: &a0 [x]", *aliases]))

    assert {mistake.problem for mistake in mistakes} == {f"nests deeper than {MAX_DEPTH} levels"}


def test_all_that_yaml_itself_refuses_is_told_with_the_source() -> None:
    with pytest.raises(DefinitionError, match=r"^flow\.yaml:2:1: a stands for the second time"):
        Definition.parse("a: 1\na: 2", "yaml", source="flow.yaml")

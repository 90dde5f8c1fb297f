import copy
import datetime as datetimes
import math
import operator
import pickle
import re
import typing
import zoneinfo
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import conditions
from actors.comparing import are_equal, identity
from actors.conditions import (
    MAX_CONDITION_DEPTH,
    MOST_CONDITIONS,
    STOCK_CONDITIONS,
    All,
    Any,
    Compare,
    Condition,
    Contains,
    Equals,
    Exists,
    Matches,
    Not,
    check_condition,
    contains,
)
from actors.errors import IncomparableError, SharedValueError
from actors.frozen import FrozenList, same
from actors.state import Snapshot, State
from actors.values import freeze
from tests.actors.plain_data import Point, Question, nested, plain_data


def held(condition: Condition, **values: typing.Any) -> bool:
    return condition.holds(State(values).snapshot())


class Stubborn:
    def __eq__(self, other: object) -> bool:
        raise AssertionError("code of a user's ran")

    __hash__ = None  # type: ignore[assignment]  # nothing needs it


def shared(key: str) -> Snapshot:
    state = State()
    state.share(key, Stubborn())
    return state.snapshot()


def test_exists_asks_for_the_key_only() -> None:
    assert held(Exists("a"), a=None)
    assert not held(Exists("a"), b=1)
    assert Exists("a").holds(shared("a"))


@pytest.mark.parametrize(
    ("found", "wanted", "expected"),
    [
        (1, 1, True),
        (1, 1.0, True),
        (1, True, False),
        (False, 0, False),
        (True, True, True),
        ("a", "A", False),
        (None, None, True),
        ([1, [2]], [1.0, [2]], True),
        ([1], [True], False),
        ([1], (1,), False),
        ((1,), (True,), False),
        ([1], [1, 2], False),
        ({"a": [0]}, {"a": [0]}, True),
        ({"a": [0]}, {"a": [False]}, False),
        ({"a": 0}, {"b": 0}, False),
        ({"a": 1}, [], False),
        (Point(1, 2), Point(1, 2), True),
        (Point(1, 2), Question("a"), False),
        ([Point(1, 2)], [Point(1, 3)], False),
        (datetime(2026, 1, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=1))), True),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1), False),
        (b"a", "a", False),
    ],
)
def test_equals_compares_as_python_does_but_for_booleans(found: typing.Any, wanted: typing.Any, expected: bool) -> None:
    assert held(Equals("key", wanted), key=found) is expected
    assert held(Equals("key", found), key=wanted) is expected


@given(plain_data)
def test_everything_but_nan_equals_itself(value: typing.Any) -> None:
    again = copy.deepcopy(value)

    if "nan" not in repr(value):
        assert held(Equals("key", value), key=again)


def test_what_is_missing_equals_and_contains_nothing() -> None:
    assert not held(Equals("key", None), other=1)
    assert not held(Contains("key", None), other=1)


@pytest.mark.parametrize(
    "condition", [Equals("key", 1), Contains("key", 1), Compare("key", "<", 1), Matches("key", "a")]
)
def test_what_is_shared_cannot_be_compared(condition: Condition) -> None:
    with pytest.raises(SharedValueError, match="^'key' is shared by reference"):
        condition.holds(shared("key"))


@pytest.mark.parametrize(
    ("container", "item", "expected"),
    [
        ("The End", "the end", True),
        ("STRASSE", "straße", True),
        ("The End", "done", False),
        ("15", 5, False),
        ([1, "Two"], "two", True),
        ([1, "Two"], "tw", False),
        ([1, 2], 2.0, True),
        ([1, 2], True, False),
        ([True], 1, False),
        ([None], None, True),
        ((1, (2,)), (2,), True),
        ([[1], {"a": 1}], {"a": 1}, True),
        ([[1], {"a": 1}], [1], True),
        ([Point(1)], Point(1), True),
        ([{1: 2}], "a", False),
        ({"Key": 1}, "key", True),
        ({"Key": 1}, 1, False),
        ({5: 1}, 5, True),
        (5, 5, False),
        (b"abc", b"a", False),
        (None, None, False),
    ],
)
def test_contains_looks_into_text_lists_and_keys(container: typing.Any, item: typing.Any, expected: bool) -> None:
    assert held(Contains("key", item), key=container) is expected
    assert contains(freeze(container, "it"), freeze(item, "it")) is expected


@pytest.mark.parametrize("kind", [Equals, Contains])
def test_the_value_is_copied_and_must_be_plain_data(kind: type[typing.Any]) -> None:
    value = [1]
    condition = kind("key", value)
    value.append(2)

    assert condition.value == [1]
    assert type(condition.value) is FrozenList
    with pytest.raises(TypeError, match=r"^the value\[0\] is a builtins\.set, which is not plain data"):
        kind("key", [{1}])
    with pytest.raises(ValueError, match=r": value nests deeper than 100 levels, or contains itself$"):
        kind("key", nested(101))


MADE = [
    Exists,
    lambda key: Equals(key, 1),
    lambda key: Contains(key, 1),
    lambda key: Compare(key, "<", 1),
    lambda key: Matches(key, "a"),
]


@pytest.mark.parametrize("make", MADE)
def test_the_key_is_a_string_that_is_not_empty(make: typing.Any) -> None:
    with pytest.raises(ValueError, match="key"):
        make("")
    with pytest.raises(TypeError, match="key must be a string"):
        make(5)


def test_a_condition_is_a_stock_one_or_a_callable() -> None:
    def own(state: typing.Any) -> bool:
        return True

    for condition in (own, Exists("a")):
        assert check_condition(condition, "until") is condition
    for wrong in ("done", None, Exists, True):
        with pytest.raises(TypeError, match=r"^until must be a condition such as Exists\('key'\), or a callable of "):
            check_condition(wrong, "until")


def test_a_condition_of_ones_own_making_is_refused_because_its_code_would_run_inside() -> None:
    class Own(Exists):
        def __init__(self, key: str) -> None:
            super().__init__(key)

        def holds(self, state: Snapshot, search: typing.Any = None) -> bool:
            raise AssertionError("code of a user's ran")

    with pytest.raises(TypeError, match=r"^until must be a condition such as .*, or a callable of .*, not Own\('a'\)"):
        check_condition(Own("a"), "until")
    with pytest.raises(TypeError, match=r"must consist of stock conditions .*, not of Own\('a'\)"):
        Not(Own("a"))


def test_the_base_of_the_conditions_never_holds() -> None:
    with pytest.raises(NotImplementedError):
        Condition().holds(Snapshot())


# Compare

MOMENT = datetime(2026, 1, 1, 12)
ORDERED: list[tuple[typing.Any, typing.Any]] = [
    (1, 2),
    (1, 1.5),
    (-math.inf, 10**400),
    ("A", "a"),
    ("a", "ab"),
    (b"a", b"b"),
    (date(2026, 1, 1), date(2026, 1, 2)),
    (MOMENT, MOMENT + timedelta(1)),
    (MOMENT.replace(tzinfo=timezone(timedelta(hours=2))), MOMENT.replace(tzinfo=UTC)),
    (MOMENT.replace(tzinfo=UTC), (MOMENT + timedelta(1)).replace(tzinfo=ZoneInfo("Europe/Berlin"))),
    (time(1), time(2)),
    (timedelta(1), timedelta(2)),
]


@pytest.mark.parametrize(("less", "more"), ORDERED)
def test_what_has_an_order_is_compared_by_it(less: typing.Any, more: typing.Any) -> None:
    def results(op: typing.Any) -> tuple[bool, ...]:
        pairs = ((less, more), (less, less), (more, less))
        return tuple([held(Compare("key", op, right), key=left) for left, right in pairs])

    assert results("<") == (True, False, False)
    assert results("<=") == (True, True, False)
    assert results(">") == (False, False, True)
    assert results(">=") == (False, True, True)
    assert results("==") == (False, True, False)
    assert results("!=") == (True, False, True)


UNORDERED: list[tuple[typing.Any, typing.Any, str, str]] = [
    ("5", 5, "str", "int"),
    (True, 1, "bool", "int"),
    (None, 1.0, "None", "float"),
    (b"a", "a", "bytes", "str"),
    ([1], 1, "list", "int"),
    ((1,), 1, "tuple", "int"),
    ({"a": 1}, 1, "dict", "int"),
    (Point(1), 1, "Point", "int"),
    (date(2026, 1, 1), MOMENT, "date", "datetime without time zone"),
    (MOMENT, MOMENT.replace(tzinfo=UTC), "datetime without time zone", "datetime with time zone"),
    (time(1, tzinfo=UTC), time(1), "time with time zone", "time without time zone"),
    (time(1, tzinfo=UTC), time(1, tzinfo=ZoneInfo("Europe/Berlin")), "time with time zone", "time without time zone"),
    (timedelta(1), 1, "timedelta", "int"),
]


@pytest.mark.parametrize("op", ["<", "<=", ">", ">="])
@pytest.mark.parametrize(("found", "wanted", "found_kind", "wanted_kind"), UNORDERED)
def test_what_has_no_order_is_an_error_that_names_both_types(
    op: typing.Any, found: typing.Any, wanted: typing.Any, found_kind: str, wanted_kind: str
) -> None:
    with pytest.raises(IncomparableError) as caught:
        held(Compare("key", op, wanted), key=found)

    assert caught.value.args == ("key", op, found_kind, wanted_kind)
    assert str(caught.value).startswith(
        f"'key' holds a value of type {found_kind}, which has no order with one of type {wanted_kind}, so {op!r} cannot"
    )
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), vars(again)) == (str(caught.value), vars(caught.value))


@pytest.mark.parametrize(("found", "wanted", "_found_kind", "_wanted_kind"), UNORDERED)
def test_what_has_no_order_is_merely_different(
    found: typing.Any, wanted: typing.Any, _found_kind: str, _wanted_kind: str
) -> None:
    assert held(Compare("key", "!=", wanted), key=found)
    assert not held(Compare("key", "==", wanted), key=found)


@pytest.mark.parametrize("op", typing.get_args(conditions.Compare.model_fields["op"].annotation))
def test_what_is_missing_compares_with_nothing(op: typing.Any) -> None:
    assert not held(Compare("key", op, 1), other=1)
    assert held(Not(Equals("key", 1)), other=1)


def test_nan_is_neither_less_nor_more_nor_equal() -> None:
    for found, wanted in ((math.nan, 1), (1, math.nan), (math.nan, math.nan)):
        for op in ("<", "<=", ">", ">=", "=="):
            assert not held(Compare("key", op, wanted), key=found)
        assert held(Compare("key", "!=", wanted), key=found)


@pytest.mark.parametrize("value", [True, None, [1], (1,), {}, Point(1)])
@pytest.mark.parametrize("op", ["<", "<=", ">", ">="])
def test_an_order_needs_a_value_that_has_one(op: typing.Any, value: typing.Any) -> None:
    with pytest.raises(TypeError, match=rf"^Compare\(op='{op}'\): op has no order for a value of type .*'=='"):
        Compare("key", op, value)

    assert held(Compare("key", "==", value), key=value)


@pytest.mark.parametrize("op", ["=", "=<", "<>", "in", "", None, 1, ["<"]])
def test_other_operators_are_refused_and_the_usable_ones_named(op: typing.Any) -> None:
    with pytest.raises(ValueError, match="op must be '<', '<=', '>', '>=', '==' or '!='"):
        Compare("key", op, 1)


def test_a_value_that_is_no_plain_data_is_the_only_mistake_reported() -> None:
    with pytest.raises(TypeError, match="^the value is a builtins.object, which is not plain data"):
        Compare("key", "<", object())


numbers = st.integers() | st.floats(allow_nan=False)


@given(numbers, numbers)
def test_numbers_compare_as_in_python(found: float, wanted: float) -> None:
    operators: dict[typing.Any, typing.Any] = {
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "==": operator.eq,
    }
    for op, compare in operators.items():
        assert held(Compare("key", op, wanted), key=found) is compare(found, wanted)


@given(plain_data, plain_data)
def test_any_two_values_have_an_order_or_an_error(found: typing.Any, wanted: typing.Any) -> None:
    try:
        less, more = [held(Compare("key", op, wanted), key=found) for op in ("<", ">")]
    except (IncomparableError, TypeError):
        return

    assert not (less and more)
    if not (less or more) and "nan" not in repr((found, wanted)):
        assert held(Equals("key", wanted), key=found)


# All, Any, Not

HOLDS, FAILS = Exists("here"), Exists("nowhere")
NO_ANSWER = Compare("here", "<", "text")
HERE = Snapshot({"here": 1})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (All(HOLDS), True),
        (All(HOLDS, HOLDS), True),
        (All(HOLDS, FAILS), False),
        (Any(FAILS), False),
        (Any(FAILS, HOLDS), True),
        (Any(FAILS, FAILS), False),
        (Not(HOLDS), False),
        (Not(FAILS), True),
        (Not(All(HOLDS, Any(FAILS, Not(FAILS)))), False),
        (All(FAILS, NO_ANSWER), False),
        (Any(HOLDS, NO_ANSWER), True),
    ],
)
def test_combinations_hold_by_their_parts_up_to_the_first_that_decides(condition: Condition, expected: bool) -> None:
    assert condition.holds(HERE) is expected


@pytest.mark.parametrize("condition", [All(HOLDS, NO_ANSWER), Any(FAILS, NO_ANSWER), Not(NO_ANSWER), All(NO_ANSWER)])
def test_a_part_without_an_answer_leaves_the_whole_without_one(condition: Condition) -> None:
    with pytest.raises(IncomparableError):
        condition.holds(HERE)


@pytest.mark.parametrize("kind", [All, Any])
def test_combinations_need_a_part(kind: typing.Any) -> None:
    with pytest.raises(ValueError, match="conditions must have at least 1 item"):
        kind()


@pytest.mark.parametrize("kind", [All, Any, Not])
def test_parts_are_stock_conditions(kind: typing.Any) -> None:
    with pytest.raises(
        TypeError, match="stock conditions such as Exists.*; a callable is .*: write the logic inside it$"
    ):
        kind(lambda state: True)
    for wrong in (5, "a", None, Exists, [HOLDS]):
        with pytest.raises(TypeError, match=f"stock conditions such as Exists.*, not of {re.escape(repr(wrong))[:20]}"):
            kind(wrong)


def test_nesting_is_limited_and_refused_without_a_crash() -> None:
    condition: Condition = HOLDS
    for _ in range(MAX_CONDITION_DEPTH - 1):
        condition = Not(condition)

    assert not condition.holds(HERE)
    with pytest.raises(ValueError, match=f"must not nest deeper than {MAX_CONDITION_DEPTH} levels"):
        Not(condition)


def test_the_number_of_parts_is_limited_however_they_are_nested() -> None:
    assert All(*[HOLDS] * (MOST_CONDITIONS - 1)).holds(HERE)
    with pytest.raises(ValueError, match=f"must be fewer than {MOST_CONDITIONS} in all"):
        All(*[HOLDS] * MOST_CONDITIONS)
    condition: Condition = HOLDS
    with pytest.raises(ValueError, match="in all"):
        for _ in range(MAX_CONDITION_DEPTH):
            condition = All(condition, condition)


# Matches

SECRET = Matches("text", "secret")


class Searcher:
    """Stands for the process that searches, and keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, list[str]]] = []

    def __call__(self, pattern: str, flags: int, texts: Sequence[str]) -> bool:
        self.asked.append((pattern, flags, list(texts)))
        return any(re.search(pattern, text, flags) for text in texts)


def matched(condition: Condition, value: typing.Any) -> bool:
    return condition.holds(State(key=value).snapshot(), Searcher())


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("end$", "The END", True),
        ("^end", "The end", False),
        ("b.d", ["good", "bad"], True),
        ("b.d", ("good", "better"), False),
        ("^k", {"Key": 1, 5: 2}, True),
        ("v", {"key": "v"}, False),
        ("5", 5, False),
        ("5", [5, [b"5", "5"]], False),
        ("None", None, False),
        ("a", b"a", False),
        ("(?-i:A)b", "aB", False),
        (r"\d+ (?x: x )", "12 X", True),
    ],
)
def test_a_pattern_is_found_where_contains_looks_ignoring_case(pattern: str, value: typing.Any, expected: bool) -> None:
    assert matched(Matches("key", pattern), value) is expected


def test_case_counts_where_that_was_asked_for() -> None:
    assert not matched(Matches("key", "end", ignore_case=False), "The END")
    assert matched(Matches("key", "END", ignore_case=False), "The END")


def test_only_texts_and_the_pattern_are_handed_over() -> None:
    searcher = Searcher()

    Matches("key", "a").holds(State(key=["x", 5, "y"], other="z").snapshot(), searcher)
    Matches("key", "a", ignore_case=False).holds(State(key=[5]).snapshot(), searcher)
    Matches("gone", "a").holds(State(key="a").snapshot(), searcher)

    assert searcher.asked == [("a", re.IGNORECASE, ["x", "y"])]


def test_a_pattern_is_asked_for_only_if_nothing_before_it_decides() -> None:
    searcher, state = Searcher(), State(here=1, text="secret").snapshot()

    assert not All(FAILS, SECRET).holds(state, searcher)
    assert Any(HOLDS, SECRET).holds(state, searcher)
    assert searcher.asked == []
    assert Not(All(HOLDS, Not(Any(FAILS, SECRET)))).holds(state, searcher)
    assert len(searcher.asked) == 1


@pytest.mark.parametrize(
    "condition", [SECRET, All(HOLDS, SECRET), Any(SECRET, HOLDS), Not(SECRET), Not(All(Any(SECRET)))]
)
def test_what_asks_for_a_pattern_is_not_inline_and_refuses_to_be(condition: Condition) -> None:
    assert not condition.is_inline
    with pytest.raises(AssertionError, match="pattern 'secret' is searched for on the work plane only"):
        condition.holds(State(here=1, text="secret").snapshot())


@pytest.mark.parametrize("condition", [HOLDS, Not(HOLDS), All(HOLDS, Not(FAILS)), Any(HOLDS, NO_ANSWER)])
def test_what_asks_for_no_pattern_is_inline(condition: Condition) -> None:
    assert condition.is_inline


@pytest.mark.parametrize(
    ("pattern", "kind", "text"),
    [
        ("(a", ValueError, "pattern must be a regular expression: missing \\), unterminated subpattern at position 0"),
        ("a**", ValueError, "multiple repeat at position 2"),
        ("[z-a]", ValueError, "bad character range z-a at position 1"),
        ("(?L)a", ValueError, "cannot use 'L' flag with a str pattern"),
        ("a{99999999999999999999}", ValueError, "the repetition number is too large"),
        ("(" * 5000 + ")" * 5000, ValueError, "nests less deeply"),
        ("", ValueError, "at least 1 character"),
        (5, TypeError, "pattern must be a string"),
        (re.compile("a"), TypeError, "pattern must be a string"),
    ],
)
def test_what_is_no_pattern_is_refused(pattern: typing.Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        Matches("key", pattern)


def test_flags_are_booleans_by_keyword() -> None:
    with pytest.raises(TypeError, match="ignore_case"):
        Matches("key", "a", ignore_case=1)  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(TypeError):
        Matches("key", "a", False)  # type: ignore[call-arg]  # that is what is tested


def test_what_re_warns_of_does_not_leak() -> None:
    with pytest.warns(FutureWarning):
        re.compile("[[x]")
    re.purge()

    assert Matches("key", "[[x]").pattern == "[[x]"  # warnings are errors in these tests


# Conditions as values

SAMPLES = [
    Exists("a"),
    Equals("a", [1]),
    Equals("a", Question("b", [Point(1)])),
    Contains("a", "b"),
    Compare("a", ">=", 0.5),
    Matches("a", "b+"),
    Matches("a", "b+", ignore_case=False),
    All(Exists("a"), Not(Equals("b", 1))),
    Any(Matches("a", r"\d"), Exists("b")),
    Not(Not(Compare("at", "<", datetime(2026, 1, 1, tzinfo=UTC)))),
]


@pytest.mark.parametrize("condition", SAMPLES)
def test_conditions_are_values(condition: Condition) -> None:
    for twin in (copy.copy(condition), copy.deepcopy(condition), pickle.loads(pickle.dumps(condition))):
        assert twin == condition
        assert hash(twin) == hash(condition)
        assert repr(twin) == repr(condition) == str(twin)
    assert type(getattr(copy.deepcopy(Equals("a", [1])), "value", None)) is FrozenList


def test_conditions_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Compare("a", "<", 1).op = ">"  # type: ignore[misc]  # that is what is tested


def test_conditions_that_mean_different_things_differ() -> None:
    values = [1, 1.0, True, "1", [1], (1,), 2]
    different = [
        *[kind("a", value) for value in values for kind in (Equals, Contains)],
        *[Compare("a", "==", value) for value in values],
        *[Compare("a", op, 1) for op in ("<", ">")],
        *SAMPLES[4:],
        Equals("b", 1),
        All(Exists("a")),
        Any(Exists("a")),
        Exists("a"),
        Not(Exists("a")),
        5,
    ]

    for index, first in enumerate(different):
        assert all(first != other for other in different[index + 1 :])


def test_every_stock_condition_is_printed_as_it_was_written() -> None:
    printed = [
        "Exists('a')",
        "Equals('a', [1])",
        "Contains('a', 'b')",
        "Compare('a', '>=', 0.5)",
        "Matches('a', 'b+')",
        "Matches('a', 'b+', ignore_case=False)",
        "All(Exists('a'), Not(Equals('b', 1)))",
        "Any(Exists('a'))",
    ]

    made = [eval(text, vars(conditions)) for text in printed]

    assert [repr(condition) for condition in made] == printed
    assert {type(condition) for condition in made} | {Not} == STOCK_CONDITIONS


pasteable = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.binary(max_size=3)
    | st.dates()
    | st.datetimes(timezones=st.sampled_from([UTC, ZoneInfo("Europe/Berlin")]))
    | st.timedeltas(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=5,
)
keys = st.sampled_from("abc")
simple = (
    st.builds(Exists, keys)
    | st.builds(Equals, keys, pasteable)
    | st.builds(Contains, keys, pasteable)
    | st.builds(Compare, keys, st.sampled_from(["<", "<=", ">", ">="]), st.integers(0, 2) | st.sampled_from("ab"))
    | st.builds(Compare, keys, st.sampled_from(["==", "!="]), pasteable)
    | st.builds(Matches, keys, st.sampled_from(["a", "^b", r"\d$"]), ignore_case=st.booleans())
)
trees: st.SearchStrategy[Condition] = st.recursive(
    simple,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: All(*parts))
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: Any(*parts))
        | st.builds(Not, inner)
    ),
    max_leaves=8,
)


@given(trees)
def test_what_a_condition_prints_makes_an_equal_one(condition: Condition) -> None:
    namespace = {**vars(conditions), "datetime": datetimes, "zoneinfo": zoneinfo}

    again = eval(repr(condition), namespace)

    assert again == condition
    assert hash(again) == hash(condition)
    assert repr(again) == repr(condition)


def model(condition: Condition, values: dict[str, typing.Any]) -> bool | None:
    """Return what a condition should answer, or None for no answer, by the simplest rules that say the same."""
    match condition:
        case All() | Any():
            is_all = isinstance(condition, All)
            for part in condition.conditions:
                answer = model(part, values)
                if answer is not is_all:
                    return answer
            return is_all
        case Not():
            answer = model(condition.condition, values)
            return None if answer is None else not answer
        case Compare(op="<" | "<=" | ">" | ">="):
            if condition.key not in values:
                return False
            if type(values[condition.key]) is not type(condition.value):
                return None
            return bool(eval(f"left {condition.op} right", {"left": values[condition.key], "right": condition.value}))
    return condition.holds(State(values).snapshot(), Searcher())


@given(trees, st.dictionaries(keys, st.integers(0, 2) | st.sampled_from("ab"), max_size=3))
def test_combinations_answer_as_their_model_does(condition: Condition, values: dict[str, typing.Any]) -> None:
    try:
        answer: bool | None = condition.holds(State(values).snapshot(), Searcher())
    except IncomparableError:
        answer = None

    assert answer is model(condition, values)


# What comparing rests on


@given(plain_data, plain_data)
def test_two_values_have_one_identity_exactly_if_they_are_the_same(left: typing.Any, right: typing.Any) -> None:
    frozen = [freeze(value, "it") for value in (left, right, copy.deepcopy(left))]
    assert identity(frozen[0]) == identity(frozen[2])

    assert (identity(frozen[0]) == identity(frozen[1])) is same(frozen[0], frozen[1])


def test_values_that_are_equal_but_not_the_same_have_different_identities() -> None:
    values = [1, 1.0, True, 0.0, -0.0, [1], (1,), {"a": 1}, {"a": 1.0}, Point(1), [Point(1)], "1", b"1"]
    values += [MOMENT, MOMENT.replace(tzinfo=UTC), MOMENT.replace(fold=1), time(1), time(1, tzinfo=UTC)]

    assert len({identity(freeze(value, "it")) for value in values}) == len(values)
    assert are_equal(1, 1.0)

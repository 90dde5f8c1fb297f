import enum
import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisors.policies.branch_policies import GroupTally, Verdict, check_require, plain_require, resolve_require

MANY = 10_000


@st.composite
def endings(draw: st.DrawFn) -> tuple[list[bool], int | None, list[tuple[int, bool]]]:
    """A group and the order in which its branches end: required, quorum, (index, ok)."""
    required = draw(st.lists(st.booleans(), min_size=1, max_size=7))
    quorum = draw(st.none() | st.integers(min_value=1, max_value=len(required)))
    order = draw(st.permutations(range(len(required))))
    return required, quorum, [(index, draw(st.booleans())) for index in order]


def naive_verdict(required: list[bool], quorum: int | None, ended: dict[int, bool]) -> str | None:
    """Judge by trying the two extremes of what the unfinished branches may still do."""

    def is_met(unfinished_are_ok: bool) -> bool:
        oks = [ended.get(index, unfinished_are_ok) for index in range(len(required))]
        required_hold = all(ok for ok, needed in zip(oks, required, strict=True) if needed)
        return required_hold and sum(oks) >= (quorum or 0)

    if not is_met(True):
        return "broken"
    may_answer = is_met(False) if quorum else len(ended) == len(required)
    return "met" if may_answer else None


@given(endings())
def test_the_verdict_falls_as_soon_as_it_can_no_longer_change(
    group: tuple[list[bool], int | None, list[tuple[int, bool]]],
) -> None:
    required, quorum, notes = group
    tally = GroupTally(required, quorum)
    ended: dict[int, bool] = {}
    known: str | None = None

    for index, ok in notes:
        ended[index] = ok
        expected = naive_verdict(required, quorum, ended)
        verdict = tally.note(index, ok)

        assert verdict == (None if known or not expected else Verdict(expected))
        if verdict is Verdict.BROKEN:
            assert tally.culprit == index
        known = known or expected
        assert tally.verdict == (Verdict(known) if known else None)
    assert (tally.culprit is None) == (known == "met")


def test_a_group_without_a_quorum_waits_for_optional_branches() -> None:
    tally = GroupTally([True, False], None)

    assert tally.note(0, True) is None
    assert tally.note(1, False) is Verdict.MET


def test_a_required_failure_breaks_the_group_at_once() -> None:
    tally = GroupTally([False, True, True], None)

    assert tally.note(0, False) is None
    assert tally.note(2, False) is Verdict.BROKEN
    assert tally.culprit == 2


def test_a_quorum_is_met_before_every_branch_has_ended() -> None:
    tally = GroupTally([False, False, False], 2)

    assert tally.note(2, True) is None
    assert tally.note(0, True) is Verdict.MET
    assert tally.note(1, False) is None


def test_a_quorum_waits_for_the_required_branches() -> None:
    tally = GroupTally([True, False, False], 1)

    assert tally.note(1, True) is None
    assert tally.note(0, True) is Verdict.MET


def test_the_branch_that_puts_the_quorum_out_of_reach_is_the_culprit() -> None:
    tally = GroupTally([False, False, False], 2)

    assert tally.note(2, False) is None
    assert tally.note(1, False) is Verdict.BROKEN
    assert tally.culprit == 1


def test_what_ends_after_the_verdict_does_not_change_it() -> None:
    tally = GroupTally([True, True, True], None)
    tally.note(1, False)

    assert tally.note(0, False) is None
    assert tally.note(2, True) is None
    assert (tally.verdict, tally.culprit) == (Verdict.BROKEN, 1)


def test_a_branch_ends_once() -> None:
    tally = GroupTally([True, True], None)
    tally.note(1, True)

    with pytest.raises(ValueError, match="branch 1 has already ended"):
        tally.note(1, True)
    assert tally.note(0, True) is Verdict.MET


@pytest.mark.parametrize("index", [-1, 2])
def test_strange_branches_are_refused(index: int) -> None:
    tally = GroupTally([True, True], None)

    with pytest.raises(ValueError, match=f"branch {index} is not one of 2"):
        tally.note(index, True)


def test_empty_groups_are_refused() -> None:
    with pytest.raises(ValueError, match="a group needs at least one branch"):
        GroupTally([], None)


@pytest.mark.parametrize("quorum", [0, -1, 3])
def test_impossible_quorums_are_refused(quorum: int) -> None:
    with pytest.raises(ValueError, match=f"a quorum of 2 branches cannot be {quorum}"):
        GroupTally([True, True], quorum)


def test_ten_thousand_branches_have_one_verdict() -> None:
    tally = GroupTally([True] * MANY, MANY)

    verdicts = [tally.note(index, True) for index in range(MANY)]

    assert verdicts == [None] * (MANY - 1) + [Verdict.MET]


@pytest.mark.parametrize(
    ("require", "branch_count", "quorum"),
    [
        ("all", 3, None),
        ("any", 3, 1),
        (1, 3, 1),
        (3, 3, 3),
        (1.0, 3, 3),
        (0.5, 3, 2),
        (0.1, 30, 3),
        (0.1, 3, 1),
        (0.7, 10, 7),
        (0.1 + 0.2, 10, 3),
        (1e-12, 3, 1),
        (2 / 3, 3, 2),
    ],
)
def test_what_is_required_becomes_a_number(require: object, branch_count: int, quorum: int | None) -> None:
    assert resolve_require(require, branch_count, "Parallel") == quorum


@pytest.mark.parametrize("require", [0, 4, -1, 0.0, 1.1, -0.5, math.nan, math.inf, "most", ""])
def test_requirements_out_of_range_are_value_errors(require: object) -> None:
    with pytest.raises(ValueError, match=r"^Parallel require must be 'all', 'any', a number"):
        resolve_require(require, 3, "Parallel")


@pytest.mark.parametrize("require", [True, False, None, (), Fraction(1, 2)])
def test_requirements_of_a_wrong_type_are_type_errors(require: Any) -> None:
    with pytest.raises(TypeError, match=r"^Parallel require must be 'all', 'any', a number"):
        resolve_require(require, 3, "Parallel")


def test_refusals_say_what_is_expected_and_what_was_given() -> None:
    with pytest.raises(ValueError) as caught:
        resolve_require(4, 3, "Parallel")

    assert str(caught.value) == (
        "Parallel require must be 'all', 'any', a number of branches from 1 to 3 "
        "or a fraction above 0.0 up to 1.0, not 4"
    )


@pytest.mark.parametrize("require", ["all", "any", 1, MANY, 0.5, 1.0])
def test_what_may_be_asked_of_any_number_of_branches_is_known_before_their_number_is(require: object) -> None:
    check_require(require, "Map:")


@pytest.mark.parametrize(
    ("require", "kind"), [("most", ValueError), (0, ValueError), (1.5, ValueError), (True, TypeError)]
)
def test_what_can_be_asked_of_no_number_of_branches_is_refused(require: object, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        check_require(require, "Map:")

    assert str(caught.value) == (
        "Map: require must be 'all', 'any', a number of branches from 1 on "
        f"or a fraction above 0.0 up to 1.0, not {require!r}"
    )


@given(st.integers(min_value=1, max_value=MANY).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))))
def test_a_fraction_of_k_in_n_asks_for_k(counts: tuple[int, int]) -> None:
    k, n = counts

    assert resolve_require(k / n, n, "Parallel") == k


@given(st.floats(min_value=0, max_value=1, exclude_min=True), st.integers(1, MANY))
def test_a_fraction_asks_for_a_possible_number(fraction: float, branch_count: int) -> None:
    quorum = resolve_require(fraction, branch_count, "Parallel")

    assert quorum is not None
    assert 1 <= quorum <= branch_count
    assert quorum - 1 < fraction * branch_count


class Many(enum.IntEnum):
    TWO = 2


class Words(enum.StrEnum):
    ALL = "all"


class Half(float):
    """A number of a class of its own."""


@pytest.mark.parametrize(
    ("require", "plain"),
    [
        (Many.TWO, 2),
        (Words.ALL, "all"),
        (Half(0.5), 0.5),
        (2, 2),
        ("any", "any"),
        (1.0, 1.0),
        (True, True),
        (None, None),
    ],
)
def test_what_a_group_asks_for_is_kept_as_a_builtin(require: object, plain: object) -> None:
    kept = plain_require(require)

    assert (kept, type(kept)) == (plain, type(plain))

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisors.policies.deadlines import UNLIMITED, Deadline, check_timeout

moments = st.floats(min_value=0, max_value=1e9)
timeouts = st.floats(min_value=1e-6, max_value=1e9)
deadlines = st.builds(Deadline, st.none() | moments, st.just("parent"))


@pytest.mark.parametrize(("timeout", "seconds"), [(None, None), (1, 1.0), (0.5, 0.5)])
def test_good_timeouts_come_back_as_floats(timeout: object, seconds: float | None) -> None:
    checked = check_timeout(timeout, "Loop('writer')")

    assert checked == seconds
    assert type(checked) is type(seconds)


@pytest.mark.parametrize("timeout", [0, -1, 0.0, math.nan, math.inf, -math.inf, 10**400])
def test_timeouts_out_of_range_are_value_errors(timeout: object) -> None:
    with pytest.raises(ValueError, match="must be a positive number of seconds or None"):
        check_timeout(timeout, "Loop('writer')")


@pytest.mark.parametrize("timeout", [True, False, "3", (), 1j])
def test_timeouts_of_a_wrong_type_are_type_errors(timeout: object) -> None:
    with pytest.raises(TypeError, match="must be a positive number of seconds or None"):
        check_timeout(timeout, "Loop('writer')")


def test_refusals_name_the_owner_and_the_value() -> None:
    with pytest.raises(ValueError) as caught:
        check_timeout(0, "Loop('writer')")

    assert str(caught.value) == ("Loop('writer') timeout must be a positive number of seconds or None, not 0")


def test_a_child_without_a_timeout_works_under_its_parents_deadline() -> None:
    deadline = Deadline(5.0, "run")

    assert deadline.narrowed(None, "loop", now=0.0) is deadline


def test_the_earlier_deadline_names_its_own_budget() -> None:
    deadline = Deadline(5.0, "run")

    assert deadline.narrowed(2, "loop", now=1.0) == Deadline(3.0, "loop")
    assert deadline.narrowed(9, "loop", now=1.0) is deadline
    assert deadline.narrowed(4, "loop", now=1.0) is deadline


def test_any_timeout_is_earlier_than_none() -> None:
    assert UNLIMITED.narrowed(2, "loop", now=1.0) == Deadline(3.0, "loop")


@pytest.mark.parametrize("timeout", [0, -1.0, math.nan])
def test_narrowing_refuses_what_is_not_positive(timeout: float) -> None:
    with pytest.raises(ValueError, match="loop must be a positive number of seconds, not"):
        UNLIMITED.narrowed(timeout, "loop", now=0.0)


def test_unlimited_never_passes() -> None:
    assert UNLIMITED.remaining(now=1e9) is None
    assert not UNLIMITED.has_passed(now=1e9)


def test_a_deadline_passes_at_its_moment() -> None:
    deadline = Deadline(5.0, "run")

    assert deadline.remaining(now=3.0) == 2.0
    assert not deadline.has_passed(now=4.999)
    assert deadline.has_passed(now=5.0)
    assert deadline.remaining(now=6.0) == 0.0


@given(deadlines, st.none() | timeouts, moments)
def test_a_child_never_outlasts_its_parent(deadline: Deadline, timeout: float | None, now: float) -> None:
    narrowed = deadline.narrowed(timeout, "child", now)

    candidates = [moment for moment in (deadline.at, timeout and now + timeout) if moment is not None]
    assert narrowed.at == min(candidates, default=None)
    assert (narrowed is deadline) == (narrowed.budget == "parent")


@given(deadlines, moments)
def test_nothing_remains_exactly_when_it_has_passed(deadline: Deadline, now: float) -> None:
    assert deadline.has_passed(now) == (deadline.remaining(now) == 0.0)


def test_deadlines_pickle() -> None:
    deadline = Deadline(5.0, "run")

    assert pickle.loads(pickle.dumps(deadline)) == deadline

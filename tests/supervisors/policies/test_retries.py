import math
import pickle
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisors.policies.retries import LONGEST_DELAY, Backoff, Retry
from tests.supervisors.outcomes import failed

huge = st.floats(min_value=0, allow_nan=False, allow_infinity=False)
backoffs = st.builds(
    Backoff,
    initial=huge,
    factor=st.floats(min_value=1, allow_nan=False, allow_infinity=False),
    maximum=st.floats(min_value=0, max_value=LONGEST_DELAY),
    jitter=st.floats(min_value=0, max_value=1),
)
retries = st.integers(min_value=1, max_value=10) | st.integers(min_value=1, max_value=10**400)


def test_delays_grow_by_the_factor_up_to_the_maximum() -> None:
    backoff = Backoff(initial=1, factor=2, maximum=5, jitter=0)

    assert [backoff.delay(retry, Random(0)) for retry in range(1, 6)] == [1, 2, 4, 5, 5]


def test_jitter_is_added_after_the_cap() -> None:
    backoff = Backoff(initial=10, maximum=10, jitter=0.5)

    delays = [backoff.delay(1, Random(seed)) for seed in range(100)]

    assert min(delays) < 7
    assert max(delays) > 13


def test_equal_seeds_give_equal_delays() -> None:
    assert Backoff().delay(3, Random(7)) == Backoff().delay(3, Random(7))


@pytest.mark.parametrize(("factor", "delay"), [(1.0, 0.5), (2.0, 30.0)])
def test_retries_beyond_all_floats_have_a_delay(factor: float, delay: float) -> None:
    backoff = Backoff(initial=0.5, factor=factor, jitter=0)

    assert backoff.delay(10**400, Random(0)) == delay


@pytest.mark.parametrize("retry", [0, -1])
def test_retries_are_counted_from_1(retry: int) -> None:
    with pytest.raises(ValueError, match="retries are counted from 1, not"):
        Backoff().delay(retry, Random(0))


@pytest.mark.parametrize(
    "fields",
    [
        {"initial": -0.1},
        {"factor": 0.9},
        {"maximum": -1},
        {"maximum": 1e9},
        {"maximum": math.inf},
        {"jitter": -0.1},
        {"jitter": 1.1},
    ],
)
def test_backoffs_out_of_range_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(fields))} must be"):
        Backoff(**fields)


@given(backoffs, retries, st.randoms(use_true_random=False))
def test_delays_stay_within_the_jitter_around_the_cap(backoff: Backoff, retry: int, random: Random) -> None:
    delay = backoff.delay(retry, random)

    assert 0 <= delay <= backoff.maximum * (1 + backoff.jitter) * (1 + 1e-9)


@given(backoffs, st.integers(min_value=1, max_value=2000))
def test_without_jitter_delays_never_shrink(backoff: Backoff, retry: int) -> None:
    steady = backoff.model_copy(update={"jitter": 0.0})

    assert steady.delay(retry, Random(0)) <= steady.delay(retry + 1, Random(0))


def test_the_first_try_is_an_attempt() -> None:
    retry = Retry(attempts=3)

    assert [retry.allows(made, failed(ValueError)) for made in (1, 2, 3, 4)] == [True, True, False, False]


def test_one_attempt_is_never_repeated() -> None:
    assert not Retry(attempts=1).allows(1, failed(ValueError))


def test_any_exception_is_retried_unless_named() -> None:
    assert Retry().allows(1, failed(ValueError))
    assert not Retry().allows(1, failed(SystemExit))


def test_subclasses_of_the_named_errors_are_retried() -> None:
    retry = Retry(on=(TimeoutError, ConnectionError))

    assert retry.allows(1, failed(ConnectionResetError))
    assert not retry.allows(1, failed(OSError))


@pytest.mark.parametrize("on", [KeyError, "builtins.KeyError", (KeyError,), [KeyError]])
def test_errors_are_kept_as_names(on: Any) -> None:
    assert Retry(on=on).on == ("builtins.KeyError",)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"attempts": 0}, "Retry(attempts=0): attempts must be at least 1"),
        ({"attempt_timeout": 0}, "attempt_timeout must be more than 0 or None"),
        ({"on": ()}, "Retry(on=()): on must have at least 1 item"),
        ({"on": "KeyError"}, "on must hold dotted names such as 'builtins.TimeoutError'"),
        ({"on": int}, "on must name exception types; <class 'int'> is not one"),
        ({"on": len}, "on must name exception types; <built-in function len> is not one"),
        ({"backoff": None}, "backoff must be an instance of Backoff"),
        ({"times": 3}, "unexpected keyword argument 'times'"),
    ],
)
def test_bad_policies_are_refused_when_made(fields: dict[str, Any], text: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        Retry(**fields)

    assert text in str(caught.value)


def test_policies_show_what_was_chosen() -> None:
    assert repr(Retry()) == "Retry()"
    assert repr(Retry(attempts=5, on=KeyError)) == "Retry(attempts=5, on=('builtins.KeyError',))"


def test_policies_are_values() -> None:
    retry = Retry(attempts=5, on=KeyError, attempt_timeout=2)

    assert pickle.loads(pickle.dumps(retry)) == retry
    assert hash(retry) == hash(Retry(attempts=5, on="builtins.KeyError", attempt_timeout=2.0))


def test_retries_are_delayed_by_their_backoff() -> None:
    retry = Retry(backoff=Backoff(initial=4, jitter=0))

    assert retry.delay(2, Random(0)) == 8.0

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisors.outcome import Failure, Outcome, OutcomeKind, Reason
from supervisors.policies.restarts import Restart, RestartKind, RestartWindow
from supervisors.policies.retries import Backoff
from tests.supervisors.outcomes import failed

KINDS: tuple[RestartKind, ...] = ("permanent", "transient", "temporary")
STEADY = Backoff(initial=1, factor=2, maximum=100, jitter=0)

policies = st.builds(
    Restart,
    max_restarts=st.integers(min_value=0, max_value=5),
    within=st.integers(min_value=1, max_value=60),
    backoff=st.builds(
        Backoff,
        initial=st.integers(min_value=0, max_value=10),
        maximum=st.integers(min_value=0, max_value=40),
        jitter=st.just(0.0) | st.just(0.5),
    ),
)
lifetimes = st.lists(st.integers(min_value=0, max_value=40), max_size=50)


def crash(window: RestartWindow, *moments: float) -> list[float | None]:
    return [window.next_delay(moment, Random(0)) for moment in moments]


def test_the_first_restart_is_immediate_and_later_ones_wait_longer() -> None:
    window = RestartWindow(Restart(max_restarts=4, within=60, backoff=STEADY))

    assert crash(window, 0, 1, 3, 6) == [0, 1, 2, 4]


def test_one_failure_more_than_allowed_is_not_restarted() -> None:
    window = RestartWindow(Restart(max_restarts=2, within=60, backoff=STEADY))

    assert crash(window, 0, 1, 3) == [0, 1, None]
    assert window.restarts == 2


def test_no_restarts_means_none() -> None:
    window = RestartWindow(Restart(max_restarts=0))

    assert crash(window, 0, 1000) == [None, None]
    assert window.restarts == 0


def test_a_quiet_window_starts_afresh() -> None:
    window = RestartWindow(Restart(max_restarts=2, within=60, backoff=STEADY))
    crash(window, 0, 1)

    assert crash(window, 100) == [0]
    assert window.restarts == 1


def test_a_restart_leaves_the_window_after_its_length() -> None:
    at_its_edge = RestartWindow(Restart(max_restarts=1, within=60))
    past_its_edge = RestartWindow(Restart(max_restarts=1, within=60))

    assert crash(at_its_edge, 0, 60) == [0, None]
    assert crash(past_its_edge, 0, 60.1) == [0, 0]


def test_a_quiet_time_resets_the_back_off_but_not_the_window() -> None:
    policy = Restart(max_restarts=4, within=60, backoff=STEADY, reset_after=10)
    window = RestartWindow(policy)

    assert crash(window, 0, 1, 3, 20, 21, 22) == [0, 1, 2, 0, None, None]
    assert window.restarts == 4


def test_a_restart_exactly_as_long_ago_as_the_quiet_time_does_not_reset() -> None:
    window = RestartWindow(Restart(max_restarts=4, within=60, backoff=STEADY, reset_after=10))

    assert crash(window, 0, 10) == [0, 1]


@given(st.integers(1, 60), lifetimes)
def test_with_a_quiet_time_no_delay_is_ever_longer_than_without(quiet: int, lifetimes: list[int]) -> None:
    plain = RestartWindow(Restart(max_restarts=1_000, within=60, backoff=STEADY))
    resetting = RestartWindow(Restart(max_restarts=1_000, within=60, backoff=STEADY, reset_after=quiet))
    now = 0.0

    for lifetime in lifetimes:
        now += lifetime
        (longer,), (delay,) = crash(plain, now), crash(resetting, now)

        assert delay is not None
        assert longer is not None
        assert delay <= longer
        assert resetting.restarts <= plain.restarts


@pytest.mark.parametrize("is_normal", [True, False])
def test_permanent_is_never_over_temporary_always_and_transient_after_a_normal_end(is_normal: bool) -> None:
    kinds = {kind: Restart(kind=kind).is_over(is_normal=is_normal) for kind in KINDS}

    assert kinds == {"permanent": False, "transient": is_normal, "temporary": True}


def test_waiting_for_a_restart_is_not_a_quiet_time() -> None:
    slow = Backoff(initial=50, factor=1, jitter=0, maximum=50)
    window = RestartWindow(Restart(max_restarts=3, within=10, backoff=slow))

    assert crash(window, 0, 1, 52) == [0, 50, 50]


def test_only_named_errors_match() -> None:
    restart = Restart(on=(ConnectionError, "httpx.ReadTimeout"))

    assert restart.matches(failed(ConnectionResetError))
    assert restart.matches(Outcome(OutcomeKind.FAILED, Reason.EXCEPTION, failure=Failure(("httpx.ReadTimeout",), "no")))
    assert not restart.matches(failed(ValueError))
    assert not Restart().matches(failed(ValueError))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"max_restarts": -1}, "Restart(max_restarts=-1): max_restarts must be at least 0"),
        ({"max_restarts": True}, "max_restarts must be a whole number"),
        ({"within": 0}, "Restart(within=0): within must be more than 0"),
        ({"kind": "eternal"}, "Restart(kind='eternal')"),
        ({"reset_after": 0}, "reset_after must be more than 0 or None"),
        ({"on": int}, "on must name exception types; <class 'int'> is not one"),
    ],
)
def test_bad_policies_are_refused_when_made(fields: dict[str, Any], text: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        Restart(**fields)

    assert text in str(caught.value)


def test_three_restarts_a_minute_are_the_default() -> None:
    assert Restart() == Restart(max_restarts=3, within=60, backoff=Backoff(), on=())


def test_policies_show_what_was_chosen() -> None:
    assert repr(Restart()) == "Restart()"
    assert repr(Restart(within=5)) == "Restart(within=5.0)"


@given(policies, lifetimes)
def test_no_window_ever_holds_more_restarts_than_allowed(policy: Restart, lifetimes: list[int]) -> None:
    window = RestartWindow(policy)
    restarts: list[float] = []
    now = 0.0

    for lifetime in lifetimes:
        now += lifetime
        recent = [moment for moment in restarts if moment >= now - policy.within]
        delay = window.next_delay(now, Random(0))

        assert (delay is None) == (len(recent) >= policy.max_restarts)
        if delay is not None:
            assert delay == (policy.backoff.delay(len(recent), Random(0)) if recent else 0)
            now += delay
            restarts.append(now)
        assert window.restarts == len(recent) + (delay is not None) <= policy.max_restarts

"""The circuit breaker's policy and its state machine."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from supervisors.policies.breaker import Breaker, BreakerState, Circuit

CLOSED, HALF_OPEN, OPEN = BreakerState.CLOSED, BreakerState.HALF_OPEN, BreakerState.OPEN


def admitted(circuit: Circuit, now: float = 0.0) -> int:
    period = circuit.admit(now)
    assert period is not None, "not let through"
    return period


def opened(policy: Breaker, now: float = 0.0) -> Circuit:
    """Return a circuit that opened at a moment."""
    circuit = Circuit(policy)
    for _ in range(policy.failures):
        circuit.fail(admitted(circuit, now), now)
    assert circuit.state(now) is OPEN
    return circuit


def test_it_is_closed_at_first_and_lets_everything_through() -> None:
    circuit = Circuit(Breaker())

    periods = [circuit.admit(0.0) for _ in range(100)]

    assert None not in periods
    assert (circuit.state(0.0), circuit.reopens_in(0.0)) == (CLOSED, 0)


def test_it_opens_with_so_many_failures_in_a_row() -> None:
    circuit = Circuit(Breaker(failures=3))

    opens = [circuit.fail(admitted(circuit), 0.0) for _ in range(3)]

    assert opens == [False, False, True]
    assert (circuit.state(0.0), circuit.admit(0.0)) == (OPEN, None)


def test_a_success_starts_the_count_afresh() -> None:
    circuit = Circuit(Breaker(failures=2))

    circuit.fail(admitted(circuit), 0.0)
    counted = circuit.failures
    circuit.succeed(admitted(circuit))
    circuit.fail(admitted(circuit), 0.0)

    assert (counted, circuit.failures, circuit.state(0.0)) == (1, 1, CLOSED)


def test_what_says_nothing_counts_neither_way() -> None:
    circuit = Circuit(Breaker(failures=2))

    circuit.fail(admitted(circuit), 0.0)
    circuit.forget(admitted(circuit))

    assert circuit.failures == 1


def test_failures_are_counted_only_while_it_is_closed() -> None:
    circuit = opened(Breaker(failures=3, reset_after=1, trials=2))
    open_ = circuit.failures

    trials = [admitted(circuit, 1.0) for _ in range(2)]
    circuit.succeed(trials[0])
    half_open = circuit.failures
    circuit.fail(trials[1], 1.0)

    assert (open_, half_open, circuit.failures) == (0, 0, 0)


def test_it_is_half_open_when_its_time_is_over() -> None:
    circuit = opened(Breaker(failures=1, reset_after=30), now=100.0)

    states = [circuit.state(now) for now in (129.0, 130.0)]

    assert states == [OPEN, HALF_OPEN]
    assert [circuit.reopens_in(now) for now in (100.0, 129.0, 131.0)] == [30, 1, 0]


def test_half_open_it_lets_the_stated_number_through_at_once() -> None:
    circuit = opened(Breaker(failures=1, reset_after=1, trials=2))

    periods = [circuit.admit(1.0) for _ in range(3)]

    assert [period is None for period in periods] == [False, False, True]


def test_it_closes_when_all_trials_went_well() -> None:
    circuit = opened(Breaker(failures=1, reset_after=1, trials=2))

    closes = [circuit.succeed(admitted(circuit, 1.0)) for _ in range(2)]

    assert closes == [False, True]
    assert circuit.state(1.0) is CLOSED


def test_a_trial_that_fails_opens_it_again_for_the_whole_time() -> None:
    circuit = opened(Breaker(failures=3, reset_after=1))

    is_open = circuit.fail(admitted(circuit, 1.0), 5.0)

    assert is_open
    assert [circuit.state(now) for now in (5.5, 6.0)] == [OPEN, HALF_OPEN]


def test_a_trial_that_says_nothing_makes_room_for_another() -> None:
    circuit = opened(Breaker(failures=1, reset_after=1))
    first = admitted(circuit, 1.0)

    circuit.forget(first)

    assert circuit.admit(1.0) is not None
    assert circuit.admit(1.0) is None


def test_what_was_begun_before_it_opened_does_not_count_any_more() -> None:
    circuit = Circuit(Breaker(failures=1, reset_after=1))
    early = [admitted(circuit) for _ in range(4)]
    circuit.fail(early[0], 0.0)
    trial = admitted(circuit, 1.0)

    told = [circuit.succeed(early[1]), circuit.fail(early[2], 1.0)]
    circuit.forget(early[3])

    assert (told, circuit.state(1.0), circuit.admit(1.0)) == ([False, False], HALF_OPEN, None)
    assert circuit.succeed(trial)


def test_resetting_closes_it_at_once() -> None:
    circuit = opened(Breaker(failures=2))

    circuit.reset()

    assert (circuit.state(0.0), circuit.failures) == (CLOSED, 0)


def test_states_have_levels_for_gauges() -> None:
    levels = [state.level for state in (CLOSED, HALF_OPEN, OPEN)]

    assert levels == [0, 1, 2]


@pytest.mark.parametrize("wrong", [{"failures": 0}, {"reset_after": 0}, {"trials": 0}, {"reset_after": float("inf")}])
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Breaker(**wrong)  # type: ignore[arg-type]  # wrong on purpose


class CircuitMachine(RuleBasedStateMachine):
    """Whatever comes, no more than the stated number is tried while it is half-open, and nothing while it is open."""

    POLICY = Breaker(failures=2, reset_after=4, trials=2)

    def __init__(self) -> None:
        super().__init__()
        self.circuit = Circuit(self.POLICY)
        self.now = 0.0
        self.under_way: list[tuple[BreakerState, int]] = []

    @rule()
    def ask(self) -> None:
        state = self.circuit.state(self.now)
        period = self.circuit.admit(self.now)
        assert not (state is OPEN and period is not None)
        assert not (state is CLOSED and period is None)
        if period is not None:
            self.under_way.append((state, period))

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(min_value=0), how=st.sampled_from(["succeed", "fail", "forget"]))
    def end(self, which: int, how: str) -> None:
        _, period = self.under_way.pop(which % len(self.under_way))
        if how == "fail":
            self.circuit.fail(period, self.now)
        else:
            getattr(self.circuit, how)(period)

    @rule(seconds=st.integers(min_value=1, max_value=5))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def reset(self) -> None:
        self.circuit.reset()

    @invariant()
    def trials_are_bounded(self) -> None:
        current = [period for state, period in self.under_way if state is HALF_OPEN and period == self.circuit._period]
        assert len(current) <= self.POLICY.trials
        assert self.circuit.failures < self.POLICY.failures

    def teardown(self) -> None:
        """It can always be closed: nothing that is under way keeps it from that."""
        for _, period in self.under_way:
            self.circuit.forget(period)
        self.now += self.POLICY.reset_after
        for _ in range(self.POLICY.trials):
            trial = self.circuit.admit(self.now)
            if trial is not None:
                self.circuit.succeed(trial)
        assert self.circuit.state(self.now) is CLOSED


TestCircuit = CircuitMachine.TestCase

"""The budget for a workflow's retries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisors.policies import retry_budget as module
from supervisors.policies.retry_budget import RetryBudget, RetryBudgets, RetryTokens

NO_INCOME = RetryBudget(ratio=0, reserve=3, per_second=0)


def taken(tokens: RetryTokens, tries: int, now: float = 0.0) -> int:
    """Return how many retries of so many are granted."""
    return sum(tokens.withdraw(now) for _ in range(tries))


def test_the_reserve_is_there_at_first_and_is_used_up() -> None:
    tokens = RetryTokens(NO_INCOME, 0.0)

    granted = [tokens.withdraw(0.0) for _ in range(5)]

    assert granted == [True] * 3 + [False] * 2


def test_first_tries_pay_for_retries() -> None:
    tokens = RetryTokens(RetryBudget(ratio=0.1, reserve=3, per_second=0), 0.0)
    taken(tokens, 3)

    for _ in range(10):  # ten times a tenth, which is less than one in floats
        tokens.deposit()

    assert taken(tokens, 5) == 1


def test_time_pays_for_retries_too() -> None:
    tokens = RetryTokens(RetryBudget(ratio=0, reserve=3, per_second=0.5), 0.0)
    taken(tokens, 3)

    granted = [taken(tokens, 5, now) for now in (1.0, 2.0, 6.0, 1_000.0)]

    assert granted == [0, 1, 2, 3]


def test_no_more_is_saved_up_than_the_reserve() -> None:
    tokens = RetryTokens(RetryBudget(ratio=1, reserve=2, per_second=1), 0.0)

    for _ in range(100):
        tokens.deposit()

    assert tokens.left == 2
    assert taken(tokens, 10, now=1_000.0) == 2


@given(st.lists(st.booleans(), max_size=200), st.sampled_from([0.0, 0.1, 0.25, 1.0]))
def test_retries_never_exceed_the_reserve_and_the_share_of_first_tries(deeds: list[bool], ratio: float) -> None:
    policy = RetryBudget(ratio=ratio, reserve=4, per_second=0)
    tokens, first_tries, retries = RetryTokens(policy, 0.0), 0, 0

    for is_first in deeds:
        if is_first:
            first_tries += 1
            tokens.deposit()
        else:
            retries += tokens.withdraw(0.0)

    assert retries <= policy.reserve + ratio * first_tries + 0.001
    assert 0 <= tokens.left <= policy.reserve


def test_each_workflow_has_its_own() -> None:
    budgets = RetryBudgets(NO_INCOME)
    taken(budgets.of("a", 0.0), 3)

    left = [budgets.of(name, 0.0).left for name in "ab"]

    assert left == [0, 3]


def test_beyond_the_limit_workflows_share_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WORKFLOWS", 2)
    budgets = RetryBudgets(NO_INCOME)

    a, b, c, d = (budgets.of(name, 0.0) for name in "abcd")

    assert c is d
    assert len({id(each) for each in (a, b, c)}) == 3


@pytest.mark.parametrize("wrong", [{"ratio": -0.1}, {"reserve": 0}, {"per_second": -1}, {"ratio": float("nan")}])
def test_a_budget_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RetryBudget(**wrong)  # type: ignore[arg-type]  # wrong on purpose

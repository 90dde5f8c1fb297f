from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisors.policies.strategies import Strategy

groups = st.lists(st.text(max_size=2), min_size=1, max_size=12, unique=True)


def affected(strategy: Strategy, children: str, failed: str) -> str:
    return "".join(strategy.affected(list(children), failed))


@pytest.mark.parametrize("failed", ["a", "b", "c"])
def test_one_for_one_concerns_the_one_that_failed(failed: str) -> None:
    assert affected(Strategy.ONE_FOR_ONE, "abc", failed) == failed


@pytest.mark.parametrize("failed", ["a", "b", "c"])
def test_one_for_all_concerns_all(failed: str) -> None:
    assert affected(Strategy.ONE_FOR_ALL, "abc", failed) == "abc"


@pytest.mark.parametrize(("failed", "rest"), [("a", "abc"), ("b", "bc"), ("c", "c")])
def test_rest_for_one_concerns_the_one_that_failed_and_those_after_it(failed: str, rest: str) -> None:
    assert affected(Strategy.REST_FOR_ONE, "abc", failed) == rest


@pytest.mark.parametrize("strategy", Strategy)
def test_who_is_not_in_the_group_concerns_nobody(strategy: Strategy) -> None:
    with pytest.raises(ValueError, match="'x'"):
        strategy.affected(["a"], "x")


@given(st.data(), st.sampled_from(Strategy), groups)
def test_whom_a_failure_concerns_is_in_declared_order_and_never_without_the_culprit(
    data: st.DataObject, strategy: Strategy, children: list[str]
) -> None:
    failed = data.draw(st.sampled_from(children))

    concerned = list(strategy.affected(children, failed))

    assert failed in concerned
    assert concerned == [child for child in children if child in concerned]
    narrower = set(Strategy.ONE_FOR_ONE.affected(children, failed))
    assert narrower <= set(concerned) <= set(Strategy.ONE_FOR_ALL.affected(children, failed))

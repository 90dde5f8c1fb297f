"""Whatever fails whenever in a group, it comes to rest in order."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from supervisors.policies.restarts import Restart
from supervisors.policies.retries import Backoff
from supervisors.policies.strategies import Strategy
from tests.supervisors.children import AT_ONCE
from tests.supervisors.random_groups import NAMES, RandomGroup
from tests.thoroughness import examples

deeds = st.lists(st.tuples(st.sampled_from(["fail", "do", "add", "wait"]), st.integers(0, 30)), max_size=80)
policies = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["permanent", "permanent", "transient", "temporary"]),
        "max_restarts": st.integers(0, 3),
        "backoff": st.builds(Backoff, initial=st.integers(0, 3), jitter=st.just(0.0)),
    }
)


@settings(max_examples=examples(300), deadline=None)
@given(
    st.sampled_from(Strategy),
    st.builds(Restart, max_restarts=st.integers(0, 2), backoff=st.just(AT_ONCE)),
    st.lists(policies, min_size=1, max_size=len(NAMES)),
    deeds,
)
def test_whatever_fails_whenever_all_who_are_not_out_are_up_in_the_end_and_none_is_undead(
    strategy: Strategy, restart: Restart, children: list[dict[str, Any]], happenings: list[tuple[str, int]]
) -> None:
    group = RandomGroup(strategy, restart, children)
    group.happen("add", 0)

    for deed, number in happenings:
        group.happen(deed, number)
    group.settle()

    alive = [name for name in group.children if name not in group.watch.out]
    assert sorted(group.watch.up) == alive
    assert sorted(group.given_up) == sorted(name for name, child in group.children.items() if child.given_up)
    group.stop_group()
    group.watch.look()
    group.settle()
    assert len(group.stopped) == 1
    assert len(group.supervisor._roster) == 0

"""Which agents of a group are not restarted, and when the group is restarted for one of them."""

from __future__ import annotations

from typing import Any

import pytest

from supervisors.policies.child_spec import GroupSpec
from supervisors.policies.restarts import Restart
from tests.supervisors.children import AT_ONCE, SCRATCH, STEADY, FakeGroup, every_strategy

# Restart types


@every_strategy
def test_a_temporary_child_is_never_restarted_and_concerns_nobody(strategy: str) -> None:
    group = FakeGroup(strategy, b={"kind": "temporary"}).up()

    group.fail(group["b"])

    assert group.do() == "end b"
    assert group["b"].ended == [("it is temporary and ended: SystemExit: 1", None)]
    assert (group.restarted, group.given_up) == ([], [])


def test_a_temporary_child_is_ended_when_its_group_is_restarted() -> None:
    group = FakeGroup("one_for_all", b={"kind": "temporary"}).up()

    group.fail(group["c"])

    assert group.do() == "halt c, end b, halt a, start a, start c"
    assert group["b"].ended == [("it is temporary, and its group 'team' is restarted", None)]


@every_strategy
@pytest.mark.parametrize("kind", ["permanent", "transient", "temporary"])
@pytest.mark.parametrize("is_normal", [True, False])
def test_who_ends_normally_is_restarted_if_permanent_who_fails_unless_temporary(
    strategy: str, kind: str, is_normal: bool
) -> None:
    group = FakeGroup(strategy, b={"kind": kind}).up()

    group.fail(group["b"], is_normal=is_normal)
    group.do()

    is_restarted = kind == "permanent" or (kind == "transient" and not is_normal)
    assert ("b", "base_exception") in group.restarted or not is_restarted
    assert (group["b"].ended == []) == is_restarted


def test_the_next_is_started_when_a_temporary_child_could_not() -> None:
    group = FakeGroup("one_for_all", a={"kind": "temporary"})

    group.fail(group["a"], reason="start_failed")

    assert group.do() == "start a, end a, start b, start c"


# Escalation


@every_strategy
def test_a_child_that_used_up_its_restarts_has_its_whole_group_restarted(strategy: str) -> None:
    group = FakeGroup(strategy, b={"max_restarts": 0}, restart=Restart(max_restarts=1, backoff=AT_ONCE)).up()

    group.fail(group["b"])

    assert group.do() == SCRATCH
    assert (group.group_restarts, group.given_up) == (1, [])


def test_a_restarted_group_grants_its_children_all_their_restarts_again() -> None:
    group = FakeGroup("one_for_one", b={"max_restarts": 1}, restart=Restart(max_restarts=1, backoff=AT_ONCE)).up()

    for _ in range(4):
        group.fail(group["b"])
        group.do()

    assert len(group["b"].restarts) == 2  # one before, one after
    assert (group.group_restarts, group.given_up) == (1, ["b"])


@every_strategy
def test_the_end_of_the_escalation_marks_failed_whom_the_strategy_concerns(strategy: str) -> None:
    group = FakeGroup(strategy, b={"max_restarts": 0}, restart=Restart(max_restarts=1, backoff=AT_ONCE)).up()

    for _ in range(2):
        group.fail(group["b"])
        group.do()

    failed = {"one_for_one": ["b"], "one_for_all": ["a", "b", "c"], "rest_for_one": ["b", "c"]}[strategy]
    assert group.given_up == failed
    assert [name for name in "abc" if group[name].given_up] == failed


def test_those_marked_failed_are_stopped_in_reverse_and_never_started_again() -> None:
    group = FakeGroup("rest_for_one", b={"max_restarts": 0}).up()

    group.fail(group["b"])
    told = group.do()
    group.fail(group["a"])

    assert told == "give up b, give up c, halt c, halt b"
    assert group.do() == "halt a, start a"


def test_one_that_is_being_stopped_as_failed_is_not_marked_failed_once_more() -> None:
    group = FakeGroup("rest_for_one", a={"max_restarts": 0}, b={"max_restarts": 0}).up()
    group.fail(group["b"])

    group.fail(group["a"])

    assert group.given_up == ["b", "c", "a"]
    assert group.do() == "give up b, give up c, halt c, give up a, halt b, halt a"


def test_one_that_waits_for_its_start_is_marked_failed_without_having_been_started() -> None:
    group = FakeGroup("one_for_all", a={"max_restarts": 0})

    group.fail(group["a"])

    assert group.do() == "start a, give up a, give up b, give up c, halt a"


def test_the_restart_of_a_group_waits_for_its_own_back_off() -> None:
    policy = Restart(max_restarts=2, backoff=STEADY)
    group = FakeGroup("one_for_one", b={"max_restarts": 0}, restart=policy).up()
    group.fail(group["b"])
    group.do()

    group.fail(group["b"])
    before = group.do()
    group.context.advance(1)

    assert before == "halt c, halt b, halt a"
    assert group.do() == "start a, start b, start c"


def test_a_restart_of_a_part_that_waited_is_forgotten_when_its_group_is_restarted() -> None:
    policy = Restart(max_restarts=1, backoff=AT_ONCE)
    group = FakeGroup("one_for_one", a={"backoff": STEADY}, b={"max_restarts": 0}, restart=policy).up()
    for _ in range(2):
        group.fail(group["a"])

    group.fail(group["b"])
    group.do()
    group.context.advance(10)

    assert len(group["a"].restarts) == 1


# Specs


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"name": ""}, "name"),
        ({"strategy": "simple_one_for_one"}, "must be one of 'one_for_one', 'one_for_all', 'rest_for_one'"),
        ({"strategy": 1}, "must be a supervisors.Strategy or its name"),
        ({"grace": -1}, "grace must be at least 0"),
        ({"restart": 3}, "restart"),
        ({"restart": Restart(kind="temporary")}, "must leave kind and on alone"),
        ({"restart": Restart(on=(OSError,))}, "must leave kind and on alone"),
    ],
)
def test_faulty_specs_are_refused_when_made(fields: dict[str, Any], text: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        GroupSpec(**{"name": "team", **fields})

    assert text in str(caught.value)

"""How the agents of a group are started, restarted and stopped together."""

from __future__ import annotations

import pytest

from supervisors.signals import ChildHalted, ChildStarted
from tests.supervisors.children import SCRATCH, STEADY, FakeChild, FakeGroup, every_strategy

together = pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])


# Starting and stopping


@every_strategy
def test_children_are_started_in_declared_order_each_when_the_one_before_is_up(strategy: str) -> None:
    group = FakeGroup(strategy)
    at_first = list(group.log)

    group.started("a")

    assert (at_first, group.log) == (["start a"], ["start a", "start b"])
    assert group.restarted == []


@every_strategy
def test_children_are_ended_in_reverse_order_each_when_the_one_after_has_stopped(strategy: str) -> None:
    group = FakeGroup(strategy).up()

    group.stop_group()
    at_first = list(group.log)
    told = group.do()

    assert at_first == ["end c"]
    assert told == "end c, end b, end a"
    assert len(group.stopped) == 1


def test_a_group_without_children_is_stopped_at_once_and_ends_who_comes_late() -> None:
    group = FakeGroup("one_for_all", "")

    group.stop_group()
    group.add("late")

    assert len(group.stopped) == 1
    assert group.do() == "end late"
    assert len(group.stopped) == 1


def test_the_time_to_stop_in_is_shared_by_all_children() -> None:
    group = FakeGroup("one_for_one").up()
    group.stop_group(until=group.context.now() + 8)

    group.context.advance(2)
    group.stop(group["c"])
    group.context.advance(100)
    group.stop(group["b"])

    assert [group[name].ended[0][1] for name in "cba"] == [8, 6, 0]


def test_stopping_overrules_a_restart_that_is_under_way() -> None:
    group = FakeGroup("one_for_all").up()
    group.fail(group["b"])
    group.halted("c")

    group.stop_group()
    group.halted("b")

    assert group.do() == "halt c, halt b, end c, end b, end a"
    assert len(group.stopped) == 1


def test_a_stop_ends_those_that_were_marked_failed_too() -> None:
    group = FakeGroup("rest_for_one", b={"max_restarts": 0}).up()
    group.fail(group["b"])
    group.do()

    group.stop_group()

    assert group.do() == "end c, end b, end a"


def test_a_child_that_is_stopped_by_itself_leaves_the_others_alone() -> None:
    group = FakeGroup("one_for_all").up()

    group.stop(group["b"])
    group.fail(group["c"])

    assert group.do() == "halt c, halt a, start a, start c"


@pytest.mark.parametrize("phase", ["waiting", "starting", "condemned", "stopping"])
def test_a_child_may_be_stopped_at_any_moment(phase: str) -> None:
    group = FakeGroup("one_for_all")
    if phase in ("condemned", "stopping"):
        group.up().fail(group["a"])
    name = {"waiting": "c", "starting": "a", "condemned": "a", "stopping": "c"}[phase]

    group.stop(group[name])

    told = group.do()
    others = [other for other in "abc" if other != name]
    assert told.endswith(", ".join(f"start {other}" for other in others))
    assert len(group.supervisor._roster) == len(others)


# Restarting


def test_one_for_one_restarts_the_part_that_failed_and_nobody_else() -> None:
    group = FakeGroup("one_for_one").up()

    group.fail(group["b"], part=1)

    assert group.log == []
    assert group["b"].restarts == [(1, "base_exception")]
    assert group.restarted == [("b", "base_exception")]


@pytest.mark.parametrize("failed", ["a", "b", "c"])
def test_one_for_all_restarts_all_in_order(failed: str) -> None:
    group = FakeGroup("one_for_all").up()

    group.fail(group[failed])

    assert group.do() == SCRATCH
    reasons = dict.fromkeys("abc", "group_restarted") | {failed: "base_exception"}
    assert group.restarted == list(reasons.items())
    assert group[failed].reasons == ["", "base_exception"]


@pytest.mark.parametrize(
    ("failed", "told"),
    [("a", SCRATCH), ("b", "halt c, halt b, start b, start c"), ("c", "halt c, start c")],
)
def test_rest_for_one_restarts_those_declared_after_too(failed: str, told: str) -> None:
    group = FakeGroup("rest_for_one").up()

    group.fail(group[failed])

    assert group.do() == told


def test_nobody_is_started_before_the_back_off_is_over_but_stopping_does_not_wait() -> None:
    group = FakeGroup("one_for_all", b={"backoff": STEADY}).up()
    group.fail(group["b"])
    group.do()

    group.fail(group["b"])
    before = group.do()
    group.context.advance(1)

    assert before == "halt c, halt b, halt a"
    assert group.do() == "start a, start b, start c"


# Another child fails during the restart


def test_one_for_one_restarts_another_child_that_fails_during_a_restart() -> None:
    group = FakeGroup("one_for_one", a={"backoff": STEADY}).up()
    for _ in range(2):
        group.fail(group["a"])  # the second time it waits

    group.fail(group["b"])
    group.context.advance(1)

    assert group.restarted == [("a", "base_exception"), ("b", "base_exception"), ("a", "base_exception")]


@together
@pytest.mark.parametrize("other", ["b", "c"])
def test_who_fails_while_it_is_to_be_stopped_or_waits_for_its_start_is_not_counted(strategy: str, other: str) -> None:
    group = FakeGroup(strategy).up()
    group.fail(group["a"])

    group.fail(group[other])  # it is condemned, or being stopped
    for name in "cb":
        group.halted(name)
    group.fail(group[other])  # it waits

    assert group.do() == SCRATCH
    assert len(group.restarted) == 3
    assert len(group[other].restarts) == 0


@together
def test_a_child_that_fails_in_its_start_during_a_restart_has_those_started_before_restarted_or_not(
    strategy: str,
) -> None:
    group = FakeGroup(strategy).up()
    group.fail(group["a"])
    for name in "cba":
        group.halted(name)
    group.started("a")
    group.log.clear()

    group.fail(group["b"], reason="start_failed")

    told = group.do()
    assert (
        told
        == {
            "one_for_all": "halt b, halt a, start a, start b, start c",
            "rest_for_one": "halt b, start b, start c",
        }[strategy]
    )


@together
def test_a_child_that_has_been_restarted_may_fail_while_the_rest_is_being_restarted(strategy: str) -> None:
    group = FakeGroup(strategy).up()
    group.fail(group["a"])
    for name in "cba":
        group.halted(name)
    group.started("a")  # now b is starting
    group.log.clear()

    group.fail(group["a"])

    assert group.do() == "halt b, halt a, start a, start b, start c"


def test_rest_for_one_takes_in_who_fails_before_those_that_are_being_restarted() -> None:
    group = FakeGroup("rest_for_one").up()
    group.fail(group["c"])

    group.fail(group["a"])

    assert group.do() == SCRATCH


# A child that cannot start


@every_strategy
def test_a_child_that_cannot_start_is_marked_failed_with_those_that_depend_on_it(strategy: str) -> None:
    group = FakeGroup(strategy, b={"max_restarts": 2})
    group.started("a")

    for _ in range(10):
        if group.given_up:
            break
        group.fail(group["b"], reason="start_failed")
        while group.log and group.log[-1] != "start b":
            deed, _, name = group.log.pop().rpartition(" ")
            {"halt": group.halted, "start": group.started}.get(deed, str)(name)

    assert (
        group.given_up == {"one_for_one": ["b"], "one_for_all": ["a", "b", "c"], "rest_for_one": ["b", "c"]}[strategy]
    )
    assert "is marked failed" in group["c"].given_up[0] if strategy != "one_for_one" else not group["c"].given_up


def test_one_for_one_starts_the_next_when_the_start_of_one_failed() -> None:
    group = FakeGroup("one_for_one", a={"backoff": STEADY})

    group.fail(group["a"], reason="start_failed")

    assert group.log == ["start a", "start b"]


@every_strategy
def test_while_a_child_hangs_in_its_start_the_supervisor_answers(strategy: str) -> None:
    group = FakeGroup(strategy)
    group.started("a")  # b hangs from now on

    group.fail(group["a"])
    group.add("d")
    group.stop_group()

    assert group.do().endswith("end d, end c, end b, end a")
    assert len(group.stopped) == 1


def test_what_is_told_of_unknown_children_is_ignored() -> None:
    group = FakeGroup("one_for_all").up()
    stranger = FakeChild("stranger")

    group.tell(ChildStarted(stranger))
    group.tell(ChildHalted(stranger))
    group.halted("a")
    group.started("a")

    assert group.do() == ""

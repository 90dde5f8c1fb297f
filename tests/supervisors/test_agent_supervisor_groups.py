"""How the agents of a group are started, restarted and stopped together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisors.child_spec import GroupSpec
from supervisors.restarts import Restart
from supervisors.retries import Backoff
from supervisors.signals import ChildHalted, ChildStarted
from supervisors.strategies import Strategy
from tests.supervisors.children import AT_ONCE, STEADY, FakeChild, FakeGroup

together = pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
every_strategy = pytest.mark.parametrize("strategy", list(Strategy))

SCRATCH = "halt c, halt b, halt a, start a, start b, start c"


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


def test_what_is_told_of_unknown_children_is_ignored() -> None:
    group = FakeGroup("one_for_all").up()
    stranger = FakeChild("stranger")

    group.tell(ChildStarted(stranger))
    group.tell(ChildHalted(stranger))
    group.halted("a")
    group.started("a")

    assert group.do() == ""


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


# All of it, at random

NAMES = "abcde"
deeds = st.lists(st.tuples(st.sampled_from(["fail", "do", "add", "wait"]), st.integers(0, 30)), max_size=80)
policies = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["permanent", "permanent", "transient", "temporary"]),
        "max_restarts": st.integers(0, 3),
        "backoff": st.builds(Backoff, initial=st.integers(0, 3), jitter=st.just(0.0)),
    }
)


class OrderWatch:
    """Judges by what children are told, and have done, whether all goes in order."""

    def __init__(self, group: FakeGroup) -> None:
        self.group = group
        self.up: list[str] = []
        self.doing: dict[str, str] = {}
        self.out: set[str] = set()
        self._read = 0

    def look(self) -> None:
        for told in self.group.log[self._read :]:
            deed, _, name = told.rpartition(" ")
            place = self._place(name)
            if deed == "start":
                doing = set(self.doing.values()) - {"end"}  # nobody waits for who leaves by itself
                assert not doing, "one at a time, and none while one is stopped"
                assert name not in self.out and name not in self.up, "undead"
                assert not [other for other in self.up if self._place(other) > place], "out of order"
                self.doing[name] = deed
            elif deed == "give up":
                self.out.add(name)
            elif deed == "halt":
                assert "halt" not in self.doing.values(), "one at a time"
                later = [other for other in self.up if self._place(other) > place and other not in self.out]
                assert self.group.spec.strategy is Strategy.ONE_FOR_ONE or not later, "out of order"
                self.doing[name] = deed
            else:
                self.out.add(name)
                self.doing[name] = deed
        self._read = len(self.group.log)

    def _place(self, name: str) -> int:
        return list(self.group.children).index(name)

    def do(self, name: str) -> None:
        """Have a child do what it was told."""
        deed = self.doing.pop(name)
        if name in self.up:
            self.up.remove(name)
        if deed == "start":
            self.up.append(name)
            self.group.started(name)
        elif deed == "halt":
            self.group.halted(name)
        else:
            self.group.stop(self.group[name])


class RandomGroup(FakeGroup):
    """A group to which anything may happen at any moment."""

    def __init__(self, strategy: Strategy, restart: Restart, children: list[dict[str, Any]]) -> None:
        super().__init__(strategy, "", restart=restart)
        self.spares = [*zip(NAMES, children, strict=False)]
        self.watch = OrderWatch(self)

    def happen(self, deed: str, number: int) -> None:
        watch = self.watch
        alive = [*watch.up, *(name for name, doing in watch.doing.items() if doing == "start")]
        if deed == "add" and self.spares:
            name, policy = self.spares.pop(0)
            self.add(name, **policy)
        elif deed == "wait":
            self.context.advance(number)
        elif deed == "do" and watch.doing:
            watch.do(sorted(watch.doing)[number % len(watch.doing)])
        elif deed == "fail" and alive:
            name = sorted(alive)[number % len(alive)]
            if watch.doing.get(name) == "start":
                del watch.doing[name]
                watch.up.append(name)  # or about to be, by itself
            self.fail(self[name], is_normal=number % 2 == 0)
        watch.look()

    def settle(self) -> None:
        for _ in range(1_000):
            if not self.watch.doing and not self.context.armed:
                return
            self.happen("do" if self.watch.doing else "wait", 30)
        raise AssertionError("it never comes to rest")


@settings(max_examples=300, deadline=None)
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

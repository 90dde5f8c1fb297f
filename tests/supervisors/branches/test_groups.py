"""Groups and fan-outs: places, and the records of a group of branches."""

from __future__ import annotations

from supervisors.branches.child import Child
from supervisors.branches.groups import BranchGroup, item_path, rest_path
from supervisors.outcome import COMPLETED
from supervisors.policies.deadlines import UNLIMITED
from supervisors.signals import Ended, Job, Supervise, SuperviseGroup
from supervisors.trace import TraceRecord
from tests.supervisors.fakes import START, FakeAgent
from tests.supervisors.jobs import job


def test_places_read_like_subscripts() -> None:
    assert item_path("map/fetch", 37) == "map/fetch[37]"
    assert rest_path("map/fetch", 100) == "map/fetch[100:]"


# A group of branches


def record(path: str) -> TraceRecord:
    return TraceRecord(path, "agent", COMPLETED, 0, 0, 1, 0, 0, 0)


def parent() -> Child:
    return Child(Supervise(None, "asker", "key", job("p", FakeAgent()), "payload"), None, UNLIMITED, None, START)


def group_below(parent: Child, *paths: str) -> BranchGroup:
    jobs: tuple[Job, ...] = tuple([job(path, FakeAgent()) for path in paths])
    return BranchGroup(SuperviseGroup(parent, "asker", jobs, ("payload",) * len(jobs), None, "cancel"))


def test_a_groups_records_are_put_in_declared_order_behind_what_was_there() -> None:
    above = parent()
    earlier, first, second = record("p/0"), record("p/a"), record("p/b")
    above.records = [earlier]
    group = group_below(above, "p/a", "p/b")
    above.records += [second, first]

    group.endings[:] = [Ended(0, COMPLETED, None, first), Ended(1, COMPLETED, None, second)]
    group.sort_records()

    assert above.records == [earlier, first, second]


def test_records_that_were_not_kept_do_not_come_back() -> None:
    above = parent()
    group = group_below(above, "p/a", "p/b", "p/c")
    first, second = record("p/a"), record("p/b")
    above.records = [second]

    group.endings[:] = [
        Ended(0, COMPLETED, None, first),
        Ended(1, COMPLETED, None, second),
        Ended(2, COMPLETED, None, None),
    ]
    group.sort_records()

    assert above.records == [second]


def test_a_group_without_records_has_nothing_to_sort() -> None:
    above = parent()
    group = group_below(above, "p/a")

    group.endings[:] = [Ended(0, COMPLETED, None, None)]
    group.sort_records()

    assert above.records is None

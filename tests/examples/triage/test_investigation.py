"""Tests of how security tickets are settled."""

from __future__ import annotations

import pytest

from examples.triage.history import History
from examples.triage.investigation import MOST_ROUNDS, REACH, Investigation, opened, searched_on
from examples.triage.ticket import Ticket
from tests.examples.triage.builders import ticket

CVE = "CVE-2020-1234"


def investigated(subject: Ticket, *others: Ticket) -> Investigation:
    later = History([*others, subject]).later(subject.package, subject.version)
    found = searched_on(opened(subject), later)
    while not found.is_over:
        found = searched_on(found, later)
    return found


def test_what_is_fixed_in_the_ticket_needs_one_round() -> None:
    found = investigated(ticket(f"Fix {CVE}", "CVE-2020-5678: door"), ticket("Bakes.", version="2.0"))

    assert (found.status, found.rounds, found.searched) == ("resolved", 1, 0)
    assert found.reason == "2 fixed here"


def test_a_fix_is_found_in_a_later_version() -> None:
    versions = [ticket("Bakes.", version=f"1.{number}-1") for number in range(1, 7)]
    fixed = ticket(f"Fix {CVE}", version="1.7-1")

    found = investigated(ticket(f"Lock the door, mitigating {CVE}"), *versions, fixed)

    assert (found.status, found.reason) == ("resolved", "1 fixed in 1.7-1")
    assert found.rounds == 4


def test_each_round_reaches_further_and_none_reads_twice() -> None:
    later = History([ticket("Bakes.", version=f"2.{number}") for number in range(100)]).later("oven", "1.0-1")
    found = opened(ticket(f"Lock the door, mitigating {CVE}"))

    reached = []
    while not found.is_over:
        found = searched_on(found, later)
        reached.append(found.searched)

    assert reached == [*REACH, 100]
    assert found.rounds == MOST_ROUNDS


def test_what_no_later_version_settles_is_escalated_with_the_reason() -> None:
    found = investigated(ticket(f"Remove {CVE}.patch"), ticket("Bakes.", version="2.0"))

    assert found.status == "escalated"
    assert found.reason == f"{CVE}: fix withdrawn; not settled in 1 later version"


def test_a_later_version_may_change_what_is_open() -> None:
    again = ticket(f"Remove {CVE}.patch", version="2.0")

    found = investigated(ticket(f"Lock the door, mitigating {CVE}"), again)

    assert found.open == {CVE: "fix withdrawn"}


def test_many_open_ones_are_counted() -> None:
    names = [f"CVE-2020-{number}" for number in range(1000, 1005)]

    found = investigated(ticket(*(f"Remove {name}.patch" for name in names)))

    assert found.reason.endswith("CVE-2020-1002: fix withdrawn; 2 more; not settled in 0 later versions")


def test_earlier_versions_and_other_packages_do_not_count() -> None:
    fixes = [ticket(f"Fix {CVE}", version="0.9"), ticket(f"Fix {CVE}", version="2.0", package="kettle")]

    found = investigated(ticket(f"Remove {CVE}.patch"), *fixes)

    assert (found.status, found.searched) == ("escalated", 0)


def test_a_vulnerability_without_an_id_is_settled_by_a_fix() -> None:
    found = investigated(ticket("Fix a buffer overflow", distribution="stable-security"))

    assert (found.status, found.reason) == ("resolved", "1 fixed here")


def test_a_vulnerability_without_an_id_is_followed_by_its_bugs() -> None:
    settled = ticket("Fix the lid (Closes: #1234)", version="2.0")

    found = investigated(ticket("Security update", "Turn the light on. Closes: #1234"), settled)
    other = investigated(ticket("Security update"), settled)

    assert found.reason == "1 fixed in 2.0"
    assert other.reason == "no id: mentioned; not settled in 1 later version"


def test_of_a_version_that_several_packages_tell_one_is_kept() -> None:
    history = History([ticket("Bakes.", version="2.0"), ticket("Bakes.", version="2.0")])

    assert len(history.later("oven", "1.0")) == 1


@pytest.mark.parametrize("package", ["oven", "kettle"])
def test_nothing_is_later_than_the_last_version(package: str) -> None:
    history = History([ticket("Bakes.", version="2.0")])

    assert list(history.later(package, "2.0")) == []

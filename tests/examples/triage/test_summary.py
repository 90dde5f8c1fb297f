"""Tests of the summary."""

from __future__ import annotations

import random

from examples.triage.handled import NO_DESK, Handled
from examples.triage.summary import Summary
from tests.examples.triage.builders import ticket


def handled(number: int, desk: str, status: str, duration: float | None = 0.001) -> Handled:
    return Handled(number, ticket("Bakes.", version=str(number)), desk, status, "why", duration=duration)


def summary_of(*tickets: Handled) -> Summary:
    summary = Summary()
    for each in tickets:
        summary.add(each)
    return summary


def test_tickets_are_counted_by_desk_and_status() -> None:
    summary = summary_of(
        handled(1, "security", "resolved"),
        handled(2, "security", "escalated"),
        handled(3, "crash", "filed"),
        handled(4, "crash", "failed"),
    )

    table = [line.split() for line in summary.table(with_times=False).splitlines()]

    assert table[0] == ["desk", "tickets", "filed", "resolved", "escalated", "failed"]
    assert table[1] == ["security", "2", "0", "1", "1", "0"]
    assert table[2] == ["crash", "2", "1", "0", "0", "1"]
    assert table[-1] == ["all", "4", "1", "1", "1", "1"]
    assert (summary.total, summary.failed) == (4, 1)


def test_the_order_of_ends_makes_no_difference() -> None:
    tickets = [handled(number, "security", "failed") for number in range(20)]
    shuffled = random.Random(7).sample(tickets, len(tickets))

    one, other = summary_of(*tickets), summary_of(*shuffled)

    assert one.table(with_times=False) == other.table(with_times=False)
    assert list(one.failures()) == list(other.failures())


def test_latencies_are_told_in_milliseconds() -> None:
    summary = summary_of(*(handled(number, "crash", "filed", number / 1000) for number in range(101)))

    table = [line.split() for line in summary.table(with_times=True).splitlines()]

    assert table[0][-4:] == ["p50", "ms", "p95", "ms"]
    assert table[2][-2:] == ["50.0", "95.0"]
    assert table[1][-2:] == ["-", "-"]


def test_tickets_that_reached_no_desk_have_a_line_of_their_own() -> None:
    with_one = summary_of(handled(1, NO_DESK, "failed", None)).table(with_times=True)
    without = summary_of(handled(1, "crash", "filed")).table(with_times=True)

    assert "no desk" in with_one
    assert "no desk" not in without


def test_the_first_failures_are_named() -> None:
    summary = summary_of(*(handled(number, "crash", "failed") for number in (6, 5, 4, 3, 2, 1, 0)))

    assert list(summary.failures())[0] == "oven/0: why"
    assert list(summary.failures())[-1] == "and 2 more failed tickets"
    assert len(list(summary.failures())) == 6

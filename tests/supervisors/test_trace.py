from __future__ import annotations

from typing import Any

from supervisors.outcome import COMPLETED
from supervisors.trace import TraceRecord
from tests.supervisors.outcomes import timed_out


def record(path: str, *children: TraceRecord, **fields: Any) -> TraceRecord:
    values = {"outcome": COMPLETED, "started": 0.0, "duration": 1.5, "attempts": 1, "iterations": 0, **fields}
    return TraceRecord(path, "agent", queue_wait=0.25, run_time=1.25, children=children, **values)


def tree() -> TraceRecord:
    first = record("p/a", record("p/a/1"), record("p/a/2"))
    return record("p", first, record("p/b", outcome=timed_out("p/b")))


def test_records_are_walked_parents_first_in_the_order_of_execution() -> None:
    assert [each.path for each in tree().walk()] == ["p", "p/a", "p/a/1", "p/a/2", "p/b"]


def test_a_trace_prints_as_an_indented_tree() -> None:
    assert str(tree()).splitlines() == [
        "p [agent] 1.500 s ok (completed)",
        "  p/a [agent] 1.500 s ok (completed)",
        "    p/a/1 [agent] 1.500 s ok (completed)",
        "    p/a/2 [agent] 1.500 s ok (completed)",
        "  p/b [agent] 1.500 s timed_out (deadline), out of p/b",
    ]


def test_a_deep_trace_needs_no_recursion() -> None:
    deepest = record("0")
    for depth in range(1, 5_000):
        deepest = record(str(depth), deepest)

    assert sum(1 for _ in deepest.walk()) == 5_000
    assert str(deepest).count("\n") == 4_999


def test_a_record_has_no_metadata_and_no_children_unless_given() -> None:
    plain = record("a")

    assert (dict(plain.metadata), plain.children, plain.dropped, plain.delayed_by) == ({}, (), 0, "")

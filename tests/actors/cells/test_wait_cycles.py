"""The search for wait cycles, where events change their places while it is made; the rest is in the scenarios."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from actors.cells.wait_cycles import find_cycle


def waiting(system: object) -> Any:
    """Return an event that waits in a mailbox, behind nobody yet."""
    cell = SimpleNamespace(system=system, lock=threading.Lock(), instances=[])
    return SimpleNamespace(cell=cell, instance=None, begun_at=None, deadline_at=None, agent="writer")


def test_two_events_that_change_places_are_no_cycle() -> None:
    system = SimpleNamespace(offspring={})
    first, second = waiting(system), waiting(system)
    first.cell.instances = [SimpleNamespace(work=second)]
    second.cell.instances = [SimpleNamespace(work=first)]  # it was put back, and the other was taken

    assert find_cycle(first) == ()

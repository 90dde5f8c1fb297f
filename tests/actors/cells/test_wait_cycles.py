"""The search for wait cycles, where events change their places while it is made; the rest is in the scenarios."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from actors.cells.wait_cycles import find_cycle


class Waiting:
    """An event that waits in a mailbox, behind nobody yet."""

    instance = begun_at = deadline_at = None
    agent = "writer"

    def __init__(self, system: object) -> None:
        self.cell = SimpleNamespace(system=system, lock=threading.Lock(), instances=list[Any]())


def test_two_events_that_change_places_are_no_cycle() -> None:
    system = SimpleNamespace(offspring={})
    first, second = Waiting(system), Waiting(system)
    first.cell.instances = [SimpleNamespace(work=second)]
    second.cell.instances = [SimpleNamespace(work=first)]  # it was put back, and the other was taken

    assert find_cycle(first) == ()  # type: ignore[arg-type]  # a fake

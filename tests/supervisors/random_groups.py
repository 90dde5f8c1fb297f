"""Groups to which anything may happen at any moment, and a watch on the order in which it does."""

from __future__ import annotations

from typing import Any

from supervisors.policies.restarts import Restart
from supervisors.policies.strategies import Strategy
from tests.supervisors.children import FakeGroup

NAMES = "abcde"


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
                later = [other for other in self.up if self._place(other) > place and other not in self.out]
                assert not later, "out of order"
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

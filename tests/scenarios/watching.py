"""An observer that keeps what it is told, and lets a test wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from supervisors.facts import DeadLettered, Fact, StageEnded
from tests import limits

PATIENCE = limits.PATIENCE
"""Seconds after which a test gives up waiting for what has to happen. Waiting longer never helps."""

_Fact = TypeVar("_Fact")


class Watcher:
    """Keeps all facts, in order."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._facts: list[Fact] = []

    def observe(self, fact: Fact) -> None:
        with self._news:
            self._facts.append(fact)
            self._news.notify_all()

    def all(self, kind: type[_Fact]) -> list[_Fact]:
        with self._news:
            return [fact for fact in self._facts if isinstance(fact, kind)]

    def await_fact(self, kind: type[_Fact], suits: Callable[[_Fact], bool] = lambda _fact: True) -> _Fact:
        """Wait for a fact and return it; the test fails if it never comes."""
        with self._news:
            found: list[_Fact] = []

            def is_there() -> bool:
                kept = [fact for fact in self._facts if isinstance(fact, kind)]
                found.extend(fact for fact in kept if suits(fact))
                return bool(found)

            assert self._news.wait_for(is_there, PATIENCE), f"no such {kind.__name__}"
            return found[0]

    def await_dead_letter(self, reason: str) -> DeadLettered:
        return self.await_fact(DeadLettered, lambda letter: letter.reason == reason)

    def await_stage(self, path: str) -> StageEnded:
        return self.await_fact(StageEnded, lambda stage: stage.record.path == path)

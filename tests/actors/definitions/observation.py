"""Runs of workflows that are stated as data, and what is looked at in them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from actors import WorkflowFailedError
from actors.definitions import Definition
from actors.definitions.toml_layout import laid_out
from actors.testing import VirtualRuntime
from supervisors.outcome import Outcome
from supervisors.trace import TraceRecord
from tests import limits
from tests.actors.definitions import behaviours

PATIENCE = limits.PATIENCE
"""Virtual seconds that a run is granted."""

MODULE = behaviours.__name__
AGENTS = {
    "set-a": "set_a",
    "set-b": "set_b",
    "write-a": "write_a",
    "write-b": "write_b",
    "count": "count",
    "fail": "fail",
    "fail-twice": "fail_twice",
    "fail-for-bad": "fail_for_bad",
    "linger": "linger",
    "linger-for-slow": "linger_for_slow",
    "linger-at-first": "linger_at_first",
    "overlap": "overlap",
    "compute": "compute",
    "compute-other": "compute_other",
    "topic-a": "topic_a",
    "topic-b": "topic_b",
    "show-item": "show_item",
}
DATA = {"message": "hello", "other": "goodbye", "items": [1, 2], "things": [3], "mixed": ["bad", "slow"], "topic": "t"}


class LeastRandom(random.Random):
    """Draws the least of each range."""

    def uniform(self, a: float, b: float) -> float:
        return a


@dataclass(frozen=True)
class Seen:
    """What was seen of a run."""

    outcome: Outcome
    state: Mapping[str, Any]
    meta: Mapping[str, Any]
    trace: TraceRecord
    computed: list[str]

    def record(self, name: str) -> TraceRecord:
        """Return the first record whose path ends in a name."""
        return next(record for record in self.trace.walk() if record.path.rpartition("/")[2] == name)

    @property
    def paths(self) -> list[str]:
        return [record.path for record in self.trace.walk()]


def run(workflow: Any, agents: Mapping[str, Any]) -> Seen:
    """Run a workflow that is stated as data, by way of a file's text."""
    named = {name: f"{MODULE}:{function}" for name, function in AGENTS.items()}
    text = laid_out({"agents": {**named, **agents}, "workflow": workflow})
    definition = Definition.parse(text)
    behaviours.computed.clear()
    with VirtualRuntime(abandon_after=1.0) as runtime:
        system = runtime._system
        system.environment = replace(system.environment, random=LeastRandom())
        definition.spawn_into(runtime)
        run = runtime.submit(definition.workflow, DATA, {"s": 5, "text": "Abc", "list": ["x"]}, timeout=PATIENCE)
        try:
            ended: Any = run.result()
        except WorkflowFailedError as error:
            ended = error
    assert ended.trace is not None
    computed = list(behaviours.computed)
    return Seen(ended.outcome, dict(ended.state), ended.state.meta, ended.trace, computed)


def kind(seen: Seen) -> str:
    return seen.outcome.kind.value


def reason(seen: Seen) -> str:
    return seen.outcome.reason.value


def budget(seen: Seen) -> str:
    return seen.outcome.budget


def root(seen: Seen) -> str:
    return seen.trace.path


def keys(seen: Seen) -> list[str]:
    return [key for key in ("a", "b", "lingered", "made", "worked") if key in seen.state]


def value(key: str) -> Callable[[Seen], Any]:
    return lambda seen: seen.state.get(key)


def ending(name: str) -> Callable[[Seen], str]:
    return lambda seen: seen.record(name).outcome.kind.value


def attempts(name: str) -> Callable[[Seen], int]:
    return lambda seen: seen.record(name).attempts


def has_path(path: str) -> Callable[[Seen], bool]:
    return lambda seen: path in seen.paths


def count_computed(seen: Seen) -> int:
    return len(seen.computed)


def overlapped(seen: Seen) -> bool:
    return seen.computed[:2] == ["begin", "begin"]


def has_b(seen: Seen) -> bool:
    return "b" in seen.state

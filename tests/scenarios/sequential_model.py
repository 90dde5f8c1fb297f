"""A simple model of what workflows mean: plain dicts, one thing after another, and how long each takes.

It knows the agents of `agents.py` and predicts how a run of a pattern of them ends: with which outcome, with which
state, and when. What depends on the order within one moment it does not predict: it raises `Racy` where a quorum would
pick winners, and says that a partial state is not exact where siblings were cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from actors import (
    Branch,
    Cached,
    Conditional,
    Loop,
    Map,
    MultiStage,
    Parallel,
    Route,
    RouteLoop,
    Sequential,
    SequentialCollaborative,
    Stage,
)
from actors.conditions import All, Compare, Contains, Equals, Exists, Not, OutcomeIs
from actors.conditions import Any as AnyOf
from actors.orchestrators.base import Pattern
from tests.scenarios.agents import AGENT_TIMEOUT, seconds
from tests.scenarios.differences import Data, difference, lay, merge, without
from tests.scenarios.racing import Race, Racy, Rules, race

__all__ = ["Model", "Predicted", "Racy", "holds"]


@dataclass(frozen=True)
class Predicted:
    """How a node ends.

    Attributes:
        kind: "ok", "failed" or "timed_out".
        reason: Why.
        state: What the state is then; what was achieved, if it is not ok.
        ends: When, in seconds.
        exact: Whether nothing but the workflow decides about that state.
    """

    kind: str
    reason: str
    state: Data
    ends: float
    exact: bool = True

    @property
    def ok(self) -> bool:
        return self.kind == "ok"


# Agents


def _agent(name: str, state: Data, at: float, attempt: int) -> Predicted:
    if name == "late":
        return Predicted("timed_out", "deadline", state, at + AGENT_TIMEOUT)
    ends = at + seconds(name, state)
    changed = dict(state)
    match name.partition("-")[0]:
        case "add":
            changed["n"] = state.get("n", 0) + 1
        case "log":
            changed["log"] = [*state.get("log", []), name]
        case "finish":
            changed["loop_complete"] = True
        case "drop":
            changed.pop("n", None)
        case "constant":
            changed[name] = "kept"
        case "take":
            changed["taken"] = state.get("item", "nothing")
        case "flaky" if attempt > 1:
            changed["n"] = state.get("n", 0) + 10
        case "fail" | "flaky":
            return Predicted("failed", "exception", state, ends)
    return Predicted("ok", "completed", changed, ends)


# Conditions


def holds(condition: Any, state: Data, previous: Predicted | None = None) -> bool:
    """Return whether a stock condition holds."""
    match condition:
        case All(conditions=inner):
            return all(holds(each, state, previous) for each in inner)
        case AnyOf(conditions=inner):
            return any(holds(each, state, previous) for each in inner)
        case Not(condition=inner):
            return not holds(inner, state, previous)
        case OutcomeIs(kinds=kinds):
            return previous is not None and previous.kind in kinds
        case Exists(key=key):
            return key in state
        case Equals(key=key, value=value):
            return key in state and bool(state[key] == value)
        case Contains(key=key, value=value):
            return value in state.get(key, [])
        case Compare(key=key, op=op, value=value):
            return key in state and {"<": state[key] < value, ">=": state[key] >= value}[op]
    raise AssertionError(condition)


# Patterns


class Model:
    """One run.

    Args:
        event: The event's data.
    """

    def __init__(self, event: Data) -> None:
        self._event = event
        self._kept: dict[Cached, tuple[Data, set[str]]] = {}
        # When nodes that are cached were done in vain.
        self._in_vain: list[tuple[Cached, float, float]] = []
        # How what was tried before failed, where a branch around tries again or has its fallback done.
        self._previous: Predicted | None = None

    def run(self, node: Any, state: Data, at: float = 0.0, attempt: int = 1) -> Predicted:
        """Predict how a node ends that begins at a moment."""
        if isinstance(node, str):
            return _agent(node, state, at, attempt)
        if isinstance(node, Branch):
            return self._branch(node, state, at)
        for kind, predict in _PREDICTIONS.items():
            if isinstance(node, kind):
                return predict(self, node, state, at)
        raise AssertionError(node)

    def _branch(self, branch: Branch, state: Data, at: float) -> Predicted:
        kept, vain = dict(self._kept), list(self._in_vain)
        ended = self._attempts(branch, state, at)
        if branch.timeout is not None and ended.ends >= at + branch.timeout:
            if (kept, vain) != (self._kept, self._in_vain):  # what of it had been done by then?
                raise Racy
            ended = Predicted("timed_out", "deadline", state, at + branch.timeout, isinstance(branch.node, str))
        if ended.ok or branch.fallback is None:
            return ended
        fallback = self._after(ended, branch.fallback, state, 1)
        if fallback.ok:
            return replace(fallback, reason="fallback_used")
        return fallback if _is_required(branch.fallback) else Predicted("ok", "fallback_used", state, fallback.ends)

    def _attempts(self, branch: Branch, state: Data, at: float) -> Predicted:
        attempts = branch.retry.attempts if branch.retry is not None else 1
        node = Sequential(branch.node) if isinstance(branch.node, Branch) else branch.node
        ended = self.run(node, state, at)
        for attempt in range(2, attempts + 1):
            if ended.ok:
                break
            ended = self._after(ended, node, state, attempt)
        return ended

    def _after(self, failed: Predicted, node: Any, state: Data, attempt: int) -> Predicted:
        """Predict how a node ends that is done because of a failure."""
        above, self._previous = self._previous, failed
        ended = self.run(node, state, failed.ends, attempt)
        self._previous = above
        return ended

    def _steps(self, steps: Sequence[Any], state: Data, at: float) -> Predicted:
        for step in steps:
            ended = self.run(step, state, at)
            at = ended.ends
            if ended.ok:
                state = ended.state
            elif _is_required(step):
                return _child_failed(ended)
        return Predicted("ok", "completed", state, at)

    def _sequential(self, pattern: Sequential, state: Data, at: float) -> Predicted:
        return self._steps(pattern.steps, state, at)

    def _mixture(self, pattern: SequentialCollaborative, state: Data, at: float) -> Predicted:
        first = self._steps(pattern.sequential, state, at)
        if not first.ok:
            return _child_failed(first)
        second = self._group(pattern.collaborative, pattern, first.state, first.ends)
        return second if second.ok else _child_failed(second)

    def _parallel(self, pattern: Parallel, state: Data, at: float) -> Predicted:
        return self._group(pattern.branches, pattern, state, at)

    def _group(self, branches: Sequence[Any], policy: Any, state: Data, at: float) -> Predicted:
        size = len(branches)
        required = [_is_required(branch, policy.require == "all") for branch in branches]
        rules = Rules(required, _quorum(policy.require, size), policy.on_failure == "cancel", size)
        result = race(rules, lambda index, moment: self.run(branches[index], state, moment), at)
        good = {_label(branches[index]): each.state for index, each in result.ended.items() if each.ok}
        partial = dict(state)
        for after in good.values():
            lay(partial, state, after)
        if result.reasons:
            return _broken(result, partial)
        merged = merge(policy.merge, state, good)
        if merged is None:
            return Predicted("failed", "merge_conflict", partial, result.ends)
        return Predicted("ok", "completed", merged, result.ends)

    def _loop(self, pattern: Loop, state: Data, at: float) -> Predicted:
        for _ in range(pattern.max_iterations):
            ended = self.run(pattern.node, state, at)
            at = ended.ends
            if ended.ok:
                state = ended.state
            elif _is_required(pattern.node):
                return _child_failed(ended)
            if holds(pattern.until, state, self._previous):
                return Predicted("ok", "condition_met", state, at)
        return Predicted("ok", "max_iterations", state, at)

    def _chosen(self, node: Any, state: Data, at: float) -> Predicted:
        ended = self.run(node, state, at)
        if ended.ok:
            return Predicted("ok", "completed", ended.state, ended.ends)
        return _child_failed(ended) if _is_required(node) else Predicted("ok", "completed", state, ended.ends)

    def _conditional(self, pattern: Conditional, state: Data, at: float) -> Predicted:
        for case in pattern.cases:
            if holds(case.condition, state, self._previous):
                return self._chosen(case.node, state, at)
        return self._chosen(pattern.fallback, state, at)

    def _route(self, pattern: Route, state: Data, at: float) -> Predicted:
        text = str(state.get(pattern.key, self._event.get(pattern.key)))
        for rule, node in pattern.rules.items():
            if rule.casefold() in text.casefold() if isinstance(rule, str) else holds(rule, state, self._previous):
                return self._chosen(self._looped(pattern, node), state, at)
        if pattern.default is None:
            return Predicted("failed", "no_route", state, at)
        return self._chosen(self._looped(pattern, pattern.default), state, at)

    @staticmethod
    def _looped(pattern: Route, node: Any) -> Any:
        settings = pattern.loops.get(_label(node)) if isinstance(pattern, RouteLoop) else None
        return node if settings is None else Loop(node, **settings)

    def _stages(self, pattern: MultiStage, state: Data, at: float) -> Predicted:
        for stage in pattern.stages:
            unmet = [each for each in stage.prerequisites if not self._is_met(each, state)]
            if unmet:
                if stage.required:
                    return Predicted("failed", "unmet_prerequisite", state, at)
                continue
            ended = self._branch(stage, state, at)
            at = ended.ends
            if not ended.ok:
                if stage.required:
                    return _child_failed(ended)
            elif stage.success is None or holds(stage.success, ended.state, self._previous):
                state = ended.state
            elif stage.required:
                return Predicted("failed", "condition_not_met", ended.state, at)
        return Predicted("ok", "completed", state, at)

    def _is_met(self, prerequisite: Any, state: Data) -> bool:
        if isinstance(prerequisite, str):
            return prerequisite in state or prerequisite in self._event
        return holds(prerequisite, state, self._previous)

    def _map(self, pattern: Map, state: Data, at: float) -> Predicted:
        items = state.get(pattern.over, self._event.get(pattern.over))
        if not isinstance(items, list | tuple):
            return Predicted("failed", "missing_input" if items is None else "invalid_input", state, at)
        if not items:
            return Predicted("ok", "completed", {**state, pattern.into: []}, at)
        size, starts = len(items), [{**state, pattern.item: item} for item in items]
        required = [pattern.require == "all"] * size
        quorum, at_once = _quorum(pattern.require, size), pattern.concurrency or size
        rules = Rules(required, quorum, pattern.on_failure == "cancel", at_once)
        result = race(rules, lambda index, moment: self.run(pattern.node, starts[index], moment), at)
        results = [None] * size
        for index, each in result.ended.items():
            if each.ok:
                results[index] = _result(pattern, starts[index], each.state)
        after = {**state, pattern.into: results}
        return _broken(result, after) if result.reasons else Predicted("ok", "completed", after, result.ends)

    def _cached(self, pattern: Cached, state: Data, at: float) -> Predicted:
        if pattern.key not in state and pattern.key not in self._event:
            return Predicted("failed", "missing_input", state, at)
        if pattern in self._kept:
            changed, removed = self._kept[pattern]
            return Predicted("ok", "cached", {**without(state, removed), **changed}, at)
        ended = self.run(pattern.node, state, at)
        if not ended.ok:
            self._note_in_vain(pattern, at, ended.ends)
            if _is_required(pattern.node):
                return _child_failed(ended)
            return Predicted("ok", "completed", state, ended.ends)
        self._kept[pattern] = difference(state, ended.state)
        return Predicted("ok", "completed", ended.state, ended.ends)

    def _note_in_vain(self, pattern: Cached, began: float, ended: float) -> None:
        """Whoever wants the same meanwhile waits for it, and then begins anew."""
        if any(each == pattern and begin <= ended and began <= end for each, begin, end in self._in_vain):
            raise Racy
        self._in_vain.append((pattern, began, ended))


_PREDICTIONS: Mapping[type[Pattern], Callable[[Model, Any, Data, float], Predicted]] = {
    Sequential: Model._sequential,
    SequentialCollaborative: Model._mixture,
    Parallel: Model._parallel,
    Loop: Model._loop,
    Conditional: Model._conditional,
    Route: Model._route,
    MultiStage: Model._stages,
    Map: Model._map,
    Cached: Model._cached,
}


def _child_failed(ended: Predicted) -> Predicted:
    return replace(ended, kind="failed", reason="child_failed")


def _broken(result: Race, achieved: Data) -> Predicted:
    return Predicted("failed", "|".join(sorted(result.reasons)), achieved, result.ends, result.is_certain)


def _is_required(node: Any, otherwise: bool = True) -> bool:
    if isinstance(node, Stage):
        return node.required
    return otherwise if not isinstance(node, Branch) or node.required is None else node.required


def _label(node: Any) -> str:
    return node if isinstance(node, str) else node.name or node.kind


def _quorum(require: Any, size: int) -> int | None:
    if require == "all":
        return None
    if require == "any":
        return 1
    return require if isinstance(require, int) else -int(-require * size // 1)


def _result(pattern: Map, start: Data, after: Data) -> Any:
    if pattern.output is not None:
        return after.get(pattern.output)
    return difference(start, after)[0]

"""A simple model of what workflows mean: plain dicts, one thing after another, no clock.

It knows the agents of `agents.py` and predicts how a run of a pattern of them ends: with which outcome, and with which
state. What depends on who is faster it does not predict: it raises `Racy` where a quorum would pick winners, and says
that a partial state is not exact where siblings were cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
from actors.conditions import All, Compare, Contains, Equals, Exists, Not
from actors.conditions import Any as AnyOf
from actors.orchestrators.base import Pattern
from tests.scenarios.differences import Data, difference, lay, merge, without


class Racy(Exception):  # noqa: N818  # not an error: what was generated is of no use
    """The result depends on who is faster."""


@dataclass(frozen=True)
class Predicted:
    """How a node ends.

    Attributes:
        kind: "ok", "failed" or "timed_out".
        reason: Why.
        state: What the state is then; what was achieved, if it is not ok.
        exact: Whether nothing but the workflow decides about that state.
    """

    kind: str
    reason: str
    state: Data
    exact: bool = True

    @property
    def ok(self) -> bool:
        return self.kind == "ok"


# Agents


def _agent(name: str, state: Data, attempt: int) -> Predicted:
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
            return Predicted("failed", "exception", state)
        case "late":
            return Predicted("timed_out", "deadline", state)
    return Predicted("ok", "completed", changed)


# Conditions


def holds(condition: Any, state: Data) -> bool:
    """Return whether a stock condition holds."""
    match condition:
        case All(conditions=inner):
            return all(holds(each, state) for each in inner)
        case AnyOf(conditions=inner):
            return any(holds(each, state) for each in inner)
        case Not(condition=inner):
            return not holds(inner, state)
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

    def run(self, node: Any, state: Data, attempt: int = 1) -> Predicted:
        """Predict how a node ends."""
        if isinstance(node, str):
            return _agent(node, state, attempt)
        if isinstance(node, Branch):
            return self._branch(node, state)
        for kind, predict in _PREDICTIONS.items():
            if isinstance(node, kind):
                return predict(self, node, state)
        raise AssertionError(node)

    def _branch(self, branch: Branch, state: Data) -> Predicted:
        ended = self._attempts(branch, state)
        if ended.ok or branch.fallback is None or (ended.kind == "timed_out" and branch.timeout is not None):
            return ended  # with its own time over, there is none for a fallback
        fallback = self.run(branch.fallback, state)
        return Predicted("ok", "fallback_used", fallback.state) if fallback.ok else fallback

    def _attempts(self, branch: Branch, state: Data) -> Predicted:
        attempts = branch.retry.attempts if branch.retry is not None else 1
        for attempt in range(1, attempts + 1):
            ended = self.run(branch.node, state, attempt)
            if ended.ok:
                break
        return ended

    def _steps(self, steps: Sequence[Any], state: Data) -> Predicted:
        for step in steps:
            ended = self.run(step, state)
            if ended.ok:
                state = ended.state
            elif _is_required(step):
                return _child_failed(ended)
        return Predicted("ok", "completed", state)

    def _sequential(self, pattern: Sequential, state: Data) -> Predicted:
        return self._steps(pattern.steps, state)

    def _mixture(self, pattern: SequentialCollaborative, state: Data) -> Predicted:
        first = self._steps(pattern.sequential, state)
        if not first.ok:
            return _child_failed(first)
        second = self._group(pattern.collaborative, pattern, first.state)
        return second if second.ok else _child_failed(second)

    def _parallel(self, pattern: Parallel, state: Data) -> Predicted:
        return self._group(pattern.branches, pattern, state)

    def _group(self, branches: Sequence[Any], policy: Any, state: Data) -> Predicted:
        ended = {_label(branch): self.run(branch, state) for branch in branches}
        good = {label: each for label, each in ended.items() if each.ok}
        is_required = {_label(branch): _is_required(branch, policy.require == "all") for branch in branches}
        quorum = _quorum(policy.require, len(branches))
        if quorum is not None and len(good) > quorum:
            raise Racy
        partial = dict(state)
        for each in good.values():
            lay(partial, state, each.state)
        if any(is_required[label] for label in ended.keys() - good.keys()) or len(good) < (quorum or 0):
            reason = "required_branch_failed" if quorum is None else "required_branch_failed|quorum_not_met"
            return Predicted("failed", reason, partial, exact=policy.on_failure == "finish" and quorum is None)
        merged = merge(policy.merge, state, {label: each.state for label, each in good.items()})
        if merged is None:
            return Predicted("failed", "merge_conflict", partial)
        return Predicted("ok", "completed", merged)

    def _loop(self, pattern: Loop, state: Data) -> Predicted:
        for _ in range(pattern.max_iterations):
            ended = self.run(pattern.node, state)
            if ended.ok:
                state = ended.state
            elif _is_required(pattern.node):
                return _child_failed(ended)
            if holds(pattern.until, state):
                return Predicted("ok", "condition_met", state)
        return Predicted("ok", "max_iterations", state)

    def _chosen(self, node: Any, state: Data) -> Predicted:
        ended = self.run(node, state)
        if ended.ok:
            return Predicted("ok", "completed", ended.state)
        return _child_failed(ended) if _is_required(node) else Predicted("ok", "completed", state)

    def _conditional(self, pattern: Conditional, state: Data) -> Predicted:
        for case in pattern.cases:
            if holds(case.condition, state):
                return self._chosen(case.node, state)
        return self._chosen(pattern.fallback, state)

    def _route(self, pattern: Route, state: Data) -> Predicted:
        text = str(state.get(pattern.key, self._event.get(pattern.key)))
        for rule, node in pattern.rules.items():
            if rule.casefold() in text.casefold() if isinstance(rule, str) else holds(rule, state):
                return self._chosen(self._looped(pattern, node), state)
        if pattern.default is None:
            return Predicted("failed", "no_route", state)
        return self._chosen(self._looped(pattern, pattern.default), state)

    @staticmethod
    def _looped(pattern: Route, node: Any) -> Any:
        settings = pattern.loops.get(_label(node)) if isinstance(pattern, RouteLoop) else None
        return node if settings is None else Loop(node, **settings)

    def _stages(self, pattern: MultiStage, state: Data) -> Predicted:
        for stage in pattern.stages:
            unmet = [each for each in stage.prerequisites if not self._is_met(each, state)]
            if unmet:
                if stage.required:
                    return Predicted("failed", "unmet_prerequisite", state)
                continue
            ended = self._branch(stage, state)
            if not ended.ok:
                if stage.required:
                    return _child_failed(ended)
            elif stage.success is None or holds(stage.success, ended.state):
                state = ended.state
            elif stage.required:
                return Predicted("failed", "condition_not_met", ended.state)
        return Predicted("ok", "completed", state)

    def _is_met(self, prerequisite: Any, state: Data) -> bool:
        if isinstance(prerequisite, str):
            return prerequisite in state or prerequisite in self._event
        return holds(prerequisite, state)

    def _map(self, pattern: Map, state: Data) -> Predicted:
        items = state.get(pattern.over, self._event.get(pattern.over))
        if not isinstance(items, list | tuple):
            return Predicted("failed", "missing_input" if items is None else "invalid_input", state)
        if not items:
            return Predicted("ok", "completed", {**state, pattern.into: []})
        starts = [{**state, pattern.item: item} for item in items]
        ended = [self.run(pattern.node, start) for start in starts]
        good = [each.ok for each in ended]
        quorum = _quorum(pattern.require, len(items))
        if quorum is not None and sum(good) > quorum:
            raise Racy
        results = [
            _result(pattern, start, each.state) if each.ok else None for start, each in zip(starts, ended, strict=True)
        ]
        after = {**state, pattern.into: results}
        if not all(good) if quorum is None else sum(good) < quorum:
            reason = "required_branch_failed" if quorum is None else "quorum_not_met"
            return Predicted("failed", reason, after, exact=pattern.on_failure == "finish" and quorum is None)
        return Predicted("ok", "completed", after)

    def _cached(self, pattern: Cached, state: Data) -> Predicted:
        if pattern.key not in state and pattern.key not in self._event:
            return Predicted("failed", "missing_input", state)
        if pattern in self._kept:
            changed, removed = self._kept[pattern]
            return Predicted("ok", "cached", {**without(state, removed), **changed})
        ended = self.run(pattern.node, state)
        if not ended.ok:
            return _child_failed(ended) if _is_required(pattern.node) else Predicted("ok", "completed", state)
        self._kept[pattern] = difference(state, ended.state)
        return Predicted("ok", "completed", ended.state)


_PREDICTIONS: Mapping[type[Pattern], Callable[[Model, Any, Data], Predicted]] = {
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
    return Predicted("failed", "child_failed", ended.state, ended.exact)


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

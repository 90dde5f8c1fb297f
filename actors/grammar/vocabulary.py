"""The vocabulary of definitions: every class that can be written, with what its fields hold.

A class that is new stands in one line here; a field that is neither text, number nor truth value needs its kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from inspect import signature
from typing import NamedTuple

from actors.grammar.agent_entry import AgentEntry, EntryKind
from actors.grammar.choices import Choice
from actors.grammar.kinds import (
    Callable,
    Kind,
    ListOf,
    MappingOf,
    Number,
    OfField,
    Scalar,
    SettingsOf,
    TableOf,
    Value,
)
from actors.grammar.nodes import BRANCH, PATTERN, STEP, STEPS
from actors.grammar.reference import PATTERN as REFERENCE
from actors.grammar.rules import RulesKind, TextOr
from actors.grammar.table import Table
from actors.orchestrators.base import Pattern
from actors.orchestrators.cached import Cached
from actors.orchestrators.conditional import Case, Conditional
from actors.orchestrators.loop import Loop
from actors.orchestrators.map import Map
from actors.orchestrators.mixed import RouteLoop, SequentialCollaborative
from actors.orchestrators.multi_stage import MultiStage, Stage
from actors.orchestrators.parallel import Collaborative, Parallel
from actors.orchestrators.route import Route
from actors.orchestrators.sequential import Sequential
from actors.workflows.branch import Branch
from actors.workflows.combinations import (
    All,
    Compare,
    Condition,
    Contains,
    Equals,
    Exists,
    FailedWith,
    Matches,
    Not,
    OutcomeIs,
)
from actors.workflows.combinations import Any as AnyOf
from actors.workflows.keyed_mergers import Collect, FirstWins, LastWins, Merger, Namespaced, Reduce, Union
from actors.workflows.reducers import REDUCERS
from supervisors.model import Model
from supervisors.policies.breaker import Breaker
from supervisors.policies.restarts import Restart
from supervisors.policies.retries import Backoff, Retry


class Vocabulary(NamedTuple):
    """What can be written.

    Attributes:
        patterns: The patterns, by kind.
        conditions: The conditions, by the key that names them.
        mergers: The mergers, likewise.
        branch: Branches.
        others: What stands in fields of these.
        step: What stands where a node or a branch may.
        entry: What is said of an agent.
    """

    patterns: Mapping[str, Table]
    conditions: Mapping[str, Table]
    mergers: Mapping[str, Table]
    branch: Table
    others: tuple[Table, ...]
    step: Kind
    entry: Kind

    def pattern_of(self, value: object) -> Table | None:
        """Return how a pattern is written; None for what is none of actors'."""
        table = self.patterns.get(getattr(value, "kind", ""))
        return table if table is not None and table.model is type(value) else None

    @property
    def tables(self) -> tuple[Table, ...]:
        """All of them."""
        choices = (*self.conditions.values(), *self.mergers.values())
        return (*self.patterns.values(), self.branch, *self.others, *choices)


_TEXT = {"type": "string", "minLength": 1}
_COUNT = {"type": "integer", "minimum": 1}
_FRACTION = {"type": "number", "exclusiveMinimum": 0, "maximum": 1}

_NAME = Scalar({**_TEXT, "pattern": "^[^/]*$"})
_SECONDS = Number({"type": "number", "exclusiveMinimum": 0})
_REQUIRE = Scalar({"anyOf": [{"enum": ["all", "any"]}, _COUNT, _FRACTION]})
_TEXTS = Scalar({"type": "array", "items": _TEXT})
_CONDITION = Choice("conditions", "condition", '{exists = "key"}', takes_callable=True)
_STOCK_CONDITION = Choice("conditions", "condition", '{exists = "key"}', takes_callable=False)
_MERGER = Choice("mergers", "merger", '"union"', takes_callable=True)
_STOCK_MERGER = Choice("mergers", "merger", '"union"', takes_callable=False)
_REDUCER = Callable(Scalar({"enum": list(REDUCERS)}))
_CACHE_KEY = Callable(Scalar({"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}))
_RULES = RulesKind(TextOr(_CONDITION))


def _table(model: type[Model], kinds: Mapping[str, Kind], head: str = "", tag: str = "") -> Table:
    """Return how a class is written: a field of which nothing is said is a scalar. Patterns state their name first."""
    called = [field for field in signature(model).parameters if field in model.model_fields and not tag]
    fields = dict.fromkeys([*called, *model.model_fields])
    return Table(model, {field: kinds.get(field) or _scalar(model, field) for field in fields}, head, tag)


def _scalar(model: type[Model], field: str) -> Kind:
    if field == "name":
        return _NAME
    return _SECONDS if field.endswith("timeout") or field == "ttl" else OfField(model, field)


_BACKOFF = _table(Backoff, {})
_BACKOFFS = TableOf(_BACKOFF, lambda _name: Backoff())
_RETRY = _table(Retry, {"on": _TEXTS, "backoff": _BACKOFFS})
_RESTART = _table(Restart, {"on": _TEXTS, "backoff": _BACKOFFS})
_BREAKER = _table(Breaker, {"reset_after": _SECONDS})
_POLICY: Mapping[str, Kind] = {"node": STEP, "retry": TableOf(_RETRY, lambda _name: None), "fallback": STEP}
_BRANCH = replace(_table(Branch, _POLICY, BRANCH), implied=(("node", "name"),))
_STAGE = _table(Stage, {**_POLICY, "prerequisites": ListOf(TextOr(_CONDITION)), "success": _CONDITION}, "stage")
_STAGES = ListOf(TableOf(_STAGE, lambda name: Stage(name, name)))
_CASE = _table(Case, {"condition": _CONDITION, "node": STEP}, "case")
_CASES = ListOf(TableOf(_CASE, lambda name: Case(name, Exists(name), name)))
_LOOP_KINDS: Mapping[str, Kind] = {"node": STEP, "until": _CONDITION}
_LOOP = _table(Loop, _LOOP_KINDS)
_LOOP_SETTINGS = Table(
    Loop,
    {field: _LOOP.kinds[field] for field in ("max_iterations", "until", "iteration_timeout", "timeout")},
    title="loop_entry",
)
_LOOPS = MappingOf(SettingsOf(_LOOP_SETTINGS))
_ENTRY_KINDS: Mapping[str, Kind] = {
    "agent": Scalar({"type": "string", "pattern": REFERENCE}),
    "restart": TableOf(_RESTART, lambda _name: None),
    "breaker": TableOf(_BREAKER, lambda _name: None),
}
_ENTRY = replace(_table(AgentEntry, _ENTRY_KINDS), title="agent_entry")
_GROUP: Mapping[str, Kind] = {"require": _REQUIRE, "merge": _MERGER}

_PATTERNS: Mapping[type[Pattern], Mapping[str, Kind]] = {
    Sequential: {"steps": STEPS},
    Parallel: {**_GROUP, "branches": STEPS},
    Collaborative: {**_GROUP, "branches": STEPS},
    Route: {"rules": _RULES, "default": STEP},
    Loop: _LOOP_KINDS,
    MultiStage: {"stages": _STAGES},
    Conditional: {"cases": _CASES, "fallback": STEP},
    Map: {"node": STEP, "require": _REQUIRE},
    Cached: {"node": STEP, "key": _CACHE_KEY},
    SequentialCollaborative: {**_GROUP, "sequential": STEPS, "collaborative": STEPS},
    RouteLoop: {"rules": _RULES, "default": STEP, "loops": _LOOPS},
}

_CONDITIONS: Mapping[str, tuple[type[Condition], Mapping[str, Kind]]] = {
    "exists": (Exists, {}),
    "equals": (Equals, {"value": Value()}),
    "contains": (Contains, {"value": Value()}),
    "compare": (Compare, {"value": Value()}),
    "matches": (Matches, {}),
    "failed_with": (FailedWith, {"errors": ListOf(Scalar(_TEXT))}),
    "outcome_is": (OutcomeIs, {"kinds": ListOf(Scalar({"enum": ["failed", "timed_out", "rejected"]}))}),
    "all": (All, {"conditions": ListOf(_STOCK_CONDITION)}),
    "any": (AnyOf, {"conditions": ListOf(_STOCK_CONDITION)}),
    "not": (Not, {"condition": _STOCK_CONDITION}),
}

_MERGERS: Mapping[str, tuple[type[Merger], Mapping[str, Kind]]] = {
    "union": (Union, {}),
    "last_wins": (LastWins, {}),
    "first_wins": (FirstWins, {}),
    "namespaced": (Namespaced, {}),
    "collect": (Collect, {"keys": _TEXTS, "default": _STOCK_MERGER}),
    "reduce": (Reduce, {"reducers": MappingOf(_REDUCER), "default": _STOCK_MERGER}),
}

# What must be stated though its parameter has a default.
_NEEDS: Mapping[type[Pattern], tuple[str, ...]] = {Conditional: ("fallback",)}

VOCABULARY = Vocabulary(
    patterns={
        model.kind: replace(_table(model, kinds, PATTERN, model.kind), needs=_NEEDS.get(model, ()))
        for model, kinds in _PATTERNS.items()
    },
    conditions={tag: replace(_table(*declared), title=tag) for tag, declared in _CONDITIONS.items()},
    mergers={tag: replace(_table(*declared), title=tag) for tag, declared in _MERGERS.items()},
    branch=_BRANCH,
    others=(_STAGE, _CASE, _RETRY, _BACKOFF, _LOOP_SETTINGS, _ENTRY, _RESTART, _BREAKER),
    step=STEP,
    entry=EntryKind(_ENTRY, lambda _name: AgentEntry("module:attribute")),
)
"""All that is."""

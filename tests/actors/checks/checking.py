"""Checks a workflow without a runtime."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from actors.checks.agents import Declaration
from actors.checks.checklist import check_declarations, check_structure
from actors.checks.keys import Start
from actors.checks.place import Place
from actors.checks.verdict import judge
from actors.runs.plan import compile_workflow
from actors.values.findings import Finding


def place_of(workflow: Any) -> Place:
    plan = compile_workflow(workflow)
    return Place(plan.root, plan.name)


def findings(
    workflow: Any,
    agents: Mapping[str, Declaration] | None = None,
    *,
    state: Iterable[str] | None = None,
    data: Iterable[str] | None = None,
) -> tuple[Finding, ...]:
    """Return what is found; agents that are not given are known, and declare nothing."""
    plan = compile_workflow(workflow)
    root = Place(plan.root, plan.name)
    declarations = {name: Declaration() for name in plan.agents} | dict(agents or {})
    declared = check_declarations(root, declarations, tuple(declarations), Start.of(state, data))
    return judge(root, [*check_structure(root), *declared])


def found(workflow: Any, agents: Mapping[str, Declaration] | None = None, **start: Any) -> list[tuple[str, str]]:
    """Return the codes and paths of what is found."""
    return [(finding.code.value, finding.path) for finding in findings(workflow, agents, **start)]


def makes(*keys: str) -> Declaration:
    return Declaration(produces=keys)


def needs(*keys: str, makes: tuple[str, ...] = ()) -> Declaration:
    return Declaration(requires=keys, produces=makes)

"""Conditional: one of several nodes, picked by conditions in declared order, with a fallback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator

from actors.orchestrators.base import Part, Pattern, usable_name
from actors.orchestrators.choice import ChoiceOrchestrator
from actors.orchestrators.loop import usable_condition
from actors.workflows.branch import Branch, Node, part_of, usable_step
from actors.workflows.combinations import AnyCondition
from actors.workflows.flow import OPEN, Flow, Gate
from supervisors.model import Model, first_repeated, wrong_type

if TYPE_CHECKING:
    from actors.runs.plan import PatternTarget
    from supervisors.signals import Attempt

_FALLBACK = "fallback"


class ConditionalOrchestrator(ChoiceOrchestrator):
    """Asks the cases' conditions and runs the node of the first that holds, else the fallback."""

    note = "case_taken"

    def __init__(self, target: PatternTarget, attempt: Attempt) -> None:
        super().__init__(target, attempt, tuple(target.checks.values()))


class Case(Model):
    """A case of a `Conditional`: a node, and when it is run.

    Args:
        name: What the case is called in paths, notes and errors.
        condition: A condition of `actors.conditions`, or a callable of `(state)`, `(event, state)` or
            `(event, state, previous_outcome)`.
        node: An agent's name, a pattern, or a branch, whose policy then holds for the case.
    """

    name: str = Field(min_length=1)
    condition: Any
    node: Any

    def __init__(self, name: str, condition: AnyCondition, node: Node | Branch) -> None:
        super().__init__(name=name, condition=condition, node=node)

    @field_validator("name")
    @classmethod
    def _usable_name(cls, name: str) -> str:
        if name == _FALLBACK:
            raise ValueError(f"must not be {_FALLBACK!r}, which is what the fallback is called")
        return usable_name(name)

    @field_validator("condition", mode="plain")
    @classmethod
    def _usable_condition(cls, condition: object) -> object:
        return usable_condition(condition)

    @field_validator("node", mode="plain")
    @classmethod
    def _usable_node(cls, node: object) -> object:
        return usable_step(node)


class Conditional(Pattern):
    """Run the node of the first case whose condition holds; if none does, the fallback.

    The fallback is for what no case covers, not for failures: a condition that raises or a node that fails ends the
    conditional. Which case was taken is noted in `state.meta` as `case_taken`, its path ends in the case's name.

    Args:
        cases: The cases, in the order in which they are tried; their names must differ.
        fallback: The node for what no case covers; it has to be given, and its path ends in `fallback`.
        name: What it is called in paths, traces and metrics.
        timeout: Seconds for the conditions and the node together.
    """

    kind: ClassVar[str] = "conditional"
    orchestrator: ClassVar[Any] = ConditionalOrchestrator
    flow: ClassVar[Flow] = Flow.CHOICE

    cases: tuple[Case, ...] = Field(min_length=1)
    fallback: Any

    def __init__(
        self,
        *cases: Case,
        fallback: Node | Branch | None = None,
        name: str | None = None,
        timeout: float | None = None,
    ) -> None:
        super().__init__(cases=cases, fallback=fallback, name=name, timeout=timeout)

    @field_validator("cases")
    @classmethod
    def _different_names(cls, cases: tuple[Case, ...]) -> tuple[Case, ...]:
        twice = first_repeated(case.name for case in cases)
        if twice is not None:
            raise ValueError(f"must have different names, and {twice!r} stands twice")
        return cases

    @field_validator("fallback", mode="plain")
    @classmethod
    def _usable_fallback(cls, fallback: object) -> object:
        if fallback is None:
            raise wrong_type("is missing: give the agent's name or the pattern that is run when no case holds")
        return usable_step(fallback)

    def parts(self) -> Sequence[Part]:
        """Return the cases' nodes in order, the fallback last."""
        metadata = {"phase": "conditional", "execution_type": "conditional", "pattern": self.kind}
        nodes = [(case.name, case.node) for case in self.cases] + [(_FALLBACK, self.fallback)]
        return [replace(part_of(node, metadata), label=label) for label, node in nodes]

    def gates(self) -> Sequence[Gate]:
        """Return each case's condition; the fallback has none."""
        return [*(Gate((case.condition,)) for case in self.cases), OPEN]

    def checks(self) -> Mapping[str, Any]:
        """Return the cases' conditions."""
        return {f"case {case.name}": case.condition for case in self.cases}

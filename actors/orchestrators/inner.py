"""Inner: a branch that stands in another branch, as the one step of a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from actors.orchestrators.base import Part, Pattern
from actors.orchestrators.sequential import SequentialOrchestrator
from actors.workflows.branch import Branch, part_of, pattern_of
from actors.workflows.flow import Flow


class _Inner(Pattern):
    """Do a branch as the one step of a sequence. Made where a workflow is compiled or drawn, never by users.

    Args:
        branch: The branch.
    """

    kind: ClassVar[str] = "branch"
    orchestrator: ClassVar[Any] = SequentialOrchestrator
    flow: ClassVar[Flow] = Flow.SEQUENCE

    branch: Any

    def __init__(self, branch: Branch) -> None:
        super().__init__(branch=branch)

    def parts(self) -> Sequence[Part]:
        """Return the branch."""
        metadata = {"phase": "branch", "execution_type": "branch", "pattern": pattern_of(self.branch)}
        return [part_of(self.branch, metadata)]


def node_of(part: Part) -> str | Pattern:
    """Return what is done at a place: an agent's name or a pattern."""
    return _Inner(part.node) if isinstance(part.node, Branch) else part.node


def fallback_of(part: Part) -> Part | None:
    """Return what is done instead when that failed, as a child of its own; None if nothing is."""
    return None if part.fallback is None else replace(part_of(part.fallback, {}), label="fallback")

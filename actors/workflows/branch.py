"""The branch: a node with a policy of its own."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, PrivateAttr, field_validator

from actors.orchestrators.base import Part, Pattern, checked_depth, usable_name, usable_timeout
from supervisors.model import Model, wrong_type
from supervisors.policies.retries import Retry

Node = str | Pattern
"""An agent's name or a pattern."""


class Branch(Model):
    """A node with a policy: it stands in a `Parallel`, and wherever a node can, in another branch too.

    The fallback starts with the state that the node started with, when the node failed for good or its timeout is over.
    It has what the nodes around the branch have left of their time; make it a `Branch` to give it a timeout, retries or
    a fallback of its own. It never starts once that time is over or the run was cancelled. What failed is the
    `previous_outcome` of its agents' contexts, and what `FailedWith` and `OutcomeIs` ask for.

    Args:
        name: What the branch is called in paths, errors and metrics.
        node: An agent's name, a pattern or a branch; the agent called `name` if not given.
        required: Whether its group, sequence or branch fails with it. If not given it is, unless its group asks for a
            quorum. An optional one that fails leaves the state as it was.
        timeout: Seconds for the node, queueing, retries and back-off included; not for the fallback.
        retry: When to try again; None is never.
        fallback: A node or a branch that is run instead when the node failed for good; its result is the branch's.
    """

    stands_anywhere: ClassVar[bool] = True

    name: str = Field(min_length=1)
    node: Any
    required: bool | None = None
    timeout: float | None = None
    retry: Retry | None = None
    fallback: Any = None
    _depth: int = PrivateAttr(default=1)

    def __init__(self, name: str, node: Node | Branch | None = None, **policy: Any) -> None:
        super().__init__(name=name, node=name if node is None else node, **policy)
        self._depth = checked_depth(self, self.name)

    @field_validator("name")
    @classmethod
    def _usable_name(cls, name: str) -> str:
        return usable_name(name)

    @field_validator("node", mode="plain")
    @classmethod
    def _usable_node(cls, node: object) -> object:
        return usable_step(node)

    @field_validator("fallback", mode="plain")
    @classmethod
    def _usable_fallback(cls, node: object) -> object:
        return None if node is None else usable_step(node)

    @field_validator("timeout", mode="plain")
    @classmethod
    def _usable_timeout(cls, timeout: object) -> float | None:
        return usable_timeout(timeout)

    def part(self, metadata: dict[str, Any], *, required: bool = True) -> Part:
        """Return it as a child of a pattern; `required` holds where the branch does not say."""
        return Part(
            self.node,
            self.name,
            metadata,
            self.timeout,
            retry=self.retry,
            fallback=self.fallback,
            required=required if self.required is None else self.required,
            is_branch=True,
        )


def usable_node(node: object) -> object:
    """Validate a node field: the error's text follows the field's name."""
    if isinstance(node, str):
        if not node:
            raise ValueError("must name an agent, and the name is empty")
        return node
    if isinstance(node, Pattern):
        return node
    raise wrong_type("must be an agent's name or a pattern such as Sequential(...)")


def usable_step(step: object) -> object:
    """Validate a field that takes a node or a branch."""
    if not isinstance(step, Branch):
        return usable_node(step)
    if not step.stands_anywhere:
        raise wrong_type(f"must not be a {type(step).__name__}, which stands in a MultiStage only; make it a Branch")
    return step


def usable_steps(steps: tuple[Any, ...]) -> tuple[Any, ...]:
    """Validate a field that takes nodes and branches."""
    return tuple([usable_step(step) for step in steps])


def part_of(step: Any, metadata: dict[str, Any], *, required: bool = True) -> Part:
    """Return a node or a branch as a child of a pattern."""
    if isinstance(step, Branch):
        return step.part(metadata, required=required)
    return Part(step, label_of(step), metadata, required=required)


def label_of(node: Any) -> str:
    """Return what a node is called if its place does not name it."""
    return node if isinstance(node, str) else node.label if isinstance(node, Pattern) else node.name


def pattern_of(step: Any) -> str:
    """Return a node's kind, for its event's metadata."""
    node = step.node if isinstance(step, Branch) else step
    if isinstance(node, Branch):
        return "branch"
    return node.kind if isinstance(node, Pattern) else "agent"

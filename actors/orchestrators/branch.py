"""The branch: a node with a policy of its own."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, field_validator

from actors.orchestrators.base import Part, Pattern, usable_name, usable_timeout
from supervisors.model import Model, wrong_type
from supervisors.retries import Retry

Node = str | Pattern
"""An agent's name or a pattern."""


class Branch(Model):
    """A node with a policy: it stands in a `Parallel`, and wherever a node can.

    Args:
        name: What the branch is called in paths, errors and metrics.
        node: An agent's name or a pattern; the agent called `name` if not given.
        required: Whether its group or sequence fails with it. If not given it is, unless its group asks for a quorum.
        timeout: Seconds for the whole branch, queueing, retries, back-off and fallback included.
        retry: When to try again; None is never.
        fallback: A node that is run instead when the branch failed for good; its result is the branch's.
    """

    stands_anywhere: ClassVar[bool] = True

    name: str = Field(min_length=1)
    node: Any
    required: bool | None = None
    timeout: float | None = None
    retry: Retry | None = None
    fallback: Any = None

    def __init__(self, name: str, node: Node | None = None, **policy: Any) -> None:
        super().__init__(name=name, node=name if node is None else node, **policy)

    @field_validator("name")
    @classmethod
    def _usable_name(cls, name: str) -> str:
        return usable_name(name)

    @field_validator("node", mode="plain")
    @classmethod
    def _usable_node(cls, node: object) -> object:
        return usable_node(node)

    @field_validator("fallback", mode="plain")
    @classmethod
    def _usable_fallback(cls, node: object) -> object:
        return None if node is None else usable_node(node)

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
            ((self.timeout, "{path}"),) if self.timeout is not None else (),
            self.retry,
            self.fallback,
            required if self.required is None else self.required,
            True,
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
    return node.kind if isinstance(node, Pattern) else "agent"

"""The place: a node of a compiled workflow and what surrounds it, which is what the checks walk over."""

from __future__ import annotations

from collections.abc import Iterator

from actors.orchestrators.base import Pattern
from actors.runs.plan import PatternTarget
from actors.workflows.flow import OPEN, Flow, Gate
from supervisors.signals import Job


class Place:
    """A node of a compiled workflow.

    Attributes:
        job: What is done here.
        label: What its parent calls it; in its path it may be numbered.
        parent: The node that it is a child, or the fallback, of; None at the root.
        is_fallback: Whether it is its parent's fallback.
        gate: What its parent asks about it.
        pattern: The pattern; None for an agent.
        children: The pattern's children, in declared order.
        fallback: What is done instead when it failed for good.
    """

    __slots__ = ("children", "fallback", "gate", "is_fallback", "job", "label", "parent", "pattern")

    def __init__(
        self, job: Job, label: str, parent: Place | None = None, *, gate: Gate = OPEN, is_fallback: bool = False
    ) -> None:
        self.job = job
        self.label = label
        self.parent = parent
        self.is_fallback = is_fallback
        self.gate = gate
        self.pattern: Pattern | None = None
        self.children: tuple[Place, ...] = ()
        if isinstance(job.target, PatternTarget):
            self.pattern = pattern = job.target.pattern
            parts = zip(job.target.jobs, pattern.parts(), pattern.gates(), strict=True)
            self.children = tuple([Place(child, part.label, self, gate=gate) for child, part, gate in parts])
        self.fallback = None if job.fallback is None else Place(job.fallback, "fallback", self, is_fallback=True)

    @property
    def path(self) -> str:
        """Its path, as in traces."""
        return self.job.path

    @property
    def agent(self) -> str:
        """The name of its agent; empty for a pattern."""
        return self.job.agent

    @property
    def flow(self) -> Flow | None:
        """In which order its children run; None for an agent."""
        return None if self.pattern is None else self.pattern.flow

    @property
    def node(self) -> str | Pattern:
        """What the user wrote here: an agent's name or a pattern."""
        return self.agent if self.pattern is None else self.pattern

    @property
    def fails_the_run(self) -> bool:
        """Whether the run fails when it has failed for good."""
        parent = self.parent
        if parent is None:
            return True
        if self.is_fallback:
            return self.job.required and parent.fails_the_run
        is_felt = self.job.required and parent.flow is not Flow.UNKNOWN
        return is_felt and parent.fallback is None and parent.fails_the_run

    def walk(self) -> Iterator[Place]:
        """Yield it and all below it: each node before its children, its fallback last."""
        yield self
        for child in self.children:
            yield from child.walk()
        if self.fallback is not None:
            yield from self.fallback.walk()

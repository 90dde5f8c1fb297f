"""The plan: a workflow, compiled into jobs once and shared by all its runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actors.agents.invocation import SupervisedInvocation
from actors.cells.wait_cycles import refuse_cycle
from actors.control.cell import ControlCell
from actors.control.dead_letters import DeadLetter
from actors.orchestrators.base import BEGIN, Part, Pattern
from actors.orchestrators.evaluations import condition_job, merger_job
from actors.orchestrators.inner import fallback_of, node_of
from actors.values.freezing import FrozenDict
from actors.workflows.branch import Branch, part_of
from actors.workflows.combinations import Condition
from actors.workflows.keyed_mergers import Merger
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.signals import Answer, Attempt, Job


class AgentTarget:
    """Has a job done by the agent of a name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def allowance(self, context: ControlCell) -> tuple[float | None, str]:
        """Return the agent's own timeout."""
        cell = context.system.agents.get(self.name)
        return (None, "") if cell is None else (cell.timeout, cell.budget)

    def perform(self, attempt: Attempt, context: ControlCell) -> SupervisedInvocation | None:
        """Put the event into the agent's mailbox."""
        system = context.system
        cell = system.agents.get(self.name)
        if cell is None:
            detail = f"agent {self.name!r} was stopped"
            rejection = Outcome(OutcomeKind.REJECTED, Reason.UNKNOWN_AGENT, detail=detail)
            letter = DeadLetter(Reason.UNKNOWN_AGENT.value, detail, self.name, attempt.payload.event)
            system.dead_letters.tell(letter)
        else:
            invocation = SupervisedInvocation(cell, attempt)
            attempt.handle = invocation
            refusal = cell.submit(invocation)
            if refusal is None and system.offspring:
                refusal = refuse_cycle(invocation)
            if refusal is None:
                return invocation
            system.dead_letters.turned_away(invocation, refusal)
            rejection = refusal
        context.send(attempt.supervisor, Answer(attempt, attempt.attempts, rejection, None))
        return None


@dataclass(frozen=True, slots=True, eq=False)
class PatternTarget:
    """Has a job done by a new orchestrator.

    Attributes:
        pattern: The pattern.
        jobs: Its children's jobs, in declared order.
        labels: Its children's labels, in the same order.
        metadata: What their events' metadata says of their place, in the same order.
        checks: Its conditions and mergers by name: the stock ones, and jobs for users' callables.
        completion_notes: What is noted in `state.meta` when it has ended ok.
    """

    pattern: Pattern
    jobs: tuple[Job, ...]
    labels: tuple[str, ...]
    metadata: tuple[FrozenDict, ...]
    checks: Mapping[str, Any]
    completion_notes: Mapping[str, Any]

    def allowance(self, context: ControlCell) -> tuple[float | None, str]:
        """Return no limit of its own: the job has them all."""
        return None, ""

    def perform(self, attempt: Attempt, context: ControlCell) -> None:
        """Start an orchestrator."""
        orchestrator = self.pattern.orchestrator(self, attempt)
        cell = ControlCell(orchestrator, context.system, context.run)
        cell.enroll()
        context.send(cell, BEGIN)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A compiled workflow.

    Attributes:
        name: The workflow's name, for traces and metrics.
        root: The job of the whole.
        agents: The names of all agents in it.
    """

    name: str
    root: Job
    agents: frozenset[str]


def compile_workflow(workflow: Any) -> Plan:
    """Compile an agent's name, a pattern or a branch.

    Raises:
        TypeError: If it is none of these.
    """
    if not isinstance(workflow, str | Pattern | Branch) or (
        isinstance(workflow, Branch) and not workflow.stands_anywhere
    ):
        raise TypeError(
            f"a workflow is an agent's name or a pattern such as Sequential(...), not {type(workflow).__name__}"
        )
    part = part_of(workflow, {})
    root = _compile(part, part.label, parent="")
    return Plan(part.label, root, frozenset(_agents_of(root)))


def _compile(part: Part, path: str, *, parent: str) -> Job:
    node, fallback = node_of(part), fallback_of(part)
    timeouts = (part.timeout, node.timeout if isinstance(node, Pattern) else None)
    node_limits = tuple([(seconds, path) for seconds in timeouts if seconds is not None])
    limits = tuple([(seconds, whose.format(parent=parent)) for seconds, whose in part.limits])
    return Job(
        path,
        node.kind if isinstance(node, Pattern) else "agent",
        _target(node, path),
        limits if fallback is not None else (*node_limits, *limits),
        node_limits if fallback is not None else (),
        part.retry,
        None if fallback is None else _compile(fallback, f"{path}/{fallback.label}", parent=path),
        part.required,
        part.is_branch,
        agent=node if isinstance(node, str) else "",
    )


def _target(node: str | Pattern, path: str) -> AgentTarget | PatternTarget:
    if isinstance(node, str):
        return AgentTarget(node)
    parts = node.parts()
    labels = _distinct([part.label for part in parts])
    jobs = [_compile(part, f"{path}/{label}", parent=path) for part, label in zip(parts, labels, strict=True)]
    return PatternTarget(
        node,
        tuple(jobs),
        tuple(labels),
        tuple([FrozenDict(part.metadata) for part in parts]),
        {name: _check(check, f"{path} ({name})") for name, check in node.checks().items()},
        FrozenDict(node.completion_notes(labels)),
    )


def _check(check: Any, path: str) -> Any:
    """Return what may run inside the control plane as it is: a stock condition or merger; anything else as a job."""
    if isinstance(check, Condition | Merger) and check.is_inline:
        return check
    return merger_job(check, path) if path.endswith("(merge)") else condition_job(check, path)


def _distinct(labels: Sequence[str]) -> list[str]:
    """Return labels that differ: those that stand more than once are numbered, `a`, `a#2`."""
    seen: dict[str, int] = {}
    distinct = []
    for label in labels:
        seen[label] = count = seen.get(label, 0) + 1
        distinct.append(label if count == 1 else f"{label}#{count}")
    return distinct


def _agents_of(job: Job) -> Iterator[str]:
    if isinstance(job.target, PatternTarget):
        for child in job.target.jobs:
            yield from _agents_of(child)
    else:
        yield job.agent
    if job.fallback is not None:
        yield from _agents_of(job.fallback)

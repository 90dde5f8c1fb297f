"""Parallel and Collaborative: branches at once, each on a snapshot, merged in declared order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator

from actors.agents.invocation import Assignment
from actors.orchestrators.base import (
    BranchReport,
    Orchestrator,
    Part,
    Pattern,
    delta_of,
    reports_of,
)
from actors.orchestrators.evaluations import evaluation_failed
from actors.values.errors import MergeConflictError
from actors.values.state import Delta, overlay
from actors.workflows.branch import Branch, Node, part_of, usable_steps
from actors.workflows.flow import Flow
from actors.workflows.keyed_mergers import AnyMerger, BranchDelta, Union, check_merger
from supervisors.model import first_repeated, wrong_type
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.policies.branch_policies import OnFailure, PlainRequire, Require, resolve_require
from supervisors.signals import Job, SuperviseGroup

if TYPE_CHECKING:
    from actors.control.cell import ControlCell
    from supervisors.signals import Ended, GroupEnded


class ParallelOrchestrator(Orchestrator):
    """Runs branches at once and merges what they changed."""

    def begin(self, context: ControlCell) -> None:
        """Start all branches on the same snapshot."""
        pattern: Parallel = self.target.pattern  # type: ignore[assignment]  # its own pattern
        payloads = tuple(
            [Assignment(self.event, metadata, self.state, self.variables) for metadata in self.target.metadata]
        )
        attempt = self.attempt
        request = SuperviseGroup(attempt, context, self.jobs, payloads, pattern.quorum, pattern.on_failure)
        context.send(attempt.supervisor, request)

    def on_group_ended(self, ended: GroupEnded, context: ControlCell) -> None:
        """Merge, or fail with what there is."""
        self._endings = endings = ended.endings
        self._branches = [
            BranchDelta(label, each.outcome.without_exception(), delta_of(each.value if each.outcome.ok else None))
            for label, each in zip(self.target.labels, endings, strict=True)
        ]
        if not ended.met:
            self._report(endings)
            self._fail_with_parts(self._verdict(ended), context)
            return
        merger = self.target.checks["merge"]
        if isinstance(merger, Job):
            assignment = Assignment(self.event, None, self.input, self.variables)
            self.call(merger, "merge", (assignment, self._branches), context)
            return
        try:
            delta = merger.merge(self.input, self._branches)
        except MergeConflictError as error:
            self._report(endings)
            outcome = Outcome(OutcomeKind.FAILED, Reason.MERGE_CONFLICT, detail=str(error))
            self._fail_with_parts(outcome, context)
            return
        self.take(delta)
        self.succeed(context)

    def on_ended(self, ended: Ended, context: ControlCell) -> None:
        """Take what the user's merger made of the branches."""
        if ended.outcome.ok:
            self.take(overlay(self.input, [_meta_of(self._branches), ended.value]))
            self.succeed(context)
            return
        path = self.attempt.job.path
        self._report(self._endings)
        self._fail_with_parts(evaluation_failed(ended.outcome, Reason.MERGE_ERROR, path), context)

    def _verdict(self, ended: GroupEnded) -> Outcome:
        """Say why the group failed, and because of which branch."""
        culprit = ended.culprit if ended.culprit is not None else 0
        job, outcome = self.jobs[culprit], ended.endings[culprit].outcome
        reason = Reason.REQUIRED_BRANCH_FAILED if job.required else Reason.QUORUM_NOT_MET
        return Outcome(
            OutcomeKind.FAILED,
            reason,
            detail=outcome.detail if outcome.culprit else f"{job.path!r} {outcome}",
            budget=outcome.budget,
            culprit=outcome.culprit or job.path,
            failure=outcome.failure,
        )

    def _report(self, endings: Sequence[Ended]) -> None:
        reports: dict[str, BranchReport] = {}
        for job, ended in zip(self.jobs, endings, strict=True):
            reports.update(reports_of(ended.value))
            reports[job.path] = BranchReport(ended.outcome.without_exception(), delta_of(ended.value).thawed())
        self.reports = reports

    def _fail_with_parts(self, outcome: Outcome, context: ControlCell) -> None:
        """Fail with the finished branches' changes overlaid in declared order, never by a user's merger."""
        self.take(overlay(self.input, [branch.delta for branch in self._branches]))
        self.fail(context, outcome)


def _meta_of(branches: Sequence[BranchDelta]) -> Delta:
    meta: dict[str, Any] = {}
    for branch in branches:
        meta.update(branch.delta.meta)
    return Delta(meta=meta)


class Parallel(Pattern):
    """Run branches at once, each on a snapshot of the state; merge their changes in declared order.

    The group succeeds when all its required branches are ok and its quorum is met. With `require="all"` every branch
    is required that does not say otherwise, and the optional ones are waited for. With a quorum (`"any"`, a number of
    branches, or a fraction) no branch is required that does not say so, and the group ends as soon as enough are ok:
    the others are cancelled.

    Args:
        branches: Branches, or nodes; their names must differ.
        require: "all", "any", how many (an int), or which fraction (a float up to 1.0).
        merge: A merger of `actors.mergers`, or a callable of `(state, branches)`.
        on_failure: Whether the siblings of a failed required branch are cancelled ("cancel") or finished ("finish").
        name: What it is called in paths, traces and metrics.
        timeout: Seconds for the whole group, merging included.
    """

    kind: ClassVar[str] = "parallel"
    orchestrator: ClassVar[Any] = ParallelOrchestrator
    flow: ClassVar[Flow] = Flow.GROUP

    branches: tuple[Any, ...] = Field(min_length=1)
    require: PlainRequire = "all"
    merge: Any = Union()
    on_failure: OnFailure = "cancel"

    def __init__(
        self,
        *branches: Node | Branch,
        require: Require = "all",
        merge: AnyMerger | None = None,
        on_failure: OnFailure = "cancel",
        name: str | None = None,
        timeout: float | None = None,
    ) -> None:
        super().__init__(
            branches=branches,
            require=require,
            merge=Union() if merge is None else merge,
            on_failure=on_failure,
            name=name,
            timeout=timeout,
        )
        resolve_require(require, len(branches), f"{type(self).__name__}:")

    @field_validator("branches")
    @classmethod
    def _usable_branches(cls, branches: tuple[Any, ...]) -> tuple[Any, ...]:
        return usable_branches(branches)

    @field_validator("merge", mode="plain")
    @classmethod
    def _usable_merger(cls, merge: object) -> object:
        return usable_merger(merge)

    @property
    def quorum(self) -> int | None:
        """How many branches must be ok; None for all that are required."""
        return resolve_require(self.require, len(self.branches), "Parallel")

    def parts(self) -> Sequence[Part]:
        """Return the branches in declared order."""
        is_required = self.quorum is None
        metadata = {"phase": "collaborative", "execution_type": "parallel", "pattern": self.kind}
        return [part_of(branch, metadata, required=is_required) for branch in self.branches]

    def checks(self) -> Mapping[str, Any]:
        """Return the merger."""
        return {"merge": self.merge}


def usable_branches(branches: tuple[Any, ...]) -> tuple[Any, ...]:
    """Validate a field that takes branches: the error's text follows the field's name."""
    steps = usable_steps(branches)
    twice = first_repeated(part_of(step, {}).label for step in steps)
    if twice is not None:
        raise ValueError(f"must have different names, and {twice!r} stands twice; name them with Branch(...)")
    return steps


def usable_merger(merge: object) -> object:
    """Validate a field that takes a merger: the error's text follows the field's name."""
    try:
        return check_merger(merge, "merge")
    except TypeError as error:
        raise wrong_type(str(error).removeprefix("merge ").rpartition(", not")[0]) from None


class Collaborative(Parallel):
    """Give one event to several agents at once: short for `Parallel` of nodes without policies."""

    kind: ClassVar[str] = "collaborative"

    def __init__(
        self,
        *branches: Node | Branch,
        require: Require = "all",
        merge: AnyMerger | None = None,
        on_failure: OnFailure = "cancel",
        name: str | None = None,
        timeout: float | None = None,
    ) -> None:
        super().__init__(*branches, require=require, merge=merge, on_failure=on_failure, name=name, timeout=timeout)

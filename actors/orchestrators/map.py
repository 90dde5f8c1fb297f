"""Map: one node for each item of a list, in the list's order, a limited number of them at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator

from actors.agents.invocation import Assignment
from actors.orchestrators.base import (
    BranchReport,
    Orchestrator,
    Part,
    Pattern,
    child_failed,
    delta_of,
    reports_of,
)
from actors.values.frozen import FrozenDict, FrozenList, show
from actors.values.state import Delta, Snapshot, State
from actors.workflows.branch import Branch, Node, part_of, usable_step
from actors.workflows.flow import Flow, Gate, Given, Scope
from actors.workflows.merger import net_change
from supervisors.branches.groups import item_path, rest_path
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.policies.branch_policies import OnFailure, PlainRequire, Require, check_require, resolve_require
from supervisors.signals import FanOutEnded, SuperviseFanOut

if TYPE_CHECKING:
    from actors.control.cell import ControlCell
    from actors.runs.plan import PatternTarget
    from supervisors.signals import Attempt, Ended

_MISSING: Any = object()


class MapOrchestrator(Orchestrator):
    """Has its node done for each item and keeps what each made of it."""

    def __init__(self, target: PatternTarget, attempt: Attempt) -> None:
        super().__init__(target, attempt)
        self._map: Map = target.pattern  # type: ignore[assignment]  # its own pattern
        (self._job,) = self.jobs
        self._items: Sequence[Any] = ()
        self._results: list[Any] = []
        # How the items ended, and what those had changed by then that did not end ok. Those that were not told of yet
        # stand as completed: only what has been told is looked at.
        self._outcomes: list[Outcome] = []
        self._unused: dict[int, Delta] = {}
        # What groups below the items reported.
        self._below: dict[str, BranchReport] = {}

    def receive(self, message: Any, context: ControlCell) -> None:
        """Handle one signal."""
        if type(message) is FanOutEnded:
            self.on_fan_out_ended(message, context)
        else:
            super().receive(message, context)

    def begin(self, context: ControlCell) -> None:
        """Have the items done, unless there are none or they cannot be."""
        items = self._find_items()
        refusal = items if isinstance(items, Outcome) else self._unmeetable(len(items))
        if refusal is not None:
            self.fail(context, refusal)
            return
        self._items = items
        size = len(items)
        if not size:
            self._succeed(0, context)
            return
        self._results = [None] * size
        self._outcomes = [COMPLETED] * size
        pattern, attempt = self._map, self.attempt
        quorum = resolve_require(pattern.require, size, pattern.label)
        request = SuperviseFanOut(
            attempt, context, self._job, size, self._assignment, pattern.concurrency, quorum, pattern.on_failure
        )
        context.send(attempt.supervisor, request)

    def on_ended(self, ended: Ended, context: ControlCell) -> None:
        """Keep what became of an item."""
        index, outcome = ended.key, ended.outcome
        self._outcomes[index] = outcome
        delta = delta_of(ended.value)
        if outcome.ok:
            self._results[index] = self._result(index, delta)
            return
        self._unused[index] = delta
        for path, report in reports_of(ended.value).items():
            self._below[self._placed(path, index)] = report

    def on_fan_out_ended(self, ended: FanOutEnded, context: ControlCell) -> None:
        """End with the results, or fail with those that there are."""
        culprit, begun, rest = ended
        if culprit is None:
            self._succeed(begun, context)
            return
        self._take_results()
        self._report(begun, rest)
        outcome = rest if rest is not None and culprit == begun else self._outcomes[culprit]
        self.fail(context, self._verdict(culprit, outcome), notes=self._notes(begun, is_complete=False))

    def _find_items(self) -> Any:
        """Return the items, or as what the map ends that has none."""
        key, path = self._map.over, self.attempt.job.path
        if key in self.state.shared:
            detail = f"{path!r} maps over {key!r}, which is shared by reference; set it as a list of plain data"
            return Outcome(OutcomeKind.FAILED, Reason.INVALID_INPUT, detail=detail)
        items = self.state.values.get(key, self.event.data.get(key, _MISSING))
        if items is _MISSING:
            detail = f"{path!r} maps over {key!r}, which is neither in the state nor in the event's data"
            return Outcome(OutcomeKind.FAILED, Reason.MISSING_INPUT, detail=detail)
        if type(items) is not FrozenList and type(items) is not tuple:
            detail = f"{path!r} maps over {key!r}, which must be a list or a tuple, not {show(items)}"
            return Outcome(OutcomeKind.FAILED, Reason.INVALID_INPUT, detail=detail)
        return items

    def _unmeetable(self, size: int) -> Outcome | None:
        """Return as what the map ends if more items have to be ok than there are."""
        require = self._map.require
        if not isinstance(require, int) or require <= size:
            return None
        detail = f"{self.attempt.job.path!r} requires {require} items to be ok, and {self._map.over!r} has only {size}"
        return Outcome(OutcomeKind.FAILED, Reason.QUORUM_NOT_MET, detail=detail)

    def _assignment(self, index: int) -> Assignment:
        """Return what the branch of an item is handed."""
        metadata = FrozenDict({**self.target.metadata[0], "index": index})
        state = self.state.apply(Delta({self._map.item: self._items[index]}))
        return Assignment(self.event, metadata, state, self.variables)

    def _result(self, index: int, delta: Delta) -> Any:
        """Return what is kept of an item that ended ok."""
        item, output = self._map.item, self._map.output
        changed = delta.changed
        if output is None:
            before = {**self.state.values, item: self._items[index]}
            return FrozenDict(net_change(Snapshot(before), delta).changed)
        if output in changed:
            return changed[output]
        if output in delta.removed or output in delta.shared:
            return None
        return self._items[index] if output == item else self.state.values.get(output)

    def _succeed(self, begun: int, context: ControlCell) -> None:
        self._take_results()
        self.succeed(context, notes=self._notes(begun, is_complete=True))

    def _take_results(self) -> None:
        self.take(Delta({self._map.into: FrozenList(self._results)}))

    def _notes(self, begun: int, *, is_complete: bool) -> Mapping[str, Any]:
        kinds = Counter([outcome.kind for outcome in self._outcomes[:begun]])
        ok, cancelled = kinds[OutcomeKind.OK], kinds[OutcomeKind.CANCELLED]
        return {
            "map_completed": is_complete,
            "total_items": len(self._items),
            "items_ok": ok,
            "items_failed": begun - ok - cancelled,
            "items_cancelled": cancelled,
            "items_not_started": len(self._items) - begun,
        }

    def _report(self, begun: int, rest: Outcome | None) -> None:
        """Report every item that began by itself, and the others as one; nothing is copied before it is read."""
        path, reports = self._job.path, self._below
        for index, outcome in enumerate(self._outcomes[:begun]):
            reports[item_path(path, index)] = BranchReport(outcome.without_exception(), self._changed_by(index))
        if rest is not None:
            reports[rest_path(path, begun)] = BranchReport(rest, {})
        self.reports = reports

    def _changed_by(self, index: int) -> State:
        delta, output = self._unused.get(index), self._map.output
        if delta is not None:
            return State._over(Snapshot(delta.changed, delta.shared))
        result = self._results[index]
        return State._over(Snapshot(result if output is None else {output: result}))

    def _verdict(self, culprit: int, outcome: Outcome) -> Outcome:
        """Say why the map failed, and because of which item."""
        placed = replace(outcome, culprit=self._placed(outcome.culprit, culprit))
        reason = Reason.REQUIRED_BRANCH_FAILED if self._job.required else Reason.QUORUM_NOT_MET
        return replace(child_failed(placed, item_path(self._job.path, culprit)), reason=reason)

    def _placed(self, path: str, index: int) -> str:
        """Return the path of a node below an item with the item's index in it."""
        declared = self._job.path
        if not path.startswith(f"{declared}/"):
            return path
        return item_path(declared, index) + path[len(declared) :]


class Map(Pattern):
    """Run a node for each item of a list, each on a snapshot; the results have the order of the items.

    Each item's branch starts with the state as it is and the item beside it, its event's metadata with the item's
    `index`. The result is a dict of the keys that the branch set, or, with `output`, the value of that key afterwards:
    None where there is none (`produces=` of an agent has that fail). What a branch removes or shares by reference stays
    within it. An item that did not end ok leaves None.

    A `Branch` as node gives each item its timeout, retries and fallback. An item's time starts when it begins.

    With a quorum (`"any"`, a number of items, or a fraction) the map ends as soon as enough are ok: those in progress
    are cancelled, the others never begin. A number that is larger than that of the items fails before any begins. An
    empty list is ok at once otherwise.

    Args:
        node: An agent's name, a pattern or a branch; whether it is required is for `require` to say.
        over: Under which key the list is: of the state, or if it is not there of the event's data.
        into: Under which key of the state the list of results is put.
        item: Under which key of its state each branch finds its item.
        output: Of which key the value is the result; None for all that the branch set.
        concurrency: How many items may be in progress at once; the next one begins as soon as one ends. None is all.
        require: "all", "any", how many (an int), or which fraction (a float up to 1.0).
        on_failure: Whether, once the map cannot succeed, the other items are cancelled ("cancel") or done all the same
            ("finish").
        name: What it is called in paths, traces and metrics.
        timeout: Seconds for all items together.
    """

    kind: ClassVar[str] = "map"
    orchestrator: ClassVar[Any] = MapOrchestrator
    flow: ClassVar[Flow] = Flow.EACH

    node: Any
    over: str = Field(min_length=1)
    into: str = Field(default="results", min_length=1)
    item: str = Field(default="item", min_length=1)
    output: str | None = Field(default=None, min_length=1)
    concurrency: int | None = Field(default=None, ge=1)
    require: PlainRequire = "all"
    on_failure: OnFailure = "cancel"

    def __init__(
        self,
        node: Node | Branch,
        *,
        over: str,
        into: str = "results",
        item: str = "item",
        output: str | None = None,
        concurrency: int | None = None,
        require: Require = "all",
        on_failure: OnFailure = "cancel",
        name: str | None = None,
        timeout: float | None = None,
    ) -> None:
        super().__init__(
            node=node,
            over=over,
            into=into,
            item=item,
            output=output,
            concurrency=concurrency,
            require=require,
            on_failure=on_failure,
            name=name,
            timeout=timeout,
        )
        check_require(require, f"{type(self).__name__}:")

    @field_validator("node", mode="plain")
    @classmethod
    def _usable_node(cls, node: object) -> object:
        if isinstance(node, Branch) and node.required is not None:
            raise ValueError("must not say whether it is required: a map's `require` says how many items have to be ok")
        return usable_step(node)

    def parts(self) -> Sequence[Part]:
        """Return the node, which is a branch for each item."""
        metadata = {"phase": "map", "execution_type": "map", "pattern": self.kind}
        part = part_of(self.node, metadata, required=self.require == "all")
        return [replace(part, is_branch=True)]

    def gates(self) -> Sequence[Gate]:
        """Return that there must be a list, and what each item's branch finds and leaves."""
        return [Gate((Given(self.over),), scope=Scope(self.item, self.into, self.output))]

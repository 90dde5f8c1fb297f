"""Jobs that evaluate conditions, rules and mergers on the work plane, under a deadline.

They are users' callables, conditions that search for regular expressions, and mergers that hold a user's reducers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from actors.dispatchers.work import Work, failed
from actors.processes.matching import Search
from actors.values.arguments import is_coroutine_function
from actors.values.errors import MergeConflictError
from actors.values.freezing import thaw
from actors.values.result import settle
from actors.values.state import State
from actors.workflows.condition import Condition, Situation
from actors.workflows.keyed_mergers import BranchDelta, BranchResult, Merger
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.signals import Answer, Attempt, Job

if TYPE_CHECKING:
    from actors.agents.invocation import Assignment
    from actors.control.cell import ControlCell
    from actors.control.facilities import System
    from actors.control.timers import ScheduledMessage
    from actors.dispatchers.base import Dispatcher

CALLABLE_TIMEOUT = 5.0
"""Seconds that a condition, rule or merger is granted."""

_EVENT_AND_STATE = 2
"""How many parameters a condition has that takes the event too; one that has more takes the previous outcome."""


class Evaluation(Work):
    """One call of a condition, rule or merger; also the handle by which it is taken back."""

    __slots__ = (
        "_call",
        "attempt",
        "begun_at",
        "dispatcher",
        "ended_at",
        "is_live",
        "number",
        "reason",
        "system",
        "timer",
    )

    def __init__(
        self,
        system: System,
        attempt: Attempt,
        call: Callable[[], Any],
        *,
        is_async: bool,
        reason: Reason,
    ) -> None:
        super().__init__(attempt.job.path, _variables(attempt.payload))
        self._call = call
        self.system = system
        self.attempt = attempt
        self.number = attempt.attempts
        self.reason = reason
        self.dispatcher: Dispatcher = system.loops if is_async else system.threads
        # Written by the control plane; read where it runs, where a stale value only begins what is fenced.
        self.is_live = True
        self.begun_at: float | None = None
        self.ended_at: float | None = None
        self.timer: ScheduledMessage | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for it."""
        return self.is_live

    def begin(self) -> bool:
        """Say that it begins now; False if it is not wanted any more, or has begun already."""
        if not self.is_live or self.begun_at is not None:
            return False
        self.begun_at = self.system.plane.now()
        return True

    def call(self) -> Any:
        """Call the user's code."""
        return self._call()

    def done(self, value: Any, error: BaseException | None) -> None:
        """Answer the supervisor."""
        reason = Reason.MERGE_CONFLICT if isinstance(error, MergeConflictError) else self.reason
        outcome = COMPLETED if error is None else failed(reason, error)
        self._answer(outcome, value)

    def refuse(self, outcome: Outcome) -> None:
        """Answer that the dispatcher will not run it."""
        self._answer(outcome, None)

    def withdraw(self, outcome: Outcome) -> None:
        """Take it back; if it runs on, its thread is given up after a grace time. Inside the control plane."""
        self.is_live = False
        if self.begun_at is None:
            return
        self.dispatcher.interrupt(self)
        plane = self.system.plane
        self.timer = plane.schedule(plane.now() + self.system.abandon_after, self, None)
        self._disarm()  # it may have ended meanwhile, and not have seen that it was withdrawn

    def handle(self, message: Any) -> None:
        """Give up the thread if it still runs. Inside the control plane."""
        if self.ended_at is None:
            self.dispatcher.abandon(self)
        self._disarm()

    def _disarm(self) -> None:
        """Drop the timer, and what it refers to, when the call has ended."""
        if self.timer is not None and self.ended_at is not None:
            self.timer.cancel()

    def delayer(self) -> str:
        """Name the agent that keeps it from getting on; empty when none does."""
        return self.dispatcher.delayer(self)

    def obstacle(self) -> str:
        """Say what keeps it from beginning, if that is not time alone."""
        return "" if self.begun_at is not None else self.dispatcher.shortage

    def _answer(self, outcome: Outcome, value: Any) -> None:
        self.ended_at = now = self.system.plane.now()
        attempt = self.attempt
        answer = Answer(attempt, self.number, outcome, value, self.begun_at, now)
        if self.is_live:
            self.system.plane.post(attempt.supervisor, answer)
            return
        self.system.plane.post(self, None)
        if outcome.ok:
            self.system.dead_letter("late_answer", f"{self.agent} answered after it was given up")


class SearchingEvaluation(Evaluation):
    """The evaluation of a condition that searches for regular expressions; the search ends with it."""

    __slots__ = ("_search",)

    def __init__(self, system: System, attempt: Attempt, condition: Condition) -> None:
        deadline, now = attempt.attempt_deadline, system.plane.now
        self._search = search = Search(system.matchers, lambda: deadline.remaining(now()) or 0.0)
        situation = replace(attempt.payload, search=search)
        super().__init__(
            system,
            attempt,
            lambda: condition.holds(situation),
            is_async=False,
            reason=Reason.CONDITION_ERROR,
        )

    def withdraw(self, outcome: Outcome) -> None:
        """Take it back, and end the process that searches for it. Inside the control plane."""
        super().withdraw(outcome)
        self._search.give_up()


class _CallableTarget:
    """The target of an internal job."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._is_async = is_coroutine_function(function)

    def allowance(self, context: ControlCell) -> tuple[float | None, str]:
        """Return no limit of its own: the job has one."""
        return None, ""


class ConditionTarget(_CallableTarget):
    """Has a user's condition called with a state of its own, the event and the previous outcome, as it takes them."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._count = _count_of_parameters(function)

    def perform(self, attempt: Attempt, context: ControlCell) -> Evaluation:
        """Begin an attempt."""
        situation: Situation = attempt.payload
        evaluation = Evaluation(
            context.system,
            attempt,
            lambda: self._evaluate(self._returned(situation)),
            is_async=self._is_async,
            reason=Reason.CONDITION_ERROR,
        )
        evaluation.dispatcher.execute(evaluation)
        return evaluation

    def _returned(self, situation: Situation) -> Any:
        state = State._over(situation.state)
        if self._count == _EVENT_AND_STATE:
            return self._function(situation.event, state)
        if self._count > _EVENT_AND_STATE:
            return self._function(situation.event, state, situation.previous)
        return self._function(state)

    def _evaluate(self, returned: Any) -> Any:
        return _truth(returned) if self._is_async else bool(returned)


class SearchingTarget:
    """Has a stock condition evaluated that searches for regular expressions."""

    def __init__(self, condition: Condition) -> None:
        self._condition = condition

    def allowance(self, context: ControlCell) -> tuple[float | None, str]:
        """Return no limit of its own: the job has one."""
        return None, ""

    def perform(self, attempt: Attempt, context: ControlCell) -> Evaluation:
        """Begin an attempt."""
        evaluation = SearchingEvaluation(context.system, attempt, self._condition)
        evaluation.dispatcher.execute(evaluation)
        return evaluation


class MergerTarget(_CallableTarget):
    """Has a user's merger called with the input state and every branch's outcome and changes."""

    def perform(self, attempt: Attempt, context: ControlCell) -> Evaluation:
        """Begin an attempt; its payload is an assignment and the branches."""
        assignment, branches = attempt.payload
        evaluation = Evaluation(
            context.system,
            attempt,
            lambda: self._merge(assignment, branches, attempt.job.path),
            is_async=self._is_async,
            reason=Reason.MERGE_ERROR,
        )
        evaluation.dispatcher.execute(evaluation)
        return evaluation

    def _merge(self, assignment: Assignment, branches: Sequence[BranchDelta], path: str) -> Any:
        base = assignment.state
        state = State._over(base)
        shown = {
            name: BranchResult(outcome, {key: thaw(value) for key, value in delta.changed.items()}, delta.removed)
            for name, outcome, delta in branches
        }
        returned = self._function(state, shown)
        if self._is_async:
            return _settled(path, base, state, returned)
        return settle(path, base, state, returned)[0]


class ReducingTarget(MergerTarget):
    """Has the branches merged by a stock merger that holds callables of a user's."""

    def __init__(self, merger: Merger) -> None:
        super().__init__(merger.merge)

    def _merge(self, assignment: Assignment, branches: Sequence[BranchDelta], path: str) -> Any:
        return self._function(assignment.state, branches)


async def _truth(returned: Any) -> bool:
    return bool(await returned)


async def _settled(path: str, base: Any, state: State, returned: Any) -> Any:
    return settle(path, base, state, await returned)[0]


def condition_job(condition: Condition | Callable[..., Any], path: str) -> Job:
    """Return the job of evaluating a user's condition, or a stock one that is not inline."""
    limits = ((CALLABLE_TIMEOUT, f"condition of {path}"),)
    target = SearchingTarget(condition) if isinstance(condition, Condition) else ConditionTarget(condition)
    return Job(path, "condition", target, limits, is_internal=True)


def merger_job(merger: Merger | Callable[..., Any], path: str) -> Job:
    """Return the job of calling a user's merger, or a stock one that is not inline."""
    limits = ((CALLABLE_TIMEOUT, f"merger of {path}"),)
    target = ReducingTarget(merger) if isinstance(merger, Merger) else MergerTarget(merger)
    return Job(path, "merger", target, limits, is_internal=True)


def evaluation_failed(outcome: Outcome, reason: Reason, culprit: str) -> Outcome:
    """Return how a node ends whose condition, rule or merger did not answer."""
    if outcome.kind is OutcomeKind.CANCELLED:
        return outcome
    return Outcome(
        OutcomeKind.FAILED,
        outcome.reason if outcome.reason is Reason.MERGE_CONFLICT else reason,
        detail="" if outcome.failure else str(outcome),
        budget=outcome.budget,
        culprit=culprit,
        failure=outcome.failure,
    )


def _count_of_parameters(function: Callable[..., Any]) -> int:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in positional and p.default is p.empty for p in parameters)


def _variables(payload: Any) -> Any:
    """Return the context variables of a situation, or of an assignment with branches beside it."""
    return (payload if isinstance(payload, Situation) else payload[0]).variables

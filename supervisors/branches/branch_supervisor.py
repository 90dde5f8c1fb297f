"""The branch supervisor: one for each run, it has the run's nodes done on time, or says how they failed.

It knows no pattern and no agent. Orchestrators ask it to have children done; it arms their deadlines, retries, falls
back, fences late answers, judges groups, and tells each asker once how its child ended. Supervisors stand above what
they watch as in Erlang/OTP; a group's cancellation follows Trio's nurseries, but names the branch that caused it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from supervisors.behaviour import Context
from supervisors.branches.child import Child
from supervisors.branches.cutting import take_back, with_obstacle
from supervisors.branches.fallbacks import after_fallback
from supervisors.branches.groups import BranchGroup, FanOut, Group
from supervisors.branches.recorder import Recorder
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.policies.deadlines import UNLIMITED, Deadline
from supervisors.policies.endings import as_never_started, as_not_retried, out_of_time
from supervisors.policies.retry_budget import RetryTokens
from supervisors.signals import (
    Answer,
    AttemptDeadlineReached,
    ChildRunEnded,
    Close,
    DeadlineReached,
    Ended,
    FanOutGoesOn,
    Job,
    RetryDue,
    Skip,
    Supervise,
    SuperviseFanOut,
    SuperviseGroup,
)


class BranchSupervisor:
    """Supervise the nodes of one run.

    Args:
        workflow: The workflow's name, for facts.
        run: The run's number, for facts.
        retry_tokens: How many retries its workflow may make; None is no limit.

    Attributes:
        recorder: Makes the run's records.
        root: What is being done; None before, and when it has ended.
    """

    def __init__(self, workflow: str, run: int, retry_tokens: RetryTokens | None = None) -> None:
        self.recorder = Recorder(workflow, run)
        self._retry_tokens = retry_tokens
        self.root: Child | None = None
        # A close that overtook the request for the root.
        self._closing: Outcome | None = None
        # Of a run that is a part of another: the deadline of its parent, which arms no timer here.
        self.inherited: Deadline | None = None

    def receive(self, message: Any, context: Context) -> None:
        """Handle one signal."""
        _HANDLERS[type(message)](self, message, context)

    def abandon(self, outcome: Outcome) -> None:
        """Take back all that agents hold and forget everything; nobody is told. For defects."""
        root, self.root = self.root, None
        for child in list(root.subtree()) if root is not None else ():
            child.is_open = child.is_trying = False
            child.cancel_timers()
            if child.handle is not None:
                child.handle.withdraw(outcome)

    # Opening children

    def _on_supervise(self, message: Supervise, context: Context) -> None:
        parent: Child | None = message.parent
        now = context.now()
        if parent is None:
            self.recorder.begin(now)
            deadline = message.deadline or UNLIMITED
        elif not parent.is_open:
            return context.dead_letter("late_request", message.job.path)
        else:
            deadline = parent.attempt_deadline
        child = self.add_child(message, parent, deadline, now, None)
        if parent is None:
            self.root = child
            if self._closing is not None:
                return self.finish(child, self._closing, None, context)
        return self.open(child, now, context)

    def _on_supervise_group(self, message: SuperviseGroup, context: Context) -> None:
        if message.parent.is_open:
            BranchGroup(message).begin(message.payloads, self, context)
        else:
            context.dead_letter("late_request", message.jobs[0].path)

    def _on_supervise_fan_out(self, message: SuperviseFanOut, context: Context) -> None:
        if message.parent.is_open:
            FanOut(message).fill(self, context)
        else:
            context.dead_letter("late_request", message.job.path)

    def _on_fan_out_goes_on(self, message: FanOutGoesOn, context: Context) -> None:
        fan_out: FanOut = message.fan_out
        if fan_out.parent.is_open:
            fan_out.fill(self, context)
        else:
            context.dead_letter("late_request", fan_out.job.path)

    def _on_skip(self, message: Skip, context: Context) -> None:
        self.recorder.skip(message.parent, message.job, message.outcome, context)

    def _on_child_run_ended(self, message: ChildRunEnded, context: Context) -> None:
        child: Child = message.attempt
        if child.is_open and child.attempts == message.number:
            self.recorder.adopt(child, message.record, message.size)

    def add_child(
        self,
        request: Supervise,
        parent: Child | None,
        deadline: Deadline,
        now: float,
        group: Group | None,
    ) -> Child:
        """Make a child below a parent, with its limits from now on."""
        for seconds, budget in request.job.limits:
            deadline = deadline.narrowed(seconds, budget, now)
        child = Child(request, parent, deadline, group, now)
        for seconds, budget in request.job.node_limits:
            child.node_deadline = child.node_deadline.narrowed(seconds, budget, now)
        if parent is not None:
            if parent.children is None:
                parent.children = {}
            parent.children[child] = None
        return child

    def open(self, child: Child, now: float, context: Context) -> None:
        """Begin a child, or end it at once if its parent is being ended or there is no time left."""
        parent, deadline = child.parent, child.deadline
        if parent is None:
            inherited = self.inherited
        else:
            stopping = parent.ending or (None if child.is_fallback else parent.attempt_ending)
            if stopping is not None:
                return self.finish(child, as_never_started(stopping), None, context)
            inherited = parent.deadline if child.is_fallback else parent.attempt_deadline
        if deadline.at is not None:
            if deadline.at <= now:
                return self._never_open(child, now, context)
            if deadline is not inherited:
                child.timer = context.schedule(deadline.at, DeadlineReached(child))
        if context.is_listened_to:
            self.recorder.start(child, context)
        return self._begin_attempt(child, now, context)

    def _never_open(self, child: Child, now: float, context: Context) -> None:
        """End a child whose deadline, which is an ancestor's, has passed before it could begin."""
        if child.parent is None and child.deadline is not self.inherited:
            self.recorder.timeout(child, child.deadline, context)
        else:
            self._fire_passed(child, now, context)
        self.finish(child, out_of_time(child.deadline, Reason.NOT_STARTED), None, context)

    def _begin_attempt(self, child: Child, now: float, context: Context) -> None:
        job = child.job
        deadline = child.node_deadline
        if job.retry is not None:
            deadline = deadline.narrowed(job.retry.attempt_timeout, f"attempt of {job.path}", now)
            if self._retry_tokens is not None and not child.attempts:
                self._retry_tokens.deposit()
        seconds, budget = job.target.allowance(context)
        if seconds is not None:
            deadline = deadline.narrowed(seconds, budget, now)
        child.attempts = number = child.attempts + 1
        child.is_trying = True
        child.is_told = False
        child.sent_at = now
        child.attempt_deadline = deadline
        child.supervisor = context.ref
        if deadline is not child.deadline and deadline.at is not None:
            due = AttemptDeadlineReached(child, number)
            child.attempt_timer = context.schedule(deadline.at, due)
        child.handle = job.target.perform(child, context)
        child.is_queued = child.handle is not None

    # Endings

    def _on_answer(self, answer: Answer, context: Context) -> None:
        child: Child = answer.attempt
        if not child.is_trying or child.attempts != answer.number:
            return context.dead_letter("late_answer", "an answer came after its attempt had ended")
        ended_at, due_at = answer.ended_at, child.attempt_deadline.at
        if ended_at is not None and due_at is not None and ended_at >= due_at:
            # It was done before the timer fired, yet after the deadline.
            context.dead_letter("late_answer", f"{child.job.path} answered after its deadline")
            child.handle = None
            self._fire_passed(child, ended_at, context)
            outcome = out_of_time(child.attempt_deadline, Reason.DEADLINE)
            answer = replace(answer, outcome=outcome, value=None)
        return self._attempt_ended(child, answer, context)

    def _fire_passed(self, child: Child, moment: float, context: Context) -> None:
        """Do now, and in the same order, what the timers will find done: end those whose budgets had run out."""
        overdue = []
        node: Child | None = child
        while node is not None and node.attempt_deadline.has_passed(moment):
            overdue.append(node)
            node = node.parent
        for node in overdue:
            if node.attempt_timer is not None:
                self._on_attempt_deadline(AttemptDeadlineReached(node, node.attempts), context)
            if node.timer is not None and node.deadline.has_passed(moment):
                self._on_deadline(DeadlineReached(node), context)

    def _attempt_ended(self, child: Child, answer: Answer, context: Context) -> None:
        child.is_trying = False
        child.handle = None
        if child.attempt_timer is not None:
            child.attempt_timer.cancel()
            child.attempt_timer = None
        outcome = answer.outcome
        if child.attempt_ending is not None:
            # An agent's own answer says more (whether it began); a pattern's is overruled.
            if outcome.kind is not OutcomeKind.TIMED_OUT:
                outcome = child.attempt_ending
            child.attempt_ending = None
        if child.ending is not None:
            outcome = child.ending
        elif not outcome.ok and outcome.kind is not OutcomeKind.CANCELLED:
            return self._failed(child, outcome, answer, context)
        return self.finish(child, outcome, answer, context)

    def _failed(self, child: Child, outcome: Outcome, answer: Answer, context: Context) -> None:
        """Start what comes after a failed attempt, or end the child if nothing does."""
        due = self._retries_at(child, outcome, context)
        if due is not None and self._may_retry(context):
            child.previous = outcome.without_exception()
            child.retry_timer = context.schedule(due, RetryDue(child))
            self.recorder.retry(child, outcome, context)
            return self.recorder.attempt(child, answer, context)
        if due is not None:
            outcome = as_not_retried(outcome)
        if child.job.fallback is None:
            return self.finish(child, outcome, answer, context)
        self.recorder.attempt(child, answer, context)  # before the fallback, which may end at once
        return self._fall_back(child, child.job.fallback, outcome, answer, context)

    def _retries_at(self, child: Child, outcome: Outcome, context: Context) -> float | None:
        """Return when another attempt is due by the child's policy; None if none is to be made, or there is no time."""
        retry = child.job.retry
        if retry is None or not retry.allows(child.attempts, outcome):
            return None
        due = context.now() + retry.delay(child.attempts, context.random)
        at = child.node_deadline.at
        return None if at is not None and due >= at else due

    def _may_retry(self, context: Context) -> bool:
        return self._retry_tokens is None or self._retry_tokens.withdraw(context.now())

    def _fall_back(self, child: Child, fallback: Job, outcome: Outcome, answer: Answer, context: Context) -> None:
        """Start the fallback in what the parent has left; if that is nothing, end the child."""
        now = context.now()
        if child.deadline.has_passed(now):
            self._fire_passed(child, now, context)
            return self.finish(child, child.ending or outcome, answer, context)
        child.previous = told = outcome.without_exception()
        self.recorder.fall_back(child, told, answer, context)
        child.is_queued = False
        request = Supervise(child, context.ref, child.key, fallback, child.payload)
        substitute = self.add_child(request, child, child.deadline, now, None)
        substitute.is_fallback = True
        return self.open(substitute, now, context)

    def _fallback_ended(self, child: Child, fallback: Job, ended: Ended, context: Context) -> None:
        outcome = child.ending or after_fallback(child.job, fallback, child.previous, ended.outcome)
        # An optional fallback that failed leaves the state as it was.
        value = None if outcome.ok and not ended.outcome.ok else ended.value
        self.finish(child, outcome, Answer(child, 0, outcome, value), context)

    def finish(self, child: Child, outcome: Outcome, answer: Answer | None, context: Context) -> None:
        """Close a child and tell whoever asked for it."""
        child.is_open = False
        if child.timer is not None:
            child.timer.cancel()
        if child.attempt_timer is not None:
            child.attempt_timer.cancel()
        if child.retry_timer is not None:
            child.retry_timer.cancel()
        parent, job = child.parent, child.job
        if parent is None:
            self.root = None  # lets a run's objects go at once, without the garbage collector
        else:
            parent.children.pop(child, None)  # type: ignore[union-attr]  # add_child() has put it there
        record = None if job.is_internal else self.recorder.record(child, outcome, answer, context)
        if job.is_branch and outcome.kind is not OutcomeKind.OK:
            self.recorder.branch(child, outcome, context)
        ended = Ended(child.key, outcome, answer.value if answer is not None else None, record)
        if child.group is not None:
            child.group.note(ended, self, context)
        elif parent is not None and child.is_fallback:
            self._fallback_ended(parent, job, ended, context)
        else:
            context.send(child.asker, ended)
        # What still holds the attempt, such as a frame of an exception, must not hold who asked for it.
        child.asker = child.group = None

    # Time and cancellation

    def _on_deadline(self, message: DeadlineReached, context: Context) -> None:
        child: Child = message.child
        if not child.is_open or child.ending is not None:
            return
        self.recorder.timeout(child, child.deadline, context)
        ending = out_of_time(child.deadline, Reason.DEADLINE)
        child.ending = with_obstacle(ending, child)
        self.close(child, ending, context)

    def _on_attempt_deadline(self, message: AttemptDeadlineReached, context: Context) -> None:
        child: Child = message.child
        if not child.is_trying or child.attempts != message.number or child.is_stopping:
            return
        deadline = child.attempt_deadline
        self.recorder.timeout(child, deadline, context)
        child.attempt_ending = with_obstacle(out_of_time(deadline, Reason.DEADLINE), child)
        if child.handle is not None:
            answer = take_back(child, child.attempt_ending)
            self._attempt_ended(child, answer, context)
        else:
            self._stop_below(child, child.attempt_ending, context)

    def _on_retry_due(self, message: RetryDue, context: Context) -> None:
        child: Child = message.child
        now = context.now()
        if child.is_open and child.deadline.has_passed(now):
            self._fire_passed(child, now, context)
        if not child.is_open or child.retry_timer is None:
            return None
        child.retry_timer = None
        fallback, deadline = child.job.fallback, child.node_deadline
        if fallback is not None and deadline is not child.deadline and deadline.has_passed(now):
            self.recorder.timeout(child, deadline, context)
            ending = out_of_time(deadline, Reason.DEADLINE)
            return self._fall_back(child, fallback, ending, Answer(child, child.attempts, ending, None), context)
        return self._begin_attempt(child, now, context)

    def _on_close(self, message: Close, context: Context) -> None:
        if self.root is None:
            self._closing = message.outcome
        else:
            self.close(self.root, message.outcome, context)

    def close(self, child: Child, ending: Outcome, context: Context) -> None:
        """End a child and all below it. Leaves end now; patterns above them unwind by what they are told."""
        if child.ending is None:
            child.ending = ending
        self._stop_below(child, ending, context)
        if child.is_open and child.needs_withdrawal:
            self._withdraw(child, ending, context)

    def _stop_below(self, child: Child, ending: Outcome, context: Context) -> None:
        waiting = []
        for node in child.subtree():
            if node is not child:
                if node.ending is None:
                    node.ending = ending
                if node.needs_withdrawal:
                    waiting.append(node)
        for node in waiting:
            if node.is_open:
                self._withdraw(node, ending, context)

    def _withdraw(self, child: Child, ending: Outcome, context: Context) -> None:
        answer = take_back(child, child.ending or ending)
        self.finish(child, answer.outcome, answer, context)


_HANDLERS: dict[type, Callable[[BranchSupervisor, Any, Context], None]] = {
    Answer: BranchSupervisor._on_answer,
    Supervise: BranchSupervisor._on_supervise,
    SuperviseGroup: BranchSupervisor._on_supervise_group,
    SuperviseFanOut: BranchSupervisor._on_supervise_fan_out,
    FanOutGoesOn: BranchSupervisor._on_fan_out_goes_on,
    DeadlineReached: BranchSupervisor._on_deadline,
    AttemptDeadlineReached: BranchSupervisor._on_attempt_deadline,
    RetryDue: BranchSupervisor._on_retry_due,
    Skip: BranchSupervisor._on_skip,
    ChildRunEnded: BranchSupervisor._on_child_run_ended,
    Close: BranchSupervisor._on_close,
}

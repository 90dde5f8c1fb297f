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
from supervisors.branch_policies import Verdict
from supervisors.child import Child, Group
from supervisors.deadlines import UNLIMITED, Deadline
from supervisors.facts import BranchFailed, StageEnded, StageRetried, StageStarted, TimedOut
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.signals import (
    Answer,
    Attempt,
    AttemptDeadlineReached,
    Close,
    DeadlineReached,
    Ended,
    GroupEnded,
    RetryDue,
    Skip,
    Supervise,
    SuperviseGroup,
)
from supervisors.trace import TraceRecord

MAX_RECORDS = 10_000
"""How many trace records one run keeps; what is beyond is only counted."""

_NO_METADATA: dict[str, Any] = {}
_TIMEOUT_TYPES = ("builtins.TimeoutError", "builtins.OSError", "builtins.Exception")
_OTHER_TYPES = ("builtins.Exception",)


class BranchSupervisor:
    """Supervise the nodes of one run.

    Args:
        workflow: The workflow's name, for facts.
        run: The run's number, for facts.
    """

    def __init__(self, workflow: str, run: int) -> None:
        self._workflow = workflow
        self._run = run
        self._children: dict[int, Child] = {}
        self._last_id = 0
        self._epoch = 0.0
        self._records_left = MAX_RECORDS
        self._handlers: dict[type, Callable[[Any, Context], None]] = {
            Answer: self._on_answer,
            Supervise: self._on_supervise,
            SuperviseGroup: self._on_supervise_group,
            DeadlineReached: self._on_deadline,
            AttemptDeadlineReached: self._on_attempt_deadline,
            RetryDue: self._on_retry_due,
            Skip: self._on_skip,
            Close: self._on_close,
        }

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being done."""
        return not self._children

    def receive(self, message: Any, context: Context) -> None:
        """Handle one signal."""
        self._handlers[type(message)](message, context)

    def abandon(self, outcome: Outcome) -> None:
        """Take back all that agents hold and forget everything; nobody is told. For defects."""
        for child in self._children.values():
            child.cancel_timers()
            if child.handle is not None:
                child.handle.withdraw(outcome)
        self._children.clear()

    # Opening children

    def _on_supervise(self, message: Supervise, context: Context) -> None:
        parent = self._children.get(message.parent)
        if parent is None and message.parent:
            return context.dead_letter("late_request", message.job.path)
        now = context.now()
        if parent is None:
            self._epoch = now
        base = parent.deadline if parent else (message.deadline or UNLIMITED)
        child = self._new_child(message, parent, base, now)
        self._open(child, now, context)
        return None

    def _on_supervise_group(self, message: SuperviseGroup, context: Context) -> None:
        parent = self._children.get(message.parent)
        if parent is None:
            return context.dead_letter("late_request", message.jobs[0].path)
        group = Group(parent, message)
        now = context.now()
        for index, (job, payload) in enumerate(zip(message.jobs, message.payloads, strict=True)):
            request = Supervise(message.parent, message.asker, index, job, payload)
            child = self._new_child(request, parent, parent.deadline, now, group)
            if group.sealed is not None:
                self._finish(child, group.sealed, None, context)
            else:
                self._open(child, now, context)
        return None

    def _on_skip(self, message: Skip, context: Context) -> None:
        parent = self._children.get(message.parent)
        if parent is not None:
            job, started = message.job, context.now() - self._epoch
            record = TraceRecord(job.path, job.pattern, message.outcome, started, 0.0, 0, 0, 0.0, 0.0)
            self._keep(parent, record, context)

    def _new_child(
        self,
        request: Supervise,
        parent: Child | None,
        deadline: Deadline,
        now: float,
        group: Group | None = None,
    ) -> Child:
        job = request.job
        for seconds, budget in job.limits:
            deadline = deadline.narrowed(seconds, budget, now)
        self._last_id += 1
        child = Child(
            self._last_id,
            parent=parent,
            asker=request.asker,
            key=request.key,
            job=job,
            payload=request.payload,
            deadline=deadline,
            group=group,
            started=now,
        )
        self._children[child.id] = child
        if parent is not None:
            if parent.children is None:
                parent.children = {}
            parent.children[child.id] = child
        return child

    def _open(self, child: Child, now: float, context: Context) -> None:
        parent = child.parent
        stopping = (parent.ending or parent.attempt_ending) if parent is not None else None
        if stopping is not None:
            return self._finish(child, _as_never_started(stopping), None, context)
        deadline = child.deadline
        if deadline.has_passed(now):
            return self._finish(child, _out_of_time(deadline, Reason.NOT_STARTED), None, context)
        inherited = parent.deadline if parent is not None else None
        if deadline is not inherited and deadline.at is not None:
            child.timer = context.schedule(deadline.at, DeadlineReached(child.id))
        if context.is_listened_to and not child.job.is_internal:
            job = child.job
            context.observe(StageStarted(self._workflow, self._run, job.path, job.pattern))
        return self._begin_attempt(child, now, context)

    def _begin_attempt(self, child: Child, now: float, context: Context) -> None:
        job = child.job
        deadline = child.deadline
        if job.retry is not None:
            deadline = deadline.narrowed(job.retry.attempt_timeout, f"attempt of {job.path}", now)
        seconds, budget = job.target.allowance(context)
        if seconds is not None:
            deadline = deadline.narrowed(seconds, budget, now)
        self._last_id += 1
        child.attempts += 1
        child.attempt = attempt_id = self._last_id
        child.sent_at = now
        child.attempt_deadline = deadline
        if deadline is not child.deadline and deadline.at is not None:
            due = AttemptDeadlineReached(child.id, attempt_id)
            child.attempt_timer = context.schedule(deadline.at, due)
        attempt = Attempt(
            attempt_id,
            child=child.id,
            job=job,
            number=child.attempts,
            payload=child.payload,
            deadline=deadline,
            supervisor=context.ref,
        )
        child.handle = job.target.perform(attempt, context)

    # Endings

    def _on_answer(self, answer: Answer, context: Context) -> None:
        child = self._children.get(answer.child)
        if child is None or child.attempt != answer.attempt:
            return context.dead_letter("late_answer", "an answer came after its attempt had ended")
        if answer.ended_at is not None and child.attempt_deadline.has_passed(answer.ended_at):
            answer = self._as_overdue(child, answer, context)
        return self._attempt_ended(child, answer, context)

    def _as_overdue(self, child: Child, answer: Answer, context: Context) -> Answer:
        """Return the answer of an agent that was done before the timer fired, yet after the deadline."""
        deadline = child.attempt_deadline
        if child.timer is not None or child.attempt_timer is not None:
            self._note_timeout(child, deadline, context)
        context.dead_letter("late_answer", f"{child.job.path} answered after its deadline")
        return answer._replace(outcome=_out_of_time(deadline, Reason.DEADLINE), value=None)

    def _attempt_ended(self, child: Child, answer: Answer, context: Context) -> None:
        child.attempt = 0
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
        elif not outcome.ok and self._goes_on(child, outcome, context):
            return
        self._finish(child, outcome, answer, context)

    def _goes_on(self, child: Child, outcome: Outcome, context: Context) -> bool:
        """Start what comes after a failed attempt, if anything does."""
        if outcome.kind is OutcomeKind.CANCELLED:
            return False
        return self._retries(child, outcome, context) or self._falls_back(child, outcome, context)

    def _retries(self, child: Child, outcome: Outcome, context: Context) -> bool:
        retry = child.job.retry
        if retry is None or not retry.allows(child.attempts, _error_types(outcome)):
            return False
        now = context.now()
        due = now + retry.delay(child.attempts, context.random)
        if child.deadline.at is not None and due >= child.deadline.at:
            return False
        child.retry_timer = context.schedule(due, RetryDue(child.id))
        if context.is_observed:
            path = child.job.path
            context.observe(StageRetried(self._workflow, self._run, path, outcome))
        return True

    def _falls_back(self, child: Child, outcome: Outcome, context: Context) -> bool:
        fallback = child.job.fallback
        if fallback is None:
            return False
        child.failed = outcome
        request = Supervise(child.id, context.ref, child.key, fallback, child.payload)
        now = context.now()
        substitute = self._new_child(request, child, child.deadline, now)
        substitute.is_fallback = True
        self._open(substitute, now, context)
        return True

    def _fallback_ended(self, child: Child, ended: Ended, context: Context) -> None:
        failed = child.failed
        if child.ending is not None:
            outcome = child.ending
        elif ended.outcome.ok:
            outcome = Outcome(
                OutcomeKind.OK, Reason.FALLBACK_USED, detail=f"instead of {child.job.path!r}: {failed}"
            )
        else:
            outcome = ended.outcome
        self._finish(child, outcome, Answer(child.id, 0, outcome, ended.value), context)

    def _finish(
        self, child: Child, outcome: Outcome, answer: Answer | None, context: Context
    ) -> None:
        """Close a child and tell whoever asked for it."""
        del self._children[child.id]
        child.cancel_timers()
        parent = child.parent
        if parent is not None and parent.children is not None:
            parent.children.pop(child.id, None)
        record = None if child.job.is_internal else self._record(child, outcome, answer, context)
        if not outcome.ok and child.job.is_branch and context.is_observed:
            job = child.job
            fact = BranchFailed(self._workflow, self._run, job.path, job.required, outcome)
            context.observe(fact)
        ended = Ended(child.key, outcome, answer.value if answer else None, record)
        if child.group is not None:
            self._note_in_group(child.group, ended, context)
        elif parent is not None and child.is_fallback:
            self._fallback_ended(parent, ended, context)
        else:
            context.send(child.asker, ended)

    def _record(
        self, child: Child, outcome: Outcome, answer: Answer | None, context: Context
    ) -> TraceRecord:
        now = context.now()
        job = child.job
        begun_at = answer.begun_at if answer else None
        ended_at = answer.ended_at if answer else None
        record = TraceRecord(
            job.path,
            job.pattern,
            outcome,
            child.started - self._epoch,
            now - child.started,
            child.attempts,
            answer.iterations if answer else 0,
            (begun_at if begun_at is not None else now) - child.sent_at if child.attempts else 0.0,
            (ended_at or now) - begun_at if begun_at is not None else 0.0,
            answer.delayed_by if answer else "",
            (answer.metadata if answer else None) or _NO_METADATA,
            tuple(child.records) if child.records else (),
            child.dropped,
        )
        self._keep(child.parent, record, context)
        return record

    def _keep(self, parent: Child | None, record: TraceRecord, context: Context) -> None:
        if context.is_observed:
            context.observe(StageEnded(self._workflow, self._run, record))
        if parent is None:
            return
        if self._records_left <= 0:
            parent.dropped += 1
            return
        self._records_left -= 1
        if parent.records is None:
            parent.records = []
        parent.records.append(record)

    # Groups

    def _note_in_group(self, group: Group, ended: Ended, context: Context) -> None:
        group.endings[ended.key] = ended
        group.unfinished -= 1
        verdict = group.tally.note(ended.key, ended.outcome.ok)
        if verdict is Verdict.BROKEN and group.on_failure == "cancel":
            path = group.jobs[ended.key].path
            self._seal(group, Outcome(OutcomeKind.CANCELLED, Reason.SIBLING_FAILED, culprit=path), context)
        elif verdict is Verdict.MET and group.unfinished:
            self._seal(group, Outcome(OutcomeKind.CANCELLED, Reason.QUORUM_MET), context)
        if not group.unfinished and not group.has_ended:
            group.has_ended = True
            self._end_group(group, context)

    def _seal(self, group: Group, outcome: Outcome, context: Context) -> None:
        """End the branches that are still open; those not started yet are ended when it is their turn."""
        group.sealed = outcome
        open_children = group.parent.children or {}
        for child in [child for child in open_children.values() if child.group is group]:
            if child.id in self._children:
                self._close(child, outcome, context)

    def _end_group(self, group: Group, context: Context) -> None:
        endings = tuple([ended for ended in group.endings if ended is not None])
        met = group.tally.verdict is Verdict.MET
        context.send(group.asker, GroupEnded(endings, met, group.tally.culprit))

    # Time and cancellation

    def _on_deadline(self, message: DeadlineReached, context: Context) -> None:
        child = self._children.get(message.child)
        if child is None or child.ending is not None:
            return
        self._note_timeout(child, child.deadline, context)
        self._close(child, _out_of_time(child.deadline, Reason.DEADLINE), context)

    def _on_attempt_deadline(self, message: AttemptDeadlineReached, context: Context) -> None:
        child = self._children.get(message.child)
        if child is None or child.attempt != message.attempt or child.is_stopping:
            return
        deadline = child.attempt_deadline
        self._note_timeout(child, deadline, context)
        child.attempt_ending = _out_of_time(deadline, Reason.DEADLINE)
        if child.handle is not None:
            answer = self._take_back(child, child.attempt_ending)
            self._attempt_ended(child, answer, context)
        else:
            self._stop_below(child, child.attempt_ending, context)

    def _on_retry_due(self, message: RetryDue, context: Context) -> None:
        child = self._children.get(message.child)
        if child is not None and child.retry_timer is not None:
            child.retry_timer = None
            self._begin_attempt(child, context.now(), context)

    def _on_close(self, message: Close, context: Context) -> None:
        for child in [child for child in self._children.values() if child.parent is None]:
            self._close(child, message.outcome, context)

    def _close(self, child: Child, ending: Outcome, context: Context) -> None:
        """End a child and all below it. Leaves end now; patterns above them unwind by what they are told."""
        if child.ending is None:
            child.ending = ending
        self._stop_below(child, ending, context)
        if child.id in self._children and child.needs_withdrawal:
            self._withdraw(child, context)

    def _stop_below(self, child: Child, ending: Outcome, context: Context) -> None:
        waiting = []
        for node in child.subtree():
            if node is not child:
                if node.ending is None:
                    node.ending = ending
                if node.needs_withdrawal:
                    waiting.append(node)
        for node in waiting:
            if node.id in self._children:
                self._withdraw(node, context)

    def _withdraw(self, child: Child, context: Context) -> None:
        ending = child.ending
        if ending is None:
            raise AssertionError("only what is ending is withdrawn")
        answer = self._take_back(child, ending)
        self._finish(child, answer.outcome, answer, context)

    def _take_back(self, child: Child, ending: Outcome) -> Answer:
        """Fence the attempt under way, tell its agent to stop, and say how it ended."""
        handle, attempt = child.handle, child.attempt
        child.handle = None
        child.attempt = 0
        if handle is None:
            return Answer(child.id, attempt, ending, None)
        delayer = handle.delayer()
        begun_at = handle.begun_at
        outcome = _as_met_by_agent(ending, begun_at is not None, delayer)
        handle.withdraw(outcome)
        return Answer(child.id, attempt, outcome, None, begun_at, None, 0, delayer)

    def _note_timeout(self, child: Child, deadline: Deadline, context: Context) -> None:
        if context.is_observed:
            path = child.job.path
            context.observe(TimedOut(self._workflow, self._run, path, deadline.budget))


def _out_of_time(deadline: Deadline, reason: Reason) -> Outcome:
    return Outcome(OutcomeKind.TIMED_OUT, reason, budget=deadline.budget)


def _as_never_started(ending: Outcome) -> Outcome:
    """Return how work ends that was asked for when its parent had been ended already."""
    if ending.kind is OutcomeKind.TIMED_OUT:
        return replace(ending, reason=Reason.NOT_STARTED, culprit="")
    return ending


def _as_met_by_agent(ending: Outcome, begun: bool, delayer: str) -> Outcome:
    """Return the outcome of an agent's attempt that time ended: whether it began, and who held it up."""
    if ending.kind is not OutcomeKind.TIMED_OUT:
        return ending
    if delayer:
        detail = f"agent {delayer!r} blocked the event loop"
        return replace(ending, reason=Reason.LOOP_BLOCKED, culprit=delayer, detail=detail)
    return ending if begun else replace(ending, reason=Reason.NOT_STARTED)


def _error_types(outcome: Outcome) -> tuple[str, ...]:
    if outcome.failure is not None:
        return outcome.failure.types
    return _TIMEOUT_TYPES if outcome.kind is OutcomeKind.TIMED_OUT else _OTHER_TYPES

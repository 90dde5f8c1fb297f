"""Cutting: how work that is under way is taken back, and a whole run ended at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from supervisors.behaviour import Context
from supervisors.branches.child import Child
from supervisors.branches.recorder import Recorder
from supervisors.outcome import Outcome, OutcomeKind
from supervisors.policies.endings import as_met_by_agent
from supervisors.signals import Answer, Ended
from supervisors.trace import TraceRecord


def take_back(child: Child, ending: Outcome) -> Answer:
    """Fence the attempt under way, tell its agent to stop, and say how it ended."""
    handle, number = child.handle, child.attempts
    child.is_trying = False
    if handle is None:
        return Answer(child, number, ending, None)
    delayer = handle.delayer()
    begun_at = handle.begun_at
    outcome = as_met_by_agent(ending, begun_at is not None, delayer)
    if outcome.kind is OutcomeKind.TIMED_OUT and not outcome.detail:
        outcome = with_obstacle(outcome, child)
    handle.withdraw(outcome)
    child.handle = None
    return Answer(child, number, outcome, None, begun_at, None, 0, delayer)


def with_obstacle(ending: Outcome, child: Child) -> Outcome:
    """Return how a child ends that ran out of time, with what kept it, or something below it, from getting on."""
    for node in child.subtree():
        detail = "" if node.handle is None else node.handle.obstacle()
        if detail:
            return replace(ending, detail=detail)
    return ending


def cut(root: Child, ending: Outcome, recorder: Recorder, context: Context) -> TraceRecord | None:
    """End a run's root and all below it now. Nobody is told but whoever observes; patterns take over nothing.

    Returns:
        The record of the root; those of what was still open are below it, as if it had unwound by itself.
    """
    record = None
    for child in list(_leaves_first(root)):
        child.cancel_timers()
        answer = take_back(child, child.ending or ending)
        child.is_open = False
        for group in {below.group: None for below in child.children or () if below.group is not None}:
            group.sort_records()
        record = None if child.job.is_internal else recorder.record(child, answer.outcome, answer, context)
        if child.job.is_branch:
            recorder.branch(child, answer.outcome, context)
        if child.group is not None:
            child.group.keep(Ended(child.key, answer.outcome, None, record))
    return record


def _leaves_first(child: Child) -> Iterator[Child]:
    for below in list(child.children or ()):
        yield from _leaves_first(below)
    yield child

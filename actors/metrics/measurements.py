"""Measurements: which instruments there are, and what each fact adds to them."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from actors.metrics.instruments import BUCKET_BOUNDS, Counter, Distribution, Gauge, Histogram, Instrument
from actors.metrics.labels import LabelValues
from supervisors.facts import (
    AgentRan,
    AgentRestarted,
    BranchFailed,
    BreakerChanged,
    CacheHit,
    CacheMissed,
    DeadLettered,
    FactsMissed,
    FellBack,
    LoopBlocked,
    RunEnded,
    RunStarted,
    StageEnded,
    StageRetried,
    TimedOut,
)
from supervisors.outcome import OutcomeKind
from supervisors.policies.breaker import BreakerState
from supervisors.trace import TraceRecord

Stage: TypeAlias = tuple[str, TraceRecord]
"""A workflow's name and the record of one of its nodes: what the metrics need of a `StageEnded`, made for less."""


class Measurements:
    """All instruments of a runtime. One thread at a time.

    Attributes:
        instruments: The instruments, in the order in which they are exported.
        notes: What adds a fact to the instruments it concerns, by the fact's type; one that concerns none is missing.
    """

    def __init__(self) -> None:
        self._labels = LabelValues()
        # The workflow of each run in progress; an interrupt may have a start or an end told twice.
        self._running: dict[int, str] = {}
        self._workflows: dict[str, None] = {}
        # The series of steps seen before, by all their labels: of stage, queue and run, which every step adds to.
        self._steps: dict[tuple[str, str, str, str, str], tuple[Distribution, Distribution, Distribution]] = {}
        self.instruments: list[Instrument] = []
        self._set_up_durations()
        self._set_up_failures()
        self._set_up_upkeep()
        self._set_up_caches()
        self._set_up_back_pressure()
        self.notes: dict[type, Callable[[Any], None]] = {
            RunStarted: self._run_started,
            RunEnded: self._run_ended,
            StageEnded: self._stage_ended,
            tuple: self._stage_told,
            StageRetried: self._stage_retried,
            TimedOut: self._timed_out,
            BranchFailed: self._branch_failed,
            FellBack: self._fell_back,
            AgentRan: self._agent_ran,
            AgentRestarted: self._agent_restarted,
            LoopBlocked: self._loop_blocked,
            BreakerChanged: self._breaker_changed,
            DeadLettered: self._dead_lettered,
            FactsMissed: self._facts_missed,
            CacheHit: self._cache_hit,
            CacheMissed: self._cache_missed,
        }

    def read(
        self,
        mailbox_depth: Mapping[str, int],
        actors: Mapping[str, int],
        abandoned_work: Mapping[str, int],
        breaker_state: Mapping[str, int] = MappingProxyType({}),
        runs_waiting: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Replace what was read off the runtime earlier, and take over the count of overflows."""
        in_progress = Counts(self._running.values())
        self._runs_in_progress.replace({workflow: in_progress[workflow] for workflow in self._workflows})
        self._mailbox_depth.replace(mailbox_depth)
        self._actors.replace(actors)
        self._abandoned_work.replace(abandoned_work)
        self._breaker_state.replace(breaker_state)
        self._runs_waiting.replace(runs_waiting)
        self._label_overflow.replace(self._labels.overflow)

    def _set_up_durations(self) -> None:
        self._stage_duration = self._histogram(
            "mixmode_stage_duration_seconds",
            "Time from a node's start to its end, queueing, retries and back-off included.",
            "workflow stage pattern outcome",
        )
        self._agent_run = self._histogram(
            "mixmode_agent_run_seconds",
            "Time an agent ran for one event, from its beginning to its answer or being given up.",
            "agent outcome",
        )
        self._agent_queue = self._histogram(
            "mixmode_agent_queue_seconds",
            "Time an event waited in an agent's mailbox.",
            "agent",
        )
        self._workflow_duration = self._histogram(
            "mixmode_workflow_duration_seconds",
            "Time from the submission of a run to its end.",
            "workflow outcome",
        )
        self._runs_in_progress = self._gauge(
            "mixmode_runs_in_progress",
            "Runs that were accepted and have not ended.",
            "workflow",
        )

    def _set_up_failures(self) -> None:
        self._branch_failures = self._counter(
            "mixmode_branch_failures_total",
            "Branches that did not end ok.",
            "workflow branch required reason",
        )
        self._fallbacks = self._counter(
            "mixmode_fallbacks_total",
            "Fallbacks that were started, each counted for the branch whose node had failed, and why.",
            "workflow branch reason",
        )
        self._timeouts = self._counter(
            "mixmode_timeouts_total",
            "Budgets that ran out, each counted for the node whose budget it was.",
            "workflow stage budget",
        )
        self._retries = self._counter(
            "mixmode_retries_total",
            "Attempts that failed and were followed by another.",
            "workflow stage",
        )
        self._agent_restarts = self._counter(
            "mixmode_agent_restarts_total",
            "Instances of agents that were replaced.",
            "agent reason",
        )

    def _set_up_upkeep(self) -> None:
        self._mailbox_depth = self._gauge(
            "mixmode_mailbox_depth",
            "Events that wait in an agent's mailbox now.",
            "agent",
        )
        self._actors = self._gauge(
            "mixmode_actors",
            "Actors that are alive now.",
            "kind",
        )
        self._abandoned_work = self._gauge(
            "mixmode_abandoned_work",
            "Pieces of work that were given up and still run.",
            "agent",
        )
        self._dead_letters = self._counter(
            "mixmode_dead_letters_total",
            "Messages that nobody wanted any more, or that could not be delivered.",
            "reason",
        )
        self._missed_facts = self._counter(
            "mixmode_facts_missed_total",
            "Facts that an observer was not told because it did not keep up.",
            "observer",
        )
        self._loop_blocked_time = self._counter(
            "mixmode_loop_blocked_seconds_total",
            "Time for which an agent kept an event loop from running.",
            "agent",
        )
        self._label_overflow = self._counter(
            "mixmode_label_overflow_total",
            "Label values beyond the limit that were counted as 'other'.",
            "label",
        )

    def _set_up_caches(self) -> None:
        self._cache_hits = self._counter(
            "mixmode_cache_hits_total",
            "Values that a node took over instead of computing them, those that it had to wait for included.",
            "workflow stage",
        )
        self._cache_misses = self._counter(
            "mixmode_cache_misses_total",
            "Values that a node began to compute, in vain or not.",
            "workflow stage",
        )

    def _set_up_back_pressure(self) -> None:
        self._breaker_state = self._gauge(
            "mixmode_breaker_state",
            "The state of an agent's circuit breaker: 0 is closed, 1 is half-open, 2 is open.",
            "agent",
        )
        self._breaker_opened = self._counter(
            "mixmode_breaker_opened_total",
            "How often an agent's circuit breaker opened.",
            "agent",
        )
        self._runs_waiting = self._gauge(
            "mixmode_runs_waiting",
            "Runs that wait for their turn now, because max_runs are being executed.",
            "workflow",
        )

    def _histogram(self, name: str, text: str, labels: str) -> Histogram:
        histogram = Histogram(name, text, tuple(labels.split()), self._labels)
        self.instruments.append(histogram)
        return histogram

    def _counter(self, name: str, text: str, labels: str) -> Counter:
        counter = Counter(name, text, tuple(labels.split()), self._labels)
        self.instruments.append(counter)
        return counter

    def _gauge(self, name: str, text: str, labels: str) -> Gauge:
        gauge = Gauge(name, text, tuple(labels.split()), self._labels)
        self.instruments.append(gauge)
        return gauge

    def _run_started(self, fact: RunStarted) -> None:
        self._workflows[fact.workflow] = None
        self._running[fact.run] = fact.workflow

    def _run_ended(self, fact: RunEnded) -> None:
        if fact.run not in self._running:
            return  # an interrupt had it told again
        self._workflow_duration.observe((fact.workflow, fact.outcome.kind), fact.duration)
        self._running.pop(fact.run, None)

    def _stage_ended(self, fact: StageEnded) -> None:
        self._stage_told((fact.workflow, fact.record))

    def _stage_told(self, stage: Stage) -> None:
        workflow, record = stage
        kind, agent = record.outcome.kind, record.agent
        key = (workflow, record.path, record.pattern, kind, agent)
        known = self._steps.get(key) if record.has_begun else None
        if known is not None:
            _observe_step(known, record)
            return
        self._stage_duration.observe(key[:-1], record.duration)
        if agent and record.attempts and kind is not OutcomeKind.REJECTED:
            self._agent_queue.observe((agent,), record.queue_wait)
            if record.has_begun:
                self._agent_run.observe((agent, kind), record.run_time)
                self._remember(key)

    def _remember(self, key: tuple[str, str, str, str, str]) -> None:
        """Keep the series of a step at hand, if none of its labels is counted as `other`."""
        *_, kind, agent = key
        stage = self._stage_duration.series.get(key[:-1])
        queue, run = self._agent_queue.series.get((agent,)), self._agent_run.series.get((agent, kind))
        if stage and queue and run:
            self._steps[key] = (stage, queue, run)

    def _stage_retried(self, fact: StageRetried) -> None:
        self._retries.add((fact.workflow, fact.path))

    def _timed_out(self, fact: TimedOut) -> None:
        self._timeouts.add((fact.workflow, fact.path, fact.budget))

    def _branch_failed(self, fact: BranchFailed) -> None:
        required = "true" if fact.required else "false"
        self._branch_failures.add((fact.workflow, fact.branch, required, fact.outcome.reason))

    def _fell_back(self, fact: FellBack) -> None:
        self._fallbacks.add((fact.workflow, fact.branch, fact.outcome.reason))

    def _agent_ran(self, fact: AgentRan) -> None:
        self._agent_queue.observe((fact.agent,), fact.queue_wait)
        if fact.run_time is not None:
            self._agent_run.observe((fact.agent, fact.outcome.kind), fact.run_time)

    def _agent_restarted(self, fact: AgentRestarted) -> None:
        self._agent_restarts.add((fact.agent, fact.reason))

    def _loop_blocked(self, fact: LoopBlocked) -> None:
        self._loop_blocked_time.add((fact.agent,), fact.seconds)

    def _breaker_changed(self, fact: BreakerChanged) -> None:
        if fact.state == BreakerState.OPEN:
            self._breaker_opened.add((fact.agent,))

    def _facts_missed(self, fact: FactsMissed) -> None:
        self._missed_facts.add((fact.observer,), fact.facts)

    def _dead_lettered(self, fact: DeadLettered) -> None:
        self._dead_letters.add((fact.reason,))

    def _cache_hit(self, fact: CacheHit) -> None:
        self._cache_hits.add((fact.workflow, fact.path))

    def _cache_missed(self, fact: CacheMissed) -> None:
        self._cache_misses.add((fact.workflow, fact.path))


def _observe_step(series: tuple[Distribution, Distribution, Distribution], record: TraceRecord) -> None:
    """Count what an agent's step took, as three calls of `Histogram.observe` would."""
    stage, queue, run = series
    duration, waited, ran = record.duration, record.queue_wait, record.run_time
    buckets = bisect_left(BUCKET_BOUNDS, duration), bisect_left(BUCKET_BOUNDS, waited), bisect_left(BUCKET_BOUNDS, ran)
    # No call may follow: between calls is where an interrupt strikes.
    stage.counts[buckets[0]] += 1
    stage.total += duration
    queue.counts[buckets[1]] += 1
    queue.total += waited
    run.counts[buckets[2]] += 1
    run.total += ran

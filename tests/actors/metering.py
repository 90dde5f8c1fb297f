"""What the tests of the metrics share: facts, the names that were promised, and readings."""

from __future__ import annotations

import threading
from collections.abc import Callable

from actors.metrics.metrics_actor import Gauges, MetricsActor
from supervisors.facts import (
    AgentGivenUp,
    AgentRan,
    AgentRestarted,
    BranchFailed,
    BreakerChanged,
    CacheHit,
    CacheMissed,
    DeadLettered,
    Fact,
    FactsMissed,
    FellBack,
    LoopBlocked,
    RunEnded,
    RunStarted,
    StageEnded,
    StageRetried,
    StageStarted,
    TimedOut,
)
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.trace import TraceRecord
from tests import limits

PATIENCE = limits.PATIENCE
FAILED = Outcome(OutcomeKind.FAILED, Reason.EXCEPTION)

# What dashboards rely on: the name, the type, and the labels of each metric.
PROMISED = {
    "mixmode_stage_duration_seconds": ("histogram", "workflow stage pattern outcome"),
    "mixmode_agent_run_seconds": ("histogram", "agent outcome"),
    "mixmode_agent_queue_seconds": ("histogram", "agent"),
    "mixmode_workflow_duration_seconds": ("histogram", "workflow outcome"),
    "mixmode_runs_in_progress": ("gauge", "workflow"),
    "mixmode_branch_failures_total": ("counter", "workflow branch required reason"),
    "mixmode_fallbacks_total": ("counter", "workflow branch reason"),
    "mixmode_timeouts_total": ("counter", "workflow stage budget"),
    "mixmode_retries_total": ("counter", "workflow stage"),
    "mixmode_agent_restarts_total": ("counter", "agent reason"),
    "mixmode_mailbox_depth": ("gauge", "agent"),
    "mixmode_actors": ("gauge", "kind"),
    "mixmode_abandoned_work": ("gauge", "agent"),
    "mixmode_dead_letters_total": ("counter", "reason"),
    "mixmode_facts_missed_total": ("counter", "observer"),
    "mixmode_loop_blocked_seconds_total": ("counter", "agent"),
    "mixmode_label_overflow_total": ("counter", "label"),
    "mixmode_cache_hits_total": ("counter", "workflow stage"),
    "mixmode_cache_misses_total": ("counter", "workflow stage"),
    "mixmode_breaker_state": ("gauge", "agent"),
    "mixmode_breaker_opened_total": ("counter", "agent"),
    "mixmode_runs_waiting": ("gauge", "workflow"),
}


def no_gauges() -> Gauges:
    return Gauges({}, {}, {})


def stage_ended(path: str = "report/search", outcome: Outcome = COMPLETED) -> StageEnded:
    record = TraceRecord(
        path=path,
        pattern="agent",
        outcome=outcome,
        started=0.0,
        duration=0.25,
        attempts=1,
        iterations=0,
        queue_wait=0.0,
        run_time=0.25,
    )
    return StageEnded("report", 1, record)


def one_of_each() -> list[Fact]:
    return [
        RunStarted("report", 1),
        StageStarted("report", 1, "report/search", "agent"),
        StageRetried("report", 1, "report/search", FAILED),
        TimedOut("report", 1, "report/search", "attempt"),
        BranchFailed("report", 1, "search", True, FAILED),
        FellBack("report", 1, "report/search", FAILED),
        stage_ended(),
        AgentRan("searcher", COMPLETED, 0.5, 1.5),
        AgentRestarted("searcher", "abandoned", "it hung"),
        AgentGivenUp("searcher", "too many restarts"),
        LoopBlocked("searcher", 0.75),
        BreakerChanged("searcher", "open", "after too many failures"),
        BreakerChanged("searcher", "closed", "it does well again"),
        DeadLettered("late_answer", "too late"),
        FactsMissed("Watcher", 3),
        CacheMissed("report", 1, "report/search"),
        CacheHit("report", 1, "report/search"),
        RunEnded("report", 1, COMPLETED, 2.0),
    ]


def value_of(actor: MetricsActor, name: str, /, **labels: str) -> float | None:
    return actor.registry.get_sample_value(name, labels)


def on_a_thread(call: Callable[[], object]) -> None:
    """Run something on a thread of its own, and fail if it does not come back."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()

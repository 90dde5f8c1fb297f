"""Metrics: what is counted of which fact."""

from __future__ import annotations

from typing import cast

import pytest
from prometheus_client import REGISTRY

from actors.metrics.metrics_actor import Gauges, MetricsActor
from supervisors.facts import (
    AgentGivenUp,
    AgentRan,
    AgentRestarted,
    BranchFailed,
    CacheHit,
    CacheMissed,
    DeadLettered,
    Fact,
    FactsMissed,
    FellBack,
    LoopBlocked,
    RunEnded,
    RunStarted,
    StageRetried,
    StageStarted,
    TimedOut,
)
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from tests.actors.metering import FAILED, PROMISED, one_of_each, stage_ended, value_of


def test_the_names_types_and_labels_are_the_promised_ones(actor: MetricsActor) -> None:
    actor = MetricsActor(lambda: Gauges({"searcher": 1}, {"agent": 1}, {"searcher": 1}, {"searcher": 2}, {"report": 1}))
    for fact in one_of_each():
        actor.feed(fact)
    for number in range(201):
        actor.feed(DeadLettered(f"reason-{number}", ""))

    exported = {}
    for family in actor.collect():
        labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
        name = family.name + ("_total" if family.type == "counter" else "")
        exported[name] = (family.type, labels)

    assert exported == {name: (kind, sorted(of.split())) for name, (kind, of) in PROMISED.items()}


def test_every_metric_is_explained(actor: MetricsActor) -> None:
    assert all(family.documentation.endswith(".") for family in actor.describe())


def test_nothing_is_put_into_the_global_registry(actor: MetricsActor) -> None:
    assert actor.registry is not REGISTRY
    assert not any("mixmode" in family.name for family in REGISTRY.collect())


def test_the_end_of_a_stage_is_timed_by_its_path_and_outcome(actor: MetricsActor) -> None:
    actor.feed(stage_ended())
    actor.feed(stage_ended())
    actor.feed(stage_ended(outcome=FAILED))

    labels = {"workflow": "report", "stage": "report/search", "pattern": "agent"}
    name = "mixmode_stage_duration_seconds"
    assert value_of(actor, name + "_count", **labels, outcome="ok") == 2
    assert value_of(actor, name + "_sum", **labels, outcome="ok") == 0.5
    assert value_of(actor, name + "_bucket", **labels, outcome="ok", le="0.1") == 0
    assert value_of(actor, name + "_bucket", **labels, outcome="ok", le="0.25") == 2
    assert value_of(actor, name + "_bucket", **labels, outcome="ok", le="+Inf") == 2
    assert value_of(actor, name + "_count", **labels, outcome="failed") == 1


def test_queueing_and_running_are_timed_apart(actor: MetricsActor) -> None:
    actor.feed(AgentRan("searcher", COMPLETED, 0.5, 1.5))

    assert value_of(actor, "mixmode_agent_queue_seconds_sum", agent="searcher") == 0.5
    assert value_of(actor, "mixmode_agent_run_seconds_sum", agent="searcher", outcome="ok") == 1.5


def test_an_event_that_never_ran_has_no_run_time(actor: MetricsActor) -> None:
    not_started = Outcome(OutcomeKind.TIMED_OUT, Reason.NOT_STARTED)

    actor.feed(AgentRan("searcher", not_started, 0.5, None))

    assert value_of(actor, "mixmode_agent_queue_seconds_count", agent="searcher") == 1
    name = "mixmode_agent_run_seconds_count"
    assert value_of(actor, name, agent="searcher", outcome="timed_out") is None


def test_runs_in_progress_are_those_that_have_not_ended(actor: MetricsActor) -> None:
    for run in range(3):
        actor.feed(RunStarted("report", run))
    actor.feed(RunEnded("report", 0, COMPLETED, 2.0))

    assert value_of(actor, "mixmode_runs_in_progress", workflow="report") == 2
    name = "mixmode_workflow_duration_seconds_sum"
    assert value_of(actor, name, workflow="report", outcome="ok") == 2.0


@pytest.mark.parametrize(("required", "label"), [(True, "true"), (False, "false")])
def test_failed_branches_are_counted_by_reason(actor: MetricsActor, required: bool, label: str) -> None:
    actor.feed(BranchFailed("report", 1, "search", required, FAILED))

    labels = {"workflow": "report", "branch": "search", "reason": "exception"}
    assert value_of(actor, "mixmode_branch_failures_total", **labels, required=label) == 1


def test_fallbacks_are_counted_by_why_they_were_started(actor: MetricsActor) -> None:
    actor.feed(FellBack("report", 1, "report/search", FAILED))

    labels = {"workflow": "report", "branch": "report/search", "reason": "exception"}
    assert value_of(actor, "mixmode_fallbacks_total", **labels) == 1


@pytest.mark.parametrize(
    ("fact", "name", "labels", "value"),
    [
        (
            TimedOut("report", 1, "report/search", "attempt"),
            "mixmode_timeouts_total",
            {"workflow": "report", "stage": "report/search", "budget": "attempt"},
            2,
        ),
        (
            StageRetried("report", 1, "report/search", FAILED),
            "mixmode_retries_total",
            {"workflow": "report", "stage": "report/search"},
            2,
        ),
        (
            AgentRestarted("searcher", "abandoned", "it hung"),
            "mixmode_agent_restarts_total",
            {"agent": "searcher", "reason": "abandoned"},
            2,
        ),
        (
            DeadLettered("late_answer", "too late"),
            "mixmode_dead_letters_total",
            {"reason": "late_answer"},
            2,
        ),
        (
            FactsMissed("Watcher", 3),
            "mixmode_facts_missed_total",
            {"observer": "Watcher"},
            6,
        ),
        (
            LoopBlocked("searcher", 0.75),
            "mixmode_loop_blocked_seconds_total",
            {"agent": "searcher"},
            1.5,
        ),
        (
            CacheHit("report", 1, "report/search"),
            "mixmode_cache_hits_total",
            {"workflow": "report", "stage": "report/search"},
            2,
        ),
        (
            CacheMissed("report", 1, "report/search"),
            "mixmode_cache_misses_total",
            {"workflow": "report", "stage": "report/search"},
            2,
        ),
    ],
)
def test_what_is_told_twice_is_counted_twice(
    actor: MetricsActor, fact: Fact, name: str, labels: dict[str, str], value: float
) -> None:
    actor.feed(fact)
    actor.feed(fact)

    assert value_of(actor, name, **labels) == value


def test_facts_that_concern_no_metric_are_ignored(actor: MetricsActor) -> None:
    before = actor.text()

    actor.feed(StageStarted("report", 1, "report/search", "agent"))
    actor.feed(AgentGivenUp("searcher", "too many restarts"))

    assert actor.text() == before


def test_gauges_are_read_anew_for_each_scrape() -> None:
    depths = {"searcher": 3}
    actor = MetricsActor(lambda: Gauges(dict(depths), {"agent": 2}, {"searcher": 1}))

    before = value_of(actor, "mixmode_mailbox_depth", agent="searcher")
    depths["searcher"] = 4

    assert before == 3
    assert value_of(actor, "mixmode_mailbox_depth", agent="searcher") == 4
    assert value_of(actor, "mixmode_actors", kind="agent") == 2
    assert value_of(actor, "mixmode_abandoned_work", agent="searcher") == 1


def test_values_beyond_the_label_limit_are_lumped_and_counted(actor: MetricsActor) -> None:
    for number in range(203):
        actor.feed(LoopBlocked(f"agent-{number}", 1.0))
    actor.feed(LoopBlocked("agent-0", 1.0))

    families = {family.name: family for family in actor.collect()}
    blocked = families["mixmode_loop_blocked_seconds"].samples
    assert len(blocked) == 201
    assert value_of(actor, "mixmode_loop_blocked_seconds_total", agent="agent-0") == 2
    assert value_of(actor, "mixmode_loop_blocked_seconds_total", agent="other") == 3
    assert value_of(actor, "mixmode_label_overflow_total", label="agent") == 3


@pytest.mark.expects_errors
def test_a_fact_that_cannot_be_counted_is_logged_and_passed_over(
    actor: MetricsActor, caplog: pytest.LogCaptureFixture
) -> None:
    actor.feed(LoopBlocked("searcher", cast(float, "long")))
    actor.feed(LoopBlocked("searcher", 1.0))

    actor.text()
    actor.text()

    assert value_of(actor, "mixmode_loop_blocked_seconds_total", agent="searcher") == 1.0
    assert [record.levelname for record in caplog.records] == ["ERROR"]

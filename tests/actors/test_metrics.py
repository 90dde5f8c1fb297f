from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from types import FrameType
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from actors import metrics
from actors.metrics import Gauges, MetricsActor
from supervisors.facts import (
    AgentGivenUp,
    AgentRan,
    AgentRestarted,
    BranchFailed,
    CacheHit,
    CacheMissed,
    DeadLettered,
    Fact,
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

PATIENCE = 30.0
FAILED = Outcome(OutcomeKind.FAILED, Reason.EXCEPTION)

# What dashboards rely on: the name, the type, and the labels of each metric.
PROMISED = {
    "mixmode_stage_duration_seconds": ("histogram", "workflow stage pattern outcome"),
    "mixmode_agent_run_seconds": ("histogram", "agent outcome"),
    "mixmode_agent_queue_seconds": ("histogram", "agent"),
    "mixmode_workflow_duration_seconds": ("histogram", "workflow outcome"),
    "mixmode_runs_in_progress": ("gauge", "workflow"),
    "mixmode_branch_failures_total": ("counter", "workflow branch required reason"),
    "mixmode_timeouts_total": ("counter", "workflow stage budget"),
    "mixmode_retries_total": ("counter", "workflow stage"),
    "mixmode_agent_restarts_total": ("counter", "agent reason"),
    "mixmode_mailbox_depth": ("gauge", "agent"),
    "mixmode_actors": ("gauge", "kind"),
    "mixmode_abandoned_work": ("gauge", "agent"),
    "mixmode_dead_letters_total": ("counter", "reason"),
    "mixmode_loop_blocked_seconds_total": ("counter", "agent"),
    "mixmode_label_overflow_total": ("counter", "label"),
    "mixmode_cache_hits_total": ("counter", "workflow stage"),
    "mixmode_cache_misses_total": ("counter", "workflow stage"),
}


def no_gauges() -> Gauges:
    return Gauges({}, {}, {})


@pytest.fixture
def actor() -> Iterator[MetricsActor]:
    actor = MetricsActor(no_gauges)
    yield actor
    actor.stop_serving()


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
        stage_ended(),
        AgentRan("searcher", COMPLETED, 0.5, 1.5),
        AgentRestarted("searcher", "abandoned", "it hung"),
        AgentGivenUp("searcher", "too many restarts"),
        LoopBlocked("searcher", 0.75),
        DeadLettered("late_answer", "too late"),
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


# What is counted


def test_the_names_types_and_labels_are_the_promised_ones(actor: MetricsActor) -> None:
    actor = MetricsActor(lambda: Gauges({"searcher": 1}, {"agent": 1}, {"searcher": 1}))
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


# Feeding, folding, scraping


def test_facts_are_folded_by_whoever_feeds_many(actor: MetricsActor) -> None:
    for _ in range(10 * metrics.FOLD_AT):
        actor.feed(DeadLettered("late_answer", ""))

    assert len(actor._pending) <= metrics.FOLD_AT
    assert value_of(actor, "mixmode_dead_letters_total", reason="late_answer") == 10 * metrics.FOLD_AT


def test_folding_counts_all_that_is_pending(actor: MetricsActor) -> None:
    actor.feed(DeadLettered("late_answer", ""))

    actor.fold()

    assert len(actor._pending) == 0
    assert value_of(actor, "mixmode_dead_letters_total", reason="late_answer") == 1


def test_nothing_is_lost_when_threads_feed_and_scrape_at_once(
    actor: MetricsActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "FOLD_AT", 50)
    monkeypatch.setattr(metrics, "FOLD_BATCH", 10)
    monkeypatch.setattr(metrics, "PENDING_LIMIT", 400)
    feeders, facts = 4, 5_000
    start = threading.Barrier(feeders + 2)
    fed = threading.Event()
    seen: list[list[float]] = [[], []]

    def feed() -> None:
        start.wait(PATIENCE)
        for _ in range(facts):
            actor.feed(AgentRan("searcher", COMPLETED, 0.5, 1.0))

    def scrape(counts: list[float]) -> None:
        start.wait(PATIENCE)
        while not fed.is_set():
            counts.append(value_of(actor, "mixmode_agent_queue_seconds_count", agent="searcher") or 0)

    threads = [threading.Thread(target=feed, daemon=True) for _ in range(feeders)]
    scrapers = [threading.Thread(target=scrape, args=(counts,), daemon=True) for counts in seen]
    for thread in (*threads, *scrapers):
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    fed.set()
    for thread in scrapers:
        thread.join(PATIENCE)

    total = feeders * facts
    assert not any(thread.is_alive() for thread in (*threads, *scrapers))
    assert value_of(actor, "mixmode_agent_queue_seconds_count", agent="searcher") == total
    assert value_of(actor, "mixmode_agent_queue_seconds_sum", agent="searcher") == total / 2
    name = "mixmode_agent_run_seconds_bucket"
    assert value_of(actor, name, agent="searcher", outcome="ok", le="1.0") == total
    assert all(counts == sorted(counts) for counts in seen)


def test_a_page_that_is_being_built_does_not_hold_up_feeds_or_other_scrapes(
    actor: MetricsActor,
) -> None:
    actor.feed(DeadLettered("late_answer", ""))
    page = actor.collect()
    families = [next(page)]

    on_a_thread(lambda: actor.feed(DeadLettered("late_answer", "")))
    on_a_thread(actor.fold)
    families.extend(page)

    letters = next(each for each in families if each.name == "mixmode_dead_letters")
    assert [sample.value for sample in letters.samples] == [1]
    assert value_of(actor, "mixmode_dead_letters_total", reason="late_answer") == 2


class InterveningRecord:
    """Something intervenes while it is being counted: a finalizer, a signal handler, a hold-up."""

    pattern = "agent"
    outcome = COMPLETED
    duration = 1.0
    agent = ""
    has_begun = False

    def __init__(self, intervene: Callable[[], object]) -> None:
        self._intervene = intervene

    @property
    def path(self) -> str:
        self._intervene()
        return "report"


def intervening(intervene: Callable[[], object]) -> StageEnded:
    return StageEnded("report", 1, cast(TraceRecord, InterveningRecord(intervene)))


STAGES = {"workflow": "report", "stage": "report", "pattern": "agent", "outcome": "ok"}


def test_feeding_does_not_wait_for_whoever_counts(actor: MetricsActor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "FOLD_AT", 2)
    entered, gate = threading.Event(), threading.Event()

    def hold_up() -> None:
        entered.set()
        assert gate.wait(PATIENCE)

    actor.feed(intervening(hold_up))
    folder = threading.Thread(target=actor.fold, daemon=True)
    folder.start()
    assert entered.wait(PATIENCE)

    for _ in range(100):
        actor.feed(DeadLettered("late_answer", ""))

    assert folder.is_alive()
    gate.set()
    folder.join(PATIENCE)
    assert value_of(actor, "mixmode_stage_duration_seconds_count", **STAGES) == 1
    assert value_of(actor, "mixmode_dead_letters_total", reason="late_answer") == 100


def test_whoever_feeds_far_too_many_counts_them_all(actor: MetricsActor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "FOLD_AT", 1)
    monkeypatch.setattr(metrics, "FOLD_BATCH", 0)
    monkeypatch.setattr(metrics, "PENDING_LIMIT", 3)

    for _ in range(4):
        actor.feed(DeadLettered("late_answer", ""))

    assert len(actor._pending) == 0


def test_a_finalizer_may_feed_while_its_thread_counts(actor: MetricsActor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "FOLD_AT", 0)

    actor.feed(intervening(lambda: actor.feed(DeadLettered("late_answer", ""))))

    assert value_of(actor, "mixmode_stage_duration_seconds_count", **STAGES) == 1
    assert value_of(actor, "mixmode_dead_letters_total", reason="late_answer") == 1


def test_a_signal_handler_may_ask_for_the_metrics_while_its_thread_counts(
    actor: MetricsActor,
) -> None:
    pages: list[bytes] = []
    actor.feed(intervening(lambda: pages.append(actor.text())))
    actor.feed(intervening(actor.fold))

    actor.fold()

    assert b"mixmode_stage_duration_seconds_count" not in pages[0]
    assert value_of(actor, "mixmode_stage_duration_seconds_count", **STAGES) == 2


@contextmanager
def interrupted_at(moment: int) -> Iterator[None]:
    """Interrupt this thread the nth time the interpreter would look for signals."""
    moments = count()

    def strike(frame: FrameType, happening: str, argument: Any) -> None:
        # It looks when a function is entered and when one written in C has returned.
        is_ours = frame.f_globals["__name__"].startswith("actors.")
        if is_ours and happening in {"call", "c_return"} and next(moments) == moment:
            sys.setprofile(None)
            raise KeyboardInterrupt

    sys.setprofile(strike)
    try:
        yield
    finally:
        sys.setprofile(None)


def test_an_interrupt_anywhere_in_a_feed_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "FOLD_AT", 3)
    monkeypatch.setattr(metrics, "FOLD_BATCH", 4)

    for moment in count():
        actor = MetricsActor(no_gauges)
        actor.feed(RunStarted("report", 1))
        actor.feed(AgentRan("searcher", COMPLETED, 0.5, 1.0))
        actor.feed(DeadLettered("late_answer", ""))
        struck = False
        try:
            with interrupted_at(moment):
                actor.feed(RunEnded("report", 1, COMPLETED, 2.0))
        except KeyboardInterrupt:
            struck = True

        # The lock is free, or this would hang; nothing is lost, and only the first half of a fact
        # that concerns two metrics may have been counted twice.
        on_a_thread(actor.fold)
        was_kept = value_of(actor, "mixmode_workflow_duration_seconds_count", **ENDED) is not None
        assert was_kept or moment == 0  # the interrupt came before `feed` had begun
        assert value_of(actor, "mixmode_runs_in_progress", workflow="report") == (not was_kept)
        assert value_of(actor, "mixmode_dead_letters_total", reason="late_answer") == 1
        run_count = value_of(actor, "mixmode_agent_run_seconds_count", agent="searcher", outcome="ok")
        assert run_count == 1
        assert value_of(actor, "mixmode_agent_queue_seconds_count", agent="searcher") in {1, 2}
        if not struck:
            break
    assert moment > 20


ENDED = {"workflow": "report", "outcome": "ok"}


# Serving


def fetch(actor: MetricsActor, path: str = "/metrics", **headers: str) -> tuple[str, str]:
    """Return the body and the content type of what is served."""
    request = urllib.request.Request(f"http://127.0.0.1:{actor.port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return response.read().decode(), response.headers["Content-Type"]


def test_what_is_served_parses_and_is_exact(actor: MetricsActor) -> None:
    actor.serve(0)
    for fact in one_of_each():
        actor.feed(fact)

    body, content_type = fetch(actor)

    families = {family.name: family for family in parse_text(body)}
    assert content_type.startswith("text/plain")
    assert set(families) == {name.removesuffix("_total") for name in PROMISED}
    assert families["mixmode_dead_letters"].samples[0].value == 1
    assert body.encode() == actor.text()


def test_openmetrics_is_served_to_those_who_ask_for_it(actor: MetricsActor) -> None:
    actor.serve(0)
    for fact in one_of_each():
        actor.feed(fact)

    body, content_type = fetch(actor, Accept="application/openmetrics-text; version=1.0.0")

    assert content_type.startswith("application/openmetrics-text")
    families = parse_openmetrics(body)  # type: ignore[no-untyped-call]  # it has no annotations
    assert {family.name for family in families} == {name.removesuffix("_total") for name in PROMISED}


def test_single_metrics_can_be_asked_for_by_name(actor: MetricsActor) -> None:
    actor.serve(0)
    actor.feed(DeadLettered("late_answer", ""))

    body, _ = fetch(actor, "/metrics?name[]=mixmode_dead_letters_total")

    assert [family.name for family in parse_text(body)] == ["mixmode_dead_letters"]


def test_promtool_accepts_the_page() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool, of the package prometheus, is not installed")
    actor = MetricsActor(lambda: Gauges({"searcher": 3}, {"agent": 2}, {"searcher": 1}))
    for fact in one_of_each():
        actor.feed(fact)
    for name in ('quo"ted', "new\nline", "carriage\rreturn", "back\\slash", "überall", "\ud800", ""):
        actor.feed(LoopBlocked(name, 1.0))

    verdict = subprocess.run(
        [promtool, "check", "metrics"], input=actor.text(), capture_output=True, check=False, timeout=PATIENCE
    )

    assert (verdict.returncode, verdict.stdout, verdict.stderr) == (0, b"", b"")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is not an address")
def test_no_other_address_is_bound(actor: MetricsActor) -> None:
    actor.serve(0)
    assert actor.port is not None

    # Whoever listens on every address listens on this one too.
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", actor.port), timeout=PATIENCE)


def test_a_port_in_use_is_refused_by_its_number(actor: MetricsActor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupant:
        port = occupant.getsockname()[1]

        with pytest.raises(OSError, match=f"port {port}: Address already in use; choose another"):
            actor.serve(port)

    assert actor.port is None


@pytest.mark.parametrize("port", [-1, 65_536])
def test_impossible_ports_are_refused(actor: MetricsActor, port: int) -> None:
    with pytest.raises(ValueError, match=f"port must be from 0 to 65535, not {port}"):
        actor.serve(port)


def test_serving_twice_is_refused(actor: MetricsActor) -> None:
    actor.serve(0)

    with pytest.raises(RuntimeError, match=f"served on port {actor.port} already"):
        actor.serve(0)


def test_nothing_listens_unless_asked(actor: MetricsActor) -> None:
    assert actor.port is None


def test_after_stopping_the_port_is_free_and_the_thread_has_ended(actor: MetricsActor) -> None:
    actor.serve(0)
    port = actor.port
    assert port is not None
    fetch(actor)

    actor.stop_serving()
    actor.stop_serving()

    assert actor.port is None
    assert "mixmode-metrics" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def test_it_can_serve_again_on_the_same_port(actor: MetricsActor) -> None:
    actor.serve(0)
    port = actor.port
    assert port is not None
    fetch(actor)
    actor.stop_serving()

    actor.serve(port)

    assert fetch(actor)[0]


def test_stopping_does_not_wait_for_a_thread_that_is_gone(actor: MetricsActor) -> None:
    actor.serve(0)
    assert actor._server is not None
    server, thread = actor._server
    server.shutdown()
    thread.join(PATIENCE)

    on_a_thread(actor.stop_serving)  # as in a forked child

    assert actor.port is None

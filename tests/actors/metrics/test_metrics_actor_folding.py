"""Metrics while they are fed: nothing is lost, and nobody waits."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from types import FrameType
from typing import Any, cast

import pytest

from actors.metrics import metrics_actor as metrics
from actors.metrics.metrics_actor import MetricsActor
from supervisors.facts import AgentRan, DeadLettered, RunEnded, RunStarted, StageEnded
from supervisors.outcome import COMPLETED
from supervisors.trace import TraceRecord
from tests.actors.metering import PATIENCE, no_gauges, on_a_thread, value_of


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


# What intervenes while facts are counted

STAGES = {"workflow": "report", "stage": "report", "pattern": "agent", "outcome": "ok"}

ENDED = {"workflow": "report", "outcome": "ok"}


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

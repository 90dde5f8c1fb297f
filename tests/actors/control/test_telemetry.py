"""Telemetry: who is told of a fact."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from actors.control.environment import Environment
from actors.control.telemetry import Telemetry
from supervisors.facts import (
    AgentGivenUp,
    AgentRestarted,
    DeadLettered,
    Fact,
    FactsMissed,
    LoopBlockNoticed,
    RunStarted,
    StageEnded,
    WakeupLost,
)
from supervisors.outcome import COMPLETED
from supervisors.trace import TraceRecord
from tests.actors.by_hand import PromptDelivery

FACT = RunStarted("flow", 1)
RECORD = TraceRecord("flow", "agent", COMPLETED, 0.0, 0.0, 1, 0, 0.0, 0.0)


class Listener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def observe(self, fact: Fact) -> None:
        self.facts.append(fact)


class Counter:
    """Counts facts, and what stages' ends are told by themselves."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.stages: list[tuple[Any, ...]] = []

    def feed(self, fact: Fact) -> None:
        self.facts.append(fact)

    def feed_stage(self, workflow: str, run: int, record: TraceRecord) -> None:
        self.stages.append((workflow, run, record))


def telemetry(counter: Counter | None, *listeners: Listener) -> Telemetry:
    return Telemetry(PromptDelivery(Environment()), counter, listeners)


def test_a_fact_is_told_to_every_observer_and_counted() -> None:
    counter, first, second = Counter(), Listener(), Listener()

    telemetry(counter, first, second).observe(FACT)

    assert [counter.facts, first.facts, second.facts] == [[FACT], [FACT], [FACT]]


def test_without_observers_the_end_of_a_stage_goes_straight_to_the_counter() -> None:
    counter = Counter()

    telemetry(counter).observe_stage("flow", 1, RECORD)

    assert (counter.stages, counter.facts) == ([("flow", 1, RECORD)], [])


def test_with_observers_the_end_of_a_stage_is_a_fact_as_any_other() -> None:
    counter, listener = Counter(), Listener()

    telemetry(counter, listener).observe_stage("flow", 1, RECORD)

    assert listener.facts == counter.facts == [StageEnded("flow", 1, RECORD)]


@pytest.mark.parametrize(
    ("counter", "listeners", "is_observed", "is_listened_to"),
    [
        (None, [], False, False),
        (Counter(), [], True, False),
        (None, [Listener()], True, True),
        (Counter(), [Listener()], True, True),
    ],
)
def test_it_says_whether_anybody_wants_facts(
    counter: Counter | None, listeners: list[Listener], is_observed: bool, is_listened_to: bool
) -> None:
    told = telemetry(counter, *listeners)

    told.observe(FACT)
    told.observe_stage("flow", 1, RECORD)

    assert (told.is_observed, told.is_listened_to) == (is_observed, is_listened_to)


@pytest.mark.expects_errors
@pytest.mark.parametrize(
    ("fact", "level", "text"),
    [
        (AgentRestarted("writer", "start_failed", "no"), logging.WARNING, "restarting agent 'writer' after"),
        (AgentGivenUp("writer", "too often"), logging.ERROR, "agent 'writer' is marked failed: too often"),
        (
            WakeupLost(2, 0.04),
            logging.WARNING,
            "an event loop lost a wake-up: 2 calls of agents were not started for 0.040 s; it is woken again",
        ),
        (LoopBlockNoticed("writer", 0.5), logging.WARNING, "agent 'writer' blocks an event loop, for 0.500 s by now"),
        (DeadLettered("late_answer", "an answer"), logging.DEBUG, "dead letter (late_answer): an answer"),
    ],
)
def test_what_an_operator_has_to_know_is_logged(
    fact: Fact, level: int, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    telemetry(None).observe(fact)

    [record] = caplog.records
    assert (record.levelno, record.getMessage()[: len(text)]) == (level, text)


class Late(PromptDelivery):
    """Delivers when the test lets it."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], object]] = []
        super().__init__(Environment())

    def post(self, call: Callable[[], object]) -> None:
        self.calls.append(call)


def test_an_observer_that_does_not_keep_up_is_told_what_it_missed_and_so_is_the_counter(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("actors.control.telemetry.FACTS_WAITING", 2)
    counter, listener, delivery = Counter(), Listener(), Late()
    told = Telemetry(delivery, counter, [listener])
    facts = [RunStarted("flow", number) for number in range(4)]

    for fact in facts:
        told.observe(fact)
    trouble = told.trouble
    for call in delivery.calls:
        call()

    assert trouble == "Listener has missed 2 facts"
    assert listener.facts == [FactsMissed("Listener", 2), *facts[2:]]
    assert [fact for fact in counter.facts if fact in facts] == facts
    assert counter.facts.count(FactsMissed("Listener", 1)) == 2
    assert "observer 'Listener' does not keep up: 2 facts for it were dropped" in caplog.text
    assert told.trouble == ""

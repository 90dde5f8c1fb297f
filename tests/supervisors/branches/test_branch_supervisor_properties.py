"""What holds for every tree of patterns, whatever its agents do and however late timers are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings

from supervisors.branches.recorder import node_path
from supervisors.outcome import OutcomeKind, Reason
from tests.supervisors.fakes import START
from tests.supervisors.patterns import FakeGroup, FanOutOrchestrator
from tests.supervisors.scenarios import Scenario, scenarios
from tests.supervisors.stories import declared, fan_outs_of, is_node, play, story_record
from tests.thoroughness import examples

many = settings(max_examples=examples(500), deadline=None, suppress_health_check=[HealthCheck.too_slow])
some = settings(many, max_examples=examples(200))


@many
@given(scenarios())
def test_the_root_and_all_below_it_end_exactly_once(scenario: Scenario) -> None:
    story = play(scenario)

    assert len(story.run.endings) == 1
    attempts: list[Any] = [each.attempt for each in [*story.handles, *story.orchestrators]]
    assert not any(attempt.is_open or attempt.is_trying for attempt in attempts)
    for orchestrator in story.orchestrators:
        assert orchestrator.has_answered
        if isinstance(orchestrator, FanOutOrchestrator):
            assert len(orchestrator.fan_outs) == orchestrator.asked
            continue
        assert len(orchestrator.endings) + len(orchestrator.groups) == orchestrator.asked
        for ended in orchestrator.groups:
            assert [each.key for each in ended.endings] == list(range(len(ended.endings)))


@many
@given(scenarios())
def test_every_attempt_is_either_answered_or_taken_back(scenario: Scenario) -> None:
    story = play(scenario)

    for handle in story.handles:
        assert len(handle.withdrawals) <= 1
        assert handle.withdrawals or handle.answers == 1
    late = sum(handle.answers for handle in story.handles if handle.withdrawals)
    letters = Counter(letter.detail for letter in story.run.context.dead_letters)
    assert letters["an answer came after its attempt had ended"] == late
    assert {letter.reason for letter in story.run.context.dead_letters} <= {"late_answer"}


@many
@given(scenarios())
def test_no_work_outlives_its_deadline(scenario: Scenario) -> None:
    story = play(scenario)

    for handle in story.handles:
        at = handle.deadline.at
        if at is None:
            continue
        assert handle.withdrawn_at is None or handle.withdrawn_at <= at + scenario.lag
        if handle.answers and not handle.withdrawals:
            assert handle.begun_at is not None
            assert handle.begun_at <= at + scenario.lag
    if scenario.timeout is not None:
        assert story.ended_at <= START + scenario.timeout + scenario.lag


@some
@given(scenarios())
def test_deadlines_only_get_narrower_on_the_way_down(scenario: Scenario) -> None:
    story = play(scenario)

    for handle in story.handles:
        node: Any = handle.attempt
        at = handle.deadline.at
        while node is not None:
            if node.deadline.at is not None:
                assert at is not None
                assert at <= node.deadline.at
            node = node.parent


@some
@given(scenarios())
def test_nothing_is_sent_after_its_deadline(scenario: Scenario) -> None:
    story = play(replace(scenario, lag=0.0))

    for handle in story.handles:
        assert handle.deadline.at is None or handle.sent_at < handle.deadline.at


@some
@given(scenarios())
def test_records_lie_within_their_parents_and_follow_the_declared_order(scenario: Scenario) -> None:
    story = play(scenario)

    for record in story.records:
        for child in record.children:
            assert record.started <= child.started
            assert child.started + child.duration <= record.started + record.duration
            above = declared(record.path)
            assert child.path.startswith(f"{above}/") or child.path == node_path(above)
        assert record.dropped == 0
    for pattern in scenario.patterns:
        if isinstance(pattern, FakeGroup):
            for orchestrator in pattern.orchestrators:
                parent = story_record(story, orchestrator.attempt.job.path)
                told = [each.record for ended in orchestrator.groups for each in ended.endings]
                positions = [index for index, child in enumerate(parent) if any(child is each for each in told)]
                assert [parent[index] for index in positions] == told


@some
@given(scenarios())
def test_every_stage_that_started_is_told_to_have_ended_once(scenario: Scenario) -> None:
    story = play(scenario)

    started, ended = Counter(story.run.started_paths), Counter(story.run.ended_paths)
    assert started <= ended
    assert ended == Counter(declared(record.path) for record in story.records if not is_node(record))


@many
@given(scenarios())
def test_every_budget_that_ran_out_is_reported(scenario: Scenario) -> None:
    story = play(replace(scenario, lag=1.0, timeout=scenario.timeout or 2.0, close_after=None))

    reported = {budget for _, budget in story.run.timeouts}
    pending = [story.run.record]
    while pending:
        record = pending.pop()
        if record.outcome.kind is OutcomeKind.TIMED_OUT:
            assert record.outcome.budget in reported
        if record.outcome.kind is not OutcomeKind.CANCELLED:  # else it had no time to run out of its own
            pending.extend(record.children)


@many
@given(scenarios())
def test_whatever_fell_back_had_time_left_and_says_what_failed(scenario: Scenario) -> None:
    story = play(replace(scenario, lag=0.0))

    nodes = [record for record in story.records if is_node(record)]
    assert Counter(node_path(fact.branch) for fact in story.run.fallbacks) == Counter(each.path for each in nodes)
    assert not any(each.outcome.ok or each.outcome.kind is OutcomeKind.CANCELLED for each in nodes)
    for record in story.records:
        below = [child.path for child in record.children]
        if any(map(is_node, record.children)):
            assert below == [node_path(declared(record.path)), f"{declared(record.path)}/fallback"]
        if record.outcome.reason is Reason.FALLBACK_USED:
            assert str(record.children[0].outcome) in record.outcome.detail
        if record.path.endswith("/fallback") and record.attempts == 0:
            assert record.outcome.kind is OutcomeKind.CANCELLED


@many
@given(scenarios())
def test_no_timer_is_armed_once_the_root_has_ended(scenario: Scenario) -> None:
    story = play(scenario)

    assert story.armed_at_end == 0


@many
@given(scenarios())
def test_no_attempt_is_told_twice(scenario: Scenario) -> None:
    story = play(scenario)

    rejections = sum(agent.rejections for agent in scenario.agents)
    assert len(story.run.agent_runs) <= len(story.handles) + rejections


# Fan-outs


@many
@given(scenarios())
def test_a_fan_out_never_has_more_in_progress_than_it_may(scenario: Scenario) -> None:
    story = play(scenario)

    for pattern, orchestrator in fan_outs_of(story):
        assert max(orchestrator.in_progress, default=0) <= (pattern.concurrency or pattern.size)
        assert all(orchestrator.had_time)


@many
@given(scenarios())
def test_every_child_of_a_fan_out_is_told_of_once_or_never_began(scenario: Scenario) -> None:
    story = play(scenario)

    begun: Counter[int] = Counter()
    for pattern, orchestrator in fan_outs_of(story):
        (ended,) = orchestrator.fan_outs
        begun[id(pattern)] += ended.begun
        assert sorted(each.key for each in orchestrator.endings) == list(range(ended.begun))
        assert (ended.rest is None) == (ended.begun == pattern.size)
        assert ended.rest is None or not ended.rest.ok
    for pattern, _ in fan_outs_of(story):
        assert len(pattern.payloads_made) == begun[id(pattern)]


@many
@given(scenarios())
def test_a_fan_out_is_judged_as_its_policy_says(scenario: Scenario) -> None:
    story = play(scenario)

    for pattern, orchestrator in fan_outs_of(story):
        (ended,) = orchestrator.fan_outs
        oks = sum(each.outcome.ok for each in orchestrator.endings)
        failures = {each.key for each in orchestrator.endings if not each.outcome.ok}
        unfinished = pattern.size - ended.begun
        if ended.culprit is not None:
            assert ended.culprit in failures or ended.culprit == ended.begun
        elif pattern.quorum is None:
            assert not unfinished
            assert not (failures and pattern.job.required)
        else:
            assert oks >= pattern.quorum
            assert not (failures and pattern.job.required)


@some
@given(scenarios())
def test_the_records_of_a_fan_out_are_in_the_order_of_its_payloads(scenario: Scenario) -> None:
    story = play(scenario)

    for pattern, _ in fan_outs_of(story):
        for record in story.records:
            if declared(record.path) == pattern.job.path.rpartition("/")[0] and record.attempts == 1:
                places = [each.path for each in record.children if declared(each.path) == pattern.job.path]
                assert places == sorted(places)

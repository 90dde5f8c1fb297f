"""The supervision tree: groups of agents that start, crash, escalate and hang."""

from __future__ import annotations

import pytest

from actors import AgentStoppedError, AgentTimeoutError, Event, Runtime, RunTimeoutError, WorkflowFailedError
from actors.testing import Returns, Scripted, VirtualRuntime
from supervisors import Backoff, Reason, Restart
from supervisors.facts import AgentGivenUp, AgentRestarted, GroupRestarted
from supervisors.policies.strategies import Strategy
from tests.scenarios.teams import Log, answers, crash, log, make_group, member, runtime
from tests.scenarios.virtual_runs import HOUR
from tests.scenarios.watching import Watcher

__all__ = ["log", "runtime"]  # fixtures

AT_ONCE = Backoff(initial=0)


# Order


def test_a_group_starts_in_declared_order_and_stops_in_reverse(runtime: VirtualRuntime, log: Log) -> None:
    with runtime.group("team") as group:
        for name in "abcd":
            group.spawn(name, member(log, name))
        before = log.taken()
    assert answers(runtime, "d")
    started = log.taken()

    group.stop()

    assert (before, started) == ([], ["start a", "start b", "start c", "start d"])
    assert log.taken() == ["stop d", "stop c", "stop b", "stop a"]
    assert (runtime.agents, group.agents) == ((), ())


def test_work_that_waits_for_the_end_of_a_groups_block_says_so(runtime: VirtualRuntime, log: Log) -> None:
    with runtime.group("team") as group:
        ref = group.spawn("a", member(log, "a"), timeout=2)
        group.spawn("b", member(log, "b"))
        with pytest.raises(RunTimeoutError) as run:
            runtime.run("b", timeout=1)
        with pytest.raises(AgentTimeoutError) as asked:
            ref.ask(Event())

    for error, agent in ((run, "b"), (asked, "a")):
        outcome = error.value.outcome
        assert outcome.reason is Reason.NOT_STARTED
        assert outcome.detail == f"agent '{agent}' is started only when the `with` block of its group 'team' is left"
        assert outcome.detail in str(error.value)
    assert answers(runtime, "b")


def test_a_runtime_that_stops_stops_its_groups_in_reverse(runtime: VirtualRuntime, log: Log) -> None:
    make_group(runtime, log, "one_for_one")

    runtime.stop()

    assert log.taken() == ["stop c", "stop b", "stop a"]


def test_nothing_of_a_group_starts_when_one_spec_is_faulty(runtime: VirtualRuntime, log: Log) -> None:
    with pytest.raises(ValueError, match="concurrency"), runtime.group("team") as group:
        ref = group.spawn("a", member(log, "a"))
        group.spawn("b", member(log, "b"), concurrency=0)

    runtime.settle()
    assert runtime.agents == ()
    assert not ref.is_alive()
    assert log.taken() == []


# Strategies, with real agents


def test_an_agent_joins_a_group_of_its_own_runtime_only(runtime: VirtualRuntime) -> None:
    group = runtime.group("desk")
    with Runtime() as other:
        with pytest.raises(ValueError, match="group 'desk' belongs to another runtime"):
            other.spawn("clerk", Scripted(Returns()), group=group)
        with pytest.raises(TypeError, match=r"group must be what runtime.group\(\) returned, or None, not 'desk'"):
            other.spawn("clerk", Scripted(Returns()), group="desk")  # type: ignore[arg-type]  # what is tested

        assert other.agents == group.agents == ()


@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        ("one_for_one", ["stop b", "start b"]),
        ("one_for_all", ["stop c", "stop b", "stop a", "start a", "start b", "start c"]),
        ("rest_for_one", ["stop c", "stop b", "start b", "start c"]),
    ],
)
def test_a_crash_restarts_whom_the_strategy_says(
    runtime: VirtualRuntime, log: Log, strategy: str, told: list[str]
) -> None:
    make_group(runtime, log, strategy)

    crash(runtime, "b")

    runtime.settle()
    assert log.entries == told
    assert all(answers(runtime, name) for name in "abc")


def test_what_was_queued_for_a_sibling_is_done_after_the_restart(runtime: VirtualRuntime, log: Log) -> None:
    make_group(runtime, log, "one_for_all")
    held = runtime.submit("c", {"takes": 1.0})
    runtime.settle()
    queued = [runtime.submit("c") for _ in range(5)]

    crash(runtime, "a")

    assert held.result().state["by"] == "c"  # it was in flight, and could end
    assert [run.result().state["by"] for run in queued] == ["c"] * 5
    assert runtime.now == 1.0
    assert log.taken() == ["begin c", "stop c", "stop b", "stop a", "start a", "start b", "start c"]


def test_what_a_sibling_does_not_finish_within_the_grace_is_cancelled(runtime: VirtualRuntime, log: Log) -> None:
    make_group(runtime, log, "one_for_all", grace=60.0)
    held = runtime.submit("c", {"takes": HOUR})
    runtime.settle()

    crash(runtime, "a")

    failure = held.exception()
    assert isinstance(failure, WorkflowFailedError)
    assert "stopped together with its group" in str(failure)
    assert runtime.now == 60.0
    assert answers(runtime, "c")


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.expects_errors
def test_an_agent_that_cannot_start_again_is_marked_failed_and_the_supervisor_still_answers(
    runtime: VirtualRuntime, log: Log, strategy: Strategy
) -> None:
    policy = {"restart": Restart(max_restarts=2, backoff=AT_ONCE)}
    group = make_group(runtime, log, strategy, restart=Restart(max_restarts=0), spawned={"b": policy})
    log.cannot_start.add("b")

    crash(runtime, "b")

    survivors = {"one_for_one": "ac", "one_for_all": "", "rest_for_one": "a"}[strategy]
    runtime.settle()
    assert len(runtime.health.reasons) == 3 - len(survivors)
    group.spawn("d", member(log, "d"))
    assert all(answers(runtime, name) for name in survivors + "d")
    for name in set("abc") - set(survivors):
        with pytest.raises(WorkflowFailedError) as caught:
            runtime.run(name)
        assert caught.value.outcome.reason is Reason.AGENT_FAILED


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.expects_errors
def test_another_agent_that_fails_to_start_during_a_restart_is_restarted_too(
    runtime: VirtualRuntime, watcher: Watcher, log: Log, strategy: Strategy
) -> None:
    make_group(
        runtime,
        log,
        strategy,
        spawned={"c": {"restart": Restart(backoff=Backoff(initial=60.0, maximum=60.0, jitter=0))}},
    )
    log.cannot_start.add("c")
    crash(runtime, "c")
    runtime.settle()

    crash(runtime, "a") if strategy == "one_for_one" else None
    log.cannot_start.clear()

    assert all(answers(runtime, name) for name in "abc")
    assert runtime.health.is_ok
    assert runtime.now == 60.0
    runtime.settle()
    reasons = [fact.reason for fact in watcher.all(AgentRestarted) if fact.agent == "c"]
    assert reasons == ["base_exception", "start_failed"]


# Escalation


@pytest.mark.expects_errors
def test_an_escalation_goes_from_the_child_to_its_group_to_the_runtime_and_ends_there(
    runtime: VirtualRuntime, watcher: Watcher, log: Log
) -> None:
    frail = {"restart": Restart(max_restarts=1, backoff=AT_ONCE)}
    make_group(
        runtime,
        log,
        "rest_for_one",
        restart=Restart(max_restarts=1, backoff=AT_ONCE),
        spawned={"b": frail},
    )
    runtime.spawn("bystander", member(log, "bystander"))
    assert runtime.health.is_ok

    told = []
    for _ in range(4):
        crash(runtime, "b")
        runtime.settle()
        assert bool(runtime.health.reasons) or log.entries[-1:] == ["start c"]
        told.append([entry for entry in log.taken() if "bystander" not in entry])

    child, group = ["stop c", "stop b", "start b", "start c"], ["stop c", "stop b", "stop a", "start a", "start b"]
    assert told[:3] == [child, [*group, "start c"], child]
    assert len(watcher.all(GroupRestarted)) == 1
    assert sorted(fact.agent for fact in watcher.all(AgentGivenUp)) == ["b", "c"]
    assert runtime.health.status == "degraded"
    assert [reason.split(" is marked")[0] for reason in runtime.health.reasons] == ["agent 'b'", "agent 'c'"]
    with pytest.raises(AgentStoppedError, match="depends on agent 'b'"):
        runtime.agent("c").ask(Event())
    assert answers(runtime, "a")
    assert answers(runtime, "bystander")


@pytest.mark.expects_errors
def test_health_is_good_again_when_who_failed_was_stopped_and_spawned_anew(runtime: VirtualRuntime, log: Log) -> None:
    runtime.spawn("frail", member(log, "frail"), restart=Restart(max_restarts=0))
    crash(runtime, "frail")
    runtime.settle()
    assert str(runtime.health).startswith("degraded; agent 'frail' is marked failed: ")

    runtime.stop_agent("frail")
    runtime.spawn("frail", member(log, "frail"))

    assert str(runtime.health) == "ok"
    assert answers(runtime, "frail")


# Hanging


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.expects_errors
def test_a_hanging_constructor_does_not_keep_the_supervisor_from_answering_for_others(
    runtime: VirtualRuntime, log: Log, strategy: Strategy
) -> None:
    make_group(runtime, log, strategy, "ab")
    runtime.spawn("outside", member(log, "outside"))
    log.hangs_in_start.add("c")
    team = runtime.group("other", strategy=strategy)
    team.spawn("c", member(log, "c"), restart=Restart(max_restarts=1, backoff=AT_ONCE))
    team.spawn("d", member(log, "d"), restart=Restart(max_restarts=1, backoff=AT_ONCE))

    crash(runtime, "a")
    crash(runtime, "outside")

    assert all(answers(runtime, name) for name in ("a", "b", "outside"))
    assert runtime.now == 0.0
    runtime.advance(HOUR)
    assert any("'c'" in reason for reason in runtime.health.reasons)
    if strategy == "one_for_one":
        assert answers(runtime, "d")

"""The supervision tree: groups of agents that crash and hang in every place, held against a model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from actors import Agent, AgentStoppedError, Event, Runtime, State, WorkflowFailedError
from supervisors import Backoff, Reason, Restart
from supervisors.facts import AgentGivenUp, AgentRestarted, GroupRestarted
from supervisors.strategies import Strategy
from tests.scenarios.supervised_world import World
from tests.scenarios.supervision_model import Fault, ModelAgent
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE, Watcher

AT_ONCE = Backoff(initial=0)


class Log:
    """What the agents of a group did, in order, and which of them cannot start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.entries: list[str] = []
        self.cannot_start: set[str] = set()
        self.hangs_in_start: dict[str, threading.Event] = {}

    def note(self, entry: str) -> None:
        with self._lock:
            self.entries.append(entry)

    def taken(self) -> list[str]:
        with self._lock:
            taken, self.entries = self.entries, []
        return taken


def member(log: Log, name: str) -> type[Agent]:
    class Member(Agent):
        def __init__(self) -> None:
            gate = log.hangs_in_start.get(name)
            if gate is not None:
                gate.wait()

        def on_start(self) -> None:
            if name in log.cannot_start:
                raise RuntimeError("cannot start")
            log.note(f"start {name}")

        def on_stop(self) -> None:
            log.note(f"stop {name}")

        def run(self, event: Event, state: State) -> None:
            waits = event.data.get("waits")
            if waits:
                log.note(f"begin {name}")
                GATES[waits].wait(PATIENCE)
            if event.data.get("crash"):
                raise SystemExit(1)
            state["by"] = name

    return Member


GATES: dict[str, threading.Event] = {}


@pytest.fixture
def opened() -> Iterator[str]:
    """The name of a gate that agents wait at; open when the test is over."""
    GATES["gate"] = threading.Event()
    yield "gate"
    GATES.pop("gate").set()


@pytest.fixture
def log() -> Log:
    return Log()


def crash(runtime: Runtime, name: str) -> None:
    assert runtime.submit(name, {"crash": True}).exception(PATIENCE) is not None


def answers(runtime: Runtime, name: str) -> bool:
    return bool(runtime.run(name, timeout=PATIENCE).state["by"] == name)


def make_group(runtime: Runtime, log: Log, strategy: str, names: str = "abc", **options: Any) -> Any:
    spawned = options.pop("spawned", {})
    group = runtime.group("team", strategy=strategy, **options)
    for name in names:
        group.spawn(name, member(log, name), **spawned.get(name, {}))
    assert all(answers(runtime, name) for name in names)
    log.taken()
    return group


# Order


def test_a_group_starts_in_declared_order_and_stops_in_reverse(runtime: Runtime, log: Log) -> None:
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


def test_a_runtime_that_stops_stops_its_groups_in_reverse(log: Log) -> None:
    with Runtime() as runtime:
        make_group(runtime, log, "one_for_one")

    assert log.taken() == ["stop c", "stop b", "stop a"]


def test_nothing_of_a_group_starts_when_one_spec_is_faulty(runtime: Runtime, log: Log) -> None:
    with pytest.raises(ValueError, match="concurrency"), runtime.group("team") as group:
        ref = group.spawn("a", member(log, "a"))
        group.spawn("b", member(log, "b"), concurrency=0)

    assert eventually(lambda: runtime.agents == ())
    assert not ref.is_alive()
    assert log.taken() == []


# Strategies, with real agents


@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        ("one_for_one", ["stop b", "start b"]),
        ("one_for_all", ["stop c", "stop b", "stop a", "start a", "start b", "start c"]),
        ("rest_for_one", ["stop c", "stop b", "start b", "start c"]),
    ],
)
def test_a_crash_restarts_whom_the_strategy_says(runtime: Runtime, log: Log, strategy: str, told: list[str]) -> None:
    make_group(runtime, log, strategy)

    crash(runtime, "b")

    assert eventually(lambda: log.entries == told)
    assert all(answers(runtime, name) for name in "abc")


def test_what_was_queued_for_a_sibling_is_done_after_the_restart(runtime: Runtime, log: Log, opened: str) -> None:
    make_group(runtime, log, "one_for_all")
    held = runtime.submit("c", {"waits": opened})
    assert eventually(lambda: "begin c" in log.entries)
    queued = [runtime.submit("c") for _ in range(5)]

    crash(runtime, "a")
    GATES[opened].set()

    assert held.result(PATIENCE).state["by"] == "c"  # it was in flight, and could end
    assert [run.result(PATIENCE).state["by"] for run in queued] == ["c"] * 5
    assert log.taken() == ["begin c", "stop c", "stop b", "stop a", "start a", "start b", "start c"]


@pytest.mark.leaves_abandoned_work
def test_what_a_sibling_does_not_finish_within_the_grace_is_cancelled(runtime: Runtime, log: Log, opened: str) -> None:
    make_group(runtime, log, "one_for_all", grace=0.05)
    held = runtime.submit("c", {"waits": opened})
    assert eventually(lambda: "begin c" in log.entries)

    crash(runtime, "a")

    failure = held.exception(PATIENCE)
    assert isinstance(failure, WorkflowFailedError)
    assert "stopped together with its group" in str(failure)
    assert answers(runtime, "c")


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.expects_errors
def test_an_agent_that_cannot_start_again_is_marked_failed_and_the_supervisor_still_answers(
    runtime: Runtime, log: Log, strategy: Strategy
) -> None:
    policy = {"restart": Restart(max_restarts=2, backoff=AT_ONCE)}
    group = make_group(runtime, log, strategy, restart=Restart(max_restarts=0), spawned={"b": policy})
    log.cannot_start.add("b")

    crash(runtime, "b")

    survivors = {"one_for_one": "ac", "one_for_all": "", "rest_for_one": "a"}[strategy]
    assert eventually(lambda: len(runtime.health.reasons) == 3 - len(survivors))
    group.spawn("d", member(log, "d"))
    assert all(answers(runtime, name) for name in survivors + "d")
    for name in set("abc") - set(survivors):
        with pytest.raises(WorkflowFailedError) as caught:
            runtime.run(name, timeout=PATIENCE)
        assert caught.value.outcome.reason is Reason.AGENT_FAILED


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.expects_errors
def test_another_agent_that_fails_to_start_during_a_restart_is_restarted_too(
    runtime: Runtime, watcher: Watcher, log: Log, strategy: Strategy
) -> None:
    make_group(runtime, log, strategy, spawned={"c": {"restart": Restart(backoff=Backoff(initial=0.01))}})
    log.cannot_start.add("c")
    crash(runtime, "c")
    watcher.await_fact(AgentRestarted, lambda fact: fact.agent == "c" and fact.reason == "start_failed")

    crash(runtime, "a") if strategy == "one_for_one" else None
    log.cannot_start.clear()

    assert all(answers(runtime, name) for name in "ab")
    assert eventually(lambda: runtime.health.is_ok or bool(watcher.all(AgentGivenUp)))


# Escalation


@pytest.mark.expects_errors
def test_an_escalation_goes_from_the_child_to_its_group_to_the_runtime_and_ends_there(
    runtime: Runtime, watcher: Watcher, log: Log
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
        assert eventually(lambda: bool(runtime.health.reasons) or log.entries[-1:] == ["start c"])
        told.append([entry for entry in log.taken() if "bystander" not in entry])

    child, group = ["stop c", "stop b", "start b", "start c"], ["stop c", "stop b", "stop a", "start a", "start b"]
    assert told[:3] == [child, [*group, "start c"], child]
    assert len(watcher.all(GroupRestarted)) == 1
    assert [watcher.await_fact(AgentGivenUp, lambda fact, name=name: fact.agent == name).agent for name in "bc"]  # type: ignore[misc]  # a default binds the name
    assert runtime.health.status == "degraded"
    assert [reason.split(" is marked")[0] for reason in runtime.health.reasons] == ["agent 'b'", "agent 'c'"]
    with pytest.raises(AgentStoppedError, match="depends on agent 'b'"):
        runtime.agent("c").ask(Event(), timeout=PATIENCE)
    assert answers(runtime, "a")
    assert answers(runtime, "bystander")


@pytest.mark.expects_errors
def test_health_is_good_again_when_who_failed_was_stopped_and_spawned_anew(runtime: Runtime, log: Log) -> None:
    runtime.spawn("frail", member(log, "frail"), restart=Restart(max_restarts=0))
    crash(runtime, "frail")
    assert eventually(lambda: str(runtime.health).startswith("degraded; agent 'frail' is marked failed: "))

    runtime.stop_agent("frail")
    runtime.spawn("frail", member(log, "frail"))

    assert str(runtime.health) == "ok"
    assert answers(runtime, "frail")


# Hanging


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.leaves_abandoned_work
@pytest.mark.expects_errors
def test_a_hanging_constructor_does_not_keep_the_supervisor_from_answering_for_others(
    log: Log, strategy: Strategy, gate: threading.Event
) -> None:
    with Runtime(hook_timeout=0.3, abandon_after=0.1) as runtime:
        make_group(runtime, log, strategy, "ab")
        runtime.spawn("outside", member(log, "outside"))
        log.hangs_in_start["c"] = gate
        team = runtime.group("other", strategy=strategy)
        team.spawn("c", member(log, "c"), restart=Restart(max_restarts=1, backoff=AT_ONCE))
        team.spawn("d", member(log, "d"), restart=Restart(max_restarts=1, backoff=AT_ONCE))

        crash(runtime, "a")
        crash(runtime, "outside")

        assert all(answers(runtime, name) for name in ("a", "b", "outside"))
        assert eventually(lambda: any("'c'" in reason for reason in runtime.health.reasons))
        if strategy == "one_for_one":
            assert answers(runtime, "d")


# All of it, against a model

VIOLENCE = ["crash"] * 6 + ["leave", "hang", "stop", "kill", "spawn", "spawn"]
HANGING_STARTS = 0.02
"""How many of the hanging agents do so in their next start: that takes as long as a start may."""

HOOK_TIMEOUT = 5.0
"""So long that no start is late because the machine is busy."""

FAULTS = [Fault.MAKE, Fault.START, Fault.RESTART]


class TreeOfAgents(RuleBasedStateMachine):
    """Does to a tree of agents whatever can be done to it, one thing at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.world: World | None = None

    @initialize(seed=st.integers(0, 2**32), strategies=st.lists(st.sampled_from(Strategy), min_size=1, max_size=3))
    def build(self, seed: int, strategies: list[Strategy]) -> None:
        self.world = World(seed)
        for strategy in strategies:
            self.world.add_group(strategy, 3)

    @property
    def up(self) -> list[tuple[int, ModelAgent]]:
        assert self.world is not None
        return [(number, agent) for number, (_, model) in enumerate(self.world.groups) for agent in model.up]

    @precondition(lambda self: self.world is not None and self.up)
    @rule(data=st.data(), deed=st.sampled_from(["crash", "leave", "hang", "kill", "stop", "message", "fault"]))
    def act(self, data: st.DataObject, deed: str) -> None:
        assert self.world is not None
        number, agent = data.draw(st.sampled_from(self.up))
        if deed == "fault":
            self.world.fault(agent, *data.draw(st.lists(st.sampled_from(FAULTS), min_size=1, max_size=3)))
        else:
            perform(self.world, deed, number, agent)

    @precondition(lambda self: self.world is not None)
    @rule(data=st.data(), faults=st.lists(st.sampled_from(FAULTS), max_size=2))
    def spawn(self, data: st.DataObject, faults: list[Fault]) -> None:
        assert self.world is not None
        self.world.spawn(data.draw(st.integers(0, len(self.world.groups) - 1)), *faults)

    @invariant()
    def agrees(self) -> None:
        if self.world is not None:
            self.world.settle()

    def teardown(self) -> None:
        if self.world is not None:
            try:
                self.world.check_survivors()
            finally:
                self.world.close()


def perform(world: World, deed: str, number: int, agent: ModelAgent) -> None:
    match deed:
        case "crash" | "leave":
            world.crash(number, agent, is_normal=deed == "leave")
        case "hang":
            world.hang(number, agent)
        case "stop":
            world.stop(number, agent)
        case "kill":
            world.kill(number, agent)
        case "message":
            world.message(agent)
        case _:
            raise AssertionError(deed)


@pytest.mark.leaves_abandoned_work
@pytest.mark.expects_errors
def test_a_tree_does_what_its_model_does_whatever_is_done_to_it() -> None:
    quick = settings(
        max_examples=25,
        stateful_step_count=25,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a disagreement takes patience, so none is shrunk
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(TreeOfAgents, settings=quick)


def storm(seed: int, *, groups: int, agents: int, actions: int) -> None:
    """Do so many things to a tree of agents, to all groups at once, and check it after each round."""
    print(f"\nseed {seed}")  # noqa: T201  # with it the same is done again
    random = Random(seed)
    world = World(seed, hook_timeout=HOOK_TIMEOUT)
    try:
        for number in range(groups):
            world.add_group(list(Strategy)[number % len(Strategy)], agents)
        world.settle()
        while world.actions < actions:
            for number in range(groups):
                rage(world, random, number, agents)
            world.settle()
            world.forget_the_gone()
        world.check_survivors()
    finally:
        world.close()


def rage(world: World, random: Random, number: int, agents: int) -> None:
    """Send messages to a group, do one violent thing to it, and refill it."""
    model = world.groups[number][1]
    up = model.up
    for agent in random.choices(up, k=10) if up else ():
        world.message(agent)
    if random.random() < 0.02:
        renew(world, number)
    if len(model.up) < agents:
        world.spawn(number, *random.choices(FAULTS, k=random.choice([0, 0, 0, 1, 2])))
        return
    agent, deed = random.choice(up), random.choice(VIOLENCE)
    if deed == "spawn":
        world.fault(agent, *random.choices(FAULTS, k=random.choice([1, 1, 2])))
    elif deed == "hang" and random.random() < HANGING_STARTS:
        world.fault(agent, Fault.HANG)
    else:
        if random.random() < 0.2:
            world.ledger.raises_in_stop.add(agent.name)
        perform(world, deed, number, agent)


def renew(world: World, number: int) -> None:
    """Stop the agents of a group that are marked failed, so that it does not grow."""
    model = world.groups[number][1]
    for agent in [agent for agent in model.agents if agent.life == "failed"]:
        world.stop(number, agent)


@pytest.mark.leaves_abandoned_work
@pytest.mark.expects_errors
def test_a_storm_of_failures_leaves_a_tree_as_its_model_says() -> None:
    storm(Random().randrange(2**32), groups=9, agents=5, actions=3_000)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.leaves_abandoned_work
@pytest.mark.expects_errors
def test_half_a_million_actions_leave_a_tree_of_500_agents_as_its_model_says() -> None:
    storm(Random().randrange(2**32), groups=50, agents=10, actions=500_000)

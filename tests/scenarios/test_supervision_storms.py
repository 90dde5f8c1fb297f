"""The supervision tree: groups of agents that crash and hang in every place, held against a model."""

from __future__ import annotations

from random import Random

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

from supervisors.policies.strategies import Strategy
from tests.scenarios.supervised_world import World
from tests.scenarios.supervision_model import Fault, ModelAgent
from tests.thoroughness import examples

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
        max_examples=examples(25),
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
@pytest.mark.slow
def test_a_storm_of_failures_leaves_a_tree_as_its_model_says() -> None:
    storm(Random().randrange(2**32), groups=9, agents=5, actions=3_000)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.leaves_abandoned_work
@pytest.mark.expects_errors
def test_half_a_million_actions_leave_a_tree_of_500_agents_as_its_model_says() -> None:
    storm(Random().randrange(2**32), groups=50, agents=10, actions=500_000)

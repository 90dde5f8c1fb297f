"""Agents that agents have spawned: they stop with whoever spawned them."""

from __future__ import annotations

import asyncio
from typing import Any

import pykka
import pytest

from actors import (
    Agent,
    AgentContext,
    Event,
    State,
)
from actors.testing import VirtualRuntime, sleep
from actors.values.errors import AgentExistsError
from supervisors import Restart
from tests.scenarios.orchestrating import (
    Hanging,
    counts,
    failure_of,
    hanging,
    nothing_is_left,
    runtime,
)

__all__ = ["hanging", "runtime"]  # fixtures


class Parent(Agent):
    """Spawns a helper with its first event, and has it count."""

    async def run(self, event: Event, state: State, /, *args: Any) -> None:
        context: AgentContext = args[0]
        if not hasattr(self, "helper"):
            self.helper = context.spawn("helper", counts)
        if event.data.get("crash"):
            raise SystemExit
        state["n"] = (await context.run("helper", state=state)).state["n"]


class SpawningParent(Parent):
    """The same, with a signature that takes the context."""

    async def run(self, event: Event, state: State, context: AgentContext, /) -> None:
        await super().run(event, state, context)


def test_what_an_instance_spawned_lives_as_long_as_the_instance(runtime: VirtualRuntime) -> None:
    runtime.spawn("parent", SpawningParent)

    totals = [runtime.run("parent", state={"n": n}).state["n"] for n in (0, 10)]
    assert totals == [1, 11]
    assert runtime.agents == ("parent", "helper")

    runtime.stop_agent("parent")
    runtime.settle()
    assert not runtime.agents
    assert nothing_is_left(runtime)


def test_what_an_instance_spawned_stops_when_it_is_restarted(runtime: VirtualRuntime) -> None:
    runtime.spawn("parent", SpawningParent, restart=Restart(max_restarts=5))
    runtime.run("parent")
    first = runtime.agent("helper")

    failure_of(runtime.submit("parent", {"crash": True}))

    runtime.settle()
    assert not first.is_alive()
    assert runtime.run("parent").state["n"] == 1
    assert runtime.agent("helper") is not first


def test_one_instance_keeps_what_it_has_spawned_when_another_is_restarted(runtime: VirtualRuntime) -> None:
    class Spawner(Agent):
        async def run(self, event: Event, state: State, context: AgentContext, /) -> None:
            if event.data.get("spawns"):
                context.spawn(event.data["spawns"], counts)
                await asyncio.sleep(1.0)  # the agent: is at work until each instance has an event
            if event.data.get("crash"):
                raise SystemExit

    runtime.spawn("parent", Spawner, concurrency=2, restart=Restart(max_restarts=5))
    stays = runtime.submit("parent", {"spawns": "stays"})
    leaves = runtime.submit("parent", {"spawns": "leaves", "crash": True})

    failure_of(leaves)

    assert stays.result().outcome.ok
    runtime.settle()
    assert runtime.agents == ("parent", "stays")


@pytest.mark.expects_errors
def test_what_an_agent_spawned_stops_when_that_is_marked_failed(runtime: VirtualRuntime) -> None:
    runtime.spawn("parent", SpawningParent, restart=Restart(max_restarts=0))

    failure_of(runtime.submit("parent", {"crash": True}))

    runtime.settle()
    assert runtime.agents == ("parent",)


def test_what_a_group_restarts_loses_what_it_has_spawned(runtime: VirtualRuntime) -> None:
    group = runtime.group("team", strategy="one_for_all")
    runtime.spawn("parent", SpawningParent, group=group)
    runtime.run("parent")
    first = runtime.agent("helper")

    failure_of(runtime.submit("parent", {"crash": True}))

    runtime.settle()
    assert not first.is_alive()


def test_what_a_function_spawned_stops_when_its_event_ends(runtime: VirtualRuntime, hanging: Hanging) -> None:
    refs: list[pykka.ActorRef[Any]] = []

    def spawns(event: Event, state: State, context: AgentContext) -> None:
        refs.append(context.spawn("helper", hanging.hang))
        refs.append(context.spawn("other", counts, concurrency=1))
        refs[0].tell(Event("helper"))
        sleep(1.0)
        assert hanging.has_begun
        state.update(context.run("other").state)

    runtime.spawn("spawns", spawns)

    assert runtime.run("spawns").state["n"] == 1
    runtime.settle()
    assert not any(ref.is_alive() for ref in refs)
    assert hanging.has_ended
    assert nothing_is_left(runtime)


def test_a_name_that_is_taken_is_refused(runtime: VirtualRuntime, hanging: Hanging) -> None:
    async def spawns(event: Event, state: State, context: AgentContext) -> None:
        with pytest.raises(AgentExistsError, match="'counts'"):
            context.spawn("counts", counts)

    runtime.spawn("spawns", spawns)

    assert runtime.run("spawns").outcome.ok
    assert runtime.agent("counts").is_alive()

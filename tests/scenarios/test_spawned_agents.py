"""Agents that agents have spawned: they stop with whoever spawned them."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pykka
import pytest

from actors import (
    Agent,
    AgentContext,
    Event,
    Runtime,
    State,
)
from actors.errors import AgentExistsError
from supervisors import Restart
from tests.scenarios.orchestrating import (
    Hanging,
    counts,
    fails,
    failure_of,
    nothing_is_left,
)
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE


@pytest.fixture
def hanging(runtime: Runtime) -> Hanging:
    hanging = Hanging()
    runtime.spawn("hangs", hanging.hang)
    runtime.spawn("counts", counts)
    runtime.spawn("fails", fails)
    return hanging


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


def test_what_an_instance_spawned_lives_as_long_as_the_instance(runtime: Runtime) -> None:
    runtime.spawn("parent", SpawningParent)

    totals = [runtime.run("parent", state={"n": n}, timeout=PATIENCE).state["n"] for n in (0, 10)]
    assert totals == [1, 11]
    assert runtime.agents == ("parent", "helper")

    runtime.stop_agent("parent")
    assert eventually(lambda: runtime.agents == ())
    assert nothing_is_left(runtime)


def test_what_an_instance_spawned_stops_when_it_is_restarted(runtime: Runtime) -> None:
    runtime.spawn("parent", SpawningParent, restart=Restart(max_restarts=5))
    runtime.run("parent", timeout=PATIENCE)
    first = runtime.agent("helper")

    failure_of(runtime.submit("parent", {"crash": True}))

    assert eventually(lambda: not first.is_alive())
    assert runtime.run("parent", timeout=PATIENCE).state["n"] == 1
    assert runtime.agent("helper") is not first


def test_one_instance_keeps_what_it_has_spawned_when_another_is_restarted(runtime: Runtime) -> None:
    class Spawner(Agent):
        async def run(self, event: Event, state: State, context: AgentContext, /) -> None:
            if event.data.get("spawns"):
                context.spawn(event.data["spawns"], counts)
                await asyncio.to_thread(together.wait, PATIENCE)
            if event.data.get("crash"):
                raise SystemExit

    together = threading.Barrier(2)
    runtime.spawn("parent", Spawner, concurrency=2, restart=Restart(max_restarts=5))
    stays = runtime.submit("parent", {"spawns": "stays"})
    leaves = runtime.submit("parent", {"spawns": "leaves", "crash": True})

    failure_of(leaves)

    assert stays.result(PATIENCE).outcome.ok
    assert eventually(lambda: runtime.agents == ("parent", "stays"))


@pytest.mark.expects_errors
def test_what_an_agent_spawned_stops_when_that_is_marked_failed(runtime: Runtime) -> None:
    runtime.spawn("parent", SpawningParent, restart=Restart(max_restarts=0))

    failure_of(runtime.submit("parent", {"crash": True}))

    assert eventually(lambda: runtime.agents == ("parent",))


def test_what_a_group_restarts_loses_what_it_has_spawned(runtime: Runtime) -> None:
    group = runtime.group("team", strategy="one_for_all")
    runtime.spawn("parent", SpawningParent, group=group)
    runtime.run("parent", timeout=PATIENCE)
    first = runtime.agent("helper")

    failure_of(runtime.submit("parent", {"crash": True}))

    assert eventually(lambda: not first.is_alive())


def test_what_a_function_spawned_stops_when_its_event_ends(runtime: Runtime, hanging: Hanging) -> None:
    refs: list[pykka.ActorRef[Any]] = []

    def spawns(event: Event, state: State, context: AgentContext) -> None:
        refs.append(context.spawn("helper", hanging.hang))
        refs.append(context.spawn("other", counts, concurrency=1))
        refs[0].tell(Event("helper"))
        assert hanging.began.wait(PATIENCE)
        state.update(context.run("other").state)

    runtime.spawn("spawns", spawns)

    assert runtime.run("spawns", timeout=PATIENCE).state["n"] == 1
    assert eventually(lambda: not any(ref.is_alive() for ref in refs))
    assert hanging.ended.wait(PATIENCE)
    assert eventually(lambda: nothing_is_left(runtime))


def test_a_name_that_is_taken_is_refused(runtime: Runtime, hanging: Hanging) -> None:
    async def spawns(event: Event, state: State, context: AgentContext) -> None:
        with pytest.raises(AgentExistsError, match="'counts'"):
            context.spawn("counts", counts)

    runtime.spawn("spawns", spawns)

    assert runtime.run("spawns", timeout=PATIENCE).outcome.ok
    assert runtime.agent("counts").is_alive()

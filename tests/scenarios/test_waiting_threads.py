"""Plain functions of agents that wait for others: the pool compensates for their threads."""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    Agent,
    Event,
    MailboxPolicy,
    Runtime,
    State,
)
from actors.testing import VirtualRuntime
from tests.scenarios.asking import (
    PLAIN,
    answers,
)
from tests.scenarios.orchestrating import SHORT
from tests.scenarios.virtual_runs import HOUR
from tests.scenarios.watching import PATIENCE


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("asking", ["ask", "get", "run"])
def test_nested_plain_agents_that_wait_cannot_starve_the_pool(seed: int, asking: str) -> None:
    def nests(event: Event, state: State) -> None:
        level = event.data["level"]
        below = Event("nests", {"level": level - 1})
        if not level:
            state["depth"] = 0
        elif asking == "run":
            state["depth"] = runtime.run("nests", below).state["depth"] + 1
        elif asking == "ask":
            state["depth"] = runtime.agent("nests").ask(below, block=True).state["depth"] + 1
        else:
            state["depth"] = runtime.agent("nests").ask(below, block=False).get().state["depth"] + 1

    with VirtualRuntime(seed=seed, max_threads=2) as runtime:
        runtime.spawn("nests", nests)

        runs = [runtime.submit("nests", {"level": 8}, timeout=HOUR) for _ in range(4)]

        assert [run.result().state["depth"] for run in runs] == [8] * 4
        runtime.settle()
        assert runtime._system.threads.thread_count <= 2


def test_an_agent_that_waits_for_room_does_not_starve_the_pool() -> None:
    events: list[int] = []

    def takes(event: Event, state: State) -> None:
        events.append(event.data["n"])

    def sends(event: Event, state: State) -> None:
        for n in range(5):
            runtime.agent("takes").ask(Event(data={"n": n}), block=False)

    with Runtime(max_threads=1) as runtime:
        runtime.spawn("takes", takes, concurrency=1, mailbox=MailboxPolicy(capacity=1, overflow="wait", wait=PATIENCE))
        runtime.spawn("sends", sends)

        runtime.run("sends", timeout=PATIENCE)

    assert events[:3] == [0, 1, 2]


@pytest.mark.parametrize("hook", ["on_start", "on_stop"])
def test_a_hook_that_waits_does_not_starve_the_pool(hook: str) -> None:
    class Asks(Agent):
        def run(self, event: Event, state: State) -> None:
            """Answer, with nothing."""

    seen: list[Any] = []
    with VirtualRuntime(max_threads=1) as runtime:
        agents: Runtime = runtime
        setattr(Asks, hook, lambda self: seen.append(agents.agent("answers").ask(PLAIN, block=True)))
        runtime.spawn("answers", answers)
        runtime.spawn("asks", Asks)

        runtime.run("asks", timeout=SHORT)
        runtime.stop_agent("asks")

    assert len(seen) == 1

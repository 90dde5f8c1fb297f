from __future__ import annotations

import asyncio

import pytest

from actors import Agent, Event, Parallel, State
from actors.testing import AnswersAfter, Blocks, Probe, Returns, Scripted, VirtualRuntime
from supervisors import Reason
from supervisors.facts import LoopBlocked, LoopBlockNoticed


def test_a_task_that_others_cancelled_before_it_began_fails_its_event() -> None:
    async def cancels(event: Event, state: State) -> None:
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()

    reasons = set()
    for seed in range(20):
        with VirtualRuntime(seed=seed) as runtime:
            runtime.spawn("cancels", cancels)
            runtime.spawn("quick", Scripted(Returns()))
            run = runtime.submit(Parallel("cancels", "quick", on_failure="finish"))
            error = run.exception()
            reasons.add(None if error is None else error.branches["parallel/quick"].outcome.reason)
            assert runtime.now < 1.0

    assert reasons == {None, Reason.EXCEPTION}


def test_a_block_is_charged_in_full_and_noticed_once() -> None:
    probe = Probe()
    with VirtualRuntime(observers=[probe]) as runtime:
        runtime.spawn("blocks", Scripted(Blocks(3600.0)))
        runtime.spawn("waits", Scripted(AnswersAfter(1.0)))
        runtime.run(Parallel("blocks", "waits"))

    assert sum(fact.seconds for fact in probe.all(LoopBlocked)) == pytest.approx(3600.0)
    assert len(probe.all(LoopBlocked)) < 5
    assert len(probe.all(LoopBlockNoticed)) == 1


def test_a_short_block_is_not_noticed() -> None:
    probe = Probe()
    with VirtualRuntime(observers=[probe]) as runtime:
        runtime.spawn("blocks", Scripted(Blocks(0.05)))
        runtime.run("blocks")
        runtime.advance(10.0)

    assert probe.all(LoopBlocked) == []


def test_the_calls_of_one_agent_keep_asyncios_order_among_themselves() -> None:
    async def relies_on_order(event: Event, state: State) -> None:
        order: list[int] = []
        tasks = [asyncio.create_task(note(order, number)) for number in range(5)]
        await asyncio.sleep(0)
        assert order == [0, 1, 2, 3, 4]
        await asyncio.gather(*tasks)

    async def note(order: list[int], number: int) -> None:
        order.append(number)

    for seed in range(20):
        with VirtualRuntime(seed=seed) as runtime:
            for name in "abc":
                runtime.spawn(name, relies_on_order)
            runtime.run(Parallel("a", "b", "c"))


def test_instances_live_on_the_loop_and_are_moved_when_it_is_replaced() -> None:
    class Lives(Agent):
        async def on_start(self) -> None:
            self.loop = asyncio.get_running_loop()

        async def run(self, event: Event, state: State) -> dict[str, bool]:
            return {"is_at_home": self.loop is asyncio.get_running_loop()}

    with VirtualRuntime() as runtime:
        runtime.spawn("lives", Lives)
        runtime.spawn("blocks", Scripted(Blocks(3600.0)))
        runtime.submit("blocks", timeout=60.0)
        runtime.advance(120.0)

        assert runtime.run("lives").state["is_at_home"] is True
        assert runtime.now == 120.0

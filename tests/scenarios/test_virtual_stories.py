"""Blocked loops, told again in virtual time, where loops are virtual ones that nobody has to watch."""

from __future__ import annotations

import asyncio

import pytest

from actors import Branch, Event, Parallel, State
from actors.testing import Probe, Returns, Scripted, VirtualRuntime, sleep
from supervisors import OutcomeKind, Reason
from supervisors.facts import LoopBlocked
from tests.scenarios.virtual_runs import HOUR, record_of


async def blocks_the_loop(event: Event, state: State) -> None:
    sleep(HOUR)
    state["late"] = True


@pytest.mark.parametrize("order", [("blocker", "healthy"), ("healthy", "blocker")])
@pytest.mark.parametrize("seed", range(5))
def test_who_runs_out_of_time_on_a_blocked_loop_names_the_blocker(order: tuple[str, ...], seed: int) -> None:
    probe = Probe()
    with VirtualRuntime(seed=seed, observers=[probe]) as runtime:
        began = asyncio.Event()

        async def block(event: Event, state: State) -> None:
            await began.wait()
            sleep(HOUR)

        async def behave(event: Event, state: State) -> None:
            began.set()
            await asyncio.sleep(1.0)  # the agent: as it would wait for a server or a database

        runtime.spawn("blocker", block)
        runtime.spawn("healthy", behave)
        branches = [Branch(name, timeout=60.0 if name == "healthy" else None) for name in order]

        run = runtime.submit(Parallel(*branches, name="all", on_failure="finish"))

        outcome = record_of(run, "all/healthy").outcome
    assert (outcome.kind, outcome.reason) == (OutcomeKind.TIMED_OUT, Reason.LOOP_BLOCKED)
    assert outcome.culprit == "blocker"
    assert {fact.agent for fact in probe.all(LoopBlocked)} == {"blocker"}
    assert sum(fact.seconds for fact in probe.all(LoopBlocked)) == pytest.approx(HOUR)


def test_a_loop_that_stays_blocked_is_replaced_and_its_work_done_elsewhere() -> None:
    with VirtualRuntime(abandon_after=5.0) as runtime:
        runtime.spawn("stuck", blocks_the_loop)
        runtime.spawn("quick", Scripted(Returns({"async": "done"})))
        runtime.submit("stuck", timeout=60.0)
        runtime.settle()

        result = runtime.run("quick")

        assert (dict(result.state), result.duration) == ({"async": "done"}, 65.0)
        assert runtime.run("quick").duration == 0.0

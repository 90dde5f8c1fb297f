"""What hangs when its agent is stopped is given up like anything else that hangs, and holds nobody up."""

from __future__ import annotations

import pytest

from actors import Agent, Case, Conditional, Event, Runtime, State
from actors.testing import AnswersAfter, Hangs, Returns, Scripted, ScriptedThread, VirtualRuntime, sleep
from tests.scenarios.test_hanging_hooks import abandoned_in

GRACE, ABANDON_AFTER, LONG = 10.0, 1.0, 3600.0


class HangsInStop(Agent):
    def run(self, event: Event, state: State) -> None:
        """Do nothing."""

    def on_stop(self) -> None:
        sleep(LONG)


class HangsInStart(Agent):
    def __init__(self) -> None:
        sleep(LONG)

    def run(self, event: Event, state: State) -> None:
        """Never be called."""


def test_a_thread_that_hangs_when_its_agent_is_stopped_is_made_up_for() -> None:
    with VirtualRuntime(max_threads=1, abandon_after=ABANDON_AFTER) as runtime:
        runtime.spawn("hangs", ScriptedThread(AnswersAfter(LONG)), concurrency=1)
        runtime.spawn("quick", ScriptedThread(Returns({"done": True})))
        runtime.submit("hangs")
        runtime.settle()

        runtime.stop_agent("hangs", grace=GRACE)
        result = runtime.run("quick")

        assert result.state["done"]
        assert runtime.now == GRACE + ABANDON_AFTER
        assert len(runtime._system.threads._abandoned) == 1
        runtime.advance(LONG)
        assert len(runtime._system.threads._abandoned) == 0


def test_so_is_one_that_hangs_in_a_stop_hook() -> None:
    with VirtualRuntime(max_threads=1, abandon_after=ABANDON_AFTER) as runtime:
        runtime.spawn("hangs", HangsInStop)
        runtime.spawn("quick", ScriptedThread(Returns({"done": True})))
        runtime.run("hangs")

        runtime.stop_agent("hangs", grace=GRACE)

        assert runtime.run("quick").state["done"]
        assert runtime.now == GRACE


def test_a_start_that_hangs_when_the_runtime_stops_is_told_of() -> None:
    with VirtualRuntime(hook_timeout=LONG, abandon_after=ABANDON_AFTER) as runtime:
        runtime.spawn("hangs", HangsInStart)
        runtime.settle()

        report = runtime.stop(timeout=GRACE)

    assert report.abandoned_work == {"hangs": 1}


def test_a_loop_that_is_blocked_by_an_agent_that_was_stopped_is_replaced() -> None:
    async def blocks(event: Event, state: State) -> None:
        sleep(LONG)

    with VirtualRuntime(abandon_after=ABANDON_AFTER) as runtime:
        runtime.spawn("blocks", blocks, concurrency=1)
        runtime.spawn("quick", Scripted(Returns({"done": True})))
        runtime.submit("blocks")
        runtime.settle()

        runtime.stop_agent("blocks", grace=GRACE)
        result = runtime.run("quick")

        assert result.state["done"]
        assert runtime.now < GRACE + 2 * ABANDON_AFTER


def test_a_second_stop_that_grants_less_time_counts() -> None:
    with VirtualRuntime() as runtime:
        runtime.spawn("hangs", Scripted(Hangs()), concurrency=1)
        runtime.submit("hangs")
        runtime.settle()
        first = runtime.stop_agent("hangs", grace=LONG, block=False)

        runtime.stop_agent("hangs", grace=GRACE)

        first.get(timeout=0)
        assert runtime.now == GRACE


def test_an_agent_whose_only_event_is_withdrawn_before_it_began_has_stopped() -> None:
    with VirtualRuntime(max_threads=1) as runtime:
        runtime.spawn("busy", ScriptedThread(AnswersAfter(LONG)))
        runtime.spawn("waits", ScriptedThread(Returns()), concurrency=1)
        runtime.submit("busy")
        runtime.settle()
        waiting = runtime.submit("waits")
        runtime.settle()
        reply = runtime.stop_agent("waits", grace=GRACE, block=False)
        runtime.settle()

        waiting.cancel()
        reply.get()

        assert runtime.now == 0.0


def is_ready(state: State) -> bool:
    return True


ASKS = Conditional(Case("ready", is_ready, "late"), fallback="late")


@pytest.mark.parametrize("workflow", ["late", ASKS], ids=["agent", "condition"])
def test_work_that_nobody_wants_any_more_does_not_pile_up_before_a_busy_pool(workflow: str | Conditional) -> None:
    with VirtualRuntime(max_threads=1) as runtime:
        runtime.spawn("busy", ScriptedThread(AnswersAfter(LONG)))
        runtime.spawn("late", ScriptedThread(Returns()))
        runtime.submit("busy")
        runtime.settle()

        for _ in range(30):
            runs = [runtime.submit(workflow, timeout=1.0) for _ in range(100)]
            runtime.advance(2.0)
            assert all(run.exception() for run in runs)

        assert runtime._system.threads._queue.qsize() < 2_000
        runtime.advance(LONG)
        assert runtime.run("late").outcome.ok


@pytest.mark.parametrize("agent", [HangsInStop, ScriptedThread(Returns())])
def test_a_group_takes_no_harm_from_an_agent_that_is_stopped_before_it_was_its_turn(agent: object) -> None:
    with VirtualRuntime() as runtime:
        with runtime.group("desk") as group:
            group.spawn("stopped", agent)
            group.spawn("stays", Scripted(Returns({"done": True})))
            runtime.stop_agent("stopped")

        assert runtime.run("stays").state["done"]
        group.stop(timeout=GRACE)
        assert runtime.agents == ()


def test_what_was_given_up_is_counted() -> None:
    with VirtualRuntime(abandon_after=ABANDON_AFTER, hook_timeout=GRACE) as runtime:
        runtime.spawn("hangs", HangsInStart)
        runtime.advance(GRACE)

        assert abandoned_in(runtime) == 1


# In real time


def test_an_interrupt_while_a_runtime_drains_stops_it_at_once() -> None:
    runtime = Runtime()
    runtime.start()
    runtime.spawn("hangs", Scripted(Hangs()))
    run = runtime.submit("hangs")

    class Interrupting:
        """Stands for the main thread's Ctrl-C while it waits."""

        def __call__(self, timeout: float | None) -> bool:
            run.wait = waits  # type: ignore[method-assign]  # once
            raise KeyboardInterrupt

    waits = run.wait
    run.wait = Interrupting()  # type: ignore[method-assign]  # the interrupt strikes there

    with pytest.raises(KeyboardInterrupt):
        runtime.stop(timeout=LONG)

    assert run.cancelled()
    assert runtime.stop().cancelled_runs == ()

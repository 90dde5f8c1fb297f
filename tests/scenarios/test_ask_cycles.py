"""Agents that ask each other: what waits for itself is named, ended or refused, and they answer again."""

from __future__ import annotations

import asyncio
import threading

import pytest

from actors import (
    Agent,
    AgentContext,
    AgentFailedError,
    Event,
    Runtime,
    RunTimeoutError,
    State,
    WorkflowFailedError,
)
from actors.cells import offspring
from actors.testing import AnswersAfter, Scripted, VirtualRuntime
from actors.values.errors import NestingError
from supervisors import Reason
from supervisors.facts import AgentRestarted
from tests.scenarios.asking import (
    EACH_WAY,
    PLAIN,
    Ask,
    awaiting,
    blocking,
    getting,
    on_a_thread_of_its_own,
    starting,
)
from tests.scenarios.orchestrating import SHORT, failure_of, nothing_is_left, runtime
from tests.scenarios.watching import PATIENCE, Watcher

__all__ = ["runtime"]  # a fixture


@EACH_WAY
def test_an_agent_that_asks_itself_ends_at_its_deadline_and_answers_again(runtime: VirtualRuntime, asking: Ask) -> None:
    runtime.spawn("alone", asking(runtime, "alone"), concurrency=1)

    error = failure_of(runtime.submit("alone", {"asks": True}, timeout=SHORT))

    assert isinstance(error, RunTimeoutError)
    assert error.outcome.detail == "agent 'alone' waits for itself: alone -> alone"
    assert runtime.run("alone", timeout=SHORT).outcome.ok
    assert nothing_is_left(runtime)


@EACH_WAY
def test_two_agents_that_ask_each_other_end_at_the_deadline_and_answer_again(
    runtime: VirtualRuntime, watcher: Watcher, asking: Ask
) -> None:
    runtime.spawn("a", asking(runtime, "b"), concurrency=1)
    runtime.spawn("b", asking(runtime, "a"), concurrency=1)

    error = failure_of(runtime.submit("a", {"asks": True}, timeout=SHORT))
    runtime.settle()

    assert error.outcome.detail == "agent 'a' waits for itself: a -> b -> a"
    assert [runtime.agent(name).ask(PLAIN, block=True).state for name in "ab"] == [{}, {}]
    assert runtime.now == SHORT  # nothing was waited for, and neither agent had to be replaced
    assert watcher.all(AgentRestarted) == []
    assert nothing_is_left(runtime)


@EACH_WAY
def test_a_cycle_of_asks_without_any_deadline_is_refused_at_once(runtime: VirtualRuntime, asking: Ask) -> None:
    runtime.spawn("a", asking(runtime, "b"), concurrency=1)
    runtime.spawn("b", asking(runtime, "c"), concurrency=1)
    runtime.spawn("c", asking(runtime, "a"), concurrency=1)

    with pytest.raises(AgentFailedError) as raised:
        runtime.agent("a").ask(Event(data={"asks": True}))

    assert (raised.value.agent, raised.value.outcome.reason) == ("a", Reason.WAIT_CYCLE)
    assert raised.value.outcome.detail == "agent 'a' waits for itself: a -> b -> c -> a"
    assert runtime.now == 0.0
    runtime.settle()
    assert nothing_is_left(runtime)


@pytest.mark.parametrize(("first", "second"), [(starting, getting), (awaiting, starting), (starting, awaiting)])
def test_cycles_of_asks_and_child_runs_are_seen(runtime: VirtualRuntime, first: Ask, second: Ask) -> None:
    runtime.spawn("a", first(runtime, "b"), concurrency=1)
    runtime.spawn("b", second(runtime, "a"), concurrency=1)

    late = failure_of(runtime.submit("a", {"asks": True}, timeout=SHORT))
    runtime.settle()
    refused = failure_of(runtime.submit("a", {"asks": True}))

    assert late.outcome.detail == "agent 'a' waits for itself: a -> b -> a"
    assert "wait_cycle" in str(refused)
    runtime.settle()
    assert nothing_is_left(runtime)


def test_cycles_across_groups_are_seen(runtime: VirtualRuntime) -> None:
    left, right = runtime.group("left"), runtime.group("right", strategy="one_for_all")
    left.spawn("a", awaiting(runtime, "b"), concurrency=1)
    right.spawn("b", awaiting(runtime, "a"), concurrency=1)

    with pytest.raises(AgentFailedError, match="agent 'a' waits for itself: a -> b -> a"):
        runtime.agent("a").ask(Event(data={"asks": True}))


def test_a_cycle_is_seen_where_a_thread_of_the_agents_asks() -> None:
    with Runtime() as runtime:
        runtime.spawn("a", on_a_thread_of_its_own(runtime, "b"), concurrency=1)
        runtime.spawn("b", blocking(runtime, "a"), concurrency=1)

        with pytest.raises(AgentFailedError, match="agent 'a' waits for itself: a -> b -> a"):
            runtime.agent("a").ask(Event(data={"asks": True}), timeout=PATIENCE)


def test_a_second_instance_that_will_be_free_is_no_cycle(runtime: VirtualRuntime) -> None:
    async def descends(event: Event, state: State) -> None:
        if level := event.data["level"]:
            await runtime.agent("descends").ask(Event(data={"level": level - 1}), block=False)

    ref = runtime.spawn("descends", descends, concurrency=2)

    assert ref.ask(Event(data={"level": 1}), block=True).state == {}
    with pytest.raises(AgentFailedError, match="descends -> descends"):
        ref.ask(Event(data={"level": 2}))


def test_a_second_instance_that_is_being_made_is_no_cycle(runtime: VirtualRuntime) -> None:
    made = 0

    class Slow(Agent):
        async def on_start(self) -> None:
            nonlocal made
            made += 1
            if made > 1:
                await asyncio.sleep(SHORT)  # the agent: takes its time

        async def run(self, event: Event, state: State) -> None:
            if event.data.get("asks"):
                await runtime.agent("slow").ask(PLAIN, block=False)

    ref = runtime.spawn("slow", Slow, concurrency=2)

    assert ref.ask(Event(data={"asks": True}), block=True).state == {}
    assert runtime.now == SHORT


def test_a_busy_agent_is_no_cycle(runtime: VirtualRuntime) -> None:
    runtime.spawn("works", Scripted(AnswersAfter(SHORT)), concurrency=1)
    runtime.spawn("asks", awaiting(runtime, "works"))
    held = runtime.submit("works")

    answer = runtime.agent("asks").ask(Event(data={"asks": True}), block=True)

    assert (answer.state, runtime.now) == ({}, 2 * SHORT)
    assert held.result().outcome.ok


def test_child_runs_are_counted_through_asks(runtime: VirtualRuntime) -> None:
    async def runs(event: Event, state: State, context: AgentContext) -> None:
        try:
            await context.run("asks")
        except NestingError as error:
            state["error"] = str(error)
        except WorkflowFailedError:
            raise
        else:
            return
        raise RecursionError(state["error"])

    async def asks(event: Event, state: State) -> None:
        await runtime.agent("runs").ask(event, block=False)

    runtime.spawn("runs", runs)
    runtime.spawn("asks", asks)

    assert "nested 32 deep, no deeper: runs -> runs" in str(failure_of(runtime.submit("runs")))


def test_no_cycle_is_looked_for_in_another_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []
    monkeypatch.setattr(offspring, "break_cycle", lambda asked: looked_at.append(asked.agent))
    gate = threading.Event()
    with Runtime() as here, Runtime() as there:
        there.spawn("answers", lambda _event, _state: gate.wait(PATIENCE) and None)

        def asks(event: Event, state: State) -> None:
            reply = there.agent("answers").ask(event, block=False)
            gate.set()
            reply.get(timeout=PATIENCE)

        here.spawn("asks", asks)
        result = here.run("asks")

    assert result.outcome.ok
    assert looked_at == []  # it belongs to the control plane of the other runtime, which changes it meanwhile

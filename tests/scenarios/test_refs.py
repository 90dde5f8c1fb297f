"""Refs are Pykka's: tell, ask, stop and is_alive behave as there."""

from __future__ import annotations

import asyncio
import copy
import pickle
import queue
import threading
from collections.abc import Iterator
from typing import Any

import pykka
import pytest

from actors import (
    Agent,
    AgentContext,
    AgentResult,
    AgentTimeoutError,
    Event,
    Runtime,
    State,
)
from actors.testing import AnswersAfter, ScriptedThread, VirtualRuntime, sleep
from supervisors.facts import DeadLettered
from tests.scenarios.virtual_runs import HOUR
from tests.scenarios.watching import PATIENCE, Watcher


class Counter(Agent):
    def __init__(self) -> None:
        self.count = 0

    def run(self, event: Event, state: State) -> AgentResult:
        if event.data.get("fail"):
            raise LookupError("asked to")
        self.count += 1
        return AgentResult(state={"count": self.count}, metadata={"by": event.target})


Ref = pykka.ActorRef[Any]


@pytest.fixture(params=range(5), ids="seed {}".format)
def runtime(request: pytest.FixtureRequest, watcher: Watcher) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(seed=request.param, observers=[watcher]) as runtime:
        yield runtime


@pytest.fixture
def ref(runtime: VirtualRuntime) -> Iterator[Ref]:
    yield runtime.spawn("counter", Counter)


def test_a_ref_is_an_actor_ref(runtime: VirtualRuntime, ref: Ref) -> None:
    assert isinstance(ref, pykka.ActorRef)
    assert ref.is_alive()
    assert runtime.agent("counter") == ref
    assert ref in {runtime.agent("counter")}
    assert pykka.ActorRegistry.get_all() == []


def test_a_ref_says_which_agent_it_leads_to(ref: Ref) -> None:
    assert str(ref) == f"agent 'counter' ({ref.actor_urn})"
    assert repr(ref) == f"<ActorRef for agent 'counter' ({ref.actor_urn})>"


def test_a_copy_of_a_ref_is_the_same_ref(ref: Ref) -> None:
    assert copy.copy(ref) is ref
    assert copy.deepcopy({"refs": [ref]})["refs"][0] is ref


def test_a_ref_cannot_be_sent_to_another_process(ref: Ref) -> None:
    with pytest.raises(TypeError, match=r"agent 'counter' .* cannot be pickled"):
        pickle.dumps(ref)


def test_asking_answers_with_a_result(ref: Ref) -> None:
    result = ref.ask(Event())

    assert isinstance(result, AgentResult)
    assert result.state["count"] == 1
    assert result.metadata["by"] == "counter"


def test_asking_without_blocking_gives_a_future(ref: Ref) -> None:
    futures = [ref.ask(Event(), block=False) for _ in range(5)]

    assert all(isinstance(future, pykka.Future) for future in futures)
    counts = [result.state["count"] for result in pykka.get_all(futures, timeout=60.0)]
    assert counts == [1, 2, 3, 4, 5]


def test_a_future_can_be_mapped_and_got_twice(ref: Ref) -> None:
    future = ref.ask(Event(), block=False)
    calls = []
    mapped = future.map(lambda result: calls.append(result.state["count"]))

    assert future.get() is future.get()
    assert [mapped.get(), mapped.get(), calls] == [None, None, [1]]
    with pytest.raises(queue.Full):
        future.set("another answer")


def test_a_future_can_be_awaited_without_blocking_the_loop(gate: threading.Event) -> None:
    def waits(event: Event, state: State) -> None:
        gate.wait(PATIENCE)

    async def client(ref: Ref) -> bool:
        future = ref.ask(Event(), block=False)
        asyncio.get_running_loop().call_soon(gate.set)
        await future
        return True

    with Runtime() as runtime:
        assert asyncio.run(client(runtime.spawn("waits", waits)))


def test_what_the_agent_raises_is_raised_by_ask(ref: Ref) -> None:
    with pytest.raises(LookupError, match="asked to"):
        ref.ask(Event(data={"fail": True}))

    assert ref.ask(Event(), block=True).state["count"] == 1


def test_telling_does_not_answer(ref: Ref) -> None:
    assert ref.tell(Event()) is None  # type: ignore[func-returns-value]  # which is the claim

    assert ref.ask(Event(), block=True).state["count"] == 2


def test_a_failure_of_what_was_told_is_logged_and_keeps_the_agent(
    runtime: VirtualRuntime, ref: Ref, caplog: pytest.LogCaptureFixture
) -> None:
    ref.tell(Event(data={"fail": True}))

    assert ref.ask(Event(), block=True).state["count"] == 1
    runtime.settle()
    assert "asked to" in caplog.text


@pytest.mark.parametrize("message", ["text", {"a": "mapping"}, None, 7])
def test_only_events_are_taken(ref: Ref, message: object) -> None:
    with pytest.raises(TypeError, match=r"actors\.Event"):
        ref.tell(message)
    with pytest.raises(TypeError, match=r"actors\.Event"):
        ref.ask(message)


def test_proxies_are_refused_with_a_reason(ref: Ref) -> None:
    with pytest.raises(TypeError, match="no proxy"):
        ref.proxy()


def test_stopping_a_ref_stops_its_agent(runtime: VirtualRuntime, ref: Ref) -> None:
    ref.ask(Event())

    assert ref.stop(timeout=60.0) is True

    assert not ref.is_alive()
    assert runtime.agents == ()
    assert ref.stop(timeout=60.0) is False
    with pytest.raises(pykka.ActorDeadError):
        ref.ask(Event())
    with pytest.raises(pykka.ActorDeadError):
        ref.tell(Event())


def test_stopping_without_blocking_gives_a_future(ref: Ref) -> None:
    stopping = ref.stop(block=False)

    assert stopping.get() is True
    assert not ref.is_alive()


def test_an_ask_that_took_too_long_raises_pykkas_timeout_and_goes_on(runtime: VirtualRuntime) -> None:
    handled = []

    def waits(event: Event, state: State) -> None:
        sleep(HOUR)
        handled.append(event)

    ref = runtime.spawn("waits", waits)

    with pytest.raises(pykka.Timeout):
        ref.ask(Event(), timeout=60.0)

    assert (runtime.now, handled) == (60.0, [])
    runtime.advance(HOUR - 60.0)
    assert len(handled) == 1


def test_a_timeout_that_the_agent_raised_is_told_from_that_of_the_ask(runtime: VirtualRuntime) -> None:
    def fails(event: Event, state: State) -> None:
        raise pykka.Timeout("what it asked for did not come")

    ref = runtime.spawn("fails", fails)

    with pytest.raises(pykka.Timeout, match="what it asked for did not come"):
        ref.ask(Event(), timeout=60.0)


def test_the_timeout_of_an_agent_ends_an_ask(runtime: VirtualRuntime, watcher: Watcher) -> None:
    ref = runtime.spawn("waits", ScriptedThread(AnswersAfter(HOUR)), timeout=60.0)

    with pytest.raises(AgentTimeoutError) as caught:
        ref.ask(Event())

    assert caught.value.outcome.budget == "agent waits"
    assert runtime.now == 60.0
    runtime.advance(HOUR)
    assert [letter.reason for letter in watcher.all(DeadLettered)] == ["late_answer"]


def test_an_agent_that_is_asked_directly_has_an_empty_state_and_its_context(
    runtime: VirtualRuntime,
) -> None:
    def tell_all(event: Event, state: State, context: AgentContext) -> dict[str, object]:
        return {"keys": list(state), "left": context.remaining, "attempt": context.attempt}

    ref = runtime.spawn("agent", tell_all)

    assert dict(ref.ask(Event(), block=True).state) == {"keys": [], "left": None, "attempt": 1}


def test_events_from_one_sender_are_handled_in_order(runtime: VirtualRuntime) -> None:
    seen: list[int] = []

    class Listener(Agent):
        def run(self, event: Event, state: State) -> None:
            seen.append(event.data["n"])

    ref = runtime.spawn("listener", Listener)

    for n in range(1_000):
        ref.tell(Event(data={"n": n}))
    ref.ask(Event(data={"n": 1_000}))

    assert seen == list(range(1_001))


def test_a_ref_of_a_stopped_runtime_is_dead() -> None:
    with VirtualRuntime() as runtime:
        ref = runtime.spawn("counter", Counter)

    assert not ref.is_alive()
    with pytest.raises(pykka.ActorDeadError):
        ref.ask(Event())

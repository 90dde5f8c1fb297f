"""What breaks in Pykka's actors and cannot break in an agent's cell: messages, bounds and deadlines."""

from __future__ import annotations

import threading
from typing import Any

import pykka
import pytest

from actors import AgentResult, AgentTimeoutError, Event, MailboxFullError, Runtime, State
from supervisors.facts import AgentRestarted
from tests.actors.gated_agents import Echo, Gated, ask, gate, gated, is_in, runtime, watcher
from tests.scenarios.watching import PATIENCE, Watcher

__all__ = ["gate", "gated", "is_in", "runtime", "watcher"]  # fixtures


# 11: messages, bounds and lanes


def test_what_is_sent_is_a_copy_that_nobody_can_change(runtime: Runtime) -> None:
    ref = runtime.spawn("meddler", meddle)
    names = ["a"]
    event = Event(data={"names": names})

    with pytest.raises(TypeError):
        ask(ref, event)
    names.append("b")

    assert event.data == {"names": ["a"]}


def meddle(event: Event, state: State) -> None:
    event.data["names"].append("mine")


def test_full_mailbox_refuses_one_more_event_to_its_sender(
    gated: pykka.ActorRef[Any], gate: threading.Event, is_in: threading.Event
) -> None:
    gated.tell(Event())
    assert is_in.wait(PATIENCE)
    gated.tell(Event())

    with pytest.raises(MailboxFullError, match=r"the mailbox of agent 'gated' is full \(1 events\)"):
        gated.tell(Event())
    with pytest.raises(MailboxFullError):
        gated.ask(Event(), timeout=PATIENCE)


def test_function_takes_as_many_events_at_once_as_its_mailbox_says(
    runtime: Runtime, gate: threading.Event, is_in: threading.Event
) -> None:
    agent = Gated(gate, is_in)
    ref = runtime.spawn("function", agent.run, mailbox=2)
    running = [ref.ask(Event(), block=False) for _ in range(2)]

    with pytest.raises(MailboxFullError):
        ref.tell(Event())

    gate.set()
    assert [type(each.get(timeout=PATIENCE)) for each in running] == [AgentResult, AgentResult]


# 12: what runs in the sender's thread


@pytest.mark.parametrize("message", [None, "text", {"target": "echo"}, 3])
def test_anything_but_an_event_is_refused_to_its_sender(runtime: Runtime, message: object) -> None:
    ref = runtime.spawn("echo", Echo)

    with pytest.raises(TypeError, match="agent 'echo' takes an actors.Event, not"):
        ref.tell(message)
    with pytest.raises(TypeError, match="agent 'echo' takes an actors.Event, not"):
        ref.ask(message)

    assert ask(ref) == {"events": 1}


def test_proxy_is_refused_with_a_reason(runtime: Runtime) -> None:
    ref = runtime.spawn("echo", Echo)

    with pytest.raises(TypeError, match=r"takes events, it has no proxy: use ref.tell\(event\) or ref.ask\(event\)"):
        ref.proxy()


# Deadlines of direct events


@pytest.mark.leaves_abandoned_work
def test_asked_event_that_overruns_the_agents_timeout_is_answered_on_time(
    runtime: Runtime, gate: threading.Event, is_in: threading.Event
) -> None:
    ref = runtime.spawn("gated", lambda: Gated(gate, is_in), timeout=0.05)

    with pytest.raises(AgentTimeoutError, match=r"timed_out \(deadline\), out of agent gated"):
        ask(ref)


@pytest.mark.leaves_abandoned_work
def test_asked_event_that_never_began_says_so(runtime: Runtime, gate: threading.Event, is_in: threading.Event) -> None:
    ref = runtime.spawn("gated", lambda: Gated(gate, is_in), timeout=0.05)
    ref.tell(Event())
    assert is_in.wait(PATIENCE)

    with pytest.raises(AgentTimeoutError, match="not_started"):
        ask(ref)


@pytest.mark.leaves_abandoned_work
def test_agent_that_ignores_its_timeout_is_replaced_behind_the_same_ref(runtime: Runtime, watcher: Watcher) -> None:
    gates = [threading.Event(), threading.Event()]
    gates[1].set()
    made = iter(gates)
    ref = runtime.spawn("gated", lambda: Gated(next(made), threading.Event()), timeout=0.05)
    try:
        with pytest.raises(AgentTimeoutError):
            ask(ref)
        watcher.await_fact(AgentRestarted, lambda fact: fact.reason == "abandoned")

        assert ask(ref) == {}
    finally:
        gates[0].set()

"""Waiting for what a runtime does: never longer than one is asked to."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pykka
import pytest

from actors import Event, MailboxFullError
from actors.agents.mailbox import MailboxPolicy
from actors.testing import AnswersAfter, Returns, Scripted, VirtualRuntime

HOUR = 3600.0
Wait = Callable[[VirtualRuntime, Any], object]

WAITS: dict[str, Wait] = {
    "result": lambda runtime, timeout: runtime.submit("slow").result(timeout),
    "exception": lambda runtime, timeout: runtime.submit("slow").exception(timeout),
    "ask": lambda runtime, timeout: runtime.agent("slow").ask(Event("slow"), timeout=timeout),
    "get": lambda runtime, timeout: runtime.agent("slow").ask(Event("slow"), block=False).get(timeout=timeout),
    "stop_agent": lambda runtime, timeout: runtime.stop_agent("slow", timeout=timeout),
}


@pytest.fixture
def runtime() -> Any:
    with VirtualRuntime(grace=2 * HOUR) as runtime:
        runtime.spawn("slow", Scripted(AnswersAfter(HOUR)), concurrency=1)
        runtime.submit("slow")
        runtime.settle()
        yield runtime


@pytest.mark.parametrize("timeout", [0, 0.0, -0.0, -0.5, -1, -1.0, -math.inf])
@pytest.mark.parametrize("name", WAITS)
def test_no_time_and_less_is_no_wait(runtime: VirtualRuntime, name: str, timeout: float) -> None:
    with pytest.raises((TimeoutError, pykka.Timeout)):
        WAITS[name](runtime, timeout)

    assert runtime.now == 0.0


@pytest.mark.parametrize("timeout", [None, math.inf])
@pytest.mark.parametrize("name", WAITS)
def test_no_timeout_and_an_endless_one_wait_for_the_end(
    runtime: VirtualRuntime, name: str, timeout: float | None
) -> None:
    WAITS[name](runtime, timeout)

    assert runtime.now in (HOUR, 2 * HOUR)


@pytest.mark.parametrize(
    ("timeout", "error", "text"),
    [
        (True, TypeError, "timeout must be seconds or None, not True"),
        ("x", TypeError, "timeout must be seconds or None, not 'x'"),
        (math.nan, ValueError, "timeout must be seconds or None, not nan"),
    ],
)
@pytest.mark.parametrize("name", WAITS)
def test_what_is_no_time_is_refused_before_anything_is_done(
    runtime: VirtualRuntime, name: str, timeout: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        WAITS[name](runtime, timeout)

    assert "slow" in runtime.agents
    assert runtime.now == 0.0


def test_a_wait_that_is_refused_has_not_asked_anything(runtime: VirtualRuntime) -> None:
    probe = Scripted(Returns())
    ref = runtime.spawn("quick", probe)

    with pytest.raises(TypeError, match=r"^ask\(\): timeout"):
        ref.ask(Event("quick"), timeout="x")  # type: ignore[call-overload]  # what is tested

    runtime.settle()
    assert probe.calls == ()


# Waiting for room and for the answer


def full(runtime: VirtualRuntime, wait: float) -> tuple[pykka.ActorRef[Any], Scripted]:
    """Spawn an agent that takes an hour for each event, has begun one and has one more waiting."""
    agent = Scripted(AnswersAfter(HOUR))
    ref = runtime.spawn("full", agent, concurrency=1, mailbox=MailboxPolicy(capacity=1, overflow="wait", wait=wait))
    for _ in range(2):
        ref.tell(Event("full"))
        runtime.settle()
    return ref, agent


def test_whoever_asks_waits_for_room_no_longer_than_for_the_answer(runtime: VirtualRuntime) -> None:
    ref, agent = full(runtime, wait=10 * HOUR)

    with pytest.raises(MailboxFullError):
        ref.ask(Event("full"), timeout=60.0)

    assert runtime.now == 60.0
    runtime.advance(4 * HOUR)
    assert len(agent.calls) == 2  # it was not taken afterwards


@pytest.mark.parametrize(("timeout", "answered"), [(2.5 * HOUR, False), (3.5 * HOUR, True)])
def test_the_wait_for_room_counts(runtime: VirtualRuntime, timeout: float, answered: bool) -> None:
    ref, agent = full(runtime, wait=10 * HOUR)

    if answered:
        ref.ask(Event("full"), timeout=timeout)
    else:
        with pytest.raises(pykka.Timeout):
            ref.ask(Event("full"), timeout=timeout)

    assert runtime.now == (3 * HOUR if answered else timeout)
    assert len(agent.calls) == 3


def test_who_has_more_time_than_the_mailbox_grants_is_refused_when_that_is_over(runtime: VirtualRuntime) -> None:
    ref, _ = full(runtime, wait=60.0)

    with pytest.raises(MailboxFullError):
        ref.ask(Event("full"), timeout=HOUR)

    assert runtime.now == 60.0

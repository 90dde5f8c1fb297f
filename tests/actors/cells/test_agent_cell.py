"""What breaks in Pykka's actors and cannot break in an agent's cell: what a handler or a start raises."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pykka
import pytest

from actors import Agent, AgentFailedError, AgentStoppedError, Event, Runtime, State
from supervisors import Restart
from supervisors.facts import AgentGivenUp, AgentRestarted
from tests.actors.gated_agents import FATAL, RAISED, Echo, ask, raising, runtime, watcher
from tests.scenarios.watching import PATIENCE, Watcher

__all__ = ["runtime", "watcher"]  # fixtures


# 1: what a handler raises


def test_exception_in_a_told_event_keeps_the_agent_and_its_state(runtime: Runtime) -> None:
    ref = runtime.spawn("echo", Echo)

    ref.tell(raising("an ordinary exception"))

    assert ask(ref) == {"events": 2}
    assert ref.is_alive()


def test_exception_in_an_asked_event_is_raised_by_the_asker_and_keeps_the_agent(runtime: Runtime) -> None:
    ref = runtime.spawn("echo", Echo)

    with pytest.raises(RuntimeError, match="no"):
        ask(ref, raising("an ordinary exception"))

    assert ask(ref) == {"events": 2}


def test_failure_of_a_told_event_is_logged_with_the_agents_name(runtime: Runtime, logged: Logged) -> None:
    ref = runtime.spawn("echo", Echo)

    ref.tell(raising("an ordinary exception"))

    text = logged.next_text()
    assert text.startswith("agent 'echo' did not handle an event that it was told")
    assert text.endswith("RuntimeError: no")


class Logged(logging.Handler):
    """Keeps what is logged, and lets a test wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self._texts: SimpleQueue[str] = SimpleQueue()

    def emit(self, record: logging.LogRecord) -> None:
        self._texts.put(record.getMessage())

    def next_text(self) -> str:
        return self._texts.get(timeout=PATIENCE)


@pytest.fixture
def logged() -> Iterator[Logged]:
    handler = Logged()
    logging.getLogger("actors").addHandler(handler)
    yield handler
    logging.getLogger("actors").removeHandler(handler)


# 2 and 3: what must not stop the process


@pytest.mark.parametrize("name", FATAL)
def test_base_exception_stops_no_other_actor(runtime: Runtime, name: str) -> None:
    bystander = runtime.spawn("bystander", Echo)
    stranger = Stranger.start()
    ref = runtime.spawn("echo", Echo)

    with pytest.raises(AgentFailedError):
        ask(ref, raising(name))

    assert ask(bystander) == {"events": 1}
    assert stranger.is_alive()
    stranger.stop()


class Stranger(pykka.ThreadingActor):
    """An actor of somebody else in the same process."""


@pytest.mark.parametrize("name", FATAL)
def test_asker_is_told_which_base_exception_it_was(runtime: Runtime, name: str) -> None:
    ref = runtime.spawn("echo", Echo)

    with pytest.raises(AgentFailedError, match="agent 'echo' failed") as raised:
        ask(ref, raising(name))

    failure = raised.value.outcome.failure
    assert failure is not None
    assert failure.exception is RAISED[name]


def test_cancelled_error_of_a_plain_function_is_not_put_down_to_an_event_loop(runtime: Runtime) -> None:
    ref = runtime.spawn("echo", Echo)

    with pytest.raises(AgentFailedError) as raised:
        ask(ref, raising("CancelledError"))

    assert "event loop" not in str(raised.value)


@pytest.mark.parametrize("name", FATAL)
def test_base_exception_restarts_the_agent_behind_the_same_ref(runtime: Runtime, watcher: Watcher, name: str) -> None:
    ref = runtime.spawn("echo", Echo)
    ask(ref)

    ref.tell(raising(name))

    restarted = watcher.await_fact(AgentRestarted)
    assert (restarted.agent, restarted.reason) == ("echo", "base_exception")
    assert ask(ref) == {"events": 1}


def test_base_exception_in_an_async_agent_stops_nobody_else(runtime: Runtime) -> None:
    async def fatal(event: Event, state: State) -> None:
        raise SystemExit(3)

    async def harmless(event: Event, state: State) -> dict[str, Any]:
        return {"ok": True}

    fatal_ref, bystander = runtime.spawn("fatal", fatal), runtime.spawn("harmless", harmless)

    with pytest.raises(AgentFailedError, match="SystemExit"):
        ask(fatal_ref)

    assert ask(bystander) == {"ok": True}


def test_stop_all_of_the_registry_reaches_no_agent(runtime: Runtime) -> None:
    ref = runtime.spawn("echo", Echo)

    pykka.ActorRegistry.stop_all()

    assert ask(ref) == {"events": 1}


# 6: a start that fails


class Unstartable(Agent):
    def on_start(self) -> None:
        raise RuntimeError("no connection")

    def run(self, event: Event, state: State, /, *args: Any) -> None:
        raise AssertionError("it never started")


@pytest.mark.expects_errors
def test_failed_start_rejects_what_is_queued_with_its_reason(runtime: Runtime) -> None:
    ref = runtime.spawn("sick", Unstartable, restart=Restart(max_restarts=0))

    with pytest.raises(AgentStoppedError, match="RuntimeError: no connection"):
        ask(ref)


@pytest.mark.expects_errors
def test_start_that_keeps_failing_is_reported_and_given_up(runtime: Runtime, watcher: Watcher) -> None:
    runtime.spawn("sick", Unstartable, restart=Restart(max_restarts=1))

    given_up = watcher.await_fact(AgentGivenUp)

    assert given_up.agent == "sick"
    assert "no connection" in given_up.detail
    assert [fact.reason for fact in watcher.all(AgentRestarted)] == ["start_failed"]


@pytest.mark.expects_errors
def test_agent_that_was_given_up_rejects_what_comes(runtime: Runtime, watcher: Watcher) -> None:
    ref = runtime.spawn("sick", Unstartable, restart=Restart(max_restarts=0))
    watcher.await_fact(AgentGivenUp)

    with pytest.raises(AgentStoppedError, match="no connection"):
        ask(ref)


# 7 and 10: the registry


def test_agent_nobody_refers_to_is_not_collected(runtime: Runtime) -> None:
    runtime.spawn("echo", Echo)
    gc.collect()

    result = runtime.run("echo")

    assert result.state == {"events": 1}


def test_no_cell_is_in_the_registry(runtime: Runtime) -> None:
    ref = runtime.spawn("echo", Echo)
    ask(ref)

    assert pykka.ActorRegistry.get_all() == []

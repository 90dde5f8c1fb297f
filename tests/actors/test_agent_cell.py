"""What breaks in Pykka's actors and cannot break in an agent's cell; and what the cell promises beside that."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pykka
import pytest

from actors import (
    Agent,
    AgentFailedError,
    AgentResult,
    AgentStoppedError,
    AgentTimeoutError,
    Event,
    MailboxFullError,
    Runtime,
    State,
)
from supervisors import Restart
from supervisors.facts import AgentGivenUp, AgentRestarted
from tests.scenarios.watching import PATIENCE, Watcher


class Echo(Agent):
    """Counts its events, and does what they ask for."""

    def __init__(self) -> None:
        self._events = 0

    def run(self, event: Event, state: State, /, *args: Any) -> dict[str, Any]:
        self._events += 1
        if "raise" in event.metadata:
            raise RAISED[event.metadata["raise"]]
        return {"events": self._events, **event.data}


class Gated(Agent):
    """Waits at a gate that a test holds."""

    def __init__(self, gate: threading.Event, is_in: threading.Event) -> None:
        self._gate = gate
        self._is_in = is_in

    def run(self, event: Event, state: State, /, *args: Any) -> None:
        self._is_in.set()
        self._gate.wait(PATIENCE)


RAISED: dict[str, BaseException] = {
    "an ordinary exception": RuntimeError("no"),
    "SystemExit": SystemExit(3),
    "KeyboardInterrupt": KeyboardInterrupt(),
    "CancelledError": asyncio.CancelledError(),
    "pytest.fail": pytest.fail.Exception("failed"),
}
FATAL = [name for name in RAISED if name != "an ordinary exception"]


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def runtime(watcher: Watcher) -> Iterator[Runtime]:
    with Runtime(observers=[watcher], abandon_after=0.05, grace=PATIENCE) as runtime:
        yield runtime


@pytest.fixture
def gate(runtime: Runtime) -> Iterator[threading.Event]:
    """A gate that is opened before the runtime is stopped."""
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def is_in() -> threading.Event:
    return threading.Event()


@pytest.fixture
def gated(runtime: Runtime, gate: threading.Event, is_in: threading.Event) -> pykka.ActorRef[Any]:
    """An agent with one place in its mailbox, which waits at the gate."""
    return runtime.spawn("gated", lambda: Gated(gate, is_in), mailbox=1)


def raising(name: str) -> Event:
    return Event(metadata={"raise": name})


def ask(ref: pykka.ActorRef[Any], event: Event | None = None) -> dict[str, Any]:
    result = ref.ask(event or Event(), timeout=PATIENCE)
    assert isinstance(result, AgentResult)
    return dict(result.state)


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


# 4: the lost ask


def test_every_ask_that_races_with_a_stop_is_answered(runtime: Runtime) -> None:
    rounds = 100
    for number in range(rounds):
        ref = runtime.spawn(f"echo-{number}", Echo)
        start = threading.Barrier(2)
        asked: list[pykka.Future[Any]] = []

        def send(ref: pykka.ActorRef[Any], start: threading.Barrier, asked: list[pykka.Future[Any]]) -> None:
            start.wait(PATIENCE)
            asked.extend(ref.ask(Event(), block=False) for _ in range(5))

        sender = threading.Thread(target=send, args=(ref, start, asked))
        sender.start()
        start.wait(PATIENCE)
        ref.stop(timeout=PATIENCE)
        sender.join(PATIENCE)

        for future in asked:
            try:
                assert future.get(timeout=PATIENCE).state["events"]
            except pykka.ActorDeadError:
                continue


# 5: stopping


def test_stop_does_not_queue_behind_work(
    gated: pykka.ActorRef[Any], gate: threading.Event, is_in: threading.Event
) -> None:
    gated.tell(Event())
    assert is_in.wait(PATIENCE)
    queued = gated.ask(Event(), block=False)

    gated.stop(block=False)

    with pytest.raises(AgentStoppedError, match="agent 'gated' did not handle the event: it was stopped"):
        queued.get(timeout=PATIENCE)
    assert not gate.is_set()


def test_stop_does_not_block_the_caller_when_the_mailbox_is_full(
    gated: pykka.ActorRef[Any], gate: threading.Event, is_in: threading.Event
) -> None:
    gated.tell(Event())
    assert is_in.wait(PATIENCE)
    gated.tell(Event())
    with pytest.raises(MailboxFullError):
        gated.tell(Event())

    stopped = gated.stop(block=False)

    gate.set()
    assert stopped.get(timeout=PATIENCE) is True


@pytest.mark.leaves_abandoned_work
def test_hung_agent_is_not_alive_once_its_grace_is_over(
    runtime: Runtime, gated: pykka.ActorRef[Any], is_in: threading.Event
) -> None:
    gated.tell(Event())
    assert is_in.wait(PATIENCE)

    runtime.stop_agent("gated", grace=0.01, timeout=PATIENCE)

    assert not gated.is_alive()
    with pytest.raises(pykka.ActorDeadError):
        gated.tell(Event())


def test_event_in_progress_is_finished_before_the_agent_stops(
    gated: pykka.ActorRef[Any], gate: threading.Event, is_in: threading.Event
) -> None:
    running = gated.ask(Event(), block=False)
    assert is_in.wait(PATIENCE)

    stopped = gated.stop(block=False)
    gate.set()

    assert isinstance(running.get(timeout=PATIENCE), AgentResult)
    assert stopped.get(timeout=PATIENCE) is True


def test_stopping_a_stopped_agent_says_that_it_was_dead(runtime: Runtime) -> None:
    ref = runtime.spawn("echo", Echo)

    assert ref.stop(timeout=PATIENCE) is True

    assert ref.stop(timeout=PATIENCE) is False


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


# 8: waiting


def test_awaiting_an_answer_lets_the_loop_run(runtime: Runtime, gate: threading.Event, is_in: threading.Event) -> None:
    ref = runtime.spawn("gated", lambda: Gated(gate, is_in))

    async def open_and_await() -> Any:
        answer = ref.ask(Event(), block=False)
        asyncio.get_running_loop().call_soon(gate.set)  # comes to pass only if awaiting does not block
        return await answer

    assert isinstance(asyncio.run(asyncio.wait_for(open_and_await(), PATIENCE)), AgentResult)


def test_every_waiter_on_a_stop_keeps_to_its_own_timeout(
    gated: pykka.ActorRef[Any], gate: threading.Event, is_in: threading.Event
) -> None:
    gated.tell(Event())
    assert is_in.wait(PATIENCE)
    stopped = gated.stop(block=False)
    timeouts: list[pykka.Timeout] = []

    def wait() -> None:
        with pytest.raises(pykka.Timeout) as raised:
            stopped.get(timeout=0.01)
        timeouts.append(raised.value)

    waiters = [threading.Thread(target=wait) for _ in range(3)]
    for waiter in waiters:
        waiter.start()
    for waiter in waiters:
        waiter.join(PATIENCE)

    assert len(timeouts) == len(waiters)
    gate.set()
    assert stopped.get(timeout=PATIENCE) is True


# 9: what is told to the dead


def test_event_told_while_the_agent_stops_is_refused_to_its_sender(
    gated: pykka.ActorRef[Any], gate: threading.Event, is_in: threading.Event
) -> None:
    gated.tell(Event())
    assert is_in.wait(PATIENCE)
    gated.stop(block=False)

    with pytest.raises(pykka.ActorDeadError):
        gated.tell(Event())


def test_told_event_that_a_stop_overtakes_is_a_dead_letter(
    gated: pykka.ActorRef[Any], watcher: Watcher, is_in: threading.Event
) -> None:
    gated.tell(Event())
    assert is_in.wait(PATIENCE)
    gated.tell(Event())

    gated.stop(block=False)

    assert "gated" in watcher.await_dead_letter("agent_stopped").detail


def test_telling_the_dead_fails_only_the_event_of_the_agent_that_tells(runtime: Runtime) -> None:
    dead = runtime.spawn("dead", Echo)
    dead.stop(timeout=PATIENCE)

    def teller(event: Event, state: State) -> dict[str, Any]:
        if event.data.get("to the dead"):
            dead.tell(Event())
        return {"told": True}

    ref = runtime.spawn("teller", teller)

    with pytest.raises(pykka.ActorDeadError):
        ask(ref, Event(data={"to the dead": True}))

    assert ask(ref) == {"told": True}


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

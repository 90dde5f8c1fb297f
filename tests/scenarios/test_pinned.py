"""Plain agents whose instances keep a thread of their own, as an SQLite connection needs."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator

import pytest

from actors import Agent, Event, Runtime, RunTimeoutError, State, WorkflowFailedError
from actors.testing import VirtualRuntime, sleep
from supervisors.facts import AgentRestarted
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE, Watcher


@pytest.fixture
def runtime(watcher: Watcher) -> Iterator[Runtime]:
    with Runtime(observers=[watcher], abandon_after=0.05, grace=60.0, max_threads=3) as runtime:
        yield runtime


class Ledger(Agent):
    """Keeps what it is told in a database; its connection may be used by the thread that opened it only."""

    def __init__(self, log: list[str]) -> None:
        self.log = log

    def on_start(self) -> None:
        self.connection = sqlite3.connect(":memory:")
        self.connection.execute("create table entries (amount integer)")
        self.log.append("opened")

    def on_restart(self, reason: str) -> None:
        self.log.append(f"restarted after {reason}")

    def run(self, event: Event, state: State) -> dict[str, int]:
        if event.data.get("crash"):
            raise SystemExit
        self.connection.execute("insert into entries values (?)", [event.data.get("amount", 0)])
        [(total,)] = self.connection.execute("select sum(amount) from entries")
        return {"total": total, "thread": threading.get_ident()}

    def on_stop(self) -> None:
        self.connection.close()
        self.log.append("closed")


def test_a_connection_is_opened_used_and_closed_on_one_thread(runtime: Runtime) -> None:
    log: list[str] = []
    runtime.spawn("ledger", lambda: Ledger(log), dispatcher="pinned")

    states = [runtime.run("ledger", {"amount": amount}).state for amount in (1, 2, 3)]
    runtime.stop_agent("ledger")

    assert [state["total"] for state in states] == [1, 3, 6]
    assert len({state["thread"] for state in states}) == 1
    assert log == ["opened", "closed"]


def test_each_instance_has_a_thread_of_its_own(runtime: Runtime) -> None:
    both = threading.Barrier(2)

    class Meeting(Agent):
        def run(self, event: Event, state: State) -> dict[str, int]:
            both.wait(PATIENCE)
            return {"thread": threading.get_ident()}

    runtime.spawn("agent", Meeting, dispatcher="pinned", concurrency=2)
    runs = [runtime.submit("agent") for _ in range(2)]

    assert len({run.result(PATIENCE).state["thread"] for run in runs}) == 2


def test_what_replaces_an_instance_that_crashed_goes_on_on_its_thread(runtime: Runtime) -> None:
    log: list[str] = []
    runtime.spawn("ledger", lambda: Ledger(log), dispatcher="pinned")
    before = runtime.run("ledger").state["thread"]

    with pytest.raises(WorkflowFailedError, match="SystemExit"):
        runtime.run("ledger", {"crash": True})
    after = runtime.run("ledger", timeout=PATIENCE).state["thread"]
    runtime.stop_agent("ledger")

    assert before == after
    assert log == ["opened", "closed", "opened", "restarted after base_exception", "closed"]


@pytest.mark.leaves_abandoned_work
def test_one_that_hangs_is_abandoned_with_its_thread_and_the_next_has_another(
    runtime: Runtime, watcher: Watcher, gate: threading.Event
) -> None:
    class Hanging(Agent):
        def run(self, event: Event, state: State) -> dict[str, int]:
            if event.data.get("hang"):
                gate.wait(10 * PATIENCE)
            return {"thread": threading.get_ident()}

    runtime.spawn("agent", Hanging, dispatcher="pinned")
    before = runtime.run("agent").state["thread"]

    with pytest.raises(RunTimeoutError):
        runtime.run("agent", {"hang": True}, timeout=0.05)
    watcher.await_fact(AgentRestarted, lambda fact: fact.reason == "abandoned")
    after = runtime.run("agent", timeout=PATIENCE).state["thread"]
    abandoned = runtime._agents.cell("agent").abandoned_count
    gate.set()

    assert before != after
    assert abandoned == 1
    assert eventually(lambda: not runtime._agents.cell("agent").abandoned_count)
    assert eventually(lambda: runtime._system.threads.thread_count <= 2)


@pytest.mark.leaves_abandoned_work
@pytest.mark.expects_errors
def test_a_hook_that_hangs_is_abandoned_with_its_thread(watcher: Watcher, gate: threading.Event) -> None:
    hangs = iter([True])

    class Slow(Agent):
        def on_start(self) -> None:
            if next(hangs, False):
                gate.wait(10 * PATIENCE)

        def run(self, event: Event, state: State) -> None:
            state["worked"] = True

    with Runtime(observers=[watcher], hook_timeout=0.1, grace=5.0, max_threads=2) as runtime:
        runtime.spawn("agent", Slow, dispatcher="pinned")
        watcher.await_fact(AgentRestarted)
        result = runtime.run("agent", timeout=PATIENCE)
        gate.set()

    assert result.state["worked"] is True


def test_a_thread_is_left_for_others_and_what_finds_none_waits_and_is_told_of(runtime: Runtime) -> None:
    def plain(event: Event, state: State) -> None:
        state["plain"] = True

    runtime.spawn("plain", plain)
    for name in ("first", "second", "third"):
        runtime.spawn(name, lambda: Ledger([]), dispatcher="pinned")
    for name in ("first", "second"):
        runtime.run(name, timeout=PATIENCE)

    is_told = eventually(lambda: not runtime.health.is_ok)
    health = runtime.health
    result = runtime.run("plain", timeout=PATIENCE)
    waits = runtime.submit("third", timeout=PATIENCE)
    runtime.stop_agent("first")

    assert is_told
    assert health.reasons == (
        "plain agents wait for a thread of their own: "
        "all 2 threads that instances may keep are kept; raise max_threads, or stop some agents",
    )
    assert result.state["plain"] is True
    assert waits.result(PATIENCE).state["total"] == 0
    assert runtime.health.is_ok


def test_the_only_thread_is_not_kept() -> None:
    with (
        Runtime(max_threads=1) as runtime,
        pytest.raises(ValueError, match="'ledger': dispatcher 'pinned' keeps a thread, and with max_threads=1 none"),
    ):
        runtime.spawn("ledger", lambda: Ledger([]), dispatcher="pinned")


def test_one_that_waits_for_a_thread_is_stopped_at_once(runtime: Runtime) -> None:
    for name in ("first", "second", "third"):
        runtime.spawn(name, lambda: Ledger([]), dispatcher="pinned")
    runtime.run("second", timeout=PATIENCE)
    assert eventually(lambda: not runtime.health.is_ok)

    runtime.stop_agent("third")

    assert runtime.agents == ("first", "second")


def test_agents_without_hooks_give_their_threads_back(runtime: Runtime) -> None:
    class Plain(Agent):
        def run(self, event: Event, state: State) -> dict[str, int]:
            return {"thread": threading.get_ident()}

    for number in range(20):
        runtime.spawn(f"agent {number}", Plain, dispatcher="pinned")
        runtime.run(f"agent {number}", timeout=PATIENCE)
        runtime.stop_agent(f"agent {number}")

    assert runtime._system.threads.thread_count <= 3
    assert runtime.health.is_ok


@pytest.mark.parametrize("seed", range(5))
def test_they_keep_virtual_time(seed: int) -> None:
    class Slow(Agent):
        def on_start(self) -> None:
            sleep(1.0)

        def run(self, event: Event, state: State) -> None:
            sleep(3600.0)
            state["worked"] = True

    with VirtualRuntime(seed=seed) as runtime:
        runtime.spawn("agent", Slow, dispatcher="pinned", concurrency=2)
        runs = [runtime.submit("agent") for _ in range(4)]
        states = [run.result().state for run in runs]
        now = runtime.now

    assert [state["worked"] for state in states] == [True] * 4
    assert now >= 7201.0


async def coroutine_function(event: Event, state: State) -> None:
    """Run on an event loop."""


class Async(Agent):
    async def run(self, event: Event, state: State) -> None:
        """Run on an event loop."""


def function(event: Event, state: State) -> None:
    """Have no instance."""


@pytest.mark.parametrize(
    ("agent", "text"),
    [
        (Async, "`async def` needs the dispatcher 'loop', not 'pinned'"),
        (coroutine_function, "`async def` needs the dispatcher 'loop', not 'pinned'"),
        (function, "a function has no instances; give it another dispatcher"),
    ],
)
def test_what_cannot_keep_a_thread_is_refused(runtime: Runtime, agent: object, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        runtime.spawn("agent", agent, dispatcher="pinned")

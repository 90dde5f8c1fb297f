"""The process dispatcher and what stands for an agent in its process."""

from __future__ import annotations

import socket
import sys
import threading
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from actors.agents.agent import define
from actors.agents.hooks import StartWork
from actors.agents.instance import Instance
from actors.codec import encode
from actors.control.environment import DaemonThreads
from actors.processes.agent_process import AgentProcess
from actors.processes.child import framed, receive
from actors.processes.dispatcher import ProcessDispatcher, _put_back
from actors.values.errors import ProcessEndedError
from actors.values.event import Event
from actors.values.rendering import RenderedError
from actors.values.state import State
from supervisors.outcome import Reason
from tests.actors.child_processes import await_end
from tests.actors.dispatchers import process_agents
from tests.actors.dispatchers.works import PATIENCE, Task

CONTEXT: Any = SimpleNamespace(remaining=None, attempt=1, previous_outcome=None)
Started = Callable[..., AgentProcess]


@pytest.fixture
def started() -> Iterator[Started]:
    processes: list[AgentProcess] = []

    def start(agent: Any, **options: Any) -> AgentProcess:
        process = AgentProcess(define("writer", agent, "process"), 1.0, lambda _process: None, **options)
        processes.append(process)
        process.on_start()
        return process

    yield start
    for process in processes:
        process.end()


# What stands for an agent


def test_it_does_in_its_process_what_the_agent_does(started: Started) -> None:
    process = started(process_agents.Fragile)

    first = process.run(Event(), State(), CONTEXT).state
    process.on_restart("abandoned")
    second = process.run(Event(), State(), CONTEXT).state

    assert (first["handled"], first["pid"]) == (1, process.pid)
    assert (second["handled"], second["restarted"]) == (2, "abandoned")
    process.on_stop()
    assert process.has_ended


def test_killed_before_it_starts_it_does_not_run() -> None:
    forgotten: list[AgentProcess] = []
    process = AgentProcess(define("writer", process_agents.echo, "process"), 1.0, forgotten.append)
    assert (process.pid, process.has_ended) == (0, True)

    process.kill()

    with pytest.raises(CancelledError):
        process.on_start()
    assert process.has_ended
    assert process in forgotten
    assert process.end() == "its process was ended by signal 9 (SIGKILL)"


def test_ended_before_it_starts_there_is_nothing_to_tell() -> None:
    process = AgentProcess(define("writer", process_agents.echo, "process"), 1.0, lambda _process: None)

    process.interrupt(Task(lambda: None))

    assert process.end() == "it was not started"
    process.on_stop()


def test_where_no_process_can_be_started_the_error_says_so(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with pytest.raises(ProcessEndedError, match="agent 'writer' has lost its process: none could be started"):
        started(process_agents.echo)


def test_what_can_be_imported_here_but_not_there_is_told(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if "site-packages" in entry or "lib" in entry])

    with pytest.raises((RenderedError, ProcessEndedError)):
        started(process_agents.echo)


def test_a_limit_holds_in_both_directions(started: Started) -> None:
    process = started(process_agents.swells, most_bytes=10_000)

    with pytest.raises(RenderedError, match="and 10000 are the limit") as there:
        process.run(Event(), State(a=b"x" * 10_000), CONTEXT)
    with pytest.raises(RenderedError, match="and 10000 are the limit") as back:
        process.run(Event(data={"size": 10_000}), State(), CONTEXT)

    assert (there.value.reason, back.value.reason) == (Reason.INVALID_INPUT, Reason.INVALID_RESULT)
    assert not process.has_ended


def test_what_cannot_be_encoded_is_refused(started: Started) -> None:
    process = started(process_agents.moves)
    point = process_agents.Point(1)
    del point.x

    with pytest.raises(RenderedError, match="lacks 'x'") as caught:
        process.run(Event(), State(point=point), CONTEXT)

    assert caught.value.reason is Reason.INVALID_INPUT


@pytest.fixture
def answered(started: Started) -> Iterator[Callable[..., AgentProcess]]:
    """Start a process of which a thread takes the place: to a request it sends what is made of the request's mark."""
    kept: list[Any] = []

    def answer(reply: Callable[[bytes], bytes]) -> AgentProcess:
        process = started(process_agents.echo, most_bytes=10_000)
        own = process._data
        process._data, theirs = socket.socketpair()

        def serve() -> None:
            request = receive(theirs, 10_000)
            assert request is not None
            theirs.sendall(reply(request.mark))

        thread = threading.Thread(target=serve)
        thread.start()
        kept.extend((own, process._data, theirs, thread))
        return process

    yield answer
    for each in kept:
        each.join(PATIENCE) if isinstance(each, threading.Thread) else each.close()


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (lambda mark: framed(b"\xc1", mark), "its answer cannot be taken over: the bytes are no message"),
        (lambda mark: framed(b"x" * 10_001, mark), "a message of 10001 bytes came through, and 10000 are the limit"),
        (lambda mark: framed(encode(Event()), bytes(16)), "what came through is no answer to the request"),
        (lambda mark: framed(encode(Event()), mark)[:-1] + b"\0", "a message came through damaged"),
        (lambda mark: bytes(8) + framed(encode(Event()), mark), "what came through is no answer to the request"),
    ],
)
def test_what_is_no_answer_ends_the_process(
    answered: Callable[..., AgentProcess], reply: Callable[[bytes], bytes], problem: str
) -> None:
    process = answered(reply)

    with pytest.raises(ProcessEndedError, match=f"agent 'writer' has lost its process: {problem}"):
        process.run(Event(), State(), CONTEXT)

    assert process.has_ended
    assert await_end(process.pid)


def test_what_comes_after_an_answer_ends_the_process_before_the_next_request(
    answered: Callable[..., AgentProcess],
) -> None:
    data: dict[str, Any] = {"changed": {}, "removed": (), "metadata": {}}
    process = answered(lambda mark: framed(encode(Event(data=data)), mark) + b"\0")

    process.run(Event(), State(), CONTEXT)

    assert process.has_ended
    assert process.end() == "its process sent something that nobody had asked for, and was killed"
    assert await_end(process.pid)


def test_one_that_hangs_when_it_stops_is_ended_in_time(started: Started) -> None:
    process = started(process_agents.Clinging)
    process._timeout = 0.05

    with pytest.raises(ProcessEndedError, match="timed out"):
        process.on_stop()

    assert await_end(process.pid)


def test_one_that_leaves_a_thread_behind_is_ended_all_the_same(started: Started) -> None:
    process = started(process_agents.Entangled)

    process.on_stop()

    assert await_end(process.pid)


def test_sending_to_one_that_has_ended_is_an_error(started: Started) -> None:
    process = started(process_agents.echo)
    process._data.shutdown(socket.SHUT_RDWR)

    with pytest.raises(ProcessEndedError):
        process.run(Event(), State(), CONTEXT)


def test_one_that_ended_with_something_unread_has_ended(started: Started) -> None:
    process = started(process_agents.echo)
    ours, theirs = socket.socketpair()
    kept, process._data = process._data, ours
    ours.send(b"x")
    theirs.close()

    assert process.has_ended

    ours.close()
    process._data = kept


def test_one_whose_restart_fails_is_ended(started: Started) -> None:
    process = started(process_agents.Clinging)

    with pytest.raises(RenderedError, match="not again"):
        process.on_restart("abandoned")

    assert process.has_ended


def test_an_interrupt_of_the_last_work_is_none_of_the_stop(started: Started) -> None:
    process = started(process_agents.Asynchronous)
    interrupted = Task(lambda: process.run(Event(data={"seconds": 600.0}), State(), CONTEXT))
    performing = threading.Thread(target=process.serve, args=(interrupted,))
    performing.start()
    while process._current[0] is None:
        """Wait until it is under way."""

    process.interrupt(Task(lambda: None))  # another one
    process.interrupt(interrupted)
    performing.join(PATIENCE)
    process.on_stop()

    [(_, error)] = interrupted.endings
    assert isinstance(error, RenderedError)
    assert error.failure.types[0] == "asyncio.exceptions.CancelledError"


# The dispatcher


@pytest.fixture
def dispatcher() -> Iterator[ProcessDispatcher]:
    dispatcher = ProcessDispatcher(DaemonThreads(), 1.0)
    yield dispatcher
    dispatcher.stop(PATIENCE)


def test_it_has_no_thread_before_there_is_work(dispatcher: ProcessDispatcher) -> None:
    dispatcher.repair()

    assert not [each for each in threading.enumerate() if each.name.startswith("mixmode-worker")]
    assert not dispatcher.processes


class Cell:
    """What a start belongs to."""

    name = "writer"
    definition = define("writer", process_agents.echo, "process")

    def __init__(self) -> None:
        self.ended: list[BaseException | None] = []
        self.lock = threading.Lock()
        self.lifecycle = self

    def start_begun(self, work: Any) -> None:
        """Count no time."""

    def start_ended(self, work: Any, product: Any, error: BaseException | None) -> None:
        self.ended.append(error)


def test_it_refuses_work_when_it_was_stopped(dispatcher: ProcessDispatcher) -> None:
    dispatcher.stop(PATIENCE)
    cell: Any = Cell()
    work = StartWork(cell, Instance(0))

    dispatcher.execute(work)
    first = work.product
    dispatcher.execute(work)

    assert [str(error) for error in cell.ended] == ["cancelled (shutdown)"] * 2
    assert work.product is first


def test_starts_that_wait_can_be_withdrawn_and_are_refused_when_it_stops() -> None:
    dispatcher = ProcessDispatcher(DaemonThreads(), 1.0, at_once=1)
    cells: list[Any] = [Cell() for _ in range(3)]
    first, second, third = works = [StartWork(cell, Instance(0)) for cell in cells]
    first.has_ended = True  # it was given up: there is nothing to start
    held = dispatcher._process_of(first)

    with held.use:
        for work in works:
            dispatcher.execute(work)
        withdrawn = dispatcher.withdraw(second)
        had_begun = not dispatcher.withdraw(first)
        left = dispatcher.processes
        dispatcher.stop(0.01)
    dispatcher.stop(PATIENCE)

    assert (withdrawn, had_begun) == (True, True)
    assert second.product not in left
    assert [[str(error) for error in cell.ended] for cell in cells[1:]] == [[], ["cancelled (shutdown)"]]
    third.product.end()


def test_it_stops_without_a_process_whose_user_does_not_let_go(dispatcher: ProcessDispatcher) -> None:
    cell: Any = Cell()
    work = StartWork(cell, Instance(0))
    dispatcher._pool.stop(PATIENCE)
    dispatcher.execute(work)

    with work.product.use:
        dispatcher.stop(0.01)

    assert list(dispatcher.processes) == [work.product]
    dispatcher.stop(PATIENCE)
    assert not dispatcher.processes


def test_an_event_that_has_no_instance_is_not_put_back(dispatcher: ProcessDispatcher) -> None:
    work: Any = SimpleNamespace(cell=SimpleNamespace(lock=threading.Lock()), instance=None)

    assert not _put_back(work, AgentProcess(Cell.definition, 1.0, lambda _process: None))


def test_it_runs_nothing_that_belongs_to_no_process(dispatcher: ProcessDispatcher) -> None:
    work = Task(lambda: None)

    with pytest.raises(AssertionError, match="belongs to no process"):
        dispatcher.execute(work)
    dispatcher.interrupt(work)
    dispatcher.abandon(work)

    assert work.is_abandoned
    assert dispatcher.delayer(work) == ""

"""What stands, in this process, for an agent that lives in a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from asyncio import CancelledError
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from actors.agents.agent import AgentContext, AgentDefinition
from actors.agents.reference import loaded
from actors.codec import MAX_BYTES, MAX_CONTAINERS, decode, encode
from actors.dispatchers.work import Work
from actors.processes.child import MARK_BYTES, NUMBER, BrokenChannelError, framed, receive
from actors.processes.child_process import NO_SIGNAL, ChildProcess, ending
from actors.values.errors import CodecError, ProcessEndedError
from actors.values.event import Event
from actors.values.frozen import FrozenDict
from actors.values.rendering import RenderedError, render
from actors.values.result import AgentResult
from actors.values.state import Delta, State
from actors.values.wire import FoundTypes
from supervisors.outcome import Failure, Reason

LEAVING_TIME = 0.5
"""Seconds that a process has to exit by itself, once its agent has stopped or its channel is closed."""

_UNASKED = "its process sent something that nobody had asked for, and was killed"
_SCRIPT = str(Path(__file__).with_name("child.py").resolve())
_TYPES = FoundTypes(loaded)


class AgentProcess:
    """An agent in a process of its own. It is started with the agent, and ended when that stops or is abandoned.

    Its methods block; one thread at a time calls them, and holds `use` meanwhile. `interrupt` and `kill` do not block,
    and any thread may call them.

    A process that sends anything but the answer to its request is killed: what comes after that could be the answer to
    any request. This is against accidents; an agent that wants to can remember what it was given, as in any dispatcher.

    Args:
        definition: The agent.
        timeout: Seconds that the agent has to stop.
        forget: Called when nothing of the process is left.
        most_bytes: How long a message may be, there and back.
    """

    def __init__(
        self,
        definition: AgentDefinition,
        timeout: float,
        forget: Callable[[AgentProcess], None],
        *,
        most_bytes: int = MAX_BYTES,
    ) -> None:
        self._definition = definition
        self._timeout = timeout
        self._forget = forget
        self._most_bytes = most_bytes
        self.use = threading.Lock()
        # Stored once, when it is started. `_is_killed` is set before `_child` is looked at, and looked at after
        # `_child` was set: one of the two sees the other.
        self._child: ChildProcess | None = None
        self._is_killed = False
        self._status: int | None = None
        self._ending = "it was not started"
        self._data: socket.socket
        self._control: socket.socket
        # The work that it is used for, and its number. One store, by whoever uses it; read by any thread.
        self._current: tuple[Work | None, int] = (None, 1)

    @property
    def pid(self) -> int:
        """The number of its process; 0 before it was started."""
        return self._child.pid if self._child is not None else 0

    @property
    def has_ended(self) -> bool:
        """Whether it is of no more use: there is no process, or that sent what answers nothing. By whoever uses it."""
        return self._child is None or self._status is not None or self._unasked() is not None

    def _unasked(self) -> bytes | None:
        """Return what came though nothing was asked: nothing but the channel's end, or a byte; None if nothing did."""
        try:
            return self._data.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:  # it ended with something unread
            return b""

    def serve(self, work: Work) -> None:
        """Perform a work that calls the methods below; it can be interrupted from now on. By whoever uses it."""
        self._current = (work, self._current[1] + 1)
        work.perform()
        self._current = (None, self._current[1])
        if self._is_killed or self.has_ended:
            self.end()

    def interrupt(self, work: Work) -> None:
        """Tell the process that nobody waits for the answer to a work any more."""
        current, number = self._current
        if current is work and self._child is not None:
            self._child.hint(self._control, NUMBER.pack(number))

    def kill(self) -> None:
        """End the process, whatever it is doing; if it has not started, it will not."""
        self._is_killed = True
        if self._child is not None:
            self._child.kill()

    def end(self) -> str:
        """End the process if it has not ended, leave nothing of it, and say how it ended. By whoever uses it."""
        self._is_killed = True
        if self._child is not None and self._status is None:
            has_sent = bool(self._unasked())
            self._status = self._child.end()
            self._ending = _UNASKED if has_sent else ending(self._status)
        self._forget(self)
        return self._ending

    # What an agent has

    def on_start(self) -> None:
        """Start the process, make the agent in it, and call its hook there."""
        try:
            self._start()
            self._call("start")
        except BaseException:
            self.end()
            raise

    def on_restart(self, reason: str) -> None:
        """Call the hook."""
        try:
            self._call("restart", reason=reason)
        except BaseException:
            self.end()
            raise

    def on_stop(self) -> None:
        """Call the hook, if the process has not ended, and end it."""
        try:
            if not self.has_ended:
                # A number of its own: the last work's may have been interrupted.
                self._current = (None, self._current[1] + 1)
                self._data.settimeout(self._timeout)
                self._call("stop")
                self._data.settimeout(LEAVING_TIME)
                with suppress(OSError):  # it does not exit by itself
                    self._data.recv(1)
        finally:
            self.end()

    def run(self, event: Event, state: State, context: AgentContext) -> AgentResult:
        """Have the event handled, and return the state that comes of it."""
        snapshot = state.snapshot()
        for key in snapshot.shared:
            raise self._unfit(f"state[{key!r}] is shared by reference, and no other process has the object")
        answer = self._call(
            "run",
            event,
            data=event.data,
            state=FrozenDict(snapshot.values),
            meta=FrozenDict(snapshot.meta),
            remaining=context.remaining,
            attempt=context.attempt,
            previous=None if context.previous_outcome is None else encode(context.previous_outcome),
        )
        delta = Delta(answer["changed"], frozenset(answer["removed"]))
        return AgentResult(State._over(snapshot.apply(delta)), answer["metadata"])

    # How it is talked to

    def _start(self) -> None:
        try:
            self._child = self._launched()
        except OSError as error:
            raise ProcessEndedError(self._definition.name, f"none could be started ({error})") from error
        if self._is_killed:
            self._child.kill()
        greeting = {
            "path": list(map(str, sys.path)),
            "agent": self._definition.name,
            "reference": self._definition.reference,
            "most_bytes": self._most_bytes,
        }
        self._send(json.dumps(greeting).encode(), os.urandom(MARK_BYTES))

    def _launched(self) -> ChildProcess:
        with ExitStack() as theirs, ExitStack() as ours:
            channels: list[socket.socket] = []
            numbers: list[int] = []
            for _ in ("data", "control", "life"):
                here, there = socket.socketpair()
                channels.append(ours.enter_context(here))
                numbers.append(theirs.enter_context(there).fileno())
            self._data, self._control, _ = channels
            child = ChildProcess(
                [*_interpreter_flags(), "-u", "-P", _SCRIPT, self._definition.name, *map(str, numbers)],
                channels,
                stdin=subprocess.DEVNULL,
                pass_fds=numbers,
            )
            ours.pop_all()  # they are closed with the child
        return child

    def _call(self, call: str, event: Event | None = None, **facts: Any) -> Mapping[str, Any]:
        """Send a request and return its answer.

        Raises:
            RenderedError: If the agent raised something.
            ProcessEndedError: If the process ended before it answered, or sent something else.
            CancelledError: If it was killed here.
        """
        contents = FrozenDict({"call": call, "number": self._current[1], **facts})
        origin = event or Event(self._definition.name)
        # New for each request, so that nothing that was sent before it, or by chance, can be its answer.
        mark = os.urandom(MARK_BYTES)
        self._send(self._encoded(Event(origin.target, contents, origin.metadata, id=origin.id)), mark)
        try:
            message = receive(self._data, self._most_bytes, mark)
            if message is None:
                raise self._lost()
            answer = decode(message.content, types=_TYPES, max_bytes=self._most_bytes, max_containers=MAX_CONTAINERS)
        except CodecError as error:
            raise self._lost(f"its answer cannot be taken over: {error}; it was killed") from error
        except (TimeoutError, BrokenChannelError) as error:
            raise self._lost(f"{error}; it was killed") from error
        except OSError as error:  # it ended with something unread
            raise self._lost() from error
        if "failure" in answer.data:
            raise _rendered(**answer.data["failure"])
        contained: Mapping[str, Any] = answer.data
        return contained

    def _send(self, content: bytes, mark: bytes) -> None:
        try:
            self._data.sendall(framed(content, mark), NO_SIGNAL)
        except OSError as error:
            raise self._lost() from error

    def _encoded(self, request: Event) -> bytes:
        try:
            return encode(request, max_bytes=self._most_bytes)
        except CodecError as error:
            raise self._unfit(str(error)) from error

    def _unfit(self, problem: str) -> RenderedError:
        """Return the error that tells why something cannot be sent to the process."""
        text = f"what agent {self._definition.name!r} is to be given cannot be sent to its process: {problem}"
        return RenderedError(render(CodecError(text)), Reason.INVALID_INPUT)

    def _lost(self, problem: str = "") -> BaseException:
        """Return the error that tells why the process does not answer."""
        was_killed = self._is_killed
        if self._child is not None and not (was_killed or problem):
            self._child.await_exit(LEAVING_TIME)  # it closed its channel: it is about to, and its status tells why
        ended = self.end()
        return CancelledError() if was_killed else ProcessEndedError(self._definition.name, problem or ended)


def _rendered(reason: str, **facts: Any) -> RenderedError:
    return RenderedError(Failure(**facts), Reason(reason))


def _interpreter_flags() -> list[str]:
    """Return what this interpreter was told by its command line, such as `-O` and `-X`."""
    flags: Callable[[], list[str]] = subprocess._args_from_interpreter_flags  # type: ignore[attr-defined]  # multiprocessing uses it too
    return flags()

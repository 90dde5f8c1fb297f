"""What serves, in the process of an agent, the requests of its host."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any, NoReturn

from actors.agents.agent import AgentDefinition, define, resolve
from actors.agents.invocation import check_keys, reason_of
from actors.agents.reference import imported
from actors.codec import MAX_CONTAINERS, decode, encode
from actors.dispatchers.work import discard
from actors.processes.child import HEAD, MARK_BYTES, Message, closed, framed, opened, receive
from actors.values.errors import CodecError, InvalidResultError
from actors.values.event import Event
from actors.values.frozen import FrozenDict
from actors.values.rendering import RenderedError, render
from actors.values.result import settle
from actors.values.state import Snapshot, State
from actors.values.wire import FoundTypes
from supervisors.clock import SystemClock
from supervisors.outcome import Outcome, Reason

_TYPES = FoundTypes(imported)
_now = SystemClock.now


class Request:
    """A request of the host.

    Args:
        event: How it came.
        mark: What its answer is marked with.
        withdrawn: Returns the number of the last request that nobody waits for any more.
        problem: Why it cannot be answered; None if it can be.
    """

    def __init__(
        self, event: Event, mark: bytes, withdrawn: Callable[[], int], problem: BaseException | None = None
    ) -> None:
        self.mark = mark
        self.problem = problem
        facts = event.data
        self.call: str = facts["call"]
        self.number: int = facts["number"]
        self.facts: Mapping[str, Any] = facts
        self._withdrawn = withdrawn
        self._metadata = event.metadata
        self._target = event.target
        self._id = event.id
        remaining = facts.get("remaining")
        self._ends_at = None if remaining is None else _now() + remaining
        self.snapshot = Snapshot(facts.get("state", FrozenDict()), meta=facts.get("meta", FrozenDict()))
        self.state = State._over(self.snapshot)

    @property
    def event(self) -> Event:
        """The event that the agent is to handle."""
        return Event(self._target, self.facts["data"], self._metadata, id=self._id)

    @property
    def remaining(self) -> float | None:
        """The seconds that are left until the deadline, counted from when it came; None when there is none."""
        return None if self._ends_at is None else max(0.0, self._ends_at - _now())

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self.number <= self._withdrawn()

    @property
    def attempt(self) -> int:
        """Which try this is; 1 is the first."""
        attempt: int = self.facts["attempt"]
        return attempt

    @property
    def previous_outcome(self) -> Outcome | None:
        """How what was tried before this failed; None if nothing was."""
        previous: bytes | None = self.facts["previous"]
        return None if previous is None else decode(previous)

    def run(self, *_args: Any, **_options: Any) -> NoReturn:
        """Refuse: the agents are in the host's process.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError("an agent in a process of its own cannot run workflows; give it another dispatcher")

    def spawn(self, *_args: Any, **_options: Any) -> NoReturn:
        """Refuse: the runtime is in the host's process.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError("an agent in a process of its own cannot spawn agents; give it another dispatcher")


class Service:
    """Makes an agent, and has it handle what the host sends, one request at a time.

    Args:
        data: The socket for requests and answers.
        agent: The agent's name.
        reference: Where the agent is found.
        most_bytes: How long a message may be, there and back.
    """

    def __init__(self, data: socket.socket, *, agent: str, reference: str, most_bytes: int) -> None:
        self._data = data
        self._name = agent
        self._reference = reference
        self._most_bytes = most_bytes
        self._definition: AgentDefinition
        self._instance: Any = None
        # Written by the thread that watches, read by any: the number of the last request that was withdrawn.
        self._withdrawn = 0
        # Of the async service: its loop, and the task of the request that is under way with its number.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: tuple[asyncio.Task[bytes], int] | None = None

    def withdraw(self, number: int) -> None:
        """Note that nobody waits for the answer to a request any more. Any thread."""
        self._withdrawn = number
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._cancel)

    def serve(self) -> None:
        """Serve requests until the agent is stopped, or the host has ended."""
        request = self._decoded(receive(self._data, self._most_bytes))
        if request is None:
            return
        try:
            self._find()
        except BaseException as error:  # noqa: BLE001  # importing a module runs a user's code
            self._data.sendall(framed(self._failure(error), request.mark))
            return
        if self._definition.is_async:
            asyncio.run(self._serve_async(request))
        else:
            self._serve(request)

    def _find(self) -> None:
        """Import the agent; make it at once if only that shows of what kind it is."""
        definition = define(self._name, imported(self._reference), None)
        if not definition.is_resolved and definition.make is not None:
            self._instance = definition.make()
            definition = resolve(definition, self._instance)
        self._definition = definition

    def _serve(self, request: Request | None) -> None:
        while request is not None:
            self._data.sendall(framed(self._answer(request), request.mark))
            is_last, request = request.call == "stop", None  # it is not kept while the next one is waited for
            if not is_last:
                request = self._decoded(receive(self._data, self._most_bytes))

    def _answer(self, request: Request) -> bytes:
        try:
            returned = self._call(request)
            if isawaitable(returned):
                discard(returned)
                raise TypeError(
                    f"agent {self._name!r} returned an awaitable from a plain function; make it `async def`"
                )
            return self._digest(request, returned)
        except BaseException as error:  # noqa: BLE001  # nothing that user code raises may go further
            return self._failure(error)

    async def _serve_async(self, request: Request | None) -> None:
        self._loop = asyncio.get_running_loop()
        reader, writer = await asyncio.open_connection(sock=self._data)
        try:
            while request is not None:
                writer.write(framed(await self._supervised(request), request.mark))
                await writer.drain()
                is_last, request = request.call == "stop", None  # it is not kept while the next one is waited for
                if not is_last:
                    request = await self._received(reader)
        finally:
            writer.close()

    async def _received(self, reader: asyncio.StreamReader) -> Request | None:
        try:
            length, mark = opened(await reader.readexactly(HEAD.size), self._most_bytes)
            rest = await reader.readexactly(length + MARK_BYTES)
        except asyncio.IncompleteReadError:  # the host has ended
            return None
        return self._decoded(Message(closed(rest, mark), mark))

    async def _supervised(self, request: Request) -> bytes:
        """Answer a request by a task of its own, which may be cancelled."""
        task = asyncio.ensure_future(self._answer_async(request))
        self._task = (task, request.number)
        self._cancel()
        await asyncio.wait([task])
        self._task = None
        return self._failure(asyncio.CancelledError()) if task.cancelled() else task.result()

    async def _answer_async(self, request: Request) -> bytes:
        try:
            returned = self._call(request)
            if isawaitable(returned):
                returned = await returned
            return self._digest(request, returned)
        except BaseException as error:  # noqa: BLE001  # nothing that user code raises may go further
            return self._failure(error)

    def _cancel(self) -> None:
        """Cancel the request that is under way, if nobody waits for it any more. On the loop."""
        if self._task is not None and self._task[1] <= self._withdrawn:
            self._task[0].cancel()

    def _call(self, request: Request) -> Any:
        """Call the user's code; may return an awaitable."""
        definition = self._definition
        if request.call == "run":
            if request.problem is not None:
                raise request.problem
            check_keys(definition, "requires", request.snapshot)
            run = definition.function or self._instance.run
            return run(request.event, request.state, *([request] if definition.wants_context else []))
        if definition.make is None:
            return None
        if request.call == "start":
            self._instance = self._instance or definition.make()
            return self._instance.on_start()
        if request.call == "restart":
            return self._instance.on_restart(request.facts["reason"])
        return self._instance.on_stop()

    def _digest(self, request: Request, returned: Any) -> bytes:
        if request.call != "run":
            return encode(Event())
        delta, metadata = settle(self._name, request.snapshot, request.state, returned)
        for key in delta.shared:
            raise InvalidResultError(
                self._name, f"state[{key!r}] is shared by reference, and no other process has the object"
            )
        check_keys(self._definition, "produces", request.snapshot.apply(delta))
        answer = FrozenDict(
            {"changed": FrozenDict(delta.changed), "removed": tuple(sorted(delta.removed)), "metadata": metadata}
        )
        try:
            return encode(Event(data=answer), max_bytes=self._most_bytes)
        except CodecError as error:
            raise InvalidResultError(self._name, str(error)) from error

    def _failure(self, error: BaseException) -> bytes:
        failure = render(error)
        facts = {
            "reason": reason_of(error).value,
            "types": failure.types,
            "text": failure.text,
            "traceback": failure.traceback,
            "leaves": failure.leaves,
        }
        return encode(Event(data={"failure": facts}))

    def _decoded(self, message: Message | None) -> Request | None:
        if message is None:
            return None
        try:
            event = decode(message.content, types=_TYPES, max_bytes=self._most_bytes, max_containers=MAX_CONTAINERS)
            problem = None
        except CodecError as error:  # a class cannot be imported here
            event = Event(data={"call": "run", "number": sys.maxsize})
            problem = RenderedError(render(error), Reason.INVALID_INPUT)
        return Request(event, message.mark, lambda: self._withdrawn, problem)

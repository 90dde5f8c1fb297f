"""The metrics server: hands out one page over HTTP, on one thread, however many clients there are and however slow."""

from __future__ import annotations

import logging
import selectors
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from http import HTTPStatus
from typing import Final, NamedTuple

from actors.control.environment import DaemonThreads
from actors.metrics.request import HEAD_LIMIT_BYTES, Refusal, Wish, is_complete, read_head
from supervisors.clock import SystemClock

logger = logging.getLogger(__name__)

MAX_CONNECTIONS: Final = 64
"""How many clients are connected at once; one more, and the one is cut off that has kept it waiting for longest."""

HEAD_TIME: Final = 5.0
"""Seconds that a client has for its request."""

SENDING_TIME: Final = 30.0
"""Seconds that a client has to take the page."""

_LINGER: Final = 1.0
_PAUSE: Final = 0.1
_CHUNK_BYTES: Final = 65_536
_JOIN_TIMEOUT: Final = 5.0


class Page(NamedTuple):
    """What is sent to clients.

    Attributes:
        headers: What describes the body: its type, and how it is compressed.
        body: The page.
    """

    headers: Sequence[tuple[str, str]]
    body: bytes


class _Connection:
    """A client, and how far it has come: it sends its request, waits for the page, takes it, or is only let go."""

    __slots__ = ("received", "rest", "socket", "until", "wish")

    def __init__(self, client: socket.socket, until: float) -> None:
        self.socket = client
        self.until = until
        self.received = bytearray()
        self.wish: Wish | None = None
        # What it has yet to take: None before there is an answer, nothing when it has taken all.
        self.rest: memoryview | None = None

    @property
    def is_owed(self) -> bool:
        """Whether it has asked for the page, and has not got all of it."""
        return self.wish is not None and (self.rest is None or len(self.rest) > 0)


class MetricsServer:
    """Serves a page on one address until it is stopped. One thread attends to all clients, and waits for none.

    A client costs a descriptor and a few bytes as long as its request is not complete, so slow ones keep nobody from
    the page. Those who ask for the same page while one is made share the next.

    Args:
        render: Returns the page that a client wishes for. Called on the server's thread.
        host: Where to listen; what clients call it in `Host` must be this, or a name of the loopback interface.
        port: Likewise; 0 for any free port.

    Raises:
        OSError: If the address, a descriptor or the thread cannot be had; then nothing is left of it.
    """

    def __init__(self, render: Callable[[Wish], Page], host: str, port: int) -> None:
        self._render = render
        self._host = host
        self._now = SystemClock().now
        self._is_stopping = False
        # All below: touched by the server's thread only, once that has started.
        self._connections: dict[_Connection, None] = {}
        self._listens_again_at: float | None = None
        with ExitStack() as undo:
            family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            # Not `socket.create_server()`: it puts what it did into the text of its errors.
            self._listener = undo.enter_context(socket.socket(family, socket.SOCK_STREAM))
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind(address)
            self._listener.listen()
            self._woken, self._waker = map(undo.enter_context, socket.socketpair())
            self._selector = undo.enter_context(selectors.DefaultSelector())
            for end in (self._listener, self._woken):
                end.setblocking(False)
                self._selector.register(end, selectors.EVENT_READ)
            self.port: int = self._listener.getsockname()[1]
            self._thread = DaemonThreads().start("mixmode-metrics", self._serve)
            undo.pop_all()

    def stop(self) -> None:
        """Close the port and all connections, and end the thread. Blocks for as long as a page is being made."""
        self._is_stopping = True
        if self._thread.is_alive():
            with suppress(OSError):  # it has ended meanwhile
                self._waker.send(b".")
            self._thread.join(_JOIN_TIMEOUT)
        else:  # in the child of a fork, where it never was
            self._close()

    def _serve(self) -> None:
        try:
            while not self._is_stopping:
                try:
                    self._attend_to_all()
                except Exception:
                    # A defect, or no memory: these clients are lost, and others are served.
                    logger.exception("the metrics server failed; all that were connected are cut off")
                    for connection in list(self._connections):
                        self._drop(connection)
        finally:
            self._close()

    def _attend_to_all(self) -> None:
        """Wait until some clients have news, and do what is to be done for them."""
        for key, _ in self._selector.select(self._pause()):
            self._attend(key)
        self._answer()
        self._let_go_of_late()

    def _pause(self) -> float | None:
        """Return how long to wait for clients; None for as long as none comes."""
        moments = [each.until for each in self._connections]
        if self._listens_again_at is not None:
            moments.append(self._listens_again_at)
        return max(0.0, min(moments) - self._now()) if moments else None

    def _attend(self, key: selectors.SelectorKey) -> None:
        connection: _Connection | None = key.data
        if key.fileobj is self._listener:
            self._accept_all()
        elif connection is not None and connection in self._connections:
            self._go_on(connection)

    # Clients

    def _accept_all(self) -> None:
        """Take in all who have come, so that they share a page if they ask for the same."""
        for _ in range(MAX_CONNECTIONS):
            try:
                client, _ = self._listener.accept()
            except (BlockingIOError, ConnectionError):  # there is none, or it is gone already
                return
            except OSError:  # no descriptors
                self._make_room()
                self._selector.unregister(self._listener)
                self._listens_again_at = self._now() + _PAUSE
                return
            self._take_in(client)

    def _take_in(self, client: socket.socket) -> None:
        if len(self._connections) >= MAX_CONNECTIONS:
            self._make_room()
        client.setblocking(False)
        connection = _Connection(client, self._now() + HEAD_TIME)
        self._connections[connection] = None
        self._selector.register(client, selectors.EVENT_READ, connection)
        self._go_on(connection)

    def _make_room(self) -> None:
        """Cut off a client: the first that came of those to whom nothing is owed, else the first of all."""
        idle = [each for each in self._connections if not each.is_owed]
        for connection in (idle or list(self._connections))[:1]:
            self._drop(connection)

    def _go_on(self, connection: _Connection) -> None:
        """Do what can be done for a client at once."""
        try:
            if connection.rest is None:
                self._receive(connection)
            elif connection.rest:
                self._send(connection)
            elif not connection.socket.recv(_CHUNK_BYTES):  # it has taken all, and has closed its end
                self._drop(connection)
        except BlockingIOError:
            return
        except OSError:  # it was reset
            self._drop(connection)

    def _receive(self, connection: _Connection) -> None:
        chunk = connection.socket.recv(_CHUNK_BYTES)
        if not chunk:
            self._drop(connection)
            return
        received = connection.received
        received += chunk
        if not is_complete(received):
            if len(received) > HEAD_LIMIT_BYTES:
                received.clear()
                self._reply(connection, Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE).response())
            return
        asked = read_head(bytes(received), self._host)
        received.clear()
        if isinstance(asked, Refusal):
            self._reply(connection, asked.response())
        else:
            connection.wish = asked

    def _send(self, connection: _Connection) -> None:
        rest = connection.rest
        if rest is None:
            raise AssertionError("there is an answer")
        connection.rest = rest[connection.socket.send(rest) :]
        if not connection.rest:
            # What it has sent beyond its request is read for a moment: closing now would have it lose the answer.
            connection.socket.shutdown(socket.SHUT_WR)
            connection.until = self._now() + _LINGER
            self._selector.modify(connection.socket, selectors.EVENT_READ, connection)

    def _reply(self, connection: _Connection, response: bytes) -> None:
        connection.rest = memoryview(response)
        connection.until = self._now() + SENDING_TIME
        self._selector.modify(connection.socket, selectors.EVENT_WRITE, connection)

    # The page

    def _answer(self) -> None:
        """Answer all who wait for the page; those with the same wish by the same bytes."""
        responses: dict[Wish, bytes] = {}
        for connection in list(self._connections):
            wish = connection.wish
            if wish is not None and connection.rest is None:
                if wish not in responses:
                    responses[wish] = self._response(wish)
                self._reply(connection, responses[wish])

    def _response(self, wish: Wish) -> bytes:
        try:
            page = self._render(wish)
        except Exception:
            # What reads a runtime off, or a client's wish for a format, must not end the server.
            logger.exception("the metrics page could not be made")
            return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR).response()
        return wish.response(page.headers, page.body)

    # Ends

    def _let_go_of_late(self) -> None:
        now = self._now()
        for connection in [each for each in self._connections if each.until <= now]:
            self._drop(connection)
        if self._listens_again_at is not None and self._listens_again_at <= now:
            self._listens_again_at = now + _PAUSE  # it is tried once more if there is no memory for it now
            self._selector.register(self._listener, selectors.EVENT_READ)
            self._listens_again_at = None

    def _drop(self, connection: _Connection) -> None:
        self._connections.pop(connection, None)
        with suppress(KeyError):  # there was no memory to register it
            self._selector.unregister(connection.socket)
        connection.socket.close()

    def _close(self) -> None:
        """Close everything. The parent of a fork still selects: nothing is unregistered, only closed here."""
        for end in [self._listener, self._woken, self._waker, *[each.socket for each in self._connections]]:
            end.close()
        self._connections.clear()
        self._selector.close()

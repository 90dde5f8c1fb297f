"""The metrics server: its clients may be slow, many, rude or wrong."""

from __future__ import annotations

import errno
import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.metrics.request import HEAD_LIMIT_BYTES, Wish
from actors.metrics.server import MAX_CONNECTIONS, MetricsServer, Page
from supervisors.clock import ManualClock
from tests import limits

PATIENCE = limits.PATIENCE
HOST = "127.0.0.1"
ASK = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
OPEN_DESCRIPTORS = Path("/proc/self/fd")

lists_descriptors = pytest.mark.skipif(not OPEN_DESCRIPTORS.is_dir(), reason="only Linux lists descriptors there")


class Renderer:
    """Makes pages, and may be held at that."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.is_in, self.gate = threading.Event(), threading.Event()
        self.gate.set()
        self.body = b"page\n"
        self.error: Exception | None = None

    def __call__(self, wish: Wish) -> Page:
        self.wishes.append(wish)
        self.is_in.set()
        assert self.gate.wait(PATIENCE)
        error, self.error = self.error, None
        if error is not None:
            raise error
        return Page([("Content-Type", "text/plain")], self.body)


@pytest.fixture
def renderer() -> Iterator[Renderer]:
    renderer = Renderer()
    yield renderer
    renderer.gate.set()


@pytest.fixture
def server(renderer: Renderer) -> Iterator[MetricsServer]:
    server = MetricsServer(renderer, HOST, 0)
    yield server
    renderer.gate.set()
    server.stop()


def connected(server: MetricsServer, sent: bytes = b"") -> socket.socket:
    client = socket.create_connection((HOST, server.port), timeout=PATIENCE)
    client.sendall(sent)
    return client


def received(client: socket.socket) -> bytes:
    """Return what comes until the connection is closed."""
    parts = []
    with client:
        try:
            while part := client.recv(65_536):
                parts.append(part)
        except ConnectionResetError:
            pass
    return b"".join(parts)


def answer(server: MetricsServer, sent: bytes) -> bytes:
    return received(connected(server, sent))


def status(server: MetricsServer, sent: bytes) -> int:
    return int(answer(server, sent).split(b" ", 2)[1])


def request(line: str = "GET /metrics HTTP/1.1", *headers: str, host: str | None = "localhost") -> bytes:
    lines = [line, *headers] if host is None else [line, f"Host: {host}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def test_who_asks_gets_the_page_and_is_let_go(server: MetricsServer) -> None:
    head, _, body = answer(server, ASK).partition(b"\r\n\r\n")

    assert head.split(b"\r\n") == [
        b"HTTP/1.1 200 OK",
        b"Content-Type: text/plain",
        b"Content-Length: 5",
        b"Connection: close",
    ]
    assert body == b"page\n"


def test_who_asks_for_the_head_gets_that_only(server: MetricsServer) -> None:
    head, _, body = answer(server, request("HEAD /metrics HTTP/1.1")).partition(b"\r\n\r\n")

    assert (b"Content-Length: 5" in head, body) == (True, b"")


def test_who_asks_for_the_head_in_vain_gets_no_body_either(server: MetricsServer) -> None:
    assert answer(server, request("HEAD / HTTP/1.1")).endswith(b"\r\n\r\n")


def test_the_wish_is_what_the_address_and_the_headers_say(server: MetricsServer, renderer: Renderer) -> None:
    answer(server, request("GET /metrics?name[]=a HTTP/1.0", "Accept: text/plain", "Accept-Encoding: gzip", host=None))

    assert renderer.wishes == [Wish("name[]=a", "text/plain", "gzip", False)]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (request("POST /metrics HTTP/1.1", "Content-Length: 1000000000"), 405),
        (request("OPTIONS /metrics HTTP/1.1"), 405),
        (request("get /metrics HTTP/1.1"), 405),
        (request("GET / HTTP/1.1"), 404),
        (request("GET /metrics/../etc/passwd HTTP/1.1"), 404),
        (request("GET /metrics%00 HTTP/1.1"), 404),
        (request("GET http://localhost/metrics HTTP/1.1"), 404),
        (request("GET /metrics HTTP/2.0"), 505),
        (request("GET /metrics HTTP/1.1 more"), 400),
        (request("GET /metrics"), 400),
        (request("nonsense"), 400),
        (b"\r\n\r\n", 400),
        (b"\x16\x03\x01\x00\xff" * 40 + b"\n\n", 400),
        (request("GET /metrics HTTP/1.1", *[f"X-{number}: a" for number in range(200)]), 431),
        (b"GET /metrics HTTP/1.1\r\nX: " + b"a" * (HEAD_LIMIT_BYTES + 1), 431),
        (b"G" * 10 * HEAD_LIMIT_BYTES, 431),
    ],
)
def test_what_is_no_request_for_the_page_is_refused(server: MetricsServer, sent: bytes, expected: int) -> None:
    assert status(server, sent) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", 200),
        ("LOCALHOST:9464", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:9464", 200),
        ("[::1]", 200),
        ("evil.example", 421),
        ("evil.example:9464", 421),
        ("localhost.evil.example", 421),
        ("localhost:evil", 421),
        ("[::1]evil", 421),
        ("::1]", 421),
        ("", 421),
        (None, 400),
    ],
)
def test_who_calls_it_by_a_foreign_name_is_refused(server: MetricsServer, host: str | None, expected: int) -> None:
    assert status(server, request(host=host)) == expected


def test_two_names_are_refused(server: MetricsServer) -> None:
    assert status(server, request("GET /metrics HTTP/1.1", "Host: evil.example")) == 400


def test_a_second_request_on_a_connection_is_not_answered(server: MetricsServer) -> None:
    assert answer(server, ASK * 50).count(b"HTTP/1.1") == 1


def test_those_who_ask_while_a_page_is_made_share_the_next(server: MetricsServer, renderer: Renderer) -> None:
    renderer.gate.clear()
    first = connected(server, ASK)
    assert renderer.is_in.wait(PATIENCE)
    others = [connected(server, ASK) for _ in range(20)]

    renderer.gate.set()
    answers = [received(client) for client in (first, *others)]

    assert {each.endswith(b"page\n") for each in answers} == {True}
    assert len(renderer.wishes) == 2


@pytest.mark.expects_errors
def test_a_page_that_cannot_be_made_is_an_error_of_one_answer(
    server: MetricsServer, renderer: Renderer, caplog: pytest.LogCaptureFixture
) -> None:
    renderer.error = ValueError("no page")

    statuses = [status(server, ASK), status(server, ASK)]

    assert statuses == [500, 200]
    assert [record.getMessage() for record in caplog.records] == ["the metrics page could not be made"]


# Slow clients, and many


def test_however_many_send_nothing_the_page_is_there_for_who_asks(server: MetricsServer) -> None:
    slow = [connected(server, b"GET /metrics HTTP/1.1\r\nX: ") for _ in range(3 * MAX_CONNECTIONS)]

    answered = status(server, ASK)

    assert answered == 200
    assert len(server._connections) <= MAX_CONNECTIONS
    assert received(slow[0]) == b""  # the first to come was the first to go
    for client in slow:
        client.close()


def test_who_waits_for_the_page_is_not_cut_off_for_those_who_ask_for_nothing(
    server: MetricsServer, renderer: Renderer
) -> None:
    renderer.gate.clear()
    waiting = connected(server, ASK)
    assert renderer.is_in.wait(PATIENCE)
    slow = [connected(server) for _ in range(MAX_CONNECTIONS + 1)]

    renderer.gate.set()

    assert received(waiting).endswith(b"page\n")
    for client in slow:
        client.close()


def test_a_page_that_is_larger_than_what_a_socket_takes_comes_whole(server: MetricsServer, renderer: Renderer) -> None:
    renderer.body = bytes(range(256)) * 100_000

    client = connected(server, ASK)
    meanwhile = status(server, request("GET / HTTP/1.1"))  # that client has not taken its page

    assert received(client).endswith(renderer.body)
    assert meanwhile == 404


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(0.0)


@pytest.fixture
def by_hand(renderer: Renderer, clock: ManualClock) -> Iterator[MetricsServer]:
    """A server whose thread has ended before it closed anything, to be driven by hand while time stands still."""
    server = MetricsServer(renderer, HOST, 0)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(server, "_close", lambda: None)
        server.stop()
    server._woken.recv(1)
    server._now = clock.now
    yield server
    server._close()


@pytest.mark.parametrize("sent", [b"", b"GET", ASK])
def test_who_is_too_slow_is_cut_off_whatever_it_is_slow_at(
    by_hand: MetricsServer, renderer: Renderer, clock: ManualClock, sent: bytes
) -> None:
    renderer.body = b"x" * 50_000_000
    with connected(by_hand, sent):
        by_hand._attend_to_all()
        before = len(by_hand._connections)

        clock.advance(60.0)
        by_hand._let_go_of_late()

    assert (before, len(by_hand._connections)) == (1, 0)


class RefusingListener:
    """A listener that finds no descriptors."""

    def __init__(self, listener: socket.socket) -> None:
        self.fileno = listener.fileno

    def accept(self) -> None:
        raise OSError(errno.EMFILE, "Too many open files")


def test_without_descriptors_clients_wait_for_a_moment(
    by_hand: MetricsServer, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connected(by_hand, ASK):
        with monkeypatch.context() as patched:
            patched.setattr(by_hand, "_listener", RefusingListener(by_hand._listener))
            by_hand._accept_all()
        pause, connections = by_hand._pause(), len(by_hand._connections)

        clock.advance(1.0)
        by_hand._let_go_of_late()
        by_hand._attend_to_all()

        assert (connections, len(by_hand._connections)) == (0, 1)
    assert pause is not None
    assert pause > 0


class ShortSelector:
    """A selector for which there is no memory once, as `epoll_ctl()` may say."""

    def __init__(self, selector: Any, method: str) -> None:
        self._selector = selector
        self._method = method
        self._is_short = True

    def __getattr__(self, name: str) -> Any:
        if name == self._method and self._is_short:
            return self._fail
        return getattr(self._selector, name)

    def _fail(self, end: Any, *_: Any) -> None:
        self._is_short = False
        if self._method == "modify":
            self._selector.unregister(end)  # as the standard library does when it fails
        raise OSError(errno.ENOMEM, "no memory")


@pytest.mark.expects_errors
@pytest.mark.parametrize("method", ["register", "modify"])
def test_without_memory_to_wait_for_a_client_others_are_served(server: MetricsServer, method: str) -> None:
    server._selector = ShortSelector(server._selector, method)  # type: ignore[assignment]  # all that is used of one

    assert answer(server, ASK) == b""
    assert status(server, ASK) == 200


def test_without_memory_to_listen_again_that_is_tried_once_more(by_hand: MetricsServer, clock: ManualClock) -> None:
    by_hand._selector.unregister(by_hand._listener)
    by_hand._listens_again_at = clock.now()
    by_hand._selector = ShortSelector(by_hand._selector, "register")  # type: ignore[assignment]  # all that is used of one
    with pytest.raises(OSError, match="no memory"):
        by_hand._let_go_of_late()

    clock.advance(1.0)
    by_hand._let_go_of_late()

    assert by_hand._listens_again_at is None
    assert by_hand._listener in [key.fileobj for key in by_hand._selector.get_map().values()]


# Rude clients


def test_a_reset_is_no_news(server: MetricsServer, capfd: pytest.CaptureFixture[str]) -> None:
    for sent in (b"", b"GET", ASK):
        client = connected(server, sent)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()

    assert status(server, ASK) == 200
    assert capfd.readouterr() == ("", "")


@pytest.mark.expects_errors
def test_a_defect_costs_those_who_are_connected_and_not_the_server(
    server: MetricsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        if server._connections:
            monkeypatch.undo()
            raise MemoryError

    monkeypatch.setattr(server, "_answer", fail)

    assert answer(server, ASK) == b""
    assert status(server, ASK) == 200


# Ends


def descriptors() -> int:
    return len(list(OPEN_DESCRIPTORS.iterdir()))


@lists_descriptors
def test_nothing_is_left_when_it_has_been_stopped(renderer: Renderer) -> None:
    threads, open_before = threading.active_count(), descriptors()
    server = MetricsServer(renderer, HOST, 0)
    clients = [connected(server, sent) for sent in (b"", b"GET", ASK)]
    received(clients.pop())

    server.stop()
    server.stop()

    assert [received(client) for client in clients] == [b"", b""]
    assert (threading.active_count(), descriptors()) == (threads, open_before)
    with pytest.raises(ConnectionRefusedError):
        connected(server)


@lists_descriptors
def test_nothing_is_left_of_one_that_found_no_thread(renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    open_before = descriptors()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(OSError, match="no thread can be started"):
            MetricsServer(renderer, HOST, 0)

    assert descriptors() == open_before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_the_child_of_a_fork_closes_its_own_copy_only(server: MetricsServer) -> None:
    child = os.fork()
    if not child:
        server.stop()
        os._exit(0)
    _, ended = os.waitpid(child, 0)

    assert (ended, status(server, ASK)) == (0, 200)

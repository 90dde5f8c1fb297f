"""Requests for the metrics page: what a client asks for, or why it does not get it."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import Any, Final, NamedTuple

PATH: Final = "/metrics"
METHODS: Final = ("GET", "HEAD")

HEAD_LIMIT_BYTES: Final = 16_384
"""How long a request may be, with all its headers."""

_LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "::1")


class Wish(NamedTuple):
    """What a client asks for. Equal wishes get equal answers.

    Attributes:
        query: Which metrics, as in the address.
        accept: In which formats.
        accept_encoding: How it may be compressed.
        is_head: Whether it wants no body.
    """

    query: str
    accept: str | None
    accept_encoding: str | None
    is_head: bool

    def response(self, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
        """Return an answer that fits."""
        return _response(HTTPStatus.OK, headers, body, is_head=self.is_head)


class Refusal(NamedTuple):
    """Why a client does not get the page.

    Attributes:
        status: What it is told.
        detail: What it should have done; the status says enough if it is empty.
        is_head: Whether it wants no body.
    """

    status: HTTPStatus
    detail: str = ""
    is_head: bool = False

    def response(self) -> bytes:
        """Return an answer."""
        text = f"{self.detail or self.status.description or self.status.phrase}\n"
        headers = [("Content-Type", "text/plain; charset=utf-8")]
        if self.status is HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append(("Allow", ", ".join(METHODS)))
        return _response(self.status, headers, text.encode(), is_head=self.is_head)


class _Head(BaseHTTPRequestHandler):
    """The head of a request, read by the standard library from bytes instead of from a socket."""

    def __init__(self, head: bytes) -> None:
        self.rfile, self.wfile = BytesIO(head), BytesIO()
        self.raw_requestline = self.rfile.readline()
        self.refused = HTTPStatus.BAD_REQUEST
        self.is_understood = self.parse_request()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Keep why it was refused."""
        self.refused = HTTPStatus(code)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: what clients do is no news."""


def is_complete(received: bytearray) -> bool:
    """Return whether a request has its blank line."""
    return b"\r\n\r\n" in received or b"\n\n" in received


def read_head(received: bytes, host: str) -> Wish | Refusal:
    """Return what a complete request asks for.

    Args:
        received: The request; what follows its head is not looked at.
        host: Where it was received.
    """
    head = _Head(received)
    if not head.is_understood or head.request_version == "HTTP/0.9":
        return Refusal(head.refused)
    is_head, headers = head.command == "HEAD", head.headers
    refusal = _refusal_of(head, host)
    if refusal is not None:
        return refusal._replace(is_head=is_head)
    return Wish(head.path.partition("?")[2], headers["Accept"], headers["Accept-Encoding"], is_head)


def _refusal_of(head: _Head, host: str) -> Refusal | None:
    named = head.headers.get_all("Host", [])
    if len(named) > 1 or (not named and head.request_version != "HTTP/1.0"):
        return Refusal(HTTPStatus.BAD_REQUEST, "the request must have one Host header")
    if named and _name_in(named[0]) not in (host, *_LOOPBACK_NAMES):
        # Else a web page whose name was made to lead here could read the metrics in a browser of this machine.
        return Refusal(HTTPStatus.MISDIRECTED_REQUEST, "the Host header must name the loopback interface")
    if head.path.partition("?")[0] != PATH:
        return Refusal(HTTPStatus.NOT_FOUND, f"there is only {PATH}")
    return None if head.command in METHODS else Refusal(HTTPStatus.METHOD_NOT_ALLOWED)


def _name_in(host: str) -> str:
    """Return the name in a Host header, without brackets and port; nothing if it is none."""
    name, bracket, port = host.strip().lower().partition("]")
    if not bracket:
        name, _, port = name.partition(":")
        port = f":{port}" if port else ""
    elif not name.startswith("["):
        return ""
    is_port = not port or (port.startswith(":") and port[1:].isdecimal())
    return name.removeprefix("[") if is_port else ""


def _response(status: HTTPStatus, headers: Sequence[tuple[str, str]], body: bytes, *, is_head: bool) -> bytes:
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in (*headers, ("Content-Length", len(body)), ("Connection", "close"))]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if is_head else body)

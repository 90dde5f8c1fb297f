"""The process of an agent: its beginning, and how it and its host talk. It is run as a script.

The host's sockets are three. Requests and answers go through the first, each between two copies of a mark, which the
host draws for each request. Nobody knows a mark before the request comes. So what else is written to the socket, by the
agent's code or by a library, is never taken for an answer, and an answer that is damaged is noticed. The second carries
the numbers of requests that nobody waits for any more. Nothing is ever sent through the third: when the host ends,
however it does, the kernel kills the whole group of this process, whatever it is doing, a call that holds the GIL
included. Where the kernel cannot do that, a thread of this process does it when the second socket ends.

Only the standard library is imported here: where the rest is found is what the host says first.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

NUMBER = struct.Struct("!Q")
"""How numbers are sent."""

MARK_BYTES = 16
"""How long a mark is: too long to be guessed."""

HEAD = struct.Struct(f"!Q{MARK_BYTES}s")
"""What stands before a message: its length and its mark."""


class Message(NamedTuple):
    """A request or an answer.

    Attributes:
        content: What it says.
        mark: That of the request.
    """

    content: bytes
    mark: bytes


class BrokenChannelError(ValueError):
    """What came through a channel is no message; nothing that comes after it can be told apart any more."""


def exactly(channel: socket.socket, count: int) -> bytes | None:
    """Return the next bytes of a channel, or None if it ends before."""
    parts = []
    while count:
        part = channel.recv(min(count, 1 << 20))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def receive(channel: socket.socket, most: int, mark: bytes | None = None) -> Message | None:
    """Return the next message, or None if the channel ended.

    Args:
        channel: Where it comes from.
        most: How many bytes it may have.
        mark: What it must be marked with; None for any mark.

    Raises:
        BrokenChannelError: If it is longer, marked otherwise, or damaged. Nothing is read after its head then.
    """
    head = exactly(channel, HEAD.size)
    if head is None:
        return None
    length, found = opened(head, most, mark)
    rest = exactly(channel, length + MARK_BYTES)
    return None if rest is None else Message(closed(rest, found), found)


def opened(head: bytes, most: int, mark: bytes | None = None) -> tuple[int, bytes]:
    """Return the length and the mark that a head tells.

    Raises:
        BrokenChannelError: If the length is more than `most`, or the mark is another than `mark`.
    """
    length, found = HEAD.unpack(head)
    if mark is not None and found != mark:
        raise BrokenChannelError("what came through is no answer to the request")
    if length > most:
        raise BrokenChannelError(f"a message of {length} bytes came through, and {most} are the limit")
    return length, found


def closed(rest: bytes, mark: bytes) -> bytes:
    """Return the content of a message from what followed its head.

    Raises:
        BrokenChannelError: If the mark does not stand at the end: something was written in between, or taken out.
    """
    content, end = rest[:-MARK_BYTES], rest[-MARK_BYTES:]
    if end != mark:
        raise BrokenChannelError("a message came through damaged")
    return content


def framed(content: bytes, mark: bytes) -> bytes:
    """Return a message as it is sent: its length, its mark, its content, and the mark again."""
    return b"".join((HEAD.pack(len(content), mark), content, mark))


def end_group() -> None:  # pragma: no cover  # nobody is left to tell of it
    """Kill this process, and all that it has started in its group."""
    os.killpg(0, signal.SIGKILL)


def die_with_host(life: socket.socket) -> None:  # pragma: no cover  # in a process of its own
    """Have the kernel kill the group of this process when the other end of a socket is closed."""
    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(life, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(life, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)
    life.setblocking(False)
    try:
        if not life.recv(1):
            end_group()  # it was closed before
    except BlockingIOError:
        pass


def watch(control: socket.socket, withdraw: Callable[[int], None]) -> None:
    """Tell of the requests that nobody waits for, until the host ends; then end with it."""
    while (number := exactly(control, NUMBER.size)) is not None:
        withdraw(*NUMBER.unpack(number))
    end_group()


def main(numbers: Sequence[str]) -> None:  # pragma: no cover  # in a process of its own
    """Find what the host says is to be served, and serve it until the host ends."""
    data, control, life = channels = [socket.socket(fileno=int(number)) for number in numbers]
    for channel in channels:
        channel.set_inheritable(False)
        os.register_at_fork(after_in_child=channel.close)
    # What the host blocks is inherited.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    die_with_host(life)
    first = receive(data, sys.maxsize)
    if first is None:
        return
    greeting = json.loads(first.content)
    sys.path[:] = greeting.pop("path")
    from actors.processes.service import Service  # noqa: PLC0415  # it is found only now

    service = Service(data, **greeting)
    threading.Thread(target=watch, args=(control, service.withdraw), daemon=True).start()
    service.serve()


if __name__ == "__main__":  # pragma: no cover  # in a process of its own
    main(sys.argv[2:])

"""The process of an agent: its beginning, and how it and its host talk. It is run as a script.

The host's sockets are three. Requests and answers go through the first, each with its length before it. The second
carries the numbers of requests that nobody waits for any more. Nothing is ever sent through the third: when the host
ends, however it does, the kernel kills the whole group of this process, whatever it is doing, a call that holds the GIL
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

NUMBER = struct.Struct("!Q")
"""How lengths and numbers are sent."""


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


def receive(channel: socket.socket, most: int) -> bytes | None:
    """Return the next message, or None if the channel ended.

    Raises:
        ValueError: If it is longer than `most` bytes; none of it is read.
    """
    head = exactly(channel, NUMBER.size)
    if head is None:
        return None
    (length,) = NUMBER.unpack(head)
    if length > most:
        raise ValueError(f"a message of {length} bytes came through, and {most} are the limit")
    return exactly(channel, length)


def framed(content: bytes) -> bytes:
    """Return a message with its length before it."""
    return NUMBER.pack(len(content)) + content


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
    greeting = json.loads(receive(data, sys.maxsize) or b"null")
    if greeting is None:
        return
    sys.path[:] = greeting.pop("path")
    from actors.dispatchers.process_service import Service  # noqa: PLC0415  # it is found only now

    service = Service(data, **greeting)
    threading.Thread(target=watch, args=(control, service.withdraw), daemon=True).start()
    service.serve()


if __name__ == "__main__":  # pragma: no cover  # in a process of its own
    main(sys.argv[2:])

"""A child process of this one: how it is started, ended, and kept from outliving its use."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

# A host may have restored the default of SIGPIPE: it must not die of a child that did. macOS lacks the flag.
NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)

_LOOK_EVERY = 0.002


class ChildProcess:
    """A Python process in a session of its own: no Ctrl-C of a terminal reaches it, and none of the host's files.

    Args:
        arguments: What the interpreter is given.
        channels: The host's ends of the sockets to it; they are closed with it.
        options: Further options of `subprocess.Popen`.

    Raises:
        OSError: If it cannot be started; the channels are closed then.
    """

    def __init__(self, arguments: Sequence[str], channels: Sequence[socket.socket], **options: Any) -> None:
        self._channels = channels
        # Guards the two below; held for a system call that does not block.
        self._guard = threading.Lock()
        # Set before the number of the process, and those of the channels, may become another's.
        self._is_ended = False
        try:
            if not sys.executable or getattr(sys, "frozen", False):
                raise OSError("there is no Python interpreter at sys.executable to run it")
            self._process = subprocess.Popen([sys.executable, *arguments], start_new_session=True, **options)
        except BaseException:
            self._close()
            raise
        _children.add(self)

    @property
    def pid(self) -> int:
        """The number of the process, and of its group."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs; one that does not leaves no zombie."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End the process and all of its group; whoever waits for its answer is told. Does not block. Any thread."""
        with self._guard:
            self._kill()

    def hint(self, channel: socket.socket, content: bytes) -> None:
        """Send a few bytes, unless they would have to wait. Any thread."""
        with self._guard, suppress(OSError):
            if not self._is_ended:
                channel.send(content, NO_SIGNAL | socket.MSG_DONTWAIT)

    def await_exit(self, seconds: float) -> None:
        """Wait at most so long for the process to exit by itself. On the thread that uses it, before `end()`."""
        pause = threading.Event()
        for _ in range(int(seconds / _LOOK_EVERY)):
            # It stays a zombie: its number is its own until it is ended.
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                return
            pause.wait(_LOOK_EVERY)

    def end(self) -> int:
        """End the process if it has not ended, close its channels, and return its exit status.

        Blocks for a millisecond or two. On the thread that uses it, or when nobody does.
        """
        with self._guard:
            self._kill()
            self._is_ended = True
            self._close()
        return self._process.wait()

    def disown(self) -> None:
        """Forget the process without ending it: in the child of a fork it is the parent's."""
        self._is_ended = True
        self._close()
        self._process.returncode = 0

    def _kill(self) -> None:
        if self._is_ended or self._process.returncode is not None:
            return
        with suppress(ProcessLookupError, PermissionError):  # it has ended; macOS says the second
            os.killpg(self._process.pid, signal.SIGKILL)

    def _close(self) -> None:
        for channel in self._channels:
            channel.close()


def ending(status: int) -> str:
    """Say what an exit status tells."""
    if status >= 0:
        return f"its process exited with status {status}"
    with suppress(ValueError):
        return f"its process was ended by signal {-status} ({signal.Signals(-status).name})"
    return f"its process was ended by signal {-status}"


_children: weakref.WeakSet[ChildProcess] = weakref.WeakSet()


def _after_fork() -> None:
    for child in list(_children):
        child.disown()


os.register_at_fork(after_in_child=_after_fork)

"""Recipients of a control plane that keep what they are told."""

from __future__ import annotations

import threading
from typing import Any

from actors.control.plane import ControlPlane
from tests import limits

PATIENCE = limits.PATIENCE
"""Seconds after which a test gives up waiting for what has to happen. Waiting longer never helps."""


class Recorder:
    """A recipient that keeps what it is told; calls are called."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.threads: set[threading.Thread] = set()
        self.has_all = threading.Event()
        self.awaited = -1

    def handle(self, message: Any) -> None:
        self.threads.add(threading.current_thread())
        if callable(message):
            message()
        self.messages.append(message)
        if len(self.messages) == self.awaited:
            self.has_all.set()

    def await_messages(self, count: int) -> bool:
        self.awaited = count
        if len(self.messages) >= count:
            return True
        is_there = self.has_all.wait(PATIENCE)
        self.has_all.clear()
        return is_there


class Defects:
    """What the plane was told of defects and interrupts."""

    def __init__(self) -> None:
        self.contained: list[tuple[Any, Any, BaseException]] = []
        self.repairs = 0

    def note(self, recipient: Any, message: Any, error: BaseException) -> None:
        self.contained.append((recipient, message, error))

    def repair(self) -> None:
        self.repairs += 1


def is_usable(plane: ControlPlane) -> bool:
    """Return whether another thread can enter it."""
    recorder = Recorder()
    thread = threading.Thread(target=plane.post, args=(recorder, "after"))
    thread.start()
    thread.join(PATIENCE)
    return recorder.messages == ["after"]

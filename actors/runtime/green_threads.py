"""Green threads: gevent and eventlet make threads that take turns on one, by patching modules that the runtime uses."""

from __future__ import annotations

import selectors
import threading
from queue import SimpleQueue

from actors.values.errors import GreenThreadsError

_PACKAGES = ("gevent", "eventlet")


def refuse_green_threads() -> None:
    """Refuse a process in which threads, queues or selectors are patched.

    Raises:
        GreenThreadsError: If they are.
    """
    for used in (threading.get_ident, SimpleQueue, selectors.DefaultSelector):
        package = getattr(used, "__module__", "").partition(".")[0]
        if package in _PACKAGES:
            raise GreenThreadsError(package)

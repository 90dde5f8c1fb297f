"""Ways to hang. Nothing that the runtime can do ends them; all of them end when the test lets go."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from actors import Event, Runtime, State

NAP = 0.5
"""Seconds that those sleep who look now and then whether they were let go."""

HUNG: Mapping[str, int] = {"sleep": 39, "receive": 39, "lock": 39, "read": 39, "swallow": 40, "spin": 4}
"""How many agents hang in which way: two hundred."""


class Hanging:
    """Agents that hang until `let_go()`, each kind in its own way; notes which have begun."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.gate = threading.Event()
        self._lock = threading.Lock()
        self._lock.acquire()
        self._socket, self._peer = socket.socketpair()
        self._pipe, self._writer = os.pipe()

    def sleep(self, event: Event, state: State) -> None:
        self.begun.append(event.target)
        while not self.gate.is_set():
            time.sleep(NAP)  # the agent: hangs until it is let go

    def receive(self, event: Event, state: State) -> None:
        self.begun.append(event.target)
        self._socket.recv(1)

    def lock(self, event: Event, state: State) -> None:
        self.begun.append(event.target)
        with self._lock:
            pass

    def read(self, event: Event, state: State) -> None:
        """Wait in a C call that lets go of the GIL."""
        self.begun.append(event.target)
        os.read(self._pipe, 1)

    async def swallow(self, event: Event, state: State) -> None:
        self.begun.append(event.target)
        while not self.gate.is_set():
            try:
                await asyncio.sleep(NAP)  # the agent: hangs until it is let go
            except asyncio.CancelledError:
                continue  # the misbehaviour: it goes on when it is cancelled

    def spin(self, event: Event, state: State) -> None:
        self.begun.append(event.target)
        while not self.gate.is_set():
            pass

    def spawn(self, runtime: Runtime, kinds: Mapping[str, int] = HUNG) -> list[str]:
        """Spawn so many agents of each kind and return their names, the busiest last."""
        names = []
        for kind, many in kinds.items():
            agent: Callable[..., Any] = getattr(self, kind)
            for number in range(many):
                names.append(f"{kind} {number}")
                runtime.spawn(names[-1], agent)
        return names

    def let_go(self) -> None:
        """End all of them soon, and those to come at once."""
        if self.gate.is_set():
            return
        self.gate.set()
        self._lock.release()
        self._peer.close()
        os.close(self._writer)

    def close(self) -> None:
        """Give back what the system lent. When all of them have ended."""
        self.let_go()
        self._socket.close()
        os.close(self._pipe)

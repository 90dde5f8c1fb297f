"""The probe: keeps what it is given, and lets a test wait for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from actors.control.wakeup import Wakeup
from actors.testing.clock import clock_here
from actors.values.event import Event
from actors.values.state import State
from supervisors.facts import Fact

_Kind = TypeVar("_Kind")


class Received(NamedTuple):
    """Something that a probe was given.

    Attributes:
        at: When, on the clock of the runtime.
        what: An event, if it was called as an agent; a fact, if it was told as an observer.
        state: What was in the state; empty for facts.
    """

    at: float
    what: Event | Fact
    state: Mapping[str, Any]


def _anything(_what: object) -> bool:
    return True


class Probe:
    """An agent and an observer that keeps what it is given.

    `spawn("billing", probe)` has it receive events, and answer them all with the same;
    `VirtualRuntime(observers=[probe])` has it receive facts. It may be several agents at once: an event's target is the
    agent's name, and the order is that in which they were called.

    Args:
        returns: What it answers as an agent.
    """

    def __init__(self, returns: Any = None) -> None:
        self._returns = returns
        # Appended to by any thread, in single operations.
        self._received: list[Received] = []
        self._news = Wakeup()

    def __repr__(self) -> str:
        return f"<Probe that received {len(self._received)}>"

    @property
    def received(self) -> tuple[Received, ...]:
        """What it was given until now, in order."""
        return tuple(self._received)

    def all(self, kind: type[_Kind], suits: Callable[[_Kind], bool] = _anything) -> list[_Kind]:
        """Return the events, or the facts of a kind, that it was given until now.

        Args:
            kind: `Event`, or one of `supervisors.facts`.
            suits: Whether one is meant.
        """
        return [each.what for each in self.received if isinstance(each.what, kind) and suits(each.what)]

    def wait_for(
        self,
        kind: type[_Kind],
        suits: Callable[[_Kind], bool] = _anything,
        *,
        count: int = 1,
        timeout: float | None = None,
    ) -> _Kind:
        """Wait until it was given one that is meant, and return it. Those that came before the call count as well.

        Args:
            kind: `Event`, or one of `supervisors.facts`.
            suits: Whether one is meant.
            count: Which of them; 1 is the first.
            timeout: Seconds to wait at most, virtual ones in a virtual runtime.

        Raises:
            TimeoutError: If it did not come in time.
            StalledError: In virtual time, if it can never come.
        """
        clock = clock_here()
        ends = None if timeout is None else clock.now() + timeout
        while len(found := self.all(kind, suits)) < count:
            left = None if ends is None else ends - clock.now()
            if left is not None and left <= 0:
                raise TimeoutError(f"{self!r} was given {len(found)} of {count} {kind.__name__} within {timeout:g} s")
            clock.wait(self._news, left)
        return found[count - 1]

    def observe(self, fact: Fact) -> None:
        """Keep a fact."""
        self._keep(fact, {})

    async def __call__(self, event: Event, state: State) -> Any:
        """Keep an event, and answer."""
        self._keep(event, dict(state))
        return self._returns

    def _keep(self, what: Event | Fact, state: Mapping[str, Any]) -> None:
        self._received.append(Received(clock_here().now(), what, state))
        self._news.set()

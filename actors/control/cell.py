"""The cell: the Pykka actor that hosts a behaviour."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any, ClassVar

import pykka

from actors.control.reply import Reply

if TYPE_CHECKING:
    from random import Random

    from actors.control.facilities import System
    from actors.control.timers import ScheduledMessage
    from supervisors.behaviour import Behaviour

_numbers = itertools.count(1)


class Cell(pykka.Actor):
    """A Pykka actor without a thread of its own, kept out of Pykka's global registry.

    It outlives the behaviour in it. Its ref, inbox, URN and stopped flag are made when they are first asked for: most
    cells live for a millisecond and are never referred to from outside.
    """

    kind: ClassVar[str] = "cell"

    def __init__(self) -> None:
        # pykka.Actor.__init__ is left out on purpose: it makes a queue, a UUID and an event at once.
        self._urn: str | None = None
        self._ref_made: pykka.ActorRef[Any] | None = None
        self._stopped_flag: threading.Event | None = None
        # Written once, by whoever stops the cell; read by anyone.
        self.is_stopped = False

    @property
    def actor_urn(self) -> str:  # type: ignore[override]  # made when asked for
        """The cell's universally unique name."""
        if self._urn is None:
            self._urn = f"urn:mixmode:{self.kind}:{next(_numbers)}"
        return self._urn

    @property
    def actor_stopped(self) -> threading.Event:  # type: ignore[override]  # made when asked for
        """The flag that is set when the cell has stopped."""
        if self._stopped_flag is None:
            flag = threading.Event()
            self._stopped_flag = flag
        if self.is_stopped:
            self._stopped_flag.set()
        return self._stopped_flag

    @property
    def actor_inbox(self) -> Any:  # type: ignore[override]  # made when asked for
        """Where Pykka's refs put their envelopes."""
        return self._create_inbox()

    @property
    def actor_ref(self) -> pykka.ActorRef[Any]:
        """The cell's address for callers outside."""
        if self._ref_made is None:
            self._ref_made = self._create_ref()
        return self._ref_made

    def mark_stopped(self) -> None:
        """Set the stopped flag, for good."""
        self.is_stopped = True
        if self._stopped_flag is not None:
            self._stopped_flag.set()

    def _create_ref(self) -> pykka.ActorRef[Any]:
        return CellRef(self)

    def _create_inbox(self) -> Any:
        raise NotImplementedError

    @staticmethod
    def _create_actor_inbox() -> Any:
        raise NotImplementedError("a cell makes its inbox itself")

    @staticmethod
    def _create_future() -> Reply:
        return Reply()

    def _start_actor_loop(self) -> None:
        """Do nothing: cells are driven by the control plane and by dispatchers."""


class CellRef(pykka.ActorRef[Any]):
    """A ref to a cell. Proxies are refused: they would reach into a behaviour from another thread."""

    def proxy(self) -> Any:
        """Refuse.

        Raises:
            TypeError: Always.
        """
        raise TypeError(f"{self} takes events, it has no proxy: use ref.tell(event) or ref.ask(event)")


class ControlCell(Cell):
    """A cell of the control plane: it hosts an orchestrator or a supervisor, and is its context.

    Args:
        behaviour: What it hosts.
        system: The runtime's parts.
        run: The number of the run it belongs to; 0 for none.
    """

    kind = "control"

    def __init__(self, behaviour: Behaviour, system: System, run: int = 0) -> None:
        super().__init__()
        self.behaviour = behaviour
        self.system = system
        self.run = run
        plane = system.plane
        self.now = plane.now
        self.send = plane.send
        self.observe = system.telemetry.observe
        self.observe_stage = system.telemetry.observe_stage
        self.is_observed = system.telemetry.is_observed
        self.is_listened_to = system.telemetry.is_listened_to

    @property
    def ref(self) -> ControlCell:
        """The address within the control plane: the cell itself."""
        return self

    @property
    def random(self) -> Random:
        """The runtime's source of randomness."""
        return self.system.environment.random

    def handle(self, message: Any) -> None:
        """Give a message to the behaviour. Inside the control plane."""
        if self.is_stopped:
            self.system.dead_letter("late_message", f"a {type(message).__name__} came after the end")
        else:
            self.behaviour.receive(message, self)

    def enroll(self) -> None:
        """Count it among the orchestrators of its run until it retires. Inside the control plane."""
        self.system.orchestrators.setdefault(self.run, set()).add(self)

    def retire(self) -> None:
        """Take no more messages. Inside the control plane."""
        self.mark_stopped()
        orchestrators = self.system.orchestrators
        of_its_run = orchestrators.get(self.run)
        if of_its_run is not None:
            of_its_run.discard(self)
            if not of_its_run:
                orchestrators.pop(self.run, None)

    def schedule(self, at: float, message: Any) -> ScheduledMessage:
        """Send a message to the behaviour at a moment on the clock."""
        return self.system.plane.schedule(at, self, message)

    def dead_letter(self, reason: str, detail: str) -> None:
        """Count a message that nobody wants."""
        self.system.dead_letter(reason, detail)

    def _create_inbox(self) -> Any:
        return _ClosedInbox(self)


class _ClosedInbox:
    """The inbox of a cell that takes no messages from outside."""

    def __init__(self, cell: Cell) -> None:
        self._cell = cell

    def put(self, envelope: Any) -> None:
        """Refuse."""
        raise TypeError(f"{self._cell} is internal: it takes no messages from outside")

    def get(self) -> Any:
        """Refuse."""
        raise TypeError(f"{self._cell} is not read from outside")

    def empty(self) -> bool:
        """Return whether it is empty, which it always is."""
        return True

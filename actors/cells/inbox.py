"""The inbox of an agent's cell: Pykka's side of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Self

import pykka
from pykka._envelope import Envelope
from pykka.messages import _ActorStop

from actors.agents.direct import DirectInvocation, rejection_error
from actors.cells.offspring import EventAsked, offspring_of
from actors.control.cell import CellRef
from actors.control.latch import refuse_to_block
from actors.control.stack import FRAMES_FOR_EVENT, refuse_used_up_stack
from actors.values.arguments import check_wait
from actors.values.event import Event
from supervisors.outcome import Outcome, OutcomeKind, Reason

if TYPE_CHECKING:
    from actors.cells.agent_cell import AgentCell
    from actors.control.reply import Reply


class ArmDirect(NamedTuple):
    """To the cell: arm the deadline of an event that was sent to it directly."""

    invocation: DirectInvocation


class AgentRef(CellRef):
    """A ref to an agent. What is sent to one that has stopped is refused by its inbox, which tells of it.

    It is an address: a copy of it, shallow or deep, is the same ref. It has a meaning in its own process only.
    """

    def __init__(self, actor: AgentCell) -> None:
        super().__init__(actor)
        self._agent = actor.name

    def __str__(self) -> str:
        return f"agent {self._agent!r} ({self.actor_urn})"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{self} cannot be pickled: its ref is of this process; send the name, use Runtime.agent() there"
        )

    def tell(self, message: Any) -> None:
        """Send an event without waiting for an answer; what cannot be taken is raised."""
        if isinstance(message, Event):
            self.actor_inbox.put(Envelope(message))
        else:
            super().tell(message)

    def ask(self, message: Any, *, block: bool = True, timeout: float | None = None) -> Any:
        """Send an event; return its answer, or a future of it.

        What an agent asks while it handles an event is a part of that event: it ends by its deadline, and is withdrawn
        as soon as the agent is done, or nobody waits for it any more. To leave something to be done, tell it.

        Args:
            message: The event.
            block: Whether to wait for the answer.
            timeout: Seconds to wait at most, for room in a mailbox that has its senders wait too; None is without end.

        Raises:
            pykka.Timeout: If no answer came in time; the event is still handled.
            MailboxFullError: If there was no room in time.
            AgentFailedError: With the outcome's reason `wait_cycle`, if the agent that asks waits for itself that way
                and no deadline would ever end that.
            WouldDeadlockError: If it is to block a thread that runs an event loop of a runtime; nothing was sent.
        """
        if block:
            refuse_to_block("ask()")
        if not isinstance(message, Event):
            return super().ask(message, block=block, timeout=timeout)
        seconds = check_wait(timeout, "ask():") if block else None
        reply: Any = self.actor_class._create_future()
        inbox: Any = self.actor_inbox  # that of an agent
        until = None if seconds is None else inbox.now() + seconds
        inbox.put(Envelope(message, reply_to=reply), within=seconds)
        if not block:
            return reply
        try:
            return reply.get(timeout=None if until is None else until - inbox.now())
        except pykka.Timeout:
            if reply.is_answered:
                raise  # the agent has raised it
            raise pykka.Timeout(f"no answer within {seconds:g} s") from None
        finally:
            del reply  # what is raised holds this frame

    def stop(self, *, block: bool = True, timeout: float | None = None) -> Any:
        """Stop the agent: what is queued is rejected, what is running may finish within its grace.

        Args:
            block: Whether to wait until it has stopped.
            timeout: Seconds to wait at most.

        Returns:
            Whether it was alive, or a future of that.

        Raises:
            pykka.Timeout: If it has not stopped in time; it is still being stopped.
            WouldDeadlockError: If it is to block a thread that runs an event loop of a runtime; it is not stopped.
        """
        if block:
            refuse_to_block("stop()")
        return super().stop(block=block, timeout=timeout)


class AgentInbox:
    """Where Pykka's refs put envelopes: it runs in the sender's thread, and blocks only where the mailbox says so."""

    __slots__ = ("_cell", "now")

    def __init__(self, cell: AgentCell) -> None:
        self._cell = cell
        self.now = cell.now

    def put(self, envelope: Any, *, within: float | None = None) -> None:
        """Take an event or a stop.

        Args:
            envelope: Pykka's, around an event.
            within: Seconds that its sender has; None leaves it to the mailbox how long one waits for room.

        Raises:
            TypeError: If it is neither.
            MailboxFullError: If there is no room and nobody waits for an answer.
            ActorDeadError: If the agent is stopped or failed, and nobody waits for an answer.
            BreakerOpenError: If its circuit breaker is open, and nobody waits for an answer.
            ForkedRuntimeError: In the child of a fork.
            RecursionError: If its sender's stack is almost used up.
        """
        cell = self._cell
        cell.system.check_usable()
        refuse_used_up_stack("sending an event", FRAMES_FOR_EVENT)
        message, reply = envelope.message, envelope.reply_to
        if reply is not None:
            reply.clock = cell.system.environment.clock
        if isinstance(message, _ActorStop):
            cell.request_stop(reply)
            return
        if not isinstance(message, Event):
            raise TypeError(f"{cell} takes an actors.Event, not {type(message).__name__}")
        rejection = self._submit(message, reply, within)
        if rejection is None:
            return
        error = rejection_error(cell.name, rejection, cell.capacity)
        if reply is None:
            raise error
        reply.fail(error)

    def _submit(self, event: Event, reply: Reply | None, within: float | None) -> Outcome | None:
        cell = self._cell
        invocation = DirectInvocation(cell, event, reply)
        rejection = _asked_too_late(invocation)
        if rejection is None:
            with cell.system.plane.shield:  # an interrupt must not strike between taking it and having it done
                rejection = cell.submit(invocation)
                if rejection is None:
                    self._note_taken(invocation)
                    return None
            rejection = cell.reconsider(invocation, rejection, within)
        if rejection is None:
            self._note_taken(invocation)
        else:
            cell.system.dead_letters.turned_away(invocation, rejection)
        return rejection

    def _note_taken(self, invocation: DirectInvocation) -> None:
        """Have it end with its asker, and by its deadline."""
        asker = invocation.asker
        if asker is not None:
            asker.cell.system.plane.post_from_outside(offspring_of(asker), EventAsked(invocation))
        if invocation.has_own_deadline:
            self._cell.system.plane.post_from_outside(self._cell, ArmDirect(invocation))

    def get(self) -> Any:
        """Refuse: the cell reads its mailbox itself."""
        raise pykka.ActorDeadError(f"{self._cell} reads its mailbox itself")

    def empty(self) -> bool:
        """Return whether no event waits."""
        return self._cell.depth == 0


def _asked_too_late(invocation: DirectInvocation) -> Outcome | None:
    """Say why an event is not taken whose asker's own event was withdrawn: nobody would read the answer."""
    asker = invocation.asker
    if asker is None or asker.is_live:
        return None
    detail = f"agent {asker.agent!r} asked while it handled an event that nobody waits for any more"
    return Outcome(OutcomeKind.CANCELLED, Reason.REQUESTED, detail=detail, culprit=asker.agent)

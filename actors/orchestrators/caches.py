"""The caches of a runtime, and the tickets by which its runs wait in them. All of it inside the control plane."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from actors.orchestrators.cache import Cache
from actors.values.digests import identity_of
from supervisors.outcome import COMPLETED, Outcome, Reason
from supervisors.signals import Answer, Attempt

if TYPE_CHECKING:
    from actors.control.cell import ControlCell
    from actors.control.plane import ControlPlane
    from actors.control.timers import ScheduledMessage
    from actors.orchestrators.cached import Cached
    from actors.values.state import Delta

MAX_CACHES = 256
"""How many caches a runtime keeps; beyond that, the one that was not used for longest goes with all that it holds."""


TOLD_AT_ONCE = 200
"""To how many who wait a value is told before other messages have their turn."""


class Change(NamedTuple):
    """What a node changed, and where it stood: notes on the nodes below it are kept by their paths."""

    path: str
    delta: Delta


ChangeCache: TypeAlias = "Cache[Change, Ticket]"


class Landing(NamedTuple):
    """To the caches: tell a value to all who wait for it."""

    cache: ChangeCache
    key: bytes
    change: Change


class ForgetAll:
    """To the caches: let go of everything, the runtime has stopped."""


FORGET_ALL = ForgetAll()


class Caches:
    """One cache for each `Cached` node; nodes that are alike share one.

    It sees to it that what has expired does not stay until somebody asks for it.

    Args:
        plane: Where it has itself told that something expires.
    """

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        # By identity, least recently used first. The nodes are kept because identities depend on that.
        self._caches: OrderedDict[bytes, tuple[Cached, ChangeCache]] = OrderedDict()
        # The identities of nodes, by the address of each; found out once.
        self._identities: dict[int, tuple[Cached, bytes]] = {}
        # What will tell that a cache's oldest value expires.
        self._timers: dict[ChangeCache, ScheduledMessage] = {}

    def of(self, node: Cached) -> ChangeCache:
        """Return the cache of a node, a new one if there is none."""
        identity = self._identity(node)
        known = self._caches.get(identity)
        if known is not None:
            self._caches.move_to_end(identity)
            return known[1]
        if len(self._caches) >= MAX_CACHES:
            self._forget_one()
        cache: ChangeCache = Cache(node.max_entries, node.ttl)
        self._caches[identity] = (node, cache)
        return cache

    def watch(self, cache: ChangeCache) -> None:
        """Have the values of a cache dropped when they have expired."""
        if cache not in self._timers:
            self._sweep(cache)

    def handle(self, message: ChangeCache | Landing | ForgetAll) -> None:
        """Go on telling a value, drop what has expired from a cache, or let go of everything."""
        if isinstance(message, ForgetAll):
            self._forget_all()
        elif isinstance(message, Landing):
            self.tell(message)
        else:
            self._sweep(message)

    def tell(self, landing: Landing) -> None:
        """Tell a value to all who wait for it, some at a time. They may be out of time by now."""
        cache, key, change = landing
        now = self._plane.now()
        for ticket in cache.aboard(key, TOLD_AT_ONCE):
            ticket.answer(change, now)
            cache.leave(key, ticket)
        if cache.aboard(key, 1):
            self._plane.send(self, landing)

    def repair(self) -> None:
        """Make good what an interrupt may have left half-done: every flight has a leader that knows of it."""
        for _, cache in list(self._caches.values()):
            for key, tickets in cache.flights():
                for ticket in tickets:
                    if ticket.is_stranded:
                        cache.leave(key, ticket)
                for leader in cache.aboard(key, 1):
                    leader.lead()

    def _sweep(self, cache: ChangeCache) -> None:
        """Drop what has expired, and come back when more will have."""
        self._cancel_timer(cache)
        expires_at = cache.sweep(self._plane.now())
        if expires_at is not None:
            self._timers[cache] = self._plane.schedule(expires_at, self, cache)

    def _identity(self, node: Cached) -> bytes:
        known = self._identities.get(id(node))
        if known is not None:
            return known[1]
        if len(self._identities) >= MAX_CACHES:
            self._identities.clear()
        identity = identity_of(node)
        self._identities[id(node)] = (node, identity)
        return identity

    def _forget_one(self) -> None:
        """Let go of the cache that was not used for longest, of those that nobody waits in."""
        for identity, (_, cache) in self._caches.items():
            if not cache.is_in_flight:
                del self._caches[identity]
                self._cancel_timer(cache)
                return

    def _forget_all(self) -> None:
        for cache in list(self._timers):
            self._cancel_timer(cache)
        self._caches.clear()
        self._identities.clear()

    def _cancel_timer(self, cache: ChangeCache) -> None:
        timer = self._timers.pop(cache, None)
        if timer is not None:
            timer.cancel()


class Lead(NamedTuple):
    """To whoever wants a value: you are to compute it."""


LEAD = Lead()


class Ticket:
    """A run's place in a flight; the handle by which its supervisor takes it back.

    It is a child of the run like any other, so whatever ends the run, or the part of it that asks, ends it as well:
    when it led, the next one leads. It is answered with the value; with None, when its own asker gave up computing.

    Args:
        caches: The caches of the runtime.
        cache: Where the value will be kept.
        key: Which value it is.
        asker: Who wants it, and is told to compute it.
    """

    __slots__ = ("_asker", "_attempt", "_cache", "_caches", "_is_answered", "_key", "begun_at")

    def __init__(self, caches: Caches, cache: ChangeCache, key: bytes, asker: ControlCell) -> None:
        self._caches = caches
        self._cache = cache
        self._key = key
        self._asker = asker
        self._attempt: Attempt | None = None
        self._is_answered = False
        self.begun_at: float | None = None

    @property
    def leads(self) -> bool:
        """Whether it is its asker who computes the value."""
        return self._cache.leads(self._key, self)

    @property
    def is_stranded(self) -> bool:
        """Whether its asker is gone without having taken it back, as after an interrupt."""
        return self._asker.is_stopped

    def board(self, attempt: Attempt, now: float) -> None:
        """Take the value if it is there by now, else join its flight."""
        self._attempt = attempt
        self.begun_at = now
        attempt.handle = self
        value = self._cache.find(self._key, now)
        if value is not None:
            self.answer(value, now)
        elif self._cache.join(self._key, self):
            self.lead()

    def lead(self) -> None:
        """Have the asker compute the value; to be told so again does no harm."""
        value = self._cache.find(self._key, self._asker.now())
        if value is None:
            self._asker.send(self._asker, LEAD)
        else:  # it has landed, and whoever was telling it to all was taken back or interrupted
            self._caches.tell(Landing(self._cache, self._key, value))

    def land(self, change: Change) -> None:
        """Keep what was computed and tell all who wait; nothing of that if others compute it by now."""
        if self.leads:
            self._cache.keep(self._key, change, self._asker.now())
            self._caches.watch(self._cache)
            self.answer(change, None)  # its own time was judged when its node ended
            self._caches.tell(Landing(self._cache, self._key, change))

    def release(self) -> None:
        """Let others compute it: it was tried in vain."""
        if self.leads:
            self._leave()
            self.answer(None, None)

    def withdraw(self, outcome: Outcome) -> None:
        """Take it back. At a shutdown nobody goes on, as each in its turn would begin to compute."""
        if outcome.reason is Reason.SHUTDOWN:
            self._cache.leave(self._key, self)
        else:
            self._leave()

    def delayer(self) -> str:
        """Return that no agent keeps it from getting on: it is another run that it waits for."""
        return ""

    def obstacle(self) -> str:
        """Return nothing: time alone is what it lacks."""
        return ""

    def _leave(self) -> None:
        following = self._cache.leave(self._key, self)
        if following is not None:
            following.lead()

    def answer(self, change: Change | None, ended_at: float | None) -> None:
        """Tell the supervisor, once; with a moment, it finds out whether that is too late."""
        attempt = self._attempt
        if attempt is None or self._is_answered:
            return
        answer = Answer(attempt, attempt.attempts, COMPLETED, change, self.begun_at, ended_at)
        self._asker.send(attempt.supervisor, answer)
        self._is_answered = True


class TicketTarget:
    """The target of the internal job that waits in a flight; its payload is the ticket."""

    def allowance(self, context: Any) -> tuple[float | None, str]:
        """Return no limit of its own: its parent has them all."""
        return None, ""

    def perform(self, attempt: Attempt, context: Any) -> Ticket:
        """Begin to wait."""
        ticket: Ticket = attempt.payload
        ticket.board(attempt, context.now())
        return ticket

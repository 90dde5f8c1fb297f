"""The scheduler: threads take turns, a seed picks whose is next, and time jumps when nobody can go on.

A thread has the turn until it waits. Whoever waits picks the next and hands over, so there is no thread that does
nothing but schedule. All state is touched by the thread that has the turn, which is why there are no locks.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from random import Random
from threading import get_ident

from actors.testing.errors import BlockedError, NotVirtualError, StalledError
from actors.testing.places import place_of_thread
from actors.testing.seat import MOST_ENDINGS, Seat, always

MOST_TURNS = 1_000_000
"""How many turns may be taken at one moment of virtual time before it is taken for a loop without an end."""

LONGEST_SLICE = 0.1
"""The longest that the root waits without looking up, in real seconds."""

_STALLED = "nothing is left that could happen: nobody can go on, and no timer is armed"


class Scheduler:
    """Lets one thread run at a time.

    The first to join is the test's own thread, the root: it learns of what goes wrong.

    Args:
        seed: Decides whose turn is next when several can go on.
        patience: Real seconds that a turn may take.

    Attributes:
        now: The virtual time in seconds.
        random: Where choices are drawn from.
        tell_waiting: Says what waits for what, for the text of errors.
        is_closed: Whether virtual time is over.
    """

    def __init__(self, seed: int, patience: float) -> None:
        self.now = 0.0
        self.random = Random(f"turns of {seed}")
        self.tell_waiting: Callable[[], tuple[str, ...]] = tuple
        self.is_closed = False
        self._patience = patience
        self._seats: list[Seat] = []
        # Set when the root joins.
        self._holder: Seat
        # Turns in all, and those at this moment of virtual time.
        self._turns = self._turns_now = 0
        self._is_ending = False
        # Whether turns are kept no more: something is blocked in real time, or all has been left.
        self._is_over = False
        # What has gone wrong for good; told to the root whenever it waits, until it leaves.
        self._failure: BlockedError | None = None

    # Joining and leaving

    def open(self) -> None:
        """Make this thread the root. It has the turn."""
        root = Seat("test")
        root.ident = get_ident()
        self._seats.append(root)
        self._holder = root

    def add(self, name: str) -> Seat:
        """Make a seat for a thread that is being started."""
        seat = Seat(name)
        self._seats.append(seat)
        return seat

    def begin(self, seat: Seat) -> None:
        """Wait for this thread's first turn."""
        seat.ident = get_ident()
        self._await_turn(seat)

    def leave(self, seat: Seat) -> None:
        """Give the turn away for good: this thread ends."""
        self._seats.remove(seat)
        if not self._is_over:
            self._holder = following = self._next()
            following.baton.release()

    def prepare_to_close(self) -> None:
        """Have the root wait for nothing any more, if turns are kept no more."""
        self._failure = None

    def close(self) -> None:
        """End virtual time: what still waits is made to end. On the root thread."""
        self._is_ending = True
        with suppress(StalledError, BlockedError):  # the rest has to end by itself
            self.wait(lambda: len(self._seats) == 1)
        self._is_over = self.is_closed = True
        for seat in self._seats[1:]:
            with suppress(RuntimeError):  # it is being handed the turn just now
                seat.baton.release()

    # Waiting

    def wait(
        self,
        is_ready: Callable[[], bool],
        *,
        until: float | None = None,
        is_last: bool = False,
        is_agents: bool = False,
    ) -> bool:
        """Give the turn away until something holds or a moment has come; return whether it holds.

        Args:
            is_ready: Says whether it holds. It is asked on any thread, and must not wait.
            until: The moment in virtual time; None waits for `is_ready` alone.
            is_last: Whether to go on only when nobody else can.
            is_agents: Whether it is an agent's code that waits, and is to be ended with the runtime.

        Raises:
            StalledError: On the root thread, if nobody can ever go on.
            BlockedError: On the root thread, if another thread keeps its turn for too long in real time.
            NotVirtualError: On a thread that takes no turns.
            CancelledError: In an agent's code, if the runtime is left.
        """
        seat = self._seat_here()
        if self._failure is not None and seat is self._seats[0]:
            raise self._failure
        if not self._is_over:
            seat.expect(is_ready, until, is_last=is_last, is_agents=is_agents)
            self._give_turn(seat)
        if seat.error is not None:
            error, seat.error = seat.error, None
            raise error
        if is_agents and self._is_ending:
            self._end_wait(seat)
        return is_ready()

    def _end_wait(self, seat: Seat) -> None:
        """End the wait of an agent; one that begins to wait again and again is left alone."""
        seat.endings += 1
        if seat.endings > MOST_ENDINGS:
            seat.baton.acquire()  # which nobody hands to it any more
        raise CancelledError("the runtime was left")

    def _seat_here(self) -> Seat:
        ident = get_ident()
        for seat in self._seats:
            if seat.ident == ident:
                return seat
        raise NotVirtualError(
            "waiting on a thread of its own",
            "only the thread that entered the VirtualRuntime, and agents, can wait in it",
        )

    # Turns

    def _give_turn(self, seat: Seat) -> None:
        self._holder = following = self._next()
        if following is seat:
            return
        try:
            following.baton.release()
            self._await_turn(seat)
        except BlockedError:
            raise
        except BaseException:  # an interrupt of the test: it may go on when the turn is its own
            self._reclaim(seat)
            raise

    def _await_turn(self, seat: Seat) -> None:
        if seat is not self._seats[0]:
            seat.baton.acquire()
            return
        turns = self._turns
        while not self._comes(seat):
            if turns == self._turns:
                self._is_over = True
                self._failure = self._blocked()
                raise self._failure
            turns = self._turns

    def _comes(self, seat: Seat) -> bool:
        """Wait for the root's turn as long as one turn may take; return whether it came."""
        # In slices, as an interrupt that arrives just before the thread begins to wait does not wake it.
        slices = ceil(self._patience / LONGEST_SLICE)
        return any(seat.baton.acquire(timeout=self._patience / slices) for _ in range(slices))

    def _reclaim(self, seat: Seat) -> None:
        seat.expect(always, None, is_last=False, is_agents=False)
        # The interrupt may have struck when the baton had just been taken: then the turn is here without it.
        if not seat.baton.acquire(timeout=self._patience) and self._holder is not seat:
            self._is_over = True
            self._failure = self._blocked()

    def _next(self) -> Seat:
        """Pick who goes on; let time jump when nobody can."""
        self._turns += 1
        self._turns_now += 1
        while not (able := self._able()):
            moments = [seat.until for seat in self._seats if seat.until is not None]
            if not moments:
                return self._stalled(_STALLED)
            self.now = min(moments)
            self._turns_now = 0
        if self._turns_now > MOST_TURNS:
            self._turns_now = 0
            names = ", ".join(seat.name for seat in able)
            return self._stalled(f"time does not get on: {MOST_TURNS:,} turns were taken at one moment, by {names}")
        return able[0] if len(able) == 1 else self.random.choice(able)

    def _able(self) -> list[Seat]:
        able = [seat for seat in self._seats if seat.can_go(self.now, is_ending=self._is_ending)]
        return [seat for seat in able if not seat.is_last] or able

    def _stalled(self, why: str) -> Seat:
        root = self._seats[0]
        root.error = StalledError(self.now, why, self.tell_waiting())
        return root

    def _blocked(self) -> BlockedError:
        holder = self._holder
        return BlockedError(holder.name, place_of_thread(holder.ident or 0), self._patience)

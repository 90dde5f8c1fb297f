"""The cache: values by key for as long as they are fresh and in use, and the flights in which they are computed.

Plain data, without a clock, a thread or a lock: whoever owns one tells it the time and lets one caller in at a time. An
interrupt may strike between any two steps of a method; the order of these keeps what is left behind in order.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice
from typing import Generic, TypeVar

_Value = TypeVar("_Value")
_Passenger = TypeVar("_Passenger")


class Cache(Generic[_Value, _Passenger]):
    """Values by key, and who waits for those that are being computed.

    A flight is all who want the value of one key that is not there. Its first passenger leads: it computes the value,
    and the others wait. When the leader gets off, the next one leads.

    Args:
        max_entries: How many values are kept; beyond that, the one that was not used for longest goes.
        ttl: For how many seconds a value is kept; None is until it has to go.
    """

    def __init__(self, max_entries: int, ttl: float | None) -> None:
        self._max_entries = max_entries
        self._ttl = ttl
        # Least recently used first.
        self._values: OrderedDict[bytes, _Value] = OrderedDict()
        # Oldest first, which as all live equally long is the order in which they expire.
        # Invariant: with a ttl, whatever is in `_values` is here too.
        self._expiries: OrderedDict[bytes, float] = OrderedDict()
        # The passengers in the order in which they came. Invariant: no flight is empty.
        self._flights: dict[bytes, OrderedDict[_Passenger, None]] = {}

    def __len__(self) -> int:
        """Return how many values are kept, expired ones that nobody noticed included."""
        return len(self._values)

    # Values

    def find(self, key: bytes, now: float) -> _Value | None:
        """Return a value that is fresh, which counts as using it; None if there is none."""
        expires_at = self._expiries.get(key)
        if expires_at is not None and now >= expires_at:
            self._drop(key)
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def keep(self, key: bytes, value: _Value, now: float) -> None:
        """Keep a value that was computed now."""
        if self._ttl is not None:
            self._expiries[key] = now + self._ttl
            self._expiries.move_to_end(key)
        self._values[key] = value
        self._values.move_to_end(key)
        while len(self._values) > self._max_entries:
            self._drop(next(iter(self._values)))

    def sweep(self, now: float) -> float | None:
        """Drop what has expired; return when the next value will, None if none is going to."""
        while self._expiries:
            key, expires_at = next(iter(self._expiries.items()))
            if now < expires_at:
                return expires_at
            self._drop(key)
        return None

    def _drop(self, key: bytes) -> None:
        self._values.pop(key, None)
        self._expiries.pop(key, None)

    # Flights

    @property
    def is_in_flight(self) -> bool:
        """Whether any value is being computed."""
        return bool(self._flights)

    def flights(self) -> Iterator[tuple[bytes, tuple[_Passenger, ...]]]:
        """Yield the keys of the flights with their passengers, leaders first; flights may end meanwhile."""
        for key, passengers in list(self._flights.items()):
            yield key, tuple(passengers)

    def join(self, key: bytes, passenger: _Passenger) -> bool:
        """Add a passenger to the flight of a key, which begins with the first; return whether it leads."""
        flight = self._flights.get(key)
        if flight is None:
            self._flights[key] = OrderedDict({passenger: None})
            return True
        flight[passenger] = None
        return next(iter(flight)) == passenger

    def leads(self, key: bytes, passenger: _Passenger) -> bool:
        """Return whether a passenger leads the flight of a key."""
        flight = self._flights.get(key)
        return flight is not None and next(iter(flight)) == passenger

    def leave(self, key: bytes, passenger: _Passenger) -> _Passenger | None:
        """Let a passenger get off, if it is aboard; return who leads from now on, None if that has not changed."""
        flight = self._flights.get(key)
        if flight is None or passenger not in flight:
            return None
        was_leading = next(iter(flight)) == passenger
        if len(flight) == 1:
            del self._flights[key]
            return None
        del flight[passenger]
        return next(iter(flight)) if was_leading else None

    def aboard(self, key: bytes, at_most: int | None = None) -> tuple[_Passenger, ...]:
        """Return the first passengers of a flight, or all of them, in the order in which they came."""
        return tuple(islice(self._flights.get(key, ()), at_most))

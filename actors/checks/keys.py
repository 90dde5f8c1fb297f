"""Keys: what is known, at one point of a workflow, of the keys in the state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from supervisors.excerpt import excerpt


class Start(NamedTuple):
    """What a run starts with.

    Attributes:
        state: The state's keys; None if they are not known.
        data: The keys of the event's data; None if they are not known.
    """

    state: frozenset[str] | None = None
    data: frozenset[str] | None = None

    @classmethod
    def of(cls, state: object, data: object) -> Start:
        """Take what a user says that a run starts with: names of keys, or mappings that have them; None for unknown.

        Raises:
            TypeError: If it is something else.
        """
        return cls(_key_names(state, "state"), _key_names(data, "data"))


UNKNOWN_START = Start()


def _key_names(keys: object, owner: str) -> frozenset[str] | None:
    if keys is None:
        return None
    if not isinstance(keys, str) and isinstance(keys, Iterable):
        names = list(keys)
        if all(isinstance(name, str) for name in names):
            return frozenset(names)
    raise TypeError(f"check(): {owner} must be the names of keys or None, not {excerpt(keys)}")


class Lack(Enum):
    """Whether a key is lacking.

    Attributes:
        NO: It is there, or nothing speaks against it.
        UNDECIDED: It is not produced before; whether it is there otherwise cannot be told.
        PERHAPS: It is produced by something that need not run, or may fail.
        LIKELY: Nothing before it declares to produce it, and nothing else can be meant to.
        CERTAIN: Nothing has run that could have produced it.
    """

    NO = "no"
    UNDECIDED = "undecided"
    PERHAPS = "perhaps"
    LIKELY = "likely"
    CERTAIN = "certain"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of the state at one point of a workflow.

    Attributes:
        surely: What is there whenever a run gets here.
        maybe: What may be there, in some runs at least; holds what is surely there, too.
        declaring: How many agents may have run that declare what they produce.
        undeclaring: How many may have run that do not: each may have left any key behind.
    """

    surely: frozenset[str] = frozenset()
    maybe: frozenset[str] = frozenset()
    declaring: int = 0
    undeclaring: int = 0

    def having(self, keys: Iterable[str]) -> Keys:
        """Return them with some that are surely there."""
        added = frozenset(keys)
        if added <= self.surely:
            return self
        return Keys(self.surely | added, self.maybe | added, self.declaring, self.undeclaring)

    def passed(self, *, is_declared: bool) -> Keys:
        """Return them after one more agent."""
        return Keys(self.surely, self.maybe, self.declaring + is_declared, self.undeclaring + (not is_declared))

    def or_else(self, later: Keys) -> Keys:
        """Return what is known where the later ones hold in some runs and these in others."""
        return Keys(self.surely, self.maybe | later.maybe, later.declaring, later.undeclaring)

    def joined(self, ways: Sequence[Keys]) -> Keys:
        """Return what is known after one of several ways on from here; who declares nothing may produce everything."""
        telling = [way.surely for way in ways if way.undeclaring == self.undeclaring]
        return Keys(
            frozenset.intersection(*telling) if telling else self.surely,
            frozenset().union(*[way.maybe for way in ways]),
            max(way.declaring for way in ways),
            max(way.undeclaring for way in ways),
        )

    def lack(self, key: str, start: Start, *, or_in_data: bool) -> Lack:
        """Return whether a key is lacking from the state, and from the event's data if it may be there."""
        if key in self.surely or (or_in_data and key in (start.data or ())):
            return Lack.NO
        if key in self.maybe:
            return Lack.PERHAPS
        is_start_known = start.state is not None and not (or_in_data and start.data is None)
        if self.undeclaring or not is_start_known:
            return Lack.UNDECIDED
        return Lack.LIKELY if self.declaring else Lack.CERTAIN

"""The mailbox: what waits for an agent."""

from __future__ import annotations

from collections import deque
from typing import Protocol


class Letter(Protocol):
    """What lies in a mailbox; it may be withdrawn while it lies there."""

    @property
    def is_live(self) -> bool:
        """Whether it is still wanted."""


class Mailbox:
    """A bounded queue from which letters can be withdrawn. Its owner's lock guards it.

    System messages do not go through it: stopping, cancelling and restarting never wait behind work.

    Args:
        capacity: How many letters may wait.
    """

    __slots__ = ("_letters", "_withdrawn", "capacity")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._letters: deque[Letter] = deque()
        # How many of the letters are not wanted any more; they are skipped when it is their turn.
        self._withdrawn = 0

    def __len__(self) -> int:
        return len(self._letters) - self._withdrawn

    @property
    def is_full(self) -> bool:
        """Whether one more letter would be too many."""
        return len(self._letters) - self._withdrawn >= self.capacity

    def put(self, letter: Letter) -> None:
        """Add a letter at the end."""
        self._letters.append(letter)

    def put_back(self, letter: Letter) -> None:
        """Add a letter at the front: it had been taken, and was not begun."""
        self._letters.appendleft(letter)

    def head(self) -> Letter | None:
        """Return the first letter that is wanted, without removing it."""
        letters = self._letters
        while letters:
            if letters[0].is_live:
                return letters[0]
            letters.popleft()
            self._withdrawn -= 1
        return None

    def drop_head(self) -> None:
        """Remove what `head()` returned."""
        self._letters.popleft()

    def note_withdrawn(self) -> None:
        """Count a letter that lies here and is not wanted any more; sweep when half of them are not."""
        self._withdrawn += 1
        if self._withdrawn * 2 > len(self._letters):
            self.recount()

    def recount(self) -> None:
        """Sweep out what is not wanted."""
        self._letters = deque(letter for letter in self._letters if letter.is_live)
        self._withdrawn = 0

    def clear(self) -> list[Letter]:
        """Remove everything and return what was still wanted."""
        letters = [letter for letter in self._letters if letter.is_live]
        self._letters.clear()
        self._withdrawn = 0
        return letters

"""The mailbox: what waits for an agent."""

from __future__ import annotations

from collections import deque
from typing import Final, Literal, Protocol, TypeAlias

from pydantic import Field

from supervisors.model import Model

DEFAULT_CAPACITY: Final = 10_000

Overflow: TypeAlias = Literal["reject", "drop_oldest", "wait"]


class MailboxPolicy(Model):
    """How many events may wait for an agent, and what becomes of one more.

    Attributes:
        capacity: How many may wait; for a function without a concurrency, how many may be in progress.
        overflow: `reject` refuses the newcomer. `drop_oldest` takes it, and the one that has waited longest is answered
            as rejected, with reason `dropped`, and becomes a dead letter. `wait` lets whoever tells or asks the agent
            from outside wait for room; where that would block an event loop or a run, the newcomer is refused.
        wait: Seconds that a sender waits at most before it is refused; with `wait` only.
    """

    capacity: int = Field(ge=1)
    overflow: Overflow
    wait: float | None = Field(gt=0)

    def __init__(
        self, *, capacity: int = DEFAULT_CAPACITY, overflow: Overflow = "reject", wait: float | None = None
    ) -> None:
        """Check and keep the policy.

        Raises:
            TypeError: If a value is of a wrong type.
            ValueError: If a value is out of range, or `wait` and the overflow rule do not go together.
        """
        super().__init__(capacity=capacity, overflow=overflow, wait=wait)
        if (wait is None) is (overflow == "wait"):
            raise ValueError(
                "MailboxPolicy: wait must be given with overflow='wait', as seconds, and only then; "
                f"not overflow={overflow!r} with wait={wait!r}"
            )


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

"""The flow: in which order a pattern runs its children, and what it asks about them; for judging it unrun."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from actors.workflows.combinations import Condition


class Flow(Enum):
    """In which order a pattern runs its children.

    Attributes:
        SEQUENCE: All of them, one after another, each with the state that the one before left.
        GROUP: All of them at once, each on the state that the pattern was given.
        CHOICE: The first whose gate lets it through, and no other; none is a failure.
        LOOP: Its one child, at least once, each time with the state that the last time left.
        EACH: Its one child, any number of times, perhaps never; each in a scope of its own.
        CACHED: Its one child, or what that changed before is taken over.
        UNKNOWN: Nobody can tell.
    """

    SEQUENCE = "sequence"
    GROUP = "group"
    CHOICE = "choice"
    LOOP = "loop"
    EACH = "each"
    CACHED = "cached"
    UNKNOWN = "unknown"


class Given(NamedTuple):
    """Holds when the key is in the state or in the event's data."""

    key: str


class Keyword(NamedTuple):
    """Holds when the text under the key contains the word: the state's text, or if it has none the event's data's."""

    key: str
    word: str


Question: TypeAlias = Condition | Given | Keyword | Callable[..., Any]


class Scope(NamedTuple):
    """What a child that works in a state of its own is given, and what is kept of it.

    Attributes:
        item: The key that it finds beside the others.
        into: The key of the pattern's state under which the results are put; nothing else is kept.
        output: The key of which the value is kept; None for all that it set.
    """

    item: str
    into: str
    output: str | None


@dataclass(frozen=True, slots=True)
class Gate:
    """What a pattern asks about one of its children, and does with it.

    Attributes:
        before: What must hold for the child to be run, all of it; asked in order.
        after: What is asked when the child has ended ok; None for nothing.
        times: How often the child is run at most.
        scope: The state of its own that it works in; None for the pattern's.
    """

    before: tuple[Question, ...] = ()
    after: Question | None = None
    times: int = 1
    scope: Scope | None = None


OPEN = Gate()
"""The gate of a child about which nothing is asked."""

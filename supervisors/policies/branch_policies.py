"""When a group of branches has succeeded, and when it no longer can."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BeforeValidator

from supervisors.excerpt import excerpt

# What becomes of the other branches when a required one fails.
OnFailure: TypeAlias = Literal["cancel", "finish"]

# What a group may ask for. Mind that 1 is one branch and 1.0 is every branch.
Require: TypeAlias = Literal["all", "any"] | int | float

# A fraction such as 0.7 is not exact in binary; what it lacks or exceeds is far below this.
ROUNDING_NOISE: Final = 1e-9


def plain_require(require: Any) -> Any:
    """Return what a group asks for as a builtin: an enum's member as its number or text. Anything else stays."""
    if isinstance(require, bool):
        return require
    if isinstance(require, str):
        return str.__str__(require)
    if isinstance(require, int):
        return int.__int__(require)
    return float.__float__(require) if isinstance(require, float) else require


PlainRequire: TypeAlias = Annotated[Any, BeforeValidator(plain_require)]
"""The type of a field that keeps it."""


def check_require(require: object, owner: str, branch_count: int | None = None) -> None:
    """Refuse what a group cannot ask for.

    Args:
        require: What the user gave.
        owner: Who is to be named when it is refused.
        branch_count: How many branches there are; None if that is not known yet.

    Raises:
        TypeError: If it is neither a string nor a number; a bool is not a number.
        ValueError: If it is another string, or a number out of range.
    """
    most = math.inf if branch_count is None else branch_count
    match require:
        case "all" | "any":
            return
        case bool():
            pass
        case int() if 1 <= require <= most:
            return
        case float() if 0 < require <= 1:
            return
    raise _refusal(require, branch_count, owner)


def resolve_require(require: object, branch_count: int, owner: str) -> int | None:
    """Return how many branches have to be ok.

    Args:
        require: What the user gave: "all", "any", a number of branches as an int, or a
            fraction of them as a float above 0, up to 1.0 for every branch.
        branch_count: How many branches there are.
        owner: Who is to be named when it is none of these.

    Returns:
        The quorum, or None for "all": there is no quorum, the required branches decide.

    Raises:
        TypeError: If it is neither a string nor a number; a bool is not a number.
        ValueError: If it is another string, or a number out of range.
    """
    check_require(require, owner, branch_count)
    match require:
        case int():
            return int(require)
        case float():
            return max(1, math.ceil(require * branch_count - ROUNDING_NOISE))
    return 1 if require == "any" else None


def _refusal(require: object, branch_count: int | None, owner: str) -> TypeError | ValueError:
    numbers = "from 1 on" if branch_count is None else f"from 1 to {branch_count}"
    text = (
        f"{owner} require must be 'all', 'any', a number of branches {numbers} "
        f"or a fraction above 0.0 up to 1.0, not {excerpt(require)}"
    )
    is_number = isinstance(require, int | float) and not isinstance(require, bool)
    return ValueError(text) if is_number or isinstance(require, str) else TypeError(text)


class Verdict(enum.Enum):
    """What has become of a group."""

    MET = "met"
    BROKEN = "broken"


class GroupTally:
    """Count the branches of one group as they end, and say when its fate is sealed."""

    def __init__(self, required: Sequence[bool], quorum: int | None) -> None:
        """Start with every branch unfinished.

        Args:
            required: For each branch, in declared order, whether it has to be ok.
            quorum: How many branches have to be ok; None asks for the required ones only,
                and waits for the optional ones to end.

        Raises:
            ValueError: If there is no branch, or the quorum is not a number from 1 to theirs.
        """
        if not required:
            raise ValueError("a group needs at least one branch")
        if quorum is not None and not 1 <= quorum <= len(required):
            raise ValueError(f"a quorum of {len(required)} branches cannot be {quorum!r}")
        self._required = tuple(required)
        self._quorum = quorum
        self._has_ended = bytearray(len(required))
        self._unfinished = len(required)
        self._unfinished_required = sum(self._required)
        self._ok = 0
        self._verdict: Verdict | None = None
        self._culprit: int | None = None

    @property
    def verdict(self) -> Verdict | None:
        """What has become of the group; None as long as it is open."""
        return self._verdict

    @property
    def culprit(self) -> int | None:
        """The index of the branch that broke the group; None if it is not broken."""
        return self._culprit

    def note(self, index: int, ok: bool) -> Verdict | None:
        """Note that a branch has ended; to be called once for each.

        Args:
            index: Which branch it is, in declared order.
            ok: Whether it did what was asked of it.

        Returns:
            The verdict, from the one call that seals it; None before and after.

        Raises:
            ValueError: If there is no such branch, or it has been noted before.
        """
        self._count(index, ok)
        if self._verdict is not None:
            return None
        if not ok and (self._required[index] or self._is_quorum_out_of_reach()):
            self._culprit = index
            self._verdict = Verdict.BROKEN
        elif self._is_met():
            self._verdict = Verdict.MET
        return self._verdict

    def _count(self, index: int, ok: bool) -> None:
        if not 0 <= index < len(self._required):
            raise ValueError(f"branch {index!r} is not one of {len(self._required)}")
        if self._has_ended[index]:
            raise ValueError(f"branch {index!r} has already ended")
        self._has_ended[index] = True
        self._unfinished -= 1
        self._unfinished_required -= self._required[index]
        self._ok += ok

    def _is_quorum_out_of_reach(self) -> bool:
        return self._quorum is not None and self._ok + self._unfinished < self._quorum

    def _is_met(self) -> bool:
        """Say whether nothing is left to wait for; asked only while nothing is broken."""
        if self._quorum is None:
            return self._unfinished == 0
        return self._unfinished_required == 0 and self._ok >= self._quorum

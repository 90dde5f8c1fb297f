"""Failures: the conditions that ask how what was tried before failed."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from actors.workflows.condition import Condition, Situation
from supervisors.names import ErrorNames, ErrorTypes
from supervisors.outcome import OutcomeKind
from supervisors.policies.endings import is_named

FailureKind: TypeAlias = Literal["failed", "timed_out", "rejected"]
"""How an attempt ends after which there may be another, or a fallback."""


def _plain_kinds(kinds: Any) -> Any:
    """Return kinds as texts, each once; of members of `OutcomeKind` the text. Anything else stays."""
    if not isinstance(kinds, tuple | list):
        return kinds
    return tuple([kind.value if isinstance(kind, OutcomeKind) else kind for kind in kinds])


class FailedWith(Condition):
    """Holds when what was tried before failed with one of some errors, by the rules of `Retry(on=)`.

    What ran out of time is a `TimeoutError`, and what an open breaker did not let through is a `BreakerOpenError`. A
    pattern that failed because a node below it did failed with the error of that node. A group of exceptions is one of
    them if its own class is named, other than by `Exception`, or if all in it are. When nothing failed before, it does
    not hold; where nothing can have failed before, the workflow is refused.

    Args:
        errors: Exception types, subclasses of theirs included, or their dotted names; or one tuple of these.
    """

    errors: ErrorNames = Field(min_length=1)

    def __init__(self, *errors: ErrorTypes) -> None:
        super().__init__(errors=errors[0] if len(errors) == 1 else errors)

    def holds(self, situation: Situation) -> bool:
        """Return whether there was a failure, and it is one of these."""
        previous = situation.previous
        return previous is not None and is_named(previous, self.errors)


class OutcomeIs(Condition):
    """Holds when what was tried before ended in one of some ways: "failed", "timed_out" or "rejected".

    When nothing was tried before, it does not hold; where nothing can have been, the workflow is refused.

    Args:
        kinds: The ways, as texts or members of `OutcomeKind`.
    """

    kinds: Annotated[tuple[FailureKind, ...], BeforeValidator(_plain_kinds)] = Field(min_length=1)

    def __init__(self, *kinds: FailureKind | OutcomeKind) -> None:
        super().__init__(kinds=kinds)

    def holds(self, situation: Situation) -> bool:
        """Return whether something was tried, and it ended in one of these ways."""
        previous = situation.previous
        return previous is not None and previous.kind in self.kinds

"""The base of the stock conditions, and what they all do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import Context as ContextVariables
from dataclasses import dataclass
from typing import Any, TypeAlias

from actors.values.errors import SharedValueError
from actors.values.event import Event
from actors.values.state import Snapshot
from actors.workflows.declared import Declared
from supervisors.outcome import Outcome

MISSING: Any = object()
"""Stands for the value of a key that is not there."""

SearchTexts: TypeAlias = Callable[[str, int, Sequence[str]], bool]
"""Tells whether a pattern, with flags of `re`, is found in one of some texts."""


def refuse_to_search(pattern: str, flags: int, texts: Sequence[str]) -> bool:
    """Refuse: here nobody may wait for a regular expression.

    Raises:
        AssertionError: Always.
    """
    raise AssertionError(f"pattern {pattern!r} is searched for on the work plane only")


@dataclass(slots=True)
class Situation:
    """What a condition is asked about. Nobody changes one.

    Attributes:
        state: The state.
        event: The event, as the pattern that asks got it; None where there is none.
        previous: How what was tried before failed, in the nearest branch around; None if nothing was.
        variables: The context variables in which a user's code runs; None where none does.
        search: What searches for patterns; only a condition that is not inline calls it.
    """

    state: Snapshot
    event: Event | None = None
    previous: Outcome | None = None
    variables: ContextVariables | None = None
    search: SearchTexts = refuse_to_search


class Condition(Declared):
    """The base of the stock conditions. What users derive from it is refused: it would be their code."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)

    @property
    def is_inline(self) -> bool:
        """Whether it may be evaluated inside the control plane."""
        return True

    def holds(self, situation: Situation) -> bool:
        """Return whether it holds. Runs no user code.

        Raises:
            ActorError: If there is no answer.
        """
        raise NotImplementedError


def value_of(state: Snapshot, key: str) -> Any:
    """Return the frozen value of a key, or MISSING.

    Raises:
        SharedValueError: If it is shared by reference: to look at it might run its code.
    """
    if key in state.shared:
        raise SharedValueError(key)
    return state.values.get(key, MISSING)

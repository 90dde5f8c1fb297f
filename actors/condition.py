"""The base of the stock conditions, and what they all do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from actors.declared import Declared
from actors.errors import SharedValueError
from actors.state import Snapshot

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


class Condition(Declared):
    """The base of the stock conditions. What users derive from it is refused: it would be their code."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)

    @property
    def is_inline(self) -> bool:
        """Whether it may be evaluated inside the control plane."""
        return True

    def holds(self, state: Snapshot, search: SearchTexts = refuse_to_search) -> bool:
        """Return whether it holds for a state. Runs no user code.

        Args:
            state: What is asked.
            search: What searches for patterns; only a condition that is not inline calls it.

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

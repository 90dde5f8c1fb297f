"""Conditions: what loops, stages, routes and cases ask of the state.

The stock conditions are data: they are evaluated inside the control plane, over frozen builtins. `Matches`, and what
contains it, is evaluated on the work plane, by a process. A condition may also be a callable of `(state)`, of
`(event, state)`, or of `(event, state, previous_outcome)`; a callable runs on the work plane. Both have 5 s.

`FailedWith` and `OutcomeIs` ask how what was tried before failed, as an agent's `context.previous_outcome` tells it: in
the fallback of a `Branch`, and where one tries again. Elsewhere a workflow that asks for it is refused.
"""

from __future__ import annotations

import re
import typing
import warnings
from collections.abc import Callable
from typing import TypeAlias

from pydantic import Field, field_validator

from actors.values.comparing import contains, texts_in
from actors.workflows.comparisons import Compare, Contains, Equals, Exists
from actors.workflows.condition import Condition, Situation, value_of
from actors.workflows.failures import FailedWith, OutcomeIs
from supervisors.excerpt import excerpt
from supervisors.model import wrong_type

__all__ = [
    "STOCK_CONDITIONS",
    "All",
    "Any",
    "AnyCondition",
    "Compare",
    "Condition",
    "Contains",
    "Equals",
    "Exists",
    "FailedWith",
    "Matches",
    "Not",
    "OutcomeIs",
    "check_condition",
    "contains",
]

MAX_CONDITION_DEPTH = 32
"""How deeply `All`, `Any` and `Not` may nest."""

MOST_CONDITIONS = 1_000
"""How many conditions one may consist of: the control plane asks them all in one go."""

MAX_PATTERN = 1_000
"""How many characters a regular expression may have: some take milliseconds for each to be compiled."""


class Matches(Condition):
    r"""Holds when a regular expression is found in the text under the key, ignoring case unless told otherwise.

    It looks where `Contains` looks: in a text, in the texts of a list, in the keys of a dict, and anywhere in them
    (anchor the pattern with `^` or `\A` if it has to stand at the start). It holds for nothing else, and not for what
    is missing. `re` may backtrack for ever, and would hold up the whole process: it runs in a small process beside it,
    which is ended after 5 s, or with the run. That costs some 70 us where other conditions take one, a millisecond for
    each 100 KB of text, and 20 ms for the first that a runtime asks. Where a plain word will do, ask `Contains`; put
    the cheaper conditions of an `All` first.

    Args:
        key: Which value of the state.
        pattern: A pattern of `re`, of 1,000 characters at most; other flags than that for case are written into it, as
            in `(?ms)`.
        ignore_case: Whether "a" matches "A" too, as in `Contains`.

    Raises:
        ValueError: If the pattern is not one, in which case the text says at which position, or if it is too long.
    """

    key: str = Field(min_length=1)
    pattern: str = Field(min_length=1, max_length=MAX_PATTERN)
    ignore_case: bool = True

    def __init__(self, key: str, pattern: str, *, ignore_case: bool = True) -> None:
        super().__init__(key=key, pattern=pattern, ignore_case=ignore_case)

    @field_validator("pattern")
    @classmethod
    def _usable_pattern(cls, pattern: str) -> str:
        try:
            with warnings.catch_warnings():  # of what a later Python may take for set operations
                warnings.simplefilter("ignore")
                re.compile(pattern)
        except RecursionError:
            raise ValueError("must be a regular expression that nests less deeply") from None
        except (re.error, OverflowError) as error:
            raise ValueError(f"must be a regular expression: {error}") from None
        return pattern

    @property
    def is_inline(self) -> bool:
        """No: `re` may never come back."""
        return False

    def holds(self, situation: Situation) -> bool:
        """Return whether the pattern is found. Blocks; on the work plane only."""
        texts = texts_in(value_of(situation.state, self.key))
        flags = re.IGNORECASE if self.ignore_case else re.NOFLAG
        return bool(texts) and situation.search(self.pattern, int(flags), texts)


class _Combination(Condition):
    conditions: tuple[typing.Any, ...] = Field(min_length=1)

    def __init__(self, **fields: typing.Any) -> None:
        super().__init__(**fields)

    @field_validator("conditions")
    @classmethod
    def _usable_conditions(cls, conditions: tuple[typing.Any, ...]) -> tuple[typing.Any, ...]:
        return _checked_parts(conditions)

    @property
    def is_inline(self) -> bool:
        """Whether all of its conditions are."""
        return all(condition.is_inline for condition in self.conditions)


class All(_Combination):
    """Holds when all of the conditions hold: asked in declared order, up to the first that does not.

    Args:
        conditions: Stock conditions, at least one; not callables.
    """

    def __init__(self, *conditions: Condition) -> None:
        super().__init__(conditions=conditions)

    def holds(self, situation: Situation) -> bool:
        """Return whether all hold."""
        return all(condition.holds(situation) for condition in self.conditions)


class Any(_Combination):
    """Holds when one of the conditions holds: asked in declared order, up to the first that does.

    Args:
        conditions: Stock conditions, at least one; not callables.
    """

    def __init__(self, *conditions: Condition) -> None:
        super().__init__(conditions=conditions)

    def holds(self, situation: Situation) -> bool:
        """Return whether one holds."""
        return any(condition.holds(situation) for condition in self.conditions)


class Not(Condition):
    """Holds when the condition does not; what has no answer has none here either.

    Args:
        condition: A stock condition; not a callable.
    """

    condition: typing.Any

    def __init__(self, condition: Condition) -> None:
        super().__init__(condition=condition)

    @field_validator("condition")
    @classmethod
    def _usable_condition(cls, condition: object) -> typing.Any:
        return _checked_parts((condition,))[0]

    @property
    def is_inline(self) -> bool:
        """Whether its condition is."""
        return bool(self.condition.is_inline)

    def holds(self, situation: Situation) -> bool:
        """Return whether the condition does not hold."""
        return not self.condition.holds(situation)


STOCK_CONDITIONS: frozenset[type[Condition]] = frozenset(
    {Exists, Equals, Contains, Compare, Matches, FailedWith, OutcomeIs, All, Any, Not}
)
"""The exact types of stock conditions."""


def _checked_parts(parts: tuple[object, ...]) -> tuple[Condition, ...]:
    """Validate what a condition is to consist of: the error's text follows the field's name."""
    for part in parts:
        if type(part) not in STOCK_CONDITIONS:
            expected = "must consist of stock conditions such as Exists('key')"
            if callable(part) and not isinstance(part, type):
                raise wrong_type(f"{expected}; a callable is a condition by itself: write the logic inside it")
            raise wrong_type(f"{expected}, not of {excerpt(part)}")
    checked = typing.cast(tuple[Condition, ...], parts)
    _check_extent(checked)
    return checked


def _check_extent(parts: tuple[Condition, ...]) -> None:
    """Refuse what is too deep or too large. Without recursion, and not further than the limit."""
    waiting = [(part, 2) for part in parts]
    count = 0
    while waiting:
        condition, depth = waiting.pop()
        count += 1
        if depth > MAX_CONDITION_DEPTH:
            raise ValueError(f"must not nest deeper than {MAX_CONDITION_DEPTH} levels; write a callable instead")
        if count + len(waiting) >= MOST_CONDITIONS:
            raise ValueError(f"must be fewer than {MOST_CONDITIONS} in all; write a callable instead")
        waiting += [(part, depth + 1) for part in _parts_of(condition)]


def _parts_of(condition: Condition) -> tuple[Condition, ...]:
    if isinstance(condition, _Combination):
        return condition.conditions
    return (condition.condition,) if isinstance(condition, Not) else ()


AnyCondition: TypeAlias = Condition | Callable[..., typing.Any]


def check_condition(condition: object, owner: str) -> AnyCondition:
    """Return what a user gave as a condition.

    Raises:
        TypeError: If it is neither a stock condition nor a callable.
    """
    if type(condition) in STOCK_CONDITIONS:
        return typing.cast(Condition, condition)
    if isinstance(condition, type | Condition) or not callable(condition):
        raise TypeError(
            f"{owner} must be a condition such as Exists('key'), or a callable of (state), (event, state) or "
            f"(event, state, previous_outcome), not {condition!r}"
        )
    return condition

"""Conditions: what loops, stages, routes and cases ask of the state. All of them are data."""

from actors.workflows.combinations import (
    All,
    Any,
    Compare,
    Condition,
    Contains,
    Equals,
    Exists,
    FailedWith,
    Matches,
    Not,
    OutcomeIs,
)

__all__ = [
    "All",
    "Any",
    "Compare",
    "Condition",
    "Contains",
    "Equals",
    "Exists",
    "FailedWith",
    "Matches",
    "Not",
    "OutcomeIs",
]

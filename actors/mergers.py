"""Mergers: how the changes of parallel branches become one. All of them are data."""

from actors.workflows.keyed_mergers import (
    BranchDelta,
    BranchResult,
    Collect,
    FirstWins,
    LastWins,
    Merger,
    Namespaced,
    Reduce,
    Union,
)

__all__ = [
    "BranchDelta",
    "BranchResult",
    "Collect",
    "FirstWins",
    "LastWins",
    "Merger",
    "Namespaced",
    "Reduce",
    "Union",
]

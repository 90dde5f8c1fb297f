"""The extent of a definition: how deeply it nests and of how much it consists, kept within limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from actors.grammar.place import Place
from actors.orchestrators.base import MAX_NESTING

MAX_NODES = 10_000
"""Of how many nodes and conditions a definition may consist; what is used more than once counts as often."""


class Extent:
    """How far a definition has been read or written.

    Args:
        refuse: Is told what goes too far.

    Attributes:
        size: Of how many nodes and conditions it consists so far.
    """

    def __init__(self, refuse: Callable[[Place, str], None]) -> None:
        self.size = 0
        self._depth = 0
        self._is_full = False
        self._refuse = refuse

    @contextmanager
    def entered(self, place: Place) -> Iterator[bool]:
        """Be one node or condition deeper, and say whether there is room for it."""
        is_deep, is_large = self._depth >= MAX_NESTING, self.size >= MAX_NODES
        if is_deep:
            self._refuse(place, f"nests deeper than {MAX_NESTING} levels")
        elif is_large and not self._is_full:
            self._is_full = True
            self._refuse(place, f"is too much: a definition has at most {MAX_NODES} nodes and conditions")
        self._depth += 1
        self.size += 1
        yield not is_deep and not is_large
        self._depth -= 1

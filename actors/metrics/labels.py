"""Label values: how many of them the metrics may have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from supervisors.excerpt import cut

LABEL_LIMIT: Final = 200
"""How many values a label may take, over all metrics that have it, before the rest are lumped."""

LONGEST_VALUE: Final = 200
"""How many characters of a value are exported; the middle of longer ones is left out."""

OTHER: Final = "other"
"""The value that stands for those beyond the limit."""


class LabelValues:
    """The values that each label has taken. One thread at a time.

    The first `limit` values of a label are kept for good, in all metrics alike, so that an agent
    is known by its name everywhere or nowhere. Long values are cut, or one name would be most of the page.

    Attributes:
        overflow: How often a value was replaced by `other`, by the name of its label.
    """

    def __init__(self, limit: int = LABEL_LIMIT) -> None:
        self._limit = limit
        # What to export for each value, by label.
        self._exported: dict[str, dict[str, str]] = {}
        self.overflow: dict[str, int] = {}

    def bounded(self, labels: Sequence[str], values: Sequence[str]) -> tuple[str, ...]:
        """Return the values to export, one for each label."""
        return tuple(map(self._bounded, labels, values))

    def _bounded(self, label: str, value: str) -> str:
        exported = self._exported.setdefault(label, {})
        if value not in exported:
            if len(exported) >= self._limit:
                self.overflow[label] = self.overflow.get(label, 0) + 1
                return OTHER
            # One lone surrogate would make the whole page impossible to encode.
            exported[value] = cut(value, LONGEST_VALUE).encode(errors="backslashreplace").decode()
        return exported[value]

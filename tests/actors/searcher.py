"""A searcher that stands for the processes that search for patterns."""

from __future__ import annotations

import re
from collections.abc import Sequence


class Searcher:
    """Stands for the process that searches, and keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, list[str]]] = []

    def __call__(self, pattern: str, flags: int, texts: Sequence[str]) -> bool:
        self.asked.append((pattern, flags, list(texts)))
        return any(re.search(pattern, text, flags) for text in texts)

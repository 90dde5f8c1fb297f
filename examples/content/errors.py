"""What can go wrong while an article is made."""

from __future__ import annotations


class ContentError(Exception):
    """The base of every error this program raises on purpose."""


class EmptyBriefError(ContentError):
    """The brief has no word that says what the article is about."""

    def __init__(self, brief: str) -> None:
        super().__init__(brief)
        self.brief = brief

    def __str__(self) -> str:
        return f"the brief {self.brief!r} does not say what the article is about; name the subject"


class NoMaterialError(ContentError):
    """The corpus has too little on what the brief asks for.

    Attributes:
        brief: What was asked for.
        found: How many statements there are on it.
    """

    def __init__(self, brief: str, found: int) -> None:
        super().__init__(brief, found)
        self.brief = brief
        self.found = found

    def __str__(self) -> str:
        return f"too little for an article on {self.brief!r}: {self.found} statements; try other words"

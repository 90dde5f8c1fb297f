"""What can go wrong while a question is researched."""

from __future__ import annotations


class ResearchError(Exception):
    """The base of every error this program raises on purpose."""


class EmptyCorpusError(ResearchError):
    """Nothing that could be read was found.

    Attributes:
        place: Where documents were looked for.
        skipped: How many files were found there but could not be used.
    """

    def __init__(self, place: str, skipped: int) -> None:
        super().__init__(place, skipped)
        self.place = place
        self.skipped = skipped

    def __str__(self) -> str:
        if self.skipped:
            return f"none of the {self.skipped} documents in {self.place!r} could be read"
        return f"no documents in {self.place!r}; expected .txt, .md, .rst or .py files"


class EmptyQuestionError(ResearchError):
    """The question has no word that could be looked up."""

    def __init__(self, question: str) -> None:
        super().__init__(question)
        self.question = question

    def __str__(self) -> str:
        return f"nothing to look up in {self.question!r}; put the words that matter in `backticks`"


class NoMatchError(ResearchError):
    """No passage of any document answers the question.

    Attributes:
        question: What was asked.
        terms: The words that were looked up in vain.
    """

    def __init__(self, question: str, terms: tuple[str, ...]) -> None:
        super().__init__(question, terms)
        self.question = question
        self.terms = terms

    def __str__(self) -> str:
        listed = ", ".join(repr(term) for term in self.terms)
        return f"no document answers {self.question!r}; looked for {listed}"


class SearchUnavailableError(ResearchError):
    """The SQLite library of this Python was built without full-text search."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version

    def __str__(self) -> str:
        return f"SQLite {self.version} lacks the FTS5 extension, which the search needs"

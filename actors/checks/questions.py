"""Questions: which keys of the state they ask about."""

from __future__ import annotations

from actors.workflows.combinations import All, Any, FailedWith, Matches, Not, OutcomeIs
from actors.workflows.comparisons import Compare, Contains, Equals, Exists
from actors.workflows.flow import Given, Keyword, Question


def keys_read(question: Question) -> frozenset[str] | None:
    """Return the keys that decide on the answer; None if nobody can tell, as of a callable."""
    match question:
        case Exists() | Equals() | Contains() | Compare() | Matches() | Given() | Keyword():
            return frozenset({question.key})
        case FailedWith() | OutcomeIs():
            return frozenset()
        case Not():
            return keys_read(question.condition)
        case All() | Any():
            keys = [keys_read(each) for each in question.conditions]
            return frozenset().union(*[each for each in keys if each is not None])
    return None


def keys_needed(question: Question) -> frozenset[str]:
    """Return the keys of the state without which the answer is no."""
    match question:
        case Exists() | Equals() | Contains() | Compare() | Matches():
            return frozenset({question.key})
        case All():
            return frozenset().union(*map(keys_needed, question.conditions))
        case Any():
            return frozenset.intersection(*map(keys_needed, question.conditions))
    return frozenset()


def asks_what_failed(question: Question) -> bool:
    """Return whether it asks how what was tried before failed."""
    match question:
        case FailedWith() | OutcomeIs():
            return True
        case Not():
            return asks_what_failed(question.condition)
        case All() | Any():
            return any(map(asks_what_failed, question.conditions))
    return False

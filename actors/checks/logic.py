"""Logic: what one question's answer says about another's, as far as it can be decided.

A condition may have no answer, as one about a value shared by reference: then it does not hold, and neither does what
contains it. What is not decided is answered with False, which keeps whoever asks from claiming anything.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, islice

from actors.values.comparing import ORDERING, are_equal, are_ordered, contains
from actors.values.errors import ActorError
from actors.values.state import Snapshot
from actors.workflows.combinations import All, Any, Matches, Not
from actors.workflows.comparisons import Compare, Contains, Equals, Exists
from actors.workflows.condition import Condition, Situation
from actors.workflows.flow import Given, Keyword, Question

MOST_DECISIONS = 50_000
"""How many pairs of compound conditions are compared for one workflow; what comes after is not decided."""

_Leaf: typing.TypeAlias = Exists | Equals | Contains | Compare | Matches
_Compound: typing.TypeAlias = All | Any | Not
_ABOVE, _BELOW = (">", ">="), ("<", "<=")


class Logic:
    """Decides about questions, each pair once."""

    def __init__(self) -> None:
        # By identity, as not all can be hashed; with the two questions, so that their identities stay theirs.
        self._known: dict[tuple[str, int, int], tuple[bool, Question, Question]] = {}

    def implies(self, first: Question, second: Question) -> bool:
        """Return whether the second certainly holds, or has no answer, wherever the first holds."""
        return self._decided("implies", first, second, self._implies)

    def excludes(self, first: Question, second: Question) -> bool:
        """Return whether the two certainly never hold together."""
        return self._decided("excludes", first, second, self._excludes)

    def never(self, questions: Sequence[Question]) -> bool:
        """Return whether certainly not all of the questions can hold at once."""
        if any(map(self._is_never, questions)):
            return True
        return any(self.excludes(first, second) for first, second in combinations(questions, 2))

    def always(self, questions: Sequence[Question]) -> bool:
        """Return whether certainly one of the questions holds, or has no answer, whatever the state."""
        if any(map(self._is_always, questions)):
            return True
        return any(self.implies(negation.condition, other) for negation, other in _negations_beside(questions))

    def _decided(
        self, kind: str, first: Question, second: Question, decide: Callable[[Question, Question], bool]
    ) -> bool:
        if not (isinstance(first, _Compound) or isinstance(second, _Compound)):
            return decide(first, second)
        pair = (kind, id(first), id(second))
        if pair not in self._known:
            if len(self._known) >= MOST_DECISIONS:
                return False
            self._known[pair] = decide(first, second), first, second
        return self._known[pair][0]

    def _is_never(self, question: Question) -> bool:
        match question:
            case All():
                return self.never(question.conditions)
            case Any():
                return all(map(self._is_never, question.conditions))
            case Not():
                return self._is_always(question.condition)
        return isinstance(question, Condition) and _is_pinned(question) and not _holds_where_pinned(question, question)

    def _is_always(self, question: Question) -> bool:
        match question:
            case All():
                return all(map(self._is_always, question.conditions))
            case Any():
                return self.always(question.conditions)
            case Not():
                return self._is_never(question.condition)
        return False

    def _implies(self, first: Question, second: Question) -> bool:
        if isinstance(first, Keyword):
            return _keyword_implies(first, second)
        if first is second or (isinstance(first, Condition) and isinstance(second, Condition) and first == second):
            return True
        if isinstance(first, Any):
            return all(self.implies(each, second) for each in first.conditions)
        if isinstance(second, All):
            return all(self.implies(first, each) for each in second.conditions)
        if isinstance(first, All) and any(self.implies(each, second) for each in first.conditions):
            return True
        if isinstance(second, Any):
            return any(self.implies(first, each) for each in second.conditions)
        if isinstance(second, Not):
            return self.excludes(first, second.condition)
        return _leaf_implies(first, second)

    def _excludes(self, first: Question, second: Question) -> bool:
        if isinstance(first, Any):
            return all(self.excludes(each, second) for each in first.conditions)
        if isinstance(second, Any):
            return all(self.excludes(first, each) for each in second.conditions)
        if isinstance(first, Not) and self.implies(second, first.condition):
            return True
        if isinstance(second, Not) and self.implies(first, second.condition):
            return True
        if isinstance(first, All):
            return any(self.excludes(each, second) for each in first.conditions)
        if isinstance(second, All):
            return any(self.excludes(first, each) for each in second.conditions)
        return _leaf_excludes(first, second)


def _negations_beside(questions: Sequence[Question]) -> Iterator[tuple[Not, Question]]:
    """Yield each negation with each other question, as long as it is decided."""
    negations = [question for question in questions if isinstance(question, Not)]
    pairs = ((each, other) for each in negations for other in questions if other is not each)
    return islice(pairs, MOST_DECISIONS)


def _leaf_implies(first: Question, second: Question) -> bool:
    if not isinstance(first, _Leaf):
        return False
    match second:
        case Given() | Exists():
            return first.key == second.key
        case Keyword():
            return _implies_keyword(first, second)
    if not isinstance(second, _Leaf) or first.key != second.key:
        return False
    if _is_pinned(first):
        return second.is_inline and _holds_where_pinned(first, second)
    if isinstance(first, Contains) and isinstance(second, Contains):
        return _are_one_text(first.value, second.value)
    if isinstance(first, Compare) and isinstance(second, Compare) and are_ordered(first.value, second.value):
        return _order_implies(first, second)
    return False


def _leaf_excludes(first: Question, second: Question) -> bool:
    if not (isinstance(first, _Leaf) and isinstance(second, _Leaf)) or first.key != second.key:
        return False
    if _is_pinned(first):
        return second.is_inline and not _holds_where_pinned(first, second)
    if _is_pinned(second):
        return first.is_inline and not _holds_where_pinned(second, first)
    if isinstance(first, Compare) and isinstance(second, Compare) and {first.op, second.op} <= ORDERING.keys():
        return not are_ordered(first.value, second.value) or _are_apart(first, second) or _are_apart(second, first)
    return False


def _is_pinned(question: Condition) -> bool:
    """Return whether it holds for one value of its key only."""
    return isinstance(question, Equals) or (isinstance(question, Compare) and question.op == "==")


def _holds_where_pinned(pinned: Condition, question: Condition) -> bool:
    """Return whether a question about the same key holds for the one value for which the pinned one does."""
    key, value = pinned.key, pinned.value  # type: ignore[attr-defined]  # what is pinned has both
    try:
        return question.holds(Situation(Snapshot({key: value})))
    except ActorError:
        return False


def _order_implies(first: Compare, second: Compare) -> bool:
    """Compare two ranges of one order: the first lies within the second, or leaves out what the second does."""
    bound, other = first.value, second.value
    if second.op == "!=":
        return first.op in ORDERING and not ORDERING[first.op](other, bound)
    for strict, inclusive in (_ABOVE, _BELOW):
        if first.op in (strict, inclusive) and second.op in (strict, inclusive):
            is_as_wide = first.op == strict or second.op == inclusive
            return ORDERING[strict](bound, other) or (are_equal(bound, other) and is_as_wide)
    return False


def _are_apart(lower: Compare, upper: Compare) -> bool:
    """Return whether nothing is above the one bound and below the other."""
    if lower.op not in _ABOVE or upper.op not in _BELOW:
        return False
    if are_equal(lower.value, upper.value):
        return not (lower.op == ">=" and upper.op == "<=")
    return ORDERING[">"](lower.value, upper.value)


def _keyword_implies(first: Keyword, second: Question) -> bool:
    """Compare with another keyword: what is looked through is taken for one text, not for a list of words."""
    if isinstance(second, Given):
        return first.key == second.key
    return isinstance(second, Keyword) and first.key == second.key and contains(first.word, second.word)


def _implies_keyword(first: _Leaf, second: Keyword) -> bool:
    if first.key != second.key:
        return False
    if isinstance(first, Equals) and type(first.value) is str:
        return contains(first.value, second.word)
    return isinstance(first, Contains) and _are_one_text(first.value, second.word)


def _are_one_text(first: object, second: object) -> bool:
    """Return whether two values are one text but for the case, or equal."""
    if type(first) is str and type(second) is str:
        return first.casefold() == second.casefold()
    return are_equal(first, second)

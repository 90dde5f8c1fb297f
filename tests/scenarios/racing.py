"""Who is done first: what becomes of nodes that are done at once, by a simple model of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any, Protocol


class Racy(Exception):  # noqa: N818  # not an error: what was generated is of no use
    """The result depends on who is first of those that end at the same moment."""


class Finisher(Protocol):
    """Who has been done."""

    @property
    def ok(self) -> bool: ...

    @property
    def ends(self) -> float: ...


@dataclass(frozen=True)
class Rules:
    """What is asked of nodes that are done at once.

    Attributes:
        required: Which have to be ok.
        quorum: How many have to be ok; None asks for the required ones only, and waits for all.
        is_cut_short: Whether the others are cancelled when it has failed.
        at_once: How many are done at once.
    """

    required: Sequence[bool]
    quorum: int | None
    is_cut_short: bool
    at_once: int

    def verdict(self, oks: Mapping[int, bool], last: int) -> str | None:
        """Return what is known when the last of some has ended: "met", why it has failed, or nothing yet."""
        left = len(self.required) - len(oks)
        good = sum(oks.values())
        if not oks[last]:
            if self.required[last]:
                return "required_branch_failed"
            if self.quorum is not None and good + left < self.quorum:
                return "quorum_not_met"
        are_required_done = all(index in oks for index, needed in enumerate(self.required) if needed)
        is_met = left == 0 if self.quorum is None else are_required_done and good >= self.quorum
        return "met" if is_met else None


@dataclass(frozen=True)
class Race:
    """How it went.

    Attributes:
        ended: Who was done, in the order of their numbers; the others were cancelled, or never begun.
        reasons: Why it failed, by who may have been the first to fail; empty if it has not.
        ends: When.
        is_certain: Whether nobody else may have been done.
    """

    ended: Mapping[int, Any]
    reasons: frozenset[str]
    ends: float
    is_certain: bool = True


def race(rules: Rules, begin: Callable[[int, float], Finisher], at: float) -> Race:
    """Have all be done, as the rules say.

    Args:
        rules: What is asked of them.
        begin: Says how one of them ends that begins at a moment.
        at: When the first ones begin.

    Raises:
        Racy: If it depends on the order within one moment who is done, and whether that is enough.
    """
    size, begun, reasons = len(rules.required), 0, frozenset[str]()
    running: dict[int, Finisher] = {}
    ended: dict[int, Finisher] = {}
    while len(ended) < size:
        while begun < size and len(running) < rules.at_once:
            running[begun] = begin(begun, at)
            begun += 1
        moment = min(each.ends for each in running.values())
        due = {index: each for index, each in running.items() if each.ends == moment}
        if not reasons:
            ways = _ways(rules, ended, due)
            verdicts = {verdict for verdict, _ in ways}
            is_crowded = rules.at_once > 1 and bool(ended) and moment == at  # one began and ended with another's end
            if verdicts != {None} and (is_crowded or ("met" in verdicts and len(verdicts) > 1)):
                raise Racy
            if verdicts == {"met"} or (verdicts != {None} and rules.is_cut_short):
                return _cut_short(ways, {**ended, **due}, verdicts, moment)
            reasons = frozenset(verdict for verdict in verdicts if verdict)
        ended.update(due)
        running = {index: each for index, each in running.items() if index not in due}
        at = moment
    return Race(dict(sorted(ended.items())), reasons, at)


_Ways = set[tuple[str | None, frozenset[int]]]


def _ways(rules: Rules, ended: Mapping[int, Finisher], due: Mapping[int, Finisher]) -> _Ways:
    """Return what may be known, and who was done by then, after those that end at one moment, in whatever order."""
    ways = set()
    for order in permutations(due):
        oks = {index: each.ok for index, each in ended.items()}
        for index in order:
            oks[index] = due[index].ok
            if (verdict := rules.verdict(oks, index)) is not None:
                break
        ways.add((verdict, frozenset(oks)))
    return ways


def _cut_short(ways: _Ways, done: Mapping[int, Any], verdicts: set[str | None], moment: float) -> Race:
    is_certain = len({indexes for _, indexes in ways}) == 1
    if not is_certain and "met" in verdicts:
        raise Racy
    indexes = min((indexes for _, indexes in ways), key=len)
    reasons = frozenset(verdict for verdict in verdicts if verdict not in {None, "met"})
    ended = {index: done[index] for index in sorted(indexes)}
    return Race(ended, reasons, moment, is_certain)

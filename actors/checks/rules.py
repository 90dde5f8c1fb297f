"""Rules: those of a choice that are never taken, and choices that nothing may be taken of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from actors.checks.flaw import Bars, Flaw
from actors.checks.logic import Logic
from actors.checks.place import Place
from actors.orchestrators.base import Pattern
from actors.values.findings import Code
from actors.workflows.flow import Flow, Gate, Keyword, Question

MOST_COMPARISONS = 20_000
"""How many pairs of a choice's rules, and of the nodes that they lead to, are compared: all of 100 rules at least. Of
more rules, the last are compared with none."""


class _Rule(NamedTuple):
    place: Place
    question: Question
    always_holds: bool


class _Earlier:
    """The rules that are asked before one, by the node that they lead to: most of many rules lead to the same few."""

    def __init__(self) -> None:
        self.questions: list[Question] = []
        self._comparisons_left = MOST_COMPARISONS
        self._by_node: dict[str | int, list[_Rule]] = {}

    def add(self, rule: _Rule) -> None:
        """Add a rule, asked after all that were added before."""
        self.questions.append(rule.question)
        node = rule.place.node
        self._by_node.setdefault(node if isinstance(node, str) else id(node), []).append(rule)

    def elsewhere(self, node: str | Pattern) -> Iterator[_Rule]:
        """Yield the rules that lead to another node, as long as comparisons are left."""
        for rules in self._by_node.values():
            if self._may_compare() and rules[0].place.node != node:
                yield from takewhile(lambda _rule: self._may_compare(), rules)

    def _may_compare(self) -> bool:
        self._comparisons_left -= 1
        return self._comparisons_left >= 0


def check_rules(root: Place, logic: Logic) -> Iterator[Flaw]:
    """Find rules and cases that are never taken, and choices without a default."""
    for place in root.walk():
        if place.flow is Flow.CHOICE:
            yield from _check_choice(place, logic)


def _check_choice(choice: Place, logic: Logic) -> Iterator[Flaw]:
    earlier = _Earlier()
    dead = 0
    for child in choice.children:
        if logic.never(child.gate.before):
            dead += 1
            problem = f"it is never taken: {_shown(child.gate)} cannot hold"
            yield Flaw(child, Code.RULE_NEVER_HOLDS, problem, "correct the condition", Bars.GATE)
        else:
            yield from _check_hidden(child, earlier, logic)
        if len(child.gate.before) == 1:
            question = child.gate.before[0]
            earlier.add(_Rule(child, question, logic.always((question,))))
    if dead == len(choice.children):
        problem = "none of its rules can ever hold, and there is no default"
        yield Flaw(choice, Code.NO_RULE_HOLDS, problem, "correct the rules, or add a default", Bars.NODE)
    elif len(earlier.questions) == len(choice.children) and not logic.always(earlier.questions):
        yield from _check_default(choice)


def _check_default(choice: Place) -> Iterator[Flaw]:
    """Look at a choice of which it is possible that nothing is taken."""
    if choice.fallback is None and choice.fails_the_run:
        yield Flaw(
            choice,
            Code.MISSING_DEFAULT,
            "there is no default, so what none of its rules covers fails the run",
            "add a default, or make it optional if that is meant",
        )


def _check_hidden(child: Place, earlier: _Earlier, logic: Logic) -> Iterator[Flaw]:
    """Look for an earlier rule that takes all that this would; none that leads to the same node is a mistake."""
    for rule in earlier.elsewhere(child.node):
        if rule.always_holds or any(logic.implies(each, rule.question) for each in child.gate.before):
            path = rule.place.path
            advice = f"put it before {path!r}, or leave it out" if child.gate.before else "leave one of them out"
            yield Flaw(child, Code.HIDDEN_RULE, _how_hidden(child.gate, rule.place.gate), advice)
            return


def _how_hidden(hidden: Gate, hiding: Gate) -> str:
    rule, earlier = _shown(hidden), _shown(hiding)
    if not hidden.before:
        return f"it is never taken: {earlier} always holds"
    if isinstance(hidden.before[0], Keyword):
        return f"no text gets here: one that contains {rule} contains {earlier}, which is looked for before"
    return f"it is never taken: where {rule} holds, {earlier} holds, which is asked before"


def _shown(gate: Gate) -> str:
    return " and ".join(map(_text, gate.before))


def _text(question: Question) -> str:
    return repr(question.word) if isinstance(question, Keyword) else repr(question)

"""Effects: what is expected of nodes that none of their agents declares to produce."""

from __future__ import annotations

from collections.abc import Iterator

from actors.checks.agents import Declarations
from actors.checks.flaw import Flaw
from actors.checks.place import Place
from actors.checks.producers import Producers, may_conflict, merger_of
from actors.checks.questions import keys_read
from actors.values.findings import Code
from actors.workflows.flow import Flow, Given


def check_effects(root: Place, declarations: Declarations) -> Iterator[Flaw]:
    """Find conditions that a node cannot change, and branches that write over each other."""
    producers = Producers(declarations)
    for place in root.walk():
        yield from _check_question(place, producers)
        yield from _check_output(place, producers)
        if place.flow is Flow.GROUP:
            yield from _check_conflicts(place, producers)
        if place.flow is Flow.CACHED:
            yield from _check_cached(place, producers, declarations)


def _check_question(place: Place, producers: Producers) -> Iterator[Flaw]:
    """Look at what is asked after a node of which nothing can have changed the answer."""
    asked, parent = place.gate.after, place.parent
    keys = None if asked is None else keys_read(asked)
    if parent is None or not keys or not producers.all_declare(place) or keys & producers.of(place).keys():
        return
    names = " or ".join(map(repr, sorted(keys)))
    if parent.flow is Flow.LOOP:
        yield Flaw(
            parent,
            Code.UNTIL_CANNOT_CHANGE,
            f"no agent in it declares to produce {names}, which {asked!r} asks for: unless that holds from the start, "
            f"it always goes on to its maximum of {place.gate.times} iterations",
            f"have an agent in the loop produce {names}, or ask for something else with until=",
        )
    else:
        yield Flaw(
            place,
            Code.SUCCESS_CANNOT_CHANGE,
            f"no agent in it declares to produce {names}, which its success condition {asked!r} asks for",
            f"have an agent in the stage produce {names}, or make that a prerequisite",
        )


def _check_output(place: Place, producers: Producers) -> Iterator[Flaw]:
    scope = place.gate.scope
    if scope is None or scope.output is None or place.parent is None or not producers.all_declare(place):
        return
    if scope.output != scope.item and scope.output not in producers.of(place):
        yield Flaw(
            place.parent,
            Code.OUTPUT_NOT_PRODUCED,
            f"no agent in it declares to produce {scope.output!r}, which is to be kept of each item",
            f"have an agent in it produce {scope.output!r}, or keep another key with output=",
        )


def _check_conflicts(group: Place, producers: Producers) -> Iterator[Flaw]:
    merger = merger_of(group)
    if group.pattern is not None and group.pattern.quorum == 1:
        return
    first: dict[str, Place] = {}
    for child in group.children:
        for key in producers.new_of(child):
            other = first.setdefault(key, child)
            if other is not child and may_conflict(merger, key):
                yield Flaw(
                    group,
                    Code.CONFLICTING_KEYS,
                    f"branches {other.label!r} and {child.label!r} both produce {key!r}, "
                    "and the group fails if they write different values",
                    "let them produce different keys, or choose another merger",
                )


def _check_cached(cached: Place, producers: Producers, declarations: Declarations) -> Iterator[Flaw]:
    """Look at what a node depends on beside the names that it is cached by."""
    (node,) = cached.children
    names = {question.key for question in node.gate.before if isinstance(question, Given)}
    known = names.union(*[declarations[each.agent].produces for each in node.walk() if each.agent in declarations])
    for place in node.walk() if names else ():
        declared = declarations.get(place.agent)
        for key in declared.requires if declared is not None else ():
            if key not in known:
                yield Flaw(
                    cached,
                    Code.CACHED_BY_TOO_LITTLE,
                    f"agent {place.agent!r} in it requires {key!r}, and what is kept is taken over "
                    f"whatever {key!r} is then",
                    f"cache by {key!r} too, unless it is always the same",
                )

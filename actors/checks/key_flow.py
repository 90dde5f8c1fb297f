"""The flow of keys: what nodes need that nothing before them leaves in the state."""

from __future__ import annotations

from dataclasses import replace

from actors.checks.agents import Declarations
from actors.checks.flaw import Bars, Flaw
from actors.checks.keys import Keys, Lack, Start
from actors.checks.place import Place
from actors.checks.producers import Producers, merger_of
from actors.checks.questions import keys_needed
from actors.values.findings import Code
from actors.workflows.flow import Flow, Gate, Given, Keyword
from actors.workflows.keyed_mergers import Collect, Merger, Namespaced


def check_keys(root: Place, declarations: Declarations, start: Start) -> list[Flaw]:
    """Find keys that are asked for and not there, or not in every run."""
    tracer = _Tracer(root, declarations, start)
    known = frozenset() if start.state is None else start.state
    tracer.follow(root, Keys(known, known))
    return tracer.flaws


class _Tracer:
    """Follows the keys of the state through a workflow, and keeps what it finds."""

    def __init__(self, root: Place, declarations: Declarations, start: Start) -> None:
        self.flaws: list[Flaw] = []
        # Whether what is followed is a later iteration of a loop.
        self._is_later = False
        self._root = root
        self._declarations = declarations
        self._producers = Producers(declarations)
        self._start = start

    def follow(self, place: Place, before: Keys) -> Keys:
        """Return the keys after a node that ended ok."""
        after = self._agent(place, before) if place.pattern is None else self._pattern(place, before)
        if place.fallback is None:
            return after
        return before.joined([after, self._child(place.fallback, before)])

    def _agent(self, place: Place, before: Keys) -> Keys:
        declared = self._declarations.get(place.agent)
        if declared is None:
            return before.passed(is_declared=False)
        for key in declared.requires:
            self._need(place, key, before, f"agent {place.agent!r} requires {key!r}", Bars.NODE)
        after = before.having(declared.requires).having(declared.produces)
        return after.passed(is_declared=bool(declared.produces))

    def _pattern(self, place: Place, before: Keys) -> Keys:
        match place.flow:
            case Flow.SEQUENCE:
                return self._sequence(place, before)
            case Flow.GROUP:
                return self._group(place, before)
            case Flow.CHOICE:
                return self._choice(place, before)
            case Flow.EACH:
                return self._each(place, before)
            case Flow.LOOP:
                return self._loop(place, before)
            case Flow.CACHED:
                self._need_given(place, before)
                return self._child(place.children[0], before)
        unknown = before.passed(is_declared=False)
        for child in place.children:
            self.follow(child, unknown)
        return unknown

    def _child(self, child: Place, before: Keys) -> Keys:
        """Return the keys after a child, an optional one's failure included."""
        gate = child.gate
        inside = before.having(_needed(gate))
        after = self.follow(child, inside)
        if gate.after is not None and child.parent is not None and child.parent.flow is Flow.SEQUENCE:
            after = after.having(keys_needed(gate.after))
        return after if child.job.required else before.or_else(after)

    def _sequence(self, place: Place, before: Keys) -> Keys:
        keys = before
        for child in place.children:
            self._need_prerequisites(child, keys)
            keys = self._child(child, keys)
        return keys

    def _choice(self, place: Place, before: Keys) -> Keys:
        self._need_text(place, before)
        for child in place.children:
            for key in sorted(_needed(child.gate)):
                if before.lack(key, self._start, or_in_data=False) in (Lack.LIKELY, Lack.CERTAIN):
                    problem = f"it is never taken: its condition asks for {key!r}"
                    self._need(child, key, before, problem, Bars.GATE)
        return before.joined([self._child(child, before) for child in place.children])

    def _loop(self, place: Place, before: Keys) -> Keys:
        """Return the keys after a loop. Its first iteration lacks what later ones find: only what fails it is kept."""
        (body,) = place.children
        known = before.maybe.union(self._producers.of(body))
        later = replace(before, maybe=known, undeclaring=before.undeclaring + (not self._producers.all_declare(body)))
        if self._is_later:
            return self._child(body, later)
        outside, self.flaws = self.flaws, []
        after = self._child(body, before)
        first = self.flaws
        if first and body.gate.times > 1:
            self.flaws, self._is_later = [], True
            self._child(body, later)
            lasting = {(flaw.place, flaw.code) for flaw in self.flaws}
            first = [flaw for flaw in first if (flaw.place, flaw.code) in lasting or _fails_at_once(flaw, place)]
            self._is_later = False
        self.flaws = outside + first
        return after

    def _each(self, place: Place, before: Keys) -> Keys:
        self._need_given(place, before)
        (child,) = place.children
        scope = child.gate.scope
        if scope is None:
            return before.or_else(self._child(child, before))
        self.follow(child, before.having([scope.item]))
        return before.having([scope.into])

    def _group(self, place: Place, before: Keys) -> Keys:
        ways = [self.follow(child, before) for child in place.children]
        quorum = None if place.pattern is None else place.pattern.quorum
        is_needed = [child.job.required or quorum == len(ways) for child in place.children]
        surely = before.surely.union(*[way.surely for way, needed in zip(ways, is_needed, strict=True) if needed])
        after = replace(before.joined(ways), surely=surely)
        merger = merger_of(place)
        if isinstance(merger, Namespaced):
            labels = [child.label for child in place.children]
            surely = before.surely.union(label for label, needed in zip(labels, is_needed, strict=True) if needed)
            return replace(after, surely=surely, maybe=before.maybe.union(labels))
        if isinstance(merger, Collect):
            return after.having(merger.keys)
        return after if isinstance(merger, Merger) else after.passed(is_declared=False)

    def _need_prerequisites(self, stage: Place, keys: Keys) -> None:
        for question in stage.gate.before:
            needed = [question.key] if isinstance(question, Given) else sorted(keys_needed(question))
            for key in needed:
                problem = f"its prerequisites ask for {key!r}"
                self._need(stage, key, keys, problem, Bars.GATE, or_in_data=isinstance(question, Given))

    def _need_given(self, place: Place, keys: Keys) -> None:
        """Look at what a pattern fails without when it begins."""
        for key in [question.key for question in place.children[0].gate.before if isinstance(question, Given)]:
            self._need(place, key, keys, f"it asks for {key!r}", Bars.NODE, or_in_data=True)

    def _need_text(self, choice: Place, keys: Keys) -> None:
        """Look at what a choice looks for words in: without it, no word is found."""
        gates = [child.gate.before for child in choice.children]
        words = [gate[0] for gate in gates if len(gate) == 1 and isinstance(gate[0], Keyword)]
        if words and keys.lack(words[0].key, self._start, or_in_data=True) in (Lack.LIKELY, Lack.CERTAIN):
            bars = Bars.NODE if len(words) == len(gates) else Bars.NOTHING
            problem = f"its rules look for words under {words[0].key!r}"
            self._need(choice, words[0].key, keys, problem, bars, or_in_data=True)

    def _need(self, place: Place, key: str, keys: Keys, problem: str, bars: Bars, *, or_in_data: bool = False) -> None:
        """Note a flaw if a key is not there."""
        lack = keys.lack(key, self._start, or_in_data=or_in_data)
        advice = f"have a node before it produce {key!r}, or start the run with it"
        match lack:
            case Lack.CERTAIN | Lack.LIKELY:
                said = "which nothing before it produces"
                bars = bars if lack is Lack.CERTAIN else Bars.NOTHING
                self.flaws.append(Flaw(place, Code.MISSING_KEY, f"{problem}, {said}", advice, bars))
            case Lack.PERHAPS if _fails_the_run_without(place, bars):
                said = "which is not there in every run: what produces it may fail or not be run"
                self.flaws.append(Flaw(place, Code.KEY_NOT_CERTAIN, f"{problem}, {said}", advice))
            case Lack.UNDECIDED if not keys.undeclaring and (elsewhere := self._elsewhere(place, key)):
                said = f"which only {elsewhere.path!r} produces, and that does not run before it"
                self.flaws.append(Flaw(place, Code.KEY_PRODUCED_ELSEWHERE, f"{problem}, {said}", advice))

    def _elsewhere(self, place: Place, key: str) -> Place | None:
        """Return a node that produces a key later or at the same time, in the same pass of every loop."""
        above = _line(place)
        for other in self._root.walk():
            if other not in above and self._producers.makes(other, key):
                shared = [each for each in _line(other) if each in above]
                is_apart = shared[0] is not place and shared[0].flow in (Flow.SEQUENCE, Flow.GROUP)
                if is_apart and all(each.flow is not Flow.LOOP for each in shared):
                    return other
        return None


def _needed(gate: Gate) -> frozenset[str]:
    return frozenset().union(*map(keys_needed, gate.before))


def _fails_the_run_without(place: Place, bars: Bars) -> bool:
    return place.fails_the_run and (bars is Bars.GATE or place.fallback is None)


def _fails_at_once(flaw: Flaw, loop: Place) -> bool:
    """Return whether a loop fails in its first iteration if the flaw keeps its place from ending ok."""
    place = flaw.place
    if place.flow is Flow.CHOICE or (flaw.bars is not Bars.GATE and place.fallback is not None):
        return False
    while place is not loop:
        parent = place.parent
        if parent is None or place.is_fallback or not place.job.required:
            return False
        if parent.flow not in (Flow.SEQUENCE, Flow.GROUP, Flow.LOOP) or parent.fallback is not None:
            return False
        place = parent
    return True


def _line(place: Place) -> list[Place]:
    """Return a node and those above it, nearest first."""
    line = [place]
    while line[-1].parent is not None:
        line.append(line[-1].parent)
    return line

"""The verdict: what the flaws in a workflow do to its runs, which makes findings of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from actors.checks.flaw import Bars, Flaw
from actors.checks.place import Place
from actors.values.findings import Code, Finding, Severity
from actors.workflows.flow import Flow


def judge(root: Place, flaws: Iterable[Flaw]) -> tuple[Finding, ...]:
    """Return the findings, by path: errors are what keeps every run from ending ok.

    What only some runs meet, or that a fallback or an optional branch makes up for, is a warning.
    """
    made = list(flaws)
    barred = _Barred(root, made)
    made += barred.quorums()
    findings = {_finding(flaw, barred): None for flaw in made}
    return tuple(sorted(findings, key=lambda finding: (finding.path, finding.severity, finding.code)))


def _finding(flaw: Flaw, barred: _Barred) -> Finding:
    severity = Severity.ERROR if barred.ends_every_run(flaw) else Severity.WARNING
    place, code, problem, advice, _ = flaw
    return Finding(severity=severity, code=code, path=place.path, problem=problem, advice=advice)


class _Barred:
    """Knows which nodes can never end ok, given certain flaws."""

    def __init__(self, root: Place, flaws: Iterable[Flaw]) -> None:
        self._root = root
        certain = [flaw for flaw in flaws if flaw.bars is not Bars.NOTHING]
        self._nodes = {flaw.place for flaw in certain if flaw.bars is Bars.NODE}
        self._gates = {flaw.place for flaw in certain if flaw.bars is Bars.GATE}
        # The nodes that never end ok, fallback included.
        self._failing: set[Place] = set()
        if certain:
            self._fails(root)

    def ends_every_run(self, flaw: Flaw) -> bool:
        """Return whether it is certain that no run ends ok, and that the flaw has part in that."""
        place = flaw.place
        match flaw.bars:
            case Bars.RUN:
                return True
            case Bars.NODE:
                return self._fails_all_above(place)
            case Bars.GATE if place.parent is not None:
                is_felt = place.job.required or place.parent.flow is Flow.CHOICE
                return is_felt and self._fails_all_above(place.parent)
        return False

    def _fails_all_above(self, place: Place) -> bool:
        """Return whether a node fails, and with it its parent, and so on up to the root."""
        while place in self._failing:
            parent = place.parent
            if parent is None:
                return True
            if not (place.job.required or (self._lacks(parent) and not place.is_fallback)):
                return False
            place = parent
        return False

    def quorums(self) -> Iterator[Flaw]:
        """Yield the groups of which too few branches can be ok."""
        for place in self._root.walk():
            if place.pattern is not None and self._lacks(place):
                yield Flaw(
                    place,
                    Code.QUORUM_OUT_OF_REACH,
                    f"{place.pattern.quorum} of its {len(place.children)} branches must be ok, "
                    f"and only {self._possible(place)} can be",
                    "correct the others, or ask for fewer",
                    Bars.NODE,
                )

    def _fails(self, place: Place) -> bool:
        """Decide about a node and all below it."""
        for child in place.children:
            self._fails(child)
        is_saved = place.fallback is not None and not (self._fails(place.fallback) and place.fallback.job.required)
        fails = not is_saved and (place in self._nodes or self._fails_with_children(place))
        if fails:
            self._failing.add(place)
        return fails

    def _fails_with_children(self, place: Place) -> bool:
        children, failing, gates = place.children, self._failing, self._gates
        match place.flow:
            case Flow.SEQUENCE | Flow.LOOP:
                return any(child.job.required and (child in failing or child in gates) for child in children)
            case Flow.GROUP:
                return self._lacks(place) or any(child.job.required and child in failing for child in children)
            case Flow.CHOICE:
                return all(child in gates or (child.job.required and child in failing) for child in children)
        return False

    def _lacks(self, place: Place) -> bool:
        """Return whether it is a group of which too few branches can be ok."""
        quorum = place.pattern.quorum if place.pattern is not None and place.flow is Flow.GROUP else None
        return quorum is not None and self._possible(place) < quorum

    def _possible(self, group: Place) -> int:
        return sum(child not in self._failing for child in group.children)

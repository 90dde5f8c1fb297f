"""The graph: a workflow drawn as a Mermaid flowchart, to be looked at before it is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from actors.orchestrators.base import Part, Pattern
from actors.orchestrators.inner import fallback_of, node_of
from actors.workflows.branch import Branch, part_of
from actors.workflows.flow import Flow, Gate, Given, Keyword, Question

INDENT = "    "

_ENTITIES = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;"}
_LONGEST_TEXT = 60
_CLASSES = (
    "classDef agent fill:#eef4ff,stroke:#3b6fb6,color:#10243f",
    "classDef optional fill:#ffffff,stroke:#3b6fb6,color:#10243f,stroke-dasharray:5 4",
    "classDef gate fill:#fff6dd,stroke:#b58a1b,color:#3d2e05",
    "classDef box fill:#fbfbfb,stroke:#8a8a8a,color:#333333",
    "classDef optionalBox fill:#fbfbfb,stroke:#8a8a8a,color:#333333,stroke-dasharray:5 4",
)
# Without a margin the arrows into a box are drawn through its title.
_HEAD = (
    '%%{init: {"flowchart": {"subGraphTitleMargin": {"top": 4, "bottom": 18}}}}%%',
    "flowchart TB",
)


class _Drawn(NamedTuple):
    """What was drawn of a node: where arrows go in, and where they come out."""

    way_in: str
    ways_out: tuple[str, ...]


class _Arrow(NamedTuple):
    """An arrow that waits for where it leads."""

    source: str
    text: str = ""
    dotted: bool = False


def mermaid(workflow: str | Pattern | Branch) -> str:
    """Return a workflow as the text of a Mermaid flowchart, the same each time.

    Patterns are boxes in boxes, named and with their timeouts; agents are what the arrows lead through. Optional nodes
    are dashed, and so are the arrows that lead to them and to fallbacks. Nothing is checked and no agent is looked up.

    Raises:
        TypeError: If it is neither an agent's name nor a pattern nor a branch.
    """
    if not isinstance(workflow, str | Pattern | Branch):
        raise TypeError(f"a workflow is an agent's name or a pattern, not {type(workflow).__name__}")
    drawing = _Drawing()
    drawing.line('start(["start"])')
    drawing.line('finish(["end"])')
    drawn = drawing.part(part_of(workflow, {}))
    drawing.arrow(_Arrow("start"), drawn.way_in)
    for way_out in drawn.ways_out:
        drawing.arrow(_Arrow(way_out), "finish")
    return drawing.text()


class _Drawing:
    """The lines of a flowchart as they come to be."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._arrows: list[str] = []
        self._depth = 1
        self._count = 0

    def text(self) -> str:
        """Return the whole."""
        ending = [f"{INDENT}{line}" for line in (*self._arrows, *_CLASSES)]
        return "\n".join([*_HEAD, *self._lines, *ending, ""])

    def line(self, text: str) -> None:
        """Add a line in the box that is open."""
        self._lines.append(f"{INDENT * self._depth}{text}")

    def arrow(self, arrow: _Arrow, target: str) -> None:
        """Draw an arrow; all are drawn after the boxes, which an arrow's mention would open elsewhere."""
        shaft = "-.->" if arrow.dotted else "-->"
        label = f'|"{_escaped(arrow.text)}"|' if arrow.text else ""
        self._arrows.append(f"{arrow.source} {shaft}{label} {target}")

    def part(self, part: Part) -> _Drawn:
        """Draw a node with what its place says of it, and its fallback beside it."""
        drawn, below = self._node(part), fallback_of(part)
        if below is None:
            return drawn
        fallback = self.part(below)
        for way_out in drawn.ways_out:
            self.arrow(_Arrow(way_out, "if it fails", dotted=True), fallback.way_in)
        return _Drawn(drawn.way_in, (*drawn.ways_out, *fallback.ways_out))

    def _node(self, part: Part) -> _Drawn:
        policy, node = _policy(part), node_of(part)
        if isinstance(node, str):
            name = node if part.label in (node, "fallback") else f"{part.label}: {node}"
            kind = "agent" if part.required else "optional"
            return self._point('["', '"]', [name, *policy], kind)
        title = [part.label, node.kind, *_settings(node), *policy]
        name = self._name("box")
        self.line(f'subgraph {name}["{_escaped(_joined(title))}"]')
        self._depth += 1
        drawn = _FLOWS[node.flow](self, node)
        self._depth -= 1
        self.line("end")
        self.line(f"class {name} {'box' if part.required else 'optionalBox'}")
        return drawn

    def _point(self, left: str, right: str, texts: Sequence[str], kind: str) -> _Drawn:
        name = self._name("n")
        self.line(f"{name}{left}{'<br/>'.join(map(_escaped, texts))}{right}:::{kind}")
        return _Drawn(name, (name,))

    def _gate(self, text: str) -> str:
        return self._point('{{"', '"}}', [text], "gate").way_in

    def _name(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def sequence(self, pattern: Pattern) -> _Drawn:
        """Draw the children one after another, what is asked before and after them between them."""
        first, ways_out = "", tuple[str, ...]()
        for part, gate in zip(pattern.parts(), pattern.gates(), strict=True):
            drawn = self._gated(part, gate)
            for way_out in ways_out:
                self.arrow(_Arrow(way_out), drawn.way_in)
            first, ways_out = first or drawn.way_in, drawn.ways_out
        return _Drawn(first, ways_out)

    def _gated(self, part: Part, gate: Gate) -> _Drawn:
        before = self._gate(" and ".join(map(_asked, gate.before))) if gate.before else ""
        drawn = self.part(part)
        if before:
            self.arrow(_Arrow(before, "yes"), drawn.way_in)
        if gate.after is None:
            return _Drawn(before or drawn.way_in, drawn.ways_out)
        after = self._gate(f"must hold: {_asked(gate.after)}")
        for way_out in drawn.ways_out:
            self.arrow(_Arrow(way_out), after)
        return _Drawn(before or drawn.way_in, (after,))

    def group(self, pattern: Pattern) -> _Drawn:
        """Draw the children side by side, between where they part and where their changes are merged."""
        parts = pattern.parts()
        needed = "all that are required" if pattern.quorum is None else f"{pattern.quorum} of {len(parts)}"
        fork = self._gate(f"at once: {needed}")
        drawn = [(part, self.part(part)) for part in parts]
        merge = pattern.checks().get("merge")
        join = self._gate(f"merge: {_shown(merge)}")
        for part, (way_in, ways_out) in drawn:
            self.arrow(_Arrow(fork, "" if part.required else "optional", dotted=not part.required), way_in)
            for way_out in ways_out:
                self.arrow(_Arrow(way_out, dotted=not part.required), join)
        return _Drawn(fork, (join,))

    def choice(self, pattern: Pattern) -> _Drawn:
        """Draw the children below the question which of them is run, in the order in which they are considered."""
        fork = self._point('{"', '"}', [pattern.label, "first that holds"], "gate").way_in
        ways_out: list[str] = []
        choices = groupby(zip(pattern.parts(), pattern.gates(), strict=True), key=itemgetter(0))
        for number, (part, considered) in enumerate(choices, 1):
            drawn = self.part(part)
            self.arrow(_Arrow(fork, f"{number}. {_any_of([gate for _, gate in considered])}"), drawn.way_in)
            ways_out += drawn.ways_out
        return _Drawn(fork, tuple(ways_out))

    def loop(self, pattern: Pattern) -> _Drawn:
        """Draw the child, and the arrow back to it."""
        (part,), (gate,) = pattern.parts(), pattern.gates()
        drawn = self.part(part)
        until = self._gate(f"until {_asked(gate.after)}" if gate.after is not None else "again?")
        for way_out in drawn.ways_out:
            self.arrow(_Arrow(way_out), until)
        self.arrow(_Arrow(until, f"not yet, at most {gate.times} times"), drawn.way_in)
        return _Drawn(drawn.way_in, (until,))

    def each(self, pattern: Pattern) -> _Drawn:
        """Draw the child once for all the items."""
        (part,) = pattern.parts()
        fork = self._gate("for each item, on its own")
        drawn = self.part(part)
        join = self._gate("results in the order of the items")
        self.arrow(_Arrow(fork), drawn.way_in)
        for way_out in drawn.ways_out:
            self.arrow(_Arrow(way_out), join)
        return _Drawn(fork, (join,))

    def cached(self, pattern: Pattern) -> _Drawn:
        """Draw the child, and the way around it."""
        (part,) = pattern.parts()
        lookup = self._point('[("', '")]', ["kept under an equal key?"], "gate").way_in
        drawn = self.part(part)
        self.arrow(_Arrow(lookup, "no"), drawn.way_in)
        taken = self._gate("taken over, or kept")
        self.arrow(_Arrow(lookup, "yes"), taken)
        for way_out in drawn.ways_out:
            self.arrow(_Arrow(way_out), taken)
        return _Drawn(lookup, (taken,))


_FLOWS: Mapping[Flow, Callable[[_Drawing, Pattern], _Drawn]] = {
    Flow.SEQUENCE: _Drawing.sequence,
    Flow.GROUP: _Drawing.group,
    Flow.CHOICE: _Drawing.choice,
    Flow.LOOP: _Drawing.loop,
    Flow.EACH: _Drawing.each,
    Flow.CACHED: _Drawing.cached,
    Flow.UNKNOWN: _Drawing.sequence,
}


def _policy(part: Part) -> list[str]:
    """Return what a node's place says of it: its limits, its retries, whether it is optional."""
    texts = [] if part.timeout is None else [f"{part.timeout:g} s"]
    texts += [f"{whose.partition(' of ')[0]} {seconds:g} s" for seconds, whose in part.limits]
    if part.retry is not None and part.retry.attempts > 1:
        texts.append(f"{part.retry.attempts} tries")
    if not part.required:
        texts.append("optional")
    return texts


def _settings(pattern: Pattern) -> list[str]:
    """Return what a pattern says of itself in plain numbers and words, defaults left out."""
    texts = [] if pattern.timeout is None else [f"{pattern.timeout:g} s"]
    for name, field in type(pattern).model_fields.items():
        value = getattr(pattern, name)
        is_drawn = name in _DRAWN or name.endswith("timeout")
        if isinstance(value, str | int | float) and value != field.default and not is_drawn:
            texts.append(f"{name.replace('_', ' ')}: {value}")
    return texts


_DRAWN = {"name", "require", "node", "max_iterations", "fallback", "default"}
"""The fields that are drawn in another way than in a box's title."""


def _any_of(gates: Sequence[Gate]) -> str:
    """Return what lets a child through, when several gates lead to it one after another."""
    words = [gate.before[0] for gate in gates if len(gate.before) == 1 and isinstance(gate.before[0], Keyword)]
    keys = {keyword.key for keyword in words}
    if len(words) == len(gates) and len(keys) == 1:
        return f"{keys.pop()} contains {' or '.join(repr(keyword.word) for keyword in words)}"
    return " or ".join(" and ".join(map(_asked, gate.before)) or "else" for gate in gates)


def _asked(question: Question) -> str:
    match question:
        case Given(key):
            return f"{key} is given"
        case Keyword(key, word):
            return f"{key} contains {word!r}"
    return _shown(question)


def _shown(value: object) -> str:
    """Return a condition, a merger or a number as it is written; a callable by its name."""
    if callable(value):
        return f"{getattr(value, '__qualname__', type(value).__name__)}()"
    text = repr(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"


def _joined(texts: Sequence[str]) -> str:
    return " · ".join(dict.fromkeys(texts))


def _escaped(text: str) -> str:
    return "".join(_ENTITIES.get(character, character) for character in " ".join(text.split()))

"""Definitions in YAML: version 1.2's core schema, in which `on`, `yes` and `1:30` are texts.

A key is stated once, no object is made of a tag, and aliases may make a text only so much longer. Needs PyYAML.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Set
from functools import partial
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from actors.definitions.document import Document, Position, UnreadableError, position_of
from actors.grammar.place import Place, dotted
from actors.grammar.reader import MOST_MISTAKES
from actors.values.workflow_errors import Mistake
from supervisors.excerpt import excerpt

MAX_VALUES = 100_000
"""Of how many values a text may consist, those of aliases counted wherever they are used."""

MAX_DEPTH = 200
"""How deeply they may nest."""

MAX_BRACKETS = 32
"""How deeply those may nest that are written with brackets and braces."""

_TAG = "tag:yaml.org,2002:"
_MERGE = "<<"


def parse(text: str) -> Document:
    """Read a text.

    Raises:
        UnreadableError: If it is not YAML, or has duplicate keys or tags; it tells the position.
    """
    try:
        return _Builder().document(_Loader(text).get_single_node())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join([part for part in (error.context, error.problem) if part])
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise UnreadableError(Mistake("", f"is not YAML: {problem}", line, column)) from None
    except ReaderError as error:
        line, column = position_of(text, _offset(text, error.position))
        raise UnreadableError(Mistake("", f"is not YAML: {error.reason}", line, column)) from None


def dump(data: dict[str, Any]) -> str:
    """Return data as text."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def _number(text: str) -> int:
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


def _float(text: str) -> float:
    special = text.lower().lstrip("+-")
    if special in (".inf", ".nan"):
        return math.nan if special == ".nan" else math.copysign(math.inf, -1 if text.startswith("-") else 1)
    return float(text)


# What plain scalars are, as YAML 1.2.2 has it in section 10.3.2: tag, form, first characters, and how they are read.
_CORE: tuple[tuple[str, re.Pattern[str], list[str] | None, Callable[[str], Any]], ...] = (
    ("null", re.compile(r"(?:null|Null|NULL|~|)\Z"), ["n", "N", "~", ""], lambda _text: None),
    ("bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF"), lambda text: text[0] in "tT"),
    ("int", re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z"), list("-+0123456789"), _number),
    (
        "float",
        re.compile(
            r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
        ),
        list("-+.0123456789"),
        _float,
    ),
)
_READERS: Mapping[str, tuple[re.Pattern[str], Callable[[str], Any]]] = {
    f"{_TAG}{name}": (form, reader) for name, form, _, reader in _CORE
}


class _Resolver(BaseResolver):
    """Tells what plain scalars are, by the core schema."""


for _name, _form, _first, _ in _CORE:
    _Resolver.add_implicit_resolver(f"{_TAG}{_name}", _form, _first)


class _Events(Reader, Scanner, Parser):
    """Reads a text without libyaml: thirty times as slow."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


class _Nodes(Composer):
    """Makes nodes of events, and no objects. What is too much ends it, before the rest of the text is looked at."""

    _levels: list[bool]
    _count = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        """Make the next node, with all that lies in it."""
        event = self.peek_event()  # type: ignore[attr-defined]  # of what it is mixed with
        self._count += 1
        if self._count > MAX_VALUES:
            raise _too_much(event, f"it holds more than {MAX_VALUES} values")
        self._levels.append(bool(getattr(event, "flow_style", False)))
        if len(self._levels) > MAX_DEPTH + 1:
            raise _too_much(event, f"it nests deeper than {MAX_DEPTH} levels")
        if sum(self._levels) > MAX_BRACKETS:
            raise _too_much(event, f"brackets nest deeper than {MAX_BRACKETS} levels")
        node: Node | None = super().compose_node(parent, index)
        self._levels.pop()
        return node


def _loader_over(source: Any) -> Any:
    """Return what makes nodes of a text, by way of the events that a source makes of it."""

    class _Loader(_Nodes, source, _Resolver):  # type: ignore[misc]  # libyaml's parser, or that in Python
        def __init__(self, text: str) -> None:
            source.__init__(self, text)
            Composer.__init__(self)
            _Resolver.__init__(self)
            self._levels = []

    return _Loader


_Loader = _loader_over(getattr(yaml.cyaml, "CParser", _Events) if yaml.__with_libyaml__ else _Events)


def _too_much(event: Any, problem: str) -> UnreadableError:
    mark = event.start_mark
    return UnreadableError(Mistake("", f"is not YAML that can be read: {problem}", mark.line + 1, mark.column + 1))


def _offset(text: str, position: int) -> int:
    """Return which character stands where reading ended; libyaml counts bytes."""
    if not issubclass(_Loader, _Events):
        return len(text.encode()[:position].decode(errors="ignore"))
    return position


class _Dumper(yaml.SafeDumper):
    """Quotes what any version of YAML would take for something else than text, and writes no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything where it stands."""
        return True

    def represent_text(self, text: str) -> Node:
        """Write with escapes what would not be seen: PyYAML folds some of it, and reads something else."""
        return self.represent_scalar(f"{_TAG}str", text, None if text.isprintable() else '"')


_Dumper.add_representer(str, _Dumper.represent_text)


for _name, _form, _first, _ in _CORE:
    _Dumper.add_implicit_resolver(f"{_TAG}{_name}", _form, _first)


class _Builder:
    """Makes data of nodes, and notes where they stand."""

    def __init__(self) -> None:
        self._mistakes: list[Mistake] = []
        self._count = 0
        self._open: set[int] = set()

    def document(self, root: Node | None) -> Document:
        """Return what a root node stands for.

        Raises:
            UnreadableError: If there is something in it that has no place in a definition.
        """
        data = {} if root is None else self._built(root, ())
        if self._mistakes:
            raise UnreadableError(*self._mistakes)
        return Document(data, partial(_positions_of, root))

    def _built(self, node: Node, place: Place) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            text = f"is not YAML that can be read: with its aliases it holds more than {MAX_VALUES} values"
            raise UnreadableError(Mistake("", text, *_position(node)))
        if isinstance(node, ScalarNode):
            return self._scalar(node, place)
        if id(node) in self._open or len(place) > MAX_DEPTH:
            problem = "contains itself" if id(node) in self._open else f"nests deeper than {MAX_DEPTH} levels"
            self._refuse(node, place, problem)
            return None
        self._open.add(id(node))
        built = self._list(node, place) if isinstance(node, SequenceNode) else self._table(node, place)
        self._open.remove(id(node))
        return built

    def _scalar(self, node: ScalarNode, place: Place) -> Any:
        if node.tag == f"{_TAG}str":
            return node.value
        form, reader = _READERS.get(node.tag, (None, None))
        if form is None or reader is None:
            self._refuse_tag(node, place)
            return None
        try:
            return reader(node.value) if form.match(node.value) else self._refuse_tag(node, place)
        except ValueError as error:  # about a number of too many digits
            self._refuse(node, place, f"cannot be read: {error}")
            return None

    def _list(self, node: SequenceNode, place: Place) -> list[Any]:
        if node.tag != f"{_TAG}seq":
            self._refuse_tag(node, place)
        return [self._built(item, (*place, index)) for index, item in enumerate(node.value)]

    def _table(self, node: Node, place: Place) -> dict[str, Any]:
        if node.tag != f"{_TAG}map":
            self._refuse_tag(node, place)
        table: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, place)
            if key is None:
                continue
            if key in table:
                self._refuse(key_node, (*place, key), "stands for the second time; a key is stated once")
                continue
            table[key] = self._built(value_node, (*place, key))
        return table

    def _key(self, node: Node, place: Place) -> str | None:
        """Return a key; None if it is no text, which is noted."""
        shown = excerpt(node.value) if isinstance(node, ScalarNode) else "this one"
        if not isinstance(node, ScalarNode) or node.tag != f"{_TAG}str":
            self._refuse(node, place, f"must have texts as keys; put {shown} into quotes")
            return None
        if node.value == _MERGE and not node.style:
            self._refuse(node, place, "must not merge with '<<', which YAML 1.2 does not have; write the keys out")
            return None
        return str(node.value)

    def _refuse_tag(self, node: Node, place: Place) -> None:
        tag = node.tag.replace(_TAG, "!!", 1)
        self._refuse(node, place, f"must be plain data, without the tag {tag!r}")

    def _refuse(self, node: Node, place: Place, problem: str) -> None:
        self._mistakes.append(Mistake(dotted(place), problem, *_position(node)))
        if len(self._mistakes) >= MOST_MISTAKES:
            raise UnreadableError(*self._mistakes)


def _positions_of(root: Node | None, wanted: Set[Place]) -> dict[Place, Position]:
    found = {place: _found(root, place) for place in wanted}
    return {place: _position(node) for place, node in found.items() if node is not None} | {(): Position(1, 1)}


def _found(node: Node | None, place: Place) -> Node | None:
    """Return the node at which a place begins: the key, in a table."""
    shown = node
    for step in place:
        if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            shown = node = node.value[step]
        elif isinstance(node, MappingNode):
            pairs = [pair for pair in node.value if isinstance(pair[0], ScalarNode) and pair[0].value == step]
            if not pairs:
                return None
            shown, node = pairs[0]
        else:
            return None
    return shown


def _position(node: Node) -> Position:
    return Position(node.start_mark.line + 1, node.start_mark.column + 1)

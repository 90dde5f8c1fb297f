"""Rules: which node is run when, as routes have them.

Keywords are the keys of a table, `rules = {refund = "billing"}`. Where conditions are among them, or nodes of different
forms, it is a list of tables: `[[workflow.rules]]` with `when`, keywords or a condition, and `node`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from actors.grammar.kinds import Kind, guarded
from actors.grammar.nodes import STEP
from actors.grammar.place import Place, as_step
from supervisors.excerpt import excerpt

if TYPE_CHECKING:
    from actors.grammar.reader import Reader
    from actors.grammar.vocabulary import Vocabulary
    from actors.grammar.writer import Writer

WHEN, NODE = "when", "node"


class TextOr(Kind):
    """A text, or what `other` is.

    Args:
        other: What may stand instead.
    """

    def __init__(self, other: Kind) -> None:
        self._other = other

    def read(self, data: Any, place: Place, reader: Reader) -> Any:
        """Return the text, or the other."""
        return data if isinstance(data, str) else self._other.read(data, place, reader)

    def write(self, value: Any, place: Place, writer: Writer) -> Any:
        """Return the text, or the other."""
        if isinstance(value, str):
            return guarded(writer.dialect.write_text, value, place, writer)
        return self._other.write(value, place, writer)

    def schema(self, vocabulary: Vocabulary) -> dict[str, Any]:
        """Allow both."""
        return {"anyOf": [{"type": "string", "minLength": 1}, self._other.schema(vocabulary)]}


class RulesKind(Kind):
    """Nodes by rule, in order.

    Args:
        rule: What a rule is.
    """

    def __init__(self, rule: Kind) -> None:
        self._rule = rule

    def read(self, data: Any, place: Place, reader: Reader) -> Any:
        """Return the mapping; empty if there is none."""
        if isinstance(data, dict):
            return {key: STEP.read(node, (*place, as_step(key)), reader) for key, node in data.items()}
        if not isinstance(data, list):
            reader.refuse(place, f"must be a table of keywords and nodes, or a list of tables, not {excerpt(data)}")
            return {}
        rules: dict[Any, Any] = {}
        for index, item in enumerate(data):
            self._read_into(rules, item, (*place, index), reader)
        return rules

    def write(self, value: Mapping[Any, Any], place: Place, writer: Writer) -> Any:
        """Return a table if that keeps the order in any format, else a list."""
        nodes = [STEP.write(node, (*place, as_step(rule)), writer) for rule, node in value.items()]
        rules = [self._rule.write(rule, (*place, index), writer) for index, rule in enumerate(value)]
        if all(isinstance(rule, str) for rule in rules) and len({type(node) for node in nodes}) == 1:
            return dict(zip(rules, nodes, strict=True))
        return [{WHEN: rule, NODE: node} for rule, node in zip(rules, nodes, strict=True)]

    def schema(self, vocabulary: Vocabulary) -> dict[str, Any]:
        """Allow the table and the list."""
        step = STEP.schema(vocabulary)
        rule = {
            "type": "object",
            "properties": {WHEN: self._rule.schema(vocabulary), NODE: step},
            "required": [WHEN, NODE],
            "additionalProperties": False,
        }
        names = {"minLength": 1}
        return {
            "anyOf": [
                {"type": "object", "propertyNames": names, "additionalProperties": step, "minProperties": 1},
                {"type": "array", "items": rule, "minItems": 1},
            ]
        }

    def _read_into(self, rules: dict[Any, Any], item: Any, place: Place, reader: Reader) -> None:
        if not isinstance(item, dict) or item.keys() != {WHEN, NODE}:
            reader.refuse(place, f"must be a table of {WHEN!r} and {NODE!r}, not {excerpt(item)}")
            return
        rule = self._rule.read(item[WHEN], (*place, WHEN), reader)
        if rule in rules:
            reader.refuse((*place, WHEN), "stands for the second time; the first would always be taken")
        rules[rule] = STEP.read(item[NODE], (*place, NODE), reader)

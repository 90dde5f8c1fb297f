"""A report in Markdown, every statement of which cites the passage it is taken from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from examples.research.document import Passage
from examples.research.draft import Draft, quoted_texts, related_documents
from examples.research.material import Material
from examples.research.plan import Part
from examples.research.quality import Quality
from examples.research.statements import Statement
from examples.research.words import listed

_SNIPPET_WORDS = 24
_BARE_NAME = re.compile(r"\w+")


def written(draft: Draft, material: Material, quality: Quality) -> str:
    """Write `draft` out.

    Its sources are numbered as they come and listed at the end, each with its document, its
    section and how its passage begins.
    """
    return _Writer(draft, material).write(quality)


class _Writer:
    def __init__(self, draft: Draft, material: Material) -> None:
        self._draft = draft
        self._material = material
        self._sources: dict[str, int] = {}

    def write(self, quality: Quality) -> str:
        writers: Mapping[Part, Callable[[], list[str]]] = {
            "summary": self._summary,
            "steps": self._steps,
            "definitions": self._definitions,
            "findings": self._findings,
            "related": self._related,
        }
        filled = self._draft.parts()
        parts = [writers[part]() for part in self._material.plan.parts if part in filled]
        blocks = [*self._head(), *(block for part in parts for block in part)]
        return "\n\n".join([*blocks, *self._list_of_sources(), self._colophon(quality)]) + "\n"

    def _head(self) -> list[str]:
        question = self._material.question.strip()
        return [f"# {question[:1].upper()}{question[1:]}"]

    def _summary(self) -> list[str]:
        statements = self._material.statements(self._draft.summary)
        return ["## Summary", " ".join(self._sentence(statement) for statement in statements)]

    def _steps(self) -> list[str]:
        procedure = self._material.procedure
        if procedure is None:
            return []
        mark = self._cite(procedure.passage)
        steps = (f"{number}. {step} {mark}" for number, step in enumerate(procedure.steps, start=1))
        return ["## Step by step", f"{procedure.lead} {mark}", "\n".join(steps)]

    def _definitions(self) -> list[str]:
        terms = {each.statement.key: each.term for each in self._material.definitions}
        statements = self._material.statements(self._draft.definitions)
        items = (
            f"- **{terms[each.key]}**: {each.text} {self._cite(each.passage)}"
            for each in statements
        )
        return ["## Definitions", "\n".join(items)]

    def _findings(self) -> list[str]:
        blocks = [f"## {self._material.plan.findings_title}"]
        found = set(self._draft.findings)
        for theme in self._material.themes:
            statements = self._material.statements(key for key in theme.statements if key in found)
            if statements:
                in_order = sorted(statements, key=lambda statement: statement.position)
                items = (f"- {self._sentence(statement)}" for statement in in_order)
                blocks += [f"### {theme.label}", "\n".join(items)]
        return blocks

    def _related(self) -> list[str]:
        items = []
        for related in related_documents(self._draft, self._material):
            section = "" if related.section == related.title else f", “{related.section}”,"
            shared = listed(f"“{term}”" for term in related.terms)
            mark = self._cite(related.passage)
            items.append(f"- **{related.title}**{section} has {shared}. {mark}")
        return ["## Related topics", "\n".join(items)]

    def _sentence(self, statement: Statement) -> str:
        return f"{_prefix(statement)}{statement.text} {self._cite(statement.passage)}"

    def _cite(self, passage: str) -> str:
        return f"[{self._sources.setdefault(passage, len(self._sources) + 1)}]"

    def _list_of_sources(self) -> list[str]:
        items = (
            f"{number}. {_reference(self._material.passage_by_id[source])}"
            for source, number in self._sources.items()
        )
        return ["## Sources", "\n".join(items)]

    def _colophon(self, quality: Quality) -> str:
        statements = len(quoted_texts(self._draft, self._material))
        absent = [
            term.shown for term in self._material.terms if term.stems not in self._material.weights
        ]
        missing = f" Found nowhere: {listed(f'“{term}”' for term in absent)}." if absent else ""
        return (
            f"---\n\n*A question for {self._material.plan.kind}: {statements} statements from "
            f"{len(self._sources)} passages. Quality {quality.score:.2f}: "
            f"coverage {quality.coverage:.2f}, cited {quality.cited:.2f}, "
            f"breadth {quality.breadth:.2f}, length {quality.length:.2f}, "
            f"parts {quality.parts:.2f}, distinctness {quality.distinctness:.2f}.{missing}*"
        )


def _prefix(statement: Statement) -> str:
    """Return the name of what a statement describes, unless it says so itself."""
    name = _BARE_NAME.findall(statement.subject)
    if not name or name[-1].strip("_").lower() in statement.text.lower():
        return ""
    return f"`{statement.subject.strip('`')}`: "


def _reference(passage: Passage) -> str:
    place = "" if passage.place == passage.title else f", {passage.place}"
    return f"**{passage.title}**{place} (`{passage.id}`): “{snippet(passage.text)}”"


def snippet(text: str) -> str:
    """Return the first words of `text` on one line, with code and emphasis left whole."""
    found = text.split()
    count = min(_SNIPPET_WORDS, len(found))
    while count < len(found) and not _is_whole(" ".join(found[:count])):
        count += 1
    return " ".join(found[:count]) + ("" if count == len(found) else " …")


def _is_whole(text: str) -> bool:
    return text.count("`") % 2 == 0 and text.count("*") % 2 == 0

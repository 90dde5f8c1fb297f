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
from examples.research.themes import REST
from examples.research.words import counted, listed

_SNIPPET_WORDS = 24


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
        question = " ".join(self._material.question.split())
        title = f"# {question[:1].upper()}{question[1:]}"
        known = self._material.weights
        absent = [f"“{term.shown}”" for term in self._material.terms if term.stems not in known]
        return [title, f"> Nothing was found about {listed(absent)}."] if absent else [title]

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
        items = (f"- **{terms[each.key]}**: {_ended(each.text)} {self._cite(each.passage)}" for each in statements)
        return ["## Definitions", "\n".join(items)]

    def _findings(self) -> list[str]:
        groups = self._grouped_findings()
        if len(groups) == 1:
            groups = {"": next(iter(groups.values()))}
        blocks = [f"## {self._material.plan.findings_title}"]
        for label, statements in groups.items():
            in_order = sorted(statements, key=lambda statement: statement.position)
            items = "\n".join(f"- {self._sentence(statement)}" for statement in in_order)
            blocks += [f"### {label}", items] if label else [items]
        return blocks

    def _grouped_findings(self) -> dict[str, list[Statement]]:
        """Return the findings by theme; those alone in theirs come together at the end."""
        found = set(self._draft.findings)
        groups: dict[str, list[Statement]] = {}
        alone: list[Statement] = []
        for theme in self._material.themes:
            statements = self._material.statements(key for key in theme.statements if key in found)
            if len(statements) > 1 or (statements and self._material.plan.compared):
                groups[theme.label] = statements
            else:
                alone += statements
        if alone:
            groups[REST] = [*groups.pop(REST, []), *alone]
        return groups

    def _related(self) -> list[str]:
        items = []
        for related in related_documents(self._draft, self._material):
            heading = _heading(related.title, related.section)
            items.append(f"- {heading}, on {listed(related.terms)} {self._cite(related.passage)}")
        return ["## Related topics", "\n".join(items)]

    def _sentence(self, statement: Statement) -> str:
        text = _ended(statement.text)
        return f"{_prefix(statement)}{text} {self._cite(statement.passage)}"

    def _cite(self, passage: str) -> str:
        return f"[{self._sources.setdefault(passage, len(self._sources) + 1)}]"

    def _list_of_sources(self) -> list[str]:
        items = (
            f"{number}. {_reference(self._material.passage_by_id[source])}" for source, number in self._sources.items()
        )
        return ["## Sources", "\n".join(items)]

    def _colophon(self, quality: Quality) -> str:
        quotes = quoted_texts(self._draft, self._material)
        statements = counted(len(quotes), "statement")
        passages = counted(len({source for _, source in quotes}), "passage")
        return (
            f"---\n\n*Kind of question: {self._material.plan.kind}. {statements}, "
            f"quoted from {passages} of {self._material.corpus}. {quality}.*"
        )


def _ended(text: str) -> str:
    """Return `text` with a full stop if it was cut off before an example."""
    return text if text.rstrip("\"”’')*_`").endswith((".", "!")) else f"{text}."


def _prefix(statement: Statement) -> str:
    """Return the name of what a statement describes, unless it says so itself."""
    name = statement.subject.partition("(")[0].rpartition(".")[2]
    if not name or re.search(rf"(?<!\w){re.escape(name)}(?!\w)", statement.text):
        return ""
    return f"`{statement.subject.strip('`')}`: "


def _reference(passage: Passage) -> str:
    named_by_section = passage.section.startswith("`")
    subject = "" if named_by_section else passage.subject
    heading = _heading(passage.title, passage.section, subject and f"`{subject.strip('`')}`")
    return f"{heading} (`{passage.id}`): “{snippet(passage.text)}”"


def _heading(title: str, *narrower: str) -> str:
    """Return where something is, from the document's title inwards, each name once."""
    names = dict.fromkeys(name for name in narrower if name and name != title)
    return ", ".join((f"**{title}**", *names))


def snippet(text: str) -> str:
    """Return the first words of `text` on one line, with code and emphasis left whole."""
    found = text.split()
    count = min(_SNIPPET_WORDS, len(found))
    while count < len(found) and not _is_whole(" ".join(found[:count])):
        count += 1
    return " ".join(found[:count]) + ("" if count == len(found) else " …")


def _is_whole(text: str) -> bool:
    return text.count("`") % 2 == 0 and text.count("*") % 2 == 0

"""The article in Markdown: the draft as edited, with every statement's source."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from examples.content.draft import Draft, DraftSection
from examples.content.editing import Edits
from examples.content.glossary import Linker
from examples.content.readability import level_of, reading_ease
from examples.content.terms import Definition
from examples.research.document import Passage
from examples.research.report import snippet
from examples.research.statements import Statement
from examples.research.words import counted, listed

_WORDS = re.compile(r"[A-Z][a-z]+(?: [A-Za-z][a-z]+)*")


class Article:
    """Writes an article out.

    Args:
        title: Its heading.
        statements: All that may be told, by key.
        passages: All that may be cited.
    """

    def __init__(self, title: str, statements: Mapping[str, Statement], passages: Iterable[Passage]) -> None:
        self._title = title
        self._statements = statements
        self._passages = {passage.id: passage for passage in passages}
        self._sources: dict[str, int] = {}
        self._told: list[str] = []
        self._linker = Linker(())

    def written(self, draft: Draft, edits: Edits, keywords: Sequence[str], corpus: str) -> str:
        """Return the article: lead, sections, glossary, sources.

        Args:
            draft: What the writer made of the outline.
            edits: What the editor has to say on the outline.
            keywords: What it is found by; nothing is said of them if there are none.
            corpus: Where the statements are from, as a reader should know it.
        """
        cut = {each.key for each in edits.cuts}
        self._linker = Linker((each.key, each.term) for each in edits.glossary)
        blocks = [f"# {self._title}"]
        if keywords:
            blocks.append(f"*Keywords: {', '.join(keywords)}.*")
        blocks.append(self._paragraph(key for key in draft.lead if key not in cut))
        for section in draft.sections:
            blocks += self._section(section, cut)
        blocks += self._glossary(edits.glossary)
        blocks += ["## Sources", "\n".join(self._references())]
        return "\n\n".join([*blocks, "---", self._colophon(edits, corpus)]) + "\n"

    def _section(self, section: DraftSection, cut: set[str]) -> list[str]:
        """Return a section's blocks; none if everything in it was cut."""
        kept = [[key for key in paragraph if key not in cut] for paragraph in section.paragraphs]
        blocks = [self._paragraph(paragraph) for paragraph in kept if paragraph]
        if section.procedure:
            mark = self._cite(section.procedure.passage)
            self._told += section.procedure.steps
            steps = (f"{number}. {step} {mark}" for number, step in enumerate(section.procedure.steps, start=1))
            blocks += [f"{section.procedure.lead} {mark}", "\n".join(steps)]
        return [f"## {section.title}", *blocks] if blocks else []

    def _paragraph(self, keys: Iterable[str]) -> str:
        """Return statements side by side; what they describe is named before the first one."""
        statements = [self._statements[key] for key in keys]
        about = dict.fromkeys(each.subject for each in statements)
        texts = [self._sentence(each) for each in statements]
        name = next(iter(about)) if len(about) == 1 else ""
        if name and not all(_names(each.text, name) for each in statements):
            texts.insert(0, f"**{_as_code(name)}**:")
        return " ".join(texts)

    def _sentence(self, statement: Statement) -> str:
        text = ended(statement.text)
        self._told.append(text)
        return f"{self._linker.linked(text)} {self._cite(statement.passage)}"

    def _cite(self, passage: str) -> str:
        return f"[{self._sources.setdefault(passage, len(self._sources) + 1)}]"

    def _glossary(self, definitions: Iterable[Definition]) -> list[str]:
        self._linker = Linker(())
        blocks = [block for each in definitions for block in (f"### {each.term}", self._sentence(each.statement))]
        return ["## Glossary", *blocks] if blocks else []

    def _references(self) -> Iterable[str]:
        for passage, number in self._sources.items():
            source = self._passages[passage]
            names = dict.fromkeys(name for name in (source.title, source.section) if name)
            yield f"{number}. *{', '.join(names)}* (`{source.id}`): “{snippet(source.text)}”"

    def _colophon(self, edits: Edits, corpus: str) -> str:
        ease = reading_ease(self._told)
        reasons = Counter(each.reason for each in edits.cuts)
        cuts = listed(f"{count} {reason}" for reason, count in sorted(reasons.items()))
        edited = f"the editor cut {counted(len(edits.cuts), 'statement')} ({cuts})" if cuts else "nothing was cut"
        told = counted(len(self._told), "statement")
        passages = counted(len(self._sources), "passage")
        return f"*{told} from {passages} of {corpus}; {edited}. Reading ease {ease:g}: {level_of(ease)}.*"


def ended(text: str) -> str:
    """Return a statement with a full stop, also where it was cut off before an example."""
    return text if text.rstrip("\"”’')*_`").endswith((".", "!")) else f"{text}."


def _as_code(subject: str) -> str:
    """Return what is described as Markdown: code as code, words as words."""
    bare = subject.strip("`")
    return bare if _WORDS.fullmatch(bare) else f"`{bare}`"


def _names(text: str, subject: str) -> bool:
    """Whether a text tells itself what it describes."""
    name = subject.partition("(")[0].rpartition(".")[2].strip("`")
    return bool(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text))

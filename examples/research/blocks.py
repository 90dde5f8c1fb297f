"""The prose of a document: code, tables, grammar and markup of no use to a reader are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

from examples.research.document import Block, BlockKind, Markup
from examples.research.inline import cleaned
from examples.research.lines import Chunk, Heading, parts_of

_BULLET = re.compile(r"^(?:[*+•-]|[a-z][.)])\s+")
_NUMBER = re.compile(r"^(?:\d{1,3}[.)]|#\.)\s+")
_FOOTNOTE_MARK = re.compile(r"^(?:\.\. )?\[[\d#*]+\]\s+")
_HISTORY = re.compile(r"^(?:New|Added|Changed|Deprecated|Removed)\b.{0,40}?\bversion [\d.]+")
_LABEL = re.compile(r"^(?:Note|Warning|Caution|Hint|Tip|Important|CPython implementation detail):")
_SIDE_MATTER = re.compile(
    r"^(?:See also|Args|Arguments|Parameters|Returns?|Raises|Yields?|Attributes|Examples?"
    r"|>?\s*Stability: \d.*|\*\*Source code:\*\*.*):?\s*$"
)
_FOOTNOTES = "-[ Footnotes ]-"
_DIRECTIVE = re.compile(r"^\.\. (?P<name>[\w:-]+)::\s*(?P<rest>.*)$", re.DOTALL)
_SPOKEN_DIRECTIVES = frozenset("note warning important tip hint caution admonition".split())
_DESCRIPTIVE_DIRECTIVES = frozenset("function class method attribute data exception module option describe".split())
_OTHER_EXPLICIT_MARKUP = re.compile(r"^\.\. |^:\w[^:]*:(?:\s|$)")

_SENTENCE_END = re.compile(r"[.!?:][\"”’')\]`*_]*$")
_TABLE_LINE = re.compile(r"^\s*(?:[+|]|[=-]{3,}(?:\s|$))|\s\|\s")
_CODE_LINE = re.compile(
    r"^\s*(?:>>>|\.\.\.(?:\s|$)|[$%#>]\s|@\w|import \w|from [\w.]+ import\b|(?:async )?def \w"
    r"|Traceback\b|class \w+.*:$|return\b[^.]*$|print\(|(?:if|elif|for|while|with|except)\b.*:$"
    r"|(?:try|else|finally):$|[{}()\]]+[;,]?$|\w[\w.\[\]]* [-+*/]?= \S)|::=|\)\s*[;{]$|->"
)
# Not `h(elp)`, as debuggers list abbreviations.
_CALL = re.compile(r"(?P<called>\w*[._][\w.]*|\w+(?!\([a-z]+\)))\(")
_CODE_TITLE = re.compile(r"`[^`]+`")
_LONGEST_SUBJECT = 90
_LONGEST_PARAGRAPH = 10_000


def blocks_of(text: str, markup: Markup) -> tuple[str, tuple[Block, ...]]:
    """Return the title of a document and its prose in order.

    The title is the first heading, empty if there is none.
    """
    reader = _Reader(markup)
    blocks = tuple(reader.read(text))
    return reader.title, blocks


class _Reader:
    """Reads one document; what it remembers is where in the document it is."""

    def __init__(self, markup: Markup) -> None:
        self.title = ""
        self._markup = markup
        self._section = ""
        # What is indented more than this belongs to the subject, or is skipped.
        self._subject = ""
        self._subject_indent = 0
        self._skipped_below: int | None = None
        self._step_indent: int | None = None

    def read(self, text: str) -> Iterator[Block]:
        parts = list(parts_of(text, self._markup))
        for part, following in zip_longest(parts, parts[1:]):
            if isinstance(part, Heading):
                self._enter(part)
            elif not self._is_skipped(part):
                yield from self._blocks(part, following)

    def _enter(self, heading: Heading) -> None:
        title = cleaned(heading.title, self._markup)
        self.title = self.title or title
        self._section = title
        self._subject = _subject_of(title.strip("`")) if _CODE_TITLE.fullmatch(title) else ""
        self._subject_indent = -1
        self._skipped_below = self._step_indent = None

    def _is_skipped(self, chunk: Chunk) -> bool:
        if self._skipped_below is not None and chunk.indent > self._skipped_below:
            return True
        self._skipped_below = None
        if self._subject and chunk.indent <= self._subject_indent:
            self._subject = ""
        return False

    def _blocks(self, chunk: Chunk, following: Heading | Chunk | None) -> Iterator[Block]:
        directive = _DIRECTIVE.match(chunk.text)
        if directive and self._markup != "markdown":
            self._follow(directive, chunk)
        elif chunk.text == _FOOTNOTES:
            self._enter(Heading("Footnotes"))
        elif _SIDE_MATTER.match(chunk.text) or _OTHER_EXPLICIT_MARKUP.match(chunk.text):
            self._skipped_below = chunk.indent
        elif _is_subject(chunk, following):
            self._subject = _subject_of(cleaned(chunk.lines[0], self._markup))
            self._subject_indent = chunk.indent
        elif reads_as_prose(chunk):
            block = self._block(chunk)
            if block.text:
                yield block

    def _follow(self, directive: re.Match[str], chunk: Chunk) -> None:
        name = directive["name"].rpartition(":")[2]
        if name in _DESCRIPTIVE_DIRECTIVES:
            self._subject = _subject_of(directive["rest"].split("\n")[0])
            self._subject_indent = chunk.indent
        elif name not in _SPOKEN_DIRECTIVES:
            self._skipped_below = chunk.indent

    def _block(self, chunk: Chunk) -> Block:
        raw = _FOOTNOTE_MARK.sub("", chunk.text)
        if raw.endswith("::"):
            self._skipped_below = chunk.indent
            raw = raw[:-1]
        kind = self._kind_of(raw, chunk.indent)
        bare = _LABEL.sub("", _NUMBER.sub("", _BULLET.sub("", raw)))
        return Block(cleaned(bare, self._markup), kind, self._section, self._subject)

    def _kind_of(self, raw: str, indent: int) -> BlockKind:
        if _HISTORY.match(raw):
            return "history"
        if _NUMBER.match(raw):
            self._step_indent = indent
            return "step"
        if self._step_indent is not None and indent > self._step_indent:
            return "detail"
        self._step_indent = None
        return "item" if _BULLET.match(raw) else "paragraph"


def reads_as_prose(chunk: Chunk) -> bool:
    """Whether a chunk is made of sentences, as opposed to code, a table or a lone name."""
    if len(chunk.text) > _LONGEST_PARAGRAPH or any(_TABLE_LINE.search(line) for line in chunk.lines):
        return False
    if chunk.indent and any(_CODE_LINE.search(line) for line in chunk.lines):
        return False
    return bool(_SENTENCE_END.search(chunk.text))


def _is_subject(chunk: Chunk, following: Heading | Chunk | None) -> bool:
    """Whether a chunk names what the deeper chunk after it describes."""
    if not isinstance(following, Chunk) or following.indent <= chunk.indent:
        return False
    first = chunk.lines[0].strip()
    if len(first) > _LONGEST_SUBJECT or _BULLET.match(first) or _NUMBER.match(first):
        return False
    return not _SENTENCE_END.search(chunk.text) and "," not in first.partition("(")[0]


def _subject_of(signature: str) -> str:
    name = re.sub(r"^(?:class|async|static|classmethod|abstract|await)\s+", "", signature.strip())
    call = _CALL.match(name)
    return f"{call['called']}()" if call else name.strip("`* ")

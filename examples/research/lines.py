"""A document taken apart into headings and chunks of lines, before anything is interpreted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from examples.research.document import Markup

_FENCE = re.compile(r"^\s*(```+|~~~+)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LINK_DEFINITION = re.compile(r"^\s{0,3}\[[^\]]+\]:\s")
_ATX_HEADING = re.compile(r"^#{1,6}\s+(?P<title>.*?)\s*#*$")
_UNDERLINE = re.compile(r"^([=\-~^\"'*+#.`_])\1{2,}\s*$")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_LIST_MARKER = re.compile(r"^\s*(?:[*+•-]|\d{1,3}[.)]|[a-z][.)]|#\.|\[[\d#*]+\])\s+\S")


@dataclass(frozen=True)
class Heading:
    """The title of a section."""

    title: str


@dataclass(frozen=True)
class Chunk:
    """Lines that belong together, with their indentation.

    Attributes:
        lines: At least one line, none of them blank.
    """

    lines: tuple[str, ...]

    @property
    def indent(self) -> int:
        """How far its first line is indented."""
        return indent_of(self.lines[0])

    @property
    def text(self) -> str:
        """The lines without their indentation."""
        return "\n".join(line.strip() for line in self.lines)


def indent_of(line: str) -> int:
    """Return the number of spaces that `line` starts with."""
    return len(line) - len(line.lstrip())


def parts_of(text: str, markup: Markup) -> Iterator[Heading | Chunk]:
    """Yield the headings and chunks of `text` in order; items of a list are chunks of their own."""
    pending: list[str] = []
    for line in [*_readable_lines(text, markup), ""]:
        heading = _heading(pending, line, markup)
        if heading:
            yield from _chunks(pending[:-1] if _UNDERLINE.match(line) else pending)
            yield heading
            pending = []
        elif line.strip():
            pending.append(line)
        else:
            yield from _chunks(pending)
            pending = []


def _readable_lines(text: str, markup: Markup) -> Iterator[str]:
    if markup != "markdown":
        yield from text.expandtabs().splitlines()
        return
    fence = ""
    visible = _COMMENT.sub("", _FRONT_MATTER.sub("", text))
    for line in visible.expandtabs(4).splitlines():
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
            yield ""
        elif mark and mark[1].startswith(fence):
            fence = ""
        elif not fence and not _LINK_DEFINITION.match(line):
            yield line.removeprefix("> ") if line != ">" else ""


def _heading(pending: list[str], line: str, markup: Markup) -> Heading | None:
    marked = _ATX_HEADING.match(line) if markup in ("markdown", "plain") else None
    if marked:
        return Heading(marked["title"])
    if not pending or not _UNDERLINE.match(line):
        return None
    title = pending[-1].strip()
    alone = len(pending) == 1 or (len(pending) == 2 and bool(_UNDERLINE.match(pending[0])))
    if alone and not _UNDERLINE.match(title) and len(line.strip()) >= len(title) // 2:
        return Heading(title)
    return None


def _chunks(lines: list[str]) -> Iterator[Chunk]:
    current: list[str] = []
    for line in lines:
        if current and _starts_chunk(current, line):
            yield Chunk(tuple(current))
            current = []
        current.append(line)
    if current:
        yield Chunk(tuple(current))


def _starts_chunk(current: list[str], line: str) -> bool:
    if _LIST_MARKER.match(line):
        return True
    lone_term = len(current) == 1 and not _LIST_MARKER.match(current[0])
    return lone_term and indent_of(line) > indent_of(current[0])

"""Documents cut into passages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from examples.research.blocks import blocks_of
from examples.research.document import Block, Document, Passage

_ENOUGH_WORDS = 90
_NUMBERED = frozenset(("step", "detail"))


def passages_of(document: Document) -> tuple[Passage, ...]:
    """Cut the prose of `document` into passages that keep to one section and one subject.

    The ids depend on nothing but the document, so they are the same in every run.
    """
    title, blocks = blocks_of(document.text, document.markup)
    return tuple(
        Passage(
            id=f"{document.name}:{number}",
            document=document.name,
            title=title or document.name,
            section=group[0].section,
            subject=group[0].subject,
            blocks=group,
        )
        for number, group in enumerate(_groups(blocks), start=1)
    )


def _groups(blocks: Iterable[Block]) -> Iterator[tuple[Block, ...]]:
    group: list[Block] = []
    for block in blocks:
        if group and not _belongs(block, group):
            yield tuple(group)
            group = []
        group.append(block)
    if group:
        yield tuple(group)


def _belongs(block: Block, group: list[Block]) -> bool:
    last = group[-1]
    if (block.section, block.subject) != (last.section, last.subject):
        return False
    if last.text.endswith(":") or {block.kind, last.kind} <= _NUMBERED:
        return True
    return sum(len(member.text.split()) for member in group) < _ENOUGH_WORDS

"""Statements: sentences of a passage that can be understood without what stands around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from examples.research.document import Block, BlockKind, Passage
from examples.research.sentences import is_dependent, is_quotable, leans_on, sentences_of
from examples.research.verbs import may_be_sentence
from examples.research.words import content_stems, similarity

_MOST_SENTENCES = 3
_MOST_WORDS = 75
_SAME = 0.75


@dataclass(frozen=True)
class Statement:
    """One to three whole sentences, word for word as the passage has them.

    Attributes:
        key: The id of its passage and its number in it, such as `try:4/2`.
        passage: The id of the passage it was taken from.
        subject: What it describes, for a reader who does not see the passage.
        score: How well it answers the question; 0 until it was judged.
    """

    key: str
    text: str
    passage: str
    document: str
    title: str
    section: str
    subject: str = ""
    kind: BlockKind = "paragraph"
    score: float = 0.0

    @property
    def position(self) -> tuple[str, int, int]:
        """Where it stands; sorting by it gives the order in which a reader meets the texts."""
        passage, _, number = self.key.rpartition("/")
        document, _, passage_number = passage.rpartition(":")
        return document, int(passage_number), int(number)


def statements_of(passage: Passage) -> tuple[Statement, ...]:
    """Return what `passage` states, in its order.

    A sentence that leans on the one before it stays with it, or is left out with it.
    """
    texts = ((text, block) for block in passage.blocks for text in _standing_alone(block))
    return tuple(
        Statement(
            key=f"{passage.id}/{number}",
            text=text,
            passage=passage.id,
            document=passage.document,
            title=passage.title,
            section=passage.section,
            subject=block.subject,
            kind=block.kind,
        )
        for number, (text, block) in enumerate(texts, start=1)
    )


def distinct(statements: Iterable[Statement]) -> list[Statement]:
    """Return `statements` without those that say nearly the same as an earlier one."""
    kept: list[Statement] = []
    seen: list[frozenset[str]] = []
    for statement in statements:
        stems = content_stems(statement.text)
        if all(similarity(stems, other) < _SAME for other in seen):
            kept.append(statement)
            seen.append(stems)
    return kept


def _standing_alone(block: Block) -> Iterator[str]:
    group: list[str] = []
    for sentence in sentences_of(block.text):
        if group and leans_on(sentence, group[-1]):
            group.append(sentence)
            continue
        yield from _joined(group, block.subject)
        group = [] if is_dependent(sentence) else [sentence]
    yield from _joined(group, block.subject)


def _joined(group: list[str], subject: str) -> Iterator[str]:
    """Yield the first sentences of a group as one text, as many as are fit to be quoted.

    A phrase without a verb will do for a subject, which is told with it. A colon at the end, after
    which the passage has an example, is left out.
    """
    kept: list[str] = []
    for sentence in group[:_MOST_SENTENCES]:
        text = " ".join([*kept, sentence])
        whole = is_quotable(sentence) and (bool(subject) or may_be_sentence(sentence))
        if not whole or len(text.split()) > _MOST_WORDS:
            break
        kept.append(sentence)
    if kept:
        yield " ".join(kept).removesuffix(":")

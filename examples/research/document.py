"""What is searched: documents, and the passages they are cited by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Markup = Literal["markdown", "plain", "rst", "sphinx"]
"""How a text is marked up; `sphinx` is what Sphinx writes, where double quotes stand for code."""

BlockKind = Literal["paragraph", "item", "step", "detail", "history"]
"""What a block is: a step is an item of a numbered list, a detail a paragraph that belongs to one,
and history a note on versions."""


@dataclass(frozen=True)
class Document:
    """A text with the name it is cited by.

    Attributes:
        name: The path below the folder, or the name of the topic.
        text: The text as it was read, markup included.
    """

    name: str
    text: str
    markup: Markup


@dataclass(frozen=True)
class Block:
    """A paragraph or list item, on one line, its inline markup made Markdown.

    Attributes:
        section: The heading above it; empty before the first one.
        subject: The function, class or term that it describes; empty if there is none.
    """

    text: str
    kind: BlockKind = "paragraph"
    section: str = ""
    subject: str = ""


@dataclass(frozen=True)
class Passage:
    """A few consecutive blocks of one section: what a citation points to.

    Attributes:
        id: The document's name and the passage's number in it, such as `try:4`. It is the
            same whenever the same text is read.
        title: The first heading of the document, or its name if it has none.
    """

    id: str
    document: str
    title: str
    section: str
    subject: str
    blocks: tuple[Block, ...]

    @property
    def text(self) -> str:
        """The prose of the passage, one block a line."""
        return "\n".join(block.text for block in self.blocks)

    @property
    def place(self) -> str:
        """The heading that tells a reader where in the document to look."""
        names = dict.fromkeys(filter(None, (self.section, self.subject)))
        return ", ".join(names) or self.title

"""Tests of what is read from a document, and of the passages it is cut into."""

from __future__ import annotations

from examples.research.blocks import blocks_of
from examples.research.document import Document
from examples.research.passages import passages_of

SPHINX = """The "with" statement
********************

The "with" statement wraps a block.

   with_stmt ::= "with" with_item ":" suite

It proceeds as follows:

1. The expression is evaluated.

2. The block is executed.

   If it was left by an exception, the exception is passed on.

New in version 2.5: The statement.

Operators
=========

+-----+------+
| "+" | Sum. |
+-----+------+

object.__exit__(self, exc_type)

   Exit the block.

   >>> print("This is code.")
   This is code.

See also:

   **PEP 343** - The statement.
      The specification of the statement.

-[ Footnotes ]-

[1] A footnote that goes on
    in a second line.
"""

MARKDOWN = """---
title: Front matter.
---
# Guide

<!-- A comment. -->
> A quotation.

```python
print("Code.")
```

* First item.
* Second item,
  on two lines.

[link]: http://example.org

## `run(task)`

Runs the task.
"""

RST = """Guide
=====

.. note::
   A note is kept.

.. code-block:: python

   print("Code.")

.. function:: run(task)

   Runs the task, for example::

      run(task)

   Then it returns.

:param task: Dropped.
"""


def test_code_tables_and_references_are_left_out() -> None:
    title, blocks = blocks_of(SPHINX, "sphinx")

    assert title == "The `with` statement"
    assert [(block.kind, block.text) for block in blocks] == [
        ("paragraph", "The `with` statement wraps a block."),
        ("paragraph", "It proceeds as follows:"),
        ("step", "The expression is evaluated."),
        ("step", "The block is executed."),
        ("detail", "If it was left by an exception, the exception is passed on."),
        ("history", "New in version 2.5: The statement."),
        ("paragraph", "Exit the block."),
        ("paragraph", "A footnote that goes on in a second line."),
    ]


def test_blocks_know_their_section_and_subject() -> None:
    _, blocks = blocks_of(SPHINX, "sphinx")

    assert [(block.section, block.subject) for block in blocks[-3:]] == [
        ("The `with` statement", ""),
        ("Operators", "object.__exit__()"),
        ("Footnotes", ""),
    ]


def test_markdown_is_read_without_code_comments_and_front_matter() -> None:
    _, blocks = blocks_of(MARKDOWN, "markdown")

    assert [(block.kind, block.section, block.subject, block.text) for block in blocks] == [
        ("paragraph", "Guide", "", "A quotation."),
        ("item", "Guide", "", "First item."),
        ("item", "Guide", "", "Second item, on two lines."),
        ("paragraph", "`run(task)`", "run(task)", "Runs the task."),
    ]


def test_restructured_text_is_read_with_its_directives() -> None:
    _, blocks = blocks_of(RST, "rst")

    assert [(block.subject, block.text) for block in blocks] == [
        ("", "A note is kept."),
        ("run(task)", "Runs the task, for example:"),
        ("run(task)", "Then it returns."),
    ]


def test_an_empty_document_has_no_blocks() -> None:
    assert blocks_of("", "plain") == ("", ())


def test_an_endless_paragraph_is_no_prose() -> None:
    assert blocks_of("Data, " * 2_000 + "end.", "plain") == ("", ())


def test_a_passage_keeps_to_one_section_and_subject() -> None:
    passages = passages_of(Document("with", SPHINX, "sphinx"))

    for passage in passages:
        assert {(block.section, block.subject) for block in passage.blocks} == {(passage.section, passage.subject)}


def test_a_numbered_list_stays_together() -> None:
    steps = "\n\n".join(f"{number}. {'Stir it well. ' * 20}" for number in range(1, 9))

    passages = passages_of(Document("soup", f"It goes as follows:\n\n{steps}", "plain"))

    assert [len(passage.blocks) for passage in passages] == [9]


def test_long_sections_are_cut() -> None:
    paragraphs = "\n\n".join(["Stir it well. " * 20] * 6)

    passages = passages_of(Document("soup", paragraphs, "plain"))

    assert [passage.id for passage in passages] == ["soup:1", "soup:2", "soup:3"]

"""Tests of markup within a paragraph."""

from __future__ import annotations

import pytest

from examples.research.document import Markup
from examples.research.inline import cleaned


@pytest.mark.parametrize(
    ("markup", "text", "expected"),
    [
        ("sphinx", 'The "with" statement [1].', "The `with` statement."),
        ("sphinx", "It takes \"'*'\" (see section Calls).", "It takes `'*'`."),
        ("sphinx", "a non-\n   virtual base", "a non-virtual base"),
        ("markdown", "See [the `fork` call][fork] <br> at\nonce.", "See the `fork` call at once."),
        ("markdown", "Use `<b>` &amp; [more](http://x.org).", "Use `<b>` & more."),
        ("markdown", "![logo](logo.png) Fast.", "Fast."),
        ("rst", "Call ``f(*a)`` or :meth:`~C.run <x>`_.", "Call `f(*a)` or `C.run`_."),
        ("rst", "Read `the guide <http://x.org>`_ on |name|.", "Read the guide on name."),
        ("plain", 'A "quoted"\n word.', 'A "quoted" word.'),
    ],
)
def test_markup_becomes_plain_markdown(markup: Markup, text: str, expected: str) -> None:
    assert cleaned(text, markup) == expected

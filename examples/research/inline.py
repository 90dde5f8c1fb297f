"""Markup within a paragraph, made plain Markdown on one line."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from examples.research.document import Markup

_SPACE = re.compile(r"\s+")
_HYPHEN_AT_LINE_END = re.compile(r"(?<=\w)-\n\s*(?=\w)")
_CODE_SPAN = re.compile(r"(`+[^`]*`+)")
_FOOTNOTE = re.compile(r"\s*\[\d+\](?=[\s.,;:)]|$)")
_CROSS_REFERENCE = re.compile(r"\s*\([Ss]ee [^()]*(?:\([^()]*\)[^()]*)*\)")

_QUOTED_CODE = re.compile(r"""(?<![\w"'])"("?[^"\n]+"?)"(?![\w"'])""")

_IMAGE = re.compile(r"!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])")
_LINK = re.compile(r"\[((?:`[^`]*`|[^\]`])+)\](?:\([^)]*\)|\[[^\]]*\])")
_TAG = re.compile(r"</?[A-Za-z][^>]*>|<https?://[^>]*>")

_LITERAL = re.compile(r"``(.+?)``")
_ROLE = re.compile(r":[\w:+.-]+:`([^`]+)`")
_ROLE_TARGET = re.compile(r"\s*<[^<>]*>$")
_RST_LINK = re.compile(r"`([^`<]+?)\s*(?:<[^`>]*>)?`__?")
_SUBSTITUTION = re.compile(r"\|(\w[^|]*)\|_?")


def cleaned(text: str, markup: Markup) -> str:
    """Return `text` on one line, with code in backticks and links, notes and references gone."""
    plain = _CLEANERS[markup](text)
    return _SPACE.sub(" ", _CROSS_REFERENCE.sub("", plain)).strip()


def _from_sphinx(text: str) -> str:
    joined = _SPACE.sub(" ", _HYPHEN_AT_LINE_END.sub("-", text))
    return _QUOTED_CODE.sub(r"`\1`", _FOOTNOTE.sub("", joined))


def _from_markdown(text: str) -> str:
    linked = _LINK.sub(r"\1", _IMAGE.sub("", text))
    parts = _CODE_SPAN.split(linked)
    return "".join(part if part.startswith("`") else _without_tags(part) for part in parts)


def _without_tags(text: str) -> str:
    return html.unescape(_TAG.sub("", text))


def _from_rst(text: str) -> str:
    spans: list[str] = []

    def put_aside(code: str) -> str:
        spans.append(code)
        return f"\0{len(spans) - 1}\0"

    aside = _LITERAL.sub(lambda match: put_aside(match[1]), text)
    aside = _ROLE.sub(lambda match: put_aside(_role_text(match[1])), aside)
    plain = _SUBSTITUTION.sub(r"\1", _FOOTNOTE.sub("", _RST_LINK.sub(r"\1", aside)))
    return re.sub(r"\0(\d+)\0", lambda match: f"`{spans[int(match[1])]}`", plain)


def _role_text(content: str) -> str:
    return _ROLE_TARGET.sub("", content).lstrip("~!")


def _unchanged(text: str) -> str:
    return text


_CLEANERS: dict[Markup, Callable[[str], str]] = {
    "markdown": _from_markdown,
    "plain": _unchanged,
    "rst": _from_rst,
    "sphinx": _from_sphinx,
}

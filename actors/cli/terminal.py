"""The terminal: where the command writes, whatever the encoding of that is."""

from __future__ import annotations

import sys

import click


def say(text: str) -> None:
    """Write a line to standard output."""
    click.echo(_encodable(text, sys.stdout.encoding))


def tell(text: str) -> None:
    """Write a line to standard error."""
    click.echo(_encodable(text, sys.stderr.encoding), err=True)


def _encodable(text: str, encoding: str | None) -> str:
    """Replace what cannot be written, such as half a surrogate pair, by escapes."""
    known = encoding or "utf-8"
    return text.encode(known, "backslashreplace").decode(known)

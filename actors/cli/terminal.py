"""The terminal: where the command writes, whatever its encoding is, and whatever it is that is written."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import click

from actors.cli.errors import UnreadError, UnwritableError
from supervisors.excerpt import shown


def say(text: str) -> None:
    """Write a line to standard output.

    Raises:
        UnwritableError: If it cannot be written.
    """
    _write(text, sys.stdout.encoding, is_error=False)


def tell(text: str) -> None:
    """Write a line to standard error.

    Raises:
        UnwritableError: If it cannot be written.
    """
    _write(text, sys.stderr.encoding, is_error=True)


def drop_unwritten() -> None:
    """Forget what standard streams hold and cannot write: the interpreter would try again when it exits."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())
        except ValueError:  # a module of the user's has closed it: it holds nothing
            pass


def _write(text: str, encoding: str | None, *, is_error: bool) -> None:
    try:
        click.echo(_encodable(shown(text, keep="\n"), encoding), err=is_error)
    except OSError as error:
        raise unwritable(error) from error
    except ValueError as error:
        raise UnwritableError("cannot write the output: a module of the workflow has closed it") from error


def unwritable(error: OSError) -> UnwritableError:
    """Return the error that tells why the output cannot be written."""
    kind = UnreadError if error.errno == errno.EPIPE else UnwritableError
    return kind(f"cannot write the output: {error.strerror}")


def _encodable(text: str, encoding: str | None) -> str:
    """Replace what cannot be written, such as half a surrogate pair, by escapes."""
    known = encoding or "utf-8"
    return text.encode(known, "backslashreplace").decode(known)

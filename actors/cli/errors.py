"""What the command says when it was used wrongly, or cannot say what it should."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from actors.grammar.reference import located

WRONG_USE = 2


class WrongUseError(click.ClickException):
    """The user has to change the call, the module or a file; click prints the message and exits with 2."""

    exit_code = WRONG_USE


@contextmanager
def users_code(what: str) -> Iterator[None]:
    """Turn whatever the user's code raises into a `WrongUseError`, except a Ctrl-C.

    Args:
        what: What of the user's is looked at or called.

    Raises:
        WrongUseError: If it raises; the text says where.
    """
    try:
        yield
    except (click.ClickException, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise WrongUseError(f"{what!r} raised {located(error)}") from error


class UnwritableError(click.ClickException):
    """What the command has to say cannot be written, as on a full disk; click prints the message and exits with 2."""

    exit_code = WRONG_USE


class UnreadError(UnwritableError):
    """Nobody reads what the command says any more, as after `| head`; it ends with 2, without a word."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Say nothing."""

"""What the command says when it was used wrongly, or cannot say what it should."""

from __future__ import annotations

import click

WRONG_USE = 2


class WrongUseError(click.ClickException):
    """The user has to change the call, the module or a file; click prints the message and exits with 2."""

    exit_code = WRONG_USE


class UnwritableError(click.ClickException):
    """What the command has to say cannot be written, as on a full disk; click prints the message and exits with 2."""

    exit_code = WRONG_USE

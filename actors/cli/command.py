"""The command `mixmode`."""

from __future__ import annotations

import signal
from contextlib import suppress

import click

from actors.cli.check_command import check
from actors.cli.errors import WRONG_USE
from actors.cli.graph_command import graph
from actors.cli.interrupts import exit_code_of
from actors.cli.run_command import run
from actors.cli.schema_command import schema
from actors.cli.terminal import drop_unwritten, unwritable
from supervisors.excerpt import shown


@click.group()
@click.version_option(package_name="mixmode")
def mixmode() -> None:
    """Run workflows of agents under supervision."""


mixmode.add_command(run)
mixmode.add_command(check)
mixmode.add_command(graph)
mixmode.add_command(schema)


def main() -> int:
    """Run the command on `sys.argv` and return its exit code."""
    try:
        return int(mixmode.main(prog_name="mixmode", standalone_mode=False) or 0)
    except click.ClickException as error:
        return _shown(error)
    except click.Abort:  # a signal before or after `mixmode run` took care of them
        return exit_code_of(signal.SIGINT)
    except OSError as error:  # what click itself says cannot be written: its help, or a new line after a Ctrl-C
        code = _shown(unwritable(error))
        return exit_code_of(signal.SIGINT) if isinstance(error.__context__, KeyboardInterrupt) else code
    except SystemExit:  # click: nobody reads what it says itself
        return WRONG_USE


def _shown(error: click.ClickException) -> int:
    """Tell of an error as far as that can be done, and return the exit code."""
    drop_unwritten()
    error.message = shown(error.message, keep="\n")  # type: ignore[misc]  # it may repeat arguments, or what a user's module says
    with suppress(OSError, ValueError):  # standard error cannot be written either
        error.show()
    drop_unwritten()
    return error.exit_code

"""The command `mixmode`."""

from __future__ import annotations

import signal
from contextlib import suppress

import click

from actors.cli.check_command import check
from actors.cli.errors import UnwritableError
from actors.cli.graph_command import graph
from actors.cli.interrupts import exit_code_of
from actors.cli.run_command import run
from actors.cli.schema_command import schema
from actors.cli.terminal import drop_unwritten


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
        if isinstance(error, UnwritableError):
            drop_unwritten()
        with suppress(OSError):  # nobody can be told that nobody can be told
            error.show()
        return error.exit_code
    except click.Abort:  # a signal before or after `mixmode run` took care of them
        return exit_code_of(signal.SIGINT)

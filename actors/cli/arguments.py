"""The arguments that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import click

from actors.cli.inputs import data_pair, gathered, state_file
from actors.cli.target import parsed_target

Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

workflow_argument: Decorator = click.argument("workflow", metavar="MODULE:WORKFLOW|FILE", type=parsed_target)

agents_option: Decorator = click.option(
    "--agents",
    type=parsed_target,
    metavar="MODULE:NAME",
    help="Where the agents are; AGENTS in MODULE, or [agents] in FILE, if not given.",
)

state_option: Decorator = click.option(
    "--state", type=state_file, metavar="FILE.json", help="The state to start from; - reads it from stdin."
)


def data_option(help: str) -> Decorator:
    """Return the option that gives the event's data, item by item."""
    return click.option(
        "--data", "-d", type=data_pair, multiple=True, callback=gathered, metavar="KEY=VALUE", help=help
    )

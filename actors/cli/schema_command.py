"""The command `mixmode schema`: what may stand in the file of a workflow, as a JSON Schema."""

from __future__ import annotations

import json

import click

from actors.cli.terminal import say
from actors.definitions.schema import file_schema


@click.command("schema", short_help="Print the JSON Schema of workflows in TOML and YAML.")
def schema() -> None:
    """Print the JSON Schema, draft 2020-12, of the files that `mixmode run FILE` takes.

    Editors complete and check files by it: TOML that begins with the line `#:schema ./workflow.schema.json`, YAML that
    begins with `# yaml-language-server: $schema=./workflow.schema.json`.
    """
    say(json.dumps(file_schema(), indent=2))

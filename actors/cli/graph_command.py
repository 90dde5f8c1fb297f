"""The command `mixmode graph`: a workflow as a Mermaid flowchart."""

from __future__ import annotations

import click

from actors.cli.arguments import workflow_argument
from actors.cli.definition_file import DefinitionFile
from actors.cli.target import Target, load_workflow
from actors.cli.terminal import say
from actors.workflows.graph import mermaid


@click.command("graph", short_help="Draw a workflow as a Mermaid flowchart.")
@workflow_argument
def graph(workflow: Target | DefinitionFile) -> None:
    """Draw the workflow called WORKFLOW in an importable MODULE, found from the current directory, or that of a FILE.

    The text of a Mermaid flowchart goes to stdout; GitHub, GitLab and mermaid-cli make a picture of it. No agent is
    looked up or run. Optional nodes and fallbacks are dashed.
    """
    say(mermaid(load_workflow(workflow)).rstrip("\n"))

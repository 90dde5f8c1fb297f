"""The command `mixmode check`: what is wrong with a workflow, without running it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from typing import Any

import click

from actors.cli.agents import load_agents, spawn_agents
from actors.cli.arguments import agents_option, data_option, state_option, workflow_argument
from actors.cli.definition_file import DefinitionFile
from actors.cli.rehearsal import rehearsal
from actors.cli.target import Target, load_workflow
from actors.cli.terminal import say, tell
from actors.values.findings import Code, Finding
from actors.values.state import State

_FOUND = 1


@dataclass(frozen=True, slots=True)
class _Options:
    workflow: Target | DefinitionFile
    agents: Target | DefinitionFile | None
    data: dict[str, Any]
    state: State | None
    strict: bool
    as_json: bool


@click.command("check", short_help="Find mistakes in a workflow without running it.")
@workflow_argument
@agents_option
@data_option("As for `mixmode run`: with this or --state, keys that would not be there are found too.")
@state_option
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document to stdout.")
@click.pass_context
def check(context: click.Context, /, **options: Any) -> None:
    """Check the workflow called WORKFLOW in an importable MODULE, found from the current directory, or that of a FILE.

    The workflow and its agents are named as for `mixmode run`. No agent is made or run: what they declare with
    `requires` and `produces` is looked at. What was found goes to stdout, a line each, by the path of the node:

    \b
      research/gather: error (unknown-agent): what is wrong; what to do

    An error keeps every run from ending ok. A warning is what does not do what it seems to be for, or fails some runs.

    \b
    Exits with
      0  when there is no error, and with --strict no warning,
      1  when there is one,
      2  when something is wrong with the call or the module, or the output cannot be written.
    """  # noqa: D301  # click wants the character that is written so
    context.exit(_check(_Options(**options)))


def _check(options: _Options) -> int:
    with redirect_stdout(sys.stderr):  # what the user's modules print is no finding
        findings = _findings(options)
    if options.as_json:
        say(_document(findings))
    else:
        _show(findings, str(options.workflow))
    return _FOUND if any(finding.is_error or options.strict for finding in findings) else 0


def _findings(options: _Options) -> tuple[Finding, ...]:
    workflow = load_workflow(options.workflow)
    found = load_agents(options.agents, options.workflow)
    start: dict[str, Any] = {}
    if options.data or options.state is not None:
        start = {"state": list(options.state or ()), "data": list(options.data)}
    with rehearsal() as runtime:
        spawn_agents(runtime, found.agents, found.where)
        findings = runtime.check(workflow, **start)
    return findings if found.is_said else tuple(_advised(finding, found.advice) for finding in findings)


def _advised(finding: Finding, advice: str) -> Finding:
    return replace(finding, advice=advice) if finding.code is Code.UNKNOWN_AGENT else finding


def _document(findings: Sequence[Finding]) -> str:
    return json.dumps(
        {
            "errors": sum(finding.is_error for finding in findings),
            "warnings": sum(not finding.is_error for finding in findings),
            "findings": [
                {
                    "path": finding.path,
                    "severity": finding.severity.value,
                    "code": finding.code.value,
                    "problem": finding.problem,
                    "advice": finding.advice,
                }
                for finding in findings
            ],
        }
    )


def _show(findings: Sequence[Finding], workflow: str) -> None:
    for finding in findings:
        say(str(finding))
    errors = sum(finding.is_error for finding in findings)
    tell(f"{workflow}: {_counted(errors, 'error')}, {_counted(len(findings) - errors, 'warning')}")


def _counted(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"

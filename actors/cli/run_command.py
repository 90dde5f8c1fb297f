"""The command `mixmode run`: one run of a workflow, in a runtime of its own."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from dataclasses import dataclass
from typing import Any

import click

from actors.cli.agents import load_agents, spawn_agents
from actors.cli.arguments import agents_option, data_option, state_option, workflow_argument
from actors.cli.definition_file import DefinitionFile
from actors.cli.document import document
from actors.cli.ending import Ending
from actors.cli.errors import WrongUseError
from actors.cli.inputs import seconds
from actors.cli.interrupts import Interruption, Interrupts
from actors.cli.report import show, tell_verdict
from actors.cli.target import Target, load_workflow
from actors.cli.terminal import say, tell
from actors.cli.watching import watching
from actors.control.telemetry import Observer
from actors.runs.run import Run
from actors.runtime.runtime import Runtime
from actors.runtime.shutdown import StopReport
from actors.values.errors import ActorError, UnknownAgentError
from actors.values.state import State

# Together with what `Runtime.stop()` may take beyond its timeout, these leave it time to report before
# `interrupts.LIMIT` is over. Work counts as abandoned, and is reported, only after _ABANDON_AFTER.
_ABANDON_AFTER = 0.3
_HURRIED_GRACE = 0.35
_GRACE = 5.0
_TURN = 0.1
_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class _Options:
    workflow: Target | DefinitionFile
    agents: Target | DefinitionFile | None
    data: dict[str, Any]
    state: State | None
    timeout: float | None
    metrics_port: int | None
    as_json: bool


@click.command("run", short_help="Run a workflow once.")
@workflow_argument
@agents_option
@data_option("Data of the event; KEY:=JSON for anything but a string. May be repeated.")
@state_option
@click.option("--timeout", type=seconds, metavar="SECONDS", help="For the whole run; no limit if not given.")
@click.option(
    "--metrics-port",
    type=click.IntRange(0, _HIGHEST_PORT),
    metavar="PORT",
    help="Serve Prometheus metrics on this port of the loopback interface during the run; 0 for any free one.",
)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document to stdout, and no progress.")
@click.pass_context
def run(context: click.Context, /, **options: Any) -> None:
    """Run the workflow called WORKFLOW in an importable MODULE, found from the current directory, or that of a FILE.

    FILE is a definition in TOML or YAML, which names its agents as module:attribute; their modules are found from the
    current directory and from the folder of the file. `mixmode schema` prints what may stand in it.

    WORKFLOW is a pattern, a Branch, or a string with the name of an agent. The agents are what the module calls
    AGENTS, or what --agents names. It is one of

    \b
      a mapping of names to agents (anything that Runtime.spawn() takes),
        AGENTS = {"search": SearchAgent, "write": write}
      in which an agent may come with options of Runtime.spawn(),
        AGENTS = {"search": {"agent": SearchAgent, "concurrency": 4}}
      or a function that is given the runtime and spawns them.
        def AGENTS(runtime): runtime.spawn("search", SearchAgent)

    The stages as they stand (on a terminal; else a line for each that ended) and a table of latencies go to stderr,
    the final state to stdout as JSON, in which bytes are base64 text, moments ISO 8601 text and spans of time seconds.

    \b
    Exits with
      0    when the workflow ended ok,
      1    when it did not; the reason, the partial state and the branches go to stderr,
      2    when something is wrong with the call or the module, or the output cannot be written,
      130  after Ctrl-C, 143 after SIGTERM: the run is cancelled, and agents that do not stop are
           named and left behind within 2 seconds. A second signal ends the process at once.
    """  # noqa: D301  # click takes the backspace itself
    try:
        with context.ensure_object(Interrupts) as interrupts:
            context.exit(_run(_Options(**options), interrupts))
    except Interruption as interruption:  # before there was a run, or after it
        tell(f"interrupted by {interruption.name}")
        context.exit(interruption.exit_code)


def _run(options: _Options, interrupts: Interrupts) -> int:
    # What agents print must not get into the document.
    with redirect_stdout(sys.stderr) if options.as_json else nullcontext():
        ending = _perform(options, interrupts)
    if options.as_json:
        say(document(ending))
    else:
        show(ending)
    tell_verdict(ending)
    return ending.exit_code


def _perform(options: _Options, interrupts: Interrupts) -> Ending:
    workflow = load_workflow(options.workflow)
    found = load_agents(options.agents, options.workflow)
    with watching(is_quiet=options.as_json) as observers, _started(options, observers) as runtime:
        spawn_agents(runtime, found.agents, found.where)
        interrupts.defer()
        run = _submitted(runtime, workflow, found.advice, options)
        return _supervised(runtime, run, interrupts)


@contextmanager
def _started(options: _Options, observers: Sequence[Observer]) -> Iterator[Runtime]:
    runtime = Runtime(
        metrics=options.metrics_port is not None,
        metrics_port=options.metrics_port,
        observers=observers,
        grace=_GRACE,
        abandon_after=_ABANDON_AFTER,
    )
    try:
        runtime.start()
    except OSError as error:
        raise WrongUseError(f"--metrics-port: {error.strerror}") from error
    if options.metrics_port is not None:
        tell(f"metrics: http://127.0.0.1:{runtime.metrics_port}/metrics")
    try:
        yield runtime
    finally:
        runtime.stop(timeout=0)


def _submitted(runtime: Runtime, workflow: Any, advice: str, options: _Options) -> Run:
    try:
        return runtime.submit(workflow, options.data, options.state, options.timeout)
    except UnknownAgentError as error:
        raise WrongUseError(f"{error}; {advice}") from error
    except (ActorError, TypeError, ValueError) as error:
        raise WrongUseError(str(error)) from error


def _supervised(runtime: Runtime, run: Run, interrupts: Interrupts) -> Ending:
    """Wait for the end of the run and stop the runtime; after a signal, cancel and hurry."""
    try:
        interrupts.resume()
        _wait(run)
        return Ending.of(run, _stopped(runtime), None)
    except Interruption as interruption:
        tell(f"interrupted by {interruption.name}; cancelling, a second signal exits at once")
        run.cancel()
        return Ending.of(run, runtime.stop(_HURRIED_GRACE), interruption)


# The main thread waits in short turns: a signal that strikes just before a wait is noticed only when that is over.


def _wait(run: Run) -> None:
    while not run.done():
        with suppress(TimeoutError):
            run.exception(timeout=_TURN)


def _stopped(runtime: Runtime) -> StopReport:
    reports: list[StopReport] = []
    thread = threading.Thread(target=lambda: reports.append(runtime.stop()), name="mixmode-stop", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_TURN)
    return reports[0]

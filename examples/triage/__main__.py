"""The program: `python -m examples.triage [--source FILE|FOLDER]`.

The summary goes to standard output, or the tickets' results if JSON was asked for; progress and complaints go to
standard error. It exits with 0, with 1 if tickets failed, with 2 if it was called wrongly, or with 130 after Ctrl-C,
when it has told what was done until then.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TextIO

from actors import Runtime
from examples.documents import tell
from examples.research.words import counted
from examples.triage.dispatch import Dispatch
from examples.triage.errors import TriageError
from examples.triage.handled import Handled
from examples.triage.history import History
from examples.triage.in_order import InOrder
from examples.triage.options import Options, parsed
from examples.triage.problem import Problem
from examples.triage.progress import progress_of
from examples.triage.source import Intake, intake_from
from examples.triage.summary import Summary
from examples.triage.workflow import spawn_agents
from supervisors import SystemClock

_FAILED = 1
_BAD_USAGE = 2
_INTERRUPTED = 130
_MOST_SHOWN = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    options = parsed(arguments)
    try:
        intake = intake_from(options.source)
    except (TriageError, OSError) as error:
        tell(f"error: {error}")
        return _BAD_USAGE
    except KeyboardInterrupt:
        return _INTERRUPTED
    _tell_problems(intake.problems)
    try:
        return _triage(options, intake)
    except BrokenPipeError:
        # Nobody reads the output any more; the interpreter would complain of that when it flushes it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except OSError as error:
        tell(f"error: {error}")
        return _FAILED


def _triage(options: Options, intake: Intake) -> int:
    summary = Summary()
    clock = SystemClock()
    started = clock.now()
    try:
        _handle(options, intake, summary)
        is_interrupted = False
    except KeyboardInterrupt:
        is_interrupted = True
    seconds = clock.now() - started
    out = sys.stderr if options.json else sys.stdout
    _print_summary(out, intake, summary, with_times=options.times)
    if options.times:
        print(f"{seconds:.1f} s, {summary.total / seconds:,.0f} entries a second", file=out)
    if is_interrupted:
        wanted = len(intake.tickets[: options.limit])
        tell(f"interrupted: {summary.total:,} of {wanted:,} tickets were handled")
        return _INTERRUPTED
    return _FAILED if summary.failed else 0


def _handle(options: Options, intake: Intake, summary: Summary) -> None:
    tickets = intake.tickets[: options.limit]
    history = History(intake.tickets)
    lines: InOrder[Handled] = InOrder(lambda handled: print(handled.as_json()))
    with (
        Runtime(max_runs=options.max_runs, metrics_port=options.metrics_port) as runtime,
        progress_of(len(tickets), is_quiet=options.quiet) as progress,
    ):
        spawn_agents(runtime, history)
        for handled in Dispatch(runtime, timeout=options.timeout).handle(tickets):
            summary.add(handled)
            progress.advance()
            if options.json:
                lines.add(handled.number, handled)


def _print_summary(out: TextIO, intake: Intake, summary: Summary, *, with_times: bool) -> None:
    print(summary.table(with_times=with_times), file=out)
    print(f"{intake.name}: {counted(len(intake.problems), 'malformed line')}", file=out)
    for line in summary.failures():
        tell(f"failed: {line}")


def _tell_problems(problems: Sequence[Problem]) -> None:
    for problem in problems[:_MOST_SHOWN]:
        tell(f"malformed: {problem}")
    if len(problems) > _MOST_SHOWN:
        tell(f"malformed: and {counted(len(problems) - _MOST_SHOWN, 'more line')}")


if __name__ == "__main__":
    sys.exit(main())

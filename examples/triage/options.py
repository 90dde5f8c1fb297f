"""The command line of the program."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from examples.options import port, seconds

_DEFAULT_MAX_RUNS = 64
_DEFAULT_TIMEOUT = 30.0


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Attributes:
        source: Where the tickets are; None for the changelogs of this machine, or the sample.
        limit: How many tickets are handled; None for all.
        max_runs: How many are handled at once.
        timeout: Seconds for each ticket.
        metrics_port: Where Prometheus metrics are served while tickets are handled; None for nowhere.
        json: Whether the tickets' results go to standard output instead of the summary.
        times: Whether the summary tells how long tickets took.
    """

    source: Path | None
    limit: int | None
    max_runs: int
    timeout: float
    metrics_port: int | None
    json: bool
    times: bool
    quiet: bool


def parsed(arguments: Sequence[str] | None = None) -> Options:
    """Return the options in `arguments`, by default those of this process.

    Raises:
        SystemExit: With code 2 if they are wrong, with code 0 if help was asked for.
    """
    return Options(**vars(_parser().parse_args(arguments)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.triage",
        description="Route tickets to desks, security ones until they are resolved or escalated.",
    )
    add = parser.add_argument
    add(
        "--source",
        type=Path,
        metavar="FILE|FOLDER",
        help="a changelog, .csv or .jsonl file, or a folder of them; default: this machine's /usr/share/doc",
    )
    add("--limit", type=_count, metavar="N", help="handle the first N tickets only")
    add("--max-runs", type=_count, metavar="N", default=_DEFAULT_MAX_RUNS, help="so many at once (%(default)s)")
    add("--timeout", type=seconds, default=_DEFAULT_TIMEOUT, help="in seconds, for each ticket (%(default)g)")
    add("--metrics-port", type=port, metavar="PORT", help="serve Prometheus metrics on this port meanwhile")
    add("--json", action="store_true", help="print each ticket's result as a line of JSON; the summary goes to stderr")
    add("--no-times", dest="times", action="store_false", help="a summary that is the same in every run")
    add("--quiet", action="store_true", help="no progress")
    return parser


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of tickets; expected 1 or more")
    return count

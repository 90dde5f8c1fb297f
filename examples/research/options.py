"""The command line of the program."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from examples.options import port, seconds

DEFAULT_QUESTION = "What happens when an exception is raised inside a with statement?"
_DEFAULT_TIMEOUT = 120.0


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Attributes:
        folder: Where the documents are; None for the reference that Python carries.
        output: Where the report goes; None for standard output.
        timeout: How long the research may take.
        metrics_port: Where Prometheus metrics are served; None for nowhere.
        linger: How long they are served after the report is written.
    """

    question: str
    folder: Path | None
    output: Path | None
    timeout: float
    metrics_port: int | None
    linger: float
    quiet: bool


def parsed(arguments: Sequence[str] | None = None) -> Options:
    """Return the options in `arguments`, by default those of this process.

    Raises:
        SystemExit: With code 2 if they are wrong, with code 0 if help was asked for.
    """
    return Options(**vars(_parser().parse_args(arguments)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.research",
        description="Answer a question over a folder of documents; every statement has its source.",
    )
    add = parser.add_argument
    add("question", nargs="?", default=DEFAULT_QUESTION, help="by default: %(default)s")
    add("--folder", type=Path, help=".md, .rst, .txt and .py files; default: Python's reference")
    add("--output", type=Path, help="write the report to this file")
    add("--timeout", type=seconds, default=_DEFAULT_TIMEOUT, help="in seconds (%(default)g)")
    add("--metrics-port", type=port, help="serve Prometheus metrics on this port")
    add("--linger", type=seconds, default=0.0, help="keep serving them for so many seconds")
    add("--quiet", action="store_true", help="no progress, no latencies")
    return parser

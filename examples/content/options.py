"""The command line of the program."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from examples.options import seconds

DEFAULT_BRIEF = "Write an introduction to context managers and the with statement"
_DEFAULT_TIMEOUT = 120.0


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Attributes:
        brief: What the article should be about.
        folder: Where the documents are; None for the reference that Python carries.
        output: Where the article goes; None for standard output.
        timeout: How long it may take.
    """

    brief: str
    folder: Path | None
    output: Path | None
    timeout: float
    quiet: bool


def parsed(arguments: Sequence[str] | None = None) -> Options:
    """Return the options in `arguments`, by default those of this process.

    Raises:
        SystemExit: With code 2 if they are wrong, with code 0 if help was asked for.
    """
    return Options(**vars(_parser().parse_args(arguments)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.content",
        description="Write an article for a brief; every statement has its source.",
    )
    add = parser.add_argument
    add("brief", nargs="?", default=DEFAULT_BRIEF, help="by default: %(default)s")
    add("--folder", type=Path, help=".md, .rst, .txt and .py files; default: Python's reference")
    add("--output", type=Path, help="write the article to this file")
    add("--timeout", type=seconds, default=_DEFAULT_TIMEOUT, help="in seconds (%(default)g)")
    add("--quiet", action="store_true", help="no progress, no latencies")
    return parser

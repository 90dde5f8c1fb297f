"""What the programs that write a document share: where it goes, and what is told beside it."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from examples.research.latency import latencies
from supervisors import TraceRecord


def check_output(output: Path | None) -> None:
    """Refuse a file that cannot be written, before anything is done for it.

    Raises:
        NotADirectoryError: If its folder does not exist.
    """
    if output and not output.parent.is_dir():
        raise NotADirectoryError(f"cannot write {str(output)!r}: its folder does not exist")


def log_progress(program: str) -> None:
    """Have what a program's agents log written to standard error."""
    logging.basicConfig(stream=sys.stderr, format="  %(message)s")
    logging.getLogger(program).setLevel(logging.INFO)


def deliver(document: str, output: Path | None, trace: TraceRecord | None) -> None:
    """Write a document to its file or to standard output; with a trace, tell how long everything took."""
    if output:
        output.write_text(document, encoding="utf-8")
    else:
        print(document)
    if trace is not None:
        tell(f"latencies\n{latencies(trace)}")


def complain(error: Exception, code: int) -> int:
    """Tell what went wrong, and return the exit code."""
    tell(f"error: {error}")
    return code


def tell(text: str) -> None:
    """Write to standard error."""
    print(text, file=sys.stderr, flush=True)

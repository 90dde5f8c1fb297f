"""The types of command-line options that the programs share."""

from __future__ import annotations

import argparse

_HIGHEST_PORT = 65535


def seconds(text: str) -> float:
    """Parse a number of seconds; for argparse to call."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return number


def port(text: str) -> int:
    """Parse a port, 0 for any free one; for argparse to call."""
    number = int(text)
    if not 0 <= number <= _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; expected 0 to {_HIGHEST_PORT}")
    return number

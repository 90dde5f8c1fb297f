"""What the user gives to a run on the command line: data, state and time.

Functions that parse the text of an argument, for click to call. What they raise names the option, and exits with 2.
"""

from __future__ import annotations

import json
import math
from typing import Any

import click

from actors.codec import MAX_BYTES
from actors.values.state import State
from supervisors.excerpt import excerpt


def data_pair(text: str) -> tuple[str, Any]:
    """Parse KEY=VALUE, a string, or KEY:=JSON.

    Raises:
        BadParameter: If it is neither.
    """
    key, separator, value = text.partition("=")
    is_json = key.endswith(":")
    key = key.removesuffix(":")
    if not separator or not key:
        raise click.BadParameter(f"{text!r} is neither KEY=VALUE nor KEY:=JSON")
    if not is_json:
        return key, value
    try:
        return key, json.loads(value)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"the value of {key!r} is not JSON: {error}; a string is {key}=VALUE") from error


def gathered(_context: click.Context, _option: click.Parameter, pairs: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """Return the pairs as a mapping.

    Raises:
        BadParameter: If a key is given twice.
    """
    data: dict[str, Any] = {}
    for key, value in pairs:
        if key in data:
            raise click.BadParameter(f"{key!r} is given twice")
        data[key] = value
    return data


def state_file(name: str) -> State:
    """Read a state from a JSON file, or from standard input for `-`.

    Raises:
        BadParameter: If it cannot be read, is too long, or holds no JSON object.
    """
    try:
        with click.open_file(name, "rb") as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise ValueError(f"it is longer than {MAX_BYTES} bytes")
        values = json.loads(text)
        if isinstance(values, dict):
            return State(values)
    except OSError as error:
        raise click.BadParameter(f"{name!r} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"{name!r} does not hold a state as JSON: {error}") from error
    raise click.BadParameter(f"{name!r} must hold a JSON object, not {excerpt(values)}")


def seconds(text: str) -> float:
    """Parse a positive number of seconds.

    Raises:
        BadParameter: If it is none.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise click.BadParameter(f"{text!r} is not a positive number of seconds")
    return number

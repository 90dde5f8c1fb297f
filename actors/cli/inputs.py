"""What the user gives to a run on the command line: data, state and time."""

from __future__ import annotations

import json
from typing import Any

import click

from actors.state import State
from supervisors.deadlines import check_timeout


class DataType(click.ParamType):
    """Parses KEY=VALUE, a string, and KEY:=JSON."""

    name = "data"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        """Return the key and the value, or fail with what is wrong with the text."""
        if isinstance(value, tuple):
            return value
        key, separator, text = value.partition("=")
        is_json = key.endswith(":")
        key = key.removesuffix(":")
        if not separator or not key:
            self.fail(f"{value!r} is neither KEY=VALUE nor KEY:=JSON", param, ctx)
        if not is_json:
            return key, text
        try:
            return key, json.loads(text)
        except (ValueError, RecursionError) as error:
            self.fail(f"the value of {key!r} is not JSON: {error}; a string is given by {key}=VALUE", param, ctx)


class StateType(click.ParamType):
    """Reads a state from a JSON file, or from standard input for `-`."""

    name = "state"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> State:
        """Return the state, or fail with what is wrong with the file."""
        if isinstance(value, State):
            return value
        try:
            with click.open_file(value, "rb") as file:
                values = json.loads(file.read())
        except OSError as error:
            self.fail(f"{value!r} cannot be read: {error.strerror}", param, ctx)
        except (ValueError, RecursionError) as error:
            self.fail(f"{value!r} is not JSON: {error}", param, ctx)
        if not isinstance(values, dict):
            self.fail(f"{value!r} must hold a JSON object, not {json.dumps(values)[:40]}", param, ctx)
        try:
            return State(values)
        except ValueError as error:
            self.fail(f"{value!r} cannot be a state: {error}", param, ctx)


class SecondsType(click.ParamType):
    """Parses a positive number of seconds."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """Return the seconds, or fail."""
        try:
            return check_timeout(float(value), "the")
        except ValueError:
            self.fail(f"{value!r} is not a positive number of seconds", param, ctx)


def gathered(context: click.Context, param: click.Parameter, pairs: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """Return the pairs as a mapping; a callback of click's.

    Raises:
        BadParameter: If a key is given twice.
    """
    data: dict[str, Any] = {}
    for key, value in pairs:
        if key in data:
            raise click.BadParameter(f"{key!r} is given twice", context, param)
        data[key] = value
    return data

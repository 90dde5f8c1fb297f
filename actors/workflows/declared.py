"""The base of what a workflow declares beside its patterns: conditions and mergers."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from inspect import Parameter
from typing import Any, Self

from supervisors.model import Model


class Declared(Model):
    """A frozen value that prints as the call that made it: pasted back as Python it makes an equal one."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)

    def __deepcopy__(self, memo: object = None) -> Self:
        return self

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:  # type: ignore[override]  # pydantic takes None for "by position"
        """Yield the arguments as they were written; those by keyword only where they are not the default."""
        for name, parameter in inspect.signature(type(self)).parameters.items():
            value = getattr(self, name)
            if parameter.kind is Parameter.VAR_POSITIONAL:
                yield from [(None, each) for each in value]
            elif parameter.kind is not Parameter.KEYWORD_ONLY:
                yield None, value
            elif value != parameter.default:
                yield name, value

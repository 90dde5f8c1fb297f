"""Log records: what all of them have in common, whatever they tell of."""

from __future__ import annotations

import logging

from actors.values.raised import traceback_of
from actors.values.rendering import render
from supervisors.excerpt import shown


def log(logger: logging.Logger, level: int, message: str, *values: object, error: BaseException | None = None) -> None:
    """Log a message whose values, and whose exception, cannot act on a terminal, or pass for another record.

    Args:
        logger: Whose record it is.
        level: One of `logging`.
        message: A constant text.
        values: What `%s`, `%r` and the like in it stand for.
        error: The exception that it tells of; the record has it as `exc_info`, and its traceback as text.
    """
    if not logger.isEnabledFor(level):
        return
    file, line, function, _ = logger.findCaller(stacklevel=2)
    info = None if error is None else (type(error), error, traceback_of(error))
    arguments = tuple([_Shown(value) if type(value) is str else value for value in values])
    record = logger.makeRecord(logger.name, level, file, line, message, arguments, info, function)
    if error is not None:
        failure = render(error)
        record.exc_text = shown(failure.traceback or failure.text, keep="\n").rstrip("\n")  # formatters print it
    logger.handle(record)


class _Shown(str):
    """A text that is shown when it is formatted, and is what it is to who looks at the record's arguments."""

    __slots__ = ()

    def __str__(self) -> str:
        return shown(self[:])

"""Rendering: an exception as text, made where it was caught, and of a bounded length."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from itertools import islice
from typing import Any

from actors.values.raised import arguments_of, context_of, members_of, stated_cause_of, traceback_of
from supervisors.excerpt import cut
from supervisors.names import plain_name, qualified_names
from supervisors.outcome import Failure, Reason

LONGEST_TEXT = 8_000
"""How many characters of an exception's own text are kept."""

LONGEST_TRACEBACK = 16_000
"""How many characters of a traceback are kept."""

MOST_EXCEPTIONS = 30
"""How many exceptions one traceback shows: causes, members of groups, and the causes and members of those."""

MOST_LEAVES = 100
"""How many classes of the exceptions in a group are kept."""

_LONGEST_ARGUMENT = LONGEST_TEXT // 4
_DEEPEST_ARGUMENT = 3
_SHOWN_BY_REPR = (bytes, list, tuple, dict)
_DEEPEST_GROUP = 5
_MOST_NOTES = 10
_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"
# What an exception says cannot be taken for a line of the report.
_CONTINUED = "\n    "
_UNKNOWN = ("builtins.BaseException",)


class RenderedError(Exception):
    """Stands for an exception that was caught and rendered in another process.

    Args:
        failure: What was rendered.
        reason: Why the work failed.
        is_normal_exit: Whether it was a `SystemExit` by which an agent says that it is done.
    """

    def __init__(self, failure: Failure, reason: Reason, *, is_normal_exit: bool = False) -> None:
        super().__init__(failure, reason)
        self.failure = failure
        self.reason = reason
        self.is_normal_exit = is_normal_exit

    def __str__(self) -> str:
        return self.failure.text


def render(error: BaseException) -> Failure:
    """Turn an exception into text where it was caught; what its own `__str__` raises or returns is survived."""
    if isinstance(error, RenderedError):
        return error.failure
    text = _text(error)
    try:
        lines = "".join(_Report(error, text).lines)
    except BaseException:  # noqa: BLE001  # the loader of a user's module, which is asked for its lines
        lines = ""
    return Failure(qualified_names(type(error)), text, cut(lines, LONGEST_TRACEBACK), error, _leaves(error))


def _text(error: BaseException) -> str:
    """Return the name of an exception's class and its own text, if it has one."""
    name = plain_name(type(error))
    try:
        text = cut(_said(error), LONGEST_TEXT)
    except BaseException:  # noqa: BLE001  # a user's __str__
        return f"{name} (its text cannot be rendered)"
    return f"{name}: {text}" if text else name


def _said(error: BaseException) -> str:
    """Return an exception's own text; long arguments are cut before a `repr()` is made of them, which takes long."""
    said, arguments = type(error).__str__, arguments_of(error)
    if not arguments or said not in (KeyError.__str__, BaseException.__str__):
        return str(error)
    if said is BaseException.__str__ and len(arguments) == 1 and type(arguments[0]) not in _SHOWN_BY_REPR:
        return str(error)
    return repr(_shortened(arguments if len(arguments) > 1 else arguments[0]))


def _shortened(value: Any, depth: int = 0) -> Any:
    """Return a value whose `repr()` does not take long: long texts and bytes in it are cut, and so are long lists."""
    kind = type(value)
    if kind is str:
        return cut(value, _LONGEST_ARGUMENT)
    if kind is bytes and len(value) > _LONGEST_ARGUMENT:
        end, rest = _LONGEST_ARGUMENT // 2, len(value) - _LONGEST_ARGUMENT // 2 * 2
        return b"%b[... %d bytes left out ...]%b" % (value[:end], rest, value[-end:])
    if depth >= _DEEPEST_ARGUMENT:
        return value
    if kind is list or kind is tuple:
        return kind(_shortened(each, depth + 1) for each in value[:LONGEST_TEXT])
    if kind is dict:
        return {key: _shortened(each, depth + 1) for key, each in islice(value.items(), LONGEST_TEXT)}
    return value


def _leaves(error: BaseException) -> tuple[tuple[str, ...], ...]:
    """Return the names of the classes of what is in a group; what is beyond the limit may be anything."""
    if members_of(error) is None:
        return ()
    classes: dict[type, None] = {}
    pending: list[BaseException] = [error]
    while pending:
        each = pending.pop()
        members = members_of(each)
        if members is None:
            classes[type(each)] = None
        else:
            pending.extend(reversed(members))
    leaves = [qualified_names(each) for each in list(classes)[:MOST_LEAVES]]
    return (*leaves, _UNKNOWN) if len(classes) > MOST_LEAVES else tuple(leaves)


class _Report:
    """The traceback of an exception, with its causes and, if it is a group, what is in it."""

    def __init__(self, error: BaseException, text: str) -> None:
        self._texts = {id(error): text}
        self.lines: list[str] = []
        self._left = MOST_EXCEPTIONS
        self._seen: set[int] = set()
        self._write(error, 0)

    def _write(self, error: BaseException, depth: int) -> None:
        """Write an exception after those that led to it, the first of them first."""
        chain = list(self._chain(error))
        for number, (each, _) in reversed(list(enumerate(chain))):
            self._write_one(each, depth)
            if number:
                self._put(chain[number - 1][1], depth)

    def _chain(self, error: BaseException) -> Iterator[tuple[BaseException, str]]:
        """Yield an exception and what led to it, each with the words that join it to the next one."""
        each: BaseException | None = error
        while each is not None and self._left > 0 and id(each) not in self._seen:
            self._left -= 1
            self._seen.add(id(each))
            cause = stated_cause_of(each)
            yield each, _CONTEXT if cause is None else _CAUSE
            each = cause if cause is not None else context_of(each)

    def _write_one(self, error: BaseException, depth: int) -> None:
        if traceback_of(error) is not None or not depth:
            self._put("Traceback (most recent call last):\n", depth)
        for line in _frames(error):
            self._put(line, depth)
        for text in [self._texts.get(id(error)) or _text(error), *_notes(error)]:
            self._put(text.replace("\n", _CONTINUED) + "\n", depth)
        self._write_members(members_of(error) or (), depth + 1)

    def _write_members(self, members: tuple[BaseException, ...], depth: int) -> None:
        for number, member in enumerate(members, 1):
            if not self._left or depth > _DEEPEST_GROUP:
                self._put(f"({len(members) - number + 1} more)\n", depth)
                return
            self._put(f"---- {number} of {len(members)} ----\n", depth)
            self._write(member, depth)

    def _put(self, text: str, depth: int) -> None:
        indent = "  | " * depth
        self.lines.append("".join(f"{indent}{line}" for line in text.splitlines(keepends=True)) if depth else text)


def _frames(error: BaseException) -> list[str]:
    """Format where an exception came from, without carets, for which Python would parse every line of it again."""
    frames = traceback.extract_tb(traceback_of(error))
    for frame in frames:
        frame.colno = frame.end_colno = None
    return frames.format()


def _notes(error: BaseException) -> list[str]:
    try:
        notes = islice(getattr(error, "__notes__", ()), _MOST_NOTES)
        return [cut(str(note), LONGEST_TEXT) for note in notes]
    except BaseException:  # noqa: BLE001  # a user's own notes
        return ["(its notes cannot be rendered)"]

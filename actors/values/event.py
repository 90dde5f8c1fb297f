"""The event: data from outside, handed to agents."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from typing import Any

from actors.values.freezing import freeze
from actors.values.frozen import FrozenDict
from supervisors.excerpt import excerpt

# Drawn once for each process, because drawing costs more than a whole step of a run.
_process = os.urandom(8).hex()
_numbers = itertools.count(1)
_NOTHING = FrozenDict()


def new_event_id() -> str:
    """Return an identifier that no other process makes."""
    return f"{_process}-{next(_numbers):x}"


def _after_fork() -> None:
    global _process  # noqa: PLW0603  # one store, before anything else runs in the child
    _process = os.urandom(8).hex()


os.register_at_fork(after_in_child=_after_fork)


class Event:
    """What happened, addressed to an agent or a workflow. Immutable all the way down.

    Args:
        target: The name of the agent or workflow that it is for.
        data: Plain data; copied. Reading `event.data["items"]` gives a list that cannot be changed.
        metadata: Plain data about the event, such as `session_id`; copied.
        id: Made up when not given; an event that is derived from another keeps its id.

    Raises:
        TypeError: If a field has the wrong type, or something in it is not plain data.
        ValueError: If the id is empty, or data nests too deeply.
    """

    # Not a pydantic model: one is made for every step of every run.
    __slots__ = ("_added", "_data", "_id", "_metadata", "_target")

    def __init__(
        self,
        target: str = "",
        data: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,
    ) -> None:
        self._target = _text(target, "target")
        self._data = _NOTHING if data is None else freeze_fields(data, "event data")
        self._metadata = _NOTHING if metadata is None else freeze_fields(metadata, "event metadata")
        self._id = new_event_id() if id is None else _text(id, "id")
        if not self._id:
            raise ValueError("event id must not be empty; leave it out to have one made")
        # Laid over the metadata when that is first read: most agents never do.
        self._added: Mapping[str, Any] | None = None

    @property
    def target(self) -> str:
        """The name of the agent or workflow that it is for."""
        return self._target

    @property
    def data(self) -> dict[str, Any]:
        """What happened; cannot be changed."""
        return self._data

    @property
    def metadata(self) -> dict[str, Any]:
        """What there is to say about it; cannot be changed."""
        added = self._added
        if added:
            # Several threads may come here at once: each finds the same, and the sum is stored first.
            self._metadata = FrozenDict({**self._metadata, **added})
            self._added = None
        return self._metadata

    @property
    def id(self) -> str:
        """Its identifier."""
        return self._id

    @property
    def session_id(self) -> str:
        """The session that it belongs to: `metadata["session_id"]`, else its own id."""
        return str(self.metadata.get("session_id", self._id))

    def derived(self, target: str, metadata: Mapping[str, Any]) -> Event:
        """Return the same event for another target, with metadata laid over its own.

        Args:
            target: Whom it is for now.
            metadata: What to add; frozen values only, they are not checked again.
        """
        event = _new(Event)
        event._target = target
        event._data = self._data
        event._metadata = self._metadata if self._added is None else self.metadata  # type: ignore[assignment]  # it is frozen
        event._added = metadata
        event._id = self._id
        return event

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Event):
            return NotImplemented
        return self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash((self._target, self._id))

    def __repr__(self) -> str:
        target, data, metadata, id = self._fields()
        return f"Event(target={target!r}, data={data!r}, metadata={metadata!r}, id={id!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, self._fields()

    def __copy__(self) -> Event:
        return self

    def __deepcopy__(self, memo: object) -> Event:
        return self

    def _fields(self) -> tuple[str, dict[str, Any], dict[str, Any], str]:
        return self._target, self._data, self.metadata, self._id


_new = Event.__new__


def _rebuilt(target: str, data: Any, metadata: Any, id: str) -> Event:
    return Event(target, data, metadata, id=id)


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"event {field} must be a string, not {type(value).__name__}")
    return str.__str__(value)


def freeze_fields(value: object, where: str) -> FrozenDict:
    """Return a frozen copy of a mapping with string keys.

    Raises:
        TypeError: If it is no mapping, a key is no string, or a value is not plain data.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"{where} must be a mapping with string keys, not {type(value).__name__}")
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"{where} must have string keys, not {excerpt(key)}")
    return freeze(value, where)  # type: ignore[no-any-return]  # a mapping freezes to a FrozenDict

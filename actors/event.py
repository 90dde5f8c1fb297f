"""The event: data from outside, handed to agents."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, Field, field_validator

from actors.values import FrozenDict, freeze
from supervisors.model import Model

_FIELDS = frozenset({"target", "data", "metadata", "id"})
_set = object.__setattr__


def new_event_id() -> str:
    """Return an identifier that no other process makes."""
    return os.urandom(8).hex()


class Event(Model):
    """What happened, addressed to an agent or a workflow. Immutable all the way down.

    Args:
        target: The name of the agent or workflow that it is for.
        data: Plain data; copied. Reading `event.data["items"]` gives a list that cannot be changed.
        metadata: Plain data about the event, such as `session_id`; copied.
        id: Made up when not given; an event that is derived from another keeps its id.

    Raises:
        TypeError: If something in it is not plain data.
        ValueError: If a field is unknown or of the wrong type.
    """

    model_config = ConfigDict(frozen=True)

    target: str = ""
    data: dict[str, Any] = Field(default_factory=FrozenDict)
    metadata: dict[str, Any] = Field(default_factory=FrozenDict)
    id: str = Field(default_factory=new_event_id, min_length=1)

    @field_validator("data", "metadata", mode="plain")
    @classmethod
    def _frozen(cls, value: object, info: Any) -> FrozenDict:
        return freeze_fields(value, f"event {info.field_name}")

    @property
    def session_id(self) -> str:
        """The session that it belongs to: `metadata["session_id"]`, else its own id."""
        return str(self.metadata.get("session_id", self.id))

    def derived(self, target: str, metadata: Mapping[str, Any]) -> Event:
        """Return the same event for another target, with metadata laid over its own.

        Args:
            target: Whom it is for now.
            metadata: What to add; frozen values only, they are not checked again.
        """
        event = Event.__new__(Event)
        fields = {
            "target": target,
            "data": self.data,
            "metadata": FrozenDict({**self.metadata, **metadata}),
            "id": self.id,
        }
        _set(event, "__dict__", fields)
        _set(event, "__pydantic_fields_set__", _FIELDS)
        _set(event, "__pydantic_extra__", None)
        _set(event, "__pydantic_private__", None)
        return event


def freeze_fields(value: object, where: str) -> FrozenDict:
    """Return a frozen copy of a mapping with string keys.

    Raises:
        TypeError: If it is no mapping, a key is no string, or a value is not plain data.
    """
    if type(value) is FrozenDict:
        return value
    if not isinstance(value, Mapping):
        raise TypeError(f"{where} must be a mapping with string keys, not {type(value).__name__}")
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"{where} must have string keys, not {key!r}")
    return freeze(value, where)  # type: ignore[no-any-return]  # a mapping freezes to a FrozenDict

"""What an agent returns, and how it is read."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from actors.values.errors import InvalidResultError
from actors.values.event import freeze_fields
from actors.values.frozen import FrozenDict
from actors.values.state import Delta, Snapshot, State, replacement
from supervisors.model import Model

_NO_METADATA = FrozenDict()
_METADATA = "result metadata"


class AgentResult(Model):
    """What an agent made of an event.

    An agent may return one to say more than the state; whoever asks an agent directly gets one.

    Args:
        state: None when the agent changed its state in place; a mapping is laid over that; a `State` replaces it.
        metadata: Plain data about the result (a model's name, tokens used); it goes into the trace.

    Raises:
        TypeError: If the state is no mapping, or the metadata is not plain data.
    """

    state: Any = None
    metadata: dict[str, Any] = Field(default_factory=FrozenDict)

    def __init__(self, state: Mapping[str, Any] | None = None, metadata: Mapping[str, Any] | None = None) -> None:
        super().__init__(state=state, metadata=_NO_METADATA if metadata is None else metadata)

    @field_validator("state", mode="plain")
    @classmethod
    def _mapping(cls, value: object) -> object:
        if value is None or isinstance(value, Mapping):
            return value
        raise TypeError(f"the state of a result must be a State or a mapping, not {type(value).__name__}")

    @field_validator("metadata", mode="plain")
    @classmethod
    def _frozen(cls, value: object) -> FrozenDict:
        try:
            return freeze_fields(value, _METADATA)
        except ValueError as error:
            raise ValueError(str(error).removeprefix(f"{_METADATA} ")) from None

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> AgentResult:
        return AgentResult(state=copy.deepcopy(self.state, memo), metadata=self.metadata)


def settle(agent: str, base: Snapshot, state: State, returned: object) -> tuple[Delta, FrozenDict]:
    """Find out what an agent changed. Runs on the work plane: it may reach user code.

    Args:
        agent: The agent's name, for the error text.
        base: The snapshot that its state was made from.
        state: The state it was given, changed in place or not.
        returned: What it returned.

    Returns:
        The change of the snapshot, and the metadata of its result.

    Raises:
        InvalidResultError: If it returned something else than None, a mapping, a State or an AgentResult, or left
            something in the state that is not plain data.
    """
    metadata = _NO_METADATA
    try:
        if returned is not None and isinstance(returned, AgentResult):
            metadata = returned.metadata  # type: ignore[assignment]  # the validator froze it
            returned = returned.state
        if returned is None or returned is state:
            return state.delta(), metadata
        if isinstance(returned, State):
            return replacement(base, returned), metadata
        if isinstance(returned, Mapping):
            state.update(returned)
            return state.delta(), metadata
    except (TypeError, ValueError) as error:
        raise InvalidResultError(agent, str(error)) from error
    expected = "None, a mapping, a State or an AgentResult"
    raise InvalidResultError(agent, f"it returned {type(returned).__name__}; expected {expected}")

"""The agent entry: what a definition says of an agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from actors.cells.spec import MAX_CONCURRENCY
from actors.grammar.kinds import TableOf
from actors.grammar.place import Place
from actors.grammar.reference import parsed_reference, reference_to
from actors.orchestrators.base import usable_timeout
from supervisors.model import Model
from supervisors.policies.breaker import Breaker
from supervisors.policies.restarts import Restart

if TYPE_CHECKING:
    from actors.grammar.reader import Reader
    from actors.grammar.vocabulary import Vocabulary
    from actors.grammar.writer import Writer


class AgentEntry(Model):
    """Where an agent is, and how it is spawned; what is not said is as `Runtime.spawn()` has it.

    Args:
        agent: Where it is, as `module:attribute`; or a class or a function that a module holds under its name.
        concurrency: How many instances share its mailbox.
        dispatcher: "loop" for `async def`, "threads" for plain functions, "pinned" for a thread that each instance of a
            plain agent keeps, "process" for a process of its own.
        timeout: Seconds for each event, waiting included.
        restart: When a crashed instance is restarted.
        mailbox: How many events may wait; one more is rejected.
        breaker: When it is left alone because it keeps failing.
    """

    agent: str
    concurrency: int | None = Field(default=None, ge=1, le=MAX_CONCURRENCY)
    dispatcher: Literal["loop", "threads", "pinned", "process"] | None = None
    timeout: float | None = None
    restart: Restart | None = None
    mailbox: int | None = Field(default=None, ge=1)
    breaker: Breaker | None = None

    def __init__(self, agent: object, **options: Any) -> None:
        super().__init__(agent=agent, **options)

    @field_validator("agent", mode="plain")
    @classmethod
    def _usable_agent(cls, agent: object) -> str:
        return str(parsed_reference(agent)) if isinstance(agent, str) else reference_to(agent)

    @field_validator("timeout", mode="plain")
    @classmethod
    def _usable_timeout(cls, timeout: object) -> float | None:
        return usable_timeout(timeout)

    @property
    def options(self) -> Mapping[str, Any]:
        """What `Runtime.spawn()` is told beside the agent."""
        held = {name: getattr(self, name) for name in type(self).model_fields if name != "agent"}
        return {name: value for name, value in held.items() if value is not None}


class EntryKind(TableOf):
    """An agent entry: a table, or where nothing is said beside it the reference alone."""

    def read(self, data: Any, place: Place, reader: Reader) -> Any:
        """Return the entry."""
        if not isinstance(data, str):
            return super().read(data, place, reader)
        made = reader.make_of(self.table, "agent", data, place)
        return self.stand_in("") if made is None else made

    def write(self, value: Any, place: Place, writer: Writer) -> Any:
        """Return the entry as data."""
        written = super().write(value, place, writer)
        return written["agent"] if list(written) == ["agent"] else written

    def schema(self, vocabulary: Vocabulary) -> dict[str, Any]:
        """Allow both."""
        return {"anyOf": [self.table.kinds["agent"].schema(vocabulary), super().schema(vocabulary)]}

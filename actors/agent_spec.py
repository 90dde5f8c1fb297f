"""The spec of an agent: what `spawn` was told, checked; nothing is made yet."""

from __future__ import annotations

from dataclasses import dataclass

from actors.agent import AgentDefinition, define
from actors.agent_cell import AgentCell
from actors.arguments import check_count, check_name
from actors.system import System
from supervisors.child_spec import ChildSpec
from supervisors.deadlines import check_timeout
from supervisors.restarts import Restart


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """What `Runtime.spawn()` was told of an agent.

    Attributes:
        definition: The agent, understood.
        concurrency: How many instances; None for a function that is not limited.
        timeout: Seconds for each event; None is no limit.
        restart: When a crashed instance is restarted.
        mailbox: How many events may wait.
    """

    definition: AgentDefinition
    concurrency: int | None
    timeout: float | None
    restart: Restart
    mailbox: int

    def cell(self, system: System, grace: float) -> AgentCell:
        """Make the agent's cell; it begins when its lifecycle is told to."""
        return AgentCell(
            system,
            self.definition,
            ChildSpec(name=self.definition.name, restart=self.restart, grace=grace),
            concurrency=self.concurrency,
            capacity=self.mailbox,
            timeout=self.timeout,
        )


def specify(
    name: str,
    agent: object,
    *,
    concurrency: int | None = None,
    dispatcher: str | None = None,
    timeout: float | None = None,
    restart: Restart | None = None,
    mailbox: int = 10_000,
) -> AgentSpec:
    """Understand the arguments of `Runtime.spawn()`, which tells what they mean.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If an argument is out of range.
    """
    check_name(name)
    owner = f"spawn({name!r}):"
    if concurrency is not None:
        check_count(concurrency, f"{owner} concurrency")
    check_count(mailbox, f"{owner} mailbox")
    if restart is not None and not isinstance(restart, Restart):
        raise TypeError(f"{owner} restart must be a supervisors.Restart, not {restart!r}")
    definition = define(name, agent, dispatcher)
    instances = concurrency or (None if definition.make is None else 1)
    return AgentSpec(definition, instances, check_timeout(timeout, owner), restart or Restart(), mailbox)

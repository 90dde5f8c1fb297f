"""The spec of an agent: what `spawn` was told, checked; nothing is made yet."""

from __future__ import annotations

from dataclasses import dataclass

from actors.agents.agent import AgentDefinition, define
from actors.agents.mailbox import DEFAULT_CAPACITY, MailboxPolicy
from actors.cells.agent_cell import AgentCell
from actors.cells.guarded_agent_cell import GuardedAgentCell
from actors.control.facilities import System
from actors.values.arguments import check_count, check_name
from supervisors.policies.breaker import Breaker
from supervisors.policies.child_spec import ChildSpec
from supervisors.policies.deadlines import check_timeout
from supervisors.policies.restarts import Restart

MAX_CONCURRENCY = 100_000
"""How many instances an agent may have; each takes memory, and those of classes are made one by one."""


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """What `Runtime.spawn()` was told of an agent.

    Attributes:
        definition: The agent, understood.
        concurrency: How many instances; None for a function that is not limited.
        timeout: Seconds for each event; None is no limit.
        restart: When a crashed instance is restarted.
        mailbox: How many events may wait, and what becomes of one more.
        breaker: When it is left alone; None is never.
    """

    definition: AgentDefinition
    concurrency: int | None
    timeout: float | None
    restart: Restart
    mailbox: MailboxPolicy
    breaker: Breaker | None = None

    def cell(self, system: System, grace: float) -> AgentCell:
        """Make the agent's cell; it begins when its lifecycle is told to.

        Raises:
            ValueError: If it is to keep a thread, and the runtime has none to spare.
        """
        if self.definition.dispatcher == "pinned" and not system.pinned.keeps_any:
            raise ValueError(
                f"agent {self.definition.name!r}: dispatcher 'pinned' keeps a thread, and with max_threads=1 none "
                "would be left for other agents; raise max_threads"
            )
        spec = ChildSpec(name=self.definition.name, restart=self.restart, grace=grace)
        if self.breaker is None and self.mailbox.overflow == "reject":
            return AgentCell(
                system,
                self.definition,
                spec,
                concurrency=self.concurrency,
                capacity=self.mailbox.capacity,
                timeout=self.timeout,
            )
        return GuardedAgentCell(
            system,
            self.definition,
            spec,
            concurrency=self.concurrency,
            mailbox=self.mailbox,
            timeout=self.timeout,
            breaker=self.breaker,
        )


def specify(
    name: str,
    agent: object,
    *,
    concurrency: int | None = None,
    dispatcher: str | None = None,
    timeout: float | None = None,
    restart: Restart | None = None,
    mailbox: int | MailboxPolicy = DEFAULT_CAPACITY,
    breaker: Breaker | None = None,
) -> AgentSpec:
    """Understand the arguments of `Runtime.spawn()`, which tells what they mean.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If an argument is out of range.
    """
    check_name(name)
    owner = f"spawn({name!r}):"
    if concurrency is not None:
        check_count(concurrency, f"{owner} concurrency", MAX_CONCURRENCY)
    if not isinstance(mailbox, MailboxPolicy):
        check_count(mailbox, f"{owner} mailbox")
        mailbox = MailboxPolicy(capacity=mailbox)
    if breaker is not None and not isinstance(breaker, Breaker):
        raise TypeError(f"{owner} breaker must be a supervisors.Breaker, not {breaker!r}")
    if restart is not None and not isinstance(restart, Restart):
        raise TypeError(f"{owner} restart must be a supervisors.Restart, not {restart!r}")
    definition = define(name, agent, dispatcher)
    instances = concurrency or (None if definition.make is None else 1)
    if instances is None and mailbox.overflow == "drop_oldest":
        raise ValueError(
            f"{owner} nothing waits for a function without a concurrency, so nothing can be dropped; "
            "give it a concurrency, or choose another overflow rule"
        )
    seconds = check_timeout(timeout, owner)
    return AgentSpec(definition, instances, seconds, restart or Restart(), mailbox, breaker)

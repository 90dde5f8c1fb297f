"""Children of an agent supervisor, which do at once what they are told or when the test has them do it."""

from __future__ import annotations

from typing import Any

import pytest

from supervisors.agents.agent_supervisor import AgentSupervisor
from supervisors.facts import AgentGivenUp, AgentRestarted, GroupRestarted
from supervisors.policies.child_spec import NO_GROUP, ChildSpec, GroupSpec
from supervisors.policies.restarts import Restart
from supervisors.policies.retries import Backoff
from supervisors.policies.strategies import Strategy
from supervisors.signals import (
    ChildAdded,
    ChildFailed,
    ChildHalted,
    ChildStarted,
    ChildStopped,
    GroupStopped,
    StopGroup,
)
from tests.supervisors.fakes import FakeContext

STEADY = Backoff(initial=1, factor=2, jitter=0)
AT_ONCE = Backoff(initial=0)

SCRATCH = "halt c, halt b, halt a, start a, start b, start c"
"""What children are told when all of them are restarted."""

every_strategy = pytest.mark.parametrize("strategy", list(Strategy))


class FakeChild:
    """An agent, as its supervisor sees it. What it has to do stays undone until the test has it done.

    Attributes:
        part: The number of its one part; another one after every start.
        log: What all children were told, in order.
    """

    def __init__(self, name: str = "writer", *, log: list[str] | None = None, **policy: Any) -> None:
        self.spec = ChildSpec(name=name, restart=Restart(**{"backoff": STEADY, **policy}))
        self.log = [] if log is None else log
        self.part = 0
        self.is_closed = False
        self.restarts: list[tuple[Any, str]] = []
        self.given_up: list[str] = []
        self.ended: list[tuple[str, float | None]] = []
        self.reasons: list[str] = []

    @property
    def has_stopped(self) -> bool:
        return False

    def owns(self, part: int) -> bool:
        return part >= self.part and not self.is_closed

    def restart(self, part: Any, reason: str) -> None:
        self.restarts.append((part, reason))

    def start(self, reason: str) -> None:
        self.reasons.append(reason)
        self.log.append(f"start {self.spec.name}")

    def halt(self, grace: float) -> None:
        self.part += 1
        self.log.append(f"halt {self.spec.name}")

    def end(self, detail: str, grace: float | None) -> None:
        self.is_closed = True
        self.ended.append((detail, grace))
        self.log.append(f"end {self.spec.name}")

    def give_up(self, detail: str) -> None:
        self.is_closed = True
        self.given_up.append(detail)
        self.log.append(f"give up {self.spec.name}")


class Supervision:
    """An agent supervisor in its context, and whoever has its group stopped."""

    def __init__(self, spec: GroupSpec = NO_GROUP, *, seed: int = 0) -> None:
        self.supervisor = AgentSupervisor(spec)
        self.context = FakeContext(self.supervisor, seed=seed)
        self.stopped: list[GroupStopped] = []

    def receive(self, message: GroupStopped) -> None:
        self.stopped.append(message)

    def tell(self, signal: Any) -> None:
        self.context.post(self.context, signal)

    def fail(
        self, child: FakeChild, *, part: int | None = None, reason: str = "base_exception", is_normal: bool = False
    ) -> None:
        number = child.part if part is None else part
        self.tell(ChildFailed(child, number, reason, "SystemExit: 1", is_normal))

    def stop(self, child: FakeChild) -> None:
        child.is_closed = True
        self.tell(ChildStopped(child))

    def stop_group(self, until: float | None = None) -> None:
        self.tell(StopGroup(self, until))

    @property
    def restarted(self) -> list[tuple[str, str]]:
        """Who was told to have been restarted, and why."""
        return [(fact.agent, fact.reason) for fact in self.context.facts if isinstance(fact, AgentRestarted)]

    @property
    def given_up(self) -> list[str]:
        return [fact.agent for fact in self.context.facts if isinstance(fact, AgentGivenUp)]

    @property
    def group_restarts(self) -> int:
        return sum(isinstance(fact, GroupRestarted) for fact in self.context.facts)


class FakeGroup(Supervision):
    """A supervised group with children that are named by letters.

    Args:
        strategy: Its strategy.
        names: The names of its children, in declared order.
        restart: Its own intensity.
        policies: The restart policies of the children, by name; each restarts at once if none is given.
    """

    def __init__(
        self, strategy: str, names: str = "abc", *, restart: Restart | None = None, **policies: dict[str, Any]
    ) -> None:
        policy = restart or Restart(max_restarts=0, backoff=AT_ONCE)
        self.spec = GroupSpec(name="team", strategy=strategy, restart=policy)
        super().__init__(self.spec)
        self.log: list[str] = []
        self.children: dict[str, FakeChild] = {}
        for name in names:
            self.add(name, **policies.get(name, {}))

    def add(self, name: str, **policy: Any) -> None:
        child = FakeChild(name, log=self.log, **{"backoff": AT_ONCE, **policy})
        self.children[name] = child
        self.tell(ChildAdded(child))

    def __getitem__(self, name: str) -> FakeChild:
        return self.children[name]

    def started(self, name: str) -> None:
        self.tell(ChildStarted(self[name]))

    def halted(self, name: str) -> None:
        self.tell(ChildHalted(self[name]))

    def do(self) -> str:
        """Have the children do what the last of them was told, and what follows, until nothing does; return it all."""
        done = 0
        while done < len(self.log):
            deed, _, name = self.log[done].rpartition(" ")
            done += 1
            if deed == "start":
                self.started(name)
            elif deed == "halt":
                self.halted(name)
            elif deed == "end":
                self.stop(self[name])
        told = ", ".join(self.log)
        self.log.clear()
        return told

    def up(self) -> FakeGroup:
        """Have all children started, and forget about it."""
        self.do()
        return self

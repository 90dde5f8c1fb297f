"""What supervision does, in the fewest words: the model that a tree of real agents is held against.

It knows no time, no thread and no message. Restart windows never slide in it, and nothing is delayed.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """What goes wrong in one attempt at starting an agent."""

    NONE = "none"
    MAKE = "make"
    START = "start"
    RESTART = "restart"
    HANG = "hang"


class Life(StrEnum):
    """What has become of an agent."""

    UP = "up"
    FAILED = "failed"
    GONE = "gone"


@dataclass(eq=False)
class ModelAgent:
    """An agent.

    Attributes:
        name: Its name.
        kind: Its restart type.
        max_restarts: How many restarts it is granted.
        faults: What will go wrong in its next attempts to start; nothing in those after.
        life: What has become of it.
        counts: How often it was made, started, restarted, stopped, given up.
    """

    name: str
    kind: str
    max_restarts: int
    faults: deque[Fault] = field(default_factory=deque)
    life: Life = Life.UP
    counts: Counter[str] = field(default_factory=Counter)
    used: int = 0
    has_instance: bool = False

    def attempt(self, *, is_first: bool = False) -> bool:
        """Try to start; return whether that went well."""
        fault = self.faults.popleft() if self.faults else Fault.NONE
        self.counts["made"] += 1
        self.counts["restarted"] += not is_first
        if fault in (Fault.MAKE, Fault.START, Fault.HANG):
            return False
        self.counts["started"] += 1
        if fault is Fault.RESTART and not is_first:
            return False
        self.has_instance = True
        return True

    def stop(self) -> None:
        self.counts["stopped"] += self.has_instance
        self.has_instance = False


class ModelGroup:
    """A group of agents.

    Args:
        strategy: Its strategy.
        max_restarts: How often it is started anew as a whole.
    """

    def __init__(self, strategy: str, max_restarts: int) -> None:
        self.strategy = strategy
        self.max_restarts = max_restarts
        self.used = 0
        self.agents: list[ModelAgent] = []

    @property
    def up(self) -> list[ModelAgent]:
        return [agent for agent in self.agents if agent.life is Life.UP]

    def spawn(self, agent: ModelAgent) -> None:
        self.agents.append(agent)
        if not agent.attempt(is_first=True):
            self.fail(agent)

    def end(self, agent: ModelAgent) -> None:
        """Stop an agent for good."""
        agent.stop()
        agent.life = Life.GONE

    def lose(self, agent: ModelAgent) -> None:
        """Give an instance up that does not stop."""
        agent.has_instance = False

    def fail(self, agent: ModelAgent, *, is_normal: bool = False) -> None:
        if agent.kind == "temporary" or (agent.kind == "transient" and is_normal):
            self.end(agent)
            return
        agent.used += 1
        if agent.used > agent.max_restarts:
            self._escalate(agent)
        elif self.strategy == "one_for_one":
            agent.stop()
            if not agent.attempt():
                self.fail(agent)
        else:
            self._restart(self._concerned(agent))

    def _concerned(self, agent: ModelAgent) -> list[ModelAgent]:
        up = self.up
        place = up.index(agent)
        return {"one_for_one": [agent], "one_for_all": up, "rest_for_one": up[place:]}[self.strategy]

    def _restart(self, agents: list[ModelAgent]) -> None:
        for agent in reversed(agents):
            if agent.kind == "temporary":
                self.end(agent)
            else:
                agent.stop()
        for agent in agents:
            if agent.life is Life.UP and not agent.attempt():
                self.fail(agent)  # which starts those that come after it too, if anybody does
                return

    def _escalate(self, agent: ModelAgent) -> None:
        self.used += 1
        if self.used > self.max_restarts:
            for concerned in self._concerned(agent):
                concerned.stop()
                concerned.life = Life.FAILED
                concerned.counts["given_up"] += 1
            return
        for other in self.up:
            other.used = 0
        self._restart(self.up)

"""A runtime's parts, driven by hand: time stands still until it is moved, and work waits until the test has it done."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import Callable
from functools import cached_property
from random import Random
from typing import Any, TypeVar

from actors.agents.agent import define
from actors.cells.agent_cell import AgentCell
from actors.control.cell import ControlCell
from actors.control.delivery import Delivery
from actors.control.environment import Environment
from actors.control.facilities import System, _systems
from actors.control.plane import ControlPlane
from actors.control.telemetry import Telemetry
from actors.dispatchers.lane import Lane
from actors.dispatchers.pinned import PinnedDispatcher
from actors.dispatchers.work import Work
from supervisors.agents.agent_supervisor import AgentSupervisor
from supervisors.clock import ManualClock
from supervisors.facts import Fact
from supervisors.policies.child_spec import ChildSpec
from supervisors.policies.restarts import Restart

START = 100.0
"""What the clock shows at first; all moments in tests are exact binary fractions."""

ABANDON_AFTER = 1.0
HOOK_TIMEOUT = 4.0
GRACE = 8.0

_Fact = TypeVar("_Fact")


class HandDispatcher:
    """Keeps what it is given; the test has it done, or refuses it."""

    def __init__(self) -> None:
        self.given: deque[Work] = deque()
        self.interrupted: list[Work] = []
        self.abandoned: list[Work] = []
        self.is_on_host_loop = False
        self.blocker = self.shortage = self.trouble = self.refusal = ""

    def execute(self, work: Work) -> None:
        self.given.append(work)

    def interrupt(self, work: Work) -> None:
        self.interrupted.append(work)

    def abandon(self, work: Work) -> None:
        self.abandoned.append(work)

    def delayer(self, work: Work) -> str:
        return self.blocker

    def stop(self, timeout: float) -> None:
        """Nothing runs here."""

    def perform(self) -> Work:
        """Do the first that was given, and return it."""
        work = self.given.popleft()
        work.perform()
        return work

    def perform_all(self) -> None:
        while self.given:
            self.perform()


class HandLane(Lane):
    """A lane whose loop runs when the test has something done."""

    def perform(self, work: Work) -> None:
        """Start a work, and go on until it is done and its task waits for more."""
        self.works.add(work)
        self.loop.call_soon(self._start, work)
        self.turn()
        while work in self.works:
            self.turn()
        self.turn()

    def turn(self) -> None:
        """Let everything on the loop go on by a step or two."""
        for _ in range(3):
            self.loop.run_until_complete(asyncio.sleep(0))


class HandLoops(HandDispatcher):
    """Keeps works of async agents; all are done on one event loop."""

    def __init__(self) -> None:
        super().__init__()
        self._lane: HandLane | None = None
        self._lanes: deque[HandLane] = deque()

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        weakref.finalize(self, loop.close)
        return loop

    @property
    def lane(self) -> HandLane:
        """The lane that takes new work."""
        if self._lane is None:
            self._lane = self.new_lane()
        return self._lane

    @lane.setter
    def lane(self, lane: HandLane) -> None:
        self._lane = lane

    def new_lane(self) -> HandLane:
        """Return another lane, which stands for another loop."""
        return HandLane(self._loop)

    def execute(self, work: Work) -> None:
        work.host = work.host if isinstance(work.host, HandLane) else self.lane
        self._lanes.append(work.host)
        super().execute(work)

    def perform(self) -> Work:
        work = self.given.popleft()
        self._lanes.popleft().perform(work)
        return work


class PromptDelivery(Delivery):
    """Delivers at once, where it is asked to."""

    def post(self, call: Callable[[], object]) -> None:
        call()


class Rig:
    """The parts of a runtime, and what was told of them.

    Attributes:
        facts: What happened, in order.
        defects: What went wrong inside the control plane.
    """

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.facts: list[Fact] = []
        self.defects: list[tuple[Any, Any, BaseException]] = []
        self.threads, self.loops = HandDispatcher(), HandLoops()
        self.system = system = System()
        _systems.discard(system)  # nobody has to stop it
        system.environment = Environment(clock=self.clock, random=Random(0))
        system.delivery = PromptDelivery(system.environment)
        system.telemetry = Telemetry(system.delivery, None, [self])
        system.plane = ControlPlane(system.environment, self._on_defect, lambda: None)
        system.threads, system.loops = self.threads, self.loops  # type: ignore[assignment]  # the test's own
        system.pinned = PinnedDispatcher(self.threads, 1)  # type: ignore[arg-type]  # the test's own
        system.processes = HandDispatcher()  # type: ignore[assignment]  # likewise
        system.abandon_after, system.hook_timeout = ABANDON_AFTER, HOOK_TIMEOUT
        system.agent_supervisor = ControlCell(AgentSupervisor(), system)

    def observe(self, fact: Fact) -> None:
        self.facts.append(fact)

    def told(self, kind: type[_Fact]) -> list[_Fact]:
        """Return the facts of a kind."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def spawn(self, agent: object, *, name: str = "agent", concurrency: int | None = None, **more: Any) -> AgentCell:
        """Make an agent's cell and begin its life; what that takes waits at the dispatcher."""
        cell = self.cell(agent, name=name, concurrency=concurrency, **more)
        self.system.agents[name] = cell
        cell.lifecycle.begin()
        return cell

    def cell(self, agent: object, *, name: str = "agent", concurrency: int | None = None, **more: Any) -> AgentCell:
        definition = define(name, agent, more.get("dispatcher"))
        return AgentCell(
            self.system,
            definition,
            ChildSpec(name=name, restart=more.get("restart", Restart()), grace=GRACE),
            concurrency=concurrency or (None if definition.make is None else 1),
            capacity=more.get("capacity", 10),
            timeout=more.get("timeout"),
        )

    def advance(self, seconds: float) -> None:
        """Move the clock, and have what is due by then handled."""
        self.clock.advance(seconds)
        self.inside(self.system.plane.fire_due)

    def inside(self, call: Callable[[], object]) -> None:
        """Have something done inside the control plane, and what follows from it."""
        self.system.plane.post(_Caller(), call)

    def _on_defect(self, recipient: Any, message: Any, error: BaseException) -> None:
        self.defects.append((recipient, message, error))


class _Caller:
    """A recipient of calls."""

    def handle(self, message: Callable[[], object]) -> None:
        message()

"""A tree of real agents that crash and hang on demand, and the model that tells what must come of it."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import Counter, defaultdict, deque
from random import Random
from typing import Any

import pykka

from actors import ActorError, Agent, Event, Runtime, State
from actors.cells.group import Group
from supervisors import Backoff, Restart
from supervisors.facts import AgentGivenUp, AgentRestarted, Fact
from tests.scenarios.supervision_model import Fault, Life, ModelAgent, ModelGroup
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE

EVER = 1e6
"""A window that never slides, in seconds."""

AT_ONCE = Backoff(initial=0)
ABANDON_AFTER = 0.05


class Ledger:
    """What all agents did, and what is to go wrong with them."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self.counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self.raises_in_stop: set[str] = set()
        # Why each was last restarted or given up; to be read when the model disagrees.
        self.details: dict[str, str] = {}
        self.hanging: set[str] = set()
        self.release = threading.Event()

    def note(self, name: str, deed: str) -> None:
        with self._news:
            self.counts[name][deed] += 1

    def observe(self, fact: Fact) -> None:
        if isinstance(fact, AgentRestarted | AgentGivenUp):
            self.details[fact.agent] = fact.detail
        if isinstance(fact, AgentRestarted):
            self.note(fact.agent, "restarted")
        elif isinstance(fact, AgentGivenUp):
            self.note(fact.agent, "given_up")

    def next_fault(self, name: str) -> Fault:
        with self._news:
            faults = self.faults[name]
            return faults.popleft() if faults else Fault.NONE

    def hang(self, name: str) -> threading.Event:
        """Note that an agent hangs; return what it waits for."""
        with self._news:
            self.hanging.add(name)
            self._news.notify_all()
            return self.release

    def await_hanging(self, name: str) -> None:
        with self._news:
            assert self._news.wait_for(lambda: name in self.hanging, PATIENCE), f"{name} never began"

    def let_go(self) -> None:
        """Let all that hang come to an end."""
        with self._news:
            release, self.release = self.release, threading.Event()
            self.hanging.clear()
        release.set()


class Fragile(Agent):
    """Does what the event says, on a thread; fails in its hooks as the ledger says."""

    def __init__(self, ledger: Ledger, name: str) -> None:
        self.ledger, self.name = ledger, name
        self.fault = ledger.next_fault(name)
        ledger.note(name, "made")
        if self.fault is Fault.MAKE:
            raise SystemExit("made badly")

    def started(self) -> None:
        if self.fault is Fault.START:
            raise RuntimeError("cannot start")
        self.ledger.note(self.name, "started")

    def restarted(self) -> None:
        if self.fault is Fault.RESTART:
            raise KeyboardInterrupt("cannot restart")

    def stopped(self) -> None:
        self.ledger.note(self.name, "stopped")
        if self.name in self.ledger.raises_in_stop:
            raise RuntimeError("cannot stop")

    def handle(self, event: Event, state: State) -> None:
        self.ledger.note(self.name, "handled")
        deed = event.data.get("deed")
        if deed == "crash":
            raise SystemExit(1)
        if deed == "leave":
            raise SystemExit
        state["by"] = self.name


class OnThread(Fragile):
    def on_start(self) -> None:
        if self.fault is Fault.HANG:
            self.ledger.hang(self.name).wait()
            raise SystemExit
        self.started()

    def on_restart(self, reason: str) -> None:
        self.restarted()

    def on_stop(self) -> None:
        self.stopped()

    def run(self, event: Event, state: State) -> None:
        if event.data.get("deed") == "hang":
            self.ledger.hang(self.name).wait()
            return
        self.handle(event, state)


class OnLoop(Fragile):
    async def on_start(self) -> None:
        if self.fault is Fault.HANG:
            await self._hang()
            raise SystemExit
        self.started()

    async def on_restart(self, reason: str) -> None:
        self.restarted()

    async def on_stop(self) -> None:
        self.stopped()

    async def run(self, event: Event, state: State) -> None:
        if event.data.get("deed") == "hang":
            await self._hang()
            return
        self.handle(event, state)

    async def _hang(self) -> None:
        """Swallow every cancellation, without blocking the loop."""
        release = self.ledger.hang(self.name)
        while not release.is_set():
            try:
                await asyncio.sleep(0.02)  # the agent: hangs until it is let go
            except asyncio.CancelledError:
                continue


class World:
    """A runtime whose agents are made to fail, and its model.

    Args:
        seed: Of what is left to chance here: the settings of agents and groups.
        hook_timeout: Seconds for a start; a start that hangs costs as much.
    """

    def __init__(self, seed: int, *, hook_timeout: float = 30.0) -> None:
        self.random = Random(seed)
        self.ledger = Ledger()
        self.runtime = Runtime(
            observers=[self.ledger], abandon_after=ABANDON_AFTER, hook_timeout=hook_timeout, grace=PATIENCE
        ).start()
        self.groups: list[tuple[Group, ModelGroup]] = []
        self.actions = 0
        self._numbers = itertools.count(1)
        self._asked: list[tuple[str, Any]] = []

    def close(self) -> None:
        self.ledger.let_go()
        self.runtime.stop()

    # What may be done; each leaves what comes of it to `settle()`

    def add_group(self, strategy: str, agents: int) -> None:
        # With one-for-one a start that fails is made again beside the starts of others: how many of them a restart of
        # the whole group would find started is open, so it has none here.
        restarts = 0 if strategy == "one_for_one" else self.random.randrange(3)
        policy = Restart(max_restarts=restarts, within=EVER, backoff=AT_ONCE)
        group = self.runtime.group(f"group-{len(self.groups)}", strategy=strategy, restart=policy)
        self.groups.append((group, ModelGroup(strategy, restarts)))
        for _ in range(agents):
            self.spawn(len(self.groups) - 1)

    def spawn(self, number: int, *faults: Fault) -> None:
        group, model = self.groups[number]
        name = f"{group.name}-agent-{next(self._numbers)}"
        kind = self.random.choice(["permanent"] * 6 + ["transient"] * 2 + ["temporary"])
        agent = ModelAgent(name, kind, self.random.randrange(6))
        self.fault(agent, *faults)
        policy = Restart(kind=kind, max_restarts=agent.max_restarts, within=EVER, backoff=AT_ONCE)  # type: ignore[arg-type]  # chosen above
        cls = self.random.choice([OnThread, OnLoop])
        group.spawn(name, lambda: cls(self.ledger, name), restart=policy)
        model.spawn(agent)
        self.actions += 1

    def fault(self, agent: ModelAgent, *faults: Fault) -> None:
        """Have the next attempts of an agent to start go wrong."""
        agent.faults.extend(faults)
        self.ledger.faults[agent.name].extend(faults)

    def message(self, agent: ModelAgent) -> None:
        self._asked.append((agent.name, self.runtime.agent(agent.name).ask(Event(), block=False)))
        self.actions += 1

    def crash(self, number: int, agent: ModelAgent, *, is_normal: bool = False) -> None:
        self.runtime.submit(agent.name, {"deed": "leave" if is_normal else "crash"})
        agent.counts["handled"] += 1
        self.groups[number][1].fail(agent, is_normal=is_normal)
        self.actions += 1

    def hang(self, number: int, agent: ModelAgent) -> None:
        run = self.runtime.submit(agent.name, {"deed": "hang"})
        self.ledger.await_hanging(agent.name)
        run.cancel()
        model = self.groups[number][1]
        model.lose(agent)
        model.fail(agent)
        self.actions += 1

    def stop(self, number: int, agent: ModelAgent) -> None:
        self.runtime.stop_agent(agent.name, block=False)
        self.groups[number][1].end(agent)
        self.actions += 1

    def kill(self, number: int, agent: ModelAgent) -> None:
        """Stop an agent that hangs, without any grace."""
        self.runtime.submit(agent.name, {"deed": "hang"})
        self.ledger.await_hanging(agent.name)
        self.runtime.stop_agent(agent.name, grace=0, timeout=PATIENCE)
        model = self.groups[number][1]
        model.lose(agent)
        model.end(agent)
        self.actions += 1

    # What must come of it

    @property
    def agents(self) -> list[ModelAgent]:
        return [agent for _, model in self.groups for agent in model.agents]

    def collect(self) -> None:
        """Get the answers to all messages; each is from whom it was asked, or a refusal that names a reason."""
        asked, self._asked = self._asked, []
        by_name = {agent.name: agent for agent in self.agents}
        for name, answer in asked:
            try:
                assert answer.get(timeout=PATIENCE).state["by"] == name
            except (ActorError, pykka.ActorDeadError):
                by_name[name].counts["refused"] += 1
            else:
                by_name[name].counts["handled"] += 1

    def settle(self) -> None:
        """Wait until all agents have done what the model says that they do."""
        self.collect()
        assert eventually(self._agrees), self._report()
        self.ledger.let_go()

    def _report(self) -> str:
        found = self.differences()
        return "\n".join(
            [f"{name}: {both}; last told: {self.ledger.details.get(name)}" for name, both in found.items()]
        )

    def _agrees(self) -> bool:
        present = {agent.name for agent in self.agents if agent.life is not Life.GONE}
        return not self.differences() and set(self.runtime.agents) == present

    def differences(self) -> dict[str, tuple[Any, Any]]:
        """Say in which counters the agents and the model differ."""
        found = {}
        for agent in self.agents:
            expected = +Counter({deed: n for deed, n in agent.counts.items() if deed != "refused"})
            if self.ledger.counts[agent.name] != expected:
                found[agent.name] = (dict(self.ledger.counts[agent.name]), dict(expected))
        return found

    def check_survivors(self) -> None:
        """Every survivor answers; who is marked failed refuses, and the health says so; who is gone is gone."""
        for agent in self.agents:
            if agent.life is Life.UP:
                self.message(agent)
        self.collect()
        failed = [agent.name for agent in self.agents if agent.life is Life.FAILED]
        reasons = self.runtime.health.reasons
        assert len(reasons) == len(failed)
        assert all(any(repr(name) in reason for reason in reasons) for name in failed)
        assert all(self._refuses(name) for name in failed)
        assert eventually(self._agrees), self.differences()

    def _refuses(self, name: str) -> bool:
        try:
            self.runtime.agent(name).ask(Event(), timeout=PATIENCE)
        except ActorError as refusal:
            return "agent_failed" in str(refusal) or "marked failed" in str(refusal) or "restarts" in str(refusal)
        return False

    def forget_the_gone(self) -> None:
        """Drop from memory who is gone, so that a long test stays as fast as a short one."""
        for _, model in self.groups:
            for agent in model.agents:
                if agent.life is Life.GONE:
                    self.ledger.counts.pop(agent.name, None)
                    self.ledger.details.pop(agent.name, None)
            model.agents = [agent for agent in model.agents if agent.life is not Life.GONE]

"""What disturbs a world: blockers, crashes, stops, groups, full mailboxes, refusals, a lack of threads."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from random import Random

import pykka

from actors import (
    ActorError,
    AgentExistsError,
    AgentStoppedError,
    DeadLetter,
    Event,
    MailboxFullError,
    RuntimeNotRunningError,
    Sequential,
    UnknownAgentError,
    WorkflowFailedError,
)
from tests.torture.agents import NARROW, OFTEN, Counter, Victim, add, add_async
from tests.torture.workflows import SHORT, Plan
from tests.torture.world import WINDOW, World

BURST = 400
"""How many submissions a burst makes: more than a refusing world takes."""

GROUPS = 100

TOLD = 20
SCARCITY = 0.1
"""Seconds for which no thread can be had."""


class Disturbances:
    """Does one thing after another to a world, at random.

    Args:
        world: Whom it is done to.
        random: What decides.
        name: Where the names of its runs begin.
    """

    def __init__(self, world: World, random: Random, name: str) -> None:
        self._world = world
        self._runtime = world.runtime
        self._random = random
        self._name = name
        self._numbers = itertools.count(1)
        self._deeds: list[Callable[[], None]] = [
            # self._block,
            self._crash,
            self._cancel,
            self._respawn,
            self._group,
            self._overfill,
            self._burst,
            self._ask,
            self._look,
            self.lack_threads,
        ]

    def disturb(self) -> None:
        """Do one thing."""
        deed = self._random.choice(self._deeds)
        try:
            deed()
        except RuntimeNotRunningError:
            if not self._world.is_ending:
                raise

    def _new_name(self) -> str:
        return f"{self._name}-{next(self._numbers)}"

    def _run(self, plan: Plan, *, timeout: float | None = None, **data: object) -> None:
        name = self._new_name()
        run = self._world.submit(plan, name, timeout=timeout, **data)
        if run is not None:
            self._world.judge(plan, name, run, may_fail=True)

    def _block(self) -> None:
        self._run(Plan(self._random.choice(("block-loop", "block-thread")), 0, is_sure=False), timeout=SHORT)

    def _crash(self) -> None:
        self._run(Plan(self._random.choice(("victim", "victim-async")), 1, is_sure=False), crash=True)

    def _cancel(self) -> None:
        plan = Plan(self._random.choice(("hang", "stubborn")), 0, is_sure=False)
        names = [self._new_name() for _ in range(5)]
        runs = [(name, run) for name in names if (run := self._world.submit(plan, name)) is not None]
        for _, run in runs:
            run.cancel()
        for name, run in runs:
            self._world.judge(plan, name, run, may_fail=True)

    def _respawn(self) -> None:
        """Stop an agent that others are about to use, and spawn it anew."""
        try:
            self._runtime.stop_agent("victim", grace=0.1, timeout=self._world.patience)
        except UnknownAgentError:
            return  # another disturber did
        except pykka.Timeout:
            self._world.problems.add_stuck("stop_agent('victim')")
        try:
            self._runtime.spawn("victim", Victim, restart=OFTEN)
        except AgentExistsError:
            return  # likewise

    def _group(self) -> None:
        name = self._new_name()
        with self._runtime.group(
            name, strategy=self._random.choice(("one_for_one", "one_for_all", "rest_for_one"))
        ) as group:
            for number in range(3):
                group.spawn(f"{name}-{number}", self._random.choice((Victim, add, add_async)), restart=OFTEN)
        self._run(Plan(f"{name}-{self._random.randrange(3)}", 1, is_sure=False), crash=self._random.random() < 0.5)
        try:
            group.stop(timeout=self._world.patience)
        except pykka.Timeout:
            self._world.problems.add_stuck(f"stop() of group {name!r}")

    def _overfill(self) -> None:
        """Tell an agent more than its mailbox takes: each event is handled, or comes back as a dead letter."""
        name, refused = self._new_name(), 0
        handled: list[int] = []
        lost: list[DeadLetter] = []
        with self._runtime.subscribe_dead_letters(lambda letter: lost.append(letter) if letter.agent == name else None):
            ref = self._runtime.spawn(name, lambda: Counter(handled), mailbox=NARROW)
            for number in range(TOLD):
                try:
                    ref.tell(Event(name, {"number": number}))
                except MailboxFullError:
                    refused += 1
            self._runtime.stop_agent(name, grace=self._world.patience, timeout=self._world.patience)
            self._await(lambda: len(handled) + len([each for each in lost if each.is_lost]) + refused >= TOLD)
        told = len(handled), len(lost), refused
        if len(handled) + len([each for each in lost if each.is_lost]) + refused != TOLD and not self._world.is_ending:
            self._world.problems.add(f"of {TOLD} events {told} were handled, lost, refused")
        if handled != sorted(handled):
            self._world.problems.add(f"handled in the order {handled}")

    def _burst(self) -> None:
        """Submit more than is taken, while groups come and go."""
        groups = threading.Thread(target=self._world.guard, args=("groups", self._register_groups))
        groups.start()
        plan = Plan(Sequential("hang", "hang"), 0, is_sure=False)
        names = [self._new_name() for _ in range(BURST)]
        runs = [(name, run) for name in names if (run := self._world.submit(plan, name)) is not None]
        groups.join()
        for _, run in runs:
            run.cancel()
        for name, run in runs:
            self._world.judge(plan, name, run, may_fail=True)

    def _register_groups(self) -> None:
        for _ in range(GROUPS):
            self._runtime.group(self._new_name()).stop(block=False)

    def _ask(self) -> None:
        name = self._new_name()
        agent = self._random.choice(("add", "add-class", "add-async", "add-class-async"))
        try:
            reply = self._runtime.agent(agent).ask(Event(agent, {"run": name}), block=False)
            reply.get(timeout=self._world.patience)
        except pykka.Timeout:
            self._world.problems.add_stuck(f"ask() of {agent!r}")
        except KeyError:
            return  # as it should: the state of a direct event is empty
        except (ActorError, WorkflowFailedError, AgentStoppedError) as error:
            if not self._world.is_ending:
                self._world.problems.add(f"ask() of {agent!r}: {error!r}")

    def _look(self) -> None:
        """Look at everything that can be looked at."""
        runtime = self._runtime
        looked = (
            runtime.health,
            runtime.agents,
            runtime.runs_in_progress,
            runtime.runs_waiting,
            runtime.metrics_text(),
        )
        if not all(each is not None for each in looked):
            raise AssertionError("what is looked at is there")

    def lack_first_threads(self) -> None:
        """Have no thread for the very first work: nothing comes after it that would bring a thread."""
        self._runtime.spawn("add", add)
        self.lack_threads()

    def lack_threads(self) -> None:
        """Have no thread for a while, with work that needs one: it is done when there are threads again."""
        self._world.threads.are_scarce = True
        plan = Plan("add", 1)
        names = [self._new_name() for _ in range(WINDOW)]
        runs = [(name, run) for name in names if (run := self._world.submit(plan, name)) is not None]
        time.sleep(SCARCITY)  # the agent: the machine, which has no thread
        self._world.threads.are_scarce = False
        for name, run in runs:
            self._world.judge(plan, name, run)

    def _await(self, holds: Callable[[], bool]) -> None:
        ends = time.monotonic() + self._world.patience
        while not holds() and time.monotonic() < ends and not self._world.is_ending:
            time.sleep(0.005)  # the agent: the delivery thread, which has its time

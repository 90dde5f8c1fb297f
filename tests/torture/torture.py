"""The torture: rounds of several runtimes at once, each given work and disturbed by several threads."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

from actors import Runtime
from actors.control.environment import Environment
from tests.torture.disturbances import Disturbances
from tests.torture.leaks import Left, left, settled
from tests.torture.problems import Problems
from tests.torture.resources import ScarceThreads
from tests.torture.world import WINDOW, Traits, World

WORLDS = 4
"""How many runtimes there are at once, at most."""

DRIVERS, DISTURBERS = 2, 2
ROUND = 4.0
"""Seconds for which the worlds are tortured, at most, before they end and the next round begins."""

SWITCH_INTERVALS = (1e-6, 1e-5, 1e-4, 5e-3)
WARM_UP = 2
"""How many rounds there are before what is left counts: modules are imported, and caches filled."""


class Torture:
    """Rounds of worlds.

    Args:
        seed: What decides.
        patience: Seconds after which something that has to come counts as stuck.
    """

    def __init__(self, seed: int, patience: float) -> None:
        self.problems = Problems()
        self.counts: Counter[str] = Counter()
        self._random = Random(seed)
        self._patience = patience
        self._baseline: Left | None = None

    def run(self, seconds: float) -> None:
        """Torture until the time is over or something is wrong."""
        ends = time.monotonic() + seconds
        for number in itertools.count(1):
            if self.problems.found or (number > WARM_UP + 1 and time.monotonic() >= ends):
                return
            sys.setswitchinterval(self._random.choice(SWITCH_INTERVALS))
            self._fail_a_start()
            self._round(number, min(ROUND, seconds / (WARM_UP + 1)))
            sys.setswitchinterval(SWITCH_INTERVALS[-1])
            self._check_leaks(number)
            self.counts["rounds"] += 1

    def _round(self, number: int, seconds: float) -> None:
        worlds = [self._world(f"r{number}-{each}") for each in range(self._random.randint(2, WORLDS))]
        for world in worlds:
            first = Disturbances(world, self._random, f"{world.traits.number}-x")
            world.guard("x", first.lack_first_threads)
            world.guard("x", world.spawn)
        threads = [thread for world in worlds for thread in self._threads(world)]
        time.sleep(seconds)  # the agent: the worlds under torture
        self._end(worlds, threads)

    def _threads(self, world: World) -> list[threading.Thread]:
        """Start those who give a world work, and those who disturb it."""
        kinds: list[tuple[str, Callable[[World, Random, str], None]]] = [("d", drive)] * DRIVERS
        kinds += [("x", disturb)] * DISTURBERS
        threads = []
        for number, (kind, target) in enumerate(kinds):
            name = f"{kind}{number}"
            arguments = (world, Random(self._random.random()), name)
            threads.append(threading.Thread(target=target, args=arguments, name=f"{name} of {world.traits.number}"))
            threads[-1].start()
        return threads

    def _end(self, worlds: Sequence[World], threads: Sequence[threading.Thread]) -> None:
        """End the worlds, about half of them in the middle of everything."""
        for world in worlds:
            world.is_ending = self._random.random() < 0.5
            world.is_over.set()
        for world in worlds:
            if world.is_ending:
                world.end()
        for thread in threads:
            thread.join(4 * self._patience)
            if thread.is_alive():
                self.problems.add_stuck(f"the thread {thread.name!r} does not end")
        for world in worlds:
            if not world.is_ending:
                world.end()
            self.counts += world.counts

    def _world(self, number: str) -> World:
        random = Random(self._random.random())
        return World(Traits.drawn(number, random), random, self.problems, self._patience)

    def _fail_a_start(self) -> None:
        """Start a runtime for which there are not enough threads: it leaves nothing behind."""
        runtime = Runtime(metrics_port=0, environment=Environment(threads=ScarceThreads(self._random.randint(1, 2))))
        before = threading.active_count()
        try:
            runtime.start()
        except OSError:
            self.counts["failed starts"] += 1
        else:
            self.problems.add("a runtime started without its threads")
            runtime.stop(0)
        if runtime.metrics_port is not None or threading.active_count() > before:
            names = [thread.name for thread in threading.enumerate()]
            self.problems.add(f"a runtime that did not start left port {runtime.metrics_port}, threads {names}")

    def _check_leaks(self, number: int) -> None:
        if number <= WARM_UP or self._baseline is None:
            self._baseline = left()
        elif more := settled(self._baseline):
            self.problems.add(f"left behind after round {number}: {more}")


def drive(world: World, random: Random, name: str) -> None:
    """Give a world work and check what comes of it, until it is over."""

    def once() -> None:
        chosen = [(f"{world.traits.number}-{name}-{next(numbers)}", random.choice(world.plans)) for _ in range(WINDOW)]
        runs = [(run_name, plan, world.submit(plan, run_name)) for run_name, plan in chosen]
        for run_name, plan, run in runs:
            if run is not None:
                world.judge(plan, run_name, run)

    numbers = itertools.count(1)
    while not (world.is_over.is_set() or world.problems.found):
        world.guard(name, once)


def disturb(world: World, random: Random, name: str) -> None:
    """Disturb a world until it is over."""
    disturbances = Disturbances(world, random, f"{world.traits.number}-{name}")
    while not (world.is_over.is_set() or world.problems.found):
        world.guard(name, disturbances.disturb)

"""A world: one runtime, those who give it work and check what comes of it, and those who disturb it."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from random import Random
from typing import Any

from actors import (
    InvalidWorkflowError,
    OverloadedError,
    Run,
    RunCancelledError,
    Runtime,
    RuntimeNotRunningError,
    UnknownAgentError,
    WorkflowFailedError,
)
from actors.control.environment import Environment
from supervisors.facts import Fact, RunEnded, RunStarted
from tests.torture.agents import IN_PROCESS, SOUND, MixedUpError, spawn_all
from tests.torture.problems import Problems
from tests.torture.resources import ScarceThreads
from tests.torture.workflows import ITEMS, SQUARES, Plan, Planner

PLANS = 40
"""How many workflows a world has."""

WINDOW = 30
"""How many runs each of those who give work has in progress."""

MAX_RUNS = 120


@dataclass(frozen=True)
class Traits:
    """What kind of a world it is."""

    number: str
    is_on_host_loop: bool
    is_refusing: bool
    has_process: bool
    has_bad_observer: bool
    switch_interval: float | None

    @classmethod
    def drawn(cls, number: str, random: Random) -> Traits:
        """Draw one."""
        return cls(
            number,
            is_on_host_loop=random.random() < 0.5,
            is_refusing=number.endswith("-0") or random.random() < 0.5,
            has_process=random.random() < 0.2,
            has_bad_observer=random.random() < 0.3,
            switch_interval=random.choice((None, None, 0.0005)),
        )


class Observer:
    """Counts runs; a bad one raises now and then."""

    def __init__(self, *, is_bad: bool) -> None:
        self._is_bad = is_bad
        self.counts: Counter[type] = Counter()

    def observe(self, fact: Fact) -> None:
        """Count a fact."""
        self.counts[type(fact)] += 1
        if self._is_bad and self.counts[type(fact)] % 50 == 0:
            raise LookupError("this observer raises")


class HostLoop:
    """An event loop on a thread of the host's."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="host-loop", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self.loop.run_forever()
        self.loop.close()

    def close(self, patience: float) -> bool:
        """Stop it; return whether it did."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(patience)
        return not self._thread.is_alive()


class World:
    """One runtime under torture.

    Args:
        traits: What kind of a world it is.
        random: What decides.
        problems: Who is told of what is wrong.
        patience: Seconds after which something that has to come counts as stuck.
    """

    def __init__(self, traits: Traits, random: Random, problems: Problems, patience: float) -> None:
        self.traits = traits
        self.problems = problems
        self._patience = patience
        self.threads = ScarceThreads()
        self.host = HostLoop() if traits.is_on_host_loop else None
        self.observer = Observer(is_bad=traits.has_bad_observer)
        # Set by the torture: then those who give work and those who disturb end.
        self.is_over = threading.Event()
        # Set by the torture before it stops the runtime in the middle of everything; read by those.
        self.is_ending = False
        self.counts: Counter[str] = Counter()
        self._random = random
        self._lock = threading.Lock()
        self.runtime = Runtime(
            loop=self.host.loop if self.host else None,
            max_runs=MAX_RUNS if traits.is_refusing else 10_000,
            waiting=random.choice((0, 20)) if traits.is_refusing else 0,
            max_threads=random.choice((8, 32)),
            abandon_after=0.05,
            grace=0.5,
            observers=[self.observer],
            switch_interval=traits.switch_interval,
            environment=Environment(threads=self.threads),
        )
        self.runtime.start()
        leaves = [*SOUND, *([IN_PROCESS] if traits.has_process else [])]
        planner = Planner(random, leaves, with_matches=traits.has_process)
        self.plans = [planner.plan() for _ in range(PLANS)]

    def spawn(self) -> None:
        """Spawn the agents."""
        spawn_all(self.runtime, with_process=self.traits.has_process)

    @property
    def patience(self) -> float:
        """Seconds to wait for what has to come; few once something is wrong."""
        return min(self._patience, 1.0) if self.problems.found else self._patience

    def note(self, kind: str) -> None:
        """Count something."""
        with self._lock:
            self.counts[kind] += 1

    def guard(self, name: str, action: Callable[[], object]) -> None:
        """Do something in which nothing may be raised."""
        try:
            action()
        except RuntimeNotRunningError as error:
            if not self.is_ending:
                self.problems.add(f"{name}: {error!r}")
        except BaseException as error:  # noqa: BLE001  # whatever is raised is a problem
            self.problems.add(f"{name}: raised {error!r}")

    def submit(self, plan: Plan, name: str, *, timeout: float | None = None, **data: Any) -> Run | None:
        """Submit a run; None if it is refused because there are too many, which only some worlds do."""
        event = {"run": name, "bucket": len(name) % 5, "message": "please", **data}
        state = {"run": name, "sum": 0, "items": list(ITEMS)}
        try:
            run = self.runtime.submit(plan.node, event, state, timeout)
        except OverloadedError as error:
            self.note("refused")
            if not self.traits.is_refusing:
                self.problems.add(f"refused without a reason: {error}")
            return None
        except (UnknownAgentError, InvalidWorkflowError) as error:
            if plan.is_sure:
                self.problems.add(f"{name}: {error!r}")
            return None  # it was stopped, and is about to be spawned again
        self.note("submitted")
        return run

    def judge(self, plan: Plan, name: str, run: Run, *, may_fail: bool = False) -> None:
        """Wait for the end of a run and hold it against its plan."""
        try:
            result = run.result(self.patience)
        except TimeoutError:
            self.problems.add_stuck(f"{name} {run!r} of {plan.node!r}; health: {self.runtime.health}")
        except RunCancelledError as error:
            if not (self.is_ending or may_fail):
                self.problems.add(f"{name}: {error}")
        except WorkflowFailedError as error:
            self._judge_failure(plan, name, error, may_fail=may_fail)
        except CancelledError as error:
            self.problems.add(f"{name}: {error!r}")
        else:
            self._judge_result(plan, name, result)
        self.note("judged")

    def _judge_failure(self, plan: Plan, name: str, error: WorkflowFailedError, *, may_fail: bool) -> None:
        text = str(error)
        if MixedUpError.__name__ in text or (plan.is_sure and not may_fail and not self.is_ending):
            self.problems.add(f"{name} {plan.node!r}: {text}")

    def _judge_result(self, plan: Plan, name: str, result: Any) -> None:
        state = result.state
        if (state["run"], state["sum"]) != (name, plan.adds):
            self.problems.add(f"{name} {plan.node!r}: {dict(state)}, not {plan.adds}")
        for key in plan.sets or {}:
            expected = SQUARES if key == "results" else (len(name) % 5) * 7
            if state[key] != expected:
                self.problems.add(f"{name}: {key} is {state[key]!r}, not {expected!r}")

    def end(self) -> None:
        """Stop the runtime, in one way or another, and hold the sums against each other."""
        self.threads.are_scarce = False
        self.is_ending = True
        self.runtime.stop(self._random.choice((0, 0.2, 2)))
        if self.runtime.runs_in_progress:
            self.problems.add(f"{self.runtime.runs_in_progress} runs are in progress after the stop")
        counts = self.observer.counts
        told = counts[RunStarted], counts[RunEnded]  # child runs are among them
        if told[0] != told[1] or told[0] < self.counts["submitted"]:
            self.problems.add(f"{self.counts['submitted']} runs were submitted, {told} were told to begin and to end")
        if self._ended_by_metrics() != counts[RunEnded]:
            self.problems.add(f"the metrics count {self._ended_by_metrics()} runs, not {counts[RunEnded]}")
        if self.host is not None and not self.host.close(self.patience):
            self.problems.add_stuck("the host's loop")

    def _ended_by_metrics(self) -> int:
        lines = self.runtime.metrics_text().decode().splitlines()
        counts = [
            line.rpartition(" ")[2] for line in lines if line.startswith("mixmode_workflow_duration_seconds_count")
        ]
        return int(sum(map(float, counts)))

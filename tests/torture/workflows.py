"""Random workflows of every pattern, and what each adds to the sum of its run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

from actors import (
    Branch,
    Cached,
    Case,
    Collaborative,
    Conditional,
    Event,
    Loop,
    Map,
    MultiStage,
    Parallel,
    Route,
    RouteLoop,
    Sequential,
    SequentialCollaborative,
    Stage,
    State,
)
from actors.conditions import Compare, Exists, Matches
from actors.mergers import Reduce
from supervisors import Backoff, Retry
from tests.torture.agents import SOUND

Node: TypeAlias = Any
SHORT = 0.02
"""Seconds that are granted to what never answers."""

AGAIN = Retry(attempts=3, backoff=Backoff(initial=0.0))
ITEMS = (1, 2, 3, 4)
SQUARES = [{"square": item**2} for item in ITEMS]


@dataclass(frozen=True)
class Plan:
    """A workflow, and how a run of it ends.

    Attributes:
        node: The workflow.
        adds: What a run that ends ok adds to its sum.
        is_sure: Whether each run ends ok.
        sets: What else a run that ends ok leaves in its state, by key.
    """

    node: Node
    adds: int
    is_sure: bool = True
    sets: Mapping[str, Any] | None = None


def sum_up(base: Mapping[str, Any], branches: Mapping[str, Any]) -> dict[str, int]:
    """Merge as a user's function does: the sum of what the branches added."""
    start = base["sum"]
    added = [branch.changed["sum"] - start for branch in branches.values() if "sum" in branch.changed]
    return {"sum": start + sum(added)}


def is_always(event: Event, state: State) -> bool:
    return bool(event.data["run"] == state["run"])


def is_never(state: Mapping[str, Any]) -> bool:
    return "no such key" in state


class Planner:
    """Makes workflows.

    Args:
        random: What decides.
        leaves: The agents that add 1.
        with_matches: Whether conditions may search with regular expressions, in processes of their own.
    """

    def __init__(self, random: Random, leaves: Sequence[str] = tuple(SOUND), *, with_matches: bool = False) -> None:
        self._random = random
        self._leaves = tuple(leaves)
        self._conditions: list[Any] = [Exists("run"), Compare("sum", ">=", 0), is_always]
        if with_matches:
            self._conditions.append(Matches("run", r"^r[0-9dx-]+$"))

    def plan(self) -> Plan:
        """Return a workflow of some depth."""
        random = self._random
        drawn = random.random()
        if drawn < 0.06:
            return Plan(
                Map("square", over="items", concurrency=random.choice((None, 1, 2))), 0, sets={"results": SQUARES}
            )
        if drawn < 0.12:
            return Plan(Cached("bucket", key="bucket", max_entries=3), 0, sets={"of_bucket": None})
        if drawn < 0.2:
            name = random.choice(("victim", "victim-async"))
            return Plan(Sequential(Branch(name, retry=AGAIN), self.leaf().node), 2, is_sure=False)
        return self.node(random.choice((0, 1, 1, 2, 3)))

    def node(self, depth: int) -> Plan:
        """Return a node that is nested so deep."""
        if depth == 0:
            return self.leaf()
        make = self._random.choice(
            (self._sequential, self._parallel, self._choice, self._loop, self._stages, self._mixture, self._resilient)
        )
        return make(depth - 1)

    def leaf(self) -> Plan:
        """Return an agent that adds 1."""
        return Plan(self._random.choice(self._leaves), 1)

    def _several(self, depth: int) -> list[Plan]:
        return [self.node(self._random.randint(0, depth)) for _ in range(self._random.randint(1, 3))]

    def _sequential(self, depth: int) -> Plan:
        plans = self._several(depth)
        return Plan(Sequential(*[plan.node for plan in plans]), sum(plan.adds for plan in plans))

    def _parallel(self, depth: int) -> Plan:
        random, plans = self._random, self._several(depth)
        branches = [Branch(f"branch-{number}", plan.node) for number, plan in enumerate(plans)]
        for agent in random.sample(("hang", "stubborn", "fail", "block-thread"), random.randint(0, 2)):
            timeout = None if agent == "fail" else SHORT
            branches.append(Branch(agent, required=False, timeout=timeout))
        random.shuffle(branches)
        merge = random.choice((Reduce({"sum": "sum"}), sum_up))
        return Plan(Parallel(*branches, merge=merge), sum(plan.adds for plan in plans))

    def _choice(self, depth: int) -> Plan:
        plan, other = self.node(depth), self.leaf()
        if self._random.random() < 0.5:
            return Plan(Route({"nobody says this": other.node, "please": plan.node}, default="fail"), plan.adds)
        condition = self._random.choice(self._conditions)
        cases = [Case("never", is_never, "fail"), Case("always", condition, plan.node)]
        return Plan(Conditional(*cases, fallback="fail"), plan.adds)

    def _loop(self, depth: int) -> Plan:
        plan, times = self.node(depth), self._random.randint(1, 3)
        return Plan(Loop(plan.node, max_iterations=times, until=is_never), times * plan.adds)

    def _stages(self, depth: int) -> Plan:
        plans = self._several(depth)
        stages = [
            Stage(f"stage-{number}", plan.node, prerequisites=["run"], success=Compare("sum", ">=", 1))
            for number, plan in enumerate(plans)
        ]
        return Plan(MultiStage(*stages), sum(plan.adds for plan in plans))

    def _mixture(self, _depth: int) -> Plan:
        first, second = self.leaf().node, self.leaf().node
        if self._random.random() < 0.5:
            return Plan(SequentialCollaborative([first], [second]), 2)
        return Plan(RouteLoop({"please": first}, {first: {"max_iterations": 2, "until": is_never}}, default="fail"), 2)

    def _resilient(self, depth: int) -> Plan:
        plan = self.node(depth)
        make = self._random.choice((self._retried, self._replaced, self._optional))
        return make(plan)

    def _retried(self, plan: Plan) -> Plan:
        return Plan(Sequential(Branch("flaky", retry=AGAIN), plan.node), plan.adds + 1)

    def _replaced(self, plan: Plan) -> Plan:
        return Plan(Sequential(Branch("fail", fallback=plan.node)), plan.adds)

    def _optional(self, plan: Plan) -> Plan:
        return Plan(Collaborative(plan.node, Branch("hang", required=False, timeout=SHORT)), plan.adds)

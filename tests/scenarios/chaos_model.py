"""A workflow whose steps fail, hang and answer late at random, and a simple model of how each run of it ends."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from actors import AgentContext, Branch, Event, Loop, Parallel, Runtime, Sequential, State
from actors.conditions import Compare
from supervisors import Backoff, Retry

TIMEOUT = 2.0
"""Seconds for each step: more than noise takes from one that is fine."""

LONG = 2 * TIMEOUT
FINE, FAILS, HANGS, LATE = "fine", "fails", "hangs", "late"
CHANCE = 0.01
"""Of each way to misbehave, for each step."""

ATTEMPTS, DRAFTS = 3, 2
PLAIN = ("facts", "spare")
"""The agents on threads: nothing cancels them, so one that hangs answers late when it is through."""

ASYNC = ("fetch", "extra", "summary", "refine")
AGAIN = Retry(attempts=ATTEMPTS, backoff=Backoff(initial=0.0), attempt_timeout=TIMEOUT)
WORKFLOW = Sequential(
    Branch("fetch", timeout=TIMEOUT),
    Parallel(
        Branch("facts", retry=AGAIN),
        Branch("extra", required=False, timeout=TIMEOUT),
        Branch("summary", timeout=TIMEOUT, fallback=Branch("spare", timeout=TIMEOUT)),
        name="gather",
        on_failure="finish",
    ),
    Loop("refine", max_iterations=DRAFTS + 1, until=Compare("drafts", ">=", DRAFTS), iteration_timeout=TIMEOUT),
    name="chaos",
)


def fate(seed: int, run: int, agent: str, visit: int) -> str:
    """Say what a step of a run does at its nth visit."""
    drawn = random.Random(f"{seed}/{run}/{agent}/{visit}").random()
    return next((each for number, each in enumerate((FAILS, HANGS, LATE), 1) if drawn < number * CHANCE), FINE)


class Chaos:
    """The agents.

    Args:
        seed: What decides what they do.
        nap: How a plain function waits: in real time, or in virtual time.
    """

    def __init__(self, seed: int, nap: Callable[[float], object]) -> None:
        self._seed = seed
        self._nap = nap

    def spawn(self, runtime: Runtime) -> None:
        for name in ASYNC:
            runtime.spawn(name, self._act_async)
        for name in PLAIN:
            runtime.spawn(name, self._act)

    async def _act_async(self, event: Event, state: State, context: AgentContext) -> dict[str, int]:
        visit = state.get("drafts", 0) + 1 if event.target == "refine" else context.attempt
        deed = fate(self._seed, event.data["run"], event.target, visit)
        if deed in {HANGS, LATE}:
            try:
                await asyncio.sleep(3600)  # the agent: hangs until it is cancelled
            except asyncio.CancelledError:
                if deed == HANGS:
                    raise
        return _answer(deed, event, visit)

    def _act(self, event: Event, state: State, context: AgentContext) -> dict[str, int]:
        deed = fate(self._seed, event.data["run"], event.target, context.attempt)
        if deed in {HANGS, LATE}:
            self._nap(LONG)
        return _answer(deed, event, context.attempt)


def _answer(deed: str, event: Event, visit: int) -> dict[str, int]:
    if deed == FAILS:
        raise LookupError(f"{event.target}, visit {visit}")
    return {"drafts" if event.target == "refine" else event.target: visit}


class Row(NamedTuple):
    """What a record of the trace says of a node."""

    path: str
    kind: str = "ok"
    reason: str = "completed"
    attempts: int = 1
    budget: str = ""
    culprit: str = ""

    @property
    def ok(self) -> bool:
        return self.kind == "ok"

    @property
    def is_node(self) -> bool:
        """Whether it is of what failed before a fallback, which only the trace tells of."""
        return self.path.endswith("[node]")


class Model:
    """Predicts the runs, one after another, and counts.

    Args:
        seed: What decides what the agents do.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._run = 0
        # By the labels of the metrics of these names.
        self.agent_runs: Counter[tuple[str, ...]] = Counter()
        self.retries: Counter[tuple[str, ...]] = Counter()
        self.timeouts: Counter[tuple[str, ...]] = Counter()
        self.branch_failures: Counter[tuple[str, ...]] = Counter()
        self.fallbacks: Counter[tuple[str, ...]] = Counter()
        self.stages: Counter[tuple[str, ...]] = Counter()
        self.workflows: Counter[tuple[str, ...]] = Counter()
        self.late_answers = 0

    def predict(self, run: int) -> tuple[list[Row], dict[str, int]]:
        """Return the rows of a run's trace and the state that it ends with."""
        self._run = run
        state: dict[str, int] = {}
        below = self._fetch(state)
        if below[-1].ok:
            below += self._gather(state)
        failed = next((row for row in below if not row.ok and row.path.count("/") == 1), None)
        if failed is None:
            drafts = self._loop(state)
            below += drafts
            failed = None if drafts[0].ok else drafts[0]
        rows = [Row("chaos") if failed is None else _failed("chaos", failed), *below]
        self.workflows[rows[0].kind,] += 1
        self.stages.update((row.path, row.kind) for row in rows if not row.is_node)
        return rows, state

    def _fetch(self, state: dict[str, int]) -> list[Row]:
        row = self._attempt("fetch", "chaos/fetch", budget="chaos/fetch")
        self._note_branch(row, "true")
        _keep(state, row, "fetch")
        return [row]

    def _gather(self, state: dict[str, int]) -> list[Row]:
        facts, extra, summary = self._facts(), self._extra(), self._summary()
        _keep(state, facts, "facts")
        _keep(state, extra, "extra")
        _keep(state, summary[0], "spare" if summary[0].reason == "fallback_used" else "summary")
        failed = next((row for row in (facts, summary[0]) if not row.ok), None)
        gather = Row("chaos/gather") if failed is None else _failed("chaos/gather", failed, "required_branch_failed")
        return [gather, facts, extra, *summary]

    def _facts(self) -> Row:
        path = "chaos/gather/facts"
        for visit in range(1, ATTEMPTS + 1):
            row = self._attempt("facts", path, visit, budget=f"attempt of {path}")
            if row.ok:
                break
            if visit < ATTEMPTS:
                self.retries[path,] += 1
        self._note_branch(row, "true")
        return row._replace(attempts=visit)

    def _extra(self) -> Row:
        row = self._attempt("extra", "chaos/gather/extra", budget="chaos/gather/extra")
        self._note_branch(row, "false")
        return row

    def _summary(self) -> list[Row]:
        path = "chaos/gather/summary"
        node = self._attempt("summary", path, budget=path)
        if node.ok:
            return [node]
        self.fallbacks[path, node.reason] += 1
        inner = f"{path}/fallback"
        spare = self._attempt("spare", inner, budget=inner)
        row = spare._replace(path=path, reason="fallback_used" if spare.ok else spare.reason)
        self._note_branch(spare, "true")
        self._note_branch(row, "true")
        return [row, node._replace(path=f"{path}[node]"), spare]

    def _loop(self, state: dict[str, int]) -> list[Row]:
        drafts = []
        for visit in range(1, DRAFTS + 1):
            drafts.append(row := self._attempt("refine", "chaos/loop/refine", visit, budget="iteration of chaos/loop"))
            if not row.ok:
                return [_failed("chaos/loop", row), *drafts]
            state["drafts"] = visit
        return [Row("chaos/loop", reason="condition_met"), *drafts]

    def _attempt(self, agent: str, path: str, visit: int = 1, *, budget: str) -> Row:
        deed = fate(self._seed, self._run, agent, visit)
        row = {
            FINE: Row(path),
            FAILS: Row(path, "failed", "exception"),
            HANGS: Row(path, "timed_out", "deadline", budget=budget),
            LATE: Row(path, "timed_out", "deadline", budget=budget),
        }[deed]
        self.agent_runs[agent, row.kind] += 1
        if row.kind == "timed_out":
            self.timeouts[path, budget] += 1
            self.late_answers += deed == LATE or agent in PLAIN
        return row

    def _note_branch(self, row: Row, required: str) -> None:
        if not row.ok:
            self.branch_failures[row.path, required, row.reason] += 1


def _failed(path: str, below: Row, reason: str = "child_failed") -> Row:
    return Row(path, "failed", reason, budget=below.budget, culprit=below.culprit or below.path)


def _keep(state: dict[str, int], row: Row, key: str) -> None:
    if row.ok:
        state[key] = row.attempts


def rows_of(trace: Any) -> list[Row]:
    """Return what a trace says."""
    return [
        Row(each.path, each.outcome.kind, each.outcome.reason, each.attempts, each.outcome.budget, each.outcome.culprit)
        for each in trace.walk()
    ]

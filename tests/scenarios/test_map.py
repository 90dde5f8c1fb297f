"""Map at work: many items, in whatever order they finish, cut short at any moment."""

from __future__ import annotations

import asyncio
import gc
import random
import urllib.request
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from actors import Branch, Event, Map, Runtime, Sequential, State
from actors.testing import Hangs, Returns, Scripted, ScriptedThread, VirtualRuntime, sleep
from supervisors import OutcomeKind, Reason
from supervisors.facts import StageEnded, StageStarted
from supervisors.policies.branch_policies import resolve_require
from tests.scenarios.virtual_runs import HOUR
from tests.scenarios.watching import PATIENCE, Watcher
from tests.thoroughness import examples

MANY = 10_000
AT_ONCE = 100
PER_ITEM = ("Child", "Assignment", "SupervisedInvocation", "Answer", "Ended", "State", "Task")


@pytest.fixture(params=range(5), ids="seed {}".format)
def runtime(request: pytest.FixtureRequest, watcher: Watcher) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(seed=request.param, observers=[watcher]) as runtime:
        yield runtime


class Counting:
    """An agent that counts how often it runs at once, and looks now and then at what there is of each kind."""

    def __init__(self) -> None:
        self.in_progress = self.most = self.calls = 0
        self.alive: list[Counter[str]] = []
        self._random = random.Random(1)

    async def run(self, event: Event, state: State) -> dict[str, int]:
        self.in_progress += 1
        self.calls += 1
        self.most = max(self.most, self.in_progress)
        for _ in range(self._random.randrange(20)):
            await asyncio.sleep(0)  # so that later items overtake earlier ones
        if self.calls in (MANY // 4, MANY - AT_ONCE):
            self.alive.append(population())
        self.in_progress -= 1
        return {"square": state["item"] ** 2}


def population() -> Counter[str]:
    """Count the objects of the runtime's by class; the garbage collector has not been asked to tidy up."""
    kinds = Counter(type(each) for each in gc.get_objects())
    return Counter({kind.__name__: count for kind, count in kinds.items() if kind.__name__ in (*PER_ITEM, "Snapshot")})


def test_ten_thousand_items_a_hundred_at_once() -> None:
    agent = Counting()

    async def main() -> State:
        async with Runtime(loop=asyncio.get_running_loop()) as runtime:
            runtime.spawn("square", agent.run)
            workflow = Map("square", over="items", output="square", concurrency=AT_ONCE)
            return (await runtime.submit(workflow, state={"items": list(range(MANY))})).state

    before = population()
    state = asyncio.run(main())

    assert state["results"] == [item**2 for item in range(MANY)]
    assert agent.calls == MANY
    assert AT_ONCE // 2 < agent.most <= AT_ONCE
    assert state.meta["map"]["items_ok"] == MANY
    for alive in agent.alive:
        assert all(alive[kind] - before[kind] <= AT_ONCE + 10 for kind in PER_ITEM), alive
        assert alive["Snapshot"] - before["Snapshot"] <= 3 * AT_ONCE + 10
    assert population()["Child"] <= before["Child"]


@pytest.mark.parametrize("require", ["any", 5])
def test_what_is_not_needed_is_never_begun(runtime: VirtualRuntime, require: Any) -> None:
    begun: list[int] = []

    async def work(event: Event, state: State) -> None:
        begun.append(state["item"])
        takes = 10.0 - state["item"]
        await asyncio.sleep(takes if takes > 0 else HOUR)  # the agent: works; the tenth item is done first

    runtime.spawn("work", work)
    workflow = Map("work", over="items", concurrency=10, require=require)

    result = runtime.run(workflow, state={"items": list(range(MANY))})

    needed = 1 if require == "any" else require
    assert sum(each is not None for each in result.state["results"]) == needed
    assert len(result.state["results"]) == MANY
    assert sorted(begun) == list(range(10 + needed - 1))
    assert (result.state.meta["map"]["items_not_started"], result.duration) == (MANY - len(begun), needed)
    assert len(result.trace.children) == len(begun) + 1


class Gated:
    """An agent whose calls end when the test says so."""

    def __init__(self) -> None:
        self.waiting: dict[int, asyncio.Future[None]] = {}
        self.cancelled: set[int] = set()

    async def run(self, event: Event, state: State) -> dict[str, int]:
        index = event.metadata["index"]
        self.waiting[index] = asyncio.get_running_loop().create_future()
        try:
            await self.waiting[index]
        except asyncio.CancelledError:
            self.cancelled.add(index)
            raise
        return {"n": state["item"]}

    def release(self, index: int, *, ok: bool = True) -> None:
        future = self.waiting.pop(index)
        if ok:
            future.get_loop().call_soon_threadsafe(future.set_result, None)
        else:
            future.get_loop().call_soon_threadsafe(future.set_exception, ValueError("no"))


class Model:
    """What is to become of a map, told one item after another how it ended."""

    def __init__(self, workflow: Map, size: int) -> None:
        self.size = size
        quorum = resolve_require(workflow.require, size, "")
        self.quorum = size if quorum is None else quorum
        self.ends_at_failure = workflow.on_failure == "cancel"
        self.begun = min(workflow.concurrency or size, size)
        self.waiting = set(range(self.begun))
        self.ok: set[int] = set()
        self.failed: list[int] = []
        self.culprit: int | None = None

    @property
    def is_sealed(self) -> bool:
        return len(self.ok) >= self.quorum or (self.culprit is not None and self.ends_at_failure)

    def note(self, index: int, *, ok: bool) -> None:
        self.waiting.discard(index)
        if ok:
            self.ok.add(index)
        else:
            self.failed.append(index)
            if self.size - len(self.failed) < self.quorum and self.culprit is None:
                self.culprit = index
        if not self.is_sealed and self.begun < self.size:
            self.waiting.add(self.begun)
            self.begun += 1


workflows = st.builds(
    Map,
    st.just("gated"),
    over=st.just("items"),
    output=st.just("n"),
    concurrency=st.none() | st.integers(1, 5),
    require=st.sampled_from(["all", "any", 0.25, 0.5, 0.75, 1.0, 1]),
    on_failure=st.sampled_from(["cancel", "finish"]),
)


@settings(max_examples=examples(200), deadline=None)
@given(
    workflows, st.integers(1, 12), st.sets(st.integers(0, 11)), st.randoms(use_true_random=False), st.integers(0, 99)
)
def test_whatever_finishes_first_the_results_have_the_order_of_the_items(
    workflow: Map, size: int, failures: set[int], order: random.Random, seed: int
) -> None:
    agent, model = Gated(), Model(workflow, size)

    with VirtualRuntime(seed=seed) as runtime:
        runtime.spawn("gated", agent.run)
        run = runtime.submit(workflow, state={"items": list(range(100, 100 + size))})
        runtime.settle()
        while model.waiting and not model.is_sealed:
            assert agent.waiting.keys() == model.waiting
            index = order.choice(sorted(model.waiting))
            agent.release(index, ok=index not in failures)
            model.note(index, ok=index not in failures)
            runtime.settle()
        error = run.exception()

    culprit = None if error is None else error.outcome.culprit
    assert culprit == (None if model.culprit is None else f"map/gated[{model.culprit}]")
    state = run.result().state if error is None else error.state
    assert state["results"] == [100 + index if index in model.ok else None for index in range(size)]
    assert agent.cancelled == model.waiting
    assert state.meta["map"] == {
        "map_completed": model.culprit is None,
        "total_items": size,
        "items_ok": len(model.ok),
        "items_failed": len(model.failed),
        "items_cancelled": len(model.waiting),
        "items_not_started": size - model.begun,
    }


def test_a_cancellation_mid_way_keeps_what_is_done_and_begins_nothing_more(runtime: VirtualRuntime) -> None:
    agent = Gated()
    runtime.spawn("gated", agent.run)
    run = runtime.submit(Map("gated", over="items", concurrency=3), state={"items": list(range(MANY))})
    runtime.settle()
    for index in (1, 0):
        agent.release(index)
        runtime.settle()
    assert agent.waiting.keys() == {2, 3, 4}

    run.cancel()
    error = run.exception()
    runtime.settle()

    assert error is not None
    assert (error.outcome.kind, error.outcome.reason) == (OutcomeKind.CANCELLED, Reason.REQUESTED)
    assert error.state["results"] == [{"n": 0}, {"n": 1}] + [None] * (MANY - 2)
    assert agent.cancelled == {2, 3, 4}
    assert list(error.branches) == [*[f"map/gated[{index}]" for index in range(5)], "map/gated[5:]"]
    assert error.branches["map/gated[5:]"].outcome.reason is Reason.REQUESTED
    assert error.trace is not None
    assert [each.path for each in error.trace.children] == list(error.branches)


@pytest.mark.parametrize(("own", "budget"), [(60.0, "map"), (None, "run")])
def test_a_timeout_mid_way_ends_everything(runtime: VirtualRuntime, own: float | None, budget: str) -> None:
    agent = Scripted(Returns({"n": 1}), Hangs())
    runtime.spawn("gated", agent)
    workflow = Map("gated", over="items", concurrency=2, timeout=own)

    error = runtime.submit(workflow, state={"items": [1, 2, 3, 4, 5]}, timeout=None if own else 60.0).exception()

    assert error is not None
    assert (error.outcome.kind, error.outcome.budget) == (OutcomeKind.TIMED_OUT, budget)
    assert runtime.now == 60.0
    [done] = [call.event.metadata["index"] for call in agent.calls if isinstance(call.step, Returns)]
    assert error.state["results"] == [{"n": 1} if index == done else None for index in range(5)]
    reasons = {path: report.outcome.reason for path, report in error.branches.items()}
    assert reasons == {
        **{f"map/gated[{index}]": Reason.COMPLETED if index == done else Reason.DEADLINE for index in range(3)},
        "map/gated[3:]": Reason.NOT_STARTED,
    }
    assert {report.outcome.budget for report in error.branches.values() if not report.outcome.ok} == {budget}


def test_an_items_time_starts_when_it_begins_and_is_its_own(runtime: VirtualRuntime) -> None:
    async def fetch(event: Event, state: State) -> dict[str, int]:
        await asyncio.sleep(HOUR if state["item"] == 2 else 1.0)  # the agent: works, on one of them for too long
        return {"n": state["item"]}

    runtime.spawn("fetch", fetch)
    workflow = Map(Branch("fetch", timeout=60.0), over="items", output="n", require=3, concurrency=1)

    result = runtime.run(workflow, state={"items": [1, 2, 3, 4]})

    assert result.state["results"] == [1, None, 3, 4]
    slow = result.trace.children[1].outcome
    assert (slow.kind, slow.budget) == (OutcomeKind.TIMED_OUT, "map/fetch")
    assert [child.started for child in result.trace.children] == [0.0, 1.0, 61.0, 62.0]


def test_a_full_mailbox_rejects_what_a_concurrency_would_not_have_sent(runtime: VirtualRuntime) -> None:
    def work(event: Event, state: State) -> dict[str, int]:
        sleep(1.0)
        return {"n": state["item"]}

    runtime.spawn("work", work, concurrency=1, mailbox=3)
    items = {"items": list(range(10))}
    flood = runtime.run(Map("work", over="items", require=0.1, on_failure="finish"), state=items)
    patient = runtime.run(Map("work", over="items", output="n", concurrency=4), state=items)

    rejected = [each for each in flood.trace.children if each.outcome.kind is OutcomeKind.REJECTED]
    assert {each.outcome.reason for each in rejected} == {Reason.MAILBOX_FULL}
    assert (len(rejected), flood.duration) == (6, 1.0)
    assert (patient.state["results"], patient.duration) == (list(range(10)), 10.0)


def test_records_beyond_the_limit_of_a_run_are_counted() -> None:
    size = 6_000  # two records an item: more than a run keeps

    async def work(event: Event, state: State) -> None:  # a scripted agent would keep all items for each item
        """Do nothing."""

    with Runtime() as runtime:
        runtime.spawn("work", work)
        workflow = Map(Sequential("work"), over="items", concurrency=AT_ONCE)
        result = runtime.run(workflow, state={"items": [0] * size})

    records = list(result.trace.walk())
    assert len(records) + sum(record.dropped for record in records) == 2 * size + 1
    paths = [record.path for record in result.trace.children]
    assert paths == sorted(paths, key=lambda path: int(path.partition("[")[2][:-1]))


def test_metrics_are_labelled_by_declared_names() -> None:
    def odd(event: Event, state: State) -> None:
        if state["item"] % 2 == 0:
            raise ValueError("even")

    with Runtime(metrics_port=0) as runtime:
        runtime.spawn("odd", odd)
        node = Map(Branch("check", "odd"), over="item", name="row", require="any", on_failure="finish", concurrency=1)
        runtime.run(Map(node, over="rows", name="grid"), state={"rows": [[2, 2, 1]] * 300})
        with urllib.request.urlopen(f"http://127.0.0.1:{runtime.metrics_port}/metrics", timeout=PATIENCE) as response:
            page = response.read().decode()

    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    stages = {
        (sample.labels["stage"], sample.labels["outcome"]): sample.value
        for sample in samples
        if sample.name == "mixmode_stage_duration_seconds_count"
    }
    assert stages == {
        ("grid", "ok"): 1,
        ("grid/row", "ok"): 300,
        ("grid/row/check", "ok"): 300,
        ("grid/row/check", "failed"): 600,
    }
    failures = [sample for sample in samples if sample.name == "mixmode_branch_failures_total"]
    assert [(each.labels["branch"], each.labels["required"], each.value) for each in failures] == [
        ("grid/row/check", "false", 600)
    ]
    assert not [each for each in samples if each.name == "mixmode_label_overflow_total" and each.value]


def test_nothing_of_an_item_waits_for_the_garbage_collector() -> None:
    def work(event: Event, state: State) -> dict[str, int]:
        return {"n": state["item"]}

    with Runtime() as runtime:
        runtime.spawn("work", work)
        workflow = Map(Sequential("work", "work"), over="items", concurrency=10)
        gc.collect()
        before = population()
        gc.disable()
        try:
            for _ in range(3):
                runtime.run(workflow, state={"items": list(range(200))})
            after = population()
        finally:
            gc.enable()

    assert after["Child"] - before["Child"] <= 3
    assert after["SupervisedInvocation"] - before["SupervisedInvocation"] <= 3


def test_a_watcher_is_told_of_every_item_by_the_declared_path(runtime: VirtualRuntime, watcher: Watcher) -> None:
    runtime.spawn("work", ScriptedThread(Returns()))

    runtime.run(Map("work", over="items", concurrency=2), state={"items": [1, 2, 3]})

    runtime.settle()
    assert Counter(fact.path for fact in watcher.all(StageStarted)) == {"map": 1, "map/work": 3}
    assert Counter(fact.record.path for fact in watcher.all(StageEnded)) == {"map": 1, "map/work": 3}

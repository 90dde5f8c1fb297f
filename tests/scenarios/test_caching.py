"""Cached: one computation for all who want the same at once, and what is counted of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from actors import Branch, Cached, Event, Parallel, Run, Runtime, Sequential, State, WorkflowFailedError
from actors.testing import Returns, Scripted, VirtualRuntime
from supervisors import Reason
from supervisors.facts import CacheHit, CacheMissed, StageEnded
from tests.scenarios.computations import ANSWERS, Computation, ask, endings, runtime, waiting
from tests.scenarios.test_metrics_page import value
from tests.scenarios.watching import PATIENCE, Watcher

__all__ = ["runtime"]  # a fixture


def test_a_hundred_runs_at_once_are_one_computation(runtime: VirtualRuntime, computation: Computation) -> None:
    threads = threading.active_count()
    runs = ask(runtime, 100)
    call = computation.next()

    assert threading.active_count() <= threads + 1  # the agent's event loop; nobody waits on a thread
    call.finish()

    assert endings(runs) == ["completed"] + ["cached"] * 99
    assert {(run.result().state["question"], run.result().state["answer"]) for run in runs} == {("why", "computed")}
    assert [run.result().state["asker"] for run in runs] == list(range(100))
    assert computation.count == 1


def test_runs_submitted_on_many_threads_are_one_computation(gate: threading.Event) -> None:
    began = threading.Event()
    runs: list[Run] = []
    calls: list[Event] = []

    def compute(event: Event, state: State) -> None:
        calls.append(event)
        began.set()
        assert gate.wait(PATIENCE)

    with Runtime() as runtime:
        runtime.spawn("compute", compute)

        def submit() -> None:
            for _ in range(50):
                runs.append(runtime.submit(ANSWERS, state={"question": "why"}))

        threads = [threading.Thread(target=submit, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert began.wait(PATIENCE)
        gate.set()
        for thread in threads:
            thread.join(PATIENCE)

        outcomes = [run.result(PATIENCE).outcome.reason for run in runs]

    assert len(calls) == 1
    assert sorted(outcomes) == [Reason.CACHED] * 199 + [Reason.COMPLETED]


def test_different_keys_do_not_wait_for_each_other(runtime: VirtualRuntime, computation: Computation) -> None:
    why, how = [runtime.submit(ANSWERS, state={"question": each, "asker": each}) for each in ("why", "how")]
    calls = {call.asker: call for call in (computation.next(), computation.next())}

    calls["how"].finish("by that")
    assert how.result().state["answer"] == "by that"
    runtime.settle()
    assert not why.done()

    calls["why"].finish("because")
    assert why.result().state["answer"] == "because"


def test_nodes_that_are_alike_share_what_was_computed(runtime: VirtualRuntime, computation: Computation) -> None:
    def workflow(name: str) -> Sequential:
        return Sequential(Cached("compute", key=["question"]), name=name)

    runs = [*ask(runtime, 2, workflow("one")), *ask(runtime, 2, workflow("two"))]
    computation.next().finish()

    assert [run.result().state["answer"] for run in runs] == ["computed"] * 4
    assert computation.count == 1


def test_runtimes_share_nothing(runtime: VirtualRuntime, computation: Computation) -> None:
    runs = ask(runtime, 1)
    computation.next().finish("mine")
    endings(runs)

    with VirtualRuntime() as another:
        another.spawn("compute", Scripted(Returns({"answer": "theirs"})))
        assert another.run(ANSWERS, {"question": "why"}).state["answer"] == "theirs"


def test_the_trace_shows_who_computed(runtime: VirtualRuntime, computation: Computation) -> None:
    leader, follower = ask(runtime, 2)
    computation.next().finish()

    shown = [[(each.path, each.outcome.reason) for each in run.result().trace.walk()] for run in (leader, follower)]

    assert shown == [
        [("answers", Reason.COMPLETED), ("answers/compute", Reason.COMPLETED)],
        [("answers", Reason.CACHED)],
    ]


@dataclass(eq=False)
class Hostile:
    """A value whose comparisons and hash end the test."""

    number: int

    def __eq__(self, other: object) -> bool:
        raise AssertionError("its code ran")

    def __hash__(self) -> int:
        raise AssertionError("its code ran")


def test_values_with_code_of_their_own_are_keys_all_the_same(runtime: VirtualRuntime, computation: Computation) -> None:
    runs = [runtime.submit(ANSWERS, state={"question": [Hostile(number)]}) for number in (1, 1, 2)]
    for _ in range(2):
        computation.next().finish()

    assert endings(runs) == ["completed", "cached", "completed"]


# In one run


def test_branches_of_one_run_that_want_the_same_are_one_computation(
    runtime: VirtualRuntime, computation: Computation
) -> None:
    both = Parallel(Branch("left", ANSWERS), Branch("right", Sequential(ANSWERS)), name="both")
    run = runtime.submit(both, state={"question": "why"})
    computation.next().finish()

    result = run.result()

    assert result.state["answer"] == "computed"
    assert computation.count == 1
    outcomes = {each.path: each.outcome.reason for each in result.trace.walk() if each.pattern == "cached"}
    assert outcomes == {"both/left": Reason.COMPLETED, "both/right/answers": Reason.CACHED}


def test_a_sibling_that_fails_ends_leader_and_follower_and_others_go_on(
    runtime: VirtualRuntime, computation: Computation
) -> None:
    other = Computation()
    runtime.spawn("failing", other)
    group = Parallel(Branch("leads", ANSWERS), Branch("follows", ANSWERS), "failing", name="group")
    run = runtime.submit(group, state={"question": "why", "asker": "the group"})
    assert computation.next().asker == "the group"
    runtime.settle()
    assert waiting(runtime) == 2
    others = ask(runtime, 2)

    other.next().fail()
    call = computation.next()
    call.finish()

    error = run.exception()
    assert error is not None
    assert {name: report.outcome.reason for name, report in error.branches.items()} == {
        "group/leads": Reason.SIBLING_FAILED,
        "group/follows": Reason.SIBLING_FAILED,
        "group/failing": Reason.EXCEPTION,
    }
    assert call.asker == 0
    assert endings(others) == ["completed", "cached"]


def test_when_the_branch_that_leads_fails_the_other_one_computes(
    runtime: VirtualRuntime, computation: Computation
) -> None:
    group = Parallel(Branch("leads", ANSWERS), Branch("follows", ANSWERS), require="any")
    run = runtime.submit(group, state={"question": "why"})
    computation.next().fail()
    computation.next().finish()

    assert run.result().state["answer"] == "computed"


def test_a_cache_in_a_cache_is_asked_only_when_the_outer_one_misses(
    runtime: VirtualRuntime, computation: Computation
) -> None:
    outer = Cached(Sequential(Cached("compute", key="question", name="inner")), key=["question", "user"], name="outer")
    askers = [{"question": "why", "user": user} for user in ("ann", "bob", "ann", "bob")]
    runs = [runtime.submit(outer, state=state) for state in askers]
    runtime.settle()
    assert waiting(runtime) == 6  # two wait for the inner value, and four for outer ones
    computation.next().finish()

    traces = [[each.outcome.reason for each in run.result().trace.walk()] for run in runs]

    assert traces == [
        [Reason.COMPLETED] * 4,
        [Reason.COMPLETED, Reason.COMPLETED, Reason.CACHED],
        [Reason.CACHED],
        [Reason.CACHED],
    ]
    assert computation.count == 1


# What is counted


def test_hits_and_misses_on_the_metrics_page_are_what_was_caused() -> None:
    computation = Computation()
    with VirtualRuntime() as runtime:
        runtime.spawn("compute", computation)
        workflow = Sequential(ANSWERS, name="support")
        runs = ask(runtime, 5, workflow)
        computation.next().fail()
        computation.next().finish()
        endings(runs)  # one failed, one computed, three waited
        for _ in range(7):
            runtime.run(workflow, {"question": "why"})
        with pytest.raises(WorkflowFailedError):
            runtime.run(workflow)  # there is no key
        page = runtime.metrics_text().decode()

    place = {"workflow": "support", "stage": "support/answers"}
    assert value(page, "mixmode_cache_misses_total", place) == 2
    assert value(page, "mixmode_cache_hits_total", place) == 3 + 7


def test_whoever_stops_waiting_is_neither_a_hit_nor_a_miss(
    runtime: VirtualRuntime, computation: Computation, watcher: Watcher
) -> None:
    runs = ask(runtime, 3)
    call = computation.next()
    runs[1].cancel()
    call.finish()
    endings(runs)

    runtime.settle()
    assert [fact.run for fact in watcher.all(StageEnded)][-1] == runs[2].id
    assert [fact.run for fact in watcher.all(CacheMissed)] == [runs[0].id]
    assert [fact.run for fact in watcher.all(CacheHit)] == [runs[2].id]
    assert watcher.all(CacheHit) == [CacheHit("answers", runs[2].id, "answers")]

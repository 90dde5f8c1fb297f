"""Cached: what is kept of a node, and when nothing is."""

from __future__ import annotations

from actors import Branch, Cached, Event, Loop, Parallel, Route, Runtime, Sequential, State
from supervisors import Reason, Retry
from tests.actors.orchestrators.agents import count
from tests.actors.orchestrators.results import failure_of, run


def test_what_is_kept_is_laid_over_the_state_of_whoever_takes_it(runtime: Runtime) -> None:
    def work(event: Event, state: State) -> None:
        state["added"] = [1]
        state["changed"] = "after"
        del state["removed"]

    runtime.spawn("work", work)
    workflow = Cached("work", key="question")
    run(runtime, workflow, {"question": 1, "removed": 1, "mine": 1})

    result = run(runtime, workflow, {"question": 1, "removed": 2, "changed": "before", "yours": 2})

    assert dict(result.state) == {"question": 1, "added": [1], "changed": "after", "yours": 2}
    assert [record.path for record in result.trace.walk()] == ["cached"]


def test_nobody_can_change_what_is_kept(runtime: Runtime, calls: list[str]) -> None:
    runtime.spawn("list", lambda event, state: state.update(found=[[1]]))
    workflow = Cached("list", key="question")

    for _ in range(3):
        result = run(runtime, workflow, {"question": 1})
        assert result.state["found"] == [[1]]
        result.state["found"][0].append(2)


def test_a_key_that_was_set_to_what_it_was_is_no_change(runtime: Runtime) -> None:
    runtime.spawn("set", lambda event, state: state.update(verdict="good"))
    workflow = Cached("set", key="question")
    run(runtime, workflow, {"question": 1, "verdict": "good"})

    result = run(runtime, workflow, {"question": 1, "verdict": "bad"})

    assert result.state["verdict"] == "bad"


def test_notes_are_on_the_nodes_of_whoever_takes_them_over(runtime: Runtime) -> None:
    steps = Cached(Sequential("ann", name="steps"), key="question", name="answers")
    here, there = Sequential(steps, name="here"), Parallel(Branch("x", steps), name="there")
    run(runtime, here, {"question": 1})

    again, elsewhere = [run(runtime, workflow, {"question": 1}).state.meta for workflow in (here, there)]

    assert "here/answers/steps" in again
    assert elsewhere["there/x/steps"] == again["here/answers/steps"]
    assert not [path for path in elsewhere if path.startswith("here")]


def test_without_notes_a_change_may_be_taken_over_anywhere(runtime: Runtime, calls: list[str]) -> None:
    node = Cached("work", key="question")

    results = [run(runtime, Sequential(node, name=name), {"question": 1}) for name in ("here", "there")]

    assert [result.state["answer"] for result in results] == [1, 1]


def test_sharing_by_reference_fails_and_names_what_was_shared(runtime: Runtime) -> None:
    runtime.spawn("share", lambda event, state: state.share("connection", object()))
    workflow = Cached("share", key="question", name="answers")

    outcomes = [failure_of(runtime, workflow, {"question": 1}).outcome for _ in range(2)]

    assert {outcome.reason for outcome in outcomes} == {Reason.INVALID_RESULT}
    assert outcomes[0].detail == (
        "'answers/share' shared 'connection' by reference, which is not cached; share it elsewhere"
    )


def test_an_optional_node_that_failed_changes_nothing_and_is_not_kept(runtime: Runtime) -> None:
    workflow = Cached(Branch("failing", required=False), key="question")

    results = [run(runtime, workflow, {"question": 1}) for _ in range(2)]

    assert [dict(result.state) for result in results] == [{"question": 1}] * 2
    assert [result.outcome.reason for result in results] == [Reason.COMPLETED] * 2


def test_a_failure_is_that_of_the_node_and_keeps_the_partial_state(runtime: Runtime) -> None:
    error = failure_of(runtime, Cached(Sequential("ann", "failing"), key="question"), {"question": 1})

    assert error.outcome.reason is Reason.CHILD_FAILED
    assert error.outcome.culprit == "cached/sequential/failing"
    assert error.state["signed"] == ["ann"]


def test_it_is_computed_anew_after_a_failure(runtime: Runtime) -> None:
    def fail_once(event: Event, state: State) -> None:
        if not tries:
            tries.append(1)
            raise ValueError("not yet")
        state["answer"] = 1

    tries: list[int] = []
    runtime.spawn("moody", fail_once)
    workflow = Cached("moody", key="question")

    failure_of(runtime, workflow, {"question": 1})

    assert run(runtime, workflow, {"question": 1}).state["answer"] == 1


def test_a_retry_inside_is_part_of_one_computation(runtime: Runtime) -> None:
    tries: list[int] = []

    def fail_twice(event: Event, state: State) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("not yet")

    runtime.spawn("moody", fail_twice)

    result = run(runtime, Cached(Branch("moody", retry=Retry(attempts=3)), key="question"), {"question": 1})

    assert result.outcome.reason is Reason.COMPLETED
    assert len(tries) == 3


def test_it_stands_wherever_a_node_can(runtime: Runtime, calls: list[str]) -> None:
    node = Cached("work", key="question")
    workflows = [
        Loop(node, max_iterations=3),
        Route({"why": node}, key="question"),
        Sequential(node, Branch("again", node)),
        Cached(node, key="question"),
        Branch("alone", node),
    ]

    answers = [run(runtime, workflow, {"question": "why"}).state["answer"] for workflow in workflows]

    assert answers == [1] * 5
    assert calls == ["work"]


def test_it_caches_when_nobody_counts() -> None:
    calls: list[str] = []
    with Runtime(metrics=False) as runtime:
        runtime.spawn("work", count(calls))

        reasons = [run(runtime, Cached("work", key="q"), {"q": 1}).outcome.reason for _ in range(2)]

    assert reasons == [Reason.COMPLETED, Reason.CACHED]

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from actors import (
    Branch,
    Cached,
    Event,
    Loop,
    Parallel,
    Route,
    RunResult,
    Runtime,
    Sequential,
    State,
    WorkflowFailedError,
)
from actors.conditions import Exists
from actors.orchestrators.flow import Given
from supervisors import OutcomeKind, Reason, Retry

PATIENCE = 10.0


def by_question(state: State) -> Any:
    return state["question"]


def by_both(event: Event, state: State) -> Any:
    return event.data["user"], state["question"]


async def by_awaiting(state: State) -> Any:
    return [state["question"]]


def count(calls: list[str]) -> Callable[[Event, State], None]:
    def work(event: Event, state: State) -> None:
        calls.append("work")
        state["answer"] = len(calls)

    return work


@pytest.fixture
def calls(runtime: Runtime) -> list[str]:
    """Who was called: the agent `work` notes it here."""
    calls: list[str] = []
    runtime.spawn("work", count(calls))
    return calls


# How it is made

any_cached: Any = Cached
WRONG: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: any_cached("a"), TypeError, "key"),
    (lambda: any_cached(key="k"), TypeError, "node"),
    (lambda: any_cached("a", "k"), TypeError, "positional"),
    (lambda: any_cached("", key="k"), ValueError, "node.*name is empty"),
    (lambda: any_cached(3, key="k"), TypeError, "node.*agent's name or a pattern"),
    (lambda: any_cached("a", key=""), ValueError, "key=''.*key must name at least one key, and no name may be empty"),
    (lambda: any_cached("a", key=[]), ValueError, "key must name at least one key"),
    (lambda: any_cached("a", key=["k", ""]), ValueError, "key.*no name may be empty"),
    (lambda: any_cached("a", key=["k", 3]), TypeError, r"key must be a key's name, .* callable of \(state\)"),
    (lambda: any_cached("a", key=3), TypeError, "key=3.*key must be a key's name"),
    (lambda: any_cached("a", key=None), TypeError, "key=None.*key must be a key's name"),
    (lambda: any_cached("a", key={"k": 1}), TypeError, "key must be a key's name"),
    (lambda: any_cached("a", key={"k"}), TypeError, "key must be a key's name"),
    (lambda: any_cached("a", key=Exists), TypeError, "key must be a key's name"),
    (lambda: any_cached("a", key=Exists("k")), TypeError, "key must be a key's name"),
    (lambda: any_cached("a", key="k", ttl=0), ValueError, "ttl=0.*ttl must be a positive number of seconds or None$"),
    (lambda: any_cached("a", key="k", ttl=-1.0), ValueError, "ttl.*positive"),
    (lambda: any_cached("a", key="k", ttl=float("inf")), ValueError, "ttl.*positive"),
    (lambda: any_cached("a", key="k", ttl=True), TypeError, "ttl.*positive"),
    (lambda: any_cached("a", key="k", ttl="1"), TypeError, "ttl.*positive"),
    (lambda: any_cached("a", key="k", max_entries=0), ValueError, "max_entries=0.*max_entries must be at least 1"),
    (lambda: any_cached("a", key="k", max_entries=1.5), TypeError, "max_entries must be a whole number"),
    (lambda: any_cached("a", key="k", max_entries=True), TypeError, "max_entries must be a whole number"),
    (lambda: any_cached("a", key="k", max_entries=None), TypeError, "max_entries must be a whole number"),
    (lambda: any_cached("a", key="k", timeout=0), ValueError, "timeout.*positive"),
    (lambda: any_cached("a", key="k", name="x/y"), ValueError, "name.*'/'"),
    (lambda: any_cached("a", key="k", size=3), TypeError, "size"),
]


@pytest.mark.parametrize(("make", "error", "text"), WRONG)
def test_a_wrong_argument_is_refused(make: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()


NODES = [
    Cached("a", key="k"),
    Cached(Sequential("a", "b"), key=["k", "l"], ttl=5, max_entries=3, name="mine", timeout=2),
    Cached(Branch("a", retry=Retry()), key=by_question),
    Cached(Cached("a", key="k"), key="k"),
]


@pytest.mark.parametrize("node", NODES)
def test_it_is_a_value(node: Cached) -> None:
    fields = {name: getattr(node, name) for name in type(node).model_fields}

    for twin in (Cached(**fields), copy.deepcopy(node), pickle.loads(pickle.dumps(node))):
        assert twin == node
        assert hash(twin) == hash(node)
        assert twin.names == node.names
    assert Cached("another", key="k") != node


def test_its_names_have_to_be_there_and_a_callable_asks_for_nothing() -> None:
    assert Cached("a", key=["k", "l"]).gates()[0].before == (Given("k"), Given("l"))
    assert Cached("a", key=by_question).gates()[0].before == ()


def test_it_prints_as_it_is_written() -> None:
    node = Cached("a", key=("k", "l"), ttl=5.0)

    assert repr(node) == "Cached(node='a', key=('k', 'l'), ttl=5.0)"


def test_a_list_of_names_is_kept_as_a_tuple() -> None:
    names = ["k", "l"]

    node = Cached("a", key=names)
    names.clear()

    assert node.key == node.names == ("k", "l")


def test_a_signature_is_looked_at_when_the_node_is_made_and_never_again(runtime: Runtime, calls: list[str]) -> None:
    class Key:
        looks = 0

        @property
        def __signature__(self) -> Any:
            self.looks += 1
            raise AttributeError("__signature__")

        def __call__(self, state: State) -> str:
            return "same"

    key = Key()
    workflow = Cached("work", key=key)
    looks = key.looks

    for _ in range(3):
        runtime.run(workflow)

    assert key.looks == looks > 0


# What the key is


def run(runtime: Runtime, workflow: Any, state: Any = None, event: Any = None) -> RunResult:
    return runtime.submit(workflow, event, state).result(PATIENCE)


SAME_KEYS: list[tuple[Any, Any, Any]] = [
    ("question", {"question": "why"}, {"question": "why", "other": 1}),
    ("question", {"question": ["why", {"a": 1, "b": 2}]}, {"question": ["why", {"b": 2, "a": 1}]}),
    ("question", {"question": None}, {"question": None}),
    (["question", "user"], {"question": 1, "user": 2}, {"user": 2, "question": 1}),
    (by_question, {"question": [{}]}, {"question": [{}], "answer": 7}),
    (by_awaiting, {"question": "why"}, {"question": "why"}),
    (lambda state: None, {}, {"question": 1}),
]


@pytest.mark.parametrize(("key", "first", "second"), SAME_KEYS)
def test_what_has_the_same_key_is_computed_once(
    runtime: Runtime, calls: list[str], key: Any, first: Any, second: Any
) -> None:
    workflow = Cached("work", key=key)

    results = [run(runtime, workflow, first), run(runtime, workflow, second)]

    assert calls == ["work"]
    assert [result.state["answer"] for result in results] == [1, 1]
    assert [result.outcome.reason for result in results] == [Reason.COMPLETED, Reason.CACHED]


DIFFERENT_KEYS: list[tuple[Any, Any, Any]] = [
    ("question", {"question": 1}, {"question": 1.0}),
    ("question", {"question": 1}, {"question": True}),
    ("question", {"question": [1]}, {"question": (1,)}),
    ("question", {"question": "1"}, {"question": b"1"}),
    (["question", "user"], {"question": "ab", "user": "c"}, {"question": "a", "user": "bc"}),
    (by_question, {"question": {"a": 1}}, {"question": {"a": 2}}),
    (by_awaiting, {"question": 1}, {"question": True}),
]


@pytest.mark.parametrize(("key", "first", "second"), DIFFERENT_KEYS)
def test_what_has_different_keys_is_computed_anew(
    runtime: Runtime, calls: list[str], key: Any, first: Any, second: Any
) -> None:
    workflow = Cached("work", key=key)

    results = [run(runtime, workflow, first), run(runtime, workflow, second)]

    assert [result.state["answer"] for result in results] == [1, 2]
    assert {result.outcome.reason for result in results} == {Reason.COMPLETED}


def test_a_key_that_is_not_in_the_state_is_looked_for_in_the_event(runtime: Runtime, calls: list[str]) -> None:
    workflow = Cached("work", key="question")

    in_event = run(runtime, workflow, event={"question": "why"})
    in_both = run(runtime, workflow, {"question": "why"}, {"question": "how"})

    assert in_event.outcome.reason is Reason.COMPLETED
    assert in_both.outcome.reason is Reason.CACHED


def test_a_callable_may_take_the_event_too(runtime: Runtime, calls: list[str]) -> None:
    workflow = Cached("work", key=by_both)

    results = [run(runtime, workflow, {"question": 1}, {"user": user}) for user in ("ann", "bob", "ann")]

    assert [result.state["answer"] for result in results] == [1, 2, 1]


def test_what_the_callable_does_to_its_state_is_lost(runtime: Runtime, calls: list[str]) -> None:
    def key(state: State) -> str:
        state["scribbled"] = True
        return ""

    assert dict(run(runtime, Cached("work", key=key)).state) == {"answer": 1}


# When there is no key


def failure(runtime: Runtime, workflow: Any, state: Any = None) -> WorkflowFailedError:
    with pytest.raises(WorkflowFailedError) as caught:
        run(runtime, workflow, state)
    return caught.value


def test_a_missing_key_is_a_failure_that_names_it(runtime: Runtime, calls: list[str]) -> None:
    outcome = failure(runtime, Cached("work", key=["topic", "question", "user"], name="answers"), {"topic": 1}).outcome

    assert (outcome.kind, outcome.reason) == (OutcomeKind.FAILED, Reason.MISSING_INPUT)
    assert outcome.detail == (
        "'answers' caches by 'question', 'user', and neither the state nor the event's data has that"
    )
    assert calls == []


def test_what_is_shared_by_reference_is_no_key(runtime: Runtime, calls: list[str]) -> None:
    state = State(topic=1)
    state.share("connection", object())

    outcome = failure(runtime, Cached("work", key=["topic", "connection"], name="answers"), state).outcome

    assert outcome.reason is Reason.KEY_ERROR
    assert outcome.detail == "'answers' caches by 'connection', which is shared by reference and cannot be compared"


def by_rubbish(state: State) -> Any:
    return {"question": {object()}}


def by_endless_nesting(state: State) -> Any:
    key: list[Any] = []
    key.append(key)
    return key


def by_exit(state: State) -> Any:
    raise SystemExit(3)


async def by_failing_later(state: State) -> Any:
    return state["question"]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (by_question, "KeyError: 'question'"),
        (by_failing_later, "KeyError: 'question'"),
        (by_rubbish, "TypeError: the key['question'] is a builtins.set, which is not plain data; convert it"),
        (by_endless_nesting, "ValueError: the key nests deeper than 100 levels, or contains itself"),
        (by_exit, "SystemExit: 3"),
    ],
)
def test_a_callable_that_gives_no_key_is_a_failure_that_says_why(
    runtime: Runtime, calls: list[str], key: Any, text: str
) -> None:
    error = failure(runtime, Cached("work", key=key, name="answers"))

    assert (error.outcome.kind, error.outcome.reason) == (OutcomeKind.FAILED, Reason.KEY_ERROR)
    assert error.outcome.culprit == "answers"
    assert error.outcome.failure is not None
    assert error.outcome.failure.text == text
    assert calls == []


# What is kept


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

    outcomes = [failure(runtime, workflow, {"question": 1}).outcome for _ in range(2)]

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
    error = failure(runtime, Cached(Sequential("ann", "failing"), key="question"), {"question": 1})

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

    failure(runtime, workflow, {"question": 1})

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

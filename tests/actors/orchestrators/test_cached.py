"""Cached: how it is made, and what the key is."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from actors import Branch, Cached, Event, Runtime, Sequential, State
from actors.conditions import Exists
from actors.workflows.flow import Given
from supervisors import OutcomeKind, Reason, Retry
from tests.actors.orchestrators.results import failure_of, run


def by_question(state: State) -> Any:
    return state["question"]


def by_both(event: Event, state: State) -> Any:
    return event.data["user"], state["question"]


async def by_awaiting(state: State) -> Any:
    return [state["question"]]


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


def test_a_missing_key_is_a_failure_that_names_it(runtime: Runtime, calls: list[str]) -> None:
    outcome = failure_of(
        runtime, Cached("work", key=["topic", "question", "user"], name="answers"), {"topic": 1}
    ).outcome

    assert (outcome.kind, outcome.reason) == (OutcomeKind.FAILED, Reason.MISSING_INPUT)
    assert outcome.detail == (
        "'answers' caches by 'question', 'user', and neither the state nor the event's data has that"
    )
    assert calls == []


def test_what_is_shared_by_reference_is_no_key(runtime: Runtime, calls: list[str]) -> None:
    state = State(topic=1)
    state.share("connection", object())

    outcome = failure_of(runtime, Cached("work", key=["topic", "connection"], name="answers"), state).outcome

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
        (
            by_rubbish,
            "TypeError: an item of the key['question'] is a builtins.object, which is not plain data; convert it",
        ),
        (by_endless_nesting, "ValueError: the key nests deeper than 100 levels, or contains itself"),
        (by_exit, "SystemExit: 3"),
    ],
)
def test_a_callable_that_gives_no_key_is_a_failure_that_says_why(
    runtime: Runtime, calls: list[str], key: Any, text: str
) -> None:
    error = failure_of(runtime, Cached("work", key=key, name="answers"))

    assert (error.outcome.kind, error.outcome.reason) == (OutcomeKind.FAILED, Reason.KEY_ERROR)
    assert error.outcome.culprit == "answers"
    assert error.outcome.failure is not None
    assert error.outcome.failure.text == text
    assert calls == []

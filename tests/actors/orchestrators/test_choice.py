"""What holds for all patterns that choose one of their nodes by asking in declared order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from actors import Branch, Case, Conditional, Route, Runtime, State, WorkflowFailedError
from actors.conditions import Contains, Equals
from supervisors import Backoff, OutcomeKind, Reason, Retry
from tests.limits import PATIENCE


def route(pairs: Sequence[tuple[Any, Any]], otherwise: Any) -> Route:
    return Route(dict(pairs), default=otherwise, name="choice")


def conditional(pairs: Sequence[tuple[Any, Any]], otherwise: Any) -> Conditional:
    cases = [Case(f"case {number}", condition, node) for number, (condition, node) in enumerate(pairs, 1)]
    return Conditional(*cases, fallback=otherwise, name="choice")


Choice = Callable[[Sequence[tuple[Any, Any]], Any], Route | Conditional]
any_choice = pytest.mark.parametrize("choice", [route, conditional])


def no(state: State) -> bool:
    return False


def yes(state: State) -> bool:
    return True


async def later(state: State) -> bool:
    return True


@any_choice
@pytest.mark.parametrize(
    ("conditions", "signed"),
    [
        ([Equals("n", 1), Contains("also", 1)], "ann"),
        ([yes, Equals("n", 1)], "ann"),
        ([Equals("n", 1), yes], "ann"),
        ([Equals("n", 2), Equals("n", 1)], "bob"),
        ([no, Equals("n", 1)], "bob"),
        ([Equals("n", 2), yes], "bob"),
        ([no, later], "bob"),
        ([Equals("n", 2), Equals("n", 3)], "cyd"),
        ([no, Equals("n", 3)], "cyd"),
        ([Equals("n", 3), no], "cyd"),
    ],
)
def test_the_first_that_holds_is_taken_whatever_asks(
    runtime: Runtime, choice: Choice, conditions: Sequence[Any], signed: str
) -> None:
    workflow = choice(list(zip(conditions, ("ann", "bob"), strict=True)), "cyd")

    result = runtime.run(workflow, state={"n": 1, "also": [1]}, timeout=PATIENCE)

    assert result.state["signed"] == [signed]
    assert len(result.trace.children) == 1


@any_choice
def test_nothing_is_asked_once_something_holds(runtime: Runtime, choice: Choice) -> None:
    asked = []

    def asking(number: int) -> Callable[[State], bool]:
        def ask(state: State) -> bool:
            asked.append(number)
            return number == 2

        return ask

    runtime.run(choice([(asking(number), "ann") for number in range(5)], "cyd"), timeout=PATIENCE)

    assert asked == [0, 1, 2]


@any_choice
def test_what_is_asked_may_change_its_state_and_nobody_elses(runtime: Runtime, choice: Choice) -> None:
    def meddle(state: State) -> bool:
        state["signed"].append("meddled")
        return False

    result = runtime.run(choice([(meddle, "ann"), (Contains("signed", "meddled"), "bob")], "cyd"), state={"signed": []})

    assert result.state["signed"] == ["cyd"]


@any_choice
def test_there_may_be_thousands_of_conditions(runtime: Runtime, choice: Choice) -> None:
    conditions = [(Equals("n", number), "ann") for number in range(3_000)]

    result = runtime.run(choice(conditions, "bob"), state={"n": -1}, timeout=PATIENCE)

    assert result.state["signed"] == ["bob"]


@any_choice
@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit])
def test_a_callable_that_raises_fails_the_choice_and_is_named(
    runtime: Runtime, choice: Choice, error: type[BaseException]
) -> None:
    def broken(state: State) -> bool:
        raise error("no idea")

    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run(choice([(no, "ann"), (broken, "bob"), (yes, "cyd")], "cyd"), state={"n": 1})

    outcome = caught.value.outcome
    assert (outcome.kind, outcome.reason) == (OutcomeKind.FAILED, Reason.CONDITION_ERROR)
    assert outcome.culprit == "choice"
    assert f" 2): {error.__name__}: no idea" in str(caught.value)
    assert isinstance(caught.value.__cause__, error)
    assert dict(caught.value.state) == {"n": 1}


@any_choice
def test_a_condition_that_cannot_be_asked_fails_the_choice(runtime: Runtime, choice: Choice) -> None:
    state = State()
    state.share("n", object())

    with pytest.raises(WorkflowFailedError, match="'n'") as caught:
        runtime.run(choice([(Equals("n", 1), "ann")], "bob"), state=state)

    assert caught.value.outcome.reason is Reason.CONDITION_ERROR


@any_choice
def test_a_node_that_fails_fails_the_choice_and_nothing_else_is_tried(runtime: Runtime, choice: Choice) -> None:
    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run(choice([(yes, Branch("taken", "failing")), (later, "ann")], "bob"))

    outcome = caught.value.outcome
    assert (outcome.kind, outcome.reason) == (OutcomeKind.FAILED, Reason.CHILD_FAILED)
    assert outcome.culprit.startswith("choice/")
    assert isinstance(caught.value.__cause__, LookupError)
    assert dict(caught.value.state) == {}
    assert len(caught.value.state.meta["choice"]) == 1  # it says where the choice fell


@any_choice
def test_an_optional_node_that_fails_leaves_the_state_as_it_was(runtime: Runtime, choice: Choice) -> None:
    optional = Branch("optional", "failing", required=False)

    result = runtime.run(choice([(yes, optional)], "ann"), state={"n": 1})

    assert dict(result.state) == {"n": 1}
    assert result.outcome.reason is Reason.COMPLETED
    assert result.trace.children[0].outcome.kind is OutcomeKind.FAILED


@any_choice
def test_a_choice_that_is_tried_again_asks_again(runtime: Runtime, choice: Choice) -> None:
    answers = iter([False, True])

    def at_last(state: State) -> bool:
        return next(answers)

    twice = Retry(attempts=2, backoff=Backoff(initial=0))
    workflow = Branch("again", choice([(at_last, "ann")], "failing"), retry=twice)

    result = runtime.run(workflow, timeout=PATIENCE)

    assert result.state["signed"] == ["ann"]
    assert result.trace.attempts == 2

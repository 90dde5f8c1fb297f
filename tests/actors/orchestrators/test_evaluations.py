"""Users' callables that are no agents: called on the work plane, under a deadline, and fenced when they are late."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import pytest

from actors.agents.invocation import Assignment
from actors.orchestrators.evaluations import (
    CALLABLE_TIMEOUT,
    Evaluation,
    condition_job,
    evaluation_failed,
    merger_job,
)
from actors.values.event import Event
from actors.values.state import NO_CHANGE, Delta, Snapshot, State
from actors.workflows.condition import Situation
from supervisors.facts import DeadLettered
from supervisors.outcome import COMPLETED, Failure, Outcome, OutcomeKind, Reason
from supervisors.policies.deadlines import Deadline
from supervisors.signals import Answer, Job
from tests.actors.by_hand import ABANDON_AFTER, START, Rig

mood: ContextVar[str] = ContextVar("mood", default="calm")
CANCELLED = Outcome(OutcomeKind.CANCELLED, Reason.REQUESTED)
PREVIOUS = Outcome(OutcomeKind.TIMED_OUT, Reason.DEADLINE, budget="flow/a")
BRANCHES = [("a", COMPLETED, Delta({"x": 1})), ("b", CANCELLED, NO_CHANGE)]


class Supervisor:
    """Who is answered."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []

    def handle(self, answer: Answer) -> None:
        self.answers.append(answer)


class Desk:
    """Where callables are evaluated, step by step."""

    def __init__(self) -> None:
        self.rig, self.supervisor = Rig(), Supervisor()
        self.assignment = Assignment(Event(data={"d": 2}), {}, Snapshot.of({"n": 1}), variables=None)  # type: ignore[arg-type]  # none

    def perform(self, job: Job, payload: Any) -> Evaluation:
        """Begin an attempt at a job."""
        deadline = Deadline(START + 8, "run")
        attempt: Any = SimpleNamespace(
            job=job, payload=payload, attempts=1, attempt_deadline=deadline, sent_at=START, supervisor=self.supervisor
        )
        evaluation = job.target.perform(attempt, self.rig.system.agent_supervisor)
        assert isinstance(evaluation, Evaluation)
        return evaluation

    def condition(self, function: Callable[..., Any]) -> Evaluation:
        asked = Situation(self.assignment.state, self.assignment.event, PREVIOUS)
        return self.perform(condition_job(function, "flow/loop"), asked)

    def merger(self, function: Callable[..., Any]) -> Evaluation:
        return self.perform(merger_job(function, "flow/group"), (self.assignment, BRANCHES))

    def answer(self) -> Answer:
        """Have what was begun done, and return the answer."""
        self.rig.threads.perform_all()
        self.rig.loops.perform_all()
        [answer] = self.supervisor.answers
        return answer


@pytest.fixture
def desk() -> Desk:
    return Desk()


# Conditions


async def later(state: State) -> Any:
    return state["n"]


class Asked:
    """A callable object that is asked on a loop."""

    async def __call__(self, state: State) -> bool:
        return False


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        (lambda state: state["n"] == 1, True),
        (lambda state: 0, False),
        (lambda event, state: event.data["d"] + state["n"], True),
        (lambda event, state, scale=2: not scale, False),
        (lambda event, state, previous_outcome: previous_outcome.kind == "timed_out", True),
        (later, True),
        (Asked(), False),
    ],
)
def test_a_condition_is_asked_for_its_truth(desk: Desk, condition: Callable[..., Any], verdict: bool) -> None:
    desk.condition(condition)

    answer = desk.answer()

    assert (answer.outcome, answer.value) == (COMPLETED, verdict)


def test_a_condition_whose_signature_cannot_be_read_is_given_the_state(desk: Desk) -> None:
    class Hidden:
        __signature__ = "none"

        def __call__(self, state: State) -> bool:
            return bool(state["n"])

    desk.condition(Hidden())

    assert desk.answer().value is True


def test_a_condition_that_raises_is_told_as_such(desk: Desk) -> None:
    desk.condition(lambda state: state["unheard of"])

    outcome = desk.answer().outcome

    assert (outcome.kind, outcome.reason) == (OutcomeKind.FAILED, Reason.CONDITION_ERROR)


def test_what_a_condition_does_to_its_state_stays_there(desk: Desk) -> None:
    desk.condition(lambda state: state.update(n=2))
    desk.answer()
    desk.supervisor.answers.clear()

    desk.condition(lambda state: state["n"] == 1)

    assert desk.answer().value is True


# Mergers


def test_a_merger_sees_every_branch_and_gives_the_changes(desk: Desk) -> None:
    seen = dict[str, Any]()

    def merge(state: State, branches: dict[str, Any]) -> None:
        seen.update(branches)
        state["x"] = branches["a"].changed["x"] + state["n"]

    desk.merger(merge)
    answer = desk.answer()

    assert answer.value.thawed() == {"x": 2}
    assert [(name, branch.outcome) for name, branch in seen.items()] == [("a", COMPLETED), ("b", CANCELLED)]


def test_a_merger_may_be_async(desk: Desk) -> None:
    async def merge(state: State, branches: dict[str, Any]) -> dict[str, int]:
        return {"branches": len(branches)}

    desk.merger(merge)

    assert desk.answer().value.thawed() == {"branches": 2}


def test_a_merger_that_raises_is_told_as_such(desk: Desk) -> None:
    desk.merger(lambda state, branches: branches["c"])

    assert desk.answer().outcome.reason is Reason.MERGE_ERROR


# Deadlines and late answers


@pytest.mark.parametrize(("job", "whose"), [(condition_job, "condition of flow"), (merger_job, "merger of flow")])
def test_it_is_granted_some_seconds_and_no_retry(job: Callable[..., Job], whose: str) -> None:
    made = job(lambda *_: None, "flow")

    assert made.limits == ((CALLABLE_TIMEOUT, whose),)
    assert (made.is_internal, made.retry, made.target.allowance(None)) == (True, None, (None, ""))


def test_one_that_was_taken_back_before_it_began_is_never_called(desk: Desk) -> None:
    evaluation = desk.condition(lambda state: True)

    desk.rig.inside(lambda: evaluation.withdraw(CANCELLED))
    desk.rig.threads.perform()

    assert (desk.supervisor.answers, desk.rig.threads.interrupted) == ([], [])
    assert desk.rig.system.plane.armed_timers == 0


def test_one_that_runs_on_after_it_was_taken_back_is_given_up(desk: Desk) -> None:
    evaluation = desk.condition(lambda state: True)
    assert evaluation.begin()

    desk.rig.inside(lambda: evaluation.withdraw(CANCELLED))
    desk.rig.advance(ABANDON_AFTER)
    evaluation.done(True, None)

    assert desk.rig.threads.interrupted == desk.rig.threads.abandoned == [evaluation]
    assert [fact.reason for fact in desk.rig.told(DeadLettered)] == ["late_answer"]
    assert desk.supervisor.answers == []


def test_one_that_ends_when_it_is_told_to_is_not_given_up(desk: Desk) -> None:
    evaluation = desk.condition(lambda state: True)
    assert evaluation.begin()

    desk.rig.inside(lambda: evaluation.withdraw(CANCELLED))
    evaluation.done(None, ValueError("interrupted"))
    desk.rig.advance(ABANDON_AFTER)

    assert desk.rig.threads.abandoned == []
    assert desk.rig.told(DeadLettered) == []


def test_one_that_has_ended_after_it_was_taken_back_leaves_no_timer(desk: Desk) -> None:
    evaluation = desk.condition(lambda state: True)
    assert evaluation.begin()
    desk.rig.inside(lambda: evaluation.withdraw(CANCELLED))
    while_it_runs = desk.rig.system.plane.armed_timers

    evaluation.done(True, None)

    assert (while_it_runs, desk.rig.system.plane.armed_timers) == (1, 0)


def test_one_that_ended_before_it_was_taken_back_leaves_no_timer(desk: Desk) -> None:
    evaluation = desk.condition(lambda state: True)
    assert evaluation.begin()
    evaluation.done(True, None)

    desk.rig.inside(lambda: evaluation.withdraw(CANCELLED))

    assert desk.rig.system.plane.armed_timers == 0


def test_it_begins_once(desk: Desk) -> None:
    evaluation = desk.condition(lambda state: True)

    assert (evaluation.begin(), evaluation.begin()) == (True, False)


def test_one_that_the_dispatcher_refuses_is_answered_with_why(desk: Desk) -> None:
    evaluation = desk.condition(lambda state: True)
    desk.rig.threads.blocker = "blocker"

    evaluation.refuse(CANCELLED)

    assert [answer.outcome for answer in desk.supervisor.answers] == [CANCELLED]
    assert evaluation.delayer() == "blocker"


# How a node ends whose callable failed


def test_a_node_ends_with_the_reason_and_the_culprit() -> None:
    failure = Failure(("builtins.ValueError",), "ValueError: no")
    raised = Outcome(OutcomeKind.FAILED, Reason.CONDITION_ERROR, failure=failure)
    late = Outcome(OutcomeKind.TIMED_OUT, Reason.DEADLINE, budget="condition of flow")

    outcomes = [evaluation_failed(each, Reason.CONDITION_ERROR, "flow/condition") for each in (raised, late)]

    assert {(each.kind, each.reason, each.culprit) for each in outcomes} == {
        (OutcomeKind.FAILED, Reason.CONDITION_ERROR, "flow/condition")
    }
    assert [each.failure for each in outcomes] == [failure, None]
    assert [bool(each.detail) for each in outcomes] == [False, True]


def test_a_node_that_was_cancelled_meanwhile_is_cancelled() -> None:
    assert evaluation_failed(CANCELLED, Reason.MERGE_ERROR, "flow") is CANCELLED

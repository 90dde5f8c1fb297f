"""Invocations: an agent's code is called with its own event and state, and what becomes of it is answered."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from actors.agents.agent import AgentContext, declares
from actors.agents.context import InvocationContext
from actors.agents.invocation import Assignment, Invocation, SupervisedInvocation, is_crash, is_normal_exit
from actors.cells.agent_cell import AgentCell
from actors.dispatchers.work import failed
from actors.values.event import Event
from actors.values.rendering import RenderedError
from actors.values.state import EMPTY_SNAPSHOT, Snapshot, State
from supervisors.outcome import COMPLETED, Failure, Outcome, OutcomeKind, Reason
from supervisors.policies.deadlines import Deadline
from supervisors.signals import Answer
from tests.actors.by_hand import START, Rig
from tests.actors.logged_agents import CANCELLED, function

FAILED_BEFORE = Outcome(OutcomeKind.TIMED_OUT, Reason.DEADLINE, budget="flow/step")


class Supervisor:
    """Who is answered."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []

    def handle(self, answer: Answer) -> None:
        self.answers.append(answer)


class Attempt(SimpleNamespace):
    """An attempt, as a performer sees it."""

    def __init__(self, supervisor: Supervisor, *, data: Any = (), state: Snapshot = EMPTY_SNAPSHOT) -> None:
        payload = Assignment(Event(data=dict(data)), {"step": 1}, state, variables=None)  # type: ignore[arg-type]  # none
        deadline = Deadline(START + 8, "run")
        super().__init__(
            payload=payload,
            attempts=2,
            attempt_deadline=deadline,
            previous=FAILED_BEFORE,
            sent_at=START,
            supervisor=supervisor,
            handle=None,
        )


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def supervisor() -> Supervisor:
    return Supervisor()


def performed(rig: Rig, cell: AgentCell, attempt: Attempt) -> Answer:
    """Have an attempt made, and return its answer."""
    assert cell.submit(SupervisedInvocation(cell, attempt)) is None
    rig.threads.perform()
    [answer] = attempt.supervisor.answers
    assert isinstance(answer, Answer)
    return answer


# Calls


def test_an_attempt_is_answered_with_the_changes_and_the_times(rig: Rig, supervisor: Supervisor) -> None:
    def agent(event: Event, state: State) -> None:
        rig.clock.advance(2.0)
        state["seen"] = [event.target, event.metadata["step"], state["n"]]

    cell = rig.spawn(agent)
    attempt = Attempt(supervisor, state=Snapshot.of({"n": 1}))

    answer = performed(rig, cell, attempt)

    assert (answer.attempt, answer.number, answer.outcome) == (attempt, 2, COMPLETED)
    assert answer.value.thawed() == {"seen": ["agent", 1, 1]}
    assert (answer.begun_at, answer.ended_at) == (START, START + 2)


def test_a_failed_attempt_is_answered_with_how_it_failed(rig: Rig, supervisor: Supervisor) -> None:
    def agent(event: Event, state: State) -> None:
        raise ValueError("no")

    answer = performed(rig, rig.spawn(agent), Attempt(supervisor))

    assert (answer.outcome.kind, answer.outcome.reason) == (OutcomeKind.FAILED, Reason.EXCEPTION)
    assert (answer.value, answer.metadata) == (None, None)


def test_what_is_no_result_is_told_as_such(rig: Rig, supervisor: Supervisor) -> None:
    answer = performed(rig, rig.spawn(lambda event, state: 42), Attempt(supervisor))

    assert answer.outcome.reason is Reason.INVALID_RESULT


def test_an_agent_is_not_called_without_what_it_requires(rig: Rig, supervisor: Supervisor) -> None:
    @declares(requires=["topic"])
    def agent(event: Event, state: State) -> None:
        raise AssertionError("it is called")

    answer = performed(rig, rig.spawn(agent), Attempt(supervisor))

    assert answer.outcome.reason is Reason.MISSING_INPUT


def test_an_agent_has_to_leave_what_it_declared(rig: Rig, supervisor: Supervisor) -> None:
    @declares(produces=["report"])
    def agent(event: Event, state: State) -> None:
        state.update(event.data)

    silent = performed(rig, rig.spawn(agent), Attempt(supervisor))
    supervisor.answers.clear()
    right = performed(rig, rig.spawn(agent), Attempt(supervisor, data={"report": "text"}))

    assert (silent.outcome.reason, right.outcome) == (Reason.MISSING_OUTPUT, COMPLETED)


def test_it_is_called_once_however_often_it_is_begun(rig: Rig, supervisor: Supervisor) -> None:
    cell = rig.spawn(function)
    invocation = SupervisedInvocation(cell, Attempt(supervisor))
    cell.submit(invocation)
    may_move = invocation.may_move

    first, second = invocation.begin(), invocation.begin()

    assert (first, second) == (True, False)
    assert (may_move, invocation.may_move) == (True, False)


def test_one_that_was_put_back_as_it_was_about_to_begin_begins_with_its_next_instance(
    rig: Rig, supervisor: Supervisor
) -> None:
    cell = rig.spawn(function, concurrency=1)
    (instance,) = cell.instances
    invocation = SupervisedInvocation(cell, Attempt(supervisor))
    cell.submit(invocation)
    with cell.lock:
        cell.take_back(instance)

    was_begun = invocation.begin()
    with cell.lock:
        following = cell.take_for(instance)

    assert (was_begun, following) == (False, invocation)
    assert invocation.begin()


def test_it_is_refused_by_an_answer(rig: Rig, supervisor: Supervisor) -> None:
    cell = rig.spawn(function)
    invocation = SupervisedInvocation(cell, Attempt(supervisor))
    cell.submit(invocation)

    rig.threads.given.popleft().refuse(CANCELLED)

    assert [answer.outcome for answer in supervisor.answers] == [CANCELLED]


def test_the_supervisor_takes_it_back_and_asks_who_delays_it(rig: Rig, supervisor: Supervisor) -> None:
    cell = rig.spawn(function)
    invocation = SupervisedInvocation(cell, Attempt(supervisor))
    cell.submit(invocation)
    rig.threads.blocker = "blocker"

    delayer = invocation.delayer()
    rig.inside(lambda: invocation.withdraw(CANCELLED))

    assert delayer == "blocker"
    assert (invocation.is_live, invocation.begin(), supervisor.answers) == (False, False, [])


def test_what_it_digests_it_has_called_before(rig: Rig, supervisor: Supervisor) -> None:
    invocation = SupervisedInvocation(rig.spawn(function), Attempt(supervisor))

    with pytest.raises(AssertionError, match="call"):
        invocation.digest(None)


def test_whom_it_answers_is_for_its_kinds_to_say(rig: Rig) -> None:
    cell = rig.spawn(function)
    payload = Attempt(Supervisor()).payload

    with pytest.raises(NotImplementedError):
        Invocation(cell, payload, 1, None, START).answer(COMPLETED, None)


# The context


@pytest.mark.parametrize(("deadline_at", "remaining"), [(START + 8, 8.0), (START - 1, 0.0), (None, None)])
def test_the_context_tells_what_the_agent_has_left(
    rig: Rig, deadline_at: float | None, remaining: float | None
) -> None:
    invocation = Invocation(rig.spawn(function), Attempt(Supervisor()).payload, 3, deadline_at, START)
    context = InvocationContext(invocation)
    was_cancelled = context.cancelled

    invocation.is_live = False

    assert (context.remaining, context.attempt) == (remaining, 3)
    assert (was_cancelled, context.cancelled) == (False, True)


def test_an_agent_that_wants_the_context_gets_it(rig: Rig, supervisor: Supervisor) -> None:
    def agent(event: Event, state: State, context: AgentContext) -> dict[str, Any]:
        return {"attempt": context.attempt, "remaining": context.remaining, "before": str(context.previous_outcome)}

    answer = performed(rig, rig.spawn(agent), Attempt(supervisor))

    assert answer.value.thawed() == {"attempt": 2, "remaining": 8.0, "before": str(FAILED_BEFORE)}


# Crashes


@pytest.mark.parametrize(
    ("outcome", "crashed"),
    [
        (COMPLETED, False),
        (CANCELLED, False),
        (Outcome(OutcomeKind.FAILED, Reason.INTERNAL_ERROR), False),
        (failed(Reason.EXCEPTION, ValueError()), False),
        (failed(Reason.EXCEPTION, SystemExit()), True),
    ],
)
def test_only_what_is_no_ordinary_exception_is_a_crash(outcome: Outcome, crashed: bool) -> None:
    assert is_crash(outcome) is crashed


@pytest.mark.parametrize(
    ("code", "is_normal"),
    [(None, True), (0, True), (False, True), ("", False), ("0", False), ("None", False), (1, False), (0.0, False)],
)
def test_an_exit_is_normal_where_a_process_would_end_with_zero(code: object, is_normal: bool) -> None:
    assert is_normal_exit(failed(Reason.EXCEPTION, SystemExit(code))) is is_normal


@pytest.mark.parametrize(("text", "is_normal"), [("SystemExit: 0", True), ("SystemExit: 1", False)])
def test_an_exit_in_another_process_is_judged_by_its_text(text: str, is_normal: bool) -> None:
    rendered = RenderedError(Failure(("builtins.SystemExit",), text, ""), Reason.EXCEPTION)

    assert is_normal_exit(failed(Reason.EXCEPTION, rendered)) is is_normal


def test_what_is_no_exit_is_no_normal_one() -> None:
    assert not is_normal_exit(COMPLETED)
    assert not is_normal_exit(failed(Reason.EXCEPTION, ValueError(0)))

"""Work: the one place that catches everything user code may raise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from actors.dispatchers.work import Work, current_agent, failed
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason

mood: ContextVar[str] = ContextVar("mood", default="calm")


class Task(Work):
    """Calls a function, and keeps what became of it."""

    def __init__(self, function: Callable[[], Any], *, is_wanted: bool = True, **more: Any) -> None:
        super().__init__("writer", **more)
        self._function, self._is_wanted = function, is_wanted
        self.endings: list[tuple[Any, BaseException | None]] = []

    def begin(self) -> bool:
        return self._is_wanted

    def call(self) -> Any:
        return self._function()

    def done(self, value: Any, error: BaseException | None) -> None:
        self.endings.append((value, error))


class Lane:
    """What a work tells its lane."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def note_begun(self) -> None:
        self.told.append("begun")

    def note_done(self, work: Work) -> None:
        self.told.append("done")


class Exit(BaseException):
    """No ordinary exception."""


def fail() -> None:
    raise Exit("out")


def perform_async(work: Work, lane: Lane, *, host: object = None) -> None:
    work.host = lane if host is None else host
    asyncio.run(work.perform_async(lane))


# On a thread


def test_what_the_code_returns_is_reported() -> None:
    work = Task(lambda: 42)

    work.perform()

    assert work.endings == [(42, None)]


def test_whatever_the_code_raises_is_reported() -> None:
    work = Task(fail)

    work.perform()

    [(value, error)] = work.endings
    assert (value, type(error)) == (None, Exit)


def test_what_is_not_wanted_any_more_is_not_called() -> None:
    work = Task(fail, is_wanted=False)

    work.perform()

    assert work.endings == []


def test_it_runs_in_a_copy_of_the_context_variables_it_was_given() -> None:
    variables = copy_context()
    variables.run(mood.set, "angry")

    def look() -> list[str]:
        seen = [mood.get(), current_agent.get()]
        mood.set("changed")
        return seen

    work = Task(look, variables=variables)
    work.perform()

    assert work.endings == [(["angry", "writer"], None)]
    assert (variables[mood], mood.get()) == ("angry", "calm")


def test_without_any_it_runs_in_a_copy_of_those_of_its_thread() -> None:
    def change() -> str:
        mood.set("changed")
        return mood.get()

    work = Task(change)

    work.perform()

    assert work.endings == [("changed", None)]
    assert mood.get() == "calm"


class Later:
    """An awaitable that is no coroutine: nothing has to be closed."""

    def __await__(self) -> Any:
        return iter(())


async def later() -> None:
    raise AssertionError("it is never awaited")


@pytest.mark.parametrize("make", [later, Later])
def test_an_awaitable_of_a_plain_function_is_a_mistake_that_says_how_to_mend_it(make: Callable[[], Any]) -> None:
    work = Task(make)

    work.perform()

    [(_, error)] = work.endings
    assert isinstance(error, TypeError)
    assert "make it `async def` or spawn it with dispatcher='loop'" in str(error)


# On an event loop


def test_on_a_loop_an_awaitable_is_awaited() -> None:
    async def answer() -> str:
        return current_agent.get()

    work, lane = Task(answer), Lane()

    perform_async(work, lane)

    assert work.endings == [("writer", None)]
    assert lane.told == ["begun", "done"]


def test_on_a_loop_what_is_no_awaitable_is_taken_as_it_is() -> None:
    work, lane = Task(lambda: 42), Lane()

    perform_async(work, lane)

    assert work.endings == [(42, None)]


def test_on_a_loop_whatever_is_raised_is_reported() -> None:
    work, lane = Task(fail), Lane()

    perform_async(work, lane)

    assert type(work.endings[0][1]) is Exit
    assert lane.told == ["begun", "done"]


@pytest.mark.parametrize(("is_wanted", "host"), [(False, None), (True, "another lane")])
def test_on_a_loop_what_is_not_wanted_or_was_moved_is_forgotten(is_wanted: bool, host: object) -> None:
    work, lane = Task(fail, is_wanted=is_wanted), Lane()

    perform_async(work, lane, host=host)

    assert work.endings == []
    assert lane.told == ["done"]


# What subclasses have to say


def test_what_is_done_is_for_the_subclasses_to_say() -> None:
    work = Work("writer")

    for say in (work.begin, work.call, lambda: work.done(None, None), lambda: work.refuse(COMPLETED)):
        with pytest.raises(NotImplementedError):
            say()
    assert (work.may_move, work.digest("as it is")) == (False, "as it is")


# Failures


@pytest.mark.parametrize(
    ("error", "is_task", "is_explained"),
    [
        (asyncio.CancelledError(), True, True),
        (asyncio.CancelledError(), False, False),
        (ValueError("no"), True, False),
    ],
)
def test_a_cancelled_task_is_explained(error: BaseException, is_task: bool, is_explained: bool) -> None:
    outcome = failed(Reason.EXCEPTION, error, is_task=is_task)

    assert isinstance(outcome, Outcome)
    assert (outcome.kind, outcome.reason) == (OutcomeKind.FAILED, Reason.EXCEPTION)
    assert ("its task was cancelled on its event loop" in outcome.detail) is is_explained


def test_what_a_cancelled_task_said_itself_is_kept_apart() -> None:
    outcome = failed(Reason.EXCEPTION, asyncio.CancelledError("my own"), is_task=True)

    assert outcome.detail.startswith("CancelledError: my own (its task was cancelled")

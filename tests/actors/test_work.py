"""Work: the one place that catches everything user code may raise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from actors.work import Work, current_agent, failed, render
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


class UnprintableError(Exception):
    """Has no text."""

    def __str__(self) -> str:
        raise SystemExit("out")


class UnformattableError(Exception):
    """Has a text, and notes that nobody can read."""

    @property
    def __notes__(self) -> Any:  # type: ignore[override]  # that is what some do
        raise SystemExit("out")


def test_a_failure_says_what_was_raised_and_where() -> None:
    try:
        fail()
    except Exit as error:
        failure = render(error)
        assert failure.exception is error

    assert failure.text == "Exit: out"
    assert failure.types[0].endswith(".Exit")
    assert "in fail" in failure.traceback
    assert "Exit: out" in failure.traceback


def test_an_exception_without_a_readable_text_is_rendered_all_the_same() -> None:
    assert render(UnprintableError()).text == "UnprintableError (its text cannot be rendered)"


def test_an_exception_whose_traceback_cannot_be_formatted_has_none() -> None:
    failure = render(UnformattableError("no"))

    assert (failure.text, failure.traceback) == ("UnformattableError: no", "")


def test_a_long_traceback_is_cut_at_its_beginning() -> None:
    failure = render(ValueError("x" * 20_000 + "end"))

    assert len(failure.traceback) == 8_000
    assert failure.traceback.endswith("end\n")


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

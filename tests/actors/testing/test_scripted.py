from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors import AgentContext, Branch, Event, Runtime, RunTimeoutError, State, WorkflowFailedError
from actors.testing import (
    AnswersAfter,
    Blocks,
    Calls,
    Fails,
    Hangs,
    Returns,
    Scripted,
    ScriptedThread,
    Step,
    VirtualRuntime,
)
from supervisors import Backoff, Retry

both_kinds = pytest.mark.parametrize("scripted", [Scripted, ScriptedThread])


@both_kinds
def test_a_script_is_followed_call_by_call_and_its_last_step_repeated(scripted: type[Scripted]) -> None:
    agent = scripted(
        Fails(ConnectionError("down"), times=2),
        Returns({"a": 1}),
        AnswersAfter(60.0, {"a": 2}),
        Blocks(60.0, {"a": 3}),
        Calls(lambda event, state: {"a": state["b"] + event.data["c"]}),
        Fails(KeyError),
    )
    with VirtualRuntime() as runtime:
        runtime.spawn("agent", agent)
        results = []
        for _ in range(8):
            try:
                results.append(runtime.run("agent", {"c": 2}, {"b": 2}).state["a"])
            except WorkflowFailedError as error:
                results.append(type(error.__cause__))

    assert results == [ConnectionError, ConnectionError, 1, 2, 3, 4, KeyError, KeyError]
    assert [call.at for call in agent.calls] == [0.0, 0.0, 0.0, 0.0, 60.0, 120.0, 120.0, 120.0]


def test_what_it_was_given_is_kept() -> None:
    agent = Scripted(Fails(OSError()), Returns({"done": True}))
    retry = Retry(attempts=2, backoff=Backoff(initial=10.0, jitter=0.0))
    with VirtualRuntime() as runtime:
        runtime.spawn("agent", agent)
        runtime.run(Branch("agent", retry=retry), {"topic": "pykka"}, {"known": [1]})

    first, second = agent.calls
    assert (first.event.target, first.event.data["topic"], dict(first.state)) == ("agent", "pykka", {"known": [1]})
    assert [(call.at, call.attempt, call.step) for call in agent.calls] == [
        (0.0, 1, first.step),
        (10.0, 2, Returns({"done": True})),
    ]
    assert second.event.id == first.event.id == "1"


def test_an_agent_that_hangs_ends_when_it_is_cancelled() -> None:
    with VirtualRuntime() as runtime:
        runtime.spawn("hangs", Scripted(Hangs()), concurrency=1)
        runtime.submit("hangs", timeout=60.0)
        run = runtime.submit("hangs", timeout=90.0)

        runtime.settle()
        runtime.advance(60.0)

        assert not run.done()
        assert b'mixmode_abandoned_work{agent="hangs"} 0.0' in runtime.metrics_text()


def test_an_answer_that_is_not_stubborn_is_cancelled() -> None:
    cancelled = []

    async def watched(event: Event, state: State, context: AgentContext) -> Any:
        try:
            return await Scripted(AnswersAfter(3600.0))(event, state, context)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    with VirtualRuntime() as runtime:
        runtime.spawn("late", watched)
        runtime.submit("late", timeout=60.0).exception()
        runtime.settle()

        assert (cancelled, runtime.now) == ([True], 60.0)


def test_an_error_that_is_raised_again_has_the_same_traceback() -> None:
    with VirtualRuntime() as runtime:
        runtime.spawn("fails", Scripted(Fails(ValueError("wrong"))))
        errors = [runtime.submit("fails").exception() for _ in range(3)]

    texts = {error.outcome.failure.traceback for error in errors if error is not None and error.outcome.failure}
    assert len(texts) == 1


@both_kinds
def test_a_failure_may_take_its_time(scripted: type[Scripted]) -> None:
    agent = scripted(Fails(OSError, after=60.0))
    with VirtualRuntime() as runtime:
        runtime.spawn("agent", agent)
        late = runtime.submit("agent", timeout=59.0)

        with pytest.raises(WorkflowFailedError, match="OSError"):
            runtime.run("agent", timeout=61.0)

        assert isinstance(late.exception(), RunTimeoutError)
        assert runtime.now == 60.0


@both_kinds
def test_scripts_are_followed_in_real_time_too(scripted: type[Scripted]) -> None:
    with Runtime() as runtime:
        runtime.spawn("agent", scripted(AnswersAfter(0.001, {"a": 1})))

        assert runtime.run("agent").state["a"] == 1


def test_a_script_shows_what_it_says() -> None:
    assert repr(Scripted(Fails(ValueError("x"), times=2), Hangs())) == (
        "Scripted(Fails(error=ValueError('x'), times=2, after=0.0), Hangs())"
    )


def test_the_base_of_all_steps_answers_none_at_once() -> None:
    class Nothing(Step):
        pass

    with VirtualRuntime() as runtime:
        runtime.spawn("async", Scripted(Nothing()))
        runtime.spawn("plain", ScriptedThread(Nothing()))

        assert dict(runtime.run("async").state) == dict(runtime.run("plain").state) == {}


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (Scripted, ValueError, "give it at least one step"),
        (lambda: Scripted({"a": 1}), TypeError, r"expected steps such as Returns\(\{'a': 1\}\)"),  # type: ignore[arg-type]  # refused
        (lambda: Scripted(None), TypeError, r"expected steps such as Returns\(None\), not None"),  # type: ignore[arg-type]  # the same
        (lambda: Scripted(3), TypeError, r"expected steps such as Returns\(\{'answer': 3\}\), not 3"),  # type: ignore[arg-type]  # the same
        (lambda: Scripted(OSError("no")), TypeError, r"such as Fails\(OSError\('no'\)\), not"),  # type: ignore[arg-type]  # the same
        (lambda: Scripted(OSError), TypeError, r"such as Fails\(OSError\), not <class 'OSError'>"),  # type: ignore[arg-type]  # the same
        (lambda: Scripted(Returns), TypeError, r"such as Returns\(...\), not <class"),  # type: ignore[arg-type]  # the same
        (lambda: Scripted(int), TypeError, r"such as Calls\(int\), not <class 'int'>"),  # type: ignore[arg-type]  # the same
        (lambda: Fails("wrong"), TypeError, "expected an exception or a class of exceptions, not 'wrong'"),  # type: ignore[arg-type]  # the same
        (lambda: Fails(int), TypeError, "not <class 'int'>"),  # type: ignore[arg-type]  # the same
        (lambda: Fails(OSError, after=-1), ValueError, "Fails: after: only 0 or more"),
        (lambda: Fails(OSError, times=0), ValueError, "times must be at least 1, not 0"),
        (lambda: Returns(times=-1), ValueError, "times must be at least 1, not -1"),
        (lambda: AnswersAfter(-1), ValueError, "AnswersAfter: only 0 or more"),
        (lambda: Blocks(float("inf")), ValueError, "Blocks: only 0 or more"),
        (lambda: Calls(1), TypeError, r"expected a function of \(event, state\), not 1"),  # type: ignore[arg-type]  # the same
        (lambda: Calls(print, times=True), TypeError, "times must be a whole number, not True"),
    ],
)
def test_what_makes_no_script_is_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()

"""Futures that are made of replies: by `map()`, `filter()`, `reduce()` and `join()`."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any

import pykka
import pytest

from actors.control.reply import Reply
from supervisors.clock import ManualClock
from tests.limits import PATIENCE


async def awaited(future: pykka.Future[Any]) -> Any:
    return await future


def got(future: pykka.Future[Any]) -> Any:
    return future.get(timeout=PATIENCE)


def got_on_a_loop(future: pykka.Future[Any]) -> Any:
    return asyncio.run(awaited(future))


GETTING = pytest.mark.parametrize("get", [got, got_on_a_loop])


@GETTING
def test_a_derived_future_is_made_of_the_answer(get: Callable[[pykka.Future[Any]], Any]) -> None:
    reply = Reply()
    other: pykka.Future[Any] = pykka.ThreadingFuture()
    futures: list[pykka.Future[Any]] = [
        reply.map(len),
        reply.filter(lambda item: item > 1),
        reply.reduce(lambda one, item: one + item),
        reply.reduce(lambda one, item: one + item, 10),
        reply.join(reply.map(sum), other),
    ]

    reply.set([1, 2, 3])
    other.set("other")

    assert [get(future) for future in futures] == [3, [2, 3], 6, 16, [[1, 2, 3], 6, "other"]]


@GETTING
def test_its_function_is_called_once_whatever_comes_of_it(get: Callable[[pykka.Future[Any]], Any]) -> None:
    reply, calls = Reply(), list[Any]()

    def returns(answer: Any) -> Any:
        calls.append(answer)
        return answer

    def fails(answer: Any) -> Any:
        calls.append(answer)
        raise pykka.Timeout("its own")

    mapped, failing = reply.map(returns), reply.map(fails)
    reply.set("answer")

    assert [get(mapped), get(mapped)] == ["answer", "answer"]
    for _ in range(2):
        with pytest.raises(pykka.Timeout, match="its own"):
            get(failing)
    assert calls == ["answer", "answer"]


def test_its_function_is_called_once_for_all_threads_that_want_it() -> None:
    reply, calls, answers = Reply(), list[Any](), list[Any]()
    began, gate = threading.Event(), threading.Event()

    def slow(answer: str) -> str:
        calls.append(answer)
        began.set()
        assert gate.wait(PATIENCE)
        return answer.upper()

    mapped = reply.map(slow)
    reply.set("answer")
    threads = [threading.Thread(target=lambda: answers.append(mapped.get(timeout=PATIENCE))) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert began.wait(PATIENCE)
    with pytest.raises(pykka.Timeout):
        mapped.get(timeout=0)

    gate.set()

    for thread in threads:
        thread.join(PATIENCE)
    assert (calls, answers) == (["answer"], ["ANSWER"] * 4)


@GETTING
def test_what_the_others_raise_is_raised_and_the_function_is_not_called(
    get: Callable[[pykka.Future[Any]], Any],
) -> None:
    reply, calls = Reply(), list[Any]()
    mapped, joined = reply.map(calls.append), Reply().join(reply)
    reply.fail(LookupError("no"))

    with pytest.raises(LookupError, match="no"):
        get(mapped)
    joined._sources.reverse()  # type: ignore[attr-defined]  # that which never comes is awaited last
    with pytest.raises(LookupError, match="no"):
        get(joined)
    assert calls == []


@GETTING
def test_filtering_what_is_no_iterable_is_an_error(get: Callable[[pykka.Future[Any]], Any]) -> None:
    reply = Reply()
    filtered = reply.filter(bool)
    reply.set(7)

    with pytest.raises(TypeError, match="not iterable"):
        get(filtered)


def test_all_that_is_joined_has_one_timeout() -> None:
    clock = ManualClock(0.0)
    replies = [Reply() for _ in range(3)]
    for reply in replies:
        reply.clock = clock
    joined = replies[0].join(*replies[1:])
    waits = list[float | None]()

    def wait(wakeup: Any, timeout: float | None) -> bool:
        waits.append(timeout)
        clock.advance(2.0)
        replies[len(waits) - 1].answer(len(waits))
        return True

    clock.wait = wait  # type: ignore[method-assign]

    assert joined.get(timeout=10.0) == [1, 2, 3]
    assert waits == [10.0, 8.0, 6.0]


def test_what_never_comes_is_not_waited_for_longer_than_was_asked() -> None:
    with pytest.raises(pykka.Timeout):
        Reply().map(str).get(timeout=0)


def test_a_derived_future_can_be_got_and_awaited() -> None:
    reply = Reply()
    derived = reply.map(str.upper)

    async def answer_and_await() -> Any:
        asyncio.get_running_loop().call_later(0.02, reply.set, "answer")  # it has to ask again
        return await derived

    assert asyncio.run(answer_and_await()) == "ANSWER"
    assert derived.get() == "ANSWER"


def test_what_is_made_of_others_takes_no_other_answer() -> None:
    derived = Reply().map(str)

    with pytest.raises(queue.Full):
        derived.set("late")
    with pytest.raises(queue.Full):
        derived.set_exception((ValueError, ValueError("late"), None))
    with pytest.raises(queue.Full):
        derived.set_get_hook(lambda timeout: "late")

"""The reply: a future that can be awaited, and whose first answer counts."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import queue
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pykka
import pytest

from actors.control.latch import forget_loop, note_loop
from actors.control.reply import Reply
from actors.values.errors import WouldDeadlockError
from tests.limits import PATIENCE


def test_the_answer_is_returned_to_whoever_gets_it() -> None:
    reply = Reply()

    reply.set("answer")

    assert (reply.get(), reply.get(timeout=0), reply.wait(0)) == ("answer", "answer", True)


def test_the_first_answer_counts() -> None:
    reply = Reply()

    reply.answer("first")
    reply.answer("second")
    reply.fail(ValueError("late"))

    assert reply.get() == "first"


def by_value(future: pykka.Future[Any]) -> None:
    future.set("late")


def by_exception(future: pykka.Future[Any]) -> None:
    future.set_exception((ValueError, ValueError("late"), None))


def by_hook(future: pykka.Future[Any]) -> None:
    future.set_get_hook(lambda timeout: "late")


EACH_WAY = pytest.mark.parametrize("answering", [by_value, by_exception, by_hook])
BOTH = pytest.mark.parametrize("kind", [Reply, pykka.ThreadingFuture])
"""What Pykka's own future does is the measure."""


@BOTH
@EACH_WAY
def test_a_second_answer_is_refused_to_who_sets_it(
    answering: Callable[[pykka.Future[Any]], None], kind: type[pykka.Future[Any]]
) -> None:
    future = kind()
    future.set("first")

    with pytest.raises(queue.Full):
        answering(future)

    assert future.get() == "first"


@BOTH
@pytest.mark.parametrize("answering", [by_value, by_exception])
def test_an_answer_beside_a_hook_is_refused(
    answering: Callable[[pykka.Future[Any]], None], kind: type[pykka.Future[Any]]
) -> None:
    future = kind()
    future.set_get_hook(lambda timeout: "hooked")

    with pytest.raises(queue.Full):
        answering(future)

    assert future.get() == "hooked"


@BOTH
def test_a_hook_is_called_until_it_has_returned(kind: type[pykka.Future[Any]]) -> None:
    future, timeouts = kind(), list[float | None]()

    def hook(timeout: float | None) -> str:
        timeouts.append(timeout)
        if len(timeouts) == 1:
            raise pykka.Timeout("not yet")
        return "hooked"

    future.set_get_hook(lambda timeout: "replaced")
    future.set_get_hook(hook)

    with pytest.raises(pykka.Timeout, match="not yet"):
        future.get(timeout=1)
    assert [future.get(timeout=2), future.get(timeout=3)] == ["hooked", "hooked"]
    assert timeouts == [1, 2]


def test_a_hook_can_be_awaited() -> None:
    reply, tries = Reply(), list[None]()

    def hook(timeout: float | None) -> str:
        tries.append(None)
        if len(tries) < 3:
            raise pykka.Timeout("not yet")
        return "hooked"

    async def wait() -> Any:
        return await reply

    reply.set_get_hook(hook)
    reply.answer("late")

    assert asyncio.run(wait()) == "hooked"


def test_an_exception_is_raised_by_whoever_gets_it() -> None:
    reply = Reply()

    reply.fail(ValueError("no"))

    with pytest.raises(ValueError, match="no"):
        reply.get()


def test_it_takes_the_exception_that_is_being_handled_when_none_is_given() -> None:
    reply = Reply()

    try:
        raise ValueError("no")
    except ValueError:
        reply.set_exception()

    with pytest.raises(ValueError, match="no"):
        reply.get()


def test_an_exception_that_is_given_as_its_type_alone_is_made() -> None:
    reply = Reply()

    reply.set_exception((KeyError, None, None))

    with pytest.raises(KeyError):
        reply.get()


def test_failing_for_no_reason_is_told_as_that() -> None:
    reply = Reply()

    reply.set_exception()

    with pytest.raises(pykka.ActorDeadError, match="it failed for an unknown reason"):
        reply.get()


def test_an_answer_that_does_not_come_in_time_may_still_come() -> None:
    reply = Reply()

    with pytest.raises(pykka.Timeout, match="no answer within 0.001 s"):
        reply.get(timeout=0.001)
    reply.set("answer")

    assert reply.get() == "answer"


def test_a_thread_waits_for_the_answer() -> None:
    reply, got = Reply(), list[Any]()
    thread = threading.Thread(target=lambda: got.append(reply.get(timeout=PATIENCE)))
    thread.start()

    reply.set("answer")

    thread.join(PATIENCE)
    assert got == ["answer"]


def test_waiting_on_a_loop_that_does_a_runtimes_work_is_refused() -> None:
    async def get() -> None:
        note_loop(asyncio.get_running_loop())
        try:
            Reply().get()
        finally:
            forget_loop(asyncio.get_running_loop())

    with pytest.raises(WouldDeadlockError):
        asyncio.run(get())


def test_it_can_be_awaited() -> None:
    reply = Reply()

    async def answer_and_await() -> Any:
        asyncio.get_running_loop().call_soon(reply.set, "answer")
        return await reply

    assert asyncio.run(answer_and_await()) == "answer"


@BOTH
def test_an_exception_is_raised_each_time_with_the_traceback_that_it_came_with(kind: type[pykka.Future[Any]]) -> None:
    future = kind()
    depths = []
    try:
        raise ValueError("no")
    except ValueError:
        future.set_exception()

    for _ in range(3):
        with pytest.raises(ValueError, match="no") as raised:
            future.get()
        depths.append(len(raised.traceback))

    assert len(set(depths)) == 1
    assert raised.traceback[-1].name == "test_an_exception_is_raised_each_time_with_the_traceback_that_it_came_with"


def test_an_error_that_was_raised_holds_nothing_that_holds_it() -> None:
    class MissingError(LookupError):
        """An error that can be referred to weakly."""

    def raise_again(futures: list[pykka.Future[Any]]) -> None:
        with contextlib.suppress(MissingError):
            futures.pop().get()

    def fail_and_get() -> weakref.ref[MissingError]:
        reply, error = Reply(), MissingError("no")
        futures: list[pykka.Future[Any]] = [reply]
        known = weakref.ref(error)
        reply.fail(error)
        del reply, error
        raise_again(futures)
        return known

    gc.collect()
    gc.disable()
    try:
        assert fail_and_get()() is None
    finally:
        gc.enable()

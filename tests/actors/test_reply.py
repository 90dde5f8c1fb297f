"""The reply: a future that can be awaited, and whose first answer counts."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pykka
import pytest

from actors.errors import WouldDeadlockError
from actors.latch import forget_loop, note_loop
from actors.reply import Reply

PATIENCE = 10.0


def test_the_answer_is_returned_to_whoever_gets_it() -> None:
    reply = Reply()

    reply.set("answer")

    assert (reply.get(), reply.get(timeout=0), reply.wait(0)) == ("answer", "answer", True)


def test_the_first_answer_counts() -> None:
    reply = Reply()

    reply.set("first")
    reply.set("second")
    reply.fail(ValueError("late"))

    assert reply.get() == "first"


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


def test_a_derived_future_can_be_got_and_awaited() -> None:
    reply = Reply()
    derived = reply.map(str.upper)

    async def answer_and_await() -> Any:
        asyncio.get_running_loop().call_later(0.02, reply.set, "answer")  # it has to ask again
        return await derived

    assert asyncio.run(answer_and_await()) == "ANSWER"
    assert derived.get() == "ANSWER"

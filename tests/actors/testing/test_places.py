from __future__ import annotations

import asyncio
import threading

from actors.testing.places import place_of_task, place_of_thread


def test_the_place_of_a_thread_is_that_of_the_users_code() -> None:
    place = place_of_thread(threading.get_ident())

    assert place.startswith(f"{__file__}:")
    assert place.endswith("in test_the_place_of_a_thread_is_that_of_the_users_code")


def test_a_thread_that_is_not_there_has_no_place() -> None:
    assert place_of_thread(0) == ""


def test_the_place_of_a_task_is_the_innermost_of_the_users_code() -> None:
    async def outer() -> None:
        await inner()

    async def inner() -> None:
        await asyncio.sleep(10.0)  # the agent: waits in the library

    async def find() -> str:
        task = asyncio.create_task(outer())
        await asyncio.sleep(0)
        place = place_of_task(task)
        task.cancel()
        return place

    assert asyncio.run(find()).endswith("inner")


def test_a_task_of_the_library_alone_has_no_place() -> None:
    async def find() -> str:
        task = asyncio.create_task(asyncio.sleep(10.0))  # the agent: is all of the library
        await asyncio.sleep(0)
        place = place_of_task(task)
        task.cancel()
        return place

    assert asyncio.run(find()) == ""

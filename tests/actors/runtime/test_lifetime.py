"""The lifetime of a runtime: it starts once and stops once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from actors.control.environment import DaemonThreads, Environment
from actors.runtime.runtime import Runtime
from actors.values.errors import ForkedRuntimeError, GreenThreadsError, RuntimeNotRunningError
from tests.actors.logged_agents import function


class CountedThreads(DaemonThreads):
    """Ordinary threads, whose names are kept."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def start(self, name: str, target: Callable[[], None]) -> threading.Thread:
        self.names.append(name)
        return super().start(name, target)


def test_awaiting_the_stop_again_begins_no_other() -> None:
    threads = CountedThreads()
    runtime = Runtime(environment=Environment(threads=threads)).start()

    async def stop_twice() -> None:
        await runtime.stop_async()
        await runtime.stop_async()

    asyncio.run(stop_twice())

    assert threads.names.count("mixmode-stop") == 1


def test_what_was_never_started_is_over_when_it_has_been_stopped() -> None:
    runtime = Runtime()

    report = runtime.stop()

    assert (report.cancelled_runs, report.abandoned_work) == ((), {})
    with pytest.raises(RuntimeNotRunningError, match="the runtime is stopped"):
        runtime.start()


@pytest.mark.parametrize(
    ("patched", "package"),
    [
        ("threading.get_ident", "gevent"),
        ("selectors.DefaultSelector", "gevent"),
        ("actors.runtime.green_threads.SimpleQueue", "eventlet"),
    ],
)
def test_where_threads_take_turns_on_one_it_is_refused(
    patched: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Patch:
        """What stands in for the standard library's."""

    Patch.__module__ = f"{package}.patches"
    runtime = Runtime()
    with monkeypatch.context() as patches:
        patches.setattr(patched, Patch)

        with pytest.raises(GreenThreadsError, match=f"'{package}' has patched threads"):
            runtime.start()

    with runtime:
        assert runtime.health.status == "ok"


# In the child of a fork, which is played here


def test_the_child_of_a_fork_cannot_start_what_its_parent_made() -> None:
    runtime = Runtime()
    runtime._system.is_forked = True

    with pytest.raises(ForkedRuntimeError):
        runtime.start()


def test_the_child_of_a_fork_that_awaits_the_stop_stops_nothing() -> None:
    with Runtime() as runtime:
        runtime._system.is_forked = True

        report = asyncio.run(runtime.stop_async())

        runtime._system.is_forked = False
        runtime.spawn("function", function)
        assert (report.cancelled_runs, report.abandoned_work) == ((), {})
        assert runtime.run("function").outcome.ok

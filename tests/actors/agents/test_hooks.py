"""Hooks: constructors and hooks are called where they will, and what they raise is survived."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from actors.agents.hooks import StartWork, StopWork
from tests.actors.by_hand import Rig
from tests.actors.logged_agents import Logged, LoggedAsync, Quiet, function


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_function_has_no_instances_to_make(rig: Rig) -> None:
    work = StartWork(rig.cell(function, concurrency=1), SimpleNamespace())  # type: ignore[arg-type]  # never looked at

    with pytest.raises(AssertionError, match="a function has no instances"):
        work.call()


def test_hooks_that_are_no_coroutines_are_called_on_a_loop_too(rig: Rig) -> None:
    cell = rig.spawn(Quiet, dispatcher="loop")

    rig.loops.perform()
    rig.inside(lambda: cell.lifecycle.restart(cell.instances[0], "abandoned"))
    rig.loops.perform()

    assert cell.instances[0].is_ready


def test_what_the_end_of_an_async_agent_raises_is_logged(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    class Sour(LoggedAsync):
        async def on_stop(self) -> None:
            raise SystemExit("sour")

    cell = rig.spawn(lambda: Sour([]))
    rig.threads.perform()
    rig.loops.perform()

    cell.request_stop()
    rig.loops.perform()

    assert "on_stop of agent 'agent' raised SystemExit: sour" in caplog.text
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [SystemExit]
    assert cell.is_stopped


def test_the_end_of_an_instance_is_always_wanted(rig: Rig) -> None:
    assert StopWork(rig.cell(Quiet), Logged([])).begin()

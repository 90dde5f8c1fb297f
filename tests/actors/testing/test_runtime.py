from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import Any

import pykka
import pytest

from actors import Agent, AgentTimeoutError, Event, Runtime, Sequential, State, WouldDeadlockError
from actors.testing import (
    AnswersAfter,
    BlockedError,
    Fails,
    Hangs,
    NotVirtualError,
    Probe,
    Returns,
    Scripted,
    ScriptedThread,
    StalledError,
    VirtualRuntime,
    hang,
    sleep,
)
from actors.testing import scheduler as scheduling
from tests.limits import PATIENCE


@pytest.fixture
def runtime() -> Any:
    with VirtualRuntime(seed=5) as runtime:
        yield runtime


# Waiting


def test_settling_lets_all_happen_that_needs_no_time(runtime: VirtualRuntime) -> None:
    runtime.spawn("quick", ScriptedThread(Returns()))
    runtime.spawn("slow", Scripted(AnswersAfter(1.0)))
    quick, slow = runtime.submit(Sequential("quick", "quick")), runtime.submit("slow")
    assert not quick.done()

    runtime.settle()

    assert (quick.done(), slow.done(), runtime.now) == (True, False, 0.0)


def test_advancing_lets_all_happen_that_is_due_by_then(runtime: VirtualRuntime) -> None:
    runtime.spawn("slow", Scripted(AnswersAfter(60.0)))
    run = runtime.submit(Sequential("slow", "slow"))

    runtime.advance(119.0)
    assert not run.done()

    runtime.advance(1.0)
    assert run.done()
    assert runtime.now == 120.0


def test_waiting_for_a_run_takes_virtual_time_at_most(runtime: VirtualRuntime) -> None:
    runtime.spawn("slow", Scripted(AnswersAfter(60.0)))
    run = runtime.submit("slow")

    with pytest.raises(TimeoutError):
        run.result(timeout=10.0)

    assert runtime.now == 10.0
    assert run.result(timeout=60.0).duration == 60.0


def test_asking_takes_virtual_time(runtime: VirtualRuntime) -> None:
    ref = runtime.spawn("slow", Scripted(AnswersAfter(60.0, {"a": 1})))

    assert ref.ask(Event("slow")).state["a"] == 1  # type: ignore[union-attr]  # it blocked, so this is the answer
    future = ref.ask(Event("slow"), block=False)
    with pytest.raises(pykka.Timeout):
        future.get(timeout=10.0)
    assert runtime.now == 70.0
    assert future.get().state["a"] == 1
    assert runtime.now == 120.0


def test_the_timeout_of_an_asked_agent_is_virtual(runtime: VirtualRuntime) -> None:
    ref = runtime.spawn("slow", Scripted(Hangs()), timeout=3600.0)

    with pytest.raises(AgentTimeoutError):
        ref.ask(Event("slow"))

    assert runtime.now == 3600.0


def test_stopping_an_agent_takes_virtual_time(runtime: VirtualRuntime) -> None:
    class Slow(Agent):
        def run(self, event: Event, state: State) -> None:
            """Do nothing."""

        def on_stop(self) -> None:
            sleep(5.0)

    runtime.spawn("slow", Slow)
    runtime.run("slow")
    runtime.stop_agent("slow")
    assert runtime.now == 5.0

    ref = runtime.spawn("slow", Slow)
    runtime.run("slow")
    assert ref.stop() is True
    assert runtime.now == 10.0


def test_a_coroutine_of_the_test_awaits_runs_in_virtual_time(runtime: VirtualRuntime) -> None:
    runtime.spawn("slow", Scripted(AnswersAfter(60.0, {"a": 1})))

    async def serve() -> list[float]:
        results = await asyncio.gather(runtime.submit("slow"), runtime.submit(Sequential("slow", "slow")))
        return [result.duration for result in results]

    assert runtime.complete(serve()) == [60.0, 120.0]


def test_a_coroutine_of_the_test_may_not_block(runtime: VirtualRuntime) -> None:
    runtime.spawn("slow", Scripted(AnswersAfter(60.0)))

    async def serve() -> None:
        runtime.run("slow")

    with pytest.raises(WouldDeadlockError):
        runtime.complete(serve())


# What goes wrong


async def waits_for_good(event: Event, state: State) -> None:
    await asyncio.Event().wait()


def blocks_for_good(event: Event, state: State) -> None:
    hang()


def test_a_run_that_can_never_end_is_told_with_what_waits_for_what(runtime: VirtualRuntime) -> None:
    runtime.spawn("waits", waits_for_good)
    runtime.spawn("blocks", blocks_for_good, concurrency=1)
    runtime.spawn("scripted", Scripted(Hangs()))
    for name in ("waits", "blocks", "blocks", "blocks", "scripted"):
        run = runtime.submit(name)

    with pytest.raises(StalledError) as caught:
        run.result()

    text = str(caught.value)
    assert "after 0 virtual seconds nothing is left that could happen" in text
    assert "<Run 1 of 'waits': in progress>" in text
    assert f"agent 'waits' has not finished an event; it waits at {__file__}:" in text
    assert "in waits_for_good" in text
    assert "in blocks_for_good" in text
    assert "agent 'blocks' has 2 more in its mailbox" in text
    assert "agent 'scripted' has not finished an event\n" in text
    assert text.endswith("give the run a timeout, or let what it waits for end")


def test_an_event_that_was_not_begun_is_told_as_such(runtime: VirtualRuntime) -> None:
    runtime.spawn("plain", ScriptedThread(Returns()))
    runtime.submit("plain")

    assert "agent 'plain' has not begun an event that it was handed" in runtime._tell_waiting()


def test_agents_for_which_time_need_not_pass_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "MOST_TURNS", 100)

    async def spins(event: Event, state: State) -> None:
        while True:
            await asyncio.sleep(0)

    with (
        pytest.raises(StalledError, match="time does not get on: 100 turns.*(\n.*)+spins"),
        VirtualRuntime() as runtime,
    ):
        runtime.spawn("spins", spins)
        runtime.run("spins")


def test_an_agent_that_blocks_in_real_time_is_told_with_its_place() -> None:
    gate = threading.Event()

    def blocks(event: Event, state: State) -> None:
        gate.wait()  # the misbehaviour: this is not virtual

    runtime = VirtualRuntime(patience=0.5).start()
    runtime.spawn("blocks", blocks)

    with pytest.raises(BlockedError, match=f"'mixmode-worker-1' has been busy or blocked at {__file__}.*in .*blocks"):
        runtime.run("blocks")

    gate.set()
    runtime.stop()


def test_an_agent_that_blocks_in_real_time_while_it_is_left_is_told_too() -> None:
    gate = threading.Event()

    class Blocks(Agent):
        def run(self, event: Event, state: State) -> None:
            """Do nothing."""

        def on_stop(self) -> None:
            gate.wait()  # the misbehaviour: this is not virtual

    runtime = VirtualRuntime(patience=0.5).start()
    runtime.spawn("blocks", Blocks)
    runtime.run("blocks")

    with pytest.raises(BlockedError):
        runtime.stop()

    gate.set()


def test_threads_that_would_not_end_are_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    is_over = threading.Event()

    def stubborn(event: Event, state: State) -> None:
        while not is_over.is_set():
            with contextlib.suppress(BaseException):  # the misbehaviour: it swallows everything
                hang()

    with VirtualRuntime() as runtime:
        runtime.spawn("stubborn", stubborn)
        runtime.submit("stubborn", timeout=1.0).exception()

    assert "threads that would not end when their virtual runtime was left: mixmode-worker-1" in caplog.text
    is_over.set()
    runtime._scheduler._seats[1].baton.release()


def test_another_thread_cannot_wait_in_it(runtime: VirtualRuntime) -> None:
    runtime.spawn("slow", Scripted(AnswersAfter(1.0)))
    run = runtime.submit("slow")
    errors: list[BaseException] = []

    def wait() -> None:
        try:
            run.result()
        except NotVirtualError as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join()

    assert len(errors) == 1


# Making, entering, leaving


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"seed": 1.5}, TypeError, "seed must be a whole number, not 1.5"),
        ({"seed": True}, TypeError, "seed must be a whole number, not True"),
        ({"patience": -1}, ValueError, "patience: only 0 or more finite seconds"),
        ({"loop": None}, TypeError, "it has its own loop; leave loop= out"),
        ({"environment": None}, TypeError, "it has its own environment"),
        ({"max_runs": 0}, ValueError, "max_runs"),
    ],
)
def test_what_makes_no_virtual_runtime_is_refused(options: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        VirtualRuntime(**options)


def test_it_is_entered_by_with_alone() -> None:
    async def enter() -> None:
        async with VirtualRuntime():
            pass

    with pytest.raises(TypeError, match="run coroutines of the test by its complete"):
        asyncio.run(enter())


def test_it_cannot_be_entered_in_a_coroutine_where_awaiting_it_would_never_end() -> None:
    async def enter() -> None:
        with VirtualRuntime():
            pytest.fail("it was entered")

    with pytest.raises(NotVirtualError, match=r"in a coroutine .* plain test function.*complete\(\)"):
        asyncio.run(enter())


def test_a_start_that_fails_leaves_nothing() -> None:
    with Runtime(metrics_port=0) as real:
        virtual = VirtualRuntime(metrics_port=real.metrics_port)

        with pytest.raises(OSError):
            virtual.start()

    sleep(0.0)  # in real time: the thread is not in virtual time any more


def test_what_is_added_after_the_end_is_still_called(runtime: VirtualRuntime) -> None:
    called = threading.Event()
    with VirtualRuntime() as ended:
        ended.spawn("quick", Scripted(Returns()))
        run = ended.submit("quick")
        run.result()

    run.add_done_callback(lambda _run: called.set())

    assert called.wait(PATIENCE)


def test_leaving_drains_within_the_grace_in_virtual_time() -> None:
    with VirtualRuntime(grace=3600.0) as runtime:
        runtime.spawn("slow", Scripted(AnswersAfter(1800.0)))
        run = runtime.submit("slow")

    assert run.result().duration == 1800.0


def test_leaving_by_an_error_cancels_at_once() -> None:
    with pytest.raises(KeyError), VirtualRuntime() as runtime:
        runtime.spawn("slow", Scripted(AnswersAfter(1800.0)))
        run = runtime.submit("slow")
        raise KeyError

    assert run.cancelled()
    assert runtime.now < 10.0


def test_it_shows_its_seed(runtime: VirtualRuntime) -> None:
    assert repr(runtime) == "VirtualRuntime(seed=5)"


def test_ids_of_events_are_numbers_but_for_those_that_were_given(runtime: VirtualRuntime) -> None:
    probe = Probe()
    runtime.spawn("probe", probe)

    for event in (None, {"a": 1}, Event("mine", id="given"), {}):
        runtime.run("probe", event)
    runtime.run(Sequential("probe"))

    assert [event.id for event in probe.all(Event)] == ["1", "2", "given", "3", "4"]


def test_what_is_no_workflow_is_refused_as_ever(runtime: VirtualRuntime) -> None:
    with pytest.raises(TypeError):
        runtime.submit(5)  # type: ignore[arg-type]  # refused


def test_an_agent_in_a_process_of_its_own_is_refused(runtime: VirtualRuntime) -> None:
    with pytest.raises(NotVirtualError, match=r"spawn\('apart', dispatcher='process'\) reaches outside virtual time"):
        runtime.spawn("apart", Scripted(Returns()), dispatcher="process")


def test_jitter_is_the_seeds() -> None:
    def draws(seed: int) -> list[float]:
        random = VirtualRuntime(seed=seed)._system.environment.random
        return [random.random() for _ in range(3)]

    assert draws(1) == draws(1) != draws(2)


def test_what_blocks_for_a_moment_of_real_time_takes_no_virtual_time(runtime: VirtualRuntime) -> None:
    def busy(event: Event, state: State) -> None:
        time.sleep(0.01)  # the agent: blocks in real time

    runtime.spawn("busy", busy)

    assert runtime.run("busy").duration == 0.0


@pytest.mark.expects_errors
def test_a_task_that_ignores_its_end_is_left_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    async def ignores(event: Event, state: State) -> None:
        while True:
            try:
                await asyncio.sleep(3600.0)  # the agent: hangs in virtual time
            except asyncio.CancelledError:
                continue
            except GeneratorExit:
                await asyncio.sleep(1.0)  # the agent: ignores even its own end
                raise

    with VirtualRuntime() as runtime:
        runtime.spawn("ignores", ignores)
        runtime.spawn("fails", Scripted(Fails(OSError)))
        runtime.submit("ignores", timeout=1.0).exception()

    assert "Task was destroyed" not in caplog.text

"""Living in a host service: its event loop, its threads, its forks, its Pykka."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import traceback
from collections.abc import Callable

import pykka
import pytest

from actors import (
    Agent,
    Event,
    ForkedRuntimeError,
    Parallel,
    Run,
    Runtime,
    State,
    WorkflowFailedError,
    WouldDeadlockError,
)
from actors.testing import AnswersAfter, Scripted, VirtualRuntime
from supervisors import Reason
from tests.scenarios.timing import eventually, seconds_of
from tests.scenarios.virtual_runs import HOUR
from tests.scenarios.watching import PATIENCE

TOO_LONG = PATIENCE


async def sleeps(event: Event, state: State) -> None:
    await asyncio.sleep(TOO_LONG)  # the agent: is at work when its loop ends


async def answers(event: Event, state: State) -> None:
    await asyncio.sleep(0)
    state["answer"] = 42


def computes(event: Event, state: State) -> None:
    state["computed"] = True


# Async agents share the host's loop.


def test_agents_run_on_the_hosts_loop_when_it_is_attached() -> None:
    async def names_its_loop(event: Event, state: State) -> None:
        state["is_host"] = asyncio.get_running_loop() is loop

    async def host() -> State:
        async with Runtime(loop=loop) as runtime:
            runtime.spawn("agent", names_its_loop)
            return (await runtime.submit("agent")).state

    loop = asyncio.new_event_loop()
    try:
        assert loop.run_until_complete(host())["is_host"] is True
    finally:
        loop.close()


def test_waiting_for_a_run_does_not_block_the_loop() -> None:
    has_beaten = threading.Event()

    async def beat() -> None:
        for _ in range(10):
            await asyncio.sleep(0)
        has_beaten.set()

    def computes_for_a_while(event: Event, state: State) -> None:
        state["in time"] = has_beaten.wait(PATIENCE)

    async def host() -> State:
        async with Runtime() as runtime:
            runtime.spawn("agent", computes_for_a_while)
            run = runtime.submit("agent")
            heart = asyncio.create_task(beat())  # which begins when this waits
            result = await run
            await heart
            return result.state

    assert asyncio.run(host())["in time"] is True


@pytest.mark.parametrize("name", ["sleeps", "answers"])
def test_runs_end_in_a_clear_error_when_the_hosts_loop_ends_under_them(name: str) -> None:
    runs: list[Run] = []
    runtimes: list[Runtime] = []
    under_way = asyncio.Semaphore(0)

    async def begins_and_sleeps(event: Event, state: State) -> None:
        under_way.release()
        await sleeps(event, state)

    async def begins_and_answers(event: Event, state: State) -> None:
        await answers(event, state)
        under_way.release()

    async def host() -> None:
        runtime = Runtime(loop=asyncio.get_running_loop(), grace=5.0).start()
        runtimes.append(runtime)
        runtime.spawn("sleeps", begins_and_sleeps)
        runtime.spawn("answers", begins_and_answers)
        runs.extend(runtime.submit(Parallel(name, name="all")) for _ in range(3))
        for _ in range(3):
            await under_way.acquire()
        runs.extend(runtime.submit(Parallel("sleeps", name="all")) for _ in range(3))

    asyncio.run(host())

    errors = [run.exception(PATIENCE) for run in runs]
    assert seconds_of(runtimes[0].stop) < TOO_LONG
    unfinished = [error for error in errors if error is not None]
    assert len(unfinished) == (6 if name == "sleeps" else 3)
    assert {error.outcome.reason for error in unfinished} <= {
        Reason.LOOP_CLOSED,
        Reason.CHILD_FAILED,
        Reason.REQUIRED_BRANCH_FAILED,
    }
    assert all("loop" in str(error) for error in unfinished)


def test_a_host_whose_loop_ends_hears_of_no_task_left_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    is_under_way = asyncio.Event()

    class Sleeper(Agent):
        async def run(self, event: Event, state: State) -> None:
            is_under_way.set()
            await sleeps(event, state)

    async def host() -> None:
        runtime = Runtime(loop=asyncio.get_running_loop(), grace=5.0).start()
        runtimes.append(runtime)
        runtime.spawn("sleeper", Sleeper)
        runs.extend(runtime.submit("sleeper") for _ in range(2))
        await is_under_way.wait()  # the first is, and the second waits for it

    runtimes: list[Runtime] = []
    runs: list[Run] = []
    asyncio.run(host())
    assert all(run.exception(PATIENCE) is not None for run in runs)
    runtimes[0].stop()

    gc.collect()

    assert "Task was destroyed" not in caplog.text


def test_runs_end_in_a_clear_error_when_the_hosts_loop_is_closed() -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    with Runtime(loop=loop, grace=5.0) as runtime:
        began = threading.Event()

        async def begins_and_sleeps(event: Event, state: State) -> None:
            began.set()
            await sleeps(event, state)

        runtime.spawn("sleeps", begins_and_sleeps)
        runtime.spawn("computes", computes)
        run = runtime.submit("sleeps")
        assert began.wait(PATIENCE)

        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        for task in asyncio.all_tasks(loop):
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # the host's mess, not ours
        loop.close()

        error = run.exception(PATIENCE)
        after = runtime.submit("sleeps").exception(PATIENCE)
        health = str(runtime.health)
        assert runtime.run("computes").state["computed"] is True
        assert seconds_of(runtime.stop) < TOO_LONG

    assert error is not None
    assert after is not None
    assert (error.outcome.reason, after.outcome.reason) == (Reason.LOOP_CLOSED,) * 2
    assert "loop" in str(error)
    assert health == "degraded; async agents are not started: the host has closed its event loop, which they share"


def test_the_hosts_loop_is_left_as_it_was(host_loop: asyncio.AbstractEventLoop) -> None:
    def factory(loop: asyncio.AbstractEventLoop, coroutine: object, **options: object) -> object:
        return asyncio.Task(coroutine, loop=loop, **options)  # type: ignore[arg-type]  # passed on

    host_loop.set_task_factory(factory)  # type: ignore[arg-type]  # the same

    with Runtime(loop=host_loop) as runtime:
        runtime.spawn("answers", answers)
        assert runtime.run("answers").state["answer"] == 42

    assert eventually(lambda: host_loop.get_task_factory() is factory)
    assert host_loop.is_running()


# Blocking calls on a thread that runs a loop of ours are refused.


BLOCKING: dict[str, Callable[[Runtime], object]] = {
    "run": lambda runtime: runtime.run("computes"),
    "result": lambda runtime: runtime.submit("sleeps").result(),
    "exception": lambda runtime: runtime.submit("sleeps").exception(),
    "ask": lambda runtime: runtime.agent("sleeps").ask(Event()),
    "ask with a timeout": lambda runtime: runtime.agent("sleeps").ask(Event(), timeout=PATIENCE),
    "stop_agent": lambda runtime: runtime.stop_agent("computes"),
    "stop": lambda runtime: runtime.stop(),
    "with": lambda runtime: runtime.__exit__(None, None, None),
}


@pytest.mark.parametrize("call", BLOCKING)
def test_blocking_on_the_hosts_loop_is_refused_at_once(call: str) -> None:
    async def host() -> None:
        runtime = Runtime(loop=asyncio.get_running_loop(), grace=0.0).start()
        runtime.spawn("sleeps", sleeps)
        runtime.spawn("computes", computes)
        try:
            with pytest.raises(WouldDeadlockError):
                BLOCKING[call](runtime)
        finally:
            await runtime.stop_async()

    assert seconds_of(lambda: asyncio.run(host())) < TOO_LONG


@pytest.mark.parametrize("call", BLOCKING)
def test_an_async_agent_that_blocks_for_another_is_refused_at_once(call: str) -> None:
    async def blocks(event: Event, state: State) -> None:
        BLOCKING[call](runtime)

    with VirtualRuntime() as runtime:
        runtime.spawn("sleeps", Scripted(AnswersAfter(HOUR)), timeout=60.0)
        runtime.spawn("computes", computes)
        runtime.spawn("blocks", blocks)

        error = runtime.submit("blocks").exception()
        refused_at = runtime.now

    assert error is not None
    assert isinstance(error.__cause__, WouldDeadlockError)
    assert refused_at == 0


def test_a_runtime_is_stopped_properly_after_a_refused_stop() -> None:
    async def host() -> None:
        runtime = Runtime(loop=asyncio.get_running_loop()).start()
        with pytest.raises(WouldDeadlockError):
            runtime.stop()
        await runtime.stop_async()

    asyncio.run(host())


# Strangers in the same process.


def test_a_strangers_stop_all_leaves_the_runtime_alone(runtime: Runtime) -> None:
    class Stranger(pykka.ThreadingActor):
        pass

    ref = runtime.spawn("computes", computes)
    Stranger.start()

    stopped = pykka.ActorRegistry.stop_all(timeout=PATIENCE)

    assert len(stopped) == 1
    assert ref.is_alive()
    assert runtime.run("computes").state["computed"] is True


# Forks.


def in_child(act: Callable[[], None]) -> int:
    """Run something in a forked child and return how that exited: 0 if it raised nothing."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act()
            code = 0
        except BaseException:  # noqa: BLE001  # the child must not run the rest of the test
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_refused_and_the_parent_goes_on(runtime: Runtime, gate: threading.Event) -> None:
    def waits(event: Event, state: State) -> None:
        gate.wait(PATIENCE)

    runtime.spawn("computes", computes)
    ref = runtime.spawn("waits", waits)
    run = runtime.submit("waits")

    def act() -> None:
        for call in (
            lambda: runtime.submit("computes"),
            lambda: runtime.run("computes"),
            lambda: runtime.spawn("more", computes),
            lambda: ref.ask(Event(), timeout=PATIENCE),
            lambda: ref.tell(Event()),
            lambda: run.result(PATIENCE),
            lambda: run.exception(PATIENCE),
            lambda: runtime.stop_agent("waits"),
        ):
            with pytest.raises(ForkedRuntimeError):
                call()
        runtime.stop()

    assert in_child(act) == 0

    assert runtime.run("computes").state["computed"] is True
    gate.set()
    assert run.result(PATIENCE).outcome.ok


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_may_have_a_runtime_of_its_own(runtime: Runtime) -> None:
    runtime.spawn("computes", computes)
    runtime.run("computes")

    def act() -> None:
        with Runtime() as own:
            own.spawn("computes", computes)
            own.spawn("answers", answers)
            assert own.run(Parallel("computes", "answers")).state["answer"] == 42

    assert in_child(act) == 0


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_leaves_the_parents_context_exits_cleanly() -> None:
    def act() -> None:
        runtime.__exit__(None, None, None)

    with Runtime() as runtime:
        runtime.spawn("computes", computes)
        runtime.submit("computes").result()

        assert in_child(act) == 0
        assert runtime.run("computes").state["computed"] is True


def test_errors_of_a_closed_loop_are_workflow_errors() -> None:
    async def host() -> Run:
        runtime = Runtime(loop=asyncio.get_running_loop()).start()
        runtimes.append(runtime)
        runtime.spawn("sleeps", sleeps)
        return runtime.submit("sleeps")

    runtimes: list[Runtime] = []
    run = asyncio.run(host())

    with pytest.raises(WorkflowFailedError):
        run.result(PATIENCE)
    runtimes[0].stop()

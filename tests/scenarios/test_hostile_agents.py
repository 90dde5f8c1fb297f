"""Hostile agents: only their own step fails. The host, its loop and the runs beside go on."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from actors import Event, Runtime, Sequential, State, WorkflowFailedError
from supervisors import OutcomeKind, Reason
from tests.scenarios.watching import PATIENCE, Watcher

BASE_EXCEPTIONS = [SystemExit, KeyboardInterrupt, asyncio.CancelledError, GeneratorExit]


class NastyError(Exception):
    """Cannot even be shown."""

    def __str__(self) -> str:  # noqa: PLE0307  # it never gets there
        sys.exit("the text of an exception ends the process")

    __repr__ = __str__


class SulkyError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no comment")


class Trap(Mapping[str, Any]):
    """A mapping that raises when it is read."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __getitem__(self, key: str) -> Any:
        raise self.error

    def __iter__(self) -> Iterator[str]:
        raise self.error

    def __len__(self) -> int:
        raise self.error

    def items(self) -> Any:
        raise self.error

    def keys(self) -> Any:
        raise self.error


def raising(error: Callable[[], BaseException]) -> Callable[[Event, State], Any]:
    def act(event: Event, state: State) -> Any:
        raise error()

    return act


def returning(make: Callable[[], Any]) -> Callable[[Event, State], Any]:
    def act(event: Event, state: State) -> Any:
        return make()

    return act


def swallows_itself(event: Event, state: State) -> Any:
    items: list[Any] = []
    items.append(items)
    state["x"] = items


def grows_into_itself(event: Event, state: State) -> Any:
    state["x"] = []
    state["x"].append(state["x"])


def returns_itself(event: Event, state: State) -> Any:
    return {"state": {"state": state}, "more": object()}


def changes_its_event(event: Event, state: State) -> Any:
    event.data["items"].append("more")


def changes_deep_in_its_event(event: Event, state: State) -> Any:
    event.data["items"][0]["nested"].append("more")


def changes_its_event_metadata(event: Event, state: State) -> Any:
    event.metadata["session_id"] = "somebody else's"


def changes_the_meta(event: Event, state: State) -> Any:
    state.meta["mine"] = {}  # type: ignore[index]  # the misbehaviour


HOSTILE: dict[str, Callable[[Event, State], Any]] = {
    **{f"raises {kind.__name__}": raising(kind) for kind in BASE_EXCEPTIONS},
    "raises what cannot be shown": raising(NastyError),
    "raises what raises when shown": raising(SulkyError),
    "exits": lambda event, state: sys.exit(3),
    "returns an int": returning(lambda: 42),
    "returns an object": returning(object),
    "returns a generator": returning(lambda: (n for n in "abc")),
    "returns a type": returning(lambda: State),
    "returns a string": returning(lambda: "done"),
    "returns a mapping that raises": returning(lambda: Trap(RuntimeError("no items"))),
    "returns a mapping that exits": returning(lambda: Trap(SystemExit())),
    "returns keys that are no strings": returning(lambda: {1: "one"}),
    "returns itself": returns_itself,
    "swallows itself": swallows_itself,
    "grows into itself": grows_into_itself,
    "changes its event": changes_its_event,
    "changes deep in its event": changes_deep_in_its_event,
    "changes its event's metadata": changes_its_event_metadata,
    "changes the meta": changes_the_meta,
}

EVENT = {"items": [{"nested": ["given"]}]}


class Hostile:
    """An agent that is hostile to every event but those that say otherwise."""

    def __init__(self, act: Callable[[Event, State], Any]) -> None:
        self.act = act

    def run(self, event: Event, state: State) -> Any:
        if event.data.get("behave"):
            state["well"] = "behaved"
            return None
        return self.act(event, state)

    async def run_async(self, event: Event, state: State) -> Any:
        return self.run(event, state)


class Neighbour:
    """An async agent that is under way while others misbehave: until it is told news."""

    def __init__(self) -> None:
        self._under_way = threading.Semaphore(0)
        # Appended to by the agent before it looks whether there is news; read when there is.
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        self._is_told = False

    async def run(self, event: Event, state: State) -> None:
        told = asyncio.Event()
        self._waiting.append((asyncio.get_running_loop(), told))
        self._under_way.release()
        if not self._is_told:
            await told.wait()
        state["waited"] = True

    def await_under_way(self, many: int) -> None:
        """Wait until so many have begun since the last call."""
        assert all(self._under_way.acquire(timeout=PATIENCE) for _ in range(many)), "they never began"

    def tell(self) -> None:
        """Have those that are under way go on, and those to come not wait."""
        self._is_told = True
        for loop, told in self._waiting:
            loop.call_soon_threadsafe(told.set)


@pytest.fixture
def neighbour() -> Neighbour:
    return Neighbour()


@pytest.fixture(params=["own loop", "host loop"])
def house(
    request: pytest.FixtureRequest, watcher: Watcher, host_loop: asyncio.AbstractEventLoop, neighbour: Neighbour
) -> Iterator[Runtime]:
    """A runtime in either mode, with agents that behave beside the hostile ones."""
    loop = host_loop if request.param == "host loop" else None
    with Runtime(loop=loop, observers=[watcher], abandon_after=0.1, grace=5.0) as runtime:
        runtime.spawn("before", _before)
        runtime.spawn("waiting", neighbour.run)
        yield runtime


def _before(event: Event, state: State) -> None:
    state["before"] = ["kept"]


def failure_of(runtime: Runtime, workflow: Any) -> WorkflowFailedError:
    error = runtime.submit(workflow, EVENT, {"list": [1]}).exception(PATIENCE)
    assert error is not None
    return error


@pytest.mark.parametrize("dispatcher", ["loop", "threads"])
@pytest.mark.parametrize("deed", HOSTILE)
def test_only_the_step_of_a_hostile_agent_fails(
    house: Runtime, host_loop: asyncio.AbstractEventLoop, neighbour: Neighbour, deed: str, dispatcher: str
) -> None:
    hostile = Hostile(HOSTILE[deed])
    house.spawn("hostile", hostile.run_async if dispatcher == "loop" else hostile.run)
    beside = [house.submit("waiting") for _ in range(3)]
    neighbour.await_under_way(3)

    error = failure_of(house, Sequential("before", "hostile", "waiting", name="story"))

    neighbour.tell()
    assert error.outcome.kind is OutcomeKind.FAILED
    assert error.outcome.culprit == "story/hostile"
    assert dict(error.state) == {"list": [1], "before": ["kept"]}
    assert all(run.result(PATIENCE).state["waited"] for run in beside)
    assert house.run("hostile", {"behave": True}).state["well"] == "behaved"
    assert host_loop.is_running()
    assert EVENT == {"items": [{"nested": ["given"]}]}


async def _exit() -> None:
    sys.exit("a task of the agent's own")


async def _interrupt() -> None:
    raise KeyboardInterrupt


async def awaits_its_task(event: Event, state: State) -> None:
    await asyncio.create_task(_exit())


async def awaits_its_interrupted_task(event: Event, state: State) -> None:
    await asyncio.gather(asyncio.create_task(_interrupt()), asyncio.sleep(0))


async def groups_its_tasks(event: Event, state: State) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_exit())
        tasks.create_task(asyncio.sleep(PATIENCE))  # the agent: its group cancels it


@pytest.mark.expects_errors
@pytest.mark.parametrize("agent", [awaits_its_task, awaits_its_interrupted_task, groups_its_tasks])
def test_a_child_task_that_exits_fails_the_step_that_awaits_it(
    house: Runtime, host_loop: asyncio.AbstractEventLoop, neighbour: Neighbour, agent: Callable[..., Any]
) -> None:
    house.spawn("hostile", agent)
    beside = house.submit("waiting")
    neighbour.await_under_way(1)

    error = failure_of(house, Sequential("before", "hostile", name="story"))

    neighbour.tell()
    assert error.outcome.reason is Reason.CHILD_FAILED
    assert error.outcome.culprit == "story/hostile"
    assert beside.result(PATIENCE).state["waited"] is True
    assert host_loop.is_running()


@pytest.mark.expects_errors
@pytest.mark.parametrize("child", [_exit, _interrupt])
def test_a_child_task_that_exits_unawaited_ends_nobody(
    house: Runtime, host_loop: asyncio.AbstractEventLoop, neighbour: Neighbour, child: Callable[..., Any]
) -> None:
    async def leaves_a_task(event: Event, state: State) -> None:
        state["task"] = asyncio.create_task(child()).get_name()

    house.spawn("hostile", leaves_a_task)
    beside = house.submit("waiting")
    neighbour.await_under_way(1)

    results = [house.run("hostile") for _ in range(3)]

    neighbour.tell()
    assert all("task" in result.state for result in results)
    assert beside.result(PATIENCE).state["waited"] is True
    assert host_loop.is_running()


@pytest.mark.expects_errors
def test_a_callback_that_exits_ends_nobody_on_the_own_loop(runtime: Runtime, neighbour: Neighbour) -> None:
    async def leaves_a_callback(event: Event, state: State) -> None:
        asyncio.get_running_loop().call_soon(sys.exit)

    runtime.spawn("hostile", leaves_a_callback)
    runtime.spawn("waiting", neighbour.run)
    beside = runtime.submit("waiting")
    neighbour.await_under_way(1)

    for _ in range(3):
        assert runtime.run("hostile", timeout=PATIENCE).outcome.ok

    neighbour.tell()
    for run in (beside, runtime.submit("waiting")):
        assert run.result(PATIENCE).state["waited"] is True


def test_an_agent_that_cancels_every_task_it_finds_hangs_nobody(house: Runtime, neighbour: Neighbour) -> None:
    began = threading.Event()

    async def spoils(event: Event, state: State) -> None:
        began.set()
        for task in asyncio.all_tasks():
            task.cancel()

    house.spawn("hostile", spoils)
    beside = [house.submit("waiting") for _ in range(3)]
    neighbour.await_under_way(3)
    house.submit("hostile")
    beside += [house.submit("waiting") for _ in range(3)]
    assert began.wait(PATIENCE)

    neighbour.tell()
    for run in beside:
        run.exception(PATIENCE)

    assert house.run("waiting", timeout=PATIENCE).state["waited"] is True


def test_an_agent_that_stops_its_loop_hangs_nobody(runtime: Runtime, neighbour: Neighbour) -> None:
    async def stops_the_loop(event: Event, state: State) -> None:
        asyncio.get_running_loop().stop()

    runtime.spawn("hostile", stops_the_loop)
    runtime.spawn("waiting", neighbour.run)
    beside = runtime.submit("waiting")
    neighbour.await_under_way(1)

    runtime.run("hostile", timeout=PATIENCE)

    neighbour.tell()
    assert beside.result(PATIENCE).state["waited"] is True
    assert runtime.run("waiting", timeout=PATIENCE).state["waited"] is True


@pytest.mark.parametrize("error", [NastyError, SulkyError])
def test_what_cannot_be_shown_is_named_by_its_type(house: Runtime, error: type[Exception]) -> None:
    house.spawn("hostile", raising(error))

    failure = failure_of(house, "hostile")

    assert error.__name__ in str(failure)
    assert isinstance(failure.__cause__, error)


def test_the_host_is_not_ended_by_the_error_of_an_exiting_agent(house: Runtime) -> None:
    house.spawn("hostile", raising(SystemExit))

    with pytest.raises(WorkflowFailedError) as caught:
        house.run("hostile")

    assert isinstance(caught.value, Exception)
    assert isinstance(caught.value.__cause__, SystemExit)
    with pytest.raises(Exception, match="SystemExit"):
        house.agent("hostile").ask(Event())

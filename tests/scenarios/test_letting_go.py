"""What has been stopped is let go of at once, whatever time it was given to stop in."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar, copy_context
from functools import partial
from typing import Any

import pytest

from actors import (
    Agent,
    AgentContext,
    Branch,
    Cached,
    Event,
    Map,
    Parallel,
    Runtime,
    State,
    WorkflowFailedError,
)
from supervisors import Backoff, Retry
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE

AGENTS = 300
LONG, SHORT = 600.0, 0.5


class Belongings:
    """What a factory closes over, or a call has at hand."""


class Holder(Agent):
    def __init__(self, belongings: Belongings) -> None:
        self.belongings = belongings

    def run(self, event: Event, state: State) -> None:
        """Do nothing."""


class Stopping(Holder):
    def on_stop(self) -> None:
        """Do nothing, on a thread."""


class HolderAsync(Agent):
    def __init__(self, belongings: Belongings) -> None:
        self.belongings = belongings

    async def run(self, event: Event, state: State) -> None:
        """Do nothing."""

    async def on_stop(self) -> None:
        """Do nothing, on the event loop."""


class Crashing(HolderAsync):
    """Crashes when it is told to."""

    def __init__(self, belongings: Belongings, on_start: Callable[[Belongings], object]) -> None:
        super().__init__(belongings)
        self.start = on_start

    async def on_start(self) -> None:
        self.start(self.belongings)

    async def run(self, event: Event, state: State) -> None:
        if event.data.get("crash"):
            raise SystemExit


class CrashingPlain(Holder):
    """Likewise."""

    def run(self, event: Event, state: State) -> None:
        if event.data.get("crash"):
            raise SystemExit


def handle(belongings: Belongings, event: Event, state: State) -> None:
    """Do nothing."""


def step(event: Event, state: State) -> None:
    """Do nothing."""


async def step_async(event: Event, state: State) -> None:
    """Yield to the event loop for long enough to be seen there."""
    ends = asyncio.get_running_loop().time() + 0.1
    while asyncio.get_running_loop().time() < ends:
        await asyncio.sleep(0)


variable: ContextVar[Any] = ContextVar("variable")


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize("code", [Holder, Stopping, HolderAsync, handle])
@pytest.mark.parametrize("grace", [LONG, SHORT])
@pytest.mark.parametrize("is_grouped", [False, True])
def test_stopped_agents_and_what_their_factories_close_over_are_gone(
    code: Callable[..., Any], grace: float, is_grouped: bool
) -> None:
    alive: weakref.WeakSet[Belongings] = weakref.WeakSet()
    refs = []
    with Runtime(grace=grace) as runtime:
        spawn = runtime.group("group").spawn if is_grouped else runtime.spawn
        for number in range(AGENTS):
            belongings = Belongings()
            alive.add(belongings)
            refs.append(spawn(f"agent {number}", partial(code, belongings)))
            del belongings
            runtime.run(f"agent {number}", timeout=PATIENCE)
            runtime.stop_agent(f"agent {number}", timeout=PATIENCE)

        assert eventually(lambda: len(alive) == 0)
        assert eventually(lambda: runtime._system.plane.armed_timers == 0)
        assert not any(ref.is_alive() for ref in refs)


@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize(
    ("code", "dispatcher"), [(Crashing, "loop"), (CrashingPlain, "threads"), (CrashingPlain, "pinned")]
)
def test_an_agent_that_was_restarted_and_stopped_is_gone(
    runtime: Runtime, code: Callable[..., Any], dispatcher: str
) -> None:
    belongings = Belongings()
    held = weakref.ref(belongings)
    factory = partial(code, belongings, id) if code is Crashing else partial(code, belongings)
    ref = runtime.spawn("agent", factory, dispatcher=dispatcher)
    del belongings, factory

    with suppress(WorkflowFailedError):
        runtime.run("agent", {"crash": True}, timeout=PATIENCE)
    runtime.run("agent", timeout=PATIENCE)
    runtime.stop_agent("agent", timeout=PATIENCE)

    assert eventually(lambda: held() is None)
    assert not ref.is_alive()


@pytest.mark.parametrize("code", [Holder, HolderAsync, handle])
def test_a_group_that_was_stopped_leaves_nothing(runtime: Runtime, code: Callable[..., Any]) -> None:
    alive: weakref.WeakSet[object] = weakref.WeakSet()
    for number in range(20):
        group = runtime.group(f"group {number}", strategy="one_for_all")
        alive.add(group)
        for name in "abc":
            belongings = Belongings()
            alive.add(belongings)
            group.spawn(f"{name} {number}", partial(code, belongings))
            del belongings
        group.stop(timeout=PATIENCE)
        del group

    gc.collect()  # a cell and its lifecycle know each other
    assert eventually(lambda: len(alive) == 0)


# Whatever became of a run


def fails(event: Event, state: State) -> None:
    kept = Belongings()
    raise ValueError(f"on purpose, with {kept!r}")


async def fails_async(event: Event, state: State) -> None:
    kept = Belongings()
    raise ValueError(f"on purpose, with {kept!r}")


async def hangs(event: Event, state: State) -> None:
    kept = Belongings()
    await asyncio.get_running_loop().create_future()
    state["kept"] = repr(kept)


async def asks(event: Event, state: State, context: AgentContext) -> None:
    await context.run(Parallel("step", Branch("fails", required=False)))


def asks_plainly(event: Event, state: State, context: AgentContext) -> None:
    context.run("step_async")


async def spawns(event: Event, state: State, context: AgentContext) -> None:
    context.spawn(f"child of {event.id}", partial(handle, Belongings()))


AGENTS_BY_NAME: dict[str, Any] = {
    each.__name__: each for each in (step, step_async, fails, fails_async, hangs, asks, asks_plainly, spawns)
}
AT_ONCE = Backoff(initial=0.0)


@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize(
    "workflow",
    [
        "step",
        "step_async",
        "fails",
        "fails_async",
        "asks",
        "asks_plainly",
        "spawns",
        Branch("hangs", timeout=0.05),
        Branch("fails", retry=Retry(attempts=3, backoff=AT_ONCE)),
        Branch("fails_async", fallback="step"),
        Parallel("step", "fails", "hangs"),
        Parallel("step", "hangs", require="any"),
        Map("step", over="items", into="results"),
    ],
    ids=repr,
)
def test_nothing_is_kept_of_a_run_that_has_ended_whatever_became_of_it(runtime: Runtime, workflow: Any) -> None:
    for name, agent in AGENTS_BY_NAME.items():
        runtime.spawn(name, agent)
    given = Belongings()
    held = weakref.ref(given)

    def run(kept: Belongings) -> None:
        variable.set(kept)
        with suppress(WorkflowFailedError):
            runtime.run(workflow, state={"items": [1, 2, 3]}, timeout=PATIENCE)

    copy_context().run(run, given)
    del given

    assert eventually(lambda: held() is None)
    assert eventually(lambda: not any(isinstance(each, Belongings) for each in gc.get_objects()))
    assert eventually(lambda: runtime._system.plane.armed_timers == 0)


# What is idle keeps nothing of what it did last


@pytest.mark.parametrize("agent", [step, step_async])
def test_an_idle_runtime_keeps_nothing_of_its_last_run(runtime: Runtime, agent: Callable[..., Any]) -> None:
    belongings = Belongings()
    held = weakref.ref(belongings)
    runtime.spawn("agent", agent)

    def submit(kept: Belongings) -> None:
        variable.set(kept)
        runtime.run("agent", timeout=PATIENCE)

    copy_context().run(submit, belongings)
    del belongings
    gc.collect()

    assert eventually(lambda: held() is None)


@pytest.mark.parametrize(("code", "dispatcher"), [(HolderAsync, "loop"), (Holder, "threads"), (Holder, "pinned")])
def test_an_idle_instance_keeps_nothing_of_its_last_event(
    runtime: Runtime, code: Callable[..., Any], dispatcher: str
) -> None:
    belongings, state = Belongings(), State()
    held = weakref.ref(belongings)
    state.share("belongings", belongings)
    runtime.spawn("agent", partial(code, Belongings()), dispatcher=dispatcher)

    runtime.run("agent", state=state, timeout=PATIENCE)
    del belongings, state
    gc.collect()

    assert eventually(lambda: held() is None)


def test_an_idle_instance_keeps_nothing_of_the_one_that_it_replaced(runtime: Runtime) -> None:
    made: list[weakref.ref[Belongings]] = []

    def make() -> Crashing:
        belongings = Belongings()
        made.append(weakref.ref(belongings))
        return Crashing(belongings, variable.set)

    runtime.spawn("agent", make, dispatcher="loop")
    with suppress(WorkflowFailedError):
        runtime.run("agent", {"crash": True}, timeout=PATIENCE)
    runtime.run("agent", timeout=PATIENCE)
    gc.collect()

    first, second = made
    assert eventually(lambda: first() is None)
    assert second() is not None


def test_an_idle_runtime_keeps_nothing_of_its_last_callback(runtime: Runtime) -> None:
    belongings, called = Belongings(), threading.Event()
    held = weakref.ref(belongings)
    runtime.spawn("agent", step)
    run = runtime.submit("agent")
    run.add_done_callback(lambda _, kept=belongings: called.set())  # type: ignore[misc]
    assert called.wait(PATIENCE)

    del belongings
    gc.collect()

    assert eventually(lambda: held() is None)


def test_a_stopped_runtime_keeps_nothing_that_was_cached() -> None:
    with Runtime() as runtime:
        runtime.spawn("agent", step)
        runtime.run(Cached("agent", key="question", ttl=LONG), state={"question": 1}, timeout=PATIENCE)
        while_it_runs = len(runtime._system.caches._caches)

    assert (while_it_runs, len(runtime._system.caches._caches)) == (1, 0)

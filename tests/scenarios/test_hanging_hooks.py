"""Hooks that hang: what is queued is not lost by them, and what they make after all is stopped."""

from __future__ import annotations

import asyncio

import pytest

from actors import Agent, Event, State
from actors.testing import Probe, VirtualRuntime, sleep
from supervisors import Restart
from supervisors.facts import AgentRestarted

HOOK_TIMEOUT, LONG = 30.0, 100.0
MARGIN = 1.0
"""Seconds that a shutdown may take beyond the time that it was given."""

pytestmark = pytest.mark.expects_errors


class Threaded(Agent):
    """Is told by class attributes which of its instances hangs where; notes what happens to which."""

    notes: list[tuple[float, str, int]]
    made: int
    hangs: str
    runtime: VirtualRuntime

    def __init__(self) -> None:
        kind = type(self)
        kind.made += 1
        self.number = kind.made

    def note(self, hook: str) -> None:
        if self.number == 1 and hook == self.hangs:
            sleep(LONG)
        self.notes.append((self.runtime.now, hook, self.number))

    def on_start(self) -> None:
        self.note("start")

    def on_stop(self) -> None:
        self.note("stop")

    def run(self, event: Event, state: State) -> None:
        if "crash" in event.data:
            raise SystemExit(1)
        state["by"] = self.number


class Async(Threaded):
    """The same, on an event loop; when its hook hangs it swallows that it is cancelled."""

    async def anote(self, hook: str) -> None:
        ends = self.runtime.now + LONG
        while self.number == 1 and hook == self.hangs and self.runtime.now < ends:
            try:
                await asyncio.sleep(ends - self.runtime.now)  # the agent: hangs in its hook
            except asyncio.CancelledError:
                continue
        self.notes.append((self.runtime.now, hook, self.number))

    async def on_start(self) -> None:  # type: ignore[override]  # an agent's hooks are of either kind
        await self.anote("start")

    async def on_stop(self) -> None:  # type: ignore[override]  # an agent's hooks are of either kind
        await self.anote("stop")

    async def run(self, event: Event, state: State) -> None:  # type: ignore[override]  # as `Agent.run()` itself
        super().run(event, state)


both_kinds = pytest.mark.parametrize("kind", [Threaded, Async])


def told(kind: type[Threaded], runtime: VirtualRuntime, hangs: str) -> type[Threaded]:
    kind.notes, kind.made, kind.hangs, kind.runtime = [], 0, hangs, runtime
    return kind


def abandoned_in(runtime: VirtualRuntime) -> int:
    lines = runtime.metrics_text().decode().splitlines()
    return int(sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("mixmode_abandoned_work{")))


@both_kinds
@pytest.mark.parametrize("seed", range(3))
def test_a_stop_hook_that_hangs_at_a_restart_loses_nothing_that_is_queued(kind: type[Threaded], seed: int) -> None:
    probe = Probe()
    with VirtualRuntime(seed=seed, observers=[probe], hook_timeout=HOOK_TIMEOUT, abandon_after=1.0) as runtime:
        runtime.spawn("client", told(kind, runtime, "stop"))
        crash = runtime.submit("client", {"crash": True})
        queued = [runtime.submit("client") for _ in range(3)]

        assert crash.exception() is not None
        states = [run.result().state for run in queued]

        assert [state["by"] for state in states] == [2, 2, 2]
        assert runtime.now == HOOK_TIMEOUT
        assert abandoned_in(runtime) == 1
        assert [fact.reason for fact in probe.all(AgentRestarted)] == ["base_exception"]
        runtime.advance(LONG)
        assert abandoned_in(runtime) == 0
    assert kind.notes == [(0.0, "start", 1), (HOOK_TIMEOUT, "start", 2), (LONG, "stop", 1), (runtime.now, "stop", 2)]
    assert kind.made == 2


@both_kinds
@pytest.mark.parametrize("seed", range(3))
def test_what_a_start_that_was_given_up_makes_after_all_is_stopped(kind: type[Threaded], seed: int) -> None:
    with VirtualRuntime(seed=seed, hook_timeout=HOOK_TIMEOUT, abandon_after=1.0) as runtime:
        runtime.spawn("client", told(kind, runtime, "start"), restart=Restart(max_restarts=1))
        rejected = runtime.submit("client")

        assert "its start took longer than 30 s" in str(rejected.exception())
        assert runtime.run("client").state["by"] == 2
        assert abandoned_in(runtime) == 1
        runtime.advance(LONG)
        assert abandoned_in(runtime) == 0
        assert [(hook, number) for _, hook, number in kind.notes] == [("start", 2), ("start", 1), ("stop", 1)]
    assert kind.notes[-1] == (runtime.now, "stop", 2)


@both_kinds
def test_a_runtime_that_stops_does_not_wait_for_a_hook_that_was_given_up(kind: type[Threaded]) -> None:
    with VirtualRuntime(hook_timeout=HOOK_TIMEOUT, abandon_after=1.0, grace=10.0) as runtime:
        runtime.spawn("client", told(kind, runtime, "stop"))
        runtime.submit("client", {"crash": True})
        runtime.run("client")

    assert runtime.now <= HOOK_TIMEOUT + MARGIN

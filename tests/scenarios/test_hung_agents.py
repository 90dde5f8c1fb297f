"""Two hundred agents that hang: each ends on time, the others go on, and the process comes to its end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from statistics import median, quantiles

import pytest

from actors import Event, Runtime, RunTimeoutError, State
from actors.testing import AnswersAfter, Hangs, Scripted, ScriptedThread, VirtualRuntime
from supervisors import Reason
from supervisors.facts import DeadLettered, RunEnded
from tests.scenarios.hanging import HUNG, Hanging
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE, Watcher

MANY = sum(HUNG.values())
QUIET = {kind: many for kind, many in HUNG.items() if kind != "spin"}
A_FEW = {"sleep": 2, "receive": 2, "lock": 2, "read": 2, "spin": 1}
TIMEOUT = 1.0
MARGIN = 1.0
"""Seconds that a shutdown may take beyond the time that it was given."""


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    hanging = Hanging()
    yield hanging
    hanging.close()


def abandoned_in(runtime: Runtime) -> int:
    """Read off the metrics how many pieces of work were given up and still run."""
    lines = runtime.metrics_text().decode().splitlines()
    return int(sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("mixmode_abandoned_work{")))


def quick(event: Event, state: State) -> None:
    state["done"] = True


async def quick_async(event: Event, state: State) -> None:
    state["done"] = True


async def waiting(event: Event, state: State) -> None:
    await asyncio.sleep(0.05)  # the agent: waits as for a server's answer


HEALTHY: dict[str, Callable[..., object]] = {"quick": quick, "quick-async": quick_async, "waiting": waiting}


@pytest.mark.slow
def test_two_hundred_hung_agents_end_at_their_deadlines_and_are_given_up_until_they_return(
    watcher: Watcher, hanging: Hanging
) -> None:
    with Runtime(observers=[watcher], max_threads=MANY, abandon_after=0.1) as runtime:
        runs = [runtime.submit(name, timeout=TIMEOUT) for name in hanging.spawn(runtime)]

        errors = [run.exception(PATIENCE) for run in runs]

        assert Counter(map(type, errors)) == {RunTimeoutError: MANY}
        assert eventually(lambda: abandoned_in(runtime) == len(hanging.begun))
        hanging.let_go()
        assert eventually(lambda: abandoned_in(runtime) == 0)
        assert eventually(lambda: len(watcher.all(DeadLettered)) == MANY)
        letters = Counter(letter.reason for letter in watcher.all(DeadLettered))
        assert letters["late_answer"] == len(hanging.begun)
        assert letters["late_answer"] + letters[Reason.NOT_STARTED.value] == MANY


def test_healthy_agents_answer_beside_hung_ones(hanging: Hanging) -> None:
    with Runtime(max_threads=MANY, abandon_after=0.1) as runtime:
        for name, agent in HEALTHY.items():
            runtime.spawn(name, agent)
        for name in hanging.spawn(runtime, {**A_FEW, "swallow": 2}):
            runtime.submit(name, timeout=TIMEOUT)

        ended = [runtime.submit(name).result(PATIENCE).outcome.ok for name in list(HEALTHY) * 20]

        assert all(ended)
        assert not hanging.gate.is_set()
        hanging.let_go()


def test_above_the_cap_work_for_threads_is_refused_until_hung_agents_of_any_kind_return(hanging: Hanging) -> None:
    cap = sum(A_FEW.values())
    with Runtime(max_abandoned=cap, abandon_after=0.02) as runtime:
        for name, agent in HEALTHY.items():
            runtime.spawn(name, agent)
        names = hanging.spawn(runtime, A_FEW)
        runs = [runtime.submit(name) for name in names]
        assert eventually(lambda: len(hanging.begun) == cap)
        for run in runs:
            run.cancel()
        assert eventually(lambda: abandoned_in(runtime) == cap)

        refused = runtime.submit("quick").exception(PATIENCE)

        assert refused is not None
        assert refused.outcome.reason is Reason.ABANDONED_LIMIT
        assert f"{cap} threads are held" in str(refused)
        assert runtime.submit("quick-async").exception(PATIENCE) is None
        hanging.let_go()
        assert eventually(lambda: runtime.submit("quick").exception(PATIENCE) is None)


@pytest.mark.parametrize("agents", [1, MANY])
@pytest.mark.parametrize(
    "hangs", [Scripted(AnswersAfter(3600, stubborn=True)), ScriptedThread(Hangs())], ids=["async", "thread"]
)
def test_a_shutdown_takes_its_time_and_one_margin_whatever_hangs(hangs: Scripted | ScriptedThread, agents: int) -> None:
    runtime = VirtualRuntime(max_threads=MANY).start()
    for number in range(agents):
        runtime.spawn(f"hung {number}", hangs)
        runtime.submit(f"hung {number}")
    runtime.settle()

    report = runtime.stop(timeout=60.0)

    assert len(report.cancelled_runs) == sum(report.abandoned_work.values()) == agents
    assert 60.0 <= runtime.now <= 60.0 + MARGIN


HOST = """
import sys, time
from actors import Runtime
from tests.scenarios.hanging import Hanging
from tests.scenarios.timing import eventually

hanging = Hanging()
with Runtime(max_threads=256, grace=1.0, abandon_after=0.2) as runtime:
    names = hanging.spawn(runtime)
    runs = [runtime.submit(name) for name in names]
    assert eventually(lambda: len(hanging.begun) == len(names))
    for run in runs[::2]:
        run.cancel()
        run.exception()
    print("stopping", flush=True)
    report = runtime.stop()
print(len(report.cancelled_runs), sum(report.abandoned_work.values()), flush=True)
sys.exit(7)
"""


def end_of_a_host() -> tuple[float, str, str, int]:
    """Return the seconds from the beginning of its shutdown to its end, what it wrote, and its exit code."""
    host = subprocess.Popen([sys.executable, "-c", HOST], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert host.stdout is not None
        assert host.stdout.readline() == "stopping\n"
        began = time.monotonic()
        out, err = host.communicate(timeout=3 * PATIENCE)
        return time.monotonic() - began, out, err, host.returncode
    finally:
        host.kill()
        host.wait()


@pytest.mark.slow
def test_a_process_with_two_hundred_hung_agents_ends_with_its_own_exit_code() -> None:
    _, out, err, code = end_of_a_host()

    assert (code, out) == (7, f"{MANY // 2} {MANY}\n")
    assert "Fatal" not in err


# On a quiet machine: `pytest -m bench -s`.


def seconds_each(runtime: Runtime, name: str, times: int) -> list[float]:
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        runtime.run(name)
        seconds.append(time.perf_counter() - began)
    return seconds


def p99(values: list[float]) -> float:
    return quantiles(values, n=100)[-1]


@pytest.mark.bench
@pytest.mark.parametrize("kinds", [QUIET, HUNG], ids=["quiet", "with busy loops"])
def test_how_late_deadlines_are_and_what_others_notice(
    watcher: Watcher, hanging: Hanging, kinds: dict[str, int]
) -> None:
    times = {"quick": 200, "quick-async": 200, "waiting": 100}
    with Runtime(observers=[watcher], max_threads=2 * MANY, abandon_after=0.2) as runtime:
        for name, agent in HEALTHY.items():
            runtime.spawn(name, agent)
        names = hanging.spawn(runtime, kinds)
        alone = {name: p99(seconds_each(runtime, name, times[name])) for name in HEALTHY}
        runs = [runtime.submit(name, timeout=TIMEOUT) for name in names]
        for run in runs:
            run.exception(PATIENCE)
        assert eventually(lambda: abandoned_in(runtime) == len(names))
        beside = {name: p99(seconds_each(runtime, name, times[name])) for name in HEALTHY}
        hanging.let_go()
    late = [fact.duration - TIMEOUT for fact in watcher.all(RunEnded) if not fact.outcome.ok]

    print(f"\n{len(late)} deadlines are late by {median(late) * 1e3:.1f} ms (median), {max(late) * 1e3:.1f} ms (worst)")  # noqa: T201  # the figures, for `pytest -s`
    for name in HEALTHY:
        print(f"p99 of {name!r}: {alone[name] * 1e3:.2f} ms alone, {beside[name] * 1e3:.2f} ms beside them")  # noqa: T201  # the same
    assert median(late) < 0.02
    assert max(late) < 0.2
    # Beside busy loops whoever needs the GIL waits for them; they are a small part of what an agent that waits takes.
    for name in ["waiting"] if "spin" in kinds else HEALTHY:
        assert beside[name] < 2 * alone[name]


@pytest.mark.bench
def test_how_long_a_process_with_two_hundred_hung_agents_takes_to_end() -> None:
    seconds, *_ = end_of_a_host()

    print(f"\na process with {MANY} hung agents ends {seconds:.2f} s after it began to, of which 1 s is its grace")  # noqa: T201  # the figure
    assert seconds < 1.0 + MARGIN + 0.5

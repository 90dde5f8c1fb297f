"""Whatever is written to the channel of an agent's process, no run gets the answer of another."""

from __future__ import annotations

import itertools
import random
import struct
from typing import Any

import pytest

from actors import Runtime, WorkflowFailedError
from supervisors import Backoff, Restart
from tests.actors.dispatchers import stray_agents
from tests.scenarios.agent_processes import LONG, no_process_and_no_file_is_left, runtime

__all__ = ["no_process_and_no_file_is_left", "runtime"]  # fixtures

AGENTS = {"plain": stray_agents.Plain, "async": stray_agents.Asynchronous}
PLACES = ["before", "amid", "after"]
BESIDE = 3
LONGEST = 8_192
LENGTHS = [0, 1, 8, 64, 10_000, 1 << 26, (1 << 26) + 1, 1 << 40, (1 << 64) - 1]
ALWAYS = Restart(max_restarts=1_000_000, within=60.0, backoff=Backoff(initial=0.0, maximum=0.0))


def stray(number: int, source: random.Random) -> dict[str, Any]:
    """Return what an agent is told to write, and where."""
    contents = {
        "zeros": bytes(number % LONGEST + 1),
        "noise": source.randbytes(number * 7 % LONGEST + 1),
        "length": struct.pack("!Q", LENGTHS[number % len(LENGTHS)]) + source.randbytes(number % 64),
        "replay": b"",
        "answer": b"",
    }
    what = list(contents)[number % len(contents)]
    return {
        "what": what,
        "where": PLACES[number // 5 % 3],
        "number": source.randrange(1 << 16),
        "bytes": contents[what],
    }


def answers(runtime: Runtime, strays: int, seed: int) -> tuple[int, int]:
    """Have agents write what they should not; return how many runs were answered, and how many lost their process."""
    source, users = random.Random(seed), itertools.count()
    for name, agent in AGENTS.items():
        runtime.spawn(name, agent, dispatcher="process", restart=ALWAYS)
    answered = lost = 0
    for number, name in zip(range(strays), itertools.cycle(AGENTS), strict=False):
        events: list[dict[str, Any]] = [{"user": next(users)} for _ in range(BESIDE)]
        events[1] |= stray(number, source)
        runs = [runtime.submit(name, data, timeout=LONG) for data in events]
        for data, run in zip(events, runs, strict=True):
            error = run.exception()
            if error is None:
                assert run.result().state["secret_of"] == data["user"], data
                answered += 1
            else:
                assert isinstance(error, WorkflowFailedError), data
                assert "has lost its process" in str(error), data
                lost += 1
    return answered, lost


@pytest.mark.slow
def test_no_run_gets_the_answer_of_another(runtime: Runtime) -> None:
    strays = len(PLACES) * 5

    answered, lost = answers(runtime, strays, seed=1)

    # What is written before or amid an answer costs that run its answer, and nothing else is lost.
    assert lost == strays * 2 // 3
    assert answered + lost == strays * BESIDE


@pytest.mark.soak
def test_no_run_of_thousands_gets_the_answer_of_another(runtime: Runtime) -> None:
    strays = 1_000

    answered, lost = answers(runtime, strays, seed=2)

    assert answered + lost == strays * BESIDE
    assert lost <= strays

"""The same input and the same successful branches give the same result, byte for byte."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping

from actors import Branch, Event, Parallel, Run, Runtime, Sequential, State
from actors.mergers import LastWins

RUNS = 200
BRANCHES = ("ann", "bob", "cyd", "dan", "eve")


def late_writer(name: str) -> Callable[[Event, State], Awaitable[None]]:
    async def write(event: Event, state: State) -> None:
        await asyncio.sleep(random.uniform(0, 0.004))  # the branches race, and any may win
        state[name] = {"read": state["topic"]["words"], "nested": [name, {"by": name}]}
        state["winner"] = name
        state["topic"]["seen_by"] = name

    return write


async def failing(event: Event, state: State) -> None:
    await asyncio.sleep(random.uniform(0, 0.004))  # it fails now before, now after the others
    raise ValueError("always the same text")


def as_text(state: State) -> str:
    """Show all there is in a state, in its order, with what was noted."""
    return repr((list(state.items()), list(state.meta.items())))


def ended(run: Run) -> str:
    error = run.exception()
    if error is None:
        return as_text(run.result().state)
    return f"{error} {as_text(error.state)} {[(k, v.delta) for k, v in error.branches.items()]}"


def outcomes_of(runtime: Runtime, workflow: Sequential) -> set[str]:
    for name in BRANCHES:
        runtime.spawn(name, late_writer(name))
    runtime.spawn("failing", failing)
    topic = {"topic": {"words": ["a", "b"]}, "winner": None}
    runs = [runtime.submit(workflow, {"n": 1}, topic) for _ in range(RUNS)]
    return {ended(run) for run in runs}


def test_identical_runs_of_racing_branches_have_one_result(runtime: Runtime) -> None:
    workflow = Sequential(Parallel(*BRANCHES, merge=LastWins()), name="race")

    results = outcomes_of(runtime, workflow)

    assert len(results) == 1
    assert "('winner', 'eve')" in results.pop()


def test_an_optional_branch_that_fails_at_any_moment_changes_nothing(runtime: Runtime) -> None:
    optional = Branch("failing", required=False)
    workflow = Sequential(Parallel(*BRANCHES[:3], optional, *BRANCHES[3:], merge=LastWins()))

    results = outcomes_of(runtime, workflow)

    assert len(results) == 1


def test_the_partial_state_of_a_group_that_is_finished_is_one_too(runtime: Runtime) -> None:
    group = Parallel("failing", *BRANCHES, merge=LastWins(), on_failure="finish")

    results = outcomes_of(runtime, Sequential(group))

    assert len(results) == 1
    assert "('winner', 'eve')" in results.pop()


def test_a_user_merger_is_shown_the_branches_in_declared_order(runtime: Runtime) -> None:
    def join(state: State, branches: Mapping[str, object]) -> dict[str, str]:
        return {"order": " ".join(branches)}

    results = outcomes_of(runtime, Sequential(Parallel(*BRANCHES, merge=join)))

    assert len(results) == 1
    assert "('order', 'ann bob cyd dan eve')" in results.pop()


def test_conflicting_branches_name_the_same_two_every_time(runtime: Runtime) -> None:
    results = outcomes_of(runtime, Sequential(Parallel(*BRANCHES)))

    assert len(results) == 1
    assert "'ann' and 'bob' wrote different values to 'winner'" in results.pop()

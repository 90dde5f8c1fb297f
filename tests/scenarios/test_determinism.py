"""The same input and the same successful branches give the same result, byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from random import Random

from actors import Branch, Event, Parallel, Run, Sequential, State
from actors.mergers import LastWins
from actors.testing import VirtualRuntime

RUNS, SEEDS = 40, range(5)
BRANCHES = ("ann", "bob", "cyd", "dan", "eve")
MOMENTS = range(4)


def late_writer(name: str, random: Random) -> Callable[[Event, State], Awaitable[None]]:
    async def write(event: Event, state: State) -> None:
        await asyncio.sleep(random.choice(MOMENTS))  # the agent: it races with the others, and any may win
        state[name] = {"read": state["topic"]["words"], "nested": [name, {"by": name}]}
        state["winner"] = name
        state["topic"]["seen_by"] = name

    return write


def late_failing(random: Random) -> Callable[[Event, State], Awaitable[None]]:
    async def fail(event: Event, state: State) -> None:
        await asyncio.sleep(random.choice(MOMENTS))  # the agent: it fails now before, now after the others
        raise ValueError("always the same text")

    return fail


def as_text(state: State) -> str:
    """Show all there is in a state, in its order, with what was noted."""
    return repr((list(state.items()), list(state.meta.items())))


def ended(run: Run) -> str:
    error = run.exception()
    if error is None:
        return as_text(run.result().state)
    return f"{error} {as_text(error.state)} {[(k, v.delta) for k, v in error.branches.items()]}"


def outcomes_of(workflow: Sequential) -> set[str]:
    """Run a workflow again and again, with another interleaving each time, and return how it ended."""
    topic = {"topic": {"words": ["a", "b"]}, "winner": None}
    outcomes = set()
    for seed in SEEDS:
        random = Random(f"moments of {seed}")
        with VirtualRuntime(seed=seed) as runtime:
            for name in BRANCHES:
                runtime.spawn(name, late_writer(name, random))
            runtime.spawn("failing", late_failing(random))
            runs = [runtime.submit(workflow, {"n": 1}, topic) for _ in range(RUNS)]
            outcomes |= {ended(run) for run in runs}
    return outcomes


def test_identical_runs_of_racing_branches_have_one_result() -> None:
    workflow = Sequential(Parallel(*BRANCHES, merge=LastWins()), name="race")

    results = outcomes_of(workflow)

    assert len(results) == 1
    assert "('winner', 'eve')" in results.pop()


def test_an_optional_branch_that_fails_at_any_moment_changes_nothing() -> None:
    optional = Branch("failing", required=False)
    workflow = Sequential(Parallel(*BRANCHES[:3], optional, *BRANCHES[3:], merge=LastWins()))

    results = outcomes_of(workflow)

    assert len(results) == 1


def test_the_partial_state_of_a_group_that_is_finished_is_one_too() -> None:
    group = Parallel("failing", *BRANCHES, merge=LastWins(), on_failure="finish")

    results = outcomes_of(Sequential(group))

    assert len(results) == 1
    assert "('winner', 'eve')" in results.pop()


def test_a_user_merger_is_shown_the_branches_in_declared_order() -> None:
    def join(state: State, branches: Mapping[str, object]) -> dict[str, str]:
        return {"order": " ".join(branches)}

    results = outcomes_of(Sequential(Parallel(*BRANCHES, merge=join)))

    assert len(results) == 1
    assert "('order', 'ann bob cyd dan eve')" in results.pop()


def test_conflicting_branches_name_the_same_two_every_time() -> None:
    results = outcomes_of(Sequential(Parallel(*BRANCHES)))

    assert len(results) == 1
    assert "'ann' and 'bob' wrote different values to 'winner'" in results.pop()

"""The mixtures of the tutorial, each on the tutorial's own example, with its defects mended."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors import Event, RouteLoop, RunTimeoutError, SequentialCollaborative, State
from actors.conditions import Equals
from actors.mergers import LastWins
from actors.testing import VirtualRuntime
from supervisors import OutcomeKind, Reason
from tests.scenarios.tutorial import SHORT, Agent, adding, broken, failure_of, runtime, seeded, stuck

__all__ = ["runtime"]  # a fixture

# Sequential, then collaborative: the content pipeline

BRIEF = {"topic": "sourdough"}
PIPELINE = SequentialCollaborative(
    sequential=["researcher", "outliner"],
    collaborative=["writer", "editor", "keywords"],
    step_timeout=30,
    collaborative_timeout=60,
    name="content",
    timeout=90,
)


def outlines(event: Event, state: State) -> None:
    state["outline"] = {"title": event.data["topic"], "sections": list(state["sources"])}


def contributing(name: str) -> Agent:
    def contribute(event: Event, state: State) -> None:
        state["outline"]["sections"].clear()  # a copy of its own
        del state["outline"]
        state[name] = f"{name} of {event.data['topic']} from {state['sources']}"

    return contribute


@pytest.fixture
def content(runtime: VirtualRuntime) -> VirtualRuntime:
    runtime.spawn("researcher", adding("sources", "flour", "water"))
    runtime.spawn("outliner", outlines)
    runtime.spawn("stuck", stuck())
    runtime.spawn("broken", broken())
    for name in ("writer", "editor", "keywords"):
        runtime.spawn(name, contributing(name))
    return runtime


@seeded
def test_the_content_pipeline_prepares_in_order_and_then_collaborates(content: VirtualRuntime) -> None:
    result = content.run(PIPELINE, BRIEF)

    made = {name: f"{name} of sourdough from ['flour', 'water']" for name in ("writer", "editor", "keywords")}
    assert dict(result.state) == {"sources": ["flour", "water"], **made}
    phases = result.trace.children
    assert [[record.path.rpartition("/")[2] for record in phase.children] for phase in phases] == [
        ["researcher", "outliner"],
        ["writer", "editor", "keywords"],
    ]


@seeded
def test_contributors_see_nothing_of_each_other_and_are_merged_in_declared_order(content: VirtualRuntime) -> None:
    async def rewriter(event: Event, state: State) -> dict[str, Any]:
        await asyncio.sleep(1.0)  # the agent: works until the one declared before it has ended
        assert state["outline"]["sections"] == ["flour", "water"]
        return {"text": "rewritten"}

    def quick(event: Event, state: State) -> dict[str, Any]:
        state["outline"]["sections"].clear()
        return {"text": "quick"}

    content.spawn("rewriter", rewriter)
    content.spawn("quick", quick)
    workflow = SequentialCollaborative(["researcher", "outliner"], ["rewriter", "quick"], merge=LastWins())

    result = content.run(workflow, BRIEF)

    assert (result.state["text"], result.duration) == ("quick", 1.0)


@seeded
@pytest.mark.parametrize("phase", ["sequential", "collaborative"])
def test_a_pipeline_whose_phase_fails_keeps_what_was_achieved(content: VirtualRuntime, phase: str) -> None:
    steps = {"sequential": ["researcher", "outliner"], "collaborative": ["keywords"]}
    steps[phase].append("broken")
    workflow = SequentialCollaborative(steps["sequential"], steps["collaborative"], name="content")

    error = failure_of(content, workflow, BRIEF)

    assert error.outcome.culprit == f"content/{phase}/broken"
    assert error.state["sources"] == ["flour", "water"]
    assert isinstance(error.__cause__, ConnectionError)


@pytest.mark.parametrize(
    ("settings", "steps", "budget"),
    [
        ({"step_timeout": SHORT}, (["researcher", "stuck"], ["writer"]), "step of content/sequential"),
        ({"collaborative_timeout": SHORT}, (["researcher"], ["stuck"]), "content/collaborative"),
        ({"timeout": SHORT}, (["researcher"], ["stuck"]), "content"),
    ],
)
def test_a_step_the_second_phase_and_the_whole_pipeline_have_a_deadline(
    content: VirtualRuntime, settings: dict[str, Any], steps: tuple[list[str], list[str]], budget: str
) -> None:
    error = failure_of(content, SequentialCollaborative(*steps, name="content", **settings), BRIEF)

    assert error.outcome.budget == budget
    assert content.now == SHORT
    assert error.state["sources"] == ["flour", "water"]
    assert isinstance(error, RunTimeoutError) is (budget == "content")


# Routes of which some loop: customer support

SUPPORT: dict[str, Any] = {
    "rules": {"technical": "tech-support", "bill": "billing", "tech": "sales"},
    "loops": {
        "tech-support": {"max_iterations": 3, "iteration_timeout": 45, "until": Equals("resolved", True)},
    },
}


def resolving_at(attempt: int) -> Agent:
    def resolve(event: Event, state: State) -> None:
        state["attempts"] = event.metadata["iteration"]
        state["resolved"] = event.metadata["iteration"] == attempt

    return resolve


@pytest.fixture
def support(runtime: VirtualRuntime) -> VirtualRuntime:
    for name in ("billing", "sales", "front-desk"):
        runtime.spawn(name, adding("handled_by", name))
    return runtime


@pytest.mark.parametrize(
    ("resolved_at", "reason", "iterations"),
    [
        (1, Reason.CONDITION_MET, 1),
        (2, Reason.CONDITION_MET, 2),
        (3, Reason.CONDITION_MET, 3),  # by the last one there may be
        (4, Reason.MAX_ITERATIONS, 3),
    ],
)
def test_technical_support_loops_until_it_is_resolved_and_says_why_it_ended(
    support: VirtualRuntime, resolved_at: int, reason: Reason, iterations: int
) -> None:
    support.spawn("tech-support", resolving_at(resolved_at))

    result = support.run(RouteLoop(**SUPPORT, name="support"), {"message": "a technical question about my bill"})

    (loop,) = result.trace.children
    assert (loop.outcome.kind, loop.outcome.reason, loop.iterations) == (OutcomeKind.OK, reason, iterations)
    assert dict(result.state) == {"attempts": iterations, "resolved": reason is Reason.CONDITION_MET}
    assert result.state.meta["support"] == {"routed_to": "tech-support"}


def test_an_iteration_of_support_has_a_timeout_of_its_own(support: VirtualRuntime) -> None:
    support.spawn("tech-support", stuck())
    loops = {"tech-support": {**SUPPORT["loops"]["tech-support"], "iteration_timeout": SHORT}}

    error = failure_of(support, RouteLoop(SUPPORT["rules"], loops, name="support"), {"message": "technical"})

    assert error.outcome.budget == "iteration of support/tech-support"
    assert support.now == SHORT


@seeded
def test_overlapping_rules_of_support_are_tried_in_declared_order(support: VirtualRuntime) -> None:
    support.spawn("tech-support", resolving_at(1))
    workflow = RouteLoop(**SUPPORT)

    runs = [support.submit(workflow, {"message": "Technical: wrong bill"}) for _ in range(200)]
    others = [support.submit(workflow, {"message": "a bill for tech"}) for _ in range(200)]

    assert {run.result().state.get("attempts") for run in runs} == {1}
    assert {tuple(run.result().state["handled_by"]) for run in others} == {("billing",)}


def test_a_default_of_support_is_optional_and_its_absence_is_no_silence(support: VirtualRuntime) -> None:
    support.spawn("tech-support", resolving_at(1))

    result = support.run(RouteLoop(**SUPPORT, default="front-desk"), {"message": "hello"})
    error = failure_of(support, RouteLoop(**SUPPORT), {"message": "hello"})

    assert result.state["handled_by"] == ["front-desk"]
    assert error.outcome.reason is Reason.NO_ROUTE
    assert "message='hello'" in str(error)

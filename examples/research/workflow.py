"""The four stages that a question goes through, and the agents that they need."""

from __future__ import annotations

from collections.abc import Iterable

from actors import Branch, Loop, MultiStage, Parallel, Route, Runtime, Sequential, Stage
from actors.conditions import Equals, Exists
from examples.research.agents import (
    SearchAgent,
    analyse,
    extract,
    find_definitions,
    find_related,
    find_steps,
    find_themes,
    plan_comparison,
    plan_definition,
    plan_explanation,
    plan_how_to,
    plan_reason,
    write,
)
from examples.research.corpus import python_reference
from examples.research.document import Document

MOST_DRAFTS = 4

WORKFLOW = MultiStage(
    Stage(
        "Route",
        Route(
            {
                "difference": "plan-comparison",
                "differ": "plan-comparison",
                "compare": "plan-comparison",
                " vs ": "plan-comparison",
                " vs. ": "plan-comparison",
                " versus ": "plan-comparison",
                "why": "plan-reason",
                "reason": "plan-reason",
                "how do i": "plan-how-to",
                "how to": "plan-how-to",
                "how can": "plan-how-to",
                "how should": "plan-how-to",
                "what is": "plan-definition",
                "what are": "plan-definition",
                "what does": "plan-definition",
                "define": "plan-definition",
            },
            default="plan-explanation",
            key="question",
        ),
        timeout=10,
    ),
    Stage(
        "Gather",
        Sequential("search", "analyse", "extract"),
        timeout=60,
        prerequisites=["question"],
        success=Exists("extracts"),
    ),
    Stage(
        "Analyse",
        Parallel(
            Branch("themes", "find-themes"),
            Branch("definitions", "find-definitions"),
            Branch("steps", "find-steps", required=False, timeout=5),
            Branch("related", "find-related", required=False, timeout=5),
        ),
        timeout=30,
        prerequisites=["extracts"],
    ),
    Stage(
        "Report",
        Loop("writer", max_iterations=MOST_DRAFTS, until=Equals("quality_reached", True)),
        timeout=30,
        prerequisites=["themes"],
        success=Exists("report"),
    ),
    name="research",
)


def spawn_agents(runtime: Runtime, documents: Iterable[Document]) -> None:
    """Start every agent that the workflow names, with `documents` to search."""
    texts = tuple(documents)
    runtime.spawn("plan-comparison", plan_comparison)
    runtime.spawn("plan-reason", plan_reason)
    runtime.spawn("plan-how-to", plan_how_to)
    runtime.spawn("plan-definition", plan_definition)
    runtime.spawn("plan-explanation", plan_explanation)
    runtime.spawn("search", lambda: SearchAgent(texts))
    runtime.spawn("analyse", analyse)
    runtime.spawn("extract", extract)
    runtime.spawn("find-themes", find_themes)
    runtime.spawn("find-definitions", find_definitions)
    runtime.spawn("find-steps", find_steps)
    runtime.spawn("find-related", find_related)
    runtime.spawn("writer", write)


def AGENTS(runtime: Runtime) -> None:
    """Start them over the Python reference: `mixmode run examples.research.workflow:WORKFLOW` looks for this name."""
    spawn_agents(runtime, python_reference().documents)


def search_reference() -> SearchAgent:
    """Return an agent that searches the Python reference: `workflow.toml` names it."""
    return SearchAgent(python_reference().documents)

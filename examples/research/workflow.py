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
    plan_as,
    write,
)
from examples.research.corpus import python_reference
from examples.research.document import Document
from examples.research.plan import (
    COMPARISON_PLAN,
    DEFINITION_PLAN,
    EXPLANATION_PLAN,
    HOW_TO_PLAN,
    REASON_PLAN,
)

MOST_DRAFTS = 4

_PLANS = {
    "plan-comparison": COMPARISON_PLAN,
    "plan-reason": REASON_PLAN,
    "plan-how-to": HOW_TO_PLAN,
    "plan-definition": DEFINITION_PLAN,
    "plan-explanation": EXPLANATION_PLAN,
}

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
    for name, plan in _PLANS.items():
        runtime.spawn(name, plan_as(plan))
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

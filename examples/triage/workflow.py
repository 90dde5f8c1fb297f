"""How a ticket goes: it is read, and then filed by the first desk that it concerns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actors import RouteLoop, Runtime, Sequential
from actors.conditions import Exists
from examples.triage import agents
from examples.triage.agents import SecurityDesk
from examples.triage.history import History
from examples.triage.investigation import MOST_ROUNDS

NAME = "triage"

WORKFLOW = Sequential(
    "read",
    RouteLoop(
        {
            "security": "security-desk",
            "crash": "crash-desk",
            "build": "build-desk",
            "packaging": "packaging-desk",
            "translation": "translation-desk",
            "documentation": "documentation-desk",
            "upstream": "upstream-desk",
        },
        {"security-desk": {"max_iterations": MOST_ROUNDS, "until": Exists("status"), "iteration_timeout": 10}},
        default="general-desk",
        key="topics",
        name="desk",
    ),
    name=NAME,
)

AGENTS: Mapping[str, Any] = {
    "read": agents.read,
    "security-desk": SecurityDesk,
    "crash-desk": agents.crash_desk,
    "build-desk": agents.build_desk,
    "packaging-desk": agents.packaging_desk,
    "translation-desk": agents.translation_desk,
    "documentation-desk": agents.documentation_desk,
    "upstream-desk": agents.upstream_desk,
    "general-desk": agents.general_desk,
}
"""What the workflow names; the security desk looks later versions up in the changelogs of this machine."""


def spawn_agents(runtime: Runtime, history: History) -> None:
    """Start every agent that the workflow names.

    Args:
        runtime: Where they run.
        history: Where the security desk looks later versions up.
    """
    for name, agent in {**AGENTS, "security-desk": lambda: SecurityDesk(history)}.items():
        runtime.spawn(name, agent)

"""How an article is made: prepared step by step, then written, edited and given keywords at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from actors import Branch, Runtime, SequentialCollaborative
from examples.content.agents import EditorAgent, ResearchAgent, assembled, find_keywords, outline, write
from examples.research.document import Document

WORKFLOW = SequentialCollaborative(
    sequential=["research", "outline"],
    collaborative=["writer", "editor", Branch("keywords", required=False, timeout=5)],
    step_timeout=30,
    sequential_timeout=45,
    collaborative_timeout=30,
    merge=assembled,
    name="content",
)


AGENTS: Mapping[str, Any] = {
    "research": ResearchAgent,
    "outline": outline,
    "writer": write,
    "editor": EditorAgent,
    "keywords": find_keywords,
}
"""What the workflow names, over the Python reference."""


def spawn_agents(runtime: Runtime, documents: Iterable[Document]) -> None:
    """Start every agent that the workflow names, with `documents` to write from."""
    texts = tuple(documents)
    with_texts = {"research": lambda: ResearchAgent(texts), "editor": lambda: EditorAgent(texts)}
    for name, agent in {**AGENTS, **with_texts}.items():
        runtime.spawn(name, agent)

"""Tests of the workflow, run by a real runtime."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors import Event, Runtime, WorkflowFailedError
from actors.definitions import Definition
from examples.content import workflow
from examples.content.workflow import AGENTS, WORKFLOW, spawn_agents
from tests.examples.content.builders import BAKERY, TIMEOUT, article_on, make

FILE = Path(workflow.__file__).with_name("workflow.toml")
BRIEF = "An introduction to sourdough"


def test_a_brief_becomes_an_article() -> None:
    with Runtime() as runtime:
        spawn_agents(runtime, BAKERY)
        result = make(runtime, BRIEF)

    article = result.state["article"]
    assert article.startswith("# Sourdough\n\n*Keywords: ")
    assert "A *sourdough* is a dough that rises by the work of" in article
    assert "of the bakery" in article
    phases = [record.path.rpartition("/")[2] for record in result.trace.children]
    assert phases == ["sequential", "collaborative"]
    assert {record.agent for record in result.trace.walk()} >= {"writer", "editor", "keywords"}


def test_the_same_brief_gets_the_same_article() -> None:
    assert len({article_on(BRIEF) for _ in range(3)}) == 1


def test_an_article_is_made_without_keywords() -> None:
    def fail(event: Event, state: object) -> None:
        raise RuntimeError("out of words")

    with Runtime() as runtime:
        spawn_agents(runtime, BAKERY)
        runtime.stop_agent("keywords")
        runtime.spawn("keywords", fail)
        article = make(runtime, BRIEF).state["article"]

    assert "Keywords" not in article
    assert article.startswith("# Sourdough\n\nA *sourdough* is")


def test_without_an_editor_there_is_no_article() -> None:
    def fail(event: Event, state: object) -> None:
        raise RuntimeError("on holiday")

    with Runtime() as runtime:
        spawn_agents(runtime, BAKERY)
        runtime.stop_agent("editor")
        runtime.spawn("editor", fail)
        with pytest.raises(WorkflowFailedError, match="on holiday") as raised:
            make(runtime, BRIEF)

    assert "outline" in raised.value.state


def test_a_brief_on_something_else_fails_with_a_reason() -> None:
    with Runtime() as runtime:
        spawn_agents(runtime, BAKERY)
        with pytest.raises(WorkflowFailedError, match="too little for an article on 'Submarines': 0 statements"):
            make(runtime, "Submarines")


def test_the_file_says_the_same() -> None:
    definition = Definition.load(FILE)

    assert definition.workflow == WORKFLOW
    assert definition.resolve() == AGENTS


def test_the_file_alone_makes_an_article_from_the_reference() -> None:
    definition = Definition.load(FILE)

    with Runtime() as runtime:
        definition.spawn_into(runtime)
        result = runtime.run(definition.workflow, {"brief": "Context managers"}, timeout=TIMEOUT)

    assert "of the corpus" in result.state["article"]
    assert "A *context manager* is an object" in result.state["article"]

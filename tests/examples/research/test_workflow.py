"""Tests of the workflow, run by a real runtime."""

from __future__ import annotations

import pytest

from actors import Event, RunResult, Runtime, WorkflowFailedError
from examples.research.corpus import python_reference
from examples.research.workflow import WORKFLOW, spawn_agents
from tests.examples.research.builders import KITCHEN
from tests.limits import PATIENCE

TIMEOUT = PATIENCE


def research(runtime: Runtime, question: str) -> RunResult:
    return runtime.run(
        WORKFLOW,
        Event(target="research", data={"question": question}),
        state={"question": question, "corpus": "the kitchen"},
        timeout=TIMEOUT,
    )


def test_a_question_goes_through_all_stages_to_a_report() -> None:
    question = "What happens when an exception is raised inside a with statement?"

    with Runtime() as runtime:
        spawn_agents(runtime, python_reference().documents)
        result = research(runtime, question)

    stages = [record.path.rpartition("/")[2] for record in result.trace.children]
    assert stages == ["Route", "Gather", "Analyse", "Report"]
    assert result.state["quality_reached"]
    assert result.state["report"].startswith(f"# {question}\n")
    assert "`__exit__()`" in result.state["report"]


def test_the_same_question_gets_the_same_report() -> None:
    with Runtime() as runtime:
        spawn_agents(runtime, KITCHEN)
        reports = {research(runtime, "What kills yeast?").state["report"] for _ in range(3)}

    assert len(reports) == 1


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What is the difference between bread and beer?", "comparison"),
        ("Why does yeast die?", "reason"),
        ("How do I bake bread?", "how-to"),
        ("What is a sourdough?", "definition"),
        ("When does beer get cold?", "explanation"),
    ],
)
def test_the_kind_of_question_decides_on_the_plan(question: str, kind: str) -> None:
    with Runtime() as runtime:
        spawn_agents(runtime, KITCHEN)
        result = research(runtime, question)

    assert result.state["plan"].kind == kind
    assert f"*Kind of question: {kind}." in result.state["report"]


def test_a_question_without_an_answer_fails_with_a_reason() -> None:
    with Runtime() as runtime:
        spawn_agents(runtime, KITCHEN)
        with pytest.raises(WorkflowFailedError, match="looked for 'submarines'"):
            research(runtime, "Where are submarines?")


def test_a_report_is_written_without_the_optional_branches() -> None:
    def fail(event: Event) -> None:
        raise RuntimeError(f"{event.target} is out of order")

    with Runtime() as runtime:
        spawn_agents(runtime, KITCHEN)
        for name in ("find-related", "find-steps"):
            runtime.stop_agent(name)
            runtime.spawn(name, lambda event, state: fail(event))
        result = research(runtime, "How do I bake bread?")

    assert "## Step by step" not in result.state["report"]
    assert "## Summary" in result.state["report"]

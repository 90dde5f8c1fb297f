"""Tests of the written report."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from examples.research.corpus import python_reference
from examples.research.document import Document
from examples.research.material import Material
from examples.research.plan import (
    COMPARISON_PLAN,
    DEFINITION_PLAN,
    EXPLANATION_PLAN,
    HOW_TO_PLAN,
    REASON_PLAN,
)
from examples.research.quality import quality_of
from examples.research.report import snippet, written
from examples.research.revision import first_draft, improved
from tests.examples.research.builders import KITCHEN, material_for

QUESTIONS = [
    ("What happens when an exception is raised inside a with statement?", EXPLANATION_PLAN),
    ("What is a context manager?", DEFINITION_PLAN),
    ("How do I define a generator?", HOW_TO_PLAN),
    ("Why are default parameter values shared between calls?", REASON_PLAN),
    (
        "What is the difference between a list and a tuple?",
        COMPARISON_PLAN.about(("list", "tuple")),
    ),
    ("How are names resolved in a class body?", EXPLANATION_PLAN),
]
CITED = re.compile(r"(?P<text>\S.*?) \[(?P<number>\d+)\](?: |$)")
LEAD = re.compile(r"^(?:- |\d+\. )?(?:\*\*(?!\w[^*]*\.\*\*).+?\*\*: |`[^`]+`: )?")
SOURCE = re.compile(r"^(?P<number>\d+)\. \*\*.*\(`(?P<passage>[^`]+:\d+)`\): “(?P<quote>.*)”$")


@dataclass(frozen=True)
class Report:
    """A report with the material it was written from."""

    text: str
    material: Material

    def section(self, title: str) -> list[str]:
        """Return the lines below a heading that are not blank."""
        below = self.text.partition(f"\n## {title}\n")[2]
        return [line for line in re.split(r"\n(?:## |---)", below)[0].splitlines() if line]

    def sources(self) -> dict[str, str]:
        """Return the ids of the passages by their numbers."""
        found = (SOURCE.match(line) for line in self.section("Sources"))
        return {match["number"]: match["passage"] for match in found if match}


@pytest.fixture(scope="module", params=QUESTIONS, ids=lambda pair: pair[0])
def report(request: pytest.FixtureRequest) -> Report:
    question, plan = request.param
    return report_on(material_for(question, python_reference().documents, plan))


def report_on(material: Material) -> Report:
    draft = improved(improved(first_draft(material), material), material)
    return Report(written(draft, material, quality_of(draft, material)), material)


def test_every_statement_is_in_the_passage_it_cites(report: Report) -> None:
    sources = report.sources()
    body = report.text.partition("\n## Related")[0].partition("\n## Sources")[0]
    lines = [line for line in body.splitlines() if line and not line.startswith("#")]

    cited = [match for line in lines for match in CITED.finditer(line)]

    assert len(cited) > 5
    assert all(CITED.sub("", line) == "" for line in lines)
    for match in cited:
        quote = LEAD.sub("", match["text"]).removesuffix(".")
        assert quote in report.material.passage_by_id[sources[match["number"]]].text


def test_every_source_is_cited_and_quoted(report: Report) -> None:
    body = report.text.partition("\n## Sources")[0]

    for line in report.section("Sources"):
        match = SOURCE.match(line)
        assert match is not None
        assert f"[{match['number']}]" in body
        text = " ".join(report.material.passage_by_id[match["passage"]].text.split())
        assert text.startswith(match["quote"].removesuffix(" …"))


def test_sources_are_numbered_in_the_order_of_their_use(report: Report) -> None:
    body = report.text.partition("\n## Sources")[0]

    numbers = list(dict.fromkeys(re.findall(r"\[(\d+)\](?= |\n|$)", body)))

    assert numbers == [str(number) for number in range(1, len(report.sources()) + 1)]


def test_no_line_is_written_twice(report: Report) -> None:
    lines = [line for line in report.text.splitlines() if line]

    assert len(set(lines)) == len(lines)


def test_the_parts_come_as_planned(report: Report) -> None:
    plan = report.material.plan
    titles = {
        "summary": "Summary",
        "steps": "Step by step",
        "definitions": "Definitions",
        "findings": plan.findings_title,
        "related": "Related topics",
    }

    found = re.findall(r"^## (.*)$", report.text, re.MULTILINE)

    assert found == [titles[part] for part in plan.parts if titles[part] in found] + ["Sources"]
    assert {"Summary", plan.findings_title} <= set(found)


def test_steps_are_numbered() -> None:
    report = report_on(material_for("How do I bake bread?", plan=HOW_TO_PLAN))

    assert report.section("Step by step") == [
        "Baking bread with wild yeast proceeds as follows: [1]",
        "1. Feed the yeast. [1]",
        "2. Knead the dough for ten minutes. [1]",
        "3. Bake the bread. [1]",
    ]


def test_words_that_were_found_nowhere_are_told() -> None:
    report = report_on(material_for("What kills yeast and submarines?"))

    assert "> Nothing was found about “submarines”." in report.text


def test_a_statement_names_the_subject_it_does_not_mention() -> None:
    text = "# Oven\n\n## `bake(loaf)`\n\nReturns a warm and crusty bread.\n"
    document = Document("api.md", text, "markdown")

    report = report_on(material_for("What does bread return?", [document, *KITCHEN]))

    assert "`bake(loaf)`: Returns a warm and crusty bread." in report.text


def test_the_question_is_the_title_on_one_line() -> None:
    report = report_on(material_for("what kills\n yeast?"))

    assert report.text.startswith("# What kills yeast?\n")


def test_a_snippet_leaves_code_whole() -> None:
    text = f"{'word ' * 23}`some code` and more"

    assert snippet(text).endswith("`some code` …")


def test_a_short_snippet_is_the_whole_text() -> None:
    assert snippet("Bread\nis warm.") == "Bread is warm."

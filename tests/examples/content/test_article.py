"""Tests of the written article."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from actors import Runtime
from examples.content.article import Article, ended
from examples.content.draft import Draft, DraftSection
from examples.content.editing import Cut, Edits
from examples.content.workflow import spawn_agents
from examples.research.corpus import python_reference
from examples.research.document import Passage
from tests.examples.content.builders import by_key, make, statement

BRIEFS = [
    "Write an introduction to context managers and the with statement",
    "How modules and packages are imported",
    "Exceptions: raising, handling and cleaning up",
    "A guide to generators and coroutines",
    "How attribute access and descriptors work",
]
CITED = re.compile(r"(?P<text>\S.*?) \[(?P<number>\d+)\](?: |$)")
ABOUT = re.compile(r"^\d+\. |^\*\*(?:`[^`]+`|[A-Z][A-Za-z ]+)\*\*: ")
LINK = re.compile(r"\[([^\]]+)\]\(#([\w-]+)\)")
SOURCE = re.compile(r"^(?P<number>\d+)\. \*.+\* \(`(?P<passage>[^`]+:\d+)`\): “(?P<quote>.*)”$")


@dataclass(frozen=True)
class Printed:
    """An article with what it may cite."""

    text: str
    passages: dict[str, Passage]

    def lines(self) -> list[str]:
        body = self.text.partition("\n## Sources")[0]
        return [line for line in body.splitlines() if line and not line.startswith(("#", "*Keywords"))]

    def sources(self) -> dict[str, re.Match[str]]:
        below = self.text.partition("\n## Sources\n\n")[2].partition("\n\n---")[0]
        matches = [SOURCE.match(line) for line in below.splitlines()]
        return {match["number"]: match for match in matches if match}


@pytest.fixture(scope="module", params=BRIEFS)
def printed(request: pytest.FixtureRequest) -> Printed:
    with Runtime() as runtime:
        spawn_agents(runtime, python_reference().documents)
        state = make(runtime, request.param).state
    passages = [*(hit.passage for hit in state["hits"]), *(each.passage for each in state["edits"].glossary)]
    return Printed(state["article"], {passage.id: passage for passage in passages})


def test_every_statement_is_in_the_passage_it_cites(printed: Printed) -> None:
    sources = printed.sources()

    cited = [match for line in printed.lines() for match in CITED.finditer(ABOUT.sub("", line))]

    assert len(cited) > 8
    assert all(CITED.sub("", ABOUT.sub("", line)) == "" for line in printed.lines())
    for match in cited:
        quote = LINK.sub(r"\1", match["text"]).removesuffix(".")
        assert quote in printed.passages[sources[match["number"]]["passage"]].text


def test_every_source_is_cited_and_quoted(printed: Printed) -> None:
    body = printed.text.partition("\n## Sources")[0]

    for number, match in printed.sources().items():
        assert f"[{number}]" in body
        text = " ".join(printed.passages[match["passage"]].text.split())
        assert text.startswith(match["quote"].removesuffix(" …"))


def test_sources_are_numbered_in_the_order_of_their_use(printed: Printed) -> None:
    numbers = dict.fromkeys(re.findall(r"\[(\d+)\](?= |\n|$)", printed.text.partition("\n## Sources")[0]))

    assert list(numbers) == [str(number) for number in range(1, len(printed.sources()) + 1)]


def test_every_link_leads_to_the_glossary(printed: Printed) -> None:
    glossary = printed.text.partition("\n## Glossary\n")[2]
    anchors = {
        re.sub(r"[^\w\s-]", "", line[4:].lower()).replace(" ", "-") for line in glossary.splitlines() if "### " in line
    }

    links = [anchor for _, anchor in LINK.findall(printed.text)]

    assert len(links) == len(set(links)) > 0
    assert set(links) <= anchors


def test_nothing_is_told_twice(printed: Printed) -> None:
    told = [match["text"] for line in printed.lines() for match in CITED.finditer(line)]

    assert len(told) == len(set(told))


def test_there_are_keywords_sections_and_a_reading_ease(printed: Printed) -> None:
    assert re.search(r"^\*Keywords: .+, .+\.\*$", printed.text, re.MULTILINE)
    assert len(re.findall(r"^## ", printed.text, re.MULTILINE)) >= 4
    assert re.search(r"Reading ease \d[\d.]*: [a-zE ]+\.\*\n$", printed.text)


def test_a_section_of_which_nothing_is_left_is_dropped() -> None:
    statements = by_key([statement("Bread is warm.", "a:1/1"), statement("Beer is cold.", "b:1/1")])
    passages = [Passage(name, name, "Notes", "", "", ()) for name in ("a:1", "b:1")]
    draft = Draft(("a:1/1",), (DraftSection("Beer", (("b:1/1",),)),))

    text = Article("Bread", statements, passages).written(draft, Edits((Cut("b:1/1", "repeats"),), ()), [], "notes")

    assert text.startswith("# Bread\n\nBread is warm. [1]\n\n## Sources\n")
    assert "the editor cut 1 statement (1 repeats)" in text


def test_words_and_code_are_named_each_in_its_way() -> None:
    statements = by_key(
        [
            statement("The bread gets warm by it.", "a:1/1", subject="Oven.bake(loaf)"),
            statement("The bread gets cold by it.", "a:2/1", subject="Cooling down"),
            statement("Calling `bake()` burns it.", "a:3/1", subject="Oven.bake(loaf)"),
        ]
    )
    passages = [Passage(f"a:{number}", "a", "Notes", "", "", ()) for number in (1, 2, 3)]
    draft = Draft((), (DraftSection("Bread", tuple((key,) for key in statements)),))

    text = Article("Bread", statements, passages).written(draft, Edits((), ()), [], "notes")

    assert "**`Oven.bake(loaf)`**: The bread gets warm by it. [1]" in text
    assert "**Cooling down**: The bread gets cold by it. [2]" in text
    assert "\n\nCalling `bake()` burns it. [3]" in text
    assert "nothing was cut" in text


def test_a_statement_that_was_cut_off_gets_its_full_stop() -> None:
    assert ended("If it is cold, bake it") == "If it is cold, bake it."
    assert ended("Bake *it.*") == "Bake *it.*"

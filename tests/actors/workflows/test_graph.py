from __future__ import annotations

import re
from pathlib import Path

import pytest

from actors import (
    Branch,
    Cached,
    Case,
    Collaborative,
    Conditional,
    Loop,
    Map,
    MultiStage,
    Parallel,
    Route,
    RouteLoop,
    Sequential,
    SequentialCollaborative,
    Stage,
    State,
)
from actors.conditions import Equals, Exists
from actors.mergers import Namespaced
from actors.workflows.graph import mermaid
from examples.research.workflow import WORKFLOW
from supervisors import Retry

DOCS = Path(__file__).parents[3] / "docs"
_ARROW = re.compile(r"^(\w+) (-->|-\.->)(?:\|\"(.*)\"\|)? (\w+)$")
_NODE = re.compile(r"^(\w+)[\[{(]+\"(.*)\"[\]})]+(?::::(\w+))?$")


class Picture:
    """What a flowchart's text says: its nodes' texts and classes, its boxes' titles, its arrows."""

    def __init__(self, text: str) -> None:
        self.nodes: dict[str, tuple[str, str]] = {}
        self.titles: list[str] = []
        self.arrows: set[tuple[str, str, str, bool]] = set()
        depth = 0
        for line in map(str.strip, text.splitlines()[2:]):
            if node := _NODE.match(line):
                self.nodes[node[1]] = (node[2], node[3] or "")
            elif line.startswith("subgraph "):
                depth += 1
                self.titles.append(line.partition("[")[2].strip('"]'))
            elif line == "end":
                depth -= 1
            elif arrow := _ARROW.match(line):
                self.arrows.add((arrow[1], arrow[4], arrow[3] or "", arrow[2] == "-.->"))
            else:
                assert line.startswith(("classDef ", "class ")), line
        assert depth == 0
        assert {end for source, target, *_ in self.arrows for end in (source, target)} <= self.nodes.keys()

    def arrow(self, source: str, target: str) -> tuple[str, bool]:
        """Return the text of the one arrow between two nodes, named by how their texts begin, and if it is dotted."""
        (found,) = {
            (text, is_dotted)
            for start, end, text, is_dotted in self.arrows
            if self.nodes[start][0].startswith(source) and self.nodes[end][0].startswith(target)
        }
        return found

    def reached(self) -> set[str]:
        """Return the nodes that can be reached from the start."""
        reached, pending = set[str](), ["start"]
        while pending:
            node = pending.pop()
            if node not in reached:
                reached.add(node)
                pending += [target for source, target, *_ in self.arrows if source == node]
        return reached


def draw(workflow: object) -> Picture:
    return Picture(mermaid(workflow))  # type: ignore[arg-type]  # bad input is tested too


EVERYTHING = Sequential(
    "a",
    Branch("fetch", Sequential("x", "y"), required=False, timeout=5, retry=Retry(attempts=3), fallback="cache"),
    Conditional(Case("big", Equals("n", 1), "b"), Case("any", Exists("n"), Parallel("p", "q")), fallback="none"),
    SequentialCollaborative(["s", "t"], ["c", "d"], step_timeout=3, collaborative_timeout=9),
    RouteLoop({"tech": "support", "bill": "billing"}, {"support": {"max_iterations": 3}}, default="other"),
    MultiStage(Stage("One", Loop("w"), prerequisites=["topic"], success=Exists("done"))),
    Map("m", over="items"),
    Cached("k", key="topic"),
    name="everything",
    timeout=60,
)


def test_every_node_can_be_reached_and_leads_to_the_end() -> None:
    picture = draw(EVERYTHING)

    assert picture.reached() == picture.nodes.keys()
    assert {source for source, *_ in picture.arrows} == picture.nodes.keys() - {"finish"}


def test_the_same_workflow_gives_the_same_text() -> None:
    assert mermaid(EVERYTHING) == mermaid(EVERYTHING.model_copy())


def test_an_agent_alone_is_drawn_between_start_and_end() -> None:
    picture = draw("search")

    assert picture.arrow("start", "search") == ("", False)
    assert picture.arrow("search", "end") == ("", False)


def test_steps_follow_each_other() -> None:
    picture = draw(Sequential("a", "b", name="steps", timeout=2.5))

    assert picture.titles == ["steps · sequential · 2.5 s"]
    assert picture.arrow("a", "b") == ("", False)


def test_branches_part_and_are_merged_and_optional_ones_are_dashed() -> None:
    branches = Parallel("a", Branch("b", "worker", required=False, timeout=2), merge=Namespaced())

    picture = draw(branches)

    assert picture.arrow("at once: all that are required", "a") == ("", False)
    assert picture.arrow("at once", "b: worker<br/>2 s<br/>optional") == ("optional", True)
    assert picture.arrow("b", "merge: Namespaced()") == ("", True)
    assert ("b: worker<br/>2 s<br/>optional", "optional") in picture.nodes.values()


def test_an_optional_pattern_is_a_dashed_box() -> None:
    text = mermaid(Sequential(Branch("both", Collaborative("a", "b"), required=False), "c"))

    assert "both · collaborative · optional" in text
    assert "optionalBox" in text.split("classDef")[0]


def test_a_quorum_is_stated() -> None:
    picture = draw(Parallel("a", "b", "c", require=2))

    assert picture.arrow("at once: 2 of 3", "a") == ("optional", True)


def test_a_fallback_is_dotted_and_goes_on_where_its_node_does() -> None:
    picture = draw(Sequential(Branch("live", retry=Retry(attempts=3), fallback="cache"), "use"))

    assert picture.arrow("live<br/>3 tries", "cache") == ("if it fails", True)
    assert picture.arrow("live", "use") == picture.arrow("cache", "use") == ("", False)


def test_a_loop_leads_back_with_its_maximum() -> None:
    picture = draw(Loop("write", max_iterations=3, until=Exists("done"), iteration_timeout=4))

    assert picture.arrow("write<br/>iteration 4 s", "until Exists('done')") == ("", False)
    assert picture.arrow("until", "write") == ("not yet, at most 3 times", False)
    assert picture.arrow("until", "end") == ("", False)


def test_rules_that_lead_to_one_node_are_one_arrow() -> None:
    route = Route({"crash": "fix", "hang": "fix", Exists("vip"): "call", "typo": "fix"}, default="queue")

    picture = draw(route)

    texts = sorted(text for *_, text, _ in picture.arrows if text)
    assert texts == [
        "1. message contains 'crash' or 'hang'",
        "2. Exists('vip')",
        "3. message contains 'typo'",
        "4. else",
    ]


def test_a_keyword_beside_a_condition_is_drawn_with_its_key() -> None:
    route = Route({"crash": "fix", Exists("vip"): "fix", "hang": "fix"}, default="queue", key="text")

    picture = draw(route)

    assert picture.arrow("route", "fix")[0] == "1. text contains 'crash' or Exists('vip') or text contains 'hang'"


def test_a_users_condition_is_drawn_by_its_name() -> None:
    def is_urgent(state: State) -> bool:
        return True

    picture = draw(Conditional(Case("urgent", is_urgent, "call"), fallback="queue"))

    assert picture.arrow("conditional", "urgent: call")[0].endswith("is_urgent()")


def test_stages_show_what_is_asked_before_and_after() -> None:
    picture = draw(MultiStage(Stage("One", "a", prerequisites=["topic", Exists("b")], success=Exists("c"))))

    assert picture.arrow("topic is given and Exists('b')", "One: a") == ("yes", False)
    assert picture.arrow("One: a", "must hold: Exists('c')") == ("", False)


def test_a_map_says_over_what_and_how_many_at_once() -> None:
    picture = draw(Map("fetch", over="pages", into="texts", concurrency=100))

    assert picture.titles == ["map · over: pages · into: texts · concurrency: 100"]
    assert picture.arrow("for each item", "fetch") == ("", False)
    assert picture.arrow("fetch", "results in the order of the items") == ("", False)


def test_a_cache_leads_around_its_node() -> None:
    picture = draw(Cached("fetch", key="url", ttl=60))

    assert picture.titles == ["cached · key: url · ttl: 60.0"]
    assert picture.arrow("kept under an equal key?", "fetch") == ("no", False)
    assert picture.arrow("kept under an equal key?", "taken over, or kept") == ("yes", False)


def test_timeouts_of_places_are_drawn_where_they_apply() -> None:
    mixture = SequentialCollaborative(["s"], ["c"], step_timeout=3, collaborative_timeout=9)

    picture = draw(mixture)

    assert ("s<br/>step 3 s", "agent") in picture.nodes.values()
    assert picture.titles == ["sequential_collaborative", "sequential", "collaborative · 9 s"]


def test_what_mermaid_would_misread_is_escaped() -> None:
    hostile = '"]; <b>`#&\n%%'

    text = mermaid(Sequential(hostile, name=hostile))

    picture = Picture(text)
    assert "&quot;" not in text
    assert picture.arrow("start", "#quot;]; #lt;b#gt;#96;#35;#amp; %%") == ("", False)


def test_a_long_condition_is_cut() -> None:
    picture = draw(Loop("a", until=Equals("key", "x" * 200)))

    assert max(len(text) for text, _ in picture.nodes.values()) < 100


@pytest.mark.parametrize("wrong", [None, 1, ["a"], Case("c", Exists("a"), "b")])
def test_what_is_no_workflow_is_refused(wrong: object) -> None:
    with pytest.raises(TypeError, match="a workflow is an agent's name or a pattern"):
        draw(wrong)


def test_the_picture_in_the_docs_is_of_the_workflow_as_it_is() -> None:
    """`make docs` makes both anew."""
    assert (DOCS / "research.mmd").read_text() == mermaid(WORKFLOW)

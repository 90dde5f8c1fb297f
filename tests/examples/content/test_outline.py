"""Tests of outlines."""

from __future__ import annotations

from examples.content.outline import outline_of
from examples.research.statements import Statement
from tests.examples.content.builders import statement

ASKED = {"oven": 1.0}


def statements(document: str, count: int, *, score: float = 1.0) -> list[Statement]:
    return [
        statement(f"Bakers use thing{n} in the oven daily.", f"{document}:1/{n}", score=score) for n in range(count)
    ]


def test_the_lead_defines_the_subject_and_what_follows_it() -> None:
    definition = statement("An oven is a closed room that is heated.", "oven:2/1", score=2.0)
    follower = statement("The oven of a bakery has a floor of stone.", "oven:2/2", score=0.5)

    outline = outline_of([definition, *statements("bread", 3), follower], ASKED)

    assert outline.lead == ("oven:2/1", "oven:2/2")


def test_the_lead_takes_definitions_from_different_documents() -> None:
    first = statement("An oven is a closed room that is heated.", "oven:1/1", score=3.0)
    again = statement("An oven is a kind of a fireplace with a door.", "oven:2/1", score=2.0)
    other = statement("An oven is a place of work for many people.", "bakery:1/1", score=1.5)

    assert outline_of([first, again, other], ASKED).lead == ("oven:1/1", "bakery:1/1")


def test_without_a_definition_the_best_general_statement_leads() -> None:
    conditional = statement("If the oven is cold, the bread stays pale.", "bread:1/1", score=2.0)
    general = statement("Bakers heat the oven before they bake.", "bread:2/1", score=1.0)

    assert outline_of([conditional, general], ASKED).lead == ("bread:2/1",)
    assert outline_of([conditional], ASKED).lead == ("bread:1/1",)


def test_sections_have_the_order_of_their_source_and_leave_the_lead_out() -> None:
    best, *rest = statements("bread", 4)

    outline = outline_of([*reversed(rest), best], ASKED)

    assert outline.lead[0] == "bread:1/3"
    assert [section.statements for section in outline.sections] == [("bread:1/0", "bread:1/1", "bread:1/2")]
    assert outline.keys == ("bread:1/3", "bread:1/0", "bread:1/1", "bread:1/2")


def test_steps_and_footnotes_are_no_prose() -> None:
    prose = statements("bread", 4)
    step = statement("Heat the oven for an hour.", "bread:2/1", kind="step")
    note = Statement("bread:9/1", "Ovens were built of clay.", "bread:9", "bread", "Bread", "Footnotes", score=1.0)

    outline = outline_of([*prose, step, note], ASKED)

    assert set(outline.keys) == {each.key for each in prose}


def test_what_stands_alone_is_kept_together_if_it_is_good_enough() -> None:
    good = [statement(f"Bakers of town{n} heat the oven.", f"town{n}:1/1", score=1.0) for n in range(3)]
    poor = [statement(f"Cooks of town{n} clean the oven.", f"city{n}:1/1", score=0.1) for n in range(3)]

    outline = outline_of([*good, *poor], ASKED)

    assert [section.title for section in outline.sections] == ["Also worth knowing"]
    assert set(outline.sections[0].statements) == {"town1:1/1", "town2:1/1"}


def test_long_sections_keep_the_best() -> None:
    many = statements("bread", 20, score=0.5)
    best = statement("Bakers heat the oven before they bake.", "bread:2/1", score=0.9)

    outline = outline_of([*many, best], ASKED)

    (section,) = outline.sections
    assert len(section.statements) == 9
    assert section.statements[-1] == "bread:2/1"

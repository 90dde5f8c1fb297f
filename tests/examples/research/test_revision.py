"""Tests of drafts, of their quality, and of how they are improved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from examples.research.corpus import python_reference
from examples.research.draft import Draft, repetitions
from examples.research.material import Material
from examples.research.plan import COMPARISON_PLAN, EXPLANATION_PLAN, Plan
from examples.research.quality import MOST_WORDS, quality_of, words_in
from examples.research.revision import first_draft, improved
from tests.examples.research.builders import material_for, passage, statement

QUESTIONS = [
    ("What happens when an exception is raised inside a with statement?", EXPLANATION_PLAN),
    ("How do try, finally and return interact?", EXPLANATION_PLAN),
    (
        "What is the difference between a list and a tuple?",
        COMPARISON_PLAN.about(("list", "tuple")),
    ),
]


@pytest.fixture(scope="module", params=QUESTIONS, ids=lambda pair: pair[0])
def material(request: pytest.FixtureRequest) -> Material:
    question, plan = request.param
    return material_for(question, python_reference().documents, plan)


def test_every_draft_is_at_least_as_good_as_the_one_before(material: Material) -> None:
    draft = first_draft(material)
    scores = [quality_of(draft, material).score]

    for _ in range(4):
        draft = improved(draft, material)
        scores.append(quality_of(draft, material).score)

    assert scores == sorted(scores)
    assert quality_of(draft, material).is_reached


def test_the_first_draft_is_not_good_enough(material: Material) -> None:
    assert not quality_of(first_draft(material), material).is_reached


def test_a_draft_says_nothing_twice(material: Material) -> None:
    draft = improved(improved(first_draft(material), material), material)

    assert len(set(draft.keys)) == len(draft.keys)
    assert repetitions(material.statements(draft.keys)) == []


def test_the_same_material_gives_the_same_draft(material: Material) -> None:
    assert improved(first_draft(material), material) == improved(first_draft(material), material)


def test_a_draft_that_is_too_long_is_shortened() -> None:
    texts = [f"Statement {number} has {'word ' * 99}in it." for number in range(1, 12)]
    material = small_material(*texts)
    draft = Draft(summary=("notes:1/1",), findings=tuple(f"notes:{n}/1" for n in range(2, 12)))

    shorter = improved(draft, material)

    assert words_in(shorter, material) <= MOST_WORDS


def test_repeated_findings_are_dropped() -> None:
    material = small_material("Hot wort kills the yeast.", "The hot wort kills yeast.")

    draft = improved(Draft(summary=("notes:1/1",), findings=("notes:2/1",)), material)

    assert draft.keys == ("notes:1/1",)


def test_a_missing_term_is_covered() -> None:
    material = small_material(*[f"Loaf {n} rises slowly." for n in range(20)], "Beer is cold.")
    material = replace(material, weights={"loaf": 1.0, "beer": 1.0})

    draft = improved(first_draft(material), material)

    assert quality_of(draft, material).coverage == 1


def test_what_no_source_has_is_not_counted_as_cited() -> None:
    material = small_material("Beer is cold.", "Bread is warm.")
    invented = replace(material.extracts[0], text="Beer is hot.")
    forged = replace(material, extracts=(invented, *material.extracts[1:]))

    quality = quality_of(Draft(summary=("notes:1/1", "notes:2/1")), forged)

    assert quality.cited == 0.5
    assert not quality.is_reached


def test_a_term_that_no_document_has_is_not_covered() -> None:
    material = material_for("What kills yeast in submarines?")

    quality = quality_of(first_draft(material), material)

    assert quality.coverage <= 2 / 3


def test_an_empty_draft_has_no_quality_to_speak_of() -> None:
    quality = quality_of(Draft(()), small_material("Beer is cold."))

    assert (quality.coverage, quality.cited, quality.length, quality.distinctness) == (0, 0, 0, 0)


def small_material(*texts: str, plan: Plan = EXPLANATION_PLAN) -> Material:
    extracts = tuple(statement(text, number=number) for number, text in enumerate(texts, start=1))
    material = material_for("How does yeast rise?", plan=plan)
    return replace(
        material,
        weights={},
        passages=tuple(replace(passage(each.text), id=each.passage) for each in extracts),
        extracts=extracts,
        themes=(replace(material.themes[0], statements=tuple(each.key for each in extracts)),),
        definitions=(),
        related=(),
        procedure=None,
    )

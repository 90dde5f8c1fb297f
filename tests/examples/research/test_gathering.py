"""Tests of what is found for a question: scores, steps and related documents."""

from __future__ import annotations

from examples.research.corpus import python_reference
from examples.research.plan import COMPARISON_PLAN, EXPLANATION_PLAN, HOW_TO_PLAN
from examples.research.scoring import best_of
from tests.examples.research.builders import material_for


def test_the_best_answer_comes_first() -> None:
    material = material_for("What kills yeast in hot wort?")

    assert material.extracts[0].text == "Hot wort kills the yeast within a few seconds."


def test_what_has_too_little_to_do_with_the_question_is_dropped() -> None:
    material = material_for("Which wort kills yeast?")

    least = min(statement.score for statement in material.extracts)
    assert least >= material.extracts[0].score / 2


def test_of_nothing_there_is_no_best() -> None:
    assert best_of([], EXPLANATION_PLAN) == []


def test_scores_go_down() -> None:
    scores = [statement.score for statement in material_for("How long does yeast keep?").extracts]

    assert scores == sorted(scores, reverse=True)


def test_steps_are_found_with_their_lead() -> None:
    procedure = material_for("How do I bake bread?", plan=HOW_TO_PLAN).procedure

    assert procedure is not None
    assert procedure.lead == "Baking bread with wild yeast proceeds as follows:"
    assert procedure.steps[-1] == "Bake the bread."


def test_steps_for_something_else_are_not_told() -> None:
    assert material_for("What keeps beer cool in a cellar?").procedure is None


def test_related_documents_share_most_of_the_question() -> None:
    (related,) = material_for("What keeps beer during hot months?").related

    assert related.document == "cellar.md"
    assert related.terms == ("keeps", "beer", "hot", "months")


def test_a_comparison_has_a_theme_for_each_thing() -> None:
    plan = COMPARISON_PLAN.about(("list", "tuple"))
    documents = python_reference().documents

    themes = material_for("What is the difference between a list and a tuple?", documents, plan).themes

    assert [theme.label for theme in themes] == ["List", "Tuple", "List and tuple"]

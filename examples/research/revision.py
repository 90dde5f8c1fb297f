"""How a draft is begun, and made better wherever its quality falls short."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace
from itertools import islice

from examples.research.draft import (
    Draft,
    cited_documents,
    related_documents,
    repetitions,
    says_same,
)
from examples.research.material import Material
from examples.research.quality import (
    MOST_WORDS,
    covered_line,
    documents_wanted,
    words_in,
    words_wanted,
)
from examples.research.statements import Statement
from examples.research.words import content_stems, mentions, stem_line

_SUMMARY_SIZE = 3
_STRIDE = 6
_WORTH_OF_MORE = 0.95
_WORTH_OF_MORE_ON_ONE_SIDE = 0.75


def first_draft(material: Material) -> Draft:
    """Return the shortest report there is: a summary of the best statements.

    Where things are compared, it has one statement about each.
    """
    groups: list[Container[str]] = [material.by_key] * _SUMMARY_SIZE
    if material.plan.compared:
        groups = [theme.statements for theme in material.themes]
    draft = Draft(())
    for group in groups:
        fitting = (each.key for each in _unused(draft, material) if each.key in group)
        draft = replace(draft, summary=(*draft.summary, *islice(fitting, 1)))
    return draft


def improved(draft: Draft, material: Material) -> Draft:
    """Return a draft that is better in all that `draft` lacks, longer by a few statements at most.

    It depends on nothing but its arguments. What cannot be improved is left as it is.
    """
    for improve in (_distinct, _complete, _longer, _covering, _broader, _shorter):
        draft = improve(draft, material)
    return replace(draft, with_related=bool(related_documents(draft, material)))


def _distinct(draft: Draft, material: Material) -> Draft:
    repeated = {statement.key for statement in repetitions(material.statements(draft.keys))}
    return replace(
        draft,
        definitions=tuple(key for key in draft.definitions if key not in repeated),
        findings=tuple(key for key in draft.findings if key not in repeated),
    )


def _covering(draft: Draft, material: Material) -> Draft:
    """Add a statement for each term that is not mentioned yet."""
    for term in material.weights:
        if not mentions(covered_line(draft, material), term):
            unused = _unused(draft, material)
            fitting = (each for each in unused if mentions(stem_line(each.text), term))
            draft = _with_finding(draft, fitting)
    return draft


def _broader(draft: Draft, material: Material) -> Draft:
    """Add statements from documents that are not cited yet."""
    for _ in range(documents_wanted(material)):
        cited = cited_documents(draft, material)
        if len(cited) >= documents_wanted(material):
            break
        elsewhere = (each for each in _unused(draft, material) if each.document not in cited)
        draft = _with_finding(draft, elsewhere)
    return draft


def _complete(draft: Draft, material: Material) -> Draft:
    """Add the planned parts for which there is material; findings come with the length."""
    parts = material.plan.parts
    used = _stems_of(draft, material)
    definitions = draft.definitions or tuple(
        definition.statement.key
        for definition in material.definitions
        if "definitions" in parts and not says_same(content_stems(definition.statement.text), used)
    )
    steps = "steps" in parts and material.procedure is not None
    return replace(draft, definitions=definitions, with_steps=steps)


def _longer(draft: Draft, material: Material) -> Draft:
    """Add a few statements, the best first."""
    for _ in range(_STRIDE):
        if draft.findings and words_in(draft, material) >= words_wanted(material):
            break
        draft = _with_finding(draft, _unused(draft, material))
    return draft


def _shorter(draft: Draft, material: Material) -> Draft:
    """Drop the findings that matter least."""
    while draft.findings and words_in(draft, material) > MOST_WORDS:
        least = min(draft.findings, key=lambda key: material.by_key[key].score)
        draft = replace(draft, findings=tuple(key for key in draft.findings if key != least))
    return draft


def _with_finding(draft: Draft, candidates: Iterator[Statement]) -> Draft:
    added = tuple(statement.key for statement in islice(candidates, 1))
    return replace(draft, findings=(*draft.findings, *added))


def _unused(draft: Draft, material: Material) -> Iterator[Statement]:
    """Yield the extracts that add something to `draft`, the best first."""
    used = set(draft.keys)
    said = _stems_of(draft, material)
    for statement in _ranked(material):
        if statement.key not in used and not says_same(content_stems(statement.text), said):
            said.append(content_stems(statement.text))
            yield statement


def _ranked(material: Material) -> list[Statement]:
    """Return the extracts, the best first; what a theme has more of counts less each time."""
    less = _WORTH_OF_MORE_ON_ONE_SIDE if material.plan.compared else _WORTH_OF_MORE
    ranked: list[tuple[float, Statement]] = []
    for theme in material.themes:
        for place, statement in enumerate(material.statements(theme.statements)):
            ranked.append((statement.score * less**place, statement))
    return [statement for _, statement in sorted(ranked, key=lambda pair: -pair[0])]


def _stems_of(draft: Draft, material: Material) -> list[frozenset[str]]:
    texts = [statement.text for statement in material.statements(draft.keys)]
    if draft.with_steps and material.procedure:
        texts += material.procedure.steps
    return [content_stems(text) for text in texts]

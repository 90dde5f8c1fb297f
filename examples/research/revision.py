"""How a draft is begun, and made better wherever its quality falls short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice, zip_longest

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


def first_draft(material: Material) -> Draft:
    """Return the shortest report there is: a summary, its statements from different themes."""
    leading = islice(_unused(Draft(()), material), _SUMMARY_SIZE)
    return Draft(summary=tuple(statement.key for statement in leading))


def improved(draft: Draft, material: Material) -> Draft:
    """Return a draft that is better in all that `draft` lacks, longer by a few statements at most.

    It depends on nothing but its arguments. What cannot be improved is left as it is.
    """
    for improve in (_distinct, _covering, _broader, _complete, _longer, _shorter):
        draft = improve(draft, material)
    return draft


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
    """Add a few statements, of all themes in turn."""
    for _ in range(_STRIDE):
        if draft.findings and words_in(draft, material) >= words_wanted(material):
            break
        draft = _with_finding(draft, _unused(draft, material))
    return replace(draft, with_related=bool(related_documents(draft, material)))


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
    """Yield the extracts that add something to `draft`, of all themes in turn."""
    used = set(draft.keys)
    said = _stems_of(draft, material)
    for statement in _by_turns(material):
        if statement.key not in used and not says_same(content_stems(statement.text), said):
            said.append(content_stems(statement.text))
            yield statement


def _by_turns(material: Material) -> Iterable[Statement]:
    turns = zip_longest(*(theme.statements for theme in material.themes))
    return material.statements(key for key in chain.from_iterable(turns) if key)


def _stems_of(draft: Draft, material: Material) -> list[frozenset[str]]:
    texts = [statement.text for statement in material.statements(draft.keys)]
    if draft.with_steps and material.procedure:
        texts += material.procedure.steps
    return [content_stems(text) for text in texts]

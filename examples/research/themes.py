"""What the statements are about: groups with a section, a term or a compared thing in common."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from examples.research.statements import Statement
from examples.research.words import STOP_WORDS, mentions, stem, stem_line, stems, words

_CODE = re.compile(r"`[\w.]{2,24}(?:\(\))?`")
_FEWEST = 2
_MOST_THEMES = 6
_LONGEST_TITLE = 48
REST = "Further findings"


@dataclass(frozen=True)
class Theme:
    """Statements that have something in common.

    Attributes:
        label: What it is, as a heading.
        statements: Their keys, the best statement first.
    """

    label: str
    statements: tuple[str, ...]


def themes_of(statements: Sequence[Statement], asked: Iterable[str]) -> list[Theme]:
    """Group `statements`, each into one theme: by section, the others by terms they share.

    Args:
        statements: Without repetitions, the best first.
        asked: The terms of the question, which tell no theme from another.

    Returns:
        The themes, that of the best statement first and that of the remaining ones last.
    """
    sections = _grouped(statements, _section_labels)[:_MOST_THEMES]
    rest = _without(statements, sections)
    known = frozenset(part for term in asked for part in term.split())
    terms = _grouped(rest, partial(_term_labels, asked=known))[: _MOST_THEMES - len(sections)]
    remaining = tuple(statement.key for statement in _without(rest, terms))
    order = {statement.key: number for number, statement in enumerate(statements)}
    themes = sorted([*sections, *terms], key=lambda theme: order[theme.statements[0]])
    return [*themes, Theme(REST, remaining)] if remaining else themes


def sides_of(statements: Iterable[Statement], compared: tuple[str, str]) -> list[Theme]:
    """Group `statements` by which of two compared things they are about.

    What is about neither is left out.
    """
    one, other = compared
    one_label, other_label = _label(one), _label(other)
    labels = {
        (True, False): one_label,
        (False, True): other_label,
        (True, True): f"{one_label} and {other_label}",
    }
    groups: dict[str, list[str]] = {label: [] for label in labels.values()}
    for statement in statements:
        about = (_is_about(statement, one), _is_about(statement, other))
        if about in labels:
            groups[labels[about]].append(statement.key)
    return [Theme(_capital(label), tuple(keys)) for label, keys in groups.items() if keys]


def _label(thing: str) -> str:
    """Return `thing` as it is shown: code as code, words as words."""
    bare = thing.strip("`\"“”'")
    return bare if re.fullmatch(r"[A-Za-z][A-Za-z -]*", bare) else f"`{bare}`"


def _capital(label: str) -> str:
    return label[:1].upper() + label[1:]


def _is_about(statement: Statement, thing: str) -> bool:
    term = " ".join(stem(word) for word in words(thing))
    if mentions(stem_line(statement.text), term):
        return True
    return mentions(stem_line(f"{statement.section} {statement.subject}"), term)


def _grouped(statements: Iterable[Statement], labels_of: Callable[[Statement], Mapping[str, str]]) -> list[Theme]:
    """Form groups by descending worth; a statement goes to the first that it belongs to."""
    members: dict[str, list[Statement]] = defaultdict(list)
    labels: dict[str, str] = {}
    for statement in statements:
        for key, label in labels_of(statement).items():
            members[key].append(statement)
            labels.setdefault(key, label)
    taken: set[str] = set()
    themes: list[Theme] = []
    for key in sorted(members, key=lambda key: (-_worth(members[key]), key)):
        keys = tuple(member.key for member in members[key] if member.key not in taken)
        if len(keys) >= _FEWEST:
            taken.update(keys)
            themes.append(Theme(labels[key], keys))
    return themes


def _worth(members: Iterable[Statement]) -> float:
    return sum(member.score for member in members)


def _without(statements: Iterable[Statement], themes: Iterable[Theme]) -> list[Statement]:
    taken = {key for theme in themes for key in theme.statements}
    return [statement for statement in statements if statement.key not in taken]


def _section_labels(statement: Statement) -> Mapping[str, str]:
    title, section = statement.title, statement.section or statement.title
    alone = section == title or len(title) > _LONGEST_TITLE
    label = section if alone else f"{title}: {section}"
    return {f"{statement.document}\n{section}": label}


def _term_labels(statement: Statement, asked: frozenset[str]) -> Mapping[str, str]:
    """Return the code and the pairs of words of a statement that could name a theme."""
    spans = {span: span for span in _CODE.findall(statement.text)}
    spelled = words(_CODE.sub(" and ", statement.text))
    pairs = (
        (f"{stem(one)} {stem(other)}", f"{one} {other}".capitalize())
        for one, other in zip(spelled, spelled[1:], strict=False)
        if re.search(rf"\b(?:an?|the) {one} {other}\b", statement.text)
        and STOP_WORDS.isdisjoint((one, other))
        and not other.endswith("ed")
    )
    labels = {**dict(pairs), **spans}
    return {key: label for key, label in labels.items() if not asked.issuperset(stems(label))}

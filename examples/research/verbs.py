"""Finite verbs, which tell a sentence from a phrase."""

from __future__ import annotations

import re

_AUXILIARIES = frozenset(
    """
    is are was were be been has have had can cannot may might must should shall will would could do
    does did isn’t aren’t wasn’t doesn’t don’t didn’t can’t won’t hasn’t isn't aren't wasn't
    doesn't don't didn't can't won't hasn't need
    """.split()
)
_REGULAR_VERBS = """
    accept act add affect allow appear apply become begin behave bind block call cause change check
    clear combine compare compute consist contain control convert correspond create declare define
    defer denote depend describe determine differ disable discard display distinguish enable
    encounter end enforce ensure enter evaluate execute exist exit expect explain extend fail
    follow get give group guarantee handle hide hold ignore implement include indicate inherit
    introduce invoke keep know lead leave let list live look make manage map match mean modify
    observe occur offer open override pass perform permit prefer preserve prevent print produce
    protect provide raise reach read receive refer reflect register release rely remain remove
    replace report represent require resolve return reuse run search see select send serve set
    share show specify start stop store succeed suit supply support take tell terminate test throw
    treat try turn update use wait work write yield
""".split()


def _third_person(verb: str) -> str:
    if verb.endswith(("s", "sh", "ch", "x")):
        return f"{verb}es"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return f"{verb[:-1]}ies"
    return f"{verb}s"


_THIRD_PERSONS = frozenset(map(_third_person, _REGULAR_VERBS))
_VERBS = _THIRD_PERSONS.union(_AUXILIARIES, _REGULAR_VERBS)
_LACKS_SUBJECT = re.compile(r"^(?:Can|May|Must|Should|Will|Would|Is|Are|Was|Has|Does|Called|Emitted|Used|Only)\b")
_WORD = re.compile(r"[a-z]+(?:[’'][a-z]+)?")
_LIKE_VERB = re.compile(r"(?<!\bof )(?<!\bthe )(?<!\ba )\b[a-z]{3,}(?:s|ed) (?!of\b)[a-z]")
_PHRASE_START = re.compile(r"^(?:A|An|The|Any|All|Some|Possible)\b")


def may_be_sentence(text: str) -> bool:
    """Whether `text` could be a sentence: with a verb, if it starts with an article, and a subject.

    An imperative needs none.
    """
    if _LACKS_SUBJECT.match(text) or _starts_with_verb(text.lower().split()):
        return False
    if not _PHRASE_START.match(text) or not _VERBS.isdisjoint(_WORD.findall(text)):
        return True
    return bool(_LIKE_VERB.search(text))


def _starts_with_verb(spelled: list[str]) -> bool:
    """Whether this is like "Returns a list", unlike "Lists are sequences"."""
    first, *rest = spelled or [""]
    return first in _THIRD_PERSONS and _AUXILIARIES.isdisjoint(rest[:1])

"""Sentences: where they end, which stand alone, and which are fit to be quoted."""

from __future__ import annotations

import re

_END = re.compile(r"[.!?][\"”’')\]`*_]*(?=\s)")
_START = re.compile(r"\s+[A-Z0-9“\"‘'`*(\[_]")
_CODE_SPAN = re.compile(r"`[^`]*`")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[“\"])(?:e\.g|i\.e|cf|vs|etc|approx|resp|incl|viz|al|ca|fig|eq|no|vol|sec|chap|ed"
    r"|dr|mr|mrs|ms|prof|st|inc|ltd|[A-Z](?:\.[A-Z])*)\.$",
    re.IGNORECASE,
)
_MAY_END_A_SENTENCE = re.compile(r"\b(?:etc|al|inc|ltd)\.$", re.IGNORECASE)

_DEPENDENT = re.compile(
    r"""^(?:\(|
        (?:This|That|These|Those|It|Its|They|Their|He|She|Such|Both|Neither|None|Otherwise|Thus
        |Therefore|Hence|However|Then|So|But|And|Or|Nor|Yet|Instead|Similarly|Likewise|Also|Here
        |Consequently|Accordingly|Moreover|Furthermore|Additionally|Nevertheless|Nonetheless
        |Conversely|Again|Afterwards|Specifically|Alternatively|Subsequently|Typically|Finally
        |Next|Second|Secondly|Third|Thirdly|Last|Lastly|Still|Often|Usually|Previously
        |Currently|Rather|Another|Others|Same|Not|Exception|Only|Once)\b
        |(?:If|When|Because|Since|While|As|After|Before|Unless|Although|Whenever|Once|Until|Note
            |Though|Even|Where|Except)(?:\sthat|\sif|\sthough)?
            \s(?:it|they|this|that|these|those|so|not|one|none|such|both|neither|done|its|their|set|given|omitted
            |specified)\b
        |(?:In|For|At|By|To|On|From|With|Like|Due\sto|Because\sof|Despite|Given|Of|Under)\s
            (?:this|that|these|those|such|it|them|both|other|all|particular|addition|fact
            |doing|either|neither|contrast|most|many|some\scases|turn)\b
        |As\sa\s(?:result|consequence|special)|For\s(?:example|instance)
        |The\s(?:same|former|latter|other|above|first|second|third|last|rest|example|reason|result
            |previous|two|three|new|resulting|returned|next)\b
        |Unlike\s(?:it|this|them)\b|Similar\sto\b|As\swith\b|On\sthe\sother\shand
        |All\s(?:of\s)?(?:these|those|this|that|three|other)\b|Each\sof\s(?:these|them)|Some\sof
        |(?:One|Two|Three|Most|Many|Any|Either|Neither|Both|None)\s(?:of|such|other)\b
    )""",
    re.VERBOSE,
)
_TAKEN_UP = re.compile(r"(?:If|When|Once|Unless|While) the (?P<thing>\w+ \w+) ")
_POINTS_ELSEWHERE = re.compile(
    r"\b(?i:the following|as follows|following \w+ (?:are|is|show)|below|above|step \d|earlier"
    r"|this (?:section|chapter|document|page|example|topic|guide|table|list|tutorial|article)"
    r"|(?:next|previous) section|described later|later (?:in|on)|the (?:last|first|second) example"
    r"|example (?:shows|code)|in (?:the|our) example|examples? of use|here (?:is|are)|for example:"
    r"|more (?:details|information)|for details|shown here|see (?:also|the))\b"
    r"|\b[Ss]ee [A-Z`:“]|\b[Ss]ections? [A-Z“\d]|\b[Rr]efer to [`A-Z“]|\bare discussed in\b"
)
_OPENING = re.compile(r"^(?:[A-Z“](?!\w+:)|`[^`]+`[\s,(](?!-)|\*{1,2}(?!(?:except|not|and|or|but|if|only|all)\b)\w)")
_CLOSING = re.compile(r"[.!][\"”’')*_]*$")
_WHOLE_BEFORE_EXAMPLE = re.compile(
    r"(?:If|When|Since|Because|Once|While|Unless|After|Although)\b.+,\s\w+\s.+\s"
    r"(?!(?:is|are|be|by|with|to|as|like|equivalent|example|that|insert|follows|use|do|write)\b)"
    r"[\w`]+:$"
)
_UNREADABLE = re.compile(r"https?://|[{}|<>=\\~^]|::|\]\[|\.\.\.|…|(?:^|\s)[|+*/=]{2,}(?:\s|$)")
_HALF_CONVERTED = re.compile(r"\"[^\"`]*`[^\"]*\"")
_WORD = re.compile(r"[A-Za-z][A-Za-z’'-]*")
_PAIRS = (("(", ")"), ("[", "]"), ("“", "”"))
_FEWEST_WORDS = 6
_MOST_WORDS = 60
_LEAST_PROSE = 0.5


def sentences_of(text: str) -> list[str]:
    """Split one paragraph into its sentences, whose concatenation with spaces is the paragraph.

    A full stop within code, brackets, numbers or after an abbreviation ends nothing.
    """
    masked = _CODE_SPAN.sub(lambda match: f"`{'x' * (len(match[0]) - 2)}`", text)
    found: list[str] = []
    start = 0
    for match in _END.finditer(masked):
        end = match.end()
        if end > start and _ends_here(masked[start:end], masked[end:]):
            found.append(text[start:end])
            start = end + len(masked[end:]) - len(masked[end:].lstrip())
    rest = text[start:]
    return [*found, rest] if rest.strip() else found


def is_dependent(sentence: str) -> bool:
    """Whether a sentence leans on the one before it, as "This is why" does."""
    return bool(_DEPENDENT.match(sentence))


def leans_on(sentence: str, previous: str) -> bool:
    """Whether a sentence needs the one before it, or takes up what that one spoke of."""
    if is_dependent(sentence):
        return True
    taken_up = _TAKEN_UP.match(sentence)
    return taken_up is not None and f" {taken_up['thing']} " in previous


def is_quotable(sentence: str) -> bool:
    """Whether a sentence is whole, is prose, and does not point to another place in its text."""
    prose = _CODE_SPAN.sub("`x`", sentence)
    return (
        bool(_OPENING.match(sentence) or sentence.startswith("("))
        and bool(_CLOSING.search(prose) or _WHOLE_BEFORE_EXAMPLE.match(prose))
        and _is_balanced(prose)
        and not _POINTS_ELSEWHERE.search(prose)
        and not _UNREADABLE.search(prose)
        and not _HALF_CONVERTED.search(sentence)
        and _is_mostly_words(prose)
    )


def _ends_here(sentence: str, rest: str) -> bool:
    if not _START.match(rest):
        return False
    if sentence.count("(") > sentence.count(")") and ")" in rest:
        return False
    if _MAY_END_A_SENTENCE.search(sentence):
        return True
    return not _ABBREVIATION.search(sentence)


def _is_balanced(sentence: str) -> bool:
    return sentence.count("`") % 2 == 0 and all(
        sentence.count(opening) == sentence.count(closing) for opening, closing in _PAIRS
    )


def _is_mostly_words(prose: str) -> bool:
    tokens = prose.split()
    wordy = sum(1 for token in tokens if _WORD.search(token) and token.strip("(,.)") != "`x`")
    fitting = _FEWEST_WORDS <= len(tokens) <= _MOST_WORDS
    return fitting and wordy >= _LEAST_PROSE * len(tokens)

"""Keywords by TextRank (Mihalcea and Tarau, EMNLP 2004): words that stand beside words that matter."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from examples.research.words import STOP_WORDS, stem

_TOKEN = re.compile(r"`[^`]+`|[A-Za-z_][\w’'-]*|[.,;:!?()]")
_VERB = re.compile(
    r"(?:allow|appear|becom|behav|bind|caus|contain|creat|defin|describ|determin|evaluat|execut|exit|handl"
    r"|indicat|mean|occur|perform|produc|provid|rais|refer|requir|return|specifi|support|tak)(?:e|s|es)?"
)
_NO_END = re.compile(r"\w+(?:ed|ing|ly)")
_WINDOW = 3
_DAMPING = 0.85
_ROUNDS = 40
_SHARE_OF_WORDS = 3
_LONGEST_PHRASE = 3
_SHORTEST_WORD = 3
_MOST = 8
_NO_KEYWORDS = frozenset(
    """
    additional appropriate available call case current currently directly end entire example executed following form
    given instead kind name names need new number object objects optional order particular possible python raised
    returned set specific time true type false value values way
    """.split()
)


def keywords_of(texts: Iterable[str], most: int = _MOST) -> list[str]:
    """Return the key phrases of `texts`, the most important first.

    Words that carry meaning are linked to those within a few places of them; a word is as important as those that are
    linked to it make it. Phrases are what stands side by side of the best third of the words.
    """
    told = [_TOKEN.findall(text) for text in texts]
    ranks = _ranks(_links(told))
    best = set(sorted(ranks, key=lambda word: (-ranks[word], word))[: max(most, len(ranks) // _SHARE_OF_WORDS)])
    phrases = Counter(phrase for tokens in told for phrase in _phrases(tokens, best))
    spelled: dict[str, str] = {}
    scores: Counter[str] = Counter()
    for phrase, count in phrases.most_common():
        key = " ".join(filter(None, map(_key, phrase.split(" "))))
        spelled.setdefault(key, phrase)
        scores[key] += count
    worth = {key: sum(ranks[word] for word in key.split(" ")) * (1 + math.log(scores[key])) for key in scores}
    return _apart([spelled[key] for key in sorted(worth, key=lambda key: (-worth[key], key))], most)


def _key(token: str) -> str | None:
    """Return what a word that carries meaning is compared by, None for any other token."""
    if token.startswith("`"):
        return token if " " not in token else None
    word = token.lower()
    if len(word) < _SHORTEST_WORD or word in STOP_WORDS or word in _NO_KEYWORDS or _VERB.fullmatch(word):
        return None
    return stem(word)


def _links(told: Iterable[Sequence[str]]) -> dict[str, Counter[str]]:
    """Return how often each word stands near each other one."""
    links: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for tokens in told:
        keys = [_key(token) for token in tokens]
        for place, one in enumerate(keys):
            for other in keys[place + 1 : place + 1 + _WINDOW]:
                if one and other and one != other:
                    links[one][other] += 1
                    links[other][one] += 1
    return links


def _ranks(links: Mapping[str, Counter[str]]) -> dict[str, float]:
    """Return the PageRank of each word; the sums are made in the same order every time."""
    ranks = dict.fromkeys(links, 1.0)
    totals = {word: links[word].total() for word in links}
    for _ in range(_ROUNDS):
        ranks = {
            word: 1 - _DAMPING + _DAMPING * sum(ranks[other] * count / totals[other] for other, count in near.items())
            for word, near in links.items()
        }
    return ranks


def _phrases(tokens: Sequence[str], best: Container[str | None]) -> Iterator[str]:
    """Yield the longest runs of important words, none longer than three."""
    run: list[str] = []
    for token in (*tokens, ""):
        if _key(token) in best and len(run) < _LONGEST_PHRASE:
            run.append(token if token.startswith("`") else token.lower())
        else:
            yield from _trimmed(run)
            run = [token.lower()] if _key(token) in best else []


def _trimmed(run: list[str]) -> Iterator[str]:
    """Yield a run as a phrase that ends in no form of a verb and no adverb; nothing if there is nothing else."""
    while run and _NO_END.fullmatch(run[-1]):
        run.pop()
    if run:
        yield " ".join(run)


def _apart(phrases: Iterable[str], most: int) -> list[str]:
    """Return the first phrases none of which has the words of another."""
    chosen: list[str] = []
    for phrase in phrases:
        words = {_key(token) for token in phrase.split(" ")}
        if all(not words <= {_key(token) for token in other.split(" ")} for other in chosen):
            chosen.append(phrase)
    return chosen[:most]

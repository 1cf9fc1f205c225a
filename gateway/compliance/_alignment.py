"""Two names side by side: which words stand for one another, what is left over, and the score of it.

Score: 2 * worth * likeness of the pairs, over the same with likeness 1 and the worth of what stands alone, weighed:
.9 of the query's words, .5 of the listed name's; where both have words left over, those contradict each other.
A name found by no more than one telling word (a family name, a common brand) must answer for what is left over in
full, and that word may not rest on sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct
from rapidfuzz.distance import OSA

from gateway.compliance._words import COMMON_WORTH, joined

ALONE_QUERY = 0.9
ALONE_LISTED = 0.5
LONE_LISTED = 0.9  # instead, where at most one telling word is matched
CONTRADICTION = 0.9
ONE_WORD = 1.8  # instead of ALONE_QUERY, where the listed name is one word: half of all false alarms come from those
WEAK = 0.98  # aliases that the list itself calls weak
JOINED_LIKENESS = 0.97
INITIAL_LIKENESS = 0.7  # of `J` and `John`
INITIAL_UNSAID = 0.15  # of the worth of a word that only its initial stands for
CUT_LIKENESS = 0.9  # of the query's last word and one that it begins: forms cut names off
_NOTHING = 1e-9

# Words that may stand for one another: minus its rank, places in the query and in the name (a bit each), likeness,
# worth, and the worth of what is left unsaid. A plain tuple and bits, because many are made and few are kept.
_Cell = tuple[float, int, int, float, float, float]


class Word(Struct, frozen=True, gc=False):
    """What is known of a word of queries."""

    text: str
    worth: float
    reach: float  # its worth, when any listed name can match it; else 0
    names: frozenset[int]  # that hold a word near it
    near: dict[str, float]  # listed word -> likeness
    heaviest: float  # the most that what it can stand for is worth
    light: bool  # legal forms, particles, initials: not worth looking for names behind it
    joined: bool  # two neighbouring words of some listed name, written as one


class Query(Struct, frozen=True, gc=False):
    """A name that is asked: its words, and neighbours among them that lists have as one, with their places."""

    words: Sequence[Word]
    pairs: Sequence[tuple[str, int, int]]
    cut: bool  # whether its last word may be the beginning of one


class Listed(Struct, frozen=True, gc=False):
    """A listed name: its words, what each is worth and all together, its initials, whether the list calls it weak."""

    words: tuple[str, ...]
    worths: tuple[float, ...]
    worth: float
    initials: str
    weak: bool


class Pair(Struct, frozen=True, gc=False):
    """Why a name was found: these words stand for one another."""

    query: str
    listed: str
    likeness: float


@lru_cache(64)
def excess(threshold: float) -> float:
    """How much more than what is matched a listed name may be worth, as a share of that, if found by one word alone."""
    return 2 * (1 - threshold) / (LONE_LISTED * threshold)


@lru_cache(64)
def share(threshold: float) -> float:
    """The least share of its worth that a query must match: from 2m / (2m + .9 * (1 - m)) >= threshold."""
    return ALONE_QUERY * threshold / (2 - (2 - ALONE_QUERY) * threshold)


def bound(query: Query, at: int, names: Sequence[frozenset[int]], heaviest: Sequence[float], listed: Listed) -> float:
    """The most that the listed name at `at` can score, from which words of the query are near any of its own."""
    matched = alone = covered = 0.0
    telling = 2 if query.pairs else 0  # two words as one may tell more than each
    for i, word in enumerate(query.words):
        if at in names[i]:
            matched += word.worth
            covered += heaviest[i]
            telling += word.worth > COMMON_WORTH
        elif word.text[0] in listed.initials or (len(word.text) == 1 and _begun(word.text, listed)):
            matched += word.worth
            covered += 1.0
            telling += word.worth > COMMON_WORTH
        else:
            alone += word.worth
    full = 2 * min(matched, listed.worth)
    left = max(0.0, listed.worth - covered)
    listed_weight = ALONE_LISTED if telling > 1 else LONE_LISTED
    missed = ALONE_QUERY * alone + listed_weight * left + CONTRADICTION * min(alone, left)
    return full / (full + missed + _NOTHING)


def _begun(letter: str, listed: Listed) -> bool:
    return any(word[0] == letter for word in listed.words)


def align(query: Query, listed: Listed) -> tuple[float, list[_Cell]]:
    """Pair words one to one, best pairs first; the score, and what made it."""
    mine = others = 0
    used = []
    for cell in sorted(_cells(query, listed)):
        if not (mine & cell[1] or others & cell[2]):
            mine |= cell[1]
            others |= cell[2]
            used.append(cell)
    if not used:
        return 0.0, used
    alone = left = 0.0
    for i, word in enumerate(query.words):
        if not mine >> i & 1:
            alone += word.worth
    for j, worth in enumerate(listed.worths):
        if not others >> j & 1:
            left += worth
    return _score(query, listed, used, alone, left), used


def _score(query: Query, listed: Listed, used: Sequence[_Cell], alone: float, left: float) -> float:
    telling = [cell for cell in used if cell[4] > COMMON_WORTH]
    query_weight = ONE_WORD if len(listed.words) == 1 else ALONE_QUERY
    listed_weight = ALONE_LISTED if len(telling) > 1 else LONE_LISTED
    most = _unslipped(explain(query, listed, telling)[0]) if len(telling) == 1 else 1.0
    got = full = unsaid = 0.0
    for _, _, _, likeness, worth, half in used:
        got += worth * (likeness if worth <= COMMON_WORTH else min(likeness, most))
        full += worth
        unsaid += half
    missed = query_weight * alone + listed_weight * left + CONTRADICTION * min(alone, left) + unsaid
    return min(1.0, 2 * got / (2 * full + missed)) * (WEAK if listed.weak else 1.0)


def explain(query: Query, listed: Listed, used: Sequence[_Cell]) -> tuple[Pair, ...]:
    """The pairs in words."""
    texts = [word.text for word in query.words]
    return tuple(Pair(_said(texts, cell[1]), _said(listed.words, cell[2]), round(cell[3], 3)) for cell in used)


def _said(texts: Sequence[str], places: int) -> str:
    return " ".join(text for i, text in enumerate(texts) if places >> i & 1)


def _unslipped(pair: Pair) -> float:
    """Likeness by letters alone; two words as one, and the beginning of a word, are as like as they are."""
    if " " in pair.query or " " in pair.listed or pair.listed.startswith(pair.query):
        return pair.likeness
    return 1 - OSA.distance(pair.query, pair.listed) / max(len(pair.query), len(pair.listed))


def _cells(query: Query, listed: Listed) -> list[_Cell]:
    found: list[_Cell] = []
    for i, word in enumerate(query.words):
        near, worth = word.near, word.worth
        for j, other in enumerate(listed.words):
            if other in near:
                weight = min(worth, listed.worths[j])
                found.append((-near[other] * weight, 1 << i, 1 << j, near[other], weight, 0.0))
        if len(word.text) == 1 or listed.initials:
            found += _initials(i, word, listed)
        if word.joined:
            found += _joined(i, word, listed)
    for text, i, next in query.pairs:
        both = query.words[i].worth + query.words[next].worth
        for j, other in enumerate(listed.words):
            if text == other:
                found.append(_cell(JOINED_LIKENESS, min(both, listed.worths[j]), 1 << i | 1 << next, 1 << j))
    return found + _cut_off(query, listed) if query.cut else found


def _cell(likeness: float, worth: float, left: int, right: int, unsaid: float = 0.0) -> _Cell:
    return -likeness * worth, left, right, likeness, worth, unsaid


def _initials(i: int, word: Word, listed: Listed) -> list[_Cell]:
    return [
        _cell(INITIAL_LIKENESS, min(word.worth, worth), 1 << i, 1 << j, INITIAL_UNSAID * max(word.worth, worth))
        for j, (other, worth) in enumerate(zip(listed.words, listed.worths, strict=True))
        if other[0] == word.text[0] and 1 in (len(other), len(word.text)) and other != word.text
    ]


def _joined(i: int, word: Word, listed: Listed) -> list[_Cell]:
    return [
        _cell(JOINED_LIKENESS, min(word.worth, listed.worths[j] + listed.worths[next]), 1 << i, 1 << j | 1 << next)
        for text, j, next in joined(listed.words)
        if text == word.text
    ]


def _cut_off(query: Query, listed: Listed) -> list[_Cell]:
    last = len(query.words) - 1
    word = query.words[last]
    return [
        _cell(CUT_LIKENESS, min(word.worth, worth), 1 << last, 1 << j)
        for j, (other, worth) in enumerate(zip(listed.words, listed.worths, strict=True))
        if len(word.text) < len(other) and other.startswith(word.text)
    ]

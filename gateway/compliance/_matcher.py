"""Names against names: finds what a person would call the same name, and gives it a score from 0 to 1.

Strategy: a name is a bag of words, each worth what it tells (rare words much, `Ltd` and `Mohammed` little). Of every
word ever asked, the matcher remembers its worth and the listed names that hold a word near it. A listed name can
only reach the threshold when it matches a certain share of the query's worth (see `share`), so for most names one
look at each word proves that there is no hit; for the others, sets of names are intersected, an exact bound is taken
for the few that are left, and only what passes it is aligned word by word.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from functools import lru_cache
from itertools import combinations

from msgspec import Struct

from gateway.compliance._alignment import Listed, Pair, Query, Word, align, bound, excess, explain, share
from gateway.compliance._neighbours import Neighbours
from gateway.compliance._words import (
    ARTICLES,
    CUT_AT,
    JOINED_LETTERS_MIN,
    LEGAL_WORTH,
    NAME_CHARACTERS_MAX,
    SERVANT,
    WORDS_MAX,
    joined,
    words,
    worth,
)

MEMO_NAMES = 50_000  # whole names remembered with their best hit, some 10 MB
MEMO_WORDS = 100_000  # words remembered with what is near them, some 60 MB ...
MEMO_PLACES = 1_000_000  # ... and the names behind them, some 50 MB; then it starts anew
NAMES_MIN = 5_000  # rarity is counted as in a list of at least this size: in a short one all words would be rare
RARITY_MIN = 0.2  # worth of the most common names
THRESHOLD_MIN = 0.5  # below it scores mean nothing
COMBINED_MAX = 6  # query words whose combinations are intersected; names with more are rare
MEMO_RANKED = 10_000  # words with the names behind them in order
MEMO_BEGUN = 10_000
BEGUN_MAX = 200  # listed words that a cut-off word may begin
TWO_WORDS = 2.0  # the most that two words are worth
ROUNDING = 1e-9


class Hit(Struct, frozen=True, gc=False):
    """A listed name that is near enough: its place in the list, and the pairs of words that made it so."""

    place: int
    score: float
    pairs: tuple[Pair, ...]


class Matcher:
    """Listed names, indexed. Places are those of the sequence it is made of; of equal names the first is told."""

    def __init__(self, names: Sequence[str], weak: Sequence[bool] = ()) -> None:
        distinct = _distinct(names, weak or [False] * len(names))
        self._places = [place for place, _, _ in distinct]
        self._behind = _behind(parts for _, parts, _ in distinct)
        self._behind_joined = _behind([word for word, _, _ in joined(parts)] for _, parts, _ in distinct)
        self._worth = _worths(self._behind, len(distinct))
        self._listed = [self._weigh(parts, weak) for _, parts, weak in distinct]
        self._sorted = sorted(self._behind)
        self._behind_begun = lru_cache(MEMO_BEGUN)(self._find_begun)
        self._neighbours = Neighbours(self._behind)
        self._ranked = lru_cache(MEMO_RANKED)(self._rank)
        self._memo: dict[str, Word] = {}
        self._spellings: dict[str, tuple[Word, ...]] = {}
        self._memo_places = 0
        self._screeners: dict[float, Callable[[str], Hit | None]] = {}

    def _weigh(self, parts: tuple[str, ...], weak: bool) -> Listed:
        worths = tuple(map(self._worth.__getitem__, parts))
        return Listed(parts, worths, sum(worths), "".join(part for part in parts if len(part) == 1), weak)

    # --- asking ---------------------------------------------------------------------------------

    def screener(self, threshold: float) -> Callable[[str], Hit | None]:
        """Name -> its best hit at `threshold` or above; names asked before are answered from memory."""
        if threshold not in self._screeners:
            self._screeners[threshold] = lru_cache(MEMO_NAMES)(lambda name: self.best(name, threshold))
        return self._screeners[threshold]

    def best(self, name: str, threshold: float = THRESHOLD_MIN) -> Hit | None:
        """The best hit at `threshold` or above; of equal ones that which stands first."""
        hits = self.hits(name, threshold)
        return hits[0] if hits else None

    def hits(self, name: str, threshold: float) -> list[Hit]:
        """All listed names that score at least `threshold` (from .5), best first."""
        query = self._read(name)
        if not query.pairs and not query.cut and _hopeless(query.words, share(threshold)):
            return []
        return self._verify(query, max(threshold, THRESHOLD_MIN))

    def _read(self, name: str) -> Query:
        """The words of a name, and neighbours among them that a list has as one."""
        known, behind, before, at = self._spellings.get, self._behind, "", 0
        query: list[Word] = []
        pairs: list[tuple[str, int, int]] = []
        for spelling in name[:NAME_CHARACTERS_MAX].split():
            found = known(spelling)
            if found is None:
                found = self._spell(spelling)
            for word in found:
                text = word.text
                if before and before + text in behind and len(before) + len(text) >= JOINED_LETTERS_MIN:
                    pairs.append((before + text, at, len(query)))
                if before in SERVANT and text in ARTICLES:
                    before = "abdul"
                else:
                    before, at = text, len(query)
                query.append(word)
        if len(query) > WORDS_MAX:
            query, pairs = query[:WORDS_MAX], [pair for pair in pairs if pair[2] < WORDS_MAX]
        return Query(query, pairs, len(name) in CUT_AT and bool(query) and bool(self._behind_begun(query[-1].text)))

    def _spell(self, spelling: str) -> tuple[Word, ...]:
        """What stands between two blanks as words, remembered: `AL-RASHID,` is two."""
        found = tuple(self._memo.get(text) or self._learn(text) for text in words(spelling))
        if len(self._spellings) >= MEMO_WORDS:
            self._spellings.clear()
        self._spellings[spelling] = found
        return found

    def _learn(self, text: str) -> Word:
        """What is to be known of a word, remembered."""
        near = self._neighbours.near(text)
        names = [self._behind[other] for other in near]
        heaviest = max(map(self._worth.__getitem__, near), default=0.0)
        if text in self._behind_joined:
            names.append(self._behind_joined[text])
            heaviest = TWO_WORDS
        everything = names[0] if len(names) == 1 else frozenset[int]().union(*names)
        weight = self._worth[text] if text in self._worth else worth(text, 1.0)
        light = weight <= LEGAL_WORTH or len(text) == 1
        reach = weight if everything or light else 0.0
        word = Word(text, weight, reach, everything, near, heaviest, light, text in self._behind_joined)
        self._memo_places += len(everything) if len(names) > 1 else 0
        if len(self._memo) >= MEMO_WORDS or self._memo_places > MEMO_PLACES:
            self._memo.clear()
            self._spellings.clear()
            self._memo_places = len(everything)
        self._memo[text] = word
        return word

    # --- verifying ------------------------------------------------------------------------------

    def _verify(self, query: Query, threshold: float) -> list[Hit]:
        """Candidates; those that the bound lets pass, aligned."""
        names = [word.names for word in query.words]
        heaviest = [word.heaviest for word in query.words]
        for text, *places in query.pairs:
            for i in places:
                names[i] |= self._behind[text]
                heaviest[i] = max(heaviest[i], self._worth[text])
        if query.cut:
            names[-1] |= self._behind_begun(query.words[-1].text)
            heaviest[-1] = max(heaviest[-1], 1.0)
        found = []
        least = threshold - ROUNDING
        for at in self._candidates(query, names, threshold):
            listed = self._listed[at]
            if bound(query, at, names, heaviest, listed) >= least:
                score, used = align(query, listed)
                if score >= least:
                    found.append(Hit(self._places[at], score, explain(query, listed, used)))
        return sorted(found, key=lambda hit: (-hit.score, hit.place)) if len(found) > 1 else found

    def _candidates(self, query: Query, names: Sequence[frozenset[int]], threshold: float) -> Iterable[int]:
        """Names that hold words near enough of the query's words to reach their share of its worth."""
        needed = share(threshold) * sum(word.worth for word in query.words) - ROUNDING
        items = [(i, word.worth, names[i]) for i, word in enumerate(query.words) if names[i] and not word.light]
        if items:
            needed -= sum(word.worth for word in query.words if word.light)
        else:  # nothing but legal forms and initials
            items = [(i, word.worth, names[i]) for i, word in enumerate(query.words) if names[i]]
        if len(items) > COMBINED_MAX:
            return _united(items, needed)
        found: set[int] = set()
        for chosen in _enough(tuple([weight for _, weight, _ in items]), needed):
            if len(chosen) == 1:
                found.update(self._alone(items[chosen[0]][0], items, query, threshold))
            else:
                both = items[chosen[0]][2] & items[chosen[1]][2]
                found.update(both.intersection(*(items[k][2] for k in chosen[2:])) if both else both)
        return sorted(found)

    def _alone(
        self, place: int, items: Sequence[tuple[int, float, frozenset[int]]], query: Query, threshold: float
    ) -> Iterable[int]:
        """Names behind a word that is worth enough alone: those that have little else, or more of the query."""
        word = query.words[place]
        if query.pairs or query.cut:
            return next(names for i, _, names in items if i == place)
        spare = sum(max(other.heaviest, 1.0 * (len(other.text) == 1)) for other in query.words if other.light)
        left, names = self._ranked(word.text)
        found = set(names[: bisect_right(left, word.worth * excess(threshold) + spare + ROUNDING)])
        return found.union(*(word.names & other for i, _, other in items if i != place))

    def _rank(self, text: str) -> tuple[list[float], list[int]]:
        """The names behind a word by what they have left without it, the least first, and how much that is."""
        word = self._memo.get(text) or self._learn(text)
        ranked = []
        for at in word.names:
            listed = self._listed[at]
            covered = [worth for other, worth in zip(listed.words, listed.worths, strict=True) if other in word.near]
            sure = word.joined or listed.initials
            ranked.append((0.0 if sure else listed.worth - max(covered, default=0.0), at))
        ranked.sort()
        return [left for left, _ in ranked], [at for _, at in ranked]

    def _find_begun(self, text: str) -> frozenset[int]:
        """Names that hold a word of which the text is the beginning; nothing where those are too many to tell."""
        first = bisect_left(self._sorted, text)
        begun = self._sorted[first : first + BEGUN_MAX + 1]
        if len(text) < 2 or (len(begun) > BEGUN_MAX and begun[-1].startswith(text)):
            return frozenset()
        return frozenset[int]().union(*(self._behind[word] for word in begun if word.startswith(text)))


def _distinct(names: Sequence[str], weak: Sequence[bool]) -> list[tuple[int, tuple[str, ...], bool]]:
    """Place, words and weakness of names that differ in more than order; a name is weak only if nowhere strong."""
    known: dict[tuple[str, ...], tuple[int, tuple[str, ...], bool]] = {}
    for place, name in enumerate(names):
        parts = tuple(words(name))
        key = tuple(sorted(parts))
        if parts and (key not in known or (known[key][2] and not weak[place])):
            known[key] = (place, parts, weak[place])
    return list(known.values())


def _behind(names: Iterable[Iterable[str]]) -> dict[str, frozenset[int]]:
    """Word -> the names that hold it."""
    found: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        for word in name:
            found.setdefault(word, []).append(at)
    return {word: frozenset(places) for word, places in found.items()}


def _worths(behind: Mapping[str, Sized], names: int) -> dict[str, float]:
    """How much each listed word tells: 1 for one that stands in one name only."""
    scale = max(NAMES_MIN, names) + 1
    return {
        word: worth(word, max(RARITY_MIN, math.log(scale / len(places)) / math.log(scale)))
        for word, places in behind.items()
    }


def _hopeless(query: Sequence[Word], least: float) -> bool:
    """Whether a look at each word proves that no name has enough of the query's words."""
    total = within = 0.0
    for word in query:
        total += word.worth
        within += word.reach
    needed = total * least
    if within < needed or len(query) != 2:
        return within < needed
    one, other = query
    return one.worth < needed > other.worth and not (one.light or other.light) and one.names.isdisjoint(other.names)


@lru_cache(MEMO_RANKED)
def _enough(weights: tuple[float, ...], needed: float) -> tuple[tuple[int, ...], ...]:
    """The smallest combinations that weigh enough; none holds another."""
    told: list[tuple[int, ...]] = []
    for count in range(1, len(weights) + 1):
        for chosen in combinations(range(len(weights)), count):
            enough = sum(weights[i] for i in chosen) >= needed
            if enough and not any(set(one).issubset(chosen) for one in told):
                told.append(chosen)
    return tuple(told)


def _united(items: Sequence[tuple[int, float, frozenset[int]]], needed: float) -> list[int]:
    """Names behind any of the rarest words, until who is in none of them has too little left."""
    found: set[int] = set()
    rest = sum(weight for _, weight, _ in items)
    for _, weight, one in sorted(items, key=lambda item: len(item[2])):
        if rest < needed:
            break
        found |= one
        rest -= weight
    return sorted(found)

"""Words near a word: all listed words that one could have been meant to be.

Strategy: two indexes built once. The deletion index finds slips: a word and one that differs by a slip or two have a
form in common when letters are left out of both (looked at: the first `PREFIX` letters). The skeleton index finds
words that sound alike. What the indexes bring is then judged letter by letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from rapidfuzz.distance import OSA, JaroWinkler

from gateway.compliance._words import SAME, lettered, skeleton

PREFIX = 7  # letters that the deletion index looks at: 29 forms of a word, most of them its own
LETTERS_ONE_SLIP = 3  # words from here may have one slip ...
LETTERS_TWO_SLIPS = 7  # ... and from here two
JARO_WINKLER_MIN = 0.82  # below it, words with one skeleton are strangers
SAME_LIKENESS = 0.92  # of two ways to write or say one name
SOUND_LIKENESS = 0.97  # of words that sound alike, at the most
UNVOWELLED_LIKENESS = 0.85  # of a word written without its vowels, as Arabic is

_Index = dict[str, str | tuple[str, ...]]


class Neighbours:
    """The listed words, to be asked what is near."""

    def __init__(self, listed: Iterable[str]) -> None:
        self._listed = frozenset(listed)
        self._forms: _Index = {}
        self._skeletons: _Index = {}
        for word in self._listed:
            for form in _forms(word):
                _put(self._forms, form, word)
            if len(bones := skeleton(word)) > 1:
                _put(self._skeletons, bones, word)

    def near(self, word: str) -> dict[str, float]:
        """Listed words near a word, with their likeness above 0 and up to 1."""
        found = {other: SAME_LIKENESS for other in SAME.get(word, ()) if other in self._listed}
        if not word.isdigit():
            self._slips(word, found)
            self._sounds(word, found)
            if (meant := lettered(word)) != word:
                found |= {other: likeness * SAME_LIKENESS for other, likeness in self.near(meant).items()}
        if word in self._listed:
            found[word] = 1.0
        return found

    def _slips(self, word: str, found: dict[str, float]) -> None:
        seen = {word}
        for form in _forms(word):
            for other in _get(self._forms, form):
                if other not in seen:
                    seen.add(other)
                    if likeness := _likeness(word, other):
                        found[other] = max(likeness, found.get(other, 0.0))

    def _sounds(self, word: str, found: dict[str, float]) -> None:
        bones = skeleton(word)
        for other in _get(self._skeletons, bones) if len(bones) > 1 else ():
            likeness = JaroWinkler.similarity(word, other)
            if likeness >= JARO_WINKLER_MIN:
                found[other] = max(likeness * SOUND_LIKENESS, found.get(other, 0.0))
            elif bones == word and len(word) > 2:
                found[other] = max(UNVOWELLED_LIKENESS, found.get(other, 0.0))


def _put(index: _Index, key: str, word: str) -> None:
    """Most keys lead to one word: kept without a tuple round it, which halves the index."""
    held = index.setdefault(key, word)
    if held is not word:
        index[key] = (*held, word) if isinstance(held, tuple) else (held, word)


def _get(index: _Index, key: str) -> tuple[str, ...]:
    held = index.get(key, ())
    return held if isinstance(held, tuple) else (held,)


def _slips_allowed(letters: int) -> int:
    return 0 if letters < LETTERS_ONE_SLIP else 1 if letters < LETTERS_TWO_SLIPS else 2


def _forms(word: str) -> Iterator[str]:
    """The head of a word, and what it becomes with as many letters left out as it may have slips."""
    if len(word) < LETTERS_ONE_SLIP - 1 or word.isdigit():
        return iter(())
    head = word[:PREFIX]
    forms = {head}
    for count in range(1, _slips_allowed(len(word)) + 1):
        forms.update(map("".join, combinations(head, len(head) - count)))
    return iter(forms)


def _likeness(word: str, other: str) -> float:
    """1 less what its slips are of the longer word; 0 when there are more than that may have."""
    letters = max(len(word), len(other))
    allowed = _slips_allowed(letters)
    slips = OSA.distance(word, other, score_cutoff=allowed)
    return 1.0 - slips / letters if slips <= allowed else 0.0

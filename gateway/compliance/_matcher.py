"""Names against names: a token index that finds what a person would call the same name.

Strategy: a name is a bag of words, each worth what it tells (rare words much, `Trading` and `Ltd` little). For a
word of a query, the listed words that are near it are found once and remembered: by deletion index (one slip in
words of four to six letters, two from seven) and by consonant skeleton, guarded by Jaro-Winkler. A listed name
can only reach the threshold if it matches most of the query's worth, so it must share one of the few words that
carry it: only names behind those words are compared, by aligning words one to one, best pair first.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import combinations, pairwise

from msgspec import Struct
from rapidfuzz.distance import OSA, JaroWinkler

QUERY_CHARACTERS_MAX = 350  # beyond any name field of any format; the rest is not looked at
TOKENS_MAX = 24  # of one name
MEMO_TOKENS = 200_000  # words remembered with their neighbours
MEMO_NAMES = 100_000  # whole names remembered with their best hit
PREFIX = 7  # the deletion index looks at so many letters
SHARE_NEEDED = 0.64  # of the query's worth that a name must match to reach .80
SHARE_FLOOR = 0.5  # below this share of the query's worth no name reaches .5 after alignment
JARO_WINKLER_MIN = 0.82
LEGAL_WORTH = 0.12

_SEPARATORS = str.maketrans(dict.fromkeys('\t\r\n,;:/\\|()[]{}<>"_-+*&%$#@!?=', " ") | dict.fromkeys("'`.´’", ""))
_LATIN = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ı": "i",
        "ħ": "h",
        **dict(zip("абвгдезийклмнопрстуфхцыэ", "abvgdeziiklmnoprstufhcye", strict=True)),
        "ё": "e",
        "ж": "zh",
        "ч": "ch",
        "ш": "sh",
        "щ": "shch",
        "ъ": "",
        "ь": "",
        "ю": "yu",
        "я": "ya",
        "і": "i",
        "ї": "i",
        "є": "e",
        "ґ": "g",
        **dict(zip("αβγδεζηικλμνξοπρστυφωσς", "avgdeziiklmnxoprstyfoss", strict=True)),
        "θ": "th",
        "χ": "ch",
        "ψ": "ps",
        **dict(zip("ابتدرزسفقكلمنهوي", "abtdrzsfqklmnhwy", strict=True)),
        "ث": "th",
        "ج": "j",
        "ح": "h",
        "خ": "kh",
        "ذ": "dh",
        "ش": "sh",
        "ص": "s",
        "ض": "d",
        "ط": "t",
        "ظ": "z",
        "ع": "",
        "غ": "gh",
        "ة": "a",
        "ى": "a",
        "ء": "",
        "ئ": "y",
        "ؤ": "w",
    }
)
_VOWELS = re.compile(r"[aeiouyhw]+")
_SOUNDS = (
    (re.compile("ph"), "f"),
    (re.compile("ck|kh|q|c"), "k"),
    (re.compile("z|sch|sh"), "s"),
    (re.compile("dj|dzh"), "j"),
    (re.compile("v|w"), "v"),
    (re.compile(r"(.)\1+"), r"\1"),
)
LEGAL = frozenset(
    "ltd limited llc llp lp plc inc incorporated corp corporation co company gmbh ag kg ohg mbh ug se sa sarl sas srl"
    " spa bv nv oy ab as aps pte pty pjsc ojsc jsc ooo zao oao fze fzco fzc dmcc est group holding holdings"
    " trading international and the of for de la el al bin ibn der van von und et y e i mr mrs ms dr"
    " sheikh haji mullah general".split()
)
NICKNAMES = {
    "bill": "william",
    "bob": "robert",
    "rob": "robert",
    "dick": "richard",
    "jim": "james",
    "joe": "joseph",
    "mike": "michael",
    "alex": "alexander",
    "sasha": "alexander",
    "vova": "vladimir",
    "misha": "mikhail",
    "kolya": "nikolai",
    "tony": "anthony",
    "tom": "thomas",
    "dave": "david",
    "dan": "daniel",
    "steve": "steven",
    "nick": "nicholas",
    "pepe": "jose",
    "paco": "francisco",
    "mohd": "mohammed",
    "md": "mohammed",
    "abd": "abdul",
}


class Hit(Struct, frozen=True, gc=False):
    """A listed name that is near enough, and why: pairs of (query word, listed word, similarity)."""

    place: int
    score: float
    pairs: tuple[tuple[str, str, float], ...]


def words(name: str) -> list[str]:
    """A name as comparable words: lower case, Latin letters, no accents, no punctuation."""
    text = name[:QUERY_CHARACTERS_MAX]
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.casefold()).translate(_LATIN)
        text = "".join(c for c in text if not unicodedata.combining(c))
    return [NICKNAMES.get(word, word) for word in text.lower().translate(_SEPARATORS).split()[:TOKENS_MAX]]


Near = tuple[float, dict[str, float]]  # a word's worth; the listed words near it, with their similarity


class Matcher:
    """An index over listed names; `best` and `hits` answer for one queried name."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = [tuple(dict.fromkeys(words(name))) for name in names]
        self._behind: dict[str, list[int]] = {}
        for place, name in enumerate(self._names):
            for word in name:
                self._behind.setdefault(word, []).append(place)
        self._scale = math.log(1 + len(names))
        self._deletes: dict[str, list[str]] = {}
        self._skeletons: dict[str, list[str]] = {}
        for word in self._behind:
            for delete in set(_deletions(word)):
                self._deletes.setdefault(delete, []).append(word)
            skeleton = _skeleton(word)
            if len(skeleton) > 1:
                self._skeletons.setdefault(skeleton, []).append(word)
        self._sets = [frozenset(name) for name in self._names]
        # A name with initials, or with words that may be written as one, can match more than its words show.
        self._loose = [any(len(word) == 1 for word in name) for name in self._names]
        self._worth = lru_cache(MEMO_TOKENS)(self._find_worth)
        self._near = lru_cache(MEMO_TOKENS)(self._find_near)
        self.best = lru_cache(MEMO_NAMES)(self._best)

    def _best(self, name: str) -> Hit | None:
        """The best hit at .5 or above; None when nothing is near."""
        return max(self.hits(name, 0.5), key=lambda hit: hit.score, default=None)

    def hits(self, name: str, threshold: float) -> list[Hit]:
        """All listed names that score at least `threshold`, best first."""
        query = tuple(dict.fromkeys(words(name)))
        near = [self._near(word) for word in query]
        needed = SHARE_FLOOR * sum(worth for worth, _ in near)
        loose = bool(_joined(query).keys() & self._behind.keys()) or any(len(word) == 1 for word in query)
        found = [
            hit
            for place in self._candidates(query)
            if (loose or self._loose[place] or self._share(near, place) >= needed)
            and (hit := self._compare(query, place)).score >= threshold
        ]
        return sorted(found, key=lambda hit: (-hit.score, hit.place))

    def _share(self, near: Sequence[Near], place: int) -> float:
        """How much of the query's worth a name can match at most: cheap, to spare most alignments."""
        name = self._sets[place]
        return sum(worth for worth, others in near if not name.isdisjoint(others))

    def _find_worth(self, word: str) -> float:
        """How much a word tells: 1 for one that stands on no list or once, little for legal forms."""
        behind = self._behind.get(word)
        worth = 1.0 if behind is None else math.log(1 + len(self._names) / len(behind)) / self._scale
        if word in LEGAL:
            return min(worth, LEGAL_WORTH)
        return worth * (0.4 if len(word) == 1 else 1.0)

    def _find_near(self, word: str) -> Near:
        """A word's worth and the listed words near it, with their similarity."""
        near: dict[str, float] = {}
        if word in self._behind:
            near[word] = 1.0
        if len(word) >= 4 and not word.isdigit():
            for delete in set(_deletions(word)):
                for other in self._deletes.get(delete, ()):
                    if other not in near and (similarity := _similar(word, other)):
                        near[other] = similarity
            for other in self._skeletons.get(_skeleton(word), ()):
                if other not in near and (likeness := JaroWinkler.similarity(word, other)) >= JARO_WINKLER_MIN:
                    near[other] = likeness * 0.98
        return self._worth(word), near

    def _candidates(self, query: Sequence[str]) -> Iterable[int]:
        """Names behind the words that a hit cannot do without."""
        near = [self._near(word) for word in (*query, *_joined(query))]
        total = sum(worth for worth, _ in near[: len(query)])
        ordered = sorted(near[: len(query)], key=lambda one: (sum(len(self._behind[w]) for w in one[1]), -one[0]))
        covered, found = 0.0, set[int]()
        for worth, others in (*ordered, *near[len(query) :]):
            if covered <= total * (1 - SHARE_NEEDED) + 1e-9 or worth == 0.0:
                found.update(place for other in others for place in self._behind[other])
                covered += worth
        for _, others in near[len(query) :]:
            found.update(place for other in others for place in self._behind[other])
        return sorted(found)

    def _compare(self, query: Sequence[str], place: int) -> Hit:
        """Align words one to one, best pair first, and weigh what is left over on both sides."""
        name = self._names[place]
        pairs = sorted(self._pairs(query, name), key=lambda pair: -pair[2])
        left, right = dict.fromkeys(query), dict.fromkeys(name)
        got = full = 0.0
        used = []
        for mine, other, similarity in pairs:
            if all(word in left for word in mine.split("+")) and all(word in right for word in other.split("+")):
                worth = sum(self._worth(w) for w in mine.split("+")) + sum(self._worth(w) for w in other.split("+"))
                got, full = got + worth * similarity, full + worth
                used.append((mine, other, similarity))
                for word in mine.split("+"):
                    left.pop(word)
                for word in other.split("+"):
                    right.pop(word)
        missed = 0.9 * sum(map(self._worth, left)) + 0.5 * sum(map(self._worth, right))
        score = got / (full + missed) if full else 0.0
        if len(name) == 1 and len(query) > 1:
            score *= 0.9  # one-word names make half of the false alarms
        return Hit(place, min(score, 1.0), tuple(used))

    def _pairs(self, query: Sequence[str], name: Sequence[str]) -> Iterator[tuple[str, str, float]]:
        for mine in query:
            near = self._near(mine)[1]
            for other in name:
                similarity = near.get(other, 0.0) or _initial(mine, other)
                if similarity:
                    yield mine, other, similarity
        for joined, parts in _joined(query).items():
            if joined in name:
                yield parts, joined, 0.97
        for joined, parts in _joined(name).items():
            if joined in query:
                yield joined, parts, 0.97


def _initial(mine: str, other: str) -> float:
    """`J` for `John`: a little evidence."""
    return 0.75 if 1 in (len(mine), len(other)) and mine[0] == other[0] and mine != other else 0.0


def _joined(query: Sequence[str]) -> dict[str, str]:
    """Neighbouring words written as one, from five letters: `alrashid` for `al rashid`."""
    return {a + b: f"{a}+{b}" for a, b in pairwise(query) if len(a) + len(b) >= 5}


def _slips(word: str) -> int:
    """How many slips a word of its length may have."""
    return 0 if len(word) < 4 else 1 if len(word) < 7 else 2


def _deletions(word: str) -> Iterator[str]:
    head = word[:PREFIX]
    yield head
    for count in range(1, _slips(word) + 1):
        for kept in combinations(head, len(head) - count):
            yield "".join(kept)


def _similar(word: str, other: str) -> float:
    """1 less a penalty per slip; 0 when there are more slips than the shorter word may have."""
    allowed = min(_slips(word), _slips(other))
    slips = OSA.distance(word, other, score_cutoff=allowed)
    return 1.0 - 1.1 * slips / max(len(word), len(other)) if slips <= allowed and allowed else 0.0


def _skeleton(word: str) -> str:
    """What is left of a word when it is heard badly: its consonants, alike ones made one."""
    for sound, letter in _SOUNDS:
        word = sound.sub(letter, word)
    return word[:1] + _VOWELS.sub("", word[1:])

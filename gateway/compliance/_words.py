"""A name as comparable words: one alphabet, no accents, no punctuation; and what each kind of word tells.

Strategy: names in plain ASCII, nearly all that pass, take one table and one split. Others are decomposed (NFKD) and
written in Latin letters by a small table first. Words that stand in half of all names (legal forms, titles,
particles, common business words) are tables below; how much the rest tells is counted from the lists.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Sequence

NAME_CHARACTERS_MAX = 350  # beyond any name field of any format, and any published name; the rest is not looked at
WORDS_MAX = 24  # of one name; the longest published names have fewer
CUT_AT = frozenset((16, 22, 35, 70))  # where forms cut names off: ACH company and receiver, MT line, SEPA
JOINED_LETTERS_MIN = 5  # shorter pairs of words written as one meet strangers

# Apostrophes and accents standing alone vanish (O'Neil, Sa'id); what else is no letter and no digit parts words.
_VANISHING = "'`´’‘ʼʻ\"“”\u200b\u200c\u200d\ufeff"
_PARTING = set(string.punctuation) - set(_VANISHING)
_ASCII: dict[int, str | None] = str.maketrans(
    dict(zip(string.ascii_uppercase, string.ascii_lowercase, strict=True))
    | dict.fromkeys(_PARTING | set(map(chr, range(32))) | {"\x7f"}, " ")
    | dict.fromkeys(_VANISHING)
)
_LETTERS = str.maketrans(
    dict(zip("абвгдезийклмнопрстуфхцыэ", "abvgdeziiklmnoprstufhcye", strict=True))
    | dict(zip("αβγδεζηικλμνξοπρστυφωσς", "avgdeziiklmnxoprstyfoss", strict=True))
    | dict(zip("ابتدرزسفقكلمنهويآأإٱک", "abtdrzsfqklmnhwyaaiak", strict=True))
    | {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ə": "a"}
    | {"ё": "e", "ж": "zh", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "", "ю": "yu", "я": "ya"}
    | {"і": "i", "ї": "i", "є": "e", "ґ": "g", "ў": "u", "ђ": "dj", "ћ": "c", "љ": "lj", "њ": "nj", "џ": "dz", "ј": "j"}
    | {"θ": "th", "χ": "ch", "ψ": "ps"}
    | {"ث": "th", "ج": "j", "ح": "h", "خ": "kh", "ذ": "dh", "ش": "sh", "ص": "s", "ض": "d", "ط": "t", "ظ": "z"}
    | {"ع": "", "غ": "gh", "ة": "a", "ى": "a", "ء": "", "ئ": "y", "ؤ": "w", "پ": "p", "چ": "ch", "ژ": "zh", "گ": "g"}
    | {"ی": "y", "ہ": "h"}
)
_ABBREVIATION = re.compile(r"\b(?:\w\.){2,}(?:\w\b)?")
_NOT_A_WORD = re.compile(r"[\W_]+")

LEGAL_WORTH = 0.08
_LEGAL = (
    "ltd ltda limited llc llp lp plc inc incorporated corp corporation co company gmbh mbh ag kg kgaa ohg ug ev se sa"
    " sarl sas srl spa sl sapi cv rl bv nv oy oyj ab as asa aps pte pty pt tbk sdn bhd pjsc ojsc cjsc jsc pao oao zao"
    " ooo ao tov too doo dd ad ood eood kft zrt sro spol zoo ojs fze fzco fzc fzllc dmcc est liability joint stock"
    " open closed public private aktiengesellschaft gesellschaft haftung kommanditgesellschaft societe anonyme"
    " sociedad anonima limitada compania compagnie societa per azioni obshchestvo obshchestva ogranichennoi"
    " otvetstvennostyu aktsionernoe"
)
_PARTICLES = (
    "the of and for a an de del la las los le les du des d da das do dos di e i y et und von van der den zu zum zur"
    " te ter al el ul as ad bin ben ibn bint binti bt abu bou"
)
_TITLES = (
    "mr mrs ms miss dr prof professor herr frau monsieur madame senor senora don dona sir lord sheikh shaikh sheik"
    " shaykh haji hajji hadji haj mullah mawlawi maulavi maulana imam ayatollah general colonel major captain"
    " president jr sr ii iii"
)
COMMON_WORTH = 0.35
_COMMON = (
    "trading trade general international global world group holding holdings enterprise enterprises services service"
    " solutions systems industries industry industrial business management consulting consultants investment"
    " investments capital finance financial bank banque banco trust fund partners associates brothers sons import"
    " export imports exports shipping maritime marine logistics transport transportation travel engineering"
    " construction development technology technologies tech electronics energy oil gas petroleum petrochemical"
    " chemical chemicals steel metal metals mining minerals food foods foundation association society organization"
    " organisation committee council institute center centre national united commercial city new east west north south"
    " northern southern eastern western agency office house market supply products product manufacturing factory works"
    " workshop hotel media"
)
WORTH: dict[str, float] = (
    dict.fromkeys(_COMMON.split(), COMMON_WORTH)
    | dict.fromkeys(_TITLES.split(), LEGAL_WORTH)
    | dict.fromkeys(_PARTICLES.split(), LEGAL_WORTH)
    | dict.fromkeys(_LEGAL.split(), LEGAL_WORTH)
)
SHORT_WORTH = {1: 0.25, 2: 0.5, 3: 0.8}  # by letters
NUMBER_WORTH = 0.4

# Written so differently that neither slips nor sounds bring them together.
_SAME = """
abdul abd abdel abdal abdol abdoul abdu
ahmed ahmad achmed ahmet
alexander alex sasha aleksandr oleksandr alexandre
andrey andrei andriy andy andrew
anthony tony antonio
christopher chris kris
daniel dan danny
david dave davud daud
edward ed eddie ted eduard
elizabeth liz beth betty elisabeth
evgeny yevgeny evgeniy evgenii yevgeni
francisco paco pancho
husayn hussein husain hossein hussain
igor ihor
james jim jimmy
jose pepe
joseph joe josef
yusuf yousef yosef youssef yusif
khalid khaled
margaret maggie peggy
michael mike mikael
mikhail mykhailo misha
mohammed muhammad mohamed mohammad muhammed mohamad mahomed mohd muhamad mehmet magomed md
mustafa mostafa moustafa
nicholas nick nicolas
nikolai nikolay mykola kolya
omar umar
osama usama oussama
petr pyotr petro
qaddafi gaddafi qadhafi kadafi gadhafi kaddafi
richard dick rick
robert bob rob bobby
sergey sergei serhiy sergejs
stephen steve steven
thomas tom tommy
vladimir vova volodymyr wladimir uladzimir
william bill will billy
yahya yehia
"""
SERVANT = frozenset("abd abdul abdel abdal abdol abdoul abdu".split())  # of Arabic names: servant of ...
ARTICLES = frozenset("al el ul ar ur er as us ad ud an un at ut az".split())
SAME: dict[str, tuple[str, ...]] = {
    word: tuple(other for other in group if other != word)
    for group in map(str.split, _SAME.splitlines())
    for word in group
}

_SOUNDS = (
    (re.compile("ph"), "f"),
    (re.compile("dzh|dj|dz"), "j"),
    (re.compile("tsch|tch|sch|ch|sh|zh|ts|tz|z"), "s"),
    (re.compile("ck|kh|gh|q|c|g"), "k"),
    (re.compile("w"), "v"),
    (re.compile(r"(.)\1+"), r"\1"),
)
_VOWELS = re.compile(r"[aeiouyh]+")
_DIGIT_AS_LETTER = str.maketrans("01345", "oieas")


def words(name: str) -> list[str]:
    """The words of a name, in its order; of the most `WORDS_MAX`."""
    if not name.isascii():
        return _foreign(name)
    if "." in name:
        name = _ABBREVIATION.sub(_closed, name[:NAME_CHARACTERS_MAX])
    return name[:NAME_CHARACTERS_MAX].translate(_ASCII).split()[:WORDS_MAX]


def _foreign(name: str) -> list[str]:
    text = unicodedata.normalize("NFKD", name[:NAME_CHARACTERS_MAX]).casefold().translate(_LETTERS)
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = _ABBREVIATION.sub(_closed, text).translate(_ASCII)
    return _NOT_A_WORD.sub(" ", text).split()[:WORDS_MAX]


def _closed(abbreviation: re.Match[str]) -> str:
    """`S.A.R.L.` is one word; the initials of `J. Smith` are not meant."""
    return abbreviation[0].replace(".", "") + " "


def joined(name: Sequence[str]) -> list[tuple[str, int, int]]:
    """Neighbouring words of a listed name written as one, with their places: `alrashid` of `al rashid`.

    The last and the first count as neighbours, since lists put the family's name first; `abd al munif` is also
    written `abdulmunif` or `abdelmunif`.
    """
    size = len(name)
    found = [(name[i] + name[(i + 1) % size], i, (i + 1) % size) for i in range(size if size > 1 else 0)]
    for i in range(size - 2):
        if name[i] in SERVANT and name[i + 1] in ARTICLES:
            found += [(written + name[i + 2], i, i + 2) for written in ("abdul", "abdel", "abdal")]
    return [one for one in found if len(one[0]) >= JOINED_LETTERS_MIN]


def worth(word: str, told: float) -> float:
    """How much a word tells, 0 to 1, where its rarity alone says `told`."""
    told = min(told, WORTH.get(word, 1.0), SHORT_WORTH.get(len(word), 1.0))
    return min(told, NUMBER_WORTH) if word.isdigit() else told


def skeleton(word: str) -> str:
    """What is left of a word when it is heard badly: its first letter, its consonants, alike ones made one."""
    for sound, letter in _SOUNDS:
        word = sound.sub(letter, word)
    return word[:1] + _VOWELS.sub("", word[1:])


def lettered(word: str) -> str:
    """A word in which digits stand for letters: `ig0r`. Itself, where none or nothing else does."""
    return word if word.isalpha() or word.isdigit() else word.translate(_DIGIT_AS_LETTER)

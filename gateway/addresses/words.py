"""Texts as they are compared: capital letters without accents, one space between words."""

from __future__ import annotations

import re
import unicodedata

_LETTERS = str.maketrans({"ß": "SS", "ø": "O", "Ø": "O", "æ": "AE", "Æ": "AE", "œ": "OE", "ł": "L", "Ł": "L", "đ": "D"})
_NOT_WORD = re.compile(r"[^A-Z0-9]+")


def folded(text: str) -> str:
    """`Saint-Étienne` is SAINT ETIENNE, `Łódź` LODZ."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS).replace("İ", "I"))
    letters = "".join(c for c in plain if not unicodedata.combining(c)).upper()
    return _NOT_WORD.sub(" ", letters.replace("'", "").replace("’", "")).strip()


def spellings(text: str) -> tuple[str, ...]:
    """How a name may stand in a list: as it is, with two letters written for one, with Saint in full."""
    first = folded(text)
    plain = first.replace("AE", "A").replace("OE", "O").replace("UE", "U")
    danish = first.replace("AA", "A")
    full = re.sub(r"\bSTE\b", "SAINTE", re.sub(r"\bST\b", "SAINT", first))
    return tuple(dict.fromkeys((first, plain, danish, full, full.replace("SAINT", "SANKT"))))

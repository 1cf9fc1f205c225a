"""Field 86 as German banks write it: a transaction code of three digits, a sign, and subfields numbered behind it.

Strategy: one split at the numbers takes any of them apart into facts by name. What nearly all say (the usual words,
each at the beginning of a subfield) is taken out by shape; both say the same where both read.
"""

from __future__ import annotations

import re
from functools import lru_cache

from gateway.formats.mt import shapes

Facts = dict[str, str]

_SIGN = r"[^\w\s/:.,'()-]"
_BEGIN = re.compile(rf"\d{{3}}({_SIGN})(?=(?:00|10|2\d|3\d)|\d{{6}})")
_PURPOSE = frozenset(f"{number}" for number in (*range(20, 30), *range(60, 64)))
_WORDS = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|PURP|IBAN|BIC)\+")
_WORDS_COLON = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|PURP|IBAN|BIC): ?")
WORDS = {
    "EREF": "end_to_end_id",
    "KREF": "batch_id",
    "MREF": "mandate",
    "CRED": "creditor_id",
    "DEBT": "debtor_id",
    "COAM": "compensation",
    "OAMT": "original_amount",
    "SVWZ": "remittance",
    "ABWA": "other_payer",
    "ABWE": "other_payee",
    "PURP": "purpose",
    "IBAN": "counter.account",
    "BIC": "counter.bank",
}
# Transaction codes (GVC) of direct debits, theirs and ours, and of what comes back of them.
_DEBITS = frozenset("104 105 107 108 109 171 174 181 184 192 193 195 196 197 198".split())
# Of what comes back: why, by the three digits of subfield 34. Other entries have other numbers there. Only those of
# which sources do not differ.
RETURNS = frozenset("108 109 159 181 184".split())
REASONS = {
    "901": "AC01",  # account number
    "902": "AC04",  # account closed
    "903": "AC06",  # account blocked
    "904": "AG01",  # not allowed on this account
    "906": "AM04",  # no funds
    "909": "MD01",  # no mandate
    "910": "MD02",  # data of the mandate
    "912": "MD06",  # the debtor disputes it
    "913": "MD07",  # the debtor is dead
    "915": "RC01",  # bank
}


def sign(text: str) -> str:
    """The sign before the numbers of subfields; "" where the text is none of these."""
    found = _BEGIN.match(text) if text[:3].isdigit() else None
    return found[1] if found is not None else ""


def facts(text: str, sign: str) -> Facts:
    """What a text of one line says, by name."""
    parts = _splitter(sign).split(text)
    told = dict(zip(parts[1::2], parts[2::2], strict=True))
    if 2 * len(told) + 1 != len(parts):  # a number that comes twice goes on
        told = {}
        for number, value in zip(parts[1::2], parts[2::2], strict=True):
            told[number] = told.get(number, "") + value
    found: Facts = {}
    if bank := told.get("30", "").strip():
        found["counter.bank"] = bank
    if account := told.get("31", "").strip():
        found["counter.account"] = account
    if name := (told.get("32", "") + told.get("33", "")).strip():
        found["counter.name"] = name
    if purpose := "".join([told[number] for number in told if number in _PURPOSE]):
        _purpose(purpose, found)
    if parts[0] in RETURNS and (reason := REASONS.get(told.get("34", "")[:3])):
        found["return_reason"] = reason
    if "other_payer" in found or "other_payee" in found:
        _others(found, "mandate" in found or "creditor_id" in found or parts[0] in _DEBITS)
    return found


@lru_cache(64)
def _splitter(sign: str) -> re.Pattern[str]:
    return re.compile(re.escape(sign) + r"(00|10|2\d|3\d|6[0-3])")


def _purpose(text: str, found: Facts) -> None:
    """The words in the lines of purpose; without any all of it is remittance information."""
    words = _WORDS.split(text)
    if len(words) == 1:
        words = _WORDS_COLON.split(text)
    for place in range(1, len(words), 2):
        if value := words[place + 1].strip():
            found.setdefault(WORDS[words[place]], value)
    if free := words[0].strip():
        found["remittance"] = f"{free} {found['remittance']}" if "remittance" in found else free


def _others(found: Facts, debit: bool) -> None:
    """Other payers and payees: of a debit the one who gives the order is the creditor, of a transfer the debtor."""
    payer, payee = found.pop("other_payer", ""), found.pop("other_payee", "")
    for who, debtor in ((payer, not debit), (payee, debit)):
        if who:
            found["ultimate_debtor.name" if debtor else "ultimate_creditor.name"] = who


# --- what most say, by shape --------------------------------------------------------------------------

_USUAL = {word: WORDS[word] for word in ("EREF", "KREF", "MREF", "CRED", "SVWZ")}
_OF_THE_OTHER = {"30": "counter.bank", "31": "counter.account", "32": "counter.name", "33": "counter.name"}
_TOKENS = re.compile(rf"\?(?:(?:2\d|6[0-3])(?:(?:{'|'.join(WORDS)})\+)?|00|10|3\d)")


def _plan(tokens: tuple[str, ...]) -> shapes.Plan | None:
    """How texts of these subfields and words are read; None without words, or with others than the usual."""
    steps: list[shapes.Step] = []
    field = "free"  # what stands before the first word
    for token in tokens:
        number, word = token[1:3], token[3:-1]
        field = _USUAL.get(word, "unusual") if word else field
        steps.append((token, field if number in _PURPOSE else _OF_THE_OTHER.get(number, "")))
    words = [token[3:-1] for token in tokens if len(token) > 3]
    fields = [field for _, field in steps]
    twice = len(set(words)) < len(words) or len({token[:3] for token in tokens}) < len(tokens)
    if twice or not words or "unusual" in fields or ("free" in fields and "SVWZ" in words):
        return None
    renamed = [(token, "remittance" if field == "free" else field) for token, field in steps]
    begin = rf"(?!{'|'.join(sorted(RETURNS))})" if "?34" in tokens else ""  # reasons are read word by word
    return shapes.plan(rf"{begin}\d{{3}}(?=\?[0123])", renamed, "?", r"\Z")


USUAL = shapes.Shapes(_TOKENS, "?", _plan)

"""Field 86: what banks tell of an entry, in the dialects that are about.

Strategy: the lines are put together without a blank between them, because banks cut where a line is full. Then one
expression says which dialect it is, one split takes it apart, and a table says what each word means. What is
understood becomes facts by name (`counter.name`, `end_to_end_id`), facts become the fields of the entry's detail. The
lines themselves always stay with the entry, so nothing hangs on being understood; a word that comes twice counts once.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from gateway.formats.mt import german, parties, shapes
from gateway.model import Account, Agent, Charge, Identification, Mandate, Money, Party, Reason

Facts = german.Facts

# --- code words between slashes: Dutch banks, and SWIFT's own

CODE_WORDS = {
    "EREF": "end_to_end_id",
    "IREF": "instruction_id",
    "PREF": "batch_id",
    "TXID": "transaction_id",
    "UETR": "uetr",
    "MARF": "mandate",
    "CSID": "creditor_id",
    "REMI": "remittance",
    "PURP": "purpose",
    "RTRN": "return_reason",
    "ISDT": "settlement_date",
    "OCMT": "original_amount",
    "CHGS": "compensation",
    "EXCH": "exchange_rate",
}
_OF_A_PARTY = {"NAME": ".name", "IBAN": ".account", "ACCT": ".account", "BIC": ".bank"}
_PARTIES = {"BENM": "creditor", "ORDP": "debtor", "ULTD": "ultimate_debtor", "ULTB": "ultimate_creditor"}
_UNSAID = ("TRTP", "TRCD", "ADDR", "ID", "SVCL", "CNTP")  # ends the word before it; CNTP has parts of its own
_WORD = re.compile(rf"/({'|'.join((*CODE_WORDS, *_OF_A_PARTY, *_PARTIES, *_UNSAID))})/")
_SIGN = re.compile(r"/(?:REMI|EREF|NAME|IBAN|TRTP|CNTP|MARF|RTRN|UETR|ACCT|IREF)/")  # any of these: it is the dialect

# --- labels in words: a number of Dutch and Polish banks

_LABEL = re.compile(r"(?:^|[ /;])(REK|NAAM|Z RACH\.|NA RACH\.|OD|DLA|TYT\.|TNR): *")
_LABELS = {
    "REK": "counter.account",
    "NAAM": "counter.name",
    "Z RACH.": "counter.account",
    "NA RACH.": "counter.account",
    "OD": "counter.name",
    "DLA": "counter.name",
    "TYT.": "remittance",
}

_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?\Z", re.ASCII)
_ACCOUNT = re.compile(r"[A-Za-z0-9/\-?:().,'+]{1,34}\Z", re.ASCII)
_AMOUNT = re.compile(r"(?:(?P<currency>[A-Z]{3}) ?)?(?P<amount>\d{1,15}(?:,\d*)?)\Z", re.ASCII)
_RATE = re.compile(r"\d+(?:,\d+)?\Z", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_CODE = re.compile(r"[A-Z]{2}[A-Z0-9]{2}\Z", re.ASCII)
_UETR = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z", re.ASCII)
STRUCTURED, UNSTRUCTURED = "STRD/CUR/", "USTD//"  # how a remittance information may begin
USTRD = 140  # characters of one piece of remittance information; longer texts are pieces put together


def facts(lines: str) -> Facts:
    """What the lines say, by name; empty where no dialect is recognised."""
    text = lines.replace("\n", "")
    if sign := german.sign(text):
        return german.facts(text, sign)
    if "/" in text and _SIGN.search(text) is not None:
        return _coded(text)
    if ": " in text and ("REK:" in text or "RACH.:" in text):
        return _labelled(text)
    return {}


def _coded(text: str) -> Facts:
    parts = _WORD.split(text)
    found: Facts = {}
    party = "counter"
    for place in range(1, len(parts), 2):
        word, value = parts[place], parts[place + 1].strip()
        if value[-1:] == "/":
            value = value[:-1].rstrip()
        if word in _PARTIES:
            party = _PARTIES[word]
            word = "NAME"
        if not value:
            continue
        if word in CODE_WORDS:
            found.setdefault(CODE_WORDS[word], value)
        elif word in _OF_A_PARTY:
            found.setdefault(party + _OF_A_PARTY[word], value)
        elif word == "CNTP":
            for what, part in zip((".account", ".bank", ".name"), value.split("/"), strict=False):
                if part := part.strip():
                    found.setdefault("counter" + what, part)
    return found


def _labelled(text: str) -> Facts:
    parts = _LABEL.split(text)
    found: Facts = {}
    for label, value in zip(parts[1::2], parts[2::2], strict=True):
        name = _LABELS.get(label)
        if name is not None and (value := value.strip(" ;")):
            found.setdefault(name, value)
    return found


_SUPPLEMENT = re.compile(r"/(OCMT|CHGS|EXCH)/([^/\n]*)")


def supplement(text: str) -> Facts:
    """Subfield 9 of field 61: original amount, charges, rate."""
    return {CODE_WORDS[word]: value.strip() for word, value in _SUPPLEMENT.findall(text)}


# --- facts to fields ----------------------------------------------------------------------------

_AS_THEY_ARE = frozenset(("end_to_end_id", "instruction_id", "batch_id", "transaction_id"))
_COUNTER = {  # (payer, payee)
    "counter.name": ("debtor", "creditor"),
    "counter.account": ("debtor_account", "creditor_account"),
    "counter.bank": ("debtor_agent", "creditor_agent"),
}


def fields(found: Facts, payer: bool, currency: str) -> dict[str, Any]:
    """The fields of an entry's detail; `payer`: the other side is the one who pays."""
    made: dict[str, Any] = {}
    more = False
    for name, value in found.items():
        if name in _AS_THEY_ARE:
            made[name] = value
        elif name == "remittance":
            _remittance(value, made)
        elif name in _COUNTER:
            field = _COUNTER[name][not payer]
            said = Party(value) if name == "counter.name" else (account if name == "counter.account" else agent)(value)
            if said is not None:
                made[field] = said
        elif name == "mandate":
            made["mandate"] = Mandate(value)
        else:
            more = True
    if more:
        _parties(found, "debtor" if payer else "creditor", made)
        _rest(found, made, currency)
    return made


def _parties(found: Facts, counter: str, made: dict[str, Any]) -> None:
    """Parties that are named by their part in the payment."""
    for side in ("debtor", "creditor"):
        _side(side, found, ("counter", side) if side == counter else (side,), made)
    for side in ("ultimate_debtor", "ultimate_creditor"):
        if f"{side}.name" in found:
            made[side] = Party(found[f"{side}.name"])


def usual(text: str) -> shapes.Usual | None:
    """What most texts in a dialect say, by shape; None where `facts` has to look."""
    if text[3:4] == "?":
        return german.USUAL.read(text)
    return CODED.read(text) if text[:1] == "/" else None


def _rest(found: Facts, made: dict[str, Any], currency: str) -> None:
    """What few entries say."""
    if _UETR.match(found.get("uetr", "")):
        made["uetr"] = found["uetr"]
    if len(found.get("purpose", "")) in (1, 2, 3, 4):
        made["purpose"] = found["purpose"]
    if "return_reason" in found:
        code = found["return_reason"].strip("/")
        made["reasons"] = (Reason(code) if _CODE.match(code) else Reason(proprietary=code),)
    if _DATE.match(found.get("settlement_date", "")):
        made["settlement_date"] = found["settlement_date"]
    original, charges = (_amount(found.get(name, ""), currency) for name in ("original_amount", "compensation"))
    if original is not None:
        made["instructed_amount"] = original
    if charges is not None:
        made["charges"] = (Charge(charges),)
    if _RATE.match(found.get("exchange_rate", "")):
        made["exchange_rate"] = found["exchange_rate"].replace(",", ".")


def _remittance(text: str, made: dict[str, Any]) -> None:
    if text.startswith(STRUCTURED):
        made["remittance_structured"] = (("Strd/CdtrRefInf/Ref", text[len(STRUCTURED) :].strip("/")),)
        return
    text = text.removeprefix(UNSTRUCTURED)
    made["remittance"] = unstructured(text)


def unstructured(text: str) -> tuple[str, ...]:
    """A text as remittance information."""
    return (text,) if len(text) <= USTRD else tuple(pieces(text))


def pieces(text: str) -> list[str]:
    """A long text in pieces that are put together again without a blank."""
    return [text[at : at + USTRD] for at in range(0, len(text), USTRD)]


def together(remittance: tuple[str, ...]) -> str:
    """Pieces as one text: those that are full go on in the next, others are apart by a blank."""
    return "".join(piece if len(piece) == USTRD else piece + " " for piece in remittance).removesuffix(" ")


def _side(side: str, found: Facts, prefixes: tuple[str, ...], made: dict[str, Any]) -> None:
    """One party with its account and its bank."""
    name, number, bank = (
        next((found[f"{prefix}.{what}"] for prefix in prefixes if f"{prefix}.{what}" in found), "")
        for what in ("name", "account", "bank")
    )
    identification = found.get(f"{side}_id", "")
    if identification:
        own = side == "creditor"
        scheme = Identification(identification, "SEPA" if own else "", proprietary=own, private=own)
        made[side] = Party(name, ids=(scheme,))
    elif name:
        made[side] = Party(name)
    known = account(number)
    if known is not None:
        made[f"{side}_account"] = known
    if bank:
        made[f"{side}_agent"] = agent(bank)


@lru_cache(4_096)
def account(text: str) -> Account | None:
    """An account, blanks left out; None where the text can be none."""
    text = text.replace(" ", "")
    return parties.account(text) if _ACCOUNT.match(text) else None


@lru_cache(4_096)
def agent(text: str) -> Agent:
    """A bank by its BIC, its German sort code of eight digits, or whatever else is written."""
    if _BIC.match(text):
        return Agent(text)
    if len(text) == 8 and text.isdigit():
        return Agent(clearing_system="DEBLZ", clearing_member=text)
    return Agent(other_id=text[:35])


def _amount(text: str, currency: str) -> Money | None:
    found = _AMOUNT.match(text.strip())
    return Money.parse(found["currency"] or currency, found["amount"], ",") if found is not None else None


def _plan(words: tuple[str, ...]) -> shapes.Plan | None:
    """How texts of these code words are read; None with words of other sides than the other one, or twice the same."""
    if len(set(words)) < len(words) or not _SIGN.search("".join(words)):
        return None
    steps = [(word, _USUAL.get(word[1:-1])) for word in words]
    known = [(word, field) for word, field in steps if field is not None]
    return shapes.plan("", known, "/", r"/?\Z") if len(known) == len(steps) else None


_USUAL = (
    dict.fromkeys(set(_UNSAID) - {"CNTP"}, "")
    | {word: name for word, name in CODE_WORDS.items() if name in shapes.FIELDS}
    | {word: "counter" + what for word, what in _OF_A_PARTY.items()}
)
CODED = shapes.Shapes(re.compile(rf"{_WORD.pattern.replace('(', '(?:')}"), "/", _plan)

"""What SEPA asks beyond the schema: one rule a line, with its id, the reason told to the sender, and a test.

Facts of the EPC's rulebooks and implementation guidelines, in our words. A rule gets a payment and says what is
wrong, or nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from msgspec import structs

from gateway.formats.iso20022 import iban
from gateway.model import Account, Loss, Party, Payment, Refusal

AMOUNT_MAX_CENTS = 99_999_999_999  # 999,999,999.99
REMITTANCE_MAX = 140
# The Latin set that every bank must take.
SET = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]*\Z")
_ILLEGAL = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "Æ": "AE",
        "ø": "o",
        "Ø": "O",
        "œ": "oe",
        "Œ": "OE",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "&": "+",
        "_": "-",
        "@": "(at)",
        "\n": " ",
    }
)

Rule = Callable[[Payment], str]


def scheme_of(payment: Payment) -> str:
    """Which of the two schemes."""
    return "sepa_inst" if payment.local_instrument == "INST" else "sepa_ct"


def _currency(p: Payment) -> str:
    return "" if p.amount.currency == "EUR" else f"the currency is {p.amount.currency}, SEPA moves EUR"


def _amount(p: Payment) -> str:
    return "" if 0 < p.amount.minor <= AMOUNT_MAX_CENTS else "the amount is not between 0.01 and 999999999.99"


def _iban(account: Account | None, side: str) -> str:
    if account is None or account.scheme != "IBAN":
        return f"the {side} account is not given as an IBAN"
    wrong = iban.problem(account.id)
    if wrong:
        return wrong
    return "" if account.id[:2] in iban.SEPA else f"{account.id[:2]} is not a country of SEPA"


def _bearer(p: Payment) -> str:
    return "" if p.charge_bearer in ("", "SLEV") else f"the charge bearer is {p.charge_bearer}, SEPA has SLEV"


def _level(p: Payment) -> str:
    return (
        ""
        if not p.service_level or p.service_level == ("SEPA",)
        else f"the service level is {p.service_level[0]}, not SEPA"
    )


def _remittance(p: Payment) -> str:
    if len(p.remittance) > 1 or (p.remittance and p.remittance_structured):
        return "remittance information comes once, structured or unstructured"
    return (
        ""
        if sum(map(len, p.remittance)) <= REMITTANCE_MAX
        else f"remittance information is longer than {REMITTANCE_MAX}"
    )


def _end_to_end(p: Payment) -> str:
    return "" if p.end_to_end_id else "the end-to-end id is missing"


def _names(p: Payment) -> str:
    for side in ("debtor", "creditor"):
        party: Party | None = getattr(p, side)
        if party is None or not party.name:
            return f"the {side}'s name is missing"
        if len(party.name) > 70:
            return f"the {side}'s name is longer than 70 characters"
    return ""


def _address(p: Payment) -> str:
    for party in (p.debtor, p.creditor):
        where = party.address if party is not None else None
        if where is not None and where.lines and not (where.town and where.country):
            return "an address in lines needs town and country beside them (since November 2026)"
        if where is not None and where.town and not where.country:
            return "an address with a town needs a country"
    return ""


def _characters(p: Payment) -> str:
    for element, text in _texts(p):
        if not SET.match(text):
            return f"{element} has characters outside the SEPA set"
    return ""


def _texts(p: Payment) -> Iterator[tuple[str, str]]:
    yield from (
        ("end_to_end_id", p.end_to_end_id),
        ("instruction_id", p.instruction_id),
        *(("remittance", t) for t in p.remittance),
    )
    for side in ("debtor", "creditor", "ultimate_debtor", "ultimate_creditor"):
        party = getattr(p, side)
        if party is not None:
            yield f"{side}.name", party.name


# id, reason, place below the transaction, test
RULES: tuple[tuple[str, str, str, Rule], ...] = (
    ("SEPA-CUR", "AM03", "Amt", _currency),
    ("SEPA-AMT", "AM02", "Amt", _amount),
    ("SEPA-IBAN-DBTR", "AC02", "DbtrAcct/Id/IBAN", lambda p: _iban(p.debtor_account, "debtor")),
    ("SEPA-IBAN-CDTR", "AC03", "CdtrAcct/Id/IBAN", lambda p: _iban(p.creditor_account, "creditor")),
    ("SEPA-CHRGBR", "FF03", "ChrgBr", _bearer),
    ("SEPA-SVCLVL", "FF04", "PmtTpInf/SvcLvl", _level),
    ("SEPA-E2E", "RF01", "PmtId/EndToEndId", _end_to_end),
    ("SEPA-NAME", "BE05", "Nm", _names),
    ("SEPA-RMT", "RR07", "RmtInf", _remittance),
    ("SEPA-ADDR", "BE04", "PstlAdr", _address),
    ("SEPA-CHARS", "FF01", "text", _characters),
)


def check(payment: Payment) -> Refusal | None:
    """The first rule that the payment breaks."""
    for id, reason, place, test in RULES:
        wrong = test(payment)
        if wrong:
            return Refusal(id, reason, f"{payment.place}/{place}", wrong, payment.end_to_end_id)
    return None


def _latin(text: str) -> str:
    if SET.match(text):
        return text
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return _ILLEGAL.sub(".", "".join(c for c in plain if not unicodedata.combining(c)))


def transliterate(payment: Payment) -> tuple[Payment, tuple[Loss, ...]]:
    """The payment in the SEPA set, and what was written otherwise."""
    changed = {element for element, text in _texts(payment) if not SET.match(text)}
    if not changed:
        return payment, ()
    fields: dict[str, object] = {
        "end_to_end_id": _latin(payment.end_to_end_id)[:35],
        "instruction_id": _latin(payment.instruction_id)[:35],
        "remittance": tuple(map(_latin, payment.remittance)),
    }
    for side in ("debtor", "creditor", "ultimate_debtor", "ultimate_creditor"):
        party: Party | None = getattr(payment, side)
        if party is not None and f"{side}.name" in changed:
            fields[side] = structs.replace(party, name=_latin(party.name))
    losses = tuple(
        Loss(element, "characters outside the SEPA set are written otherwise", "info") for element in sorted(changed)
    )
    return structs.replace(payment, **fields), losses

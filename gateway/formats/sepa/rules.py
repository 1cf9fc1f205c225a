"""What SEPA asks beyond the schema: one rule a line, with its id, the reason told to the sender, schemes and years.

Facts of the EPC's rulebooks and implementation guidelines, in our words. A rule gets a payment and says what is
wrong, or nothing. The four schemes share most of them; a rule set is what holds for one scheme in one year.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache

from msgspec import structs

from gateway.formats.iso20022 import iban, identifiers
from gateway.formats.iso20022.rules import Rule, RuleSet, rule_set
from gateway.model import Account, Address, Loss, Party, Payment, Refusal

AMOUNT_MAX_CENTS = 99_999_999_999  # 999,999,999.99
INSTANT_MAX_CENTS_2024 = 10_000_000  # 100,000.00, until the limit of instant payments went in October 2025
REMITTANCE_MAX = 140
NAME_MAX = 70
CURRENT = 2026
YEARS = (2025, 2026)
# The Latin set that every bank must take.
SET = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]*\Z")
IDENTIFIER = re.compile(r"(?!/)(?!.*//)[A-Za-z0-9/\-?:().,'+ ]*(?<!/)\Z")
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
TRANSFER, INSTANT, CORE, B2B = "sepa_ct", "sepa_inst", "sepa_core", "sepa_b2b"


def scheme_of(payment: Payment) -> str:
    """Which of the four schemes."""
    if payment.kind == "direct_debit":
        return B2B if payment.local_instrument == "B2B" else CORE
    return INSTANT if payment.local_instrument == "INST" else TRANSFER


def _currency(p: Payment) -> str:
    return "" if p.amount.currency == "EUR" else f"the currency is {p.amount.currency}, SEPA moves EUR"


def _amount(p: Payment) -> str:
    return "" if 0 < p.amount.minor <= AMOUNT_MAX_CENTS else "the amount is not between 0.01 and 999999999.99"


def _instant_amount(p: Payment) -> str:
    return "" if p.amount.minor <= INSTANT_MAX_CENTS_2024 else "an instant payment is at most 100000.00"


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
    if sum(map(len, p.remittance)) > REMITTANCE_MAX:
        return f"remittance information is longer than {REMITTANCE_MAX}"
    if any(path.startswith("Strd[") for path, _ in p.remittance_structured):
        return "structured remittance information comes once"
    return ""


def _end_to_end(p: Payment) -> str:
    return "" if p.end_to_end_id else "the end-to-end id is missing"


def _identifiers(p: Payment) -> str:
    for name in ("end_to_end_id", "instruction_id", "transaction_id", "batch_id"):
        if not IDENTIFIER.match(getattr(p, name)):
            return f"{name} begins or ends with a slash, or has two together"
    return ""


def _names(p: Payment) -> str:
    for side in ("debtor", "creditor"):
        party: Party | None = getattr(p, side)
        if party is None or not party.name:
            return f"the {side}'s name is missing"
        if len(party.name) > NAME_MAX:
            return f"the {side}'s name is longer than {NAME_MAX} characters"
    return ""


def _address(p: Payment) -> str:
    for party in (p.debtor, p.creditor):
        where = party.address if party is not None else None
        if where is not None and where.lines and not (where.town and where.country):
            return "an address in lines needs town and country beside them (since November 2026)"
        if where is not None and where.town and not where.country:
            return "an address with a town needs a country"
    return ""


def _address_in_lines(p: Payment) -> str:
    for party in (p.debtor, p.creditor):
        where = party.address if party is not None else None
        if where is not None and (len(where.lines) > 2 or any(len(line) > 70 for line in where.lines)):
            return "an address has at most two lines of 70 characters"
    return ""


def _characters(p: Payment) -> str:
    for element, text in _texts(p):
        if not SET.match(text):
            return f"{element} has characters outside the SEPA set"
    return ""


def _agents(p: Payment) -> str:
    for agent in (p.debtor_agent, p.creditor_agent):
        if agent is not None and agent.bic and (wrong := identifiers.bic(agent.bic)):
            return wrong
    return ""


def _local_instrument(p: Payment) -> str:
    wanted = {INSTANT: "INST", CORE: "CORE", B2B: "B2B"}.get(scheme_of(p), "")
    if p.local_instrument in ("", wanted) or not wanted:
        return ""
    return f"the local instrument is {p.local_instrument}, not {wanted}"


def _mandate(p: Payment) -> str:
    if p.mandate is None or not p.mandate.id:
        return "the mandate's id is missing"
    return "" if p.mandate.signed else "the mandate's date of signature is missing"


def _mandate_id(p: Payment) -> str:
    id = p.mandate.id if p.mandate is not None else ""
    return "" if len(id) <= 35 and SET.match(id) else "the mandate's id has more than 35 characters, or foreign ones"


def _sequence(p: Payment) -> str:
    said = p.mandate.sequence if p.mandate is not None else ""
    return "" if said in ("FRST", "RCUR", "FNAL", "OOFF") else "the sequence is not FRST, RCUR, FNAL or OOFF"


def _creditor_id(p: Payment) -> str:
    id = p.mandate.creditor_scheme_id if p.mandate is not None else ""
    return identifiers.creditor(id) if id else "the creditor identifier is missing"


def _collected(p: Payment) -> str:
    return "" if p.settlement_date else "the date of collection is missing"


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
            if party.address is not None:
                yield f"{side}.address", " ".join((*structs.astuple(party.address)[:-2], *party.address.lines))


def _debtor_iban(p: Payment) -> str:
    return _iban(p.debtor_account, "debtor")


def _creditor_iban(p: Payment) -> str:
    return _iban(p.creditor_account, "creditor")


ALL = frozenset({TRANSFER, INSTANT, CORE, B2B})
DEBITS = frozenset({CORE, B2B})
Line = tuple[str, str, str, Callable[[Payment], str], frozenset[str], int, int]
# id, reason, place below the transaction, test, schemes, first year, last year
RULES: tuple[Line, ...] = (
    ("SEPA-CUR", "AM03", "Amt", _currency, ALL, 0, 9999),
    ("SEPA-AMT", "AM02", "Amt", _amount, ALL, 0, 9999),
    ("SEPA-AMT-INST", "AM02", "Amt", _instant_amount, frozenset({INSTANT}), 0, 2024),
    ("SEPA-IBAN-DBTR", "AC02", "DbtrAcct/Id/IBAN", _debtor_iban, ALL, 0, 9999),
    ("SEPA-IBAN-CDTR", "AC03", "CdtrAcct/Id/IBAN", _creditor_iban, ALL, 0, 9999),
    ("SEPA-CHRGBR", "FF03", "ChrgBr", _bearer, ALL, 0, 9999),
    ("SEPA-SVCLVL", "FF04", "PmtTpInf/SvcLvl", _level, ALL, 0, 9999),
    ("SEPA-LCL", "FF05", "PmtTpInf/LclInstrm", _local_instrument, ALL, 0, 9999),
    ("SEPA-E2E", "RF01", "PmtId/EndToEndId", _end_to_end, ALL, 0, 9999),
    ("SEPA-NAME", "BE05", "Nm", _names, ALL, 0, 9999),
    ("SEPA-RMT", "RR07", "RmtInf", _remittance, ALL, 0, 9999),
    ("SEPA-ADDR", "BE04", "PstlAdr", _address, ALL, 2026, 9999),
    ("SEPA-ADRLINE", "BE04", "PstlAdr/AdrLine", _address_in_lines, ALL, 0, 9999),
    ("SEPA-BIC", "RC01", "FinInstnId", _agents, ALL, 0, 9999),
    ("SEPA-CHARS", "FF01", "text", _characters, ALL, 0, 9999),
    ("SEPA-SLASH", "FF01", "PmtId", _identifiers, ALL, 0, 9999),
    ("SEPA-MNDT", "MD02", "DrctDbtTx/MndtRltdInf", _mandate, DEBITS, 0, 9999),
    ("SEPA-MNDTID", "MD02", "DrctDbtTx/MndtRltdInf/MndtId", _mandate_id, DEBITS, 0, 9999),
    ("SEPA-SEQ", "FF05", "PmtTpInf/SeqTp", _sequence, DEBITS, 0, 9999),
    ("SEPA-CI", "BE16", "CdtrSchmeId", _creditor_id, DEBITS, 0, 9999),
    ("SEPA-DATE", "DT01", "ReqdColltnDt", _collected, DEBITS, 0, 9999),
)
KINDS = frozenset({"credit_transfer", "direct_debit"})
NAMES = {TRANSFER: "sct", INSTANT: "sct-inst", CORE: "sdd-core", B2B: "sdd-b2b"}


@cache
def scheme_set(scheme: str, year: int = CURRENT) -> RuleSet:
    """The rules of one scheme in one year: `sct-2026`, `sct-inst-2026`, `sdd-core-2026`, `sdd-b2b-2026`."""
    lines = (
        Rule(id, reason, place, test, KINDS, since, until)
        for id, reason, place, test, schemes, since, until in RULES
        if scheme in schemes
    )
    return rule_set(NAMES[scheme], year, lines)


def _within(schemes: frozenset[str], test: Callable[[Payment], str]) -> Callable[[Payment], str]:
    """A rule of some schemes, asked of a payment of any."""
    return test if schemes == ALL else lambda payment: test(payment) if scheme_of(payment) in schemes else ""


@cache
def sets() -> dict[str, RuleSet]:
    """Every set by name: those of one scheme, and `sepa-2026`, which asks each payment what its own scheme asks."""
    found = {one.name: one for scheme in NAMES for year in YEARS for one in (scheme_set(scheme, year),)}
    lines = [
        Rule(id, reason, place, _within(schemes, test), KINDS, since, until)
        for id, reason, place, test, schemes, since, until in RULES
    ]
    return found | {one.name: one for year in YEARS for one in (rule_set("sepa", year, lines),)}


def check(payment: Payment, year: int = CURRENT) -> Refusal | None:
    """The first rule of its scheme that the payment breaks."""
    return scheme_set(scheme_of(payment), year).broken(payment)


def _latin(text: str) -> str:
    if SET.match(text):
        return text
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return _ILLEGAL.sub(".", "".join(c for c in plain if not unicodedata.combining(c)))


def _latin_address(address: Address | None) -> Address | None:
    if address is None:
        return None
    texts = {name: _latin(text) for name, text in structs.asdict(address).items() if isinstance(text, str)}
    return structs.replace(address, lines=tuple(map(_latin, address.lines)), **texts)


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
        if party is not None and changed & {f"{side}.name", f"{side}.address"}:
            fields[side] = structs.replace(party, name=_latin(party.name), address=_latin_address(party.address))
    losses = tuple(
        Loss(element, "characters outside the SEPA set are written otherwise", "info") for element in sorted(changed)
    )
    return structs.replace(payment, **fields), losses

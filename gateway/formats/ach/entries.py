"""One canonical payment as an entry of a class, under the header of its batch.

What was read from an ACH file is written back from its `ach:` extras; what comes from elsewhere gets the fields of the
class that the payment can fill.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from gateway.formats.ach import tables
from gateway.formats.ach.batches import Item, record
from gateway.formats.ach.codes import (
    CODE_OF,
    CODES,
    CONTESTED,
    DISHONORED,
    RETURN_OF,
    RETURN_OTHER,
    RETURNED,
    RETURNS,
    SECS,
    entry_layout,
    routing_check_digit,
)
from gateway.formats.ach.international import bank_fields, party_fields
from gateway.formats.ach.tables import LAYOUTS, Layout
from gateway.model import Agent, Party, Payment

ISO_TYPES = {"CACC": "checking", "SVGS": "savings", "LOAN": "loan"}  # types of accounts as ISO 20022 has them
TEXT = 80  # of one addenda 05 or 17
CONSUMER = frozenset(("SALA", "PENS", "BENE", "SSBE", "PAYR", "STDY", "GOVI"))  # purposes of payments to persons
RETURN_LAYOUTS = {
    "return": tables.ADDENDA_99,
    "dishonored": tables.ADDENDA_99_DISHONORED,
    "contested": tables.ADDENDA_99_CONTESTED,
}


def told(payment: Payment) -> dict[str, str]:
    """The `ach:` extras by name."""
    return {path[4:]: value for path, value in payment.extra if path.startswith("ach:")}


def is_debit(payment: Payment) -> bool:
    """Whether the entry debits its receiver; of returns and prenotes their transaction code says so."""
    if payment.kind in ("credit_transfer", "direct_debit"):
        return payment.kind == "direct_debit"
    code = CODES.get(dict(payment.extra).get("ach:transaction_code", ""))
    return code.debit if code is not None else False


def sides(payment: Payment) -> tuple[Party | None, str, str, Agent | None, Party | None, Agent | None]:
    """Of the receiver: party, account, its type, bank; then the company and its bank."""
    if is_debit(payment):
        party, account, agent = payment.debtor, payment.debtor_account, payment.debtor_agent
        company, bank = payment.creditor, payment.creditor_agent
    else:
        party, account, agent = payment.creditor, payment.creditor_account, payment.creditor_agent
        company, bank = payment.debtor, payment.debtor_agent
    type = account.type if account else ""
    return party, account.id if account else "", ISO_TYPES.get(type, type), agent, company, bank


def class_of(payment: Payment, type: str) -> str:
    """The entry class that a payment is written in: the type asked for, the one that it names, else what suits it."""
    if type in SECS:
        return type
    return payment.local_instrument if payment.local_instrument in SECS else _suitable(payment)


def _suitable(payment: Payment) -> str:
    """The class of a payment that names none: where its receiver's bank is, who the receiver is, how much is said."""
    party, _, _, agent, _, _ = sides(payment)
    if agent is not None and _abroad(agent):
        return "IAT"
    if payment.local_instrument == "CORE" or (payment.local_instrument != "B2B" and _private(payment, party)):
        return "PPD"
    return "CTX" if sum(map(len, payment.remittance)) + len(payment.remittance) - 1 > TEXT else "CCD"


def _abroad(agent: Agent) -> bool:
    country = agent.bic[4:6] or (agent.address.country if agent.address else "")
    return country not in ("", "US")


def _private(payment: Payment, party: Party | None) -> bool:
    """Whether the receiver is a person, as far as the payment says."""
    if CONSUMER & {payment.category_purpose, payment.purpose}:
        return True
    return party is not None and (party.birth is not None or any(id.private for id in party.ids))


def classed(payment: Payment, type: str) -> Payment:
    """The payment with the name of the class that it is written in."""
    if type in SECS or payment.local_instrument in SECS:
        return payment
    return structs.replace(payment, local_instrument=_suitable(payment))


def bank_of(payment: Payment, sec: str) -> Agent | None:
    """The bank in the entry itself: the receiver's, or of one abroad the gateway that the payment goes through."""
    agent = sides(payment)[3]
    if sec != "IAT" or agent is None or len(agent.clearing_member) == 9:
        return agent
    return next((one for one in payment.intermediary_agents if len(one.clearing_member) == 9), agent)


def company_id(company: Party | None) -> str:
    """What identifies the company, where it has such an id: ten characters, of a tax number 1 and its nine digits."""
    ids = [one.id for one in company.ids] if company is not None else []
    found = next((id for id in ids if 0 < len(id) <= 10 and id.isascii() and id.isprintable()), "")
    return f"1{found}" if len(found) == 9 and found.isdecimal() else found


def said_id(payment: Payment) -> str:
    """The individual id: what stands in for one that was blank is the trace number."""
    return payment.instruction_id if payment.end_to_end_id == payment.transaction_id else payment.end_to_end_id


def header(payment: Payment, sec: str, odfi: str, routing_number: str) -> str:
    """The header of its batch, without service class and number."""
    said = told(payment)
    company = sides(payment)[4]
    layout = tables.BATCH_HEADER_IAT if sec == "IAT" else tables.BATCH_HEADER
    values: dict[str, str | int] = {
        "service_class": "200",
        "company_name": company.name if company else "",
        "company_identification": company_id(company) or f"1{routing_number}"[:10],
        "sec_code": sec,
        "entry_description": {"RCK": "REDEPCHECK"}.get(sec, "PAYMENT"),
        "exchange_indicator": "FF",
        "exchange_reference_indicator": "3",
        "destination_country": _country(payment) if sec == "IAT" else "US",
        "originating_currency": "USD",
        "destination_currency": "USD",
        "originator_status": "1",
    }
    names = {c.name for c in layout} - {"service_class", "company_name", "settlement_date", "odfi", "sec_code"}
    values |= {name: value for name, value in said.items() if name in names}
    if payment.settlement_date:
        values["effective_date"] = payment.settlement_date[2:].replace("-", "")
    return record(layout, values | {"odfi": odfi})


def _country(payment: Payment) -> str:
    """Where the receiver's bank is, as far as the payment says."""
    agent = sides(payment)[3]
    return (agent.bic[4:6] or (agent.address.country if agent.address else "") if agent else "") or "US"


def item(payment: Payment, type: str, routing_number: str, sequence: int) -> Item:
    """The entry and its addenda, numbered below our routing number."""
    sec = class_of(payment, type)
    odfi = routing_number[:8]
    trace = f"{odfi}{sequence:07d}"
    addenda = _returned_addenda(payment, sec, trace) if payment.kind == "return" else _addenda(payment, sec, trace)
    return Item(header(payment, sec, odfi, routing_number), [_entry(payment, sec, trace, len(addenda)), *addenda])


def _entry(payment: Payment, sec: str, trace: str, addenda: int) -> str:
    said = told(payment)
    party, account, _, _, _, _ = sides(payment)
    agent = bank_of(payment, sec)
    routing = agent.clearing_member if agent else ""
    layout = _layout(sec, said)
    values: dict[str, str | int] = {name: said[name] for c in layout if (name := c.name) in said}
    values.setdefault("check_serial_number", payment.end_to_end_id)
    values |= {
        "transaction_code": code_of(payment),
        "rdfi": routing[:8],
        "check_digit": routing[8:9] or (routing_check_digit(routing) if len(routing) == 8 else ""),
        "account_number": account,
        "amount_cents": payment.amount.minor,
        "individual_id": said_id(payment),
        "individual_name": party.name if party else "",
        "addenda_indicator": 1 if addenda else 0,
        "addenda_count": addenda,
        "trace_number": trace,
    }
    return record(layout, values)


def _layout(sec: str, said: dict[str, str]) -> Layout:
    return tables.ENTRY_IAT if sec == "IAT" else entry_layout(sec, "0" * 94)


def code_of(payment: Payment) -> str:
    """The transaction code: as it was read where it still says the same, else from kind and account type."""
    said = dict(payment.extra).get("ach:transaction_code", "")
    known = CODES.get(said)
    debit, account = is_debit(payment), sides(payment)[2]
    account = account if account in ("checking", "savings", "gl", "loan") else "checking"
    if payment.kind == "return":
        if "category" in told(payment) and known is not None:
            return said  # it was read as a return: its code is one already
        return RETURNED.get(said) or CODE_OF[account, debit, "returned"]
    if known is not None and known.debit == debit and (known.kind == "live") == (payment.kind != "prenote"):
        return said
    return CODE_OF.get((account, debit, "prenote" if payment.kind == "prenote" else "live"), "22")


# --- addenda --------------------------------------------------------------------------------------


def _addenda(payment: Payment, sec: str, trace: str) -> list[str]:
    known = SECS[sec]
    if sec == "IAT":
        return _international(payment, trace)
    if known.addenda == ("02",):
        return [record(tables.ADDENDA_02, {**told(payment), "trace_number": trace})]
    if not known.addenda:
        return []
    return _texts("05", texts_of(payment.remittance, known.addenda_max), trace)


def texts_of(remittance: Sequence[str], most: int) -> list[str]:
    """Remittance as texts of 80: its own lines where there is room for them, else one after the other."""
    if most > 1:
        return [line[at : at + TEXT] for line in remittance for at in range(0, max(len(line), 1), TEXT)][:most]
    joined = remittance[0] if len(remittance) == 1 else " ".join(remittance)
    return [joined[:TEXT]] if joined else []


def _texts(type: str, texts: Sequence[str], trace: str) -> list[str]:
    layout = LAYOUTS[f"addenda_{type}"]
    return [
        record(layout, {"payment_information": text, "sequence": place, "entry_sequence": trace[-7:]})
        for place, text in enumerate(texts, 1)
    ]


def _international(payment: Payment, trace: str) -> list[str]:
    said = told(payment)
    party, _, _, agent, company, bank = sides(payment)
    values: dict[str, str | int] = {
        "transaction_type": "BUS",
        "foreign_amount_cents": f"{payment.amount.minor:018d}",
        **said,
        **party_fields(company or Party(), "originator"),
        **party_fields(party or Party(), "receiver"),
        **bank_fields(bank or Agent(), "odfi", said.get("odfi_id_qualifier", "")),
        **bank_fields(agent or Agent(), "rdfi", said.get("rdfi_id_qualifier", "")),
        "entry_sequence": trace[-7:],
    }
    lines = [record(LAYOUTS[f"addenda_{number}"], values) for number in range(10, 17)]
    lines += _texts("17", texts_of(payment.remittance, 2), trace)
    gateway = bank_of(payment, "IAT")
    others = [one for one in payment.intermediary_agents if one is not gateway]
    for place, between in enumerate(others[:5], 1):
        number = "" if place == 1 else f"[{place}]"
        fields = bank_fields(between, "correspondent", said.get(f"correspondent_id_qualifier{number}", ""))
        lines.append(record(tables.ADDENDA_18, {**fields, "sequence": place, "entry_sequence": trace[-7:]}))
    return lines


def return_code(payment: Payment) -> str:
    """The R code of a return: its own where it is kept, else the one that says what the ISO reason says."""
    said = told(payment)
    kept = said.get("contested_code") or said.get("dishonored_code") or said.get("return_code")
    if kept in RETURNS:
        return str(kept)
    for reason in payment.reasons:
        for text in (*reason.text, reason.proprietary):
            code = text.removeprefix("/ACH/")[:3]
            if code in RETURNS:
                return code
    return RETURN_OF.get(payment.reasons[0].code if payment.reasons else "", RETURN_OTHER)


def _returned_addenda(payment: Payment, sec: str, trace: str) -> list[str]:
    said, code = told(payment), return_code(payment)
    agent = sides(payment)[3]
    original = payment.original
    kind = "contested" if code in CONTESTED else "dishonored" if code in DISHONORED else "return"
    layout = tables.ADDENDA_99_IAT if sec == "IAT" and kind == "return" else RETURN_LAYOUTS[kind]
    codes = {"contested": "contested_code", "dishonored": "dishonored_code", "return": "return_code"}
    values: dict[str, str | int] = {
        "original_rdfi": agent.clearing_member[:8] if agent else "",
        "original_amount_cents": f"{payment.amount.minor:010d}",
        **said,
        codes[kind]: code,
        "original_trace": original.transaction_id if original else "",
        "information": _information(payment),
        "trace_number": trace,
    }
    lines = _international(payment, trace)[:7] if sec == "IAT" else []
    return [*lines, record(layout, values)]


def _information(payment: Payment) -> str:
    texts = [text for reason in payment.reasons for text in reason.text if not text.startswith("/ACH/")]
    return texts[0] if texts else ""

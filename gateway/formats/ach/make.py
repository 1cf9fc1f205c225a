"""From entries to canonical records. What the entries of a batch have in common is made once per batch.

Entries that move money, or announce that they will, are payments; returns, dishonored and contested ones too, of kind
`return`, with the original they belong to. Notifications of change, advices, death notices and enrolments are notices,
acknowledgements reports. What the records have no field for stands in `extra` as `ach:` and the name in `tables`.
"""

from __future__ import annotations

from msgspec import Struct

from gateway.formats.ach import international, tables
from gateway.formats.ach.codes import (
    CODES,
    CONTESTED,
    DISHONORED,
    REFUSED_CHANGES,
    RETURNS,
    addenda_layout,
    corrected,
    entry_layout,
    said,
)
from gateway.formats.ach.faults import Batch, day
from gateway.formats.ach.tables import Layout
from gateway.model import Account, Agent, Extra, Money, Notice, Original, Party, Payment, Reason, Record, Report

KINDS = {"prenote": "prenote", "zero": "prenote", "returned": "return"}
TITLES = {"DNE": "death_notice", "ENR": "enrolment", "ADV": "accounting_advice"}
# Fields of entries that have a place of their own in the records, or follow from others.
PLACED = frozenset(
    "record_type rdfi check_digit account_number amount_cents individual_id individual_name addenda_indicator"
    " trace_number addenda_count".split()
)
# Of addenda: what follows from their place.
FOLLOWS = frozenset("record_type addenda_type sequence entry_sequence".split())


class Shared(Struct, gc=False):
    """What the payments of a batch point to, made once for all of them."""

    company: Party
    odfi: Agent
    effective: str
    extra: Extra
    agents: dict[str, Agent] = {}
    extras: dict[str, Extra] = {}


def shared(batch: Batch) -> Shared:
    """Made at a batch's first entry. The extras hold what a return of its entries needs again."""
    h = batch.header
    layout = tables.BATCH_HEADER_IAT if batch.international else tables.BATCH_HEADER
    effective = day(h[69:75])
    left_out = ("record_type", "sec_code", "batch_number")
    extra = tuple(
        (f"ach:{c.name}", h[c.where].strip()) for c in layout if c.name not in left_out and h[c.where].strip()
    )
    odfi = Agent(clearing_system="USABA", clearing_member=h[79:87])
    company = Party("" if batch.international else h[4:20].strip())
    return Shared(company, odfi, effective.isoformat() if effective else "", extra, {}, {})


def record(batch: Batch, line: int, text: str, addenda: list[str]) -> Record:
    """One entry with its addenda."""
    common = batch.shared
    if not isinstance(common, Shared):
        common = batch.shared = shared(batch)
    code = CODES.get(text[1:3])
    if batch.plain and code is not None and code.kind != "returned" and (not addenda or addenda[-1][1:3] == "05"):
        return _plain(batch, common, line, text, addenda, code.debit, code.account, code.kind)
    return _other(batch, common, line, text, addenda)


def _plain(
    batch: Batch, common: Shared, line: int, text: str, addenda: list[str], debit: bool, account_type: str, kind: str
) -> Payment:
    """PPD, CCD, WEB and TEL. A credit's creditor is the receiver, a debit's debtor is."""
    name = text[54:76].strip()
    receiver = Party(name) if name else None
    account = Account(text[12:29] if batch.keep_spaces else text[12:29].strip(), "ABA", "", "", account_type)
    rdfi = common.agents.get(text[3:12]) or _agent(common, text[3:12])
    id = text[39:54].strip()
    trace = text[79:94]
    key = text[1:3] + text[76:78]
    extra = common.extras.get(key) or _extra(common, key, batch.sec)
    remittance = tuple([addenda_line[3:83].rstrip() for addenda_line in addenda]) if addenda else ()
    digits = text[29:39]
    money = Money("USD", int(digits) if digits.isdecimal() else 0)
    sec, number, company, odfi = batch.sec, batch.number, common.company, common.odfi
    kind = KINDS.get(kind) or ("direct_debit" if debit else "credit_transfer")
    # Positional up to the creditor's agent: half the cost of keywords, a million times a file.
    # fmt: off
    if debit:
        return Payment(kind, money, f"line {line}", sec, "ach", "", id, id or trace, trace, "", "", number,
                       common.effective, None, "", "", (), receiver, account, rdfi, None, company, None, odfi,
                       local_instrument=sec, remittance=remittance, extra=extra)
    return Payment(kind, money, f"line {line}", sec, "ach", "", id, id or trace, trace, "", "", number,
                   common.effective, None, "", "", (), company, None, odfi, None, receiver, account, rdfi,
                   local_instrument=sec, remittance=remittance, extra=extra)
    # fmt: on


def _agent(common: Shared, routing: str) -> Agent:
    made = common.agents[routing] = Agent(clearing_system="USABA", clearing_member=routing)
    return made


def _extra(common: Shared, key: str, sec: str) -> Extra:
    """What has no field in the model; the same for all entries of a code without data of their own."""
    extra = (*common.extra, ("ach:transaction_code", key[:2]))
    if key[2:] != "  ":
        name = "payment_type" if sec in ("WEB", "TEL") else "discretionary_data"
        extra = (*extra, (f"ach:{name}", key[2:].rstrip()))
    common.extras[key] = extra
    return extra


class Parts(Struct):
    """An entry of any class, cut by its layout."""

    batch: Batch
    common: Shared
    place: str
    fields: dict[str, str]
    account: Account
    agent: Agent
    money: Money
    trace: str
    remittance: tuple[str, ...]
    extra: Extra
    addenda: dict[str, str]  # fields of addenda, those that stand twice numbered


def _other(batch: Batch, common: Shared, line: int, text: str, addenda: list[str]) -> Record:
    parts = _parts(batch, common, line, text, addenda)
    kinds = {one[1:3] for one in addenda}
    if batch.sec == "ADV":
        return _notice(parts, "accounting_advice", parts.fields["transaction_code"])
    if "98" in kinds:
        return _change(parts)
    if "99" in kinds or said(text[1:3]).kind == "returned":
        return _returned(parts)
    if batch.sec in TITLES:
        return _notice(parts, TITLES[batch.sec], "")
    if batch.sec in ("ACK", "ATX"):
        original = Original(transaction_id=parts.fields.get("individual_id", ""))
        return Report("ACSC", original, "acknowledgement", id=parts.trace, payment=_about(parts), place=parts.place,
                      source=batch.sec, scheme="ach", extra=_told(parts))  # fmt: skip
    return _moved(parts)


def _parts(batch: Batch, common: Shared, line: int, text: str, addenda: list[str]) -> Parts:
    layout = tables.ENTRY_IAT if batch.international else entry_layout(batch.sec, text)
    fields = cut(layout, text)
    cents = fields["amount_cents"]
    code = said(text[1:3])
    kept = text[layout[4].where] if batch.keep_spaces and layout[4].name == "account_number" else ""
    found: dict[str, str] = {}
    for one in addenda:
        _note(found, cut(addenda_layout(one, batch.international) or tables.ADDENDA_05, one), fields["trace_number"])
    texts = tuple(one[3:83].rstrip() for one in addenda if one[1:3] in ("05", "17"))
    extra = tuple((f"ach:{name}", value) for name, value in fields.items() if value.strip() and name not in PLACED)
    return Parts(
        batch,
        common,
        f"line {line}",
        fields,
        Account(kept or fields["account_number"].strip(), "ABA", "", "", code.account),
        common.agents.get(text[3:12]) or _agent(common, text[3:12]),
        Money("USD", int(cents) if cents.isdecimal() else 0),
        fields.get("trace_number") or text[79:94],
        texts,
        (*common.extra, *extra),
        found,
    )  # fmt: skip


def cut(layout: Layout, text: str) -> dict[str, str]:
    """A record's fields by name, without the blanks behind them."""
    return {c.name: text[c.where].rstrip() for c in layout}


def _note(found: dict[str, str], fields: dict[str, str], trace: str) -> None:
    """Fields of one more addenda record; a name that is taken gets a number."""
    for name, value in fields.items():
        if not value.strip() or name in FOLLOWS or name == "payment_information":
            continue
        if name == "trace_number":
            if value == trace:
                continue
            name = "addenda_trace"
        key, number = name, 1
        while key in found:
            number += 1
            key = f"{name}[{number}]"
        found[key] = value


def _told(parts: Parts, but: frozenset[str] = frozenset()) -> Extra:
    """Everything that has no field: of the batch, the entry and its addenda."""
    return (*parts.extra, *((f"ach:{name}", value) for name, value in parts.addenda.items() if name not in but))


def _about(parts: Parts) -> Extra:
    """What a record without parties says of account, bank, name and id."""
    told = (
        ("account_number", parts.account.id),
        ("routing_number", parts.agent.clearing_member),
        ("individual_name", parts.fields.get("individual_name", "").strip()),
        ("individual_id", parts.fields.get("individual_id", "").strip()),
        ("amount_cents", str(parts.money.minor) if parts.money.minor else ""),
        *((f"payment_information[{n}]", text) for n, text in enumerate(parts.remittance, 1)),
    )
    return tuple((f"ach:{name}", value) for name, value in told if value)


def _notice(parts: Parts, kind: str, result: str) -> Notice:
    """What is only told: advices, death notices, enrolments."""
    owner = parts.fields.get("individual_name", "").strip()
    id = (("ach:individual_id", parts.fields.get("individual_id", "").strip()),)
    extra = (*_told(parts), *(pair for pair in id if pair[1]))
    return Notice(kind, parts.trace, "", parts.account, Party(owner) if owner else None, parts.agent,
                  parts.money if parts.money.minor else None, parts.common.effective, result=result,
                  text=parts.remittance, place=parts.place, source=parts.batch.sec, scheme="ach",
                  extra=extra)  # fmt: skip


def _change(parts: Parts) -> Notice:
    """A notification of change, or the refusal of one: what is wrong with which original, and what is right."""
    told = parts.addenda
    code = told.get("refused_code") or told.get("change_code", "")
    data = told.get("corrected_data", "")
    kind = "change_refused" if code in REFUSED_CHANGES else "change_notice"
    corrections = corrected(told.get("change_code", ""), data)
    owner = parts.fields.get("individual_name", "").strip()
    extra = (
        *_told(parts, frozenset(("original_trace", "corrected_data"))),
        *((f"ach:corrected/{name}", value) for name, value in corrections.items()),
        *((name, value) for name, value in _about(parts) if name.endswith(("routing_number", "individual_id"))),
    )
    original = Original(transaction_id=told.get("original_trace", ""))
    bank = Agent(clearing_system="USABA", clearing_member=told.get("original_rdfi", ""))
    return Notice(kind, parts.trace, "", parts.account, Party(owner) if owner else None, bank,
                  parts.money if parts.money.minor else None, parts.common.effective, original=original, result=code,
                  text=(data,) if data else (), place=parts.place, source=parts.batch.sec, scheme="ach",
                  extra=extra)  # fmt: skip


def _moved(parts: Parts) -> Payment:
    """An entry of any class that moves money, or announces it."""
    code = said(parts.fields["transaction_code"])
    kind = KINDS.get(code.kind) or ("direct_debit" if code.debit else "credit_transfer")
    return _payment(parts, kind, code.debit, None, (), _told(parts))


def _returned(parts: Parts) -> Payment:
    """A return: the original it gives back, and why."""
    told = parts.addenda
    code = told.get("contested_code") or told.get("dishonored_code") or told.get("return_code", "")
    category = "contested" if code in CONTESTED else "dishonored" if code in DISHONORED else "return"
    known = RETURNS.get(code)
    information = told.get("information", "").strip()
    texts = (f"/ACH/{code} {known.title}".rstrip() if known else f"/ACH/{code}", information)
    reason = Reason(known.reason if known else "NARR", text=tuple(text for text in texts if text))
    original = Original(
        message_type=parts.batch.sec,
        transaction_id=told.get("original_trace", ""),
        end_to_end_id=_reference(parts),
        amount=parts.money,
    )
    extra = (*_told(parts, frozenset(("original_trace", "information"))), ("ach:category", category))
    return _payment(parts, "return", said(parts.fields["transaction_code"]).debit, original, (reason,), extra)


def _reference(parts: Parts) -> str:
    return (parts.fields.get("individual_id") or parts.fields.get("check_serial_number") or "").strip()


def _payment(
    parts: Parts, kind: str, debit: bool, original: Original | None, reasons: tuple[Reason, ...], extra: Extra
) -> Payment:
    batch, common = parts.batch, parts.common
    id = parts.fields.get("individual_id", "").strip()
    company, receiver = common.company, Party(parts.fields.get("individual_name", "").strip())
    odfi, rdfi = common.odfi, parts.agent
    between: tuple[Agent, ...] = ()
    if batch.international:
        company, receiver, odfi, rdfi, between, placed = international.parties(parts.addenda, odfi, rdfi)
        extra = tuple(pair for pair in extra if pair[0].removeprefix("ach:") not in placed)
    there = receiver if receiver != Party() else None
    sides = (
        (there, parts.account, rdfi, company, None, odfi)
        if debit
        else (company, None, odfi, there, parts.account, rdfi)
    )
    return Payment(
        kind, parts.money, parts.place, batch.sec, "ach", "", id, _reference(parts) or parts.trace, parts.trace,
        batch_id=batch.number, settlement_date=common.effective, debtor=sides[0], debtor_account=sides[1],
        debtor_agent=sides[2], creditor=sides[3], creditor_account=sides[4], creditor_agent=sides[5],
        intermediary_agents=between, local_instrument=batch.sec, remittance=parts.remittance, original=original,
        reasons=reasons, extra=extra,
    )  # fmt: skip

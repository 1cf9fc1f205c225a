"""Entries as ISO 20022 has them, and back: the same payment, its fields where the other family looks for them.

Strategy: what ISO 20022 has a place for goes there (types of accounts, whole routing numbers, the company's id, the
entry description as category purpose; of a return the entry it gives back as original transaction). Everything else
that only ACH says is put in one block of supplementary data, and read from it again, so that there and back nothing is
lost. What is made anew from the rest (service class, dates twice) is named.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, unescape

from msgspec import structs

from gateway.formats.ach import international
from gateway.formats.ach.codes import routing_check_digit
from gateway.formats.ach.entries import ISO_TYPES, code_of, company_id, sides
from gateway.formats.ach.faults import day
from gateway.formats.ach.international import bank_fields, party_fields
from gateway.model import Account, Agent, Extra, Identification, Loss, Money, Original, Party, Payment, Record, Report

SPACE = "urn:financial-os:ach-entry"
ENVELOPE = "iso:SplmtryData/Envlp/*"
CATEGORY = "iso:PmtTpInf/CtgyPurp/Prtry"
ORIGINAL = "iso:OrgnlTxRef/"
TYPES = {ours: iso for iso, ours in ISO_TYPES.items()}
ANEW = "made anew when entries are written"
_FIELD = re.compile(r'<Fld Nm="([^"]*)">([^<]*)</Fld>')


# --- to ISO 20022 ---------------------------------------------------------------------------------


def outward(record: Record, type: str) -> tuple[Record, tuple[Loss, ...]]:
    """A record of an ACH file for a message of ISO 20022, and what is only named."""
    if not isinstance(record, Payment) or record.scheme != "ach" or type[:5] not in ("pain.", "pacs."):
        return record, ()
    kept = dict(record.extra)
    losses = _derived(record, kept)
    fields = {path[4:]: value for path, value in kept.items() if path.startswith("ach:")}
    report = record.kind == "return" and not type.startswith("pacs.004")
    company = () if report else _company(record, fields)
    category = fields.pop("entry_description", "")
    if not type.startswith("pacs."):
        fields["trace_number"] = record.transaction_id
    if record.batch_id:  # several batches may share a block of instructions
        fields["batch_number"] = record.batch_id
    made = _placed(record, company)
    if not type.startswith("pacs."):
        made = structs.replace(made, transaction_id="")
    if record.kind == "return":
        fields |= {"entry_description": category} if category else {}
        return _returned(structs.replace(made, transaction_id=record.transaction_id), fields, type), losses
    if type.startswith("pain.008") and made.intermediary_agents:  # it has no place for them
        fields |= _correspondents(made, fields)
        made = structs.replace(made, intermediary_agents=())
    extra: list[tuple[str, str]] = [(CATEGORY, category)] if category else []
    return structs.replace(made, batch_id=_batch(record, type), extra=(*extra, *_block(fields))), losses


def _batch(record: Payment, type: str) -> str:
    return record.batch_id if type.startswith("pain.00") else ""


def _derived(record: Payment, kept: dict[str, str]) -> tuple[Loss, ...]:
    """What follows from other fields, taken out; named where its text is not said in them."""
    company = sides(record)[4]
    losses = []
    if kept.pop("ach:service_class", ""):
        losses.append(Loss("ach:service_class", f"it follows from the entries and is {ANEW}", "info"))
    if kept.get("ach:company_name", "") == (company.name if company else ""):
        kept.pop("ach:company_name", None)
    effective = kept.get("ach:effective_date", "")
    if effective and _iso(effective) == record.settlement_date:
        del kept["ach:effective_date"]
        losses.append(Loss("ach:effective_date", "the same as the settlement date", "info"))
    if (bank := sides(record)[5]) is not None and bank.clearing_member == kept.get("ach:odfi"):
        del kept["ach:odfi"]
    if code_of(structs.replace(record, extra=tuple(kept.items()))) == _code_alone(record, kept):
        kept.pop("ach:transaction_code", None)
        losses.append(Loss("ach:transaction_code", "it follows from direction and type of account", "info"))
    return tuple(losses)


def _iso(effective: str) -> str:
    found = day(effective)
    return found.isoformat() if found is not None else ""


def _code_alone(record: Payment, kept: dict[str, str]) -> str:
    """The transaction code as it would be without its being said; "" where direction or type are not said otherwise."""
    if record.kind not in ("credit_transfer", "direct_debit") or sides(record)[2] not in TYPES:
        return ""
    rest = tuple(pair for pair in kept.items() if pair[0] != "ach:transaction_code")
    return code_of(structs.replace(record, extra=rest))


def _company(record: Payment, fields: dict[str, str]) -> tuple[Identification, ...]:
    """The company's id as that of its party, where it will be read as such again."""
    said = fields.get("company_identification", "")
    ids = (Identification(said),)
    if said and company_id(Party(ids=ids)) == said:
        del fields["company_identification"]
        return ids
    return ()


def _placed(record: Payment, ids: tuple[Identification, ...]) -> Payment:
    """Types of accounts by their codes, routing numbers with their check digit, the company with its id."""
    debit = sides(record)[3] is record.debtor_agent and record.debtor_agent is not None
    company = record.creditor if debit else record.debtor
    if ids and company is not None and not company.ids:
        company = structs.replace(company, ids=ids)
    changes: dict[str, Party | Agent | Account | None] = {("creditor" if debit else "debtor"): company}
    for role in ("debtor", "creditor"):
        account = getattr(record, f"{role}_account")
        if account is not None:
            changes[f"{role}_account"] = structs.replace(account, type=TYPES.get(account.type, ""))
        changes[f"{role}_agent"] = _whole(getattr(record, f"{role}_agent"))
    return structs.replace(record, **changes)


def _whole(agent: Agent | None) -> Agent | None:
    number = agent.clearing_member if agent is not None else ""
    if agent is None or len(number) != 8 or not number.isdecimal():
        return agent
    return structs.replace(agent, clearing_member=number + routing_check_digit(number))


def _returned(record: Payment, fields: dict[str, str], type: str) -> Record:
    """A return: what it says of the entry as references and parties of the original."""
    original = record.original or Original()
    account = record.debtor_account or record.creditor_account
    side = "Dbtr" if record.debtor_account is not None else "Cdtr"
    more = {"PmtTpInf/LclInstrm/Cd": record.local_instrument}
    if account is not None:
        more |= {f"{side}Acct/Id/Othr/Id": account.id, f"{side}Acct/Tp/Cd": account.type}
    fields["account_side"] = side
    if original.end_to_end_id != record.end_to_end_id:
        fields["individual_id"] = record.instruction_id
    fields |= {"account_type": account.type} if account is not None and not account.type else {}
    original = structs.replace(original, message_type="", end_to_end_id=original.end_to_end_id)
    extra = (*((f"{ORIGINAL}{path}", value) for path, value in more.items() if value),)
    if not type.startswith("pacs.004"):
        return _report(record, original, fields, more, type)
    return structs.replace(
        record,
        original=original,
        local_instrument="",
        instruction_id="",
        end_to_end_id="",
        batch_id="",
        debtor_account=None,
        creditor_account=None,
        extra=(*extra, *_block(fields)),
    )


def _report(record: Payment, original: Original, fields: dict[str, str], more: dict[str, str], type: str) -> Report:
    """A return as the status of the payment that it gives back."""
    parties = (("Dbtr", record.debtor, record.debtor_agent), ("Cdtr", record.creditor, record.creditor_agent))
    for side, party, agent in parties:
        if party is not None and party.name:
            more[f"{side}/Pty/Nm"] = party.name
        if agent is not None and agent.clearing_member:
            more[f"{side}Agt/FinInstnId/ClrSysMmbId/MmbId"] = agent.clearing_member
    amount, fields["original_trace"] = record.amount, original.transaction_id
    where = "IntrBkSttlmAmt" if type.startswith("pacs.") else "Amt/InstdAmt"
    more |= {where: amount.text(), f"{where}/@Ccy": amount.currency}
    original = structs.replace(original, amount=None, transaction_id="")
    if record.settlement_date:
        fields["settlement_date"] = record.settlement_date
    if record.local_instrument == "IAT":
        fields |= _abroad(record, fields)
    payment = tuple((path, value) for path, value in more.items() if value)
    fields["trace_number"] = record.transaction_id
    return Report("RJCT", original, reasons=record.reasons, id=record.transaction_id, payment=payment,
                  place=record.place, source=record.source, extra=_block(fields))  # fmt: skip


def _abroad(record: Payment, fields: dict[str, str]) -> dict[str, str]:
    """Parties and banks of IAT as its addenda say them."""
    receiver, _, _, rdfi, company, odfi = sides(record)
    found = party_fields(company or Party(), "originator") | party_fields(receiver or Party(), "receiver")
    for role, agent in (("odfi", odfi), ("rdfi", rdfi)):
        found |= bank_fields(agent or Agent(), role, fields.get(f"{role}_id_qualifier", ""))
    return found


def _correspondents(record: Payment, fields: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for place, agent in enumerate(record.intermediary_agents, 1):
        number = "" if place == 1 else f"[{place}]"
        qualifier = fields.get(f"correspondent_id_qualifier{number}", "")
        found |= {f"{name}{number}": value for name, value in bank_fields(agent, "correspondent", qualifier).items()}
    return found


def _block(fields: dict[str, str]) -> Extra:
    """What only ACH says, as supplementary data."""
    said = "".join(
        f'<Fld Nm="{escape(name)}">{escape(value)}</Fld>' for name, value in fields.items() if value and name
    )
    return ((ENVELOPE, f'<Entry xmlns="{SPACE}">{said}</Entry>'),) if said else ()


# --- from ISO 20022 -------------------------------------------------------------------------------


def inward(record: Record) -> Record:
    """A record of another family as entries are written from it: a status that says of a return all that it says."""
    if isinstance(record, Payment):
        return inward_payment(record)
    return _return_again(record) if isinstance(record, Report) else record


def _return_again(report: Report) -> Record:
    """The return that a status was made from; the status itself where it was made from none."""
    said = dict(report.extra)
    block = next((text for path, text in said.items() if path.endswith(ENVELOPE[4:])), "")
    fields = {name: unescape(value) for name, value in _FIELD.findall(block)} if SPACE in block else {}
    about = dict(report.payment)
    where = "IntrBkSttlmAmt" if "IntrBkSttlmAmt" in about else "Amt/InstdAmt"
    amount = Money.parse("USD", about.get(where, ""))
    if not fields or amount is None:
        return report
    trace, original_trace = fields.pop("trace_number", ""), fields.pop("original_trace", "")
    original = structs.replace(report.original, transaction_id=original_trace, amount=amount)
    made = Payment(
        "return",
        amount,
        report.place,
        report.source,
        transaction_id=trace,
        settlement_date=fields.pop("settlement_date", ""),
        debtor=_party(about, "Dbtr"),
        debtor_agent=_agent(about, "Dbtr"),
        creditor=_party(about, "Cdtr"),
        creditor_agent=_agent(about, "Cdtr"),
        original=original,
        reasons=report.reasons,
    )
    made = structs.replace(made, batch_id=fields.pop("batch_number", ""))
    made = _entry_again(made, fields, {f"{ORIGINAL}{path}": value for path, value in about.items()})
    if made.local_instrument == "IAT":
        made, fields = _from_abroad(made, fields)
    return structs.replace(made, extra=tuple((f"ach:{name}", value) for name, value in fields.items()))


def _party(about: dict[str, str], side: str) -> Party | None:
    name = about.get(f"{side}/Pty/Nm", "")
    return Party(name) if name else None


def _agent(about: dict[str, str], side: str) -> Agent | None:
    member = about.get(f"{side}Agt/FinInstnId/ClrSysMmbId/MmbId", "")
    return Agent(clearing_system="USABA", clearing_member=member) if member else None


def _from_abroad(made: Payment, fields: dict[str, str]) -> tuple[Payment, dict[str, str]]:
    debit = made.debtor_account is not None
    roles = ("creditor", "debtor") if debit else ("debtor", "creditor")
    banks = [getattr(made, f"{role}_agent") or Agent() for role in roles]
    company, receiver, odfi, rdfi, _, placed = international.parties(fields, *banks)
    parties = {roles[0]: company, roles[1]: receiver, f"{roles[0]}_agent": odfi, f"{roles[1]}_agent": rdfi}
    return structs.replace(made, **parties), {name: value for name, value in fields.items() if name not in placed}


def inward_payment(payment: Payment) -> Payment:
    """A payment of another family with its fields where entries are written from."""
    if payment.scheme == "ach":
        return payment
    said = dict(payment.extra)
    block, category = said.pop(ENVELOPE, ""), said.pop(CATEGORY, "")
    original = {path: said.pop(path) for path in list(said) if path.startswith(ORIGINAL)} if block else {}
    if not block and not category:
        return payment
    if block and f'xmlns="{SPACE}"' not in block:
        return payment
    fields = {name: unescape(value) for name, value in _FIELD.findall(block)}
    if category:
        fields.setdefault("entry_description", category)
    if payment.local_instrument == "IAT" and not payment.intermediary_agents:
        between, placed = international.parties(fields, Agent(), Agent())[4:]
        payment = structs.replace(payment, intermediary_agents=between)
        fields = {name: value for name, value in fields.items() if name not in placed}
    trace, batch = fields.pop("trace_number", ""), fields.pop("batch_number", "")
    made = structs.replace(
        payment,
        transaction_id=payment.transaction_id or trace,
        batch_id=batch or payment.batch_id,
    )
    if payment.kind == "return":
        made = _entry_again(made, fields, original)
    extra = tuple((f"ach:{name}", value) for name, value in fields.items())
    return structs.replace(made, extra=(*said.items(), *extra))


def _entry_again(payment: Payment, fields: dict[str, str], original: dict[str, str]) -> Payment:
    """Of a return: the entry that it gives back, from what is said of the original."""
    side = fields.pop("account_side", "Dbtr")
    fields.pop("account_type", "")
    number = original.get(f"{ORIGINAL}{side}Acct/Id/Othr/Id", "")
    account = Account(number, "ABA", type=original.get(f"{ORIGINAL}{side}Acct/Tp/Cd", "")) if number else None
    name = payment.original.end_to_end_id if payment.original is not None else ""
    return structs.replace(
        payment,
        local_instrument=original.get(f"{ORIGINAL}PmtTpInf/LclInstrm/Cd", "") or payment.local_instrument,
        end_to_end_id=name,
        instruction_id=fields.pop("individual_id", name),
        debtor_account=account if side == "Dbtr" else None,
        creditor_account=account if side == "Cdtr" else None,
    )

"""Writing lists of payments: MT 101, 102, 104, 107, 200, 201, 203 and 204.

Strategy: for each type, what a payment says of the whole message and what of its own repetition; neighbours that say
the same of the whole share a message. The grammar puts the fields in order, sums are made last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from gateway.formats.mt import fields, losses, printing, tables, text, write
from gateway.formats.mt.fields import Lines
from gateway.formats.mt.printing import Page, kept, refusal
from gateway.model import Money, Payment, Record, Refusal
from gateway.ports import Fit, Frame, Writing

TYPES = ("MT101", "MT102", "MT104", "MT107", "MT200", "MT201", "MT203", "MT204")
_KINDS = {
    "MT101": "credit_transfer",
    "MT102": "credit_transfer",
    "MT104": "direct_debit",
    "MT107": "direct_debit",
    "MT204": "fi_direct_debit",
}
TRANSACTIONS_MAX = {"MT200": 1, "MT201": 10, "MT203": 10, "MT204": 10}  # the last three by the network's rule T10
TRANSACTIONS_OF_A_LIST = 100  # 101 to 107 have no such rule; this many stay well below the 10 000 characters of FIN

Parts = tuple[Lines, Lines]  # of the whole message, of the payment's own repetition


def fit(record: Record, type: str) -> Fit:
    """What the message would lose, or why there can be none."""
    wrong = _unfit(record, type)
    if wrong is not None or not isinstance(record, Payment):
        return Fit(wrong)
    return losses.compared(record, _messages([record], type, losses.BETWEEN_ITS_OWN)[0])


def encode(records: Sequence[Record], type: str, writing: Writing) -> Frame:
    """Messages one after the other; payments that say the same of the whole message share one."""
    return printing.frame(_messages([one for one in records if isinstance(one, Payment)], type, writing), type, writing)


def _unfit(record: Record, type: str) -> Refusal | None:
    kind = _KINDS.get(type, "fi_transfer")
    if not isinstance(record, Payment) or record.kind != kind:
        return refusal("wrong-kind", "kind", f"{type} carries no {record.kind.replace('_', ' ')}")
    if not record.settlement_date:
        return refusal("missing-date", "settlement_date", "an execution or value date is needed")
    own = record.debtor_institution == record.creditor_institution
    if type in ("MT200", "MT201") and not own:
        return refusal("not-own-account", "creditor_institution", f"{type} moves money to the sender's own account")
    needed = _NEEDED.get(type, ())
    missing = next((name for name in needed if getattr(record, name) is None), "")
    if missing:
        return refusal("missing-party", missing, f"{type} names it, and the payment does not")
    return write.account_fault(record)


_NEEDED = {
    "MT101": ("debtor", "debtor_account", "creditor"),
    "MT102": ("debtor", "debtor_agent", "creditor"),
    "MT104": ("debtor", "creditor"),
    "MT107": ("debtor", "creditor"),
    "MT203": ("creditor_institution",),
    "MT204": ("debtor_institution",),
}


# --- messages ---------------------------------------------------------------------------------------


def _messages(payments: Sequence[Payment], type: str, writing: Writing) -> list[str]:
    pages = [_page(payment, type, writing, index) for index, payment in enumerate(payments)]
    most = TRANSACTIONS_MAX.get(type, TRANSACTIONS_OF_A_LIST)
    return [
        _message(group, type, text.reference(group[0].apart) or write.numbered(writing.message_id, index))
        for index, group in enumerate(printing.together(pages, most))
    ]


def _page(payment: Payment, type: str, writing: Writing, index: int) -> Page:
    whole, own = _WRITERS[type](payment)
    reference = payment.batch_id if type == "MT204" else payment.instruction_id
    if type in ("MT201", "MT203", "MT204"):
        number = text.reference(payment.instruction_id) or write.numbered(writing.message_id, index)
        own = [("20", number), *own]
        reference = payment.batch_id if type == "MT204" else ""
    keeper = payment.debtor_agent if type == "MT101" else None  # a request goes to the bank that keeps the account
    sender, receiver = printing.ends(writing, payment.instructing_agent, payment.instructed_agent or keeper)
    whole = [*whole, *kept(payment.extra, "A/"), *(("C/" + tag, value) for tag, value in kept(payment.extra, "C/"))]
    currency = payment.amount.currency if type != "MT101" or payment.batch_id else ""
    if currency:
        whole.append(("currency", currency))
    return Page(whole, [*own, *kept(payment.extra)], payment.uetr, sender, receiver, reference)


def _message(pages: Sequence[Page], type: str, reference: str) -> str:
    first = pages[0]
    whole = [line for line in first.whole if line[0][:2].isdigit()]
    settled = [(tag[2:], value) for tag, value in first.whole if tag[:2] == "C/"]
    if type not in ("MT201", "MT203"):
        whole = [("20", reference), *whole]
    own = [page.own for page in pages]
    whole, last = _TOTALS.get(type, _no_total)(whole, settled, own)
    if type == "MT200":
        said = sorted([*whole, *own[0]], key=lambda line: line[0][:2])  # its fields stand in the order of numbers
    else:
        said = printing.text_of(type[2:], whole, own, last)
    return printing.message(type[2:], said, first.sender, first.receiver, first.uetr)


# --- sums -------------------------------------------------------------------------------------------


def _sum(own: Iterable[Lines]) -> str:
    """The sum of all 32B: currency and amount."""
    found = [Money.parse(value[:3], value[3:], ",") for lines in own for tag, value in lines if tag == "32B"]
    amounts = [one for one in found if one is not None]
    return fields.amount_text(Money(amounts[0].currency, sum(one.minor for one in amounts)))


def _no_total(whole: Lines, settled: Lines, own: list[Lines]) -> tuple[Lines, Lines]:
    return whole, settled


def _total(whole: Lines, settled: Lines, own: list[Lines]) -> tuple[Lines, Lines]:
    return [("19", _sum(own)[3:]), *whole], settled


def _settled(whole: Lines, settled: Lines, own: list[Lines]) -> tuple[Lines, Lines]:
    """102: 32A is a date so far; what was collected from the sender is the sum, unless the original said more."""
    day = next(value for tag, value in whole if tag == "32A")
    rest = [line for line in whole if line[0] != "32A"]
    said = next((value for tag, value in settled if tag == "32A"), "")
    return [("32A", day + (said or _sum(own))), *rest], []


def _collected(whole: Lines, settled: Lines, own: list[Lines]) -> tuple[Lines, Lines]:
    """104: the sequence of the settlement; not of a request for debit, which settles nothing."""
    asked = any(tag == "23E" and value[:4] == "RFDD" for tag, value in whole)
    if asked and not settled:
        return whole, []
    return whole, settled if any(tag == "32B" for tag, _ in settled) else [("32B", _sum(own)), *settled]


def _collected_flat(whole: Lines, settled: Lines, own: list[Lines]) -> tuple[Lines, Lines]:
    """107: the same, with nothing around it."""
    return [*whole, *_collected([], settled, own)[1]], []


_TOTALS: dict[str, Callable[[Lines, Lines, list[Lines]], tuple[Lines, Lines]]] = {
    "MT102": _settled,
    "MT104": _collected,
    "MT107": _collected_flat,
    "MT201": _total,
    "MT203": _total,
    "MT204": _total,
}


# --- what a payment says ----------------------------------------------------------------------------


def _day(payment: Payment) -> str:
    return payment.settlement_date[2:].replace("-", "")


def _initiating(payment: Payment) -> Lines:
    """50C or 50L, the instructing party."""
    party = payment.initiating_party
    if party is None or not (party.bic or party.name.strip()):
        return []
    return [("50C", party.bic)] if party.bic else [("50L", text.line(party.name))]


def _transaction(payment: Payment) -> tuple[str, Lines]:
    """21 and 70: the end-to-end id stands in 21 when it can, else in 70 behind /ROC/."""
    named = text.reference(payment.transaction_id or payment.end_to_end_id) or "NOTPROVIDED"
    roc = "" if named == payment.end_to_end_id else payment.end_to_end_id
    return named, write.remittance_lines(msgspec.structs.replace(payment, end_to_end_id=roc))


def _shared(payment: Payment) -> Lines:
    """What customer payments of every kind say in their own repetition."""
    named, remittance = _transaction(payment)
    out: Lines = [("21", named), ("32B", fields.amount_text(payment.amount)), *remittance]
    out += write.regulatory_lines(payment)
    out.append(("71A", write.bearer(payment)))
    if payment.instructed_amount is not None:
        out.append(("33B", fields.amount_text(payment.instructed_amount)))
    if payment.exchange_rate:
        out.append(("36", fields.rate_text(payment.exchange_rate)))
    return out


def _purpose(payment: Payment) -> Lines:
    kind = dict(payment.extra).get(tables.PURPOSE, "")
    return [("26T", kind)] if write.is_transaction_type(kind) else []


def _request(payment: Payment) -> Parts:
    """101: the ordering customer's bank is told to pay."""
    whole: Lines = [("28D", "1/1")] if not any(name == "mt:A/28D" for name, _ in payment.extra) else []
    whole += [("21R", text.reference(payment.batch_id))] if payment.batch_id else []
    whole += [*_initiating(payment), *_orderer(payment), ("30", _day(payment))]
    whole += fields.agent_lines("52", payment.debtor_agent, payment.debtor_agent_account, "AC")
    own = [*_shared(payment), *_requested(payment)]
    own += write.routed(payment, "ACD", "ACD")
    return whole, own + fields.party_lines("59", payment.creditor, payment.creditor_account, "")


def _orderer(payment: Payment) -> Lines:
    """50F, G or H: with the account to be debited."""
    lines = fields.party_lines("50", payment.debtor, payment.debtor_account, "K")
    options = {"50A": "50G", "50K": "50H"}
    return [(options.get(tag, tag), value) for tag, value in lines]


def _requested(payment: Payment) -> Lines:
    """23E of a request."""
    found = [code for code in payment.service_level if code in tables.REQUEST_CODES]
    found += [code for code in payment.category_purpose.split(" ") if code in tables.REQUEST_CODES]
    found += [one.code for one in payment.instructions_for_creditor_agent if one.code in tables.REQUEST_CODES]
    for one in payment.instructions_for_next_agent:
        if one.text[1:5] in tables.REQUEST_CODES and one.text[:1] == one.text[5:6] == "/":
            found.append(f"{one.text[1:5]}/{text.line(one.text[6:], 30)}".rstrip("/"))
    return [("23E", code) for code in found]


def _multiple(payment: Payment) -> Parts:
    """102: several customer transfers, settled in one amount."""
    whole: Lines = [("32A", _day(payment)), *write.times(payment)]
    whole += fields.agent_lines("53", None, payment.settlement_account, "C")
    whole += fields.field("72", write.sender_to_receiver(payment)[:6])
    if not any(name == "mt:A/23" for name, _ in payment.extra):
        whole.append(("23", "CRED"))
    own = [*_shared(payment), *_purpose(payment), *write.charge_lines(payment)]
    own += fields.party_lines("50", payment.debtor, payment.debtor_account, "K")
    own += fields.agent_lines("52", payment.debtor_agent, payment.debtor_agent_account, "ABC")
    own += fields.agent_lines("57", payment.creditor_agent, payment.creditor_agent_account, "AC")
    return whole, own + fields.party_lines("59", payment.creditor, payment.creditor_account, "")


def _collection(payment: Payment) -> Parts:
    """104 and 107: the creditor collects; 52a is the creditor's bank, 57a and 59a are the debtor's."""
    whole: Lines = [("21R", text.reference(payment.batch_id))] if payment.batch_id else []
    whole += [*_initiating(payment), ("30", _day(payment))]
    whole += fields.party_lines("50", payment.creditor, payment.creditor_account, "K", numbered=False)
    whole += fields.agent_lines("52", payment.creditor_agent, payment.creditor_agent_account, "ACD")
    own = [*_shared(payment), *_purpose(payment), *write.charge_lines(payment)]
    mandate = payment.mandate
    if mandate is not None:
        own += [
            (tag, text.line(value))
            for tag, value in (("21C", mandate.id), ("21E", mandate.creditor_scheme_id))
            if value
        ]
    if not any(name in ("mt:23E", "mt:A/23E") for name, _ in payment.extra):
        own.append(("23E", "AUTH" if mandate is not None and mandate.id else "NAUT"))
    own += fields.agent_lines("57", payment.debtor_agent, payment.debtor_agent_account, "ACD")
    return whole, own + fields.party_lines("59", payment.debtor, payment.debtor_account, "", numbered=False)


def _own(payment: Payment) -> Parts:
    """200 and 201: to the sender's own account with the institution in 57a."""
    own = write.routed(msgspec.structs.replace(payment, creditor_agent_account=payment.creditor_account), "AD", "ABD")
    own += fields.field("72", write.sender_to_receiver(payment)[:6])
    held = fields.agent_lines("53", None, payment.settlement_account, "B")
    return [("30", _day(payment)), *held], [("32B", fields.amount_text(payment.amount)), *own]


def _own_alone(payment: Payment) -> Parts:
    whole, own = _own(payment)
    dated = ("32A", _day(payment) + fields.amount_text(payment.amount))
    return whole[1:], [dated, *own[1:]]


def _banks(payment: Payment) -> Parts:
    """203: transfers between institutions on one account of the sender."""
    whole: Lines = [("30", _day(payment))]
    whole += fields.agent_lines("52", payment.debtor_institution, payment.debtor_account, "AD")
    whole += fields.agent_lines("53", None, payment.settlement_account, "B")
    own: Lines = [
        ("21", text.reference(payment.end_to_end_id) or "NOTPROVIDED"),
        ("32B", fields.amount_text(payment.amount)),
        *write.routed(payment, "AD", "ABD"),
    ]
    own += fields.agent_lines("58", payment.creditor_institution, payment.creditor_account, "AD")
    return whole, own + fields.field("72", write.sender_to_receiver(payment)[:6])


def _claims(payment: Payment) -> Parts:
    """204: the sender's money back from each institution in 53a."""
    whole: Lines = [("30", _day(payment))]
    whole += fields.agent_lines("57", payment.creditor_agent, payment.creditor_agent_account, "ABD")
    if payment.creditor_institution != payment.instructing_agent or payment.creditor_account is not None:
        whole += fields.agent_lines("58", payment.creditor_institution, payment.creditor_account, "AD")
    own: Lines = [("32B", fields.amount_text(payment.amount))]
    own += [("21", text.reference(payment.end_to_end_id))] if payment.end_to_end_id else []
    own += fields.agent_lines("53", payment.debtor_institution, payment.debtor_account, "ABD")
    return whole, own + fields.field("72", write.sender_to_receiver(payment)[:6])


_WRITERS: dict[str, Callable[[Payment], Parts]] = {
    "MT101": _request,
    "MT102": _multiple,
    "MT104": _collection,
    "MT107": _collection,
    "MT200": _own_alone,
    "MT201": _own,
    "MT203": _banks,
    "MT204": _claims,
}

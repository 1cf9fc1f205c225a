"""Printing NACHA files: what is sent, and what is returned. Totals, hashes, traces and padding are computed here.

Strategy: entries that share a header are a batch. Those of PPD, CCD, WEB and TEL without addenda, which nearly all are,
are printed with one format string; a batch in which anything has not its width or is not ASCII is printed entry by
entry instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby
from operator import attrgetter

from msgspec import structs

from gateway.formats.ach import tables
from gateway.formats.ach.batches import Item, RawBatch, RawFile, file_header, grouped, put_together, text
from gateway.formats.ach.builders import returned
from gateway.formats.ach.codes import (
    CODE_OF,
    PLAIN,
    RETURN_OF,
    RETURN_OTHER,
    RETURNS,
    SECS,
    routing_check_digit,
)
from gateway.formats.ach.entries import class_of, header, is_debit, item, said_id, sides, texts_of, told
from gateway.formats.ach.entry_checks import EntryChecks
from gateway.formats.ach.fast import PRINTABLE
from gateway.formats.ach.faults import Batch
from gateway.formats.ach.tables import RECORD
from gateway.model import Loss, Payment, Refusal, Status
from gateway.ports import Decoded, Fit, Writing

TYPES = tuple(sec for sec, known in SECS.items() if not known.always_zero and sec != "ADV")  # payments are written in
AMOUNT_MAX = 9_999_999_999
ENTRIES_MAX = 1_000_000  # of one batch: below the count's six digits, and the trace's seven
MODIFIERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
# Of a payment: what an entry has room for. Everything else that is set is a loss.
CARRIED = frozenset(
    "kind amount place source scheme identity end_to_end_id transaction_id batch_id settlement_date debtor"
    " debtor_account debtor_agent creditor creditor_account creditor_agent local_instrument remittance extra"
    " instruction_id charge_bearer".split()
)
ABROAD = frozenset(("intermediary_agents",))
RETURN = frozenset(("original", "reasons"))


# --- what is sent ---------------------------------------------------------------------------------


def outgoing(payments: Sequence[Payment], type: str, writing: Writing) -> bytes:
    """A file of what is sent: a batch per company, class and day."""
    number = writing.routing_number
    modifier = MODIFIERS[int(writing.message_id[-5:]) % 36] if writing.message_id[-5:].isdecimal() else "A"
    head = file_header(writing.receiver or number, number, ("", ""), writing.now_ns, modifier)
    return put_together(RawFile(head, batches(payments, type, number)))


def batches(payments: Sequence[Payment], type: str, routing_number: str) -> list[RawBatch]:
    """Batches by header, in the order in which they begin; traces rise within each."""
    found: dict[str, list[Payment]] = {}
    for _, run in groupby(payments, _alike):
        alike = list(run)
        first = alike[0]
        found.setdefault(header(first, class_of(first, type), routing_number[:8], routing_number), []).extend(alike)
    made = []
    for head, members in found.items():
        for at in range(0, len(members), ENTRIES_MAX):
            made.append(_batch(head, members[at : at + ENTRIES_MAX], type, routing_number))
    return made


def _alike(payment: Payment) -> tuple[int, int, str, str]:
    """What payments that stand behind each other share when they share a header; objects by identity, for speed."""
    company = payment.creditor if _debits(payment) else payment.debtor
    return id(payment.extra), id(company), payment.settlement_date, payment.local_instrument


def _debits(payment: Payment) -> bool:
    return payment.kind == "direct_debit" or (payment.kind != "credit_transfer" and is_debit(payment))


def _batch(head: str, payments: list[Payment], type: str, routing_number: str) -> RawBatch:
    made = _plain(head, payments, routing_number[:8]) if head[50:53] in PLAIN else None
    if made is not None:
        return made
    entries = [item(payment, type, routing_number, place).lines for place, payment in enumerate(payments, 1)]
    return RawBatch(head, entries)


_RECEIVER = {
    role: attrgetter(
        f"{role}_account.type",
        f"{role}_agent.clearing_member",
        f"{role}_account.id",
        "amount.minor",
        "end_to_end_id",
        "transaction_id",
        f"{role}.name",
        "extra",
    )
    for role in ("creditor", "debtor")
}
_BANK = {True: attrgetter("debtor_agent.clearing_member"), False: attrgetter("creditor_agent.clearing_member")}
_END = ("ach:discretionary_data", "ach:payment_type")


def _plain(head: str, payments: list[Payment], odfi: str) -> RawBatch | None:
    """Credits, or debits, without addenda; None when one of them is something else."""
    kind = payments[0].kind
    debit = kind == "direct_debit"
    if not (debit or kind == "credit_transfer") or {(p.kind, p.remittance) for p in payments} != {(kind, ())}:
        return None
    codes = {account: CODE_OF[account, debit, "live"] for account in ("checking", "savings", "gl", "loan")}
    codes[""] = codes["checking"]
    line = f"6%s%s%-17s%010d%-15.15s%-22.22s%-2s0{odfi}%07d".__mod__
    ends = {id(p.extra): next((text for path, text in p.extra if path in _END), "") for p in payments}
    receiver = map(_RECEIVER["debtor" if debit else "creditor"], payments)
    try:
        rows = [
            line((codes[type], bank, account, minor, "" if ours == trace else ours, name, ends[id(extra)], place))
            for place, (type, bank, account, minor, ours, trace, name, extra) in enumerate(receiver, 1)
        ]
    except (KeyError, AttributeError):
        return None  # an account of a type without a code, a side that is missing
    rows.append("")
    printed = "\n".join(rows)
    if len(printed) != len(payments) * (RECORD + 1) or not printed.isascii():
        return None
    data = printed.encode("ascii")
    if len(data.translate(None, PRINTABLE)) != len(payments):
        return None
    total = sum([payment.amount.minor for payment in payments])
    hashed = sum(int(bank[:8]) * times for bank, times in Counter(map(_BANK[debit], payments)).items())
    return RawBatch(head, [], data, (len(payments), hashed, total if debit else 0, 0 if debit else total))


# --- what fits ------------------------------------------------------------------------------------


def fit(payment: Payment, type: str) -> Fit:
    """Whether an entry of this class can carry the payment, and what it would lose."""
    sec = class_of(payment, type)
    refusal = _cannot(payment, sec)
    if refusal is not None:
        return Fit(refusal)
    carried = (
        CARRIED | (ABROAD if sec == "IAT" else frozenset()) | (RETURN if payment.kind == "return" else frozenset())
    )
    losses = [Loss(name, f"{sec} has no place for it") for name in _set_fields(payment) if name not in carried]
    losses += _cut(payment, sec)
    used = _used(sec, payment.kind)
    losses += [
        Loss(path, f"{sec} has no place for it")
        for path, _ in payment.extra
        if (path[4:].partition("[")[0] not in used if path.startswith("ach:") else ":header" not in path)
    ]
    return Fit(None, tuple(losses))


@cache
def _used(sec: str, kind: str) -> frozenset[str]:
    """Names of `ach:` extras that a class writes, or that its own references make anew."""
    layouts = [tables.BATCH_HEADER_IAT if sec == "IAT" else tables.BATCH_HEADER, tables.LAYOUTS[SECS[sec].layout]]
    layouts += [tables.LAYOUTS[f"addenda_{type}"] for type in SECS[sec].addenda]
    if kind == "return":
        layouts += [layout for name, layout in tables.LAYOUTS.items() if name.startswith("addenda_99")]
    names = {c.name for layout in layouts for c in layout} | {"category", "addenda_trace", "discretionary_data"}
    return frozenset(names)


def _set_fields(payment: Payment) -> list[str]:
    return [field.name for field in structs.fields(Payment) if getattr(payment, field.name) not in ("", (), None)]


def _cannot(payment: Payment, sec: str) -> Refusal | None:
    receiver, account, _, agent, company, _ = sides(payment)
    routing, name = agent.clearing_member if agent else "", receiver.name if receiver else ""
    known, width = SECS[sec], 35 if sec == "IAT" else 17
    debit = is_debit(payment)
    wrong = ""
    if payment.amount.currency != "USD":
        wrong = "ACH carries US dollars only"
    elif payment.amount.minor > AMOUNT_MAX:
        wrong = "an entry's amount has ten digits"
    elif payment.kind not in ("credit_transfer", "direct_debit", "prenote", "return"):
        wrong = f"{sec} does not carry a {payment.kind}"
    elif len(routing) != 9 or not routing.isdecimal() or routing_check_digit(routing[:8]) != routing[8]:
        wrong = "the receiving bank has no routing number with a right check digit"
    elif not account or len(account) > width or not account.isascii():
        wrong = f"the receiver's account is missing, or is longer than {width} characters"
    elif (known.name_needed and not name.strip(" 0")) or not (company.name if company else "").strip(" 0"):
        wrong = "company and receiver need names"
    elif payment.kind != "return" and not (known.debits if debit else known.credits):
        wrong = f"{sec} has no {'debits' if debit else 'credits'}"
    elif sec not in PLAIN or payment.kind != "credit_transfer":
        wrong = _breaks(payment, sec)
    code = "RC01" if "routing" in wrong else "FF01"
    return Refusal("no-ach-entry", code, payment.place, wrong, payment.end_to_end_id) if wrong else None


def _breaks(payment: Payment, sec: str) -> str:
    """The first rule that the entry would break, read as others will read it; "" for none."""
    one = item(payment, sec, "091000019", 1)
    reader = EntryChecks()
    reader.batch = Batch(1, one.header)
    reader.take_entry(2, one.entry)
    for place, line in enumerate(one.lines[1:], 3):
        reader.take_addenda(place, line)
    reader.finish_entry()
    told = next((fault for fault in reader.faults if fault.rule != "E05"), None)
    if told is None:
        return ""
    return f"{sec} needs {told.at.name if told.at else 'other addenda'}: {told.text} (rule {told.rule})"


def _cut(payment: Payment, sec: str) -> list[Loss]:
    """What is longer than its field, or has characters that ACH does not."""
    receiver, _, _, _, company, _ = sides(payment)
    roles = ("debtor", "creditor") if is_debit(payment) else ("creditor", "debtor")
    layout = tables.ADDENDA_10 if sec == "IAT" else tables.LAYOUTS[SECS[sec].layout]
    widths = {c.name: c.width for c in layout}
    values = [
        (
            f"{roles[0]}.name",
            receiver.name if receiver else "",
            widths.get("individual_name", widths.get("receiver_name", 0)),
        ),
        (f"{roles[1]}.name", company.name if company else "", 35 if sec == "IAT" else 16),
        ("end_to_end_id", said_id(payment), widths.get("individual_id", widths.get("check_serial_number", 0))),
    ]
    losses = [
        Loss(element, f"{sec} has {width} characters of printable ASCII", "truncated")
        for element, value, width in values
        if value and text(value, width).rstrip() != value
    ]
    return losses + _texts_lost(payment, sec) + _party_lost(payment, sec, roles)


def _texts_lost(payment: Payment, sec: str) -> list[Loss]:
    most = 2 if sec == "IAT" else SECS[sec].addenda_max if "05" in SECS[sec].addenda else 0
    if payment.kind == "return" or not payment.remittance:
        return [Loss("remittance", "a return has no addenda 05", "lost")] if payment.remittance else []
    if not most:
        return [Loss("remittance", f"{sec} has no addenda for it")]
    printed = texts_of(payment.remittance, most)
    whole = " ".join(payment.remittance) if most == 1 else "".join(payment.remittance)
    losses = []
    if text("".join(printed), 80 * len(printed)).rstrip() != whole:
        losses.append(Loss("remittance", f"{sec} has {most} x 80 characters of printable ASCII", "truncated"))
    if len(payment.remittance) > 1 and most == 1:
        losses.append(Loss("remittance", "several lines become one addenda", "info"))
    return losses


def _party_lost(payment: Payment, sec: str, roles: tuple[str, str]) -> list[Loss]:
    """What is said of the parties beyond their names; IAT has room for addresses and one identification."""
    room = {"name"} | ({"address", "ids"} if sec == "IAT" else set())
    losses = []
    for role in roles:
        party = getattr(payment, role)
        if party is None:
            continue
        losses += [
            Loss(f"{role}.{field.name}", f"{sec} has no place for it")
            for field in structs.fields(party)
            if field.name not in room and getattr(party, field.name) not in ("", (), None)
        ]
        if sec == "IAT" and party.address is not None:
            kept = {"street", "town", "subdivision", "country", "postcode"}
            losses += [
                Loss(f"{role}.address.{field.name}", "IAT has no place for it")
                for field in structs.fields(party.address)
                if field.name not in kept and getattr(party.address, field.name) not in ("", ())
            ]
    return losses


# --- returns --------------------------------------------------------------------------------------


def returns(decoded: Decoded, statuses: Iterable[Status], writing: Writing) -> bytes:
    """A return file for what could not be posted: one batch per original batch, an addenda 99 for each entry."""
    items: dict[tuple[str, str], list[Item]] = {}
    for status in statuses:
        payment = status.record
        if status.code != "RJCT" or not isinstance(payment, Payment) or payment.kind == "return":
            continue
        agent = sides(payment)[3]
        ours = agent.clearing_member if agent else ""
        below = items.setdefault((payment.batch_id, ours[:8]), [])
        code = RETURN_OF.get(status.reason, RETURN_OTHER)
        information = RETURNS[code].title if code != RETURN_OTHER else status.text.upper()
        below.append(returned(original(payment), code, ours, len(below) + 1, information))
    head = decoded.header
    names = (head.get("origin_name", ""), head.get("destination_name", ""))
    top = file_header(head.get("origin", ""), head.get("destination", ""), names, writing.now_ns, "R")
    return put_together(RawFile(top, [batch for below in items.values() for batch in grouped(below)]))


def original(payment: Payment) -> Item:
    """The entry that a payment was read from, as far as a return repeats it."""
    said = told(payment)
    one = item(payment, payment.local_instrument, said.get("odfi", "0" * 8) + "0", 1)
    lines = [one.entry[:79] + payment.transaction_id.ljust(15)[:15], *one.lines[1:]]
    return Item(one.header, lines)

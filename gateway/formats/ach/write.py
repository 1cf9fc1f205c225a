"""Printing NACHA files: what is sent, and what is returned. Totals, hashes, traces and padding are computed here.

Strategy: entries that share a header are a batch. Those of PPD, CCD, WEB and TEL without addenda, which nearly all are,
are printed with one format string; a batch in which anything has not its width or is not ASCII is printed entry by
entry instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain, groupby, islice, repeat
from operator import attrgetter, eq

from gateway.formats.ach import offsets, tables
from gateway.formats.ach.batches import RawBatch, RawFile, file_header, put_together, text
from gateway.formats.ach.codes import (
    CODE_OF,
    PLAIN,
    SECS,
    routing_check_digit,
)
from gateway.formats.ach.entries import (
    ISO_TYPES,
    bank_of,
    class_of,
    classed,
    company_id,
    header,
    is_debit,
    item,
    said_id,
    sides,
    texts_of,
)
from gateway.formats.ach.entry_checks import EntryChecks
from gateway.formats.ach.fast import PRINTABLE
from gateway.formats.ach.faults import Batch
from gateway.formats.ach.tables import RECORD
from gateway.formats.ach.traces import sequence
from gateway.model import Loss, Payment, Refusal
from gateway.ports import Fit, Writing

TYPES = tuple(sec for sec, known in SECS.items() if not known.always_zero and sec != "ADV")  # payments are written in
AMOUNT_MAX = 9_999_999_999
RECORDS_MAX = 900_000  # of one batch: below the count's six digits
AT_ONCE = 1_024  # entries printed with one format string: few enough to stay in the cache
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
    number, receiver = _both_ends(payments, writing)
    head = file_header(receiver, number, ("", ""), writing.now_ns, modifier(writing))
    if type not in SECS and not SECS.keys() >= set(map(_INSTRUMENT, payments)):
        payments = [classed(payment, type) for payment in payments]
    made = batches(payments, type, number, writing.numbers)
    if writing.offset is not None and writing.offset_numbers:
        day = payments[0].settlement_date
        made.append(offsets.batch(payments, writing.offset, writing.offset_numbers, number, day))
    return put_together(RawFile(head, made))


def _both_ends(payments: Sequence[Payment], writing: Writing) -> tuple[str, str]:
    """Routing numbers of origin and destination; where nobody says ours, the one of the company's bank."""
    bank = sides(payments[0])[5] if payments else None
    member = bank.clearing_member if bank is not None else ""
    if len(member) == 8 and member.isdecimal():
        member += routing_check_digit(member)
    known = (writing.routing_number, writing.sender, member)
    ours = next((number for number in known if len(number) == 9 and number.isdecimal()), "0" * 9)
    receiver = writing.receiver
    return ours, receiver if 8 < len(receiver) < 11 and receiver.isdecimal() else ours


def modifier(writing: Writing) -> str:
    """What tells files of one day apart; after 36 of them their time does it."""
    return MODIFIERS[writing.files_before % len(MODIFIERS)]


def batches(payments: Sequence[Payment], type: str, routing_number: str, numbers: Sequence[int] = ()) -> list[RawBatch]:
    """Batches by header, in the order in which they begin; traces rise within each.

    Without numbers of the payments the entries of each batch are counted.
    """
    found: dict[str, list[RawBatch]] = {}
    numbered = iter(map(sequence, numbers)) if numbers else None
    for at in range(0, len(payments), AT_ONCE):
        for kind, same_kind in groupby(payments[at : at + AT_ONCE], _KIND):
            for _, run in groupby(same_kind, _SHARE.get(kind, _EITHER)):
                alike = list(run)
                head = header(alike[0], class_of(alike[0], type), routing_number[:8], routing_number)
                of_head = found.setdefault(head, [])
                if not of_head or of_head[-1].counted[0] > RECORDS_MAX:
                    of_head.append(RawBatch(head))
                places = list(islice(numbered, len(alike))) if numbered is not None else []
                _add(of_head[-1], alike, type, routing_number, places)
    return [batch for of_head in found.values() for batch in of_head]


def _add(batch: RawBatch, payments: list[Payment], type: str, routing_number: str, numbers: Sequence[int]) -> None:
    """Print more entries into a batch, under these numbers or the next ones of the batch."""
    places = numbers or range(batch.last + 1, batch.last + 1 + len(payments))
    made = _plain(payments, routing_number[:8], places) if batch.header[50:53] in PLAIN else None
    if made is None:
        numbered = zip(places, payments, strict=True)
        some = RawBatch(batch.header, [item(payment, type, routing_number, place).lines for place, payment in numbered])
        made = "".join(["\n".join(lines) + "\n" for lines in some.entries]).encode("ascii"), some.numbers()
    printed, counted = made
    batch.printed.append(printed)
    batch.last += len(payments)
    count, hashed, debits, credits = batch.counted
    batch.counted = (count + counted[0], hashed + counted[1], debits + counted[2], credits + counted[3])


# What payments that stand behind each other share when they share a header.
_KIND = attrgetter("kind")
_SHARE = {
    "direct_debit": attrgetter("extra", "creditor", "settlement_date", "local_instrument"),
    "credit_transfer": attrgetter("extra", "debtor", "settlement_date", "local_instrument"),
}
_EITHER = attrgetter("extra", "debtor", "creditor", "settlement_date", "local_instrument")
_ROLES = {True: "debtor", False: "creditor"}  # of the receiver, by whether it is debited
_MINOR, _EXTRA, _REMITTANCE = attrgetter("amount.minor"), attrgetter("extra"), attrgetter("remittance")
_INSTRUMENT = attrgetter("local_instrument")
_OURS, _TRACE = attrgetter("end_to_end_id"), attrgetter("transaction_id")
_BANKS = {debit: attrgetter(f"{role}_account.type", f"{role}_agent.clearing_member") for debit, role in _ROLES.items()}
_ACCOUNTS = {debit: attrgetter(f"{role}_account.id") for debit, role in _ROLES.items()}
_NAMES = {debit: attrgetter(f"{role}.name") for debit, role in _ROLES.items()}


def _plain(payments: list[Payment], odfi: str, places: Sequence[int]) -> tuple[bytes, tuple[int, int, int, int]] | None:
    """Credits, or debits, without addenda, and what they add up to; None when one is something else."""
    kind = payments[0].kind
    if kind not in ("credit_transfer", "direct_debit") or any(map(_REMITTANCE, payments)):
        return None
    debit = kind == "direct_debit"
    banks = Counter(map(_BANKS[debit], payments))
    printed = _lines(payments, debit, banks, f"0{odfi}", places)
    if printed is None:
        return None
    total = sum(map(_MINOR, payments))
    hashed = sum(int(bank[:8]) * times for (_, bank), times in banks.items())
    return printed, (len(payments), hashed, total if debit else 0, 0 if debit else total)


def _lines(
    payments: list[Payment], debit: bool, banks: Iterable[tuple[str, str]], end: str, places: Sequence[int]
) -> bytes | None:
    """Entries printed with one format string; None when a field has not its width, or is not printable ASCII."""
    codes = {account: CODE_OF[account, debit, "live"] for account in ("checking", "savings", "gl", "loan")}
    codes[""] = codes["checking"]
    codes |= {iso: codes[account] for iso, account in ISO_TYPES.items()}
    ours, traces = list(map(_OURS, payments)), list(map(_TRACE, payments))
    if any(map(eq, ours, traces)):
        ours = list(map(said_id, payments))
    try:
        starts = {(type, bank): f"6{codes[type]}{bank}" for type, bank in banks}
        fields = (
            map(starts.__getitem__, map(_BANKS[debit], payments)),
            map(_ACCOUNTS[debit], payments),
            map(_MINOR, payments),
            ours,
            map(_NAMES[debit], payments),
            _ends(payments),
            places,
        )
        line = f"%s%-17s%010d%-15.15s%-22.22s%s{end}%07d\n"
        printed = line * len(payments) % tuple(chain.from_iterable(zip(*fields, strict=True)))
    except (KeyError, AttributeError):
        return None  # an account of a type without a code, a side that is missing
    if len(printed) != len(payments) * (RECORD + 1) or not printed.isascii():
        return None
    data = printed.encode("ascii")
    return data if len(data.translate(None, PRINTABLE)) == len(payments) else None


def _ends(payments: list[Payment]) -> Iterable[str]:
    """Positions 77 and 78 of each."""
    extras = {id(extra): extra for extra in map(_EXTRA, payments)}
    names = ("ach:discretionary_data", "ach:payment_type")
    ends = {key: next((text for path, text in extra if path in names), "").ljust(2) for key, extra in extras.items()}
    if len(set(ends.values())) == 1:
        return repeat(next(iter(ends.values())), len(payments))
    return map(ends.__getitem__, map(id, map(_EXTRA, payments)))


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
    return [name for name in Payment.__struct_fields__ if getattr(payment, name) not in ("", (), None)]


def _cannot(payment: Payment, sec: str) -> Refusal | None:
    receiver, account, _, _, company, _ = sides(payment)
    agent = bank_of(payment, sec)
    routing, name = agent.clearing_member if agent else "", receiver.name if receiver else ""
    known, width = SECS[sec], 35 if sec == "IAT" else 17
    debit = is_debit(payment)
    wrong = ""
    if payment.amount.currency != "USD":
        wrong = "ACH carries US dollars only"
    elif payment.amount.minor > AMOUNT_MAX:
        wrong = "an entry's amount has ten digits"
    elif not payment.amount.minor and payment.kind in ("credit_transfer", "direct_debit") and not known.zero:
        wrong = f"an entry of {sec} that is no prenote has an amount"
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
            Loss(f"{role}.{name}", f"{sec} has no place for it")
            for name in party.__struct_fields__
            if name not in room
            and getattr(party, name) not in ("", (), None)
            and not (name == "ids" and role == roles[1] and len(party.ids) == 1 and company_id(party))
        ]
        if sec == "IAT" and party.address is not None:
            address = party.address
            free = (not address.town and not address.subdivision) + (not address.country and not address.postcode)
            kept = {"street", "town", "subdivision", "country", "postcode"}
            if len(address.lines) <= free:
                kept.add("lines")
            losses += [
                Loss(f"{role}.address.{name}", "IAT has no place for it")
                for name in address.__struct_fields__
                if name not in kept and getattr(address, name) not in ("", ())
            ]
    return losses

"""Printing NACHA files: what is sent, and what is returned. Totals, hashes, traces and padding are computed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct, structs

from gateway.formats.ach import tables
from gateway.formats.ach.tables import CODES, RECORD, Column, routing_check_digit
from gateway.model import Loss, Payment, Refusal, Status
from gateway.ports import Decoded, Fit, Writing

RETURNED = {
    "22": "21",
    "23": "21",
    "24": "21",
    "27": "26",
    "28": "26",
    "29": "26",
    "32": "31",
    "33": "31",
    "34": "31",
    "37": "36",
    "38": "36",
    "39": "36",
    "42": "41",
    "43": "41",
    "44": "41",
    "47": "46",
    "48": "46",
    "49": "46",
    "52": "51",
    "53": "51",
    "54": "51",
    "55": "56",
}
LIVE = {
    ("checking", False): "22",
    ("checking", True): "27",
    ("savings", False): "32",
    ("savings", True): "37",
    ("gl", False): "42",
    ("gl", True): "47",
    ("loan", False): "52",
    ("loan", True): "55",
}
AMOUNT_MAX = 9_999_999_999
# Of a payment: what an entry has room for. Everything else that is set is a loss.
CARRIED = frozenset(
    "kind amount place source scheme identity end_to_end_id transaction_id batch_id settlement_date debtor"
    " debtor_account debtor_agent creditor creditor_account creditor_agent local_instrument remittance extra"
    " instruction_id charge_bearer".split()
)


class Entry(Struct):
    """One entry and its addenda, without the trace number that the file gives it."""

    code: str
    routing: str  # nine digits
    account: str
    cents: int
    id: str
    name: str
    discretionary: str
    addenda: list[tuple[str, str]]  # (type, positions 4 to 83 or, of 99, 4 to 79)


class Group(Struct):
    """What one batch header says, and its entries."""

    company: str
    company_id: str
    sec: str
    description: str
    effective: str
    odfi: str
    data: str = ""
    entries: list[Entry] = []


def text(value: str, width: int) -> str:
    """Printable ASCII, left aligned, cut to its field."""
    return "".join(c if " " <= c <= "~" else "?" for c in value)[:width].ljust(width)


def record(table: Sequence[Column], values: Mapping[str, str | int]) -> str:
    """One record from its table; a field that is not given is zeros or blanks."""
    out = []
    for c in table:
        width = c.last - c.first + 1
        if c.name in values:
            value = values[c.name]
            out.append(f"{value:0{width}d}" if isinstance(value, int) else text(value, width))
        else:
            out.append(c.kind if c.kind.isdigit() else ("0" if c.kind == "n" else " ") * width)
    return "".join(out).ljust(RECORD) if len("".join(out)) < RECORD else "".join(out)


def file(
    groups: Sequence[Group], destination: str, origin: str, names: tuple[str, str], now_ns: int, modifier: str
) -> bytes:
    """A whole file: header, batches, control, padding."""
    now = datetime.fromtimestamp(now_ns / 1e9, UTC)
    lines = [_file_header(destination, origin, names, now, modifier)]
    count = hash_ = debits = credits = 0
    for number, group in enumerate(groups, 1):
        added = batch(group, number)
        lines += added.lines
        count, hash_ = count + added.count, hash_ + added.hash
        debits, credits = debits + added.debits, credits + added.credits
    lines.append(
        record(
            tables.FILE_CONTROL,
            {
                "batch_count": len(groups),
                "block_count": -(-(len(lines) + 1) // tables.BLOCKING),
                "count": count,
                "entry_hash": hash_ % 10**10,
                "debits_cents": debits,
                "credits_cents": credits,
            },
        )
    )
    lines += [tables.PADDING] * (-len(lines) % tables.BLOCKING)
    return ("\n".join(lines) + "\n").encode("ascii")


def _file_header(destination: str, origin: str, names: tuple[str, str], now: datetime, modifier: str) -> str:
    return record(
        tables.FILE_HEADER,
        {
            "immediate_destination": destination.rjust(10),
            "immediate_origin": origin.rjust(10),
            "creation_date": now.strftime("%y%m%d"),
            "creation_time": now.strftime("%H%M"),
            "file_id_modifier": modifier,
            "destination_name": names[0],
            "origin_name": names[1],
        },
    )


class Printed(Struct):
    """A batch as lines, with what its control record says."""

    lines: list[str]
    count: int
    hash: int
    debits: int
    credits: int


def batch(group: Group, number: int) -> Printed:
    """One batch; traces are numbered from 1 below the ODFI."""
    lines: list[str] = []
    hash_ = debits = credits = 0
    for sequence, entry in enumerate(group.entries, 1):
        trace = f"{group.odfi}{sequence:07d}"
        lines.append(
            record(
                tables.ENTRY,
                {
                    "transaction_code": entry.code,
                    "rdfi": entry.routing[:8],
                    "check_digit": entry.routing[8],
                    "account_number": entry.account,
                    "amount_cents": entry.cents,
                    "individual_id": entry.id,
                    "individual_name": entry.name,
                    "discretionary_data": entry.discretionary,
                    "addenda_indicator": 1 if entry.addenda else 0,
                    "trace_number": trace,
                },
            )
        )
        lines += [_addenda(kind, body, place, trace) for place, (kind, body) in enumerate(entry.addenda, 1)]
        hash_ += int(entry.routing[:8])
        if CODES[entry.code].debit:
            debits += entry.cents
        else:
            credits += entry.cents
    service = "200" if debits and credits else "225" if debits else "220"
    head = record(
        tables.BATCH_HEADER,
        {
            "service_class": service,
            "company_name": group.company,
            "company_discretionary_data": group.data,
            "company_identification": group.company_id,
            "sec_code": group.sec,
            "entry_description": group.description,
            "effective_date": group.effective,
            "originator_status": 1,
            "odfi": group.odfi,
            "batch_number": number,
        },
    )
    control = record(
        tables.BATCH_CONTROL,
        {
            "service_class": service,
            "count": len(lines),
            "entry_hash": hash_ % 10**10,
            "debits_cents": debits,
            "credits_cents": credits,
            "company_identification": group.company_id,
            "odfi": group.odfi,
            "batch_number": number,
        },
    )
    return Printed([head, *lines, control], len(lines), hash_, debits, credits)


def _addenda(kind: str, body: str, place: int, trace: str) -> str:
    if kind == "99":
        return f"799{text(body, 76)}{trace}"
    return f"7{kind}{text(body, 80)}{place:04d}{trace[-7:]}"


# --- returns --------------------------------------------------------------------------------------


def returns(decoded: Decoded, statuses: Iterable[Status], writing: Writing) -> bytes:
    """A return file for what could not be posted: one batch per original batch, an addenda 99 for each entry."""
    groups: dict[str, Group] = {}
    for status in statuses:
        payment = status.record
        if status.code != "RJCT" or not isinstance(payment, Payment):
            continue
        said = {path.removeprefix("ach:"): value for path, value in payment.extra}
        receiving = payment.debtor_agent if said["transaction_code"][1] in "789" else payment.creditor_agent
        rdfi = receiving.clearing_member[:8] if receiving is not None else ""
        group = groups.setdefault(
            payment.batch_id,
            Group(
                said.get("company_name", ""),
                said.get("company_identification", ""),
                payment.local_instrument,
                said.get("entry_description", ""),
                said.get("effective_date", ""),
                rdfi,
                said.get("company_discretionary_data", ""),
                [],
            ),
        )
        group.entries.append(_returned(payment, said, status, rdfi))
    head = decoded.header
    return file(
        list(groups.values()),
        head.get("origin", ""),
        head.get("destination", ""),
        (head.get("origin_name", ""), head.get("destination_name", "")),
        writing.now_ns,
        "R",
    )


def _returned(payment: Payment, said: Mapping[str, str], status: Status, rdfi: str) -> Entry:
    code = said["transaction_code"]
    party, account = (
        (payment.debtor, payment.debtor_account) if CODES[code].debit else (payment.creditor, payment.creditor_account)
    )
    odfi = said.get("odfi", "0" * 8)
    reason = tables.RETURN_OF.get(status.reason, tables.RETURN_OTHER)
    information = tables.RETURN_TITLES.get(reason, "") or status.text.upper()
    body = f"{reason}{payment.transaction_id:15}{'':6}{rdfi:8}{text(information, 44)}"
    return Entry(
        RETURNED.get(code, code),
        odfi + routing_check_digit(odfi),
        account.id if account else "",
        payment.amount.minor,
        said_id(payment),
        party.name if party else "",
        said.get("discretionary_data", ""),
        [("99", body)],
    )


def said_id(payment: Payment) -> str:
    """The individual id: what stands in for one that was blank is the trace number."""
    return "" if payment.end_to_end_id == payment.transaction_id else payment.end_to_end_id


# --- what is sent ---------------------------------------------------------------------------------


def fit(payment: Payment, type: str) -> Fit:
    """Whether an entry of this class can carry the payment, and what it would lose."""
    refusal = _cannot(payment, type)
    if refusal is not None:
        return Fit(refusal)
    losses: list[Loss] = [
        Loss(name, f"{type} has no place for it") for name in _set_fields(payment) if name not in CARRIED
    ]
    losses += _cut(payment, type)
    losses += [
        Loss(path, f"{type} has no place for it")
        for path, _ in payment.extra
        if not path.startswith("ach:") and ":header" not in path
    ]
    return Fit(None, tuple(losses))


def _set_fields(payment: Payment) -> list[str]:
    defaults = structs.fields(Payment)
    return [field.name for field in defaults if getattr(payment, field.name) not in ("", (), None)]


def _receiving(payment: Payment) -> tuple[str, str, str, str]:
    """Of the receiver: routing number, account, account type, name."""
    debit = payment.kind == "direct_debit"
    party, account, agent = (
        (payment.debtor, payment.debtor_account, payment.debtor_agent)
        if debit
        else (payment.creditor, payment.creditor_account, payment.creditor_agent)
    )
    return (
        agent.clearing_member if agent else "",
        account.id if account else "",
        account.type if account else "",
        party.name if party else "",
    )


def _company(payment: Payment) -> str:
    party = payment.creditor if payment.kind == "direct_debit" else payment.debtor
    return party.name if party else ""


def _cannot(payment: Payment, type: str) -> Refusal | None:
    routing, account, _, name = _receiving(payment)
    wrong = ""
    if payment.amount.currency != "USD":
        wrong = "ACH carries US dollars only"
    elif payment.amount.minor > AMOUNT_MAX:
        wrong = "an entry's amount has ten digits"
    elif payment.kind not in ("credit_transfer", "direct_debit"):
        wrong = f"{type} does not carry a {payment.kind}"
    elif len(routing) != 9 or not routing.isdigit() or routing_check_digit(routing[:8]) != routing[8]:
        wrong = "the receiving bank has no routing number with a right check digit"
    elif not account or len(account) > 17 or not account.isascii():
        wrong = "the receiver's account is missing, or is longer than 17 characters"
    elif not name.strip(" 0") or not _company(payment).strip(" 0"):
        wrong = "company and receiver need names"
    return (
        Refusal("no-ach-entry", "RC01" if "routing" in wrong else "FF01", payment.place, wrong, payment.end_to_end_id)
        if wrong
        else None
    )


def _cut(payment: Payment, type: str) -> list[Loss]:
    """What is longer than its field, or has characters that ACH does not."""
    losses = []
    receiver, company = ("debtor", "creditor") if payment.kind == "direct_debit" else ("creditor", "debtor")
    for element, value, width in (
        (f"{receiver}.name", _receiving(payment)[3], 22),
        (f"{company}.name", _company(payment), 16),
        ("end_to_end_id", said_id(payment), 15),
        ("remittance", " ".join(payment.remittance), 80),
    ):
        if text(value, width).rstrip() != value:
            losses.append(Loss(element, f"{type} has {width} characters of printable ASCII", "truncated"))
    if len(payment.remittance) > 1:
        losses.append(Loss("remittance", "several lines become one addenda", "info"))
    for role in (receiver, company):
        party = getattr(payment, role)
        losses += [
            Loss(f"{role}.{field.name}", f"{type} has no place for it")
            for field in structs.fields(party)
            if field.name != "name" and getattr(party, field.name) not in ("", (), None)
        ]
    return losses


def outgoing(payments: Sequence[Payment], type: str, writing: Writing) -> bytes:
    """A file of what is sent: a batch per company and day."""
    groups: dict[tuple[str, str], Group] = {}
    for payment in payments:
        routing, account, account_type, name = _receiving(payment)
        company = _company(payment)
        group = groups.setdefault(
            (company, payment.settlement_date),
            Group(
                company,
                f"1{writing.routing_number}"[:10],
                type,
                "PAYMENT",
                payment.settlement_date[2:].replace("-", ""),
                writing.routing_number[:8],
                "",
                [],
            ),
        )
        code = LIVE.get(
            (account_type, payment.kind == "direct_debit"), LIVE["checking", payment.kind == "direct_debit"]
        )
        remittance = " ".join(payment.remittance)
        group.entries.append(
            Entry(
                code,
                routing,
                account,
                payment.amount.minor,
                said_id(payment),
                name,
                "",
                [("05", remittance)] if remittance else [],
            )
        )
    modifier = (
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[int(writing.message_id[-5:]) % 36]
        if writing.message_id[-5:].isdigit()
        else "A"
    )
    return file(
        list(groups.values()),
        writing.receiver or writing.routing_number,
        writing.routing_number,
        ("", ""),
        writing.now_ns,
        modifier,
    )

"""From movements of the ledger to a statement whose balances prove.

Strategy: pure functions. An entry is a transfer with the record that brought it about; a statement is an opening
balance, entries, and the closing balance that they add up to. What the chain of statements goes on from (number, last
transfer, closing balance) is kept in the record's `extra` under `ledger:` and is no part of what is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Struct, structs

from gateway.model import Account, Agent, Balance, Entry, Money, Operation, Order, Payment, Record, Refusal, Statement
from gateway.ports import Movement, TransferRow
from gateway.settlement.calendars import NS_PER_SECOND, local_day
from gateway.statements.rules import StatementRule

SERIAL_MAX = 99_999  # five digits of MT 28C; after it numbers begin again at 1
NOT_PROVIDED = ("", "NOTPROVIDED", "NONREF")
REFERENCE_CHARACTERS = 16  # MT 61, subfield 7
# Scheme or kind of what moved the money -> bank transaction code of its debit and of its credit.
CODES = {
    "sepa_ct": (("PMNT", "ICDT", "ESCT"), ("PMNT", "RCDT", "ESCT")),
    "sepa_inst": (("PMNT", "IRCT", "ESCT"), ("PMNT", "RRCT", "ESCT")),
    "internal": (("PMNT", "ICDT", "BOOK"), ("PMNT", "RCDT", "BOOK")),
    "direct_debit": (("PMNT", "RDDT", "OTHR"), ("PMNT", "IDDT", "OTHR")),
    "fx_spot": (("FORX", "SPOT", "OTHR"), ("FORX", "SPOT", "OTHR")),
    "security": (("SECU", "SETT", "TRAD"), ("SECU", "SETT", "TRAD")),
    "open_account": (("ACMT", "MCOP", "OTHR"), ("ACMT", "MCOP", "OTHR")),
    "": (("PMNT", "ICDT", "OTHR"), ("PMNT", "RCDT", "OTHR")),
}


_unpack = msgspec.msgpack.Decoder(Record | Refusal).decode


class Mark(Struct, frozen=True):
    """How far the statements of an account have come."""

    number: int = 0
    transfer: int = 0  # the last one that they hold
    closing_minor: int = 0
    cut_ns: int = 0  # everything before it is in them
    payment: int = 0  # the row that the last one is kept in
    previous: int = 0  # the row of the one before it


class Span(Struct, frozen=True):
    """From when until when, and what it is called."""

    begin_ns: int
    end_ns: int
    created_ns: int
    id: str
    bic: str = ""


def record_of(move: Movement) -> Record | Refusal | None:
    """What brought a transfer about; None when its row is lost."""
    return _unpack(move.record) if move.record else None


def effect(movement: Movement, account: str) -> int:
    """What a transfer did to the account's balance; an account never stands on both sides."""
    return movement.transfer.minor * (1 if movement.transfer.credit == account else -1)


def statement(
    rule: StatementRule, account: str, currency: str, mark: Mark, moves: Sequence[Movement], span: Span
) -> Statement:
    """The statement that follows on `mark`."""
    closing = mark.closing_minor + sum(effect(move, account) for move in moves)
    entries = tuple(entry(move, account, rule) for move in moves)
    assert _signed_total(entries) == closing - mark.closing_minor, "a statement's entries do not lead to its closing"
    after = structs.replace(
        mark,
        number=mark.number + 1,
        transfer=moves[-1].transfer.id if moves else mark.transfer,
        closing_minor=closing,
        cut_ns=span.end_ns,
        previous=mark.payment,
    )
    serial = str(mark.number % SERIAL_MAX + 1)
    swift = rule.type.startswith("MT")
    return Statement(
        rule.kind,
        account_of(account, currency),
        span.id,
        "" if swift else serial,
        serial if swift else "",
        created=instant(span.created_ns),
        begin=instant(span.begin_ns),
        end=instant(span.end_ns),
        servicer=Agent(span.bic) if span.bic else None,
        balances=_balances(rule, currency, mark.closing_minor, closing, span),
        entries=entries,
        source="ledger",
        extra=remembered(after, rule.name),
    )


def _signed_total(entries: Sequence[Entry]) -> int:
    return sum(entry.amount.minor if entry.credit else -entry.amount.minor for entry in entries)


def _balances(rule: StatementRule, currency: str, opening: int, closing: int, span: Span) -> tuple[Balance, ...]:
    first, last = ("OPBD", "CLBD") if rule.kind == "statement" else ("OPBD", "ITBD")
    return (
        _balance(first, currency, opening, local_day(span.begin_ns, rule.zone)),
        _balance(last, currency, closing, local_day(max(span.end_ns - 1, span.begin_ns), rule.zone)),
    )


def _balance(type: str, currency: str, minor: int, day: str) -> Balance:
    return Balance(type, Money(currency, abs(minor)), minor >= 0, day)


def notification(rule: StatementRule, move: Movement, account: str, span: Span) -> Statement:
    """One entry, told at once."""
    currency = move.transfer.currency
    return Statement(
        "notification",
        account_of(account, currency),
        span.id,
        created=instant(span.created_ns),
        servicer=Agent(span.bic) if span.bic else None,
        entries=(entry(move, account, rule),),
        source="ledger",
    )


# --- entries ----------------------------------------------------------------------------------------


def entry(move: Movement, account: str, rule: StatementRule) -> Entry:
    """One line of a statement."""
    transfer, record = move.transfer, record_of(move)
    credit = transfer.credit == account
    booked = local_day(move.time_ns, rule.zone)
    detail = _detail(transfer, record, account)
    domain, family, subfamily = CODES.get(_code(record), CODES[""])[credit]
    own = detail.end_to_end_id if detail.end_to_end_id not in NOT_PROVIDED else detail.instruction_id
    swift = rule.type.startswith("MT")
    return Entry(
        Money(transfer.currency, transfer.minor),
        credit,
        booking_date=booked,
        value_date=(record.settlement_date if isinstance(record, Payment) else "") or booked,
        servicer_reference=f"T{transfer.id}",
        owner_reference=(own[:REFERENCE_CHARACTERS] or "NONREF") if swift else "",
        domain="" if swift else domain,
        family="" if swift else family,
        subfamily="" if swift else subfamily,
        proprietary_code="NTRF" if swift else "",
        details=(detail,),
    )


def _code(record: Record | Refusal | None) -> str:
    if isinstance(record, Payment) and "direct_debit" in record.kind:
        return "direct_debit"
    if isinstance(record, Payment | Order):
        return record.scheme
    return record.kind if isinstance(record, Operation) else ""


def _detail(transfer: TransferRow, record: Record | Refusal | None, account: str) -> Payment:
    """What is told of the payment: references, the parties and what it is for."""
    amount = Money(transfer.currency, transfer.minor)
    if isinstance(record, Payment):
        return Payment(
            "entry",
            amount,
            end_to_end_id=record.end_to_end_id,
            instruction_id=record.instruction_id,
            transaction_id=record.transaction_id,
            uetr=record.uetr,
            debtor=record.debtor,
            debtor_account=record.debtor_account,
            creditor=record.creditor,
            creditor_account=record.creditor_account,
            debtor_institution=record.debtor_institution,
            creditor_institution=record.creditor_institution,
            purpose=record.purpose,
            remittance=record.remittance,
            remittance_structured=record.remittance_structured,
        )
    other = transfer.debit if transfer.credit == account else transfer.credit
    return Payment("entry", amount, end_to_end_id=_reference(record), remittance=(f"{_what(record)}, {other}",))


def _reference(record: Record | Refusal | None) -> str:
    return record.client_order_id if isinstance(record, Order) else ""


def _what(record: Record | Refusal | None) -> str:
    if isinstance(record, Order):
        return f"{record.side} {record.symbol} {record.base.text()}" + (f" at {record.price}" if record.price else "")
    return "opening balance" if isinstance(record, Operation) else "trade"


def account_of(id: str, currency: str) -> Account:
    """An account of the ledger as messages name it."""
    return Account(id, "IBAN" if is_iban(id) else "", currency)


def is_iban(text: str) -> bool:
    """Whether an id is an IBAN with its check digits."""
    if not (15 <= len(text) <= 34 and text.isascii() and text.isalnum() and text[:2].isalpha() and text.isupper()):
        return False
    moved = text[4:] + text[:4]
    return text[2:4].isdigit() and int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


def instant(moment_ns: int) -> str:
    """A moment as ISO 8601 with offset, to the second."""
    return datetime.fromtimestamp(moment_ns // NS_PER_SECOND, UTC).isoformat()


# --- what the next one goes on from -----------------------------------------------------------------


def remembered(mark: Mark, rule: str) -> tuple[tuple[str, str], ...]:
    """A mark as a record keeps it."""
    kept = {name: value for name, value in structs.asdict(mark).items() if name != "payment"}
    return (("ledger:rule", rule), *((f"ledger:{name}", str(value)) for name, value in kept.items()))


def mark_of(payment: int, made: Statement) -> Mark:
    """How far the statements had come with this one."""
    kept = dict(made.extra)
    names = [name for name in Mark.__struct_fields__ if name != "payment"]
    return Mark(payment=payment, **{name: int(kept[f"ledger:{name}"]) for name in names})


def to_send(made: Statement) -> Statement:
    """The statement without what only the gateway needs."""
    return structs.replace(made, extra=(), source="")

"""Writing JSON: answers to what came in, and events to whoever listens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from gateway.formats.json.shapes import Answer, Event, Problem, Result
from gateway.model import Case, Notice, Operation, Order, Payment, Record, Refusal, Report, Status
from gateway.ports import Decoded, Fit, Frame, Writing

MEDIA = "application/json"
FITS = Fit()  # the canonical record carries everything of itself

_encode = msgspec.json.Encoder().encode
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def answer(decoded: Decoded, statuses: Sequence[Status], writing: Writing) -> Frame:
    """One record: its result. Several, or a refusal of the whole: a document that lists them."""
    document: Result | Answer
    if decoded.refusals:
        document = Answer("RJCT", refusals=[Problem(r.code, r.reason, r.place, r.text) for r in decoded.refusals])
    elif len(statuses) == 1 and not decoded.count:
        document = _result(statuses[0])
    else:
        results = [_result(status) for status in statuses]
        document = Answer("", writing.message_id, decoded.count or len(statuses), results)
    return Frame(_encode(document), "json.status", ".json", MEDIA, writing.message_id)


def event(payments: Sequence[Payment], writing: Writing) -> Frame:
    """Payments as other programs may read them."""
    created = (_EPOCH + timedelta(microseconds=writing.now_ns // 1_000)).isoformat(timespec="milliseconds")
    data = _encode(Event(writing.message_id, created.replace("+00:00", "Z"), list(payments)))
    return Frame(data, "json.payment", ".json", MEDIA, writing.message_id)


def _result(status: Status) -> Result:
    if status.code == "ACSC":
        return Result("ACSC", status.payment_id, _reference(status.record))
    return Result(
        status.code,
        status.payment_id,
        _reference(status.record),
        status.reason,
        status.refusal_code,
        status.text,
        status.place,
    )


def _reference(record: Record | Refusal) -> str:
    match record:
        case Payment():
            return record.end_to_end_id
        case Order():
            return record.client_order_id
        case Operation():
            return record.subject
        case Refusal():
            return record.record
        case Report() | Case() | Notice() if record.original is not None:
            return record.original.end_to_end_id
        case _:
            id: str = getattr(record, "id", "")  # what is only said is known by its own id, where it has one
            return id

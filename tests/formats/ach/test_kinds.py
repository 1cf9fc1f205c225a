"""Every entry class and everything that comes back: read, kept whole, printed again, written from what was read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.formats.ach import FORMAT, jsonform
from gateway.formats.ach.codes import SECS, routing_check_digit
from gateway.formats.ach.tables import LAYOUTS
from gateway.model import Notice, Payment, Report
from gateway.ports import Writing
from tests import ach_files
from tests.support import shared_corpus

KINDS = ach_files.every_kind()
WRITING = Writing("FO00000000100001", 1_767_225_600_000_000_000, routing_number="121042882")
# Fields that follow from the records around them, or that the writer of a file makes anew.
DERIVED = frozenset(
    "record_type addenda_type addenda_indicator addenda_count sequence entry_sequence count entry_hash debits_cents"
    " credits_cents batch_count block_count check_digit priority_code record_size blocking_factor format_code"
    " reference_code trace_number authentication_code".split()
)
CLASSES = {
    **dict.fromkeys(SECS, Payment),
    "ADV": Notice,
    "DNE": Notice,
    "ENR": Notice,
    "COR": Notice,
    "ACK": Report,
    "ATX": Report,
}


def files() -> list[tuple[str, bytes]]:
    corpus = Path(shared_corpus("ach", "valid"))
    return [*KINDS.items(), *((path.name, path.read_bytes()) for path in sorted(corpus.iterdir()))]


@pytest.mark.parametrize("kind", KINDS)
def test_read_and_printed_again(kind: str) -> None:
    decoded = FORMAT.decode(KINDS[kind])
    assert not decoded.refusals, decoded.refusals
    assert len(decoded.records) == 3
    assert FORMAT.reprint(KINDS[kind]) == KINDS[kind]
    if kind in CLASSES:
        assert {type(record) for record in decoded.records} == {CLASSES[kind]}


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b""])
@pytest.mark.parametrize("kind", KINDS)
def test_json_has_every_field_and_comes_back(kind: str, ends: bytes) -> None:
    data = ends.join(KINDS[kind].splitlines()) + ends
    form = msgspec.json.decode(jsonform.encoded(jsonform.to_json(data)))
    assert jsonform.from_json(form) == data
    assert form["batches"][0]["entries"][0]["record"].startswith("entry")
    for fields in flat(form):
        assert set(fields) - {"record", "addenda"} == {c.name for c in LAYOUTS[fields["record"]][1:]}


def flat(form: dict[str, Any]) -> list[dict[str, Any]]:
    found = [form["file_header"], form["file_control"]]
    for batch in form["batches"]:
        found += [batch["header"], batch["control"], *batch["entries"]]
        found += [one for entry in batch["entries"] for one in entry.get("addenda", ())]
    return found


def test_nothing_of_a_file_is_lost() -> None:
    """Every field that says something stands in the records, or follows from others."""
    for name, data in files():
        decoded = FORMAT.decode(data)
        told = msgspec.json.encode((decoded.records, decoded.header)).decode()
        told += "".join(str(part) for record in decoded.records for part in pieces(record))
        form = jsonform.to_json(data)
        assert "batches" in form, name
        for batch in form["batches"]:
            for entry in batch["entries"]:
                for fields in (batch["header"], entry, *entry.get("addenda", ())):
                    for field, value in fields.items():
                        if field in DERIVED | {"record", "addenda", "width", "end", "batch_number"} or value in ("", 0):
                            continue
                        text = str(value).strip().rstrip("0") if field.endswith("cents") else str(value).strip()
                        assert msgspec.json.encode(text).decode()[1:-1] in told, (name, fields["record"], field, value)


def pieces(record: Any) -> list[str]:
    """What stands in several fields: towns and states, countries and postcodes, dates."""
    found = []
    for role in ("debtor", "creditor"):
        party = getattr(record, role, None)
        address = party.address if party is not None else None
        if address is not None:
            found += [f"{address.town}*{address.subdivision}\\\\", f"{address.country}*{address.postcode}\\\\"]
    date = getattr(record, "settlement_date", "") or getattr(record, "date", "")
    return [*found, date[2:].replace("-", "")]


def kept(payment: Payment) -> Payment:
    """A payment without what a writer makes anew: place, batch, trace numbers, and the ids that stand in for them."""
    ours = payment.end_to_end_id if payment.end_to_end_id != payment.transaction_id else payment.instruction_id
    extra = tuple(sorted(pair for pair in payment.extra if pair[0] not in MADE_ANEW))
    return msgspec.structs.replace(payment, place="", batch_id="", transaction_id="", end_to_end_id=ours, extra=extra)


MADE_ANEW = frozenset(f"ach:{name}" for name in ("service_class", "settlement_date", "odfi", "addenda_trace"))


def test_what_was_read_is_written_again() -> None:
    for name, data in files():
        payments = [record for record in FORMAT.decode(data).records if isinstance(record, Payment)]
        for odfi in {dict(payment.extra)["ach:odfi"] for payment in payments}:
            written_again(name, odfi, [one for one in payments if dict(one.extra)["ach:odfi"] == odfi])


def written_again(name: str, odfi: str, payments: list[Payment]) -> None:
    fits = [FORMAT.fit(payment, "ACH") for payment in payments]
    assert all(fit.refusal is None for fit in fits), (name, fits)
    writing = msgspec.structs.replace(WRITING, routing_number=odfi + routing_check_digit(odfi))
    again = FORMAT.decode(FORMAT.encode(payments, "ACH", writing).data)
    assert not again.refusals, (name, again.refusals)
    back = sorted((kept(one) for one in again.records if isinstance(one, Payment)), key=repr)
    lost = {loss.element.partition(".")[0] for fit in fits for loss in fit.losses}
    for one, wanted in zip(back, sorted(map(kept, payments), key=repr), strict=True):
        for field in msgspec.structs.fields(Payment):
            if field.name not in lost:
                assert getattr(one, field.name) == getattr(wanted, field.name), (name, field.name)


def test_all_classes_of_payments_can_be_written() -> None:
    written = {sec for sec in SECS if sec in FORMAT.writes}
    assert written == {sec for sec in SECS if CLASSES[sec] is Payment}

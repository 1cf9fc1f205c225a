"""Printing returns: of entries that could not be posted, and what answers a return or a dishonored one."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.formats.ach.batches import Item, RawFile, file_header, grouped, put_together
from gateway.formats.ach.builders import contested, dishonored, returned
from gateway.formats.ach.codes import CONTESTED, RETURN_OF, RETURN_OTHER, RETURNS
from gateway.formats.ach.entries import item, sides, told
from gateway.formats.ach.traces import sequence
from gateway.formats.ach.write import modifier
from gateway.model import Payment, Status
from gateway.ports import Decoded, Writing


def returned_file(decoded: Decoded, statuses: Iterable[Status], writing: Writing) -> bytes:
    """A return file for what could not be posted: one batch per original batch, an addenda 99 for each entry."""
    items: dict[tuple[str, str], list[Item]] = {}
    for status in sorted(filter(goes_back, statuses), key=lambda status: sequence(status.payment_id)):
        payment = status.record
        assert isinstance(payment, Payment), "only payments go back"
        agent = sides(payment)[3]
        ours = agent.clearing_member if agent else ""
        below = items.setdefault((payment.batch_id, ours[:8]), [])
        code = code_said(status)
        information = RETURNS[code].title if code != RETURN_OTHER else status.text.removeprefix("/ACH/").upper()
        place = sequence(status.payment_id) if status.payment_id else len(below) + 1
        below.append(returned(original(payment), code, ours, place, information))
    head = decoded.header
    names = (head.get("origin_name", ""), head.get("destination_name", ""))
    top = file_header(head.get("origin", ""), head.get("destination", ""), names, writing.now_ns, modifier(writing))
    return put_together(RawFile(top, [batch for below in items.values() for batch in grouped(below)]))


def code_said(status: Status) -> str:
    """The return code of a refused entry: the one that its text begins with, else the one of its reason."""
    code = status.text.removeprefix("/ACH/")[:3]
    return code if status.text.startswith("/ACH/") and code in RETURNS else RETURN_OF.get(status.reason, RETURN_OTHER)


def disputed(record: Payment, code: str, routing_number: str, number: int, writing: Writing) -> bytes:
    """A file with what answers a return, or a dishonored one: dishonored, or contested."""
    one = original(record)
    day = told(record).get("settlement_date", "").rjust(3)
    one = Item(f"{one.header[:75]}{day}{one.header[78:]}", one.lines)
    build = contested if code in CONTESTED else dishonored
    made = build(one, code, routing_number, sequence(number))
    top = file_header(writing.receiver or routing_number, routing_number, ("", ""), writing.now_ns, modifier(writing))
    return put_together(RawFile(top, grouped([made])))


def goes_back(status: Status) -> bool:
    """Whether an entry is returned: one that could not be posted and is no return itself."""
    return status.code == "RJCT" and isinstance(status.record, Payment) and status.record.kind != "return"


def original(payment: Payment) -> Item:
    """The entry that a payment was read from, as far as a return repeats it."""
    said = told(payment)
    one = item(payment, payment.local_instrument, said.get("odfi", "0" * 8) + "0", 1)
    lines = [one.entry[:79] + payment.transaction_id.ljust(15)[:15], *one.lines[1:]]
    return Item(one.header, lines)

"""Notifications of change as records: what they correct, and the entry again, so that they can be refused.

Pure functions over notices of kind `change_notice`; the entry of a notification repeats what the original said.
"""

from __future__ import annotations

from typing import NamedTuple

from gateway.formats.ach import tables
from gateway.formats.ach.batches import Item, RawFile, file_header, grouped, put_together, record
from gateway.formats.ach.builders import change_refused
from gateway.formats.ach.codes import routing_check_digit
from gateway.formats.ach.traces import sequence
from gateway.model import Notice

CORRECTED = "ach:corrected/"


class Correction(NamedTuple):
    """One field that the other bank corrects; `old` is what our entry said."""

    code: str
    field: str
    old: str
    new: str


def corrections(notice: Notice) -> list[Correction]:
    """What a notification corrects, field by field; of one without corrected data its code alone."""
    said = dict(notice.extra)
    old = {
        "account_number": notice.account.id if notice.account else "",
        "routing_number": _routing(notice.agent.clearing_member if notice.agent else ""),
        "name": notice.owner.name if notice.owner else "",
        "transaction_code": said.get("ach:transaction_code", ""),
        "individual_id": said.get("ach:individual_id", ""),
    }
    fields = [(path[len(CORRECTED) :], new) for path, new in notice.extra if path.startswith(CORRECTED)]
    return [Correction(notice.result, name, old.get(name, ""), new) for name, new in fields or [("", "")]]


def _routing(eight: str) -> str:
    return eight + routing_check_digit(eight) if len(eight) == 8 and eight.isdecimal() else eight


def notice_item(notice: Notice) -> Item:
    """The entry of a notification under the header of its batch."""
    said = {path[4:]: text for path, text in notice.extra if path.startswith("ach:")}
    abroad = said.get("iat_indicator") == "IATCOR"
    header: dict[str, str | int] = {"service_class": "200", "sec_code": "COR", **said}
    routing = said.get("routing_number", "")
    entry: dict[str, str | int] = {
        **said,
        "rdfi": routing[:8],
        "check_digit": routing[8:9],
        "account_number": notice.account.id if notice.account else "",
        "amount_cents": 0,
        "individual_name": notice.owner.name if notice.owner else "",
        "addenda_indicator": 1,
        "trace_number": notice.id,
    }
    addenda: dict[str, str | int] = {
        **said,
        "original_trace": notice.original.transaction_id if notice.original else "",
        "original_rdfi": notice.agent.clearing_member if notice.agent else "",
        "corrected_data": notice.text[0] if notice.text else "",
        "trace_number": notice.id,
    }
    return Item(
        record(tables.BATCH_HEADER_IAT if abroad else tables.BATCH_HEADER, header),
        [
            record(tables.ENTRY_IAT if abroad else tables.ENTRY, entry),
            record(tables.ADDENDA_98_IAT if abroad else tables.ADDENDA_98, addenda),
        ],
    )


def refused(notice: Notice, code: str, ours: str, number: int, now_ns: int, modifier: str = "A") -> bytes:
    """A file that refuses a notification; ValueError when `code` is not one of C61 to C69."""
    made = change_refused(notice_item(notice), code, ours, sequence(number))
    return put_together(RawFile(file_header(ours, ours, ("", ""), now_ns, modifier), grouped([made])))

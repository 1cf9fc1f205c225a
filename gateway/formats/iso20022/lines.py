"""What an entry of a statement says in a way of its own, and where ISO 20022 has it: in its only detail.

Strategy: an entry that came from elsewhere is brought into the form of this standard before it is laid out, and a read
one back into the model's. References and further words of an entry stand with its only transaction; what follows from
something else (the third letter of the currency, a reference that says there is none) is not said again.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from gateway.model import Entry, Payment

_MORE = "iso:AddtlTxInf"
_SIDE = "iso:CdtDbtInd"
_RATE = "iso:AmtDtls/InstdAmt/CcyXchg/"
# Words of MT 61 in the place of a reference: there is none, or field 86 has it.
_NO_REFERENCE = frozenset("NONREF NOTPROVIDED EREF PREF MARF KREF EREF+ KREF+ MREF+".split())


def sided(entry: Entry) -> Entry:
    """The entry with its side said by its details too, as CBPR+ asks for it."""
    side = (_SIDE, "CRDT" if entry.credit else "DBIT")
    details = tuple(
        one if any(name == _SIDE for name, _ in one.extra) else structs.replace(one, extra=(*one.extra, side))
        for one in entry.details
    )
    return structs.replace(entry, details=details)


def lowered(entry: Entry) -> Entry:
    """The entry as this standard says it."""
    changed: dict[str, Any] = {}
    details = entry.details
    if entry.owner_reference:
        details = _referred(entry, changed)
    if entry.funds_code and entry.funds_code == entry.amount.currency[2:]:
        changed["funds_code"] = ""
    if entry.supplementary and len(details) <= 1:
        one = details[0] if details else Payment("entry", entry.amount)
        if all(name != _MORE for name, _ in one.extra):
            details = (structs.replace(one, extra=(*one.extra, (_MORE, entry.supplementary))),)
            changed["supplementary"] = ""
    if any(one.exchange_rate and one.instructed_amount is not None for one in details):
        details = tuple(map(_exchanged, details))
    if details is not entry.details:
        changed["details"] = details
    return structs.replace(entry, **changed) if changed else entry


def _referred(entry: Entry, changed: dict[str, Any]) -> tuple[Payment, ...]:
    """The owner's reference, unless a detail has it or it says that there is none."""
    reference, details = entry.owner_reference, entry.details
    if reference not in _NO_REFERENCE and not any(
        reference in (one.end_to_end_id, one.instruction_id) for one in details
    ):
        if len(details) > 1 or (details and details[0].instruction_id):
            return details
        one = details[0] if details else Payment("entry", entry.amount)
        name = "instruction_id" if one.end_to_end_id else "end_to_end_id"
        details = (structs.replace(one, **{name: reference}),)
    changed["owner_reference"] = ""
    return details


def _exchanged(detail: Payment) -> Payment:
    """A rate of an original amount: its currency is the one that was exchanged."""
    if detail.instructed_amount is None or any(name == f"{_RATE}SrcCcy" for name, _ in detail.extra):
        return detail
    return structs.replace(detail, extra=(*detail.extra, (f"{_RATE}SrcCcy", detail.instructed_amount.currency)))


def lifted(fields: dict[str, Any], details: tuple[Payment, ...]) -> tuple[Payment, ...]:
    """Of a read entry: information line by line; further words of its only detail are the entry's."""
    if "information" in fields:
        fields["information"] = tuple("\n".join(fields["information"]).split("\n"))
    if len(details) != 1:
        return details
    [one] = details
    more = [text for name, text in one.extra if name == _MORE]
    source = f"{_RATE}SrcCcy"
    known = one.instructed_amount.currency if one.exchange_rate and one.instructed_amount is not None else ""
    extra = tuple(pair for pair in one.extra if pair[0] != _MORE and pair != (source, known))
    if more:
        fields["supplementary"] = more[0]
    return (structs.replace(one, extra=extra),) if len(extra) < len(one.extra) else details

"""What is built from entries: returns, dishonored and contested returns, changes and their refusal, reversals,
prenotes, acknowledgements. Pure functions from an `Item` (an entry under its header) to another.

`ours` is the routing number of the institution that builds, `sequence` the number of what it builds among its own; the
two make the trace number. What is built has all references of what it is about.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.formats.ach import tables
from gateway.formats.ach.batches import Item, changed, record
from gateway.formats.ach.codes import (
    CHANGES,
    CODE_OF,
    CONTESTED,
    DISHONORED,
    REFUSED_CHANGES,
    RETURNED,
    RETURNS,
    REVERSAL,
    correction,
    entry_layout,
    international,
    routing_check_digit,
    said,
)
from gateway.formats.ach.tables import Layout


def _layout(item: Item) -> Layout:
    return tables.ENTRY_IAT if international(item.header) else entry_layout(item.header[50:53], item.entry)


def _trace(ours: str, sequence: int) -> str:
    return f"{ours[:8]}{sequence:07d}"


def _addressed(item: Item, to: str, ours: str, sequence: int, values: Mapping[str, str | int]) -> tuple[str, str]:
    """Header and entry of what goes back: from us, to an institution of eight digits."""
    header = changed(tables.BATCH_HEADER, item.header, {"odfi": ours[:8], "settlement_date": "   "})
    fields: dict[str, str | int] = {
        "rdfi": to,
        "check_digit": routing_check_digit(to),
        "addenda_indicator": 1,
        "trace_number": _trace(ours, sequence),
    }
    entry = changed(_layout(item), item.entry, fields | dict(values))
    return header, entry


def _forward_addenda(item: Item, trace: str) -> list[str]:
    """Addenda 10 to 16 of IAT go back with a return; all others stay."""
    kept = [line for line in item.lines[1:] if "10" <= line[1:3] <= "16"]
    return [line[:87] + trace[-7:] for line in kept]


def _checked(code: str, known: object, what: str) -> None:
    if code not in known:  # type: ignore[operator]  # a set or a dict
        raise ValueError(f"{code!r} is not a code of {what}")


def returned(item: Item, code: str, ours: str, sequence: int, information: str = "", date_of_death: str = "") -> Item:
    """A return (addenda 99) of an entry that we received."""
    _checked(code, RETURNS.keys() - DISHONORED - CONTESTED, "returns")
    values: dict[str, str | int] = {"transaction_code": RETURNED.get(item.entry[1:3], item.entry[1:3])}
    header, entry = _addressed(item, item.header[79:87], ours, sequence, values)
    abroad = header[50:53] == "IAT"
    layout = tables.ADDENDA_99_IAT if abroad else tables.ADDENDA_99
    addenda = record(
        layout,
        {
            "return_code": code,
            "original_trace": item.entry[79:94],
            "date_of_death": date_of_death,
            "original_rdfi": item.entry[3:11],
            "original_amount_cents": item.entry[29:39],
            "information": information or RETURNS[code].title,
            "trace_number": entry[79:94],
        },
    )
    return Item(header, [entry, *(_forward_addenda(item, entry[79:94]) if abroad else []), addenda])


def dishonored(item: Item, code: str, ours: str, sequence: int, information: str = "") -> Item:
    """A return that came to us is sent back: `item` is that return."""
    _checked(code, DISHONORED, "dishonored returns")
    told = item.lines[-1]
    header, entry = _addressed(item, told[27:35], ours, sequence, {})
    addenda = record(
        tables.ADDENDA_99_DISHONORED,
        {
            "dishonored_code": code,
            "original_trace": told[6:21],
            "original_rdfi": told[27:35],
            "return_trace": item.entry[79:94],
            "return_settlement_date": item.header[75:78],
            "return_code": told[4:6],
            "information": information or RETURNS[code].title,
            "trace_number": entry[79:94],
        },
    )
    return Item(header, [entry, *_forward_addenda(item, entry[79:94]), addenda])


def contested(item: Item, code: str, ours: str, sequence: int, dates: Mapping[str, str] | None = None) -> Item:
    """A dishonored return is contested. `dates`: original_returned_date (YYMMDD), original_settlement_date (ddd)."""
    _checked(code, CONTESTED, "contested returns")
    told = item.lines[-1]
    header, entry = _addressed(item, item.header[79:87], ours, sequence, {})
    addenda = record(
        tables.ADDENDA_99_CONTESTED,
        {
            "contested_code": code,
            "original_trace": told[6:21],
            "original_rdfi": told[27:35],
            "return_trace": told[38:53],
            "return_settlement_date": told[53:56],
            "return_code": told[56:58],
            "dishonored_trace": item.entry[79:94],
            "dishonored_settlement_date": item.header[75:78],
            "dishonored_code": told[4:6],
            "trace_number": entry[79:94],
        }
        | dict(dates or {}),
    )
    return Item(header, [entry, *_forward_addenda(item, entry[79:94]), addenda])


def change(item: Item, code: str, corrections: Mapping[str, str], ours: str, sequence: int) -> Item:
    """A notification of change (addenda 98): what is wrong with an entry that we received, and what is right."""
    _checked(code, CHANGES, "changes")
    values: dict[str, str | int] = {"transaction_code": RETURNED.get(item.entry[1:3], item.entry[1:3])}
    values |= {"amount_cents": 0, "addenda_count": 0}
    header, entry = _addressed(item, item.header[79:87], ours, sequence, values)
    header = header[:50] + "COR" + header[53:]
    layout = tables.ADDENDA_98
    if international(item.header):
        header, layout = header[:4] + "IATCOR".ljust(16) + header[20:], tables.ADDENDA_98_IAT
    else:
        entry = _plain_entry(item, entry)
    addenda = record(
        layout,
        {
            "change_code": code,
            "original_trace": item.entry[79:94],
            "original_rdfi": item.entry[3:11],
            "corrected_data": correction(code, dict(corrections)),
            "trace_number": entry[79:94],
        },
    )
    return Item(header, [entry, addenda])


def _plain_entry(item: Item, entry: str) -> str:
    """Positions 40 to 78 of another class in those of COR."""
    fields = {c.name: entry[c.where].strip() for c in _layout(item)}
    values = {name: fields.get(name, "") for name in ("individual_id", "individual_name", "discretionary_data")}
    return changed(tables.ENTRY, entry, values)


def change_refused(item: Item, code: str, ours: str, sequence: int) -> Item:
    """A notification of change that we do not accept: `item` is that notification."""
    _checked(code, REFUSED_CHANGES, "refused changes")
    told = item.lines[-1]
    header, entry = _addressed(item, told[27:35], ours, sequence, {})
    addenda = record(
        tables.ADDENDA_98_REFUSED,
        {
            "refused_code": code,
            "original_trace": told[6:21],
            "original_rdfi": told[27:35],
            "corrected_data": told[35:64],
            "change_code": told[3:6],
            "trace_sequence": item.entry[87:94],
            "trace_number": entry[79:94],
        },
    )
    return Item(header, [entry, addenda])


def reversal(item: Item, sequence: int) -> Item:
    """An entry that we sent is taken back: the opposite transaction code, everything else as it was."""
    code = said(item.entry[1:3])
    opposite = CODE_OF.get((code.account, not code.debit, code.kind))
    if opposite is None:
        raise ValueError(f"transaction code {item.entry[1:3]} has no opposite")
    header = changed(tables.BATCH_HEADER, item.header, {"entry_description": REVERSAL})
    return Item(header, _renumbered(item, sequence, {"transaction_code": opposite}))


def prenote(item: Item, sequence: int) -> Item:
    """An entry of zero that tries out account and bank before the first live one."""
    code = said(item.entry[1:3])
    wanted = CODE_OF.get((code.account, code.debit, "prenote"))
    if wanted is None:
        raise ValueError(f"transaction code {item.entry[1:3]} has no prenote")
    return Item(item.header, _renumbered(item, sequence, {"transaction_code": wanted, "amount_cents": 0}))


def _renumbered(item: Item, sequence: int, values: Mapping[str, str | int]) -> list[str]:
    trace = _trace(item.header[79:87], sequence)
    entry = changed(_layout(item), item.entry, dict(values) | {"trace_number": trace})
    return [entry, *(retraced(line, trace) for line in item.lines[1:])]


def retraced(line: str, trace: str) -> str:
    """An addenda record under another trace number."""
    whole = line[1:3] in ("02", "98", "99")
    return line[:79] + trace if whole else line[:87] + trace[-7:]


def acknowledgement(item: Item, ours: str, sequence: int, account: str) -> Item:
    """ACK of a CCD credit, ATX of a CTX credit: `account` is the originator's, at its own bank."""
    sec = {"CCD": "ACK", "CTX": "ATX"}.get(item.header[50:53])
    if sec is None or said(item.entry[1:3]).debit:
        raise ValueError("only credits of CCD and CTX are acknowledged")
    code = CODE_OF[said(item.entry[1:3]).account, False, "zero"]
    values: dict[str, str | int] = {
        "transaction_code": code,
        "account_number": account,
        "amount_cents": 0,
        "individual_id": item.entry[79:94],
        "individual_name": item.header[4:20].strip(),
        "addenda_count": 0,
        "addenda_indicator": 0,
    }
    header, entry = _addressed(item, item.header[79:87], ours, sequence, values)
    return Item(header[:50] + sec + header[53:], [entry])

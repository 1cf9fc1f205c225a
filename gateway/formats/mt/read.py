"""Reading FIN: bytes to canonical payments. Never raises.

Strategy: one pass over the fields against the type's table (order, format), then the rules between fields, then one
record built with what `meaning` finds in the values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, BinaryIO

import msgspec

from gateway.formats.mt import bare, blocks, family, meaning, numbered, returns, rules, said, several, tables
from gateway.formats.mt.blocks import Message
from gateway.formats.mt.meaning import Fault
from gateway.model import Agent, Extra, Payment, Record, Refusal, Report
from gateway.ports import Decoded

HEADER = "mt:header"  # Payment.extra: "<block 1>|<block 2>|<121 or 108>|<20>", for answers
LINE = "mt:line"  # Refusal.extra: the line of block 4 where the field at fault stands, three digits
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z", re.ASCII)
_REFERENCE = re.compile(r"\n:20:([^\r\n]{0,16})")
_Text = dict[str, str]
_SENT_BACK = ("/REJT/", "/RETN/")
_MANY = re.compile(r"\{2:[IO](?:101|102|104|107|201|203|204|210|920)")
# A statement whose envelope the network never saw: a bank wrote the headers itself, and not quite as they should be.
_HANDED_OVER = re.compile(r"\{2:[IO]94[02]")


def decode(data: bytes) -> Decoded:
    """Read one message or a file of several."""
    before, found = blocks.pieces(data.decode("latin-1"))
    if not found or not blocks.blank(before):
        return not_fin(before)
    several = sum(not _is_service(piece) for piece in found) > 1
    return assembled(found, several, 0)


def not_fin(before: str) -> Decoded:
    """What stands there without a basic header: bare statements as banks hand them over, or nothing of ours."""
    if blocks.bare(before):
        return bare.decode(before)
    refusal = Refusal("not-fin", "FF01", "character 1", "a FIN file begins with a basic header block {1:")
    return Decoded("mt", "FIN", refusals=(refusal,))


def assembled(found: list[str], several: bool, first: int, count: int = 0) -> Decoded:
    """Records of the messages; `first` is how many came before."""
    records: list[Record | Refusal] = []
    kind, sender, receiver, lead, reference, created = "F21", "", "", "", "", ""
    services = count == 0 and all(map(_is_service, found))  # else each stands before the copy of its message
    number = first
    for piece in found:
        if _is_service(piece) and not services:
            continue
        number += 1
        prefix = f"message {number} " if several else ""
        message = blocks.parse(piece)
        read, name = records_of(message, prefix)
        if not records and isinstance(message, Message):
            kind, sender, receiver, lead = name, _bic(message.sender), _bic(message.receiver), message.basic[3:15]
            reference = "" if several and len(found) > 1 else _reference(message)
            created = _created(message)
        records += read
    return Decoded(
        "mt",
        kind,
        reference,
        created,
        records=tuple(records),
        sender=sender,
        receiver=receiver,
        header={"terminal": lead},
        count=count,
    )


def _reference(message: Message) -> str:
    """The sender's name for the message: field 20."""
    found = _REFERENCE.search(message.text)
    return found[1] if found is not None else ""


_DUPLICATES = re.compile(r"\{(PDE|PDM):([^{}]*)\}")  # trailers of a message that may have come before
_INPUT_TIME = re.compile(r"O[0-9]{3}([01][0-9]|2[0-3])([0-5][0-9])([0-9]{6})", re.ASCII)


def _created(message: Message) -> str:
    """When a delivered message was handed in, as its header has it; the offset is that of the sender, and not said."""
    found = _INPUT_TIME.match(message.application)
    day = meaning.calendar_day(found[3]) if found else ""
    return f"{day}T{found[1]}:{found[2]}:00+00:00" if found and day else ""


def _is_service(piece: str) -> bool:
    """Whether a piece is an acknowledgement and not a message."""
    return piece[3:6] in ("F21", "A21", "L21")


def parts(file: BinaryIO, records_max: int) -> Iterator[Decoded]:
    """Read a large file: once to count its messages, once to hand them over."""
    start, count = file.tell(), 0
    source = blocks.stream(file)
    before, services = next(source), 0
    for piece in source:
        services += _is_service(piece)
        count += 0 if _is_service(piece) else _count(piece)
    if not blocks.blank(before) or not count:
        file.seek(start)  # bare statements, or acknowledgements alone: read at once, within a limit
        whole = _within_limit(file) if services or blocks.bare(before) else not_fin(before)
        yield msgspec.structs.replace(whole, count=len(whole.records))
        return
    file.seek(start)
    yield from _batches(blocks.stream(file), count, records_max)


def _within_limit(file: BinaryIO) -> Decoded:
    """A file that is not read in parts: whole, or refused."""
    data = file.read(bare.CHARACTERS_MAX + 1)
    return bare.too_large() if len(data) > bare.CHARACTERS_MAX else decode(data)


def _count(piece: str) -> int:
    """How many records a message becomes: read where it may be more than one."""
    return len(records_of(blocks.parse(piece), "")[0]) if _MANY.search(piece[:64]) else 1


def _batches(source: Iterator[str], count: int, records_max: int) -> Iterator[Decoded]:
    next(source)
    batch: list[str] = []
    first = 0
    for piece in source:
        if _is_service(piece):
            continue
        batch.append(piece)
        if len(batch) == records_max:
            yield assembled(batch, count > 1, first, count)
            first, batch = first + len(batch), []
    if batch:
        yield assembled(batch, count > 1, first, count)


def reprint(data: bytes) -> bytes:
    """The parsed file printed again; what is no message stands as it stood."""
    before, found = blocks.pieces(data.decode("latin-1"))
    return (before + "".join(map(_printed, found))).encode("latin-1")


def _printed(piece: str) -> str:
    message = blocks.parse(piece)
    return blocks.printed(message) if isinstance(message, Message) else piece


# --- one message ------------------------------------------------------------------------------------


def records_of(message: Message | str, prefix: str) -> tuple[list[Record | Refusal], str]:
    """The records of one message, and what it is called; one Refusal when it is wrong."""
    if isinstance(message, str):
        return [Refusal("H01", "FF01", f"{prefix}block 1", message)], "FIN"
    name = "MT" + message.type
    headers = message.headers
    if _is_service(message.head) or message.service:
        return [said.acknowledgement(message.service, f"{prefix}block 4", list(_header(message, "", headers)))], "F21"
    if name in ("MT202", "MT205") and headers.get("119") == "COV":
        name += "COV"
    code, text = blocks.header_fault(message)
    if code and _HANDED_OVER.search(message.head) and (handed := bare.records(message.text, prefix)):
        return handed, "MT940"
    if code:
        return [_refusal(message, code, "FF01", f"{prefix}block {'1' if code == 'H10' else '2'}", text)], "FIN"
    if message.fault:
        return [_refusal(message, "H01", "FF01", f"{prefix}block 4", message.fault)], name
    try:
        table = tables.TABLES.get(name)
        if table is not None:
            return [payment(message, table, headers, prefix)], name
        return family.records(message, prefix, _header(message, _reference(message), headers), _bic), name
    except Fault as fault:
        if _HANDED_OVER.search(message.head) and "{CHK:" not in message.tail:
            handed = bare.records(message.text, prefix)
            if handed and not any(isinstance(one, Refusal) for one in handed):
                return handed, name
        code, reason, place, text = fault.args
        return [_refusal(message, code, reason, f"{prefix}{place}", text)], name


def _refusal(message: Message, code: str, reason: str, place: str, text: str) -> Refusal:
    reference = _reference(message)
    header = _header(message, reference, message.headers)
    line = _line(message.fields, place.rpartition(" ")[2].strip(":"))
    return Refusal(code, reason, place, text, reference, (*header, (LINE, f"{line:03d}")) if line else header)


def _line(fields: list[tuple[str, str]], name: str) -> int:
    """The line of the text where the first field of a name begins (`59a`: any option); 0: there is none."""
    line = 1
    for tag, value in fields:
        if tag == name or (name[2:] == "a" and tag[:2] == name[:2]):
            return line
        line += 1 + value.count("\n")
    return 0


def _header(message: Message, reference: str, headers: _Text) -> Extra:
    name = headers.get("121") or headers.get("108", "")
    return ((HEADER, f"{message.basic}|{message.application}|{name}|{reference}"),)


def payment(message: Message, table: tables.Table, headers: _Text, prefix: str) -> Payment | Report:
    """The record of a message whose headers are right; raises Fault."""
    values, repeated = _checked(message, table)
    uetr = headers.get("121", "")
    if uetr and not _UUID.match(uetr):
        raise Fault("U13", "FF01", "block 3", "tag 121 is not a unique end-to-end transaction reference")
    sender, receiver = _bic(message.sender), _bic(message.receiver)
    reference = values["20"][1]
    fields: dict[str, Any] = {
        "source": table.name,
        "scheme": "swift",
        "place": f"{prefix}:20:{reference}",
        "identity": uetr or f"{sender[:8]}/{reference}",
        "instruction_id": reference,
        "uetr": uetr,
        "instructing_agent": _plain_agent(sender),
        "instructed_agent": _plain_agent(receiver),
    }
    extra = list(_header(message, reference, headers))
    extra += [(f"mt:{{{tag}}}", text) for tag, text in headers.items() if tag not in ("121", "119")]
    extra += [(f"mt:{{{tag}}}", text) for tag, text in _DUPLICATES.findall(message.tail)]
    if message.outgoing and message.application[16:17] == "U":
        fields["priority"] = "HIGH"
    if "53B" in values:  # of MT200, where 53 has no other option
        values["53"] = values["53B"]
    meaning.settlement(values, fields, extra, sender, receiver, table.name.endswith("COV"))
    if table.name == "MT200":
        fields |= several.own_account(values, fields)
        fields["extra"] = tuple(extra)
        return Payment(**fields)
    broken = rules.broken_rule(values, repeated, sender, receiver, headers.get("119", ""))
    if broken is not None:
        raise Fault(broken[0], "FF01", broken[1], broken[2])
    meaning.services(headers, fields, extra)
    sent = returns.parsed(values.pop("72")[1]) if values.get("72", ("", ""))[1][:6] in _SENT_BACK else None
    if sent is not None and sent.word == "REJT":
        return _rejected(message, sent, table.name, fields, extra)
    meaning.times(repeated.get("13C", ()), fields)
    if table.name == "MT103":
        if headers.get("119"):
            extra.append(("mt:{119}", headers["119"]))
        meaning.customer(values, repeated, fields, extra)
    else:
        meaning.bank(values, fields, extra, table.name.endswith("COV"))
    fields["extra"] = tuple(extra)
    if sent is not None:
        returns.returned(fields, sent, table.name)
    return Payment(**fields)


def _rejected(
    message: Message, sent: returns.Sent, name: str, fields: dict[str, Any], extra: list[tuple[str, str]]
) -> Report:
    """A payment that comes back unpaid: a report that repeats its fields."""
    repeated = tuple((f"mt:{tag}", value) for tag, value in message.fields if tag not in ("20", "72"))
    found = returns.rejected(
        sent,
        name,
        fields["uetr"],
        id=fields["instruction_id"],
        payment=repeated,
        place=fields["place"],
        source=name,
        identity=fields["identity"],
        instructing_agent=fields["instructing_agent"],
        instructed_agent=fields["instructed_agent"],
        extra=[pair for pair in extra if pair[0][:4] in ("mt:{", "mt:h")],
    )
    original = msgspec.structs.replace(
        found.original, amount=fields["amount"], settlement_date=fields["settlement_date"]
    )
    return msgspec.structs.replace(found, original=original)


def _checked(message: Message, table: tables.Table) -> tuple[tables.Values, dict[str, list[str]]]:
    """Order and format of all fields: single ones by key, repeatable ones by tag."""
    values: tables.Values = {}
    repeated: dict[str, list[str]] = {}
    at, seen, places = -1, 0, table.places
    for tag, value in message.fields:
        for row in places.get(tag, ()):
            if row[0] > at or (row[4] and row[0] == at):
                place, key, option, pattern, repeats = row
                break
        else:
            raise Fault(
                "T13",
                "FF01",
                f":{tag}:" if blocks.is_tag(tag) else "block 4",
                f"{table.name} has no such field at this place",
            )
        if not pattern.match(value):
            value = _tidy(value)
            if not pattern.match(value):
                raise _format_fault(tag, option, value)
        if option == "F" and tag != "71F":
            code, text = numbered.wrong(value, tag == "50F")
            if code:
                raise Fault(code, "FF01", f":{tag}:", text)
        if repeats:
            repeated.setdefault(key, []).append(value)
        else:
            values[key] = (option, value)
        at = place
        seen |= 1 << place
    if missing := table.mandatory & ~seen:
        field = table.fields[(missing & -missing).bit_length() - 1]
        tag = field.number + (next(iter(field.options)) if len(field.options) == 1 else "a")
        raise Fault("T13", "FF01", f":{tag}:", f"a mandatory field of {table.name} is missing")
    _codes(values, repeated)
    return values, repeated


def _tidy(value: str) -> str:
    """The value without blanks at line ends and without empty lines."""
    return "\n".join(line for line in map(str.rstrip, value.split("\n")) if line)


def _format_fault(tag: str, option: str, value: str) -> Fault:
    code = tables.FAULT_CODES.get(tag, tables.BIC_FAULT if option == "A" else tables.FORMAT_FAULT)
    if tag == "32A" and re.match(r"[0-9]{6}(?![A-Z]{3})", value):
        code = "T52"
    elif (tag == "32A" and re.match(r"[0-9]{6}[A-Z]{3}", value)) or (re.match(r"[A-Z]{3}", value) and code == "T52"):
        code = "T43" if len(value) > 15 else "T40"
    return Fault(code, "FF01", f":{tag}:", "the value does not have the format of the field")


def _codes(values: tables.Values, repeated: dict[str, list[str]]) -> None:
    """References and code words."""
    for tag in ("20", "21"):
        if tag in values and (values[tag][1][0] == "/" or values[tag][1][-1] == "/" or "//" in values[tag][1]):
            raise Fault("T26", "FF01", f":{tag}:", "a reference neither begins nor ends with a slash nor holds two")
    if "71A" not in values:
        return
    if values["71A"][1] not in tables.BEARERS:
        raise Fault("T08", "FF01", ":71A:", "charges are OUR, SHA or BEN")
    if values["23B"][1] not in tables.OPERATION_CODES:
        raise Fault("T36", "FF01", ":23B:", "the operation is CRED, CRTS, SPAY, SPRI or SSTD")
    if any(value[:4] not in tables.INSTRUCTION_CODES for value in repeated.get("23E", ())):
        raise Fault("T47", "FF01", ":23E:", "the instruction code is not one of the list")


@lru_cache(maxsize=1024)
def _bic(terminal: str) -> str:
    """BIC of a logical terminal: without its ninth character."""
    return terminal[:8] + terminal[9:]


@lru_cache(maxsize=1024)
def _plain_agent(bic: str) -> Agent:
    return Agent(bic)

"""Reading FIN: bytes to canonical payments. Never raises.

Strategy: one pass over the fields against the type's table (order, format), then the rules between fields, then one
record built with what the values say. What has no field of ours stands in `extra` under its tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any, BinaryIO

from gateway.formats.mt import blocks, parties, tables
from gateway.formats.mt.blocks import Message
from gateway.model import EXPONENTS, Agent, Charge, Extra, Instruction, Money, Party, Payment, Refusal
from gateway.ports import Decoded

HEADER = "mt:header"  # Payment.extra: "<block 1>|<block 2>|<121 or 108>|<20>", for answers
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z", re.ASCII)
_RATE = re.compile(r"(?=.{1,12}\Z)[0-9]+,[0-9]*\Z", re.ASCII)
_AMOUNT = re.compile(r"[0-9]+,[0-9]*\Z", re.ASCII)
_END = r"(?://(?=/)|/(?=/)|/?\Z)"  # of a code word in 70: `//` before the next one, or the end
_WORDS = (
    (re.compile(rf"/ROC/(.{{1,35}}?){_END}"), "end_to_end_id"),
    (re.compile(rf"/PURP/([A-Z0-9]{{1,4}}){_END}", re.ASCII), "purpose"),
    (re.compile(rf"/ULTD/(.{{1,140}}?){_END}"), "ultimate_debtor"),
    (re.compile(rf"/ULTB/(.{{1,140}}?){_END}"), "ultimate_creditor"),
)
_TIME = re.compile(r"/([A-Z0-9]{1,8})/([01][0-9]|2[0-3])([0-5][0-9])([+-])(0[0-9]|1[0-4])([0-5][0-9])\Z", re.ASCII)
_CODE_LINE = re.compile(r"/([A-Z0-9]{1,8})/(.*)\Z", re.ASCII)

_Text = dict[str, str]


class _Fault(Exception):
    """A message is wrong; carries code, reason, place and sentence. Never leaves this module."""


def decode(data: bytes) -> Decoded:
    """Read one message or a file of several."""
    before, found = blocks.pieces(data.decode("latin-1"))
    if not found or not blocks.blank(before):
        return not_fin(before)
    several = sum(not _is_service(piece) for piece in found) > 1
    return assembled(found, several, 0)


def not_fin(before: str) -> Decoded:
    """The answer to bytes that do not begin with a basic header, from what stands there instead."""
    if blocks.bare(before):
        text = "a text block without headers is of no type that is read here"
        return Decoded("mt", "FIN", refusals=(Refusal("unsupported-type", "FF01", "character 1", text),))
    refusal = Refusal("not-fin", "FF01", "character 1", "a FIN file begins with a basic header block {1:")
    return Decoded("mt", "FIN", refusals=(refusal,))


def assembled(found: list[str], several: bool, first: int, count: int = 0) -> Decoded:
    """Records of the messages; `first` is how many came before."""
    records: list[Payment | Refusal] = []
    kind, sender, receiver, lead = "F21", "", "", ""
    for piece in found:
        if _is_service(piece):
            continue
        prefix = f"message {first + len(records) + 1} " if several else ""
        message = blocks.parse(piece)
        record, name = _record(message, prefix)
        if not records and isinstance(message, Message):
            kind, sender, receiver, lead = name, _bic(message.sender), _bic(message.receiver), message.basic[3:15]
        records.append(record)
    only = records[0] if len(records) == 1 and not several else None
    reference = only.instruction_id if isinstance(only, Payment) else only.record if only is not None else ""
    return Decoded(
        "mt",
        kind,
        reference,
        records=tuple(records),
        sender=sender,
        receiver=receiver,
        header={"terminal": lead},
        count=count,
    )


def _is_service(piece: str) -> bool:
    """Whether a piece is an acknowledgement and not a message."""
    return piece[3:6] in ("F21", "A21", "L21")


def parts(file: BinaryIO, records_max: int) -> Iterator[Decoded]:
    """Read a large file: once to count its messages, once to hand them over."""
    start, count = file.tell(), 0
    source = blocks.stream(file)
    before = next(source)
    for piece in source:
        count += not _is_service(piece)
    if not blocks.blank(before) or not count:
        yield not_fin(before)
        return
    file.seek(start)
    yield from _batches(blocks.stream(file), count, records_max)


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


def _record(message: Message | str, prefix: str) -> tuple[Payment | Refusal, str]:
    if isinstance(message, str):
        return Refusal("H01", "FF01", f"{prefix}block 1", message), "FIN"
    name = "MT" + message.type
    headers = message.headers
    if name == "MT202" and headers.get("119") == "COV":
        name = "MT202COV"
    table = tables.TABLES.get(name)
    if table is None and len(name) == 5 and name[2:].isdigit():
        return _refusal(message, "unsupported-type", "FF01", f"{prefix}block 2", f"{name} is not read here"), name
    code, text = blocks.header_fault(message)
    if code or table is None:
        return _refusal(message, code, "FF01", f"{prefix}block {'1' if code == 'H10' else '2'}", text), "FIN"
    if message.fault:
        return _refusal(message, "H01", "FF01", f"{prefix}block 4", message.fault), name
    try:
        return payment(message, table, headers, prefix), name
    except _Fault as fault:
        code, reason, place, text = fault.args
        return _refusal(message, code, reason, f"{prefix}{place}", text), name


def _refusal(message: Message, code: str, reason: str, place: str, text: str) -> Refusal:
    reference = next((value for tag, value in message.fields if tag == "20"), "")[:16].partition("\n")[0]
    return Refusal(code, reason, place, text, reference, _header(message, reference, message.headers))


def _header(message: Message, reference: str, headers: _Text) -> Extra:
    name = headers.get("121") or headers.get("108", "")
    return ((HEADER, f"{message.basic}|{message.application}|{name}|{reference}"),)


def read_message(message: Message) -> Payment | Refusal:
    """Read one message of a supported type; for a writer that compares what it wrote."""
    return _record(message, "")[0]


def payment(message: Message, table: tables.Table, headers: _Text, prefix: str) -> Payment:
    """The record of a message whose headers are right; raises _Fault."""
    values, repeated = _checked(message, table)
    uetr = headers.get("121", "")
    if uetr and not _UUID.match(uetr):
        raise _Fault("U13", "FF01", "block 3", "tag 121 is not a unique end-to-end transaction reference")
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
    if message.outgoing and message.application[16:17] == "U":
        fields["priority"] = "HIGH"
    _settlement(values, fields, extra, sender, receiver, table.name != "MT103")
    broken = tables.broken_rule(values, repeated, sender, receiver)
    if broken is not None:
        raise _Fault(broken[0], "FF01", broken[1], broken[2])
    _times(repeated.get("13C", ()), fields)
    if table.name == "MT103":
        if headers.get("119"):
            extra.append(("mt:{119}", headers["119"]))
        _customer(values, repeated, fields, extra)
    else:
        _bank(values, fields, extra, table.name == "MT202COV")
    fields["extra"] = tuple(extra)
    return Payment(**fields)


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
            raise _Fault(
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
            text = parties.numbered_fault("/\n" + value if tag == "59F" and value[:1] != "/" else value)
            if text:
                raise _Fault("T54", "FF01", f":{tag}:", text)
        if repeats:
            repeated.setdefault(key, []).append(value)
        else:
            values[key] = (option, value)
        at = place
        seen |= 1 << place
    if missing := table.mandatory & ~seen:
        field = table.fields[(missing & -missing).bit_length() - 1]
        tag = field.number + (next(iter(field.options)) if len(field.options) == 1 else "a")
        raise _Fault("T13", "FF01", f":{tag}:", f"a mandatory field of {table.name} is missing")
    _codes(values, repeated)
    return values, repeated


def _tidy(value: str) -> str:
    """The value without blanks at line ends and without empty lines."""
    return "\n".join(line for line in map(str.rstrip, value.split("\n")) if line)


def _format_fault(tag: str, option: str, value: str) -> _Fault:
    code = tables.FAULT_CODES.get(tag, tables.BIC_FAULT if option == "A" else tables.FORMAT_FAULT)
    if tag == "32A" and re.match(r"[0-9]{6}(?![A-Z]{3})", value):
        code = "T52"
    elif (tag == "32A" and re.match(r"[0-9]{6}[A-Z]{3}", value)) or (re.match(r"[A-Z]{3}", value) and code == "T52"):
        code = "T43" if len(value) > 15 else "T40"
    return _Fault(code, "FF01", f":{tag}:", "the value does not have the format of the field")


def _codes(values: tables.Values, repeated: dict[str, list[str]]) -> None:
    """References and code words."""
    for tag in ("20", "21"):
        if tag in values and (values[tag][1][0] == "/" or values[tag][1][-1] == "/" or "//" in values[tag][1]):
            raise _Fault("T26", "FF01", f":{tag}:", "a reference neither begins nor ends with a slash nor holds two")
    if "71A" not in values:
        return
    if values["71A"][1] not in tables.BEARERS:
        raise _Fault("T08", "FF01", ":71A:", "charges are OUR, SHA or BEN")
    if values["23B"][1] not in tables.OPERATION_CODES:
        raise _Fault("T36", "FF01", ":23B:", "the operation is CRED, CRTS, SPAY, SPRI or SSTD")
    if any(value[:4] not in tables.INSTRUCTION_CODES for value in repeated.get("23E", ())):
        raise _Fault("T47", "FF01", ":23E:", "the instruction code is not one of the list")


# --- subfields --------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _bic(terminal: str) -> str:
    """BIC of a logical terminal: without its ninth character."""
    return terminal[:8] + terminal[9:]


@lru_cache(maxsize=1024)
def _plain_agent(bic: str) -> Agent:
    return Agent(bic)


@lru_cache(maxsize=512)
def _day(text: str) -> str:
    """YYMMDD as YYYY-MM-DD, years 80 to 99 of the last century; "" when it is no date."""
    year = int(text[:2])
    try:
        return date(year + (1900 if year >= 80 else 2000), int(text[2:4]), int(text[4:])).isoformat()
    except ValueError:
        return ""


def _money(text: str, tag: str) -> Money:
    """3!a15d; raises _Fault with the code of what is wrong."""
    currency, amount = text[:3], text[3:]
    place = f":{tag}:"
    if currency in tables.COMMODITIES or currency not in EXPONENTS:
        raise _Fault("T52", "AM03", place, "the code is not an active ISO 4217 currency")
    if not _AMOUNT.match(amount):
        raise _Fault("T40", "AM12", place, "an amount has digits, one comma, and the decimals behind it")
    found = Money.parse(currency, amount, ",")
    if found is None:
        raise _Fault("C03", "AM12", place, f"{currency} has {EXPONENTS[currency]} decimals")
    return found


def _settlement(
    values: tables.Values, fields: dict[str, Any], extra: list[tuple[str, str]], sender: str, receiver: str, bank: bool
) -> None:
    """32A, and 53a to 55a as section 3 of the translation rules says."""
    text = values["32A"][1]
    day = _day(text[:6])
    if not day:
        raise _Fault("T50", "DT01", ":32A:", "the value date is no date")
    fields["settlement_date"] = day
    amount = fields["amount"] = _money(text[6:], "32A")
    if not amount.minor:
        raise _Fault("D57", "AM01", ":32A:", "the amount is zero")
    if "53" not in values and "54" not in values:
        fields["settlement_method"] = "INDA"
        return
    first = parties.agent(*values["53"]) if "53" in values else (None, None, "")
    second = parties.agent(*values["54"]) if "54" in values else (None, None, "")
    third = parties.agent(*values["55"]) if "55" in values else (None, None, "")
    known = (sender[:8], receiver[:8])
    covers = _covers(values, first, second, known)
    fields["settlement_method"] = "INGA" if first[2] == "C" else "COVE" if covers and not bank else "INDA"
    if covers:
        fields["reimbursement_agents"] = (first[0], second[0], third[0])
        fields["reimbursement_accounts"] = (first[1], second[1], third[1])
        return
    fields["settlement_account"] = first[1]
    for tag in ("53", "54", "55"):
        if tag in values and (tag != "53" or first[0] is not None or first[2] == "D" or first[1] is None):
            extra.append((f"mt:{tag}{values[tag][0]}", values[tag][1]))


def _covers(values: tables.Values, first: parties.Reading, second: parties.Reading, known: tuple[str, str]) -> bool:
    """Whether the settlement goes through accounts elsewhere."""
    if "53" in values:
        other = first[0] is not None and first[0].bic != "" and first[0].bic[:8] not in known
        return other and first[1] is None
    return second[0] is None or second[0].bic[:8] not in known


def _times(texts: Any, fields: dict[str, Any]) -> None:
    found = []
    for text in texts:
        match = _TIME.match(text)
        if match is None:
            raise _Fault("T38", "DT01", ":13C:", "a time indication is a code, hhmm and an offset")
        found.append((match[1], f"{match[2]}:{match[3]}:00{match[4]}{match[5]}:{match[6]}"))
    if found:
        fields["settlement_times"] = tuple(found)


def _customer(
    values: tables.Values, repeated: dict[str, list[str]], fields: dict[str, Any], extra: list[tuple[str, str]]
) -> None:
    """What only a customer transfer says."""
    fields["kind"] = "credit_transfer"
    fields["charge_bearer"] = tables.BEARERS[values["71A"][1]]
    if values["23B"][1] != "CRED":
        fields["local_instrument"] = values["23B"][1]
    if "33B" in values:
        fields["instructed_amount"] = _money(values["33B"][1], "33B")
    if "36" in values:
        if not _RATE.match(values["36"][1]):
            raise _Fault("T40", "FF01", ":36:", "a rate has digits and one comma")
        fields["exchange_rate"] = values["36"][1].replace(",", ".").rstrip(".")
    _charges(values, repeated, fields)
    _instruction_codes(repeated.get("23E", ()), fields)
    _transfer(values, fields, extra, "")
    if "26T" in values:
        fields["purpose"] = values["26T"][1]
    if "77B" in values:
        fields["regulatory"] = tuple(values["77B"][1].split("\n"))
    extra += [(f"mt:{tag}{values[tag][0]}", values[tag][1]) for tag in ("51A", "77T") if tag in values]


def _charges(values: tables.Values, repeated: dict[str, list[str]], fields: dict[str, Any]) -> None:
    found = [Charge(_money(text, "71F")) for text in repeated.get("71F", ())]
    if "71G" in values:
        found.append(Charge(_money(values["71G"][1], "71G"), fields["instructed_agent"]))
    if found:
        fields["charges"] = tuple(found)


def _instruction_codes(texts: Any, fields: dict[str, Any]) -> None:
    """23E: where its codes go."""
    levels, purposes, creditor, following = [], [], [], []
    for text in texts:
        code, more = text[:4], text[5:]
        if code == "SDVA":
            levels.append(code)
        elif code in ("INTC", "CORT"):
            purposes.append(code)
        elif code in tables.CREDITOR_AGENT_CODES:
            creditor.append(Instruction(code, more))
        else:
            following.append(Instruction("", f"/{code}/{more}"))
    fields["service_level"] = tuple(levels)
    fields["category_purpose"] = " ".join(purposes)
    fields["instructions_for_creditor_agent"] = tuple(creditor)
    fields["instructions_for_next_agent"] = tuple(following)


def _transfer(values: tables.Values, fields: dict[str, Any], extra: list[tuple[str, str]], sequence: str) -> None:
    """Parties, agents and remittance of a customer transfer or of sequence B of a cover."""
    fields["debtor"], fields["debtor_account"] = parties.party(*values[sequence + "50"])
    fields["creditor"], fields["creditor_account"] = parties.party(*values[sequence + "59"])
    _agents(values, fields, sequence)
    if not sequence:
        fields.setdefault("debtor_agent", fields["instructing_agent"])
        fields.setdefault("creditor_agent", fields["instructed_agent"])
    _remittance(values.get(sequence + "70", ("", ""))[1], fields)
    if sequence + "72" in values:
        _sender_to_receiver(values[sequence + "72"][1], fields)


def _agents(values: tables.Values, fields: dict[str, Any], sequence: str) -> None:
    for number, name in (("52", "debtor_agent"), ("57", "creditor_agent")):
        if sequence + number in values:
            fields[name], own, _ = parties.agent(*values[sequence + number])
            if own is not None:
                fields[name + "_account"] = own
    if sequence + "56" in values:
        found, own, _ = parties.agent(*values[sequence + "56"])
        fields["intermediary_agents"] = (found or Agent(),)
        fields["intermediary_accounts"] = (own,)


def _remittance(text: str, fields: dict[str, Any]) -> None:
    """70: the end-to-end id and the purpose taken out, the rest as lines; code words run over line ends."""
    fields["end_to_end_id"] = "NOTPROVIDED"
    if not text:
        return
    if "/ROC/" in text or "/PURP/" in text or "/ULT" in text:
        text = text.replace("\n", "")
        for pattern, name in _WORDS:
            if (found := pattern.search(text)) is not None:
                fields[name] = Party(found[1]) if name[0] == "u" else found[1]
                text = text[: found.start()] + text[found.end() :]
        if not text.strip("/"):
            return
        fields["remittance"] = (text[5:] if text.startswith("/URI/") else text,)
    else:
        fields["remittance"] = tuple(text.split("\n"))


_NAMED = {"SVCLVL": "service_level", "LOCINS": "local_instrument", "CATPURP": "category_purpose"}


def _sender_to_receiver(text: str, fields: dict[str, Any]) -> None:
    """72: code words with their continuation lines."""
    previous: list[Agent] = []
    creditor = list(fields.get("instructions_for_creditor_agent", ()))
    following = list(fields.get("instructions_for_next_agent", ()))
    intermediaries = list(fields.get("intermediary_agents", ()))
    for code, words in code_words(text):
        if code == "INS":
            previous.append(_named(words))
        elif code == "INTA" and intermediaries:
            intermediaries.append(_named(words))
        elif code in _NAMED and not fields.get(_NAMED[code]):
            fields[_NAMED[code]] = (words,) if code == "SVCLVL" else words
        elif code == "ACC":
            creditor.append(Instruction("", words))
        elif code == "REC":
            following.append(Instruction("", words))
        elif code == "BNF" and fields["kind"] == "fi_transfer":
            fields["remittance"] = (*fields.get("remittance", ()), words)
        else:
            following.append(Instruction("", f"/{code}/{words}" if code else words))
    fields["previous_agents"], fields["intermediary_agents"] = tuple(previous), tuple(intermediaries)
    fields["instructions_for_creditor_agent"], fields["instructions_for_next_agent"] = tuple(creditor), tuple(following)


def code_words(text: str) -> list[tuple[str, str]]:
    """The words of field 72 as (code, text); lines that continue are put together with a blank."""
    found: list[tuple[str, str]] = []
    for line in text.split("\n"):
        if found and not (match := _CODE_LINE.match(line)):
            code, words = found[-1]
            found[-1] = (code, f"{words} {line[2:] if line[:2] == '//' else line}".strip())
        else:
            match = _CODE_LINE.match(line)
            found.append((match[1], match[2]) if match else ("", line))
    return found


_BIC = re.compile(tables.compiled(tables.BIC).pattern, re.ASCII)


def _named(words: str) -> Agent:
    return Agent(words) if _BIC.match(words) else Agent(name=words)


def _bank(values: tables.Values, fields: dict[str, Any], extra: list[tuple[str, str]], cover: bool) -> None:
    """What only a transfer between institutions says."""
    fields["kind"] = "fi_transfer"
    fields["end_to_end_id"] = values["21"][1]
    _agents(values, fields, "")
    fields["debtor_institution"] = fields.pop("debtor_agent", None) or fields["instructing_agent"]
    fields["debtor_account"] = fields.pop("debtor_agent_account", None)
    fields.setdefault("creditor_agent", fields["instructed_agent"])
    fields["creditor_institution"], fields["creditor_account"], _ = parties.agent(*values["58"])
    if "72" in values:
        _sender_to_receiver(values["72"][1], fields)
    if cover:
        fields["underlying"] = _underlying(values, fields["amount"])


def _underlying(values: tables.Values, amount: Money) -> Payment:
    fields: dict[str, Any] = {"kind": "credit_transfer", "amount": amount, "source": "MT202COV", "scheme": "swift"}
    if "B33B" in values:
        fields["amount"] = fields["instructed_amount"] = _money(values["B33B"][1], "33B")
    extra: list[tuple[str, str]] = []
    _transfer(values, fields, extra, "B")
    return Payment(**fields)

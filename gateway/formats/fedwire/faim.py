"""FAIM as a codec: bytes to records, records to bytes, and the acknowledgement that there is.

Strategy: a file is scanned, each message is checked and read by itself, and one that is wrong is a Refusal in
its place. A message that moves no money (a refusal, a service message) becomes a notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import BinaryIO

from msgspec import structs

from gateway.formats.fedwire import loss, meaning, parties, rules, scan, write
from gateway.model import Notice, Payment, Refusal, Status
from gateway.ports import Decoded, Fit, Frame, Writing

NAME = "fedwire"
TYPE = "FAIM"
MEDIA, SUFFIX = "text/plain", ".faim"
FILE_BYTES_MAX = 64 * 1024 * 1024  # a file read whole; larger ones come in parts
MESSAGES_MAX = 200_000  # of a file read whole: 64 MiB of the shortest messages that are right
AMOUNT_MAX_CENTS = 999_999_999_999  # twelve digits
FAULTS_MAX = 20  # of one message: enough to mend it
ROUTING_WEIGHTS = (3, 7, 1) * 3

_TRIAL = Writing("TRIAL00000000001", 0)


def decode(data: bytes, type: str = "") -> Decoded:
    """All messages of a file."""
    if len(data) > FILE_BYTES_MAX:
        text = f"the file has {len(data)} bytes; expected at most {FILE_BYTES_MAX}"
        return Decoded(NAME, TYPE, refusals=(Refusal("FAIM-SIZE", "FF01", "file", text),))
    text = data.decode("latin-1")
    found = _decoded(scan.messages(text), type, 0, whole=True)
    if found is not None:
        return found
    said = "no tag" if text.strip() else "nothing"
    wrong = Refusal("FAIM-EMPTY", "FF01", "character 0", f"{said} found; expected a message that begins with {{1500}}")
    return Decoded(NAME, TYPE, refusals=(wrong,))


def _decoded(messages: Iterable[scan.Message], type: str, counted: int, *, whole: bool = False) -> Decoded | None:
    """Messages as records, `counted` having gone before them; None when there are none.

    A `whole` file of one wrong message is refused with all its faults.
    """
    records: list[Payment | Notice | Refusal] = []
    first: scan.Message | None = None
    number, alone = counted, tuple[Refusal, ...]()
    for number, message in enumerate(messages, counted + 1):
        wrong = rules.check(message, type)[:FAULTS_MAX]
        if first is None:
            first, alone = message, tuple(wrong)
        if wrong:
            records.append(_placed(wrong[0], number, message))
        else:
            read = meaning.payment if meaning.moves(message) else meaning.notice
            records.append(read(message, f"message {number}"))
        if number - counted > MESSAGES_MAX:
            said = f"more than {MESSAGES_MAX} messages in one piece; expected parts"
            return Decoded(NAME, TYPE, refusals=(Refusal("FAIM-SIZE", "FF01", f"message {number}", said),))
    if first is None:
        return None
    name = meaning.imad(first)
    ends = (first.text("3100", "routing_number"), first.text("3400", "routing_number"))
    head = _head(first, {"messages": str(number - counted), "imad": name})
    if whole and number == 1 and alone:
        return Decoded(NAME, TYPE, name, "", (), alone, *ends, head)
    return Decoded(NAME, TYPE, name, "", records, (), *ends, head)


def _head(message: scan.Message, header: dict[str, str]) -> dict[str, str]:
    """What is told of a message that opens no payment, and what an answer needs."""
    function = message.text("3600", "business_function")
    kind = message.text("1510", "type") + message.text("1510", "subtype")
    return header | {"function": function, "type": kind, "environment": message.text("1500", "environment")}


def _placed(fault: Refusal, number: int, message: scan.Message) -> Refusal:
    return structs.replace(
        fault,
        place=f"message {number}, {fault.place}",
        record=message.text("3320", "reference"),
        extra=(("fedwire:imad", meaning.imad(message)),),
    )


def parts(file: BinaryIO, records_max: int, type: str = "") -> Iterator[Decoded]:
    """A long file, as many messages at a time as are asked for."""
    counted = 0
    messages = (message for piece in scan.stream(file) for message in scan.messages(piece))
    while (found := _decoded(islice(messages, min(records_max, MESSAGES_MAX)), type, counted)) is not None:
        yield found
        counted += int(found.header["messages"])
    if not counted:
        yield Decoded(NAME, TYPE, refusals=(Refusal("FAIM-EMPTY", "FF01", "file", "no message found; expected one"),))


def reprint(data: bytes) -> bytes:
    """Every tag and element printed from what was read of it."""
    return scan.printed(*scan.scan(data.decode("latin-1"))).encode("latin-1")


# --- writing ----------------------------------------------------------------------------------------------


def routing_number_right(number: str) -> bool:
    """Nine digits whose weighted sum (3, 7, 1) is a multiple of ten."""
    if len(number) != 9 or not (number.isascii() and number.isdigit()):
        return False
    return sum(int(d) * w for d, w in zip(number, ROUTING_WEIGHTS, strict=True)) % 10 == 0


def fit(payment: Payment, type: str) -> Fit:
    """Whether FAIM can say the payment, and what it would lose."""
    refusal = _unfit(payment)
    if refusal is not None:
        return Fit(structs.replace(refusal, record=payment.end_to_end_id))
    text = write.message(payment, type, _trial(payment), 0)
    _, messages = scan.scan(text)
    wrong = rules.check(messages[0]) if len(messages) == 1 else [_refusal("unfit", "message", "it makes no message")]
    if wrong:
        return Fit(structs.replace(wrong[0], record=payment.end_to_end_id))
    return Fit(losses=tuple(loss.compared(payment, meaning.payment(messages[0], payment.place))))


def _trial(payment: Payment) -> Writing:
    """As our own institution would write it, when the payment names no sender that Fedwire knows."""
    return _TRIAL if write.member(payment.instructing_agent) else structs.replace(_TRIAL, routing_number="123456780")


def _refusal(code: str, place: str, text: str, reason: str = "FF01") -> Refusal:
    return Refusal(code, reason, place, text)


def _unfit(payment: Payment) -> Refusal | None:
    if payment.kind not in meaning.KIND_INSTRUMENTS:
        return _refusal("wrong-kind", payment.place, f"FAIM carries no {payment.kind.replace('_', ' ')}")
    if payment.amount.currency != "USD":
        text = f"the currency is {payment.amount.currency}, Fedwire moves USD"
        return _refusal("not-dollars", "amount", text, "AM03")
    if not 0 < payment.amount.minor <= AMOUNT_MAX_CENTS:
        return _refusal("amount-unfit", "amount", "the amount is not between 0.01 and 9999999999.99", "AM02")
    if not routing_number_right(write.member(write.receiver(payment))):
        text = "no institution on the receiving side has a routing number (USABA) with a right check digit"
        return _refusal("no-routing-number", "instructed_agent", text, "RC04")
    return _parties(payment)


def _parties(payment: Payment) -> Refusal | None:
    """What the business function needs."""
    if payment.kind == "fi_transfer" and payment.underlying is None:
        return None
    for side, reason in (("creditor", "BE22"), ("debtor", "BE21")):
        own = (getattr(payment, side), getattr(payment, f"{side}_account"), getattr(payment, f"{side}_institution"))
        if not any(own):
            return _refusal(f"missing-{side}", side, f"the {side} is missing", reason)
    return None


def encode(payments: Sequence[Payment], type: str, writing: Writing) -> Frame:
    """Messages one after the other, a line for each tag."""
    texts = [write.message(payment, type, writing, index) for index, payment in enumerate(payments)]
    return Frame("\n".join(texts).encode("latin-1", "replace") + b"\n", type, SUFFIX, MEDIA, writing.message_id)


# --- answers ----------------------------------------------------------------------------------------------

ERROR_CATEGORY = {"AM04": "F", "AM05": "X", "DUPL": "X"}  # insufficient balance, duplicate IMAD; all else E, data


def answer(decoded: Decoded, statuses: Sequence[Status], writing: Writing) -> list[Frame]:
    """An acknowledgement for each message: {1100} with its status, {1110} when, {1130} why not, {1520} which."""
    environment = decoded.header.get("environment") or "P"
    moment = datetime.fromtimestamp(writing.now_ns // 1_000_000_000, UTC).strftime("%m%d%H%M")
    said = [
        _acknowledged("3", environment, moment, refusal.reason, refusal.text, decoded.header.get("imad", ""))
        for refusal in decoded.refusals[:1]
    ]
    for status in () if decoded.refusals else statuses:
        record = status.record
        imad = record.clearing_reference if isinstance(record, Payment) else ""
        if isinstance(record, Refusal):
            imad = dict(record.extra).get("fedwire:imad", "")
        state = {"RJCT": "3", "ACSC": "2"}.get(status.code, "0")
        said.append(_acknowledged(state, environment, moment, status.reason, status.text, imad))
    if not said:
        said.append(_acknowledged("7", environment, moment, "", "", decoded.header.get("imad", "")))
    return [Frame("".join(said).encode("latin-1", "replace"), TYPE, SUFFIX, MEDIA, writing.message_id)]


def _acknowledged(state: str, environment: str, moment: str, reason: str, text: str, imad: str) -> str:
    lines = [f"{{1100}}30{environment} {state}", f"{{1110}}{moment}FO  "]
    if state == "3":
        told = parties.plain(f"{reason} {text}")[:35]
        lines.append(f"{{1130}}{ERROR_CATEGORY.get(reason, 'E')}{reason[-3:].ljust(3) or '000'}{told}*")
    if imad:
        lines.append(f"{{1520}}{imad}")
    return "\n".join(lines) + "\n"

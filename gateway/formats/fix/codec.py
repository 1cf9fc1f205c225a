"""FIX as a format: messages to records, outcomes to bodies; the session engine is `acceptor`.

Strategy: bytes are framed, split and checked against the shipped dictionary of their version. An order becomes an
Order, other messages of trading become the records of `business`; every other valid message is a Refusal in its
place, answered by BusinessMessageReject. What trading answers is written by `telling`. A message that comes
off a session (the door says type `session`) was framed and checked there, as that session is configured to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, get_args

from gateway.formats.fix import validate
from gateway.formats.fix.acceptor import FixAcceptor, check, shipped
from gateway.formats.fix.business import records_of
from gateway.formats.fix.frame import GARBLED, MESSAGE_BYTES_MAX, cut
from gateway.formats.fix.message import ADMIN_TYPES, Message, assemble, join, parse
from gateway.formats.fix.orders import order_of, refusal
from gateway.formats.fix.outgoing import Sent
from gateway.formats.fix.refused import REFUSED
from gateway.formats.fix.reports import UNSUPPORTED_TYPE, reject, report
from gateway.formats.fix.telling import plain_report, tell, trade_answer
from gateway.formats.fix.validate import Fault, Rules
from gateway.formats.fix.versions import OLD_EXECUTIONS, VERSIONS
from gateway.model import Order, Payment, Record, Refusal, Status
from gateway.model.trading import Told, Trading
from gateway.ports import Decoded, Fit, Frame, SessionConfig, SessionState, Writing

FILE_BYTES_MAX = 64 * 1024 * 1024  # of messages in a file; FIX files are samples and logs, not bulk

# What is not answered by the usual report, by where it was read: trades, and orders of versions that say it otherwise.
_OTHERWISE = frozenset(
    f"{version}/{type}" for version in (*OLD_EXECUTIONS, "FIX.4.3") for type in ("D", "AJ")
) | frozenset(f"{version.begin_string.decode()}/AE" for version in VERSIONS.values())

_FAULT_CODES = {
    validate.INVALID_TAG: "invalid-tag",
    validate.MISSING: "missing-tag",
    validate.NOT_IN_MESSAGE: "tag-not-in-message",
    validate.NO_VALUE: "tag-without-value",
    validate.OUT_OF_RANGE: "value-out-of-range",
    validate.BAD_FORMAT: "bad-data-format",
    validate.INVALID_TYPE: "invalid-message-type",
    validate.REPEATED: "repeated-tag",
    validate.OUT_OF_ORDER: "tag-out-of-order",
    validate.GROUP_ORDER: "group-out-of-order",
    validate.GROUP_COUNT: "wrong-group-count",
}


class Fix:
    """ports.Codec of FIX; `acceptor` serves its sessions."""

    name = "fix"
    writes: tuple[str, ...] = tuple(f"{version.begin_string.decode()}/D" for version in VERSIONS.values())

    def detect(self, head: bytes) -> bool:
        return head.startswith(b"8=FIX")

    def decode(self, data: bytes, type: str = "") -> Decoded:
        if type or cut(data, 0, MESSAGE_BYTES_MAX, final=True) == (len(data), data):
            message = parse(data)
            if message is not None and message.tags[0] == b"8":
                return _decoded(_records(message) if type else _checked(message), message)
        return _decode_file(data)

    def parts(self, file: BinaryIO, records_max: int) -> Iterator[Decoded]:
        """The whole file in one part."""
        data = file.read(FILE_BYTES_MAX + 1)
        if len(data) > FILE_BYTES_MAX:
            text = f"a file of FIX messages has at most {FILE_BYTES_MAX} bytes"
            yield Decoded(self.name, "", refusals=(Refusal("file-too-large", "FF01", "file", text),))
        else:
            yield _decode_file(data)

    def fit(self, payment: Payment, type: str) -> Fit:
        """Orders are placed by `tell`; a payment cannot be."""
        return Fit(Refusal("not-in-format", "AG02", payment.place, f"{type} carries no payment"))

    def encode(self, payments: Sequence[Payment], type: str, writing: Writing) -> Frame:
        raise ValueError(f"FIX carries no payments; {type} cannot be written")

    def answer(self, decoded: Decoded, statuses: Sequence[Status], reply: str, writing: Writing) -> list[Frame]:
        """One body per record, beginning with `35=`; a message refused as a whole is told once."""
        if decoded.refusals:
            return [reject(_status(refusal), refusal) for refusal in decoded.refusals]
        frames: list[Frame] = []
        for status in statuses:
            frames += _answer(status, writing.now_ns, decoded.type)
        return frames

    def tell(self, told: Told, type: str, now_ns: int) -> list[Frame]:
        """What trading says to a session, in the version that `type` begins with."""
        return tell(told, type, now_ns)

    def reprint(self, data: bytes) -> bytes:
        """Every message put together again from its fields; what stands between messages is kept when it is blank."""
        printed: list[bytes] = []
        for raw, between in _messages(data):
            message = parse(raw) if raw else None
            if message is not None:
                pairs = message.pairs()
                printed.append(assemble(message.fields[b"8"], join(pairs[2:-1])))
            printed.append(between)
        return b"".join(printed)

    def check_sessions(self, sessions: Sequence[SessionConfig]) -> None:
        """Raises ValueError with a sentence for sessions that cannot be served."""
        for config in sessions:
            check(config)

    def acceptor(
        self, endpoint: str, sessions: Sequence[SessionConfig], states: Sequence[SessionState], sent: Sent
    ) -> FixAcceptor:
        """The sessions of an endpoint; `sent` reads committed messages of a session. Raises ValueError."""
        return FixAcceptor(endpoint, sessions, states, sent)


# --- reading ----------------------------------------------------------------------------------------


def _messages(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Framed messages (GARBLED in the place of others), each with the blanks that follow it."""
    place = len(data) - len(data.lstrip())
    if place:
        yield GARBLED, data[:place]
    while place < len(data):
        found = cut(data, place, MESSAGE_BYTES_MAX, final=True)
        assert found is not None, "nothing is waited for at the end of a file"
        end, raw = found
        rest = data[end : end + 64].lstrip()
        blanks = data[end : end + 64][: len(data[end : end + 64]) - len(rest)]
        yield raw, blanks
        place = end + len(blanks)


def _decode_file(data: bytes) -> Decoded:
    records: list[Record | Refusal] = []
    first: Message | None = None
    for index, (raw, _) in enumerate(_messages(data)):
        if not raw and not index and data[:1].isspace():
            continue
        message = parse(raw) if raw else None
        if message is None:
            text = "garbled: the first fields, BodyLength, CheckSum or a tag are wrong"
            records.append(Refusal("garbled", "FF01", f"message {len(records) + 1}", text))
        else:
            first = first or message
            records.extend(_checked(message))
    if not records:
        return Decoded("fix", "", refusals=(Refusal("empty-file", "FF01", "byte 0", "there is no FIX message"),))
    return _decoded(records, first)


def _decoded(records: Sequence[Record | Refusal], message: Message | None) -> Decoded:
    if message is None:
        return Decoded("fix", "FIX", records=records)
    fields = message.fields
    begin_string = fields[b"8"].decode("latin-1")
    type = begin_string if len(records) > 1 else f"{begin_string}/{message.type.decode('latin-1')}"
    return Decoded(
        "fix",
        type,
        "",
        fields.get(b"52", b"").decode("latin-1"),
        records,
        sender=fields.get(b"49", b"").decode("latin-1"),
        receiver=fields.get(b"56", b"").decode("latin-1"),
    )


def _checked(message: Message) -> Sequence[Record | Refusal]:
    """A message that no session has checked."""
    rules = _rules.get(message.fields[b"8"]) or _find_rules(message)
    if isinstance(rules, Refusal):
        return [rules]
    fault = rules.fault(message)
    return [_faulty(message, fault)] if fault is not None else _records(message)


_rules: dict[bytes, Rules] = {}  # of the versions met so far


def _find_rules(message: Message) -> Rules | Refusal:
    version = VERSIONS.get(message.fields[b"8"])
    if version is None:
        return refusal(message, "unknown-version", "FF01", b"8", "BeginString is none of the supported versions")
    try:
        rules = shipped().rules(version)
    except ValueError as error:
        return refusal(message, "no-dictionary", "FF01", b"8", str(error))
    assert rules is not None, "only an application version can be unknown"
    _rules[version.begin_string] = rules
    return rules


def _faulty(message: Message, fault: Fault) -> Refusal:
    return refusal(message, _FAULT_CODES[fault.reason], "FF01", fault.tag, fault.text.decode())


def _records(message: Message) -> Sequence[Record | Refusal]:
    if message.type == b"D":
        return [order_of(message)]
    if message.type in ADMIN_TYPES:
        return [refusal(message, "session-message", "FF01", b"", "a message of the session layer carries no order")]
    read = records_of(message)
    if read is None:
        return [refusal(message, UNSUPPORTED_TYPE, "FF01", b"", "Unsupported Message Type")]
    return read


# --- answering --------------------------------------------------------------------------------------


def _answer(status: Status, now_ns: int, type: str) -> list[Frame]:
    """What the sender of a record is told: what trading says, else a report of an order, else why it was refused."""
    record = status.record
    if status.told is not None:
        return [frame for told in status.told for frame in tell(told, type, now_ns)]
    if isinstance(record, Order):
        if record.source not in _OTHERWISE:
            return [report(status, now_ns)]
        told = trade_answer(status, record) if record.kind == "trade" else plain_report(status, record)
        return tell(told, record.source, now_ns)
    if isinstance(record, Refusal):
        return [_answer_refusal(status, record, now_ns)]
    if status.code == "RJCT" and isinstance(record, get_args(Trading)):
        version = ("fix:8", record.source.partition("/")[0])
        refused = Refusal(status.refusal_code, status.reason, status.place, status.text, "", (version, *record.extra))
        return [reject(status, refused)]
    return []


def _answer_refusal(status: Status, refused: Refusal, now_ns: int) -> Frame:
    """A message that could not be read, answered the way its type is answered."""
    type = dict(refused.extra).get("fix:35", "")
    if refused.code in _FAULT_CODES.values() or type not in REFUSED:
        return reject(status, refused)
    return REFUSED[type](status, refused, now_ns)


def _status(refusal: Refusal) -> Status:
    return Status("RJCT", refusal, 0, refusal.reason, refusal.text, refusal.code, refusal.place)


FORMAT = Fix()

"""What a batch writes: every number given, row kept, movement posted and message sent goes through here.

`State` is what is remembered between batches; `Entries` is one batch being written. Rows of this batch are found
before those of the store, and a payment is found in the status that it has now.
"""

from __future__ import annotations

import re
from bisect import insort
from collections.abc import Iterator, Sequence
from datetime import date
from typing import cast

import msgspec

from gateway import formats
from gateway.addressing import repaired
from gateway.model import Operation, Order, Payment, Record, Refusal, Status
from gateway.model.trading import Execution, Told
from gateway.planning import Plan, Snapshot, Source, Speaker, reference
from gateway.ports import (
    Batch,
    Codec,
    DecisionRow,
    Decoded,
    Delivery,
    FileRow,
    Finding,
    Frame,
    MessageRow,
    Movement,
    PaymentRow,
    Reading,
    StatusRow,
    TransferRow,
    Writing,
)
from gateway.repeats import Repeats, identity_hash
from gateway.settlement.book import Book
from gateway.settlement.departures import Departures
from gateway.settlement.hours import Departure
from gateway.settlement.instant import moment_ns, utc
from gateway.settlement.ledger import Ledger, Leg

KEPT = ("statement", "report", "reconciliation")  # the last of an identity is looked up to go on from
CONVERSATION = "conversation"  # the check of decisions that link what belongs to one conversation
OPEN = ("PDNG", "ACSP")  # not decided yet
HASH_MAX = 2**64 - 1
ALIKE_MAX = 64  # payments of one identity that are told apart
SPREAD = 0x9E3779B97F4A7C15  # the members of one message lie apart: each in a bucket of its own
WRITTEN_MAX = 100_000  # messages of one batch: the last five digits of their ids
WAITS = "waits-to-leave"  # the code of a payment that has settled here; when it leaves, its text says
_OURS = re.compile(r"FO[0-9]{14}\Z", re.ASCII)  # the message id of a writing
_LEAVES = re.compile(r"leaves at (\S+) to settle on (\S+)\Z")
FILLS = ("fill", "busted", "corrected")  # also when one is held, it may hold its order's state

pack = msgspec.msgpack.Encoder().encode
unpack_record = msgspec.msgpack.Decoder(Record | Refusal).decode
_unpack_head = msgspec.msgpack.Decoder(tuple[str, str, str, str, str, str, dict[str, str], int]).decode


class State:
    """What apply remembers between batches; rebuilt from the store at every start."""

    def __init__(self, store: Reading) -> None:
        self.ledger = Ledger()
        self.references = Repeats()  # payment identity -> payment id
        self.arrivals = Repeats()  # message digest, key or id -> message id
        self.held: dict[int, PaymentRow] = {}
        self.repairs: dict[int, list[int]] = {}  # payment that waits on though it was repaired -> repairs, by number
        self.book = Book()  # orders at work, standing instructions
        self.files: dict[tuple[str, bytes], FileRow] = {}
        self.deadlines: dict[int, int] = {}  # payment not decided yet -> ns by which it must be
        self.departures = Departures()  # payments that have settled here and wait to leave
        self.message = self.payment = self.transfer = self.delivery = 0  # last number given
        self.read_message = store.message
        self.read_payment = store.payment
        self.exceptions = store.exceptions
        self.read_latest = store.latest
        self.movements = store.movements
        self.last_transfer_before = store.last_transfer_before

    def load_open(self, rows: Sequence[PaymentRow]) -> None:
        """Take over the payments that are not final: held ones, and what the book remembers."""
        self.held = {row.id: row for row in rows if row.status == "PDNG"}
        for row in rows:
            if row.kind == "repair":
                self._repair_again(row)
        for row in rows:
            departure = departure_of(row)
            if departure is not None:
                self.departures.add(row.id, departure.at_ns)
        rows = [row for row in rows if row.id not in self.departures]
        booked = (row for row in rows if row.kind != "repair" and (row.status == "ACSP" or row.kind in FILLS))
        self.book.load([(row, unpack_record(row.record)) for row in booked])

    def repair(self, id: int, held: PaymentRow, made: Payment) -> None:
        """A held payment waits on with other addresses, by the repair of number `id`."""
        self.held[held.id] = msgspec.structs.replace(held, record=pack(made))
        self.repairs.setdefault(held.id, []).append(id)

    def _repair_again(self, row: PaymentRow) -> None:
        operation = unpack_record(row.record)
        assert isinstance(operation, Operation), "a repair is an operation"
        held = self.held.get(int(operation.subject))
        record = unpack_record(held.record) if held is not None else None
        if held is None or not isinstance(record, Payment):
            return
        made = repaired(record, operation.addresses)
        assert isinstance(made, Payment), "a repair that was taken is of a party that is there"
        self.repair(row.id, held, made)


class Entries:
    """One batch being written."""

    def __init__(self, state: State, snapshot: Snapshot, batch: Batch) -> None:
        self.state = state
        self.snapshot = snapshot
        self.batch = batch
        self.messages: dict[int, MessageRow] = {}  # of this batch
        self.payments: dict[int, PaymentRow] = {}  # of this batch
        self._standings: dict[int, StatusRow] = {}  # changes made in this batch
        self._latest: dict[int, PaymentRow] = {}  # of this batch, by the identity they are kept under
        self._written = 0
        self._sending = False  # whether a message with payments was written

    # -- rows

    def keep(
        self,
        id: int,
        message: int,
        record: Record | Refusal,
        plan: Plan | None,
        status: Status,
        hash: int = 0,
        legs: Sequence[Leg] = (),
    ) -> PaymentRow:
        """Write down a record as it was admitted. `legs` where they are not the plan's own."""
        debit = credit = currency = route = ""
        minor = 0
        losses = b""
        if plan is not None:
            route = plan.way.route.name
            legs = plan.legs
            if plan.losses:
                losses = pack(plan.losses)
        if legs:
            debit, credit = legs[0].debit, legs[0].credit
        if isinstance(record, Payment):
            currency, minor = record.amount.currency, record.amount.minor
        elif isinstance(record, Order):
            currency, minor = record.base.currency, record.base.minor
        elif legs:
            currency, minor = legs[0].currency, legs[0].minor
        row = PaymentRow(
            id,
            message,
            status.place,
            "refusal" if isinstance(record, Refusal) else record.kind,
            status.code,
            status.reason,
            status.refusal_code,
            status.text,
            route,
            self.snapshot.generation,
            debit,
            credit,
            currency,
            minor,
            reference(record),
            hash,
            losses,
            pack(record),
        )
        rows = self.batch.payments
        if rows and rows[-1].id > id:  # what it brought about was written down before it
            insort(rows, row, key=lambda other: other.id)
        else:
            rows.append(row)
        self.payments[id] = row
        if hash and row.kind in KEPT:
            self._latest[hash] = row
        return row

    def latest(self, hash: int) -> PaymentRow | None:
        """The last statement or reconciliation that was kept under an identity."""
        return self._latest.get(hash) or self.state.read_latest(hash)

    def payment(self, id: int) -> PaymentRow | None:
        """A payment in its present status; None for a number that was never given."""
        row = self.payments.get(id) or self.state.read_payment(id)
        standing = self._standings.get(id)
        if row is None or standing is None:
            return row
        return msgspec.structs.replace(row, status=standing.status, reason=standing.reason, text=standing.text)

    def message(self, id: int) -> MessageRow | None:
        return self.messages.get(id) or self.state.read_message(id)

    def change(self, id: int, status: str, message: int, reason: str = "", text: str = "") -> None:
        """A payment's status after its admission."""
        if status not in OPEN:
            self.state.deadlines.pop(id, None)
            self.state.departures.remove(id)
        row = StatusRow(id, status, reason, text, message)
        self.batch.statuses.append(row)
        self._standings[id] = row

    def let_go(self, held: int, message: int) -> None:
        """A hold has ended, and with it what was at work on it."""
        del self.state.held[held]
        for repair in self.state.repairs.pop(held, ()):
            self.change(repair, "ACSC", message)

    def decided(self, id: int, finding: Finding) -> None:
        """What a check had to say."""
        self.batch.decisions.append(
            DecisionRow(
                id,
                finding.check,
                finding.outcome,
                finding.code,
                finding.reason,
                finding.text,
                finding.detail,
                finding.score,
                finding.evidence,
            )
        )

    def link(self, original: int, said: int, kind: str, text: str = "") -> None:
        """Two records of one conversation: a payment, and what is said about it."""
        self.name(identity("", f"about/{said}"), original)
        for one, outcome, other in ((original, kind, said), (said, "about", original)):
            self.batch.decisions.append(DecisionRow(one, CONVERSATION, outcome, "", "", text, str(other), 0.0, ""))

    def about(self, said: int) -> int:
        """The payment that a record of a conversation is about; 0 for none."""
        return self.state.references.find(identity("", f"about/{said}"))

    def decided_by(self, id: int, operation: Operation, status: Status) -> None:
        """What a person decided."""
        self.batch.decisions.append(
            DecisionRow(
                id,
                "person",
                operation.kind,
                status.refusal_code,
                status.reason,
                status.text,
                "",
                0.0,
                "",
                operation.by,
                operation.because,
            )
        )

    def post(self, payment: int, legs: Sequence[Leg]) -> None:
        """Write down movements that the ledger has made."""
        for leg in legs:
            self.state.transfer += 1
            self.batch.transfers.append(
                TransferRow(self.state.transfer, payment, leg.debit, leg.credit, leg.currency, leg.minor)
            )

    def movements(self, account: str, currency: str, after: int) -> list[Movement]:
        """What moved an account since a transfer: committed, then in this batch."""
        fresh = [
            self.movement(transfer) for transfer in self.batch.transfers if account in (transfer.debit, transfer.credit)
        ]
        return [m for m in (*self.state.movements(account, after), *fresh) if m.transfer.currency == currency]

    def movement(self, transfer: TransferRow) -> Movement:
        """A movement of this batch."""
        row = self.payment(transfer.payment)
        return Movement(transfer, self.batch.time_ns, row.record if row is not None else b"")

    # -- identities

    def remember(self, hash: int, id: int) -> None:
        """The first payment of an identity keeps it."""
        if hash and not self.state.references.find(hash):
            self.name(hash, id)

    def name(self, hash: int, id: int) -> None:
        """From now on an identity means this payment."""
        self.state.references.add(hash, id)
        self.batch.references.append((hash, id))

    def known(self, hash: int) -> PaymentRow | None:
        """The payment that has this identity, in its present status."""
        id = self.state.references.find(hash) if hash else 0
        row = self.payment(id) if id else None
        return row if row is not None and row.identity == hash else None

    def sent(self, endpoint: str, message_id: str, payments: Sequence[int]) -> None:
        """A message that payments left in: answers to it name the message, and one of them or all.

        The way back, from a payment to its message, is kept where the message has the number of its writing.
        """
        hash = identity(endpoint, f"sent/{message_id}")
        number = int(message_id[2:]) if _OURS.match(message_id) else 0
        if number and not self._sending:
            self.name(_batch(self.batch.id), self.batch.time_ns)
            self._sending = True
        for id in payments:
            self.name(hash, id)
            if number:
                self.name(_left_in(id), number)
            hash = beside(hash)

    def left_in(self, endpoint: str, payment: int) -> tuple[str, int]:
        """The id of the message that a payment left in, and when that was made; ("", 0) where that is forgotten."""
        number = self.state.references.find(_left_in(payment))
        message_id = f"FO{number:014d}"
        if not number or payment not in self.sent_in(endpoint, message_id):
            return "", 0
        return message_id, self.state.references.find(_batch(number // WRITTEN_MAX))

    def sent_in(self, endpoint: str, message_id: str) -> Iterator[int]:
        """The payments that left in a message, in its order."""
        yield from self.alike(identity(endpoint, f"sent/{message_id}"))

    def alike(self, hash: int) -> Iterator[int]:
        """All payments of an identity that several may have, in the order in which they were added."""
        while id := self.state.references.find(hash):
            yield id
            hash = beside(hash)

    def join(self, hash: int, id: int) -> None:
        """One more payment of an identity that several may have; more than a few are not told apart by it."""
        for _ in range(ALIKE_MAX):
            if not self.state.references.find(hash):
                self.name(hash, id)
                return
            hash = beside(hash)

    def files_before(self, endpoint: str) -> int:
        """How many files went to an endpoint today; one more from now on."""
        return self._count(identity(endpoint, f"files/{utc(self.batch.time_ns)[:10]}"))

    def leave_for(self, payment: int, day: str) -> None:
        """A payment has left to settle on another day than it asked for."""
        self.name(identity("", f"left for/{payment}"), date.fromisoformat(day).toordinal())

    def left_for(self, payment: int) -> str:
        """The day on which a payment settles where it was sent; "" where that is the day that it asked for."""
        day = self.state.references.find(identity("", f"left for/{payment}"))
        return date.fromordinal(day).isoformat() if day else ""

    # -- messages out

    def outbox(self, endpoint: str, name: str, frame: Frame, session: str = "") -> None:
        self.state.delivery += 1
        self.batch.outbox.append(
            Delivery(self.state.delivery, endpoint, name, frame.type, frame.media, frame.data, session)
        )

    def tell(self, source: Source, told: Told) -> None:
        """Say something to a session, through the outbox, whether or not it is connected."""
        endpoint = self.snapshot.endpoints.get(source.endpoint)
        if endpoint is None or endpoint.answer_by == "caller":
            return  # gone from the configuration, or nobody is waiting any more: the row says what would be said
        codec = endpoint.codec or formats.load("fix")
        for frame in cast(Speaker, codec).tell(told, source.type, self.batch.time_ns):
            name = f"{self.state.delivery + 1:012d}-{frame.type}{frame.suffix}"
            self.outbox(source.endpoint, name, frame, source.session)

    def writing(self, receiver: str) -> Writing:
        """What the writer of a message is given; its id is unique for ever."""
        self._written += 1
        name = f"FO{self.batch.id:09d}{self._written:05d}"
        return Writing(name, self.batch.time_ns, self.snapshot.sender, receiver, self.snapshot.routing_number)

    def accounted(self, codec: Codec, type: str, records: Sequence[Record], writing: Writing) -> Writing:
        """The writing with the number that a network wants its messages to have: rising by one, day by day."""
        wanted, terminal = getattr(codec, "accountable", None), self.snapshot.terminal
        if wanted is None or not terminal or not any(wanted(record, type, writing) for record in records):
            return writing
        day = getattr(records[0], "settlement_date", "") or utc(self.batch.time_ns)[:10]
        before = self._count(identity("", f"{terminal}/{day}"), len(records))
        return msgspec.structs.replace(writing, terminal=terminal, files_before=before)

    def _count(self, name: int, more: int = 1) -> int:
        """How many there were of a name, before so many more; durable."""
        count = self.state.references.find(name)
        self.name(name, count + more)
        return count

    def answering(self, codec: Codec, endpoint: str, receiver: str, statuses: Sequence[Status]) -> Writing:
        """What the writer of an answer is given; some formats count the files of a day."""
        writing, counted = self.writing(receiver), getattr(codec, "counted", None)
        if counted is None or not counted(statuses):
            return writing
        return msgspec.structs.replace(writing, files_before=self.files_before(endpoint))

    def tell_sender(self, message: MessageRow, status: Status) -> None:
        """A later answer to a message whose payment was held; a caller that waited asks by payment id."""
        endpoint = self.snapshot.endpoints.get(message.endpoint)
        if endpoint is None or endpoint.answer_by == "caller" or message.format not in formats.names():
            return
        codec = formats.load(message.format)
        decoded = reopen(message, codec)
        writing = self.answering(codec, message.endpoint, decoded.sender, [status])
        frames = codec.answer(decoded, [status], "", writing)
        if endpoint.head is not None:
            frames = [endpoint.head(codec, frame, writing) for frame in frames]
        for frame in frames:
            # A payment may be told of more than once: the number of the delivery keeps the names apart.
            told = f"{message.source}.payment-{status.payment_id}"
            name = answer_name(message.id, self.state.delivery + 1, told, frame.suffix)
            self.outbox(message.endpoint, name, frame, message.session)


def departure_text(departure: Departure) -> str:
    """What a payment's state says while it waits to leave."""
    return f"leaves at {utc(departure.at_ns)} to settle on {departure.settles}"


def departure_of(row: PaymentRow) -> Departure | None:
    """When a payment leaves that waits to; None for every other."""
    found = _LEAVES.match(row.text) if row.status == "ACSP" else None
    return Departure(moment_ns(found[1]), found[2]) if found is not None else None


def beside(hash: int) -> int:
    """Where the next member of an identity stands that several have."""
    return hash + SPREAD & HASH_MAX or 1


def identity(endpoint: str, text: str) -> int:
    """The number that an identity of an endpoint is remembered under."""
    return identity_hash(f"{endpoint}\0{text}")


def _left_in(payment: int) -> int:
    """The name under which the message is found that a payment left in: no hash of text, since there are so many."""
    return payment * SPREAD & HASH_MAX


def _batch(id: int) -> int:
    return identity("", f"batch/{id}")


def source_of(message: MessageRow, type: str = "") -> Source:
    """Where a journaled message came from."""
    return Source(message.endpoint, message.session, type or message.type, message.id)


def rejected(id: int, record: Record | Refusal, refusal: Refusal) -> Status:
    """The status of a record that is not taken."""
    return Status("RJCT", record, id, refusal.reason, refusal.text, refusal.code, refusal.place)


def status_of(row: PaymentRow) -> Status:
    """The status a payment was admitted with, from its row."""
    return Status(row.status, unpack_record(row.record), row.id, row.reason, row.text, row.refusal_code, row.place)


def answer_name(message: int, index: int, source: str, suffix: str) -> str:
    """A stable file name for an answer: the message's number, then what the sender called it, made safe."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in source.rpartition("/")[2])[:80]
    tail = f"-{index}" if index else ""
    return f"{message:012d}{tail}-{safe or 'message'}{suffix}"


def reopen(message: MessageRow, codec: Codec) -> Decoded:
    """The head of a message from the journal, for a later answer."""
    if not message.part and message.data[:1] != b"\x98":  # msgpack array of 8: the head of a file in parts
        return msgspec.structs.replace(codec.decode(message.data, message.type), records=())
    format, type, message_id, created, sender, receiver, header, count = _unpack_head(message.data)
    return Decoded(format, type, message_id, created, (), (), sender, receiver, header, count)


def orders_of(record: Record | Refusal) -> Order | None:
    """The order that a record is or carries."""
    if isinstance(record, Order):
        return record
    return record.order if isinstance(record, Execution) else None

"""The way of a batch: prepare, apply. A newcomer reads this first.

    Inbound -> prepare: decode, route, plan, fit, check          (pure: message + snapshot, nothing else)
            -> apply:   find repeats, hold, settle, translate, answer   (one writer; no clock, no chance)
            -> Batch    one transaction of the store             (gateway/engine.py commits and releases)

Every message gets a row, an outcome and, where its format has one, an answer. Every record in it becomes
exactly one payment that is settled, held or refused; that the three add up is asserted. Everything that can
refuse stands before `ledger.apply`; after it, nothing may fail.

What happens to a record is its kind's affair: planning.py (which route and accounts), settling.py (payments and
orders), operations.py (instructions to the gateway), conversations/ (what is said about payments), trading/ (what is
said about orders and trades). entries.py writes all of it down.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from gateway import formats
from gateway.conversations import Conversations
from gateway.entries import Entries, State, answer_name, pack, rejected, status_of
from gateway.model import Notice, Operation, Order, Payment, Record, Refusal, Statement, Status
from gateway.operations import Operations
from gateway.planning import GIVING_BACK, Endpoint, Plan, Policy, Snapshot, Source, Way, plan_record, reference
from gateway.ports import (
    Batch,
    Codec,
    Decoded,
    FileRow,
    Finding,
    Frame,
    Inbound,
    MessageRow,
    Outcome,
)
from gateway.repeats import identity_hash
from gateway.settling import Settling
from gateway.statements.issue import Issuing, may_be_asked
from gateway.statements.reconcile import Reconciling, mirror_of
from gateway.trading import Desk

__all__ = [
    "HEAD_BYTES",
    "Endpoint",
    "Plan",
    "Policy",
    "Prepared",
    "Snapshot",
    "State",
    "Way",
    "apply",
    "prepare",
    "reference",
    "status_of",
]

HEAD_BYTES = 4096  # what a format sees to recognise its own
REFUSALS_KEPT = 1_000  # of one message: enough to mend a file, bounded against a hostile one

PART_ANSWERS = 1  # the answer to a file in parts is the first; what else its parts bring about follows
MOVING = (Payment, Order)  # what has a plan
_unpack_frames = msgspec.msgpack.Decoder(list[Frame]).decode
_unpack_refusals = msgspec.msgpack.Decoder(list[Refusal]).decode


# --- prepare --------------------------------------------------------------------------------------


class Prepared(Struct, frozen=True):
    """A message decoded, and a plan for each of its records (None for one that is not to be settled)."""

    inbound: Inbound
    codec: Codec | None
    decoded: Decoded
    digest: bytes
    plans: Sequence[Plan | None] = ()


def prepare(batch: Sequence[Inbound], snapshot: Snapshot) -> list[Prepared]:
    """Decode, route, plan, fit and check a batch. Pure; may run in any process."""
    opened = [_open(inbound, snapshot) for inbound in batch]
    plans = [_plans(one, snapshot) for one in opened]
    findings = _check(opened, plans)
    return [
        Prepared(
            one.inbound,
            one.codec,
            one.decoded,
            one.digest,
            [
                plan
                if plan is None or (place, index) not in findings
                else msgspec.structs.replace(plan, findings=(*findings[place, index], *plan.findings))
                for index, plan in enumerate(plans[place])
            ]
            if findings
            else plans[place],
        )
        for place, one in enumerate(opened)
    ]


def _open(inbound: Inbound, snapshot: Snapshot) -> Prepared:
    if inbound.decoded is not None:
        decoded = inbound.decoded
        return Prepared(inbound, formats.load(decoded.format), decoded, inbound.digest)
    codec = snapshot.endpoints[inbound.endpoint].codec or formats.detect(inbound.data[:HEAD_BYTES])
    digest = inbound.digest or hashlib.sha256(inbound.data).digest()
    if codec is None:
        return Prepared(inbound, None, _unknown_format(), digest)
    decoded = codec.decode(inbound.data, inbound.type)
    held_to = snapshot.endpoints[inbound.endpoint].held_to
    return Prepared(inbound, codec, held_to(decoded) if held_to is not None else decoded, digest)


def _behind(one: Prepared, done: int) -> Prepared:
    """A part of a file without its first records, which an earlier run committed in parts of another size."""
    assert done >= 0, "the parts of a file come in order"
    if not done:
        return one
    decoded = msgspec.structs.replace(one.decoded, records=one.decoded.records[done:])
    return msgspec.structs.replace(one, decoded=decoded, plans=one.plans[done:])


def _unknown_format() -> Decoded:
    known = ", ".join(formats.names())
    text = f"the first bytes belong to none of the known formats ({known})"
    return Decoded("", "", refusals=(Refusal("unknown-format", "FF01", "byte 0", text),))


def _plans(one: Prepared, snapshot: Snapshot) -> list[Plan | None]:
    inbound = one.inbound
    source = Source(inbound.endpoint, inbound.session, one.decoded.type)
    return [
        plan_record(record, source, snapshot) if isinstance(record, MOVING) and record.kind not in GIVING_BACK else None
        for record in one.decoded.records
    ]


def _check(
    opened: Sequence[Prepared], plans: Sequence[Sequence[Plan | None]]
) -> dict[tuple[int, int], Sequence[Finding]]:
    """Run each policy once over all records of the batch that it applies to."""
    groups: dict[str, tuple[Policy, list[tuple[int, int]], list[Record]]] = {}
    for place, one in enumerate(opened):
        for index, plan in enumerate(plans[place]):
            if plan is None or plan.refusal is not None or plan.way.policy is None:
                continue
            group = groups.setdefault(plan.way.route.check, (plan.way.policy, [], []))
            group[1].append((place, index))
            group[2].append(one.decoded.records[index])  # type: ignore[arg-type]  # a planned record is no Refusal
    return {
        where: found
        for policy, places, records in groups.values()
        for where, found in zip(places, policy(records), strict=True)
        if found
    }


# --- apply ----------------------------------------------------------------------------------------


def apply(prepared: Sequence[Prepared], state: State, snapshot: Snapshot, batch: Batch) -> list[Outcome]:
    """Change the state by one batch of messages, in order, and write down every change in `batch`."""
    return Walk(state, snapshot, batch).run(prepared)


class Walk:
    """One batch on its way through the state."""

    def __init__(self, state: State, snapshot: Snapshot, batch: Batch) -> None:
        self.state = state
        self.snapshot = snapshot
        self.batch = batch
        self.entries = Entries(state, snapshot, batch)
        self.settling = Settling(self.entries)
        self.desk = Desk(self.entries, self.settling)
        self.conversations = Conversations(self.entries, self.settling)
        self.operations = Operations(self.entries, self.settling, self.desk, self.conversations)
        self.issuing = Issuing(self.entries)
        self.fresh_exceptions: dict[tuple[str, bytes], list[Status]] = {}

    def run(self, prepared: Sequence[Prepared]) -> list[Outcome]:
        outcomes = [self._message(one) for one in prepared]
        self.settling.send()
        self.issuing.notify()
        return outcomes

    # -- messages

    def _message(self, one: Prepared) -> Outcome:
        if not one.inbound.last or one.inbound.part or (one.inbound.endpoint, one.digest) in self.state.files:
            return self._part(one)
        repeated = self._repeat(one)
        if repeated is not None:
            return repeated
        self.state.message += 1
        number = self.state.message
        refusals = one.decoded.refusals or self._conflict(one, number)
        statuses = [] if refusals else self._records(one, number)
        frames = [*self._answer(one, statuses, refusals), *self.conversations.said()]
        self._journal(one, number, refusals, frames)
        return Outcome(number, frames, statuses, refusals)

    def _part(self, one: Prepared) -> Outcome:
        """One part of a large file. Parts already committed before a crash are passed over."""
        inbound = one.inbound
        where = (inbound.endpoint, inbound.digest)
        before = self.state.files.get(where)
        if before is not None:
            done = len(one.decoded.records) if before.next_part < 0 else before.opened - inbound.first
            if before.next_part < 0 or (done > 0 and done >= len(one.decoded.records) and not inbound.last):
                return (self._repeat(one) if inbound.last else None) or Outcome(before.message, repeated=True)
            one = _behind(one, done)
        assert before is not None or not inbound.part, "the parts of a file come in order"
        self.state.message += 1
        number = self.state.message
        refusals = self._conflict(one, number) if before is None else ()
        if refusals:
            return self._refuse_file(one, number, refusals)
        statuses = self._records(one, number)
        row = self._progress(before, number, inbound, statuses)
        self.state.files[where] = row
        self.batch.files.append(row)
        fresh = self.fresh_exceptions.setdefault(where, [])
        fresh.extend(status for status in statuses if status.code != "ACSC")
        frames = self._answer_file(one, row, fresh) if inbound.last else []
        if self.snapshot.endpoints[inbound.endpoint].answer_by == "outbox":
            self._deliver(inbound, number, self.conversations.said(), PART_ANSWERS)
        self._journal(one, number, (), frames)
        return Outcome(number, frames, statuses)

    def _refuse_file(self, one: Prepared, number: int, refusals: Sequence[Refusal]) -> Outcome:
        """A large file that may not come in: its first part says so, its other parts are passed over."""
        row = FileRow(one.inbound.endpoint, one.inbound.digest, -1, number, 0, 0, 0, 0)
        self.state.files[row.endpoint, row.digest] = row
        self.batch.files.append(row)
        frames = self._answer(one, (), refusals)
        self._journal(one, number, refusals, frames)
        return Outcome(number, frames, (), refusals)

    def _answer_file(self, one: Prepared, row: FileRow, fresh: Sequence[Status]) -> list[Frame]:
        """One answer for the whole file, from what did not settle: earlier parts from the store, then this batch."""
        committed = self.state.exceptions(row.endpoint, row.digest) if row.refused + row.held > len(fresh) else []
        head = msgspec.structs.replace(one.decoded, count=row.opened)
        return self._answer(msgspec.structs.replace(one, decoded=head), [*map(status_of, committed), *fresh], ())

    @staticmethod
    def _progress(before: FileRow | None, number: int, inbound: Inbound, statuses: Sequence[Status]) -> FileRow:
        codes = [status.code for status in statuses]
        held, refused = codes.count("PDNG") + codes.count("ACSP"), codes.count("RJCT")
        opened, settled = len(codes), len(codes) - held - refused
        if before is not None:
            opened, settled = opened + before.opened, settled + before.settled
            held, refused = held + before.held, refused + before.refused
        return FileRow(
            inbound.endpoint,
            inbound.digest,
            -1 if inbound.last else inbound.part + 1,
            before.message if before else number,
            opened,
            settled,
            held,
            refused,
        )

    def _journal(self, one: Prepared, number: int, refusals: Sequence[Refusal], frames: Sequence[Frame]) -> None:
        inbound, decoded = one.inbound, one.decoded
        data = inbound.data
        if inbound.decoded is not None and not data:
            data = pack(
                (
                    decoded.format,
                    decoded.type,
                    decoded.message_id,
                    decoded.created,
                    decoded.sender,
                    decoded.receiver,
                    decoded.header,
                    decoded.count,
                )
            )
        by_link = self.snapshot.endpoints[inbound.endpoint].answer_by == "link"
        row = MessageRow(
            number,
            inbound.endpoint,
            inbound.received_ns,
            decoded.format,
            decoded.type,
            decoded.message_id,
            one.digest,
            inbound.source,
            inbound.session,
            inbound.key,
            inbound.part,
            "refused" if refusals else "accepted",
            pack(refusals[:REFUSALS_KEPT]) if refusals else b"",
            data,
            b"" if by_link or not frames else pack(frames),
        )
        self.batch.messages.append(row)
        self.entries.messages[number] = row
        self._register(one, number, refused=bool(refusals))
        if self.snapshot.endpoints[inbound.endpoint].answer_by == "outbox":
            self._deliver(inbound, number, frames)
        if self.settling.covers.arrived:
            self.conversations.go_on(number)

    def _deliver(self, inbound: Inbound, number: int, frames: Sequence[Frame], first: int = 0) -> None:
        for index, frame in enumerate(frames, first):
            name = answer_name(number, index, inbound.source, frame.suffix)
            self.entries.outbox(inbound.endpoint, name, frame, inbound.session)

    # -- repeats

    def _own_hash(self, one: Prepared) -> int:
        """What tells that this very message came before; 0 where a repetition is a wish of its own."""
        inbound = one.inbound
        if inbound.key:
            return identity_hash(f"key\0{inbound.endpoint}\0{inbound.session}\0{inbound.key}")
        answer_by = self.snapshot.endpoints[inbound.endpoint].answer_by
        if answer_by == "outbox" or (answer_by == "caller" and one.decoded.message_id):
            return identity_hash(b"digest\0" + inbound.endpoint.encode() + b"\0" + one.digest)
        return 0

    def _name_hash(self, one: Prepared) -> int:
        decoded = one.decoded
        if not decoded.message_id or self.snapshot.endpoints[one.inbound.endpoint].answer_by == "link":
            return 0
        return identity_hash(f"id\0{one.inbound.endpoint}\0{decoded.type}\0{decoded.sender}\0{decoded.message_id}")

    def _earlier(self, hash: int) -> MessageRow | None:
        number = self.state.arrivals.find(hash) if hash else 0
        if not number:
            return None
        return self.entries.message(number)

    def _repeat(self, one: Prepared) -> Outcome | None:
        """The same message again: the first answer again, and nothing is done twice."""
        inbound = one.inbound
        row = self._earlier(self._own_hash(one))
        if row is None or row.key != inbound.key or row.digest != one.digest:
            return None
        frames = _unpack_frames(row.answers) if row.answers else []
        if self.snapshot.endpoints[inbound.endpoint].answer_by == "outbox":
            self._deliver(msgspec.structs.replace(inbound, source=row.source), row.id, frames)
        statuses = [status_of(p) for p in self.entries.payments.values() if p.message == row.id]
        refusals = _unpack_refusals(row.refusals) if row.refusals else ()
        return Outcome(row.id, frames, statuses, refusals, repeated=True)

    def _conflict(self, one: Prepared, number: int) -> tuple[Refusal, ...]:
        """Other content under a name that is taken: a key or a message id used before."""
        if one.inbound.key and self._earlier(self._own_hash(one)) is not None:
            text = "this idempotency key was used before for a request with other content"
            return (Refusal("idempotency-key-reused", "DUPL", "Idempotency-Key", text),)
        row = self._earlier(self._name_hash(one))
        if row is None or row.message_id != one.decoded.message_id or row.digest == one.digest:
            return self._contents_conflict(one)
        text = f"message id {one.decoded.message_id!r} was used before, in message {row.id}, with other content"
        return (Refusal("message-id-reused", "DUPL", "message id", text),)

    def _contents_conflict(self, one: Prepared) -> tuple[Refusal, ...]:
        """A batch that came before under another wrapper. 128 bits of digest in a hash of 64: a chance in 10^12."""
        for place, digest in one.decoded.contents:
            row = self._earlier(self._content_hash(one, digest))
            if row is not None and row.digest != one.digest:
                text = f"the same batch, entry for entry, came in message {row.id}"
                return (Refusal("batch-repeated", "DUPL", place, text),)
        return ()

    @staticmethod
    def _content_hash(one: Prepared, digest: bytes) -> int:
        return identity_hash(b"content\0" + one.inbound.endpoint.encode() + b"\0" + digest)

    def _register(self, one: Prepared, number: int, *, refused: bool) -> None:
        if not one.inbound.last:
            return  # a file in parts is known by its last one, which holds the answer
        contents = () if refused else [self._content_hash(one, digest) for _, digest in one.decoded.contents]
        for hash in (self._own_hash(one), 0 if refused else self._name_hash(one), *contents):
            if hash and not self.state.arrivals.find(hash):
                self.state.arrivals.add(hash, number)
                self.batch.arrivals.append((hash, number))

    # -- records

    def _records(self, one: Prepared, number: int) -> list[Status]:
        inbound = one.inbound
        source = Source(inbound.endpoint, inbound.session, one.decoded.type, number, one.decoded.sender)
        statuses = [
            self._record(record, plan, source) for record, plan in zip(one.decoded.records, one.plans, strict=True)
        ]
        settled = sum(s.code not in ("PDNG", "RJCT") for s in statuses)
        held = sum(s.code == "PDNG" for s in statuses)
        refused = sum(s.code == "RJCT" for s in statuses)
        assert settled + held + refused == len(one.decoded.records), "a record was lost on the way"
        return statuses

    def _record(self, record: Record | Refusal, plan: Plan | None, source: Source) -> Status:
        self.state.payment += 1
        id = self.state.payment
        if plan is not None:
            assert isinstance(record, MOVING), "only payments and orders have a plan"
            return self.settling.take(id, record, plan, source)
        if isinstance(record, Operation):
            return self.operations.take(id, record, source)
        if isinstance(record, Notice) and may_be_asked(record) and self.snapshot.statements:
            return self.issuing.request(id, record, source)
        if isinstance(record, Statement) and (mirror := mirror_of(record, self.snapshot.mirrors)) is not None:
            return Reconciling(self.entries).take(id, record, mirror, source)
        if isinstance(record, Refusal):
            status = rejected(id, record, record)
        elif (taken := self.conversations.take(id, record, source) or self.desk.take(id, record, source)) is not None:
            return taken
        else:
            status = Status("ACTC", record, id, place=record.place)
        self.entries.keep(id, source.message, record, None, status)
        return status

    # -- out

    def _answer(self, one: Prepared, statuses: Sequence[Status], refusals: Sequence[Refusal]) -> list[Frame]:
        if one.codec is None:
            return []
        decoded = one.decoded
        if refusals and not decoded.refusals:
            decoded = msgspec.structs.replace(decoded, records=(), refusals=tuple(refusals))
        reply = next((plan.way.route.reply for plan in one.plans if plan is not None), "")
        writing = self.entries.answering(one.codec, one.inbound.endpoint, decoded.sender, statuses)
        frames = one.codec.answer(decoded, statuses, reply, writing)
        head = self.snapshot.endpoints[one.inbound.endpoint].head
        return frames if head is None else [head(one.codec, frame, writing) for frame in frames]

"""The way of a batch: prepare, apply. A newcomer reads this first.

    Inbound -> prepare: decode, route, plan, fit, check          (pure: message + snapshot, nothing else)
            -> apply:   find repeats, hold, settle, translate, answer   (one writer; no clock, no chance)
            -> Batch    one transaction of the store             (gateway/engine.py commits and releases)

Every message gets a row, an outcome and, where its format has one, an answer. Every record in it becomes
exactly one payment that is settled, held or refused; that the three add up is asserted. Everything that can
refuse stands before `ledger.apply`; after it, nothing may fail.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from gateway import formats
from gateway.model import Loss, Operation, Order, Payment, Record, Refusal, Said, Statement, Status
from gateway.ports import (
    AccountRow,
    AnswerBy,
    Batch,
    Codec,
    DecisionRow,
    Decoded,
    Delivery,
    FileRow,
    Finding,
    Frame,
    Inbound,
    MessageRow,
    Outcome,
    PaymentRow,
    StatusRow,
    TransferRow,
    Writing,
)
from gateway.repeats import Repeats, identity_hash
from gateway.routing.route import Route
from gateway.routing.table import Table
from gateway.settlement.ledger import Failure, Ledger, Leg
from gateway.settlement.plan import Templates, order_legs, payment_legs

HEAD_BYTES = 4096  # what a format sees to recognise its own
REFUSALS_KEPT = 1_000  # of one message: enough to mend a file, bounded against a hostile one

_pack = msgspec.msgpack.Encoder().encode
_unpack_record = msgspec.msgpack.Decoder(Record | Refusal).decode
_unpack_frames = msgspec.msgpack.Decoder(list[Frame]).decode
_unpack_head = msgspec.msgpack.Decoder(tuple[str, str, str, str, str, str, dict[str, str], int]).decode
_unpack_refusals = msgspec.msgpack.Decoder(list[Refusal]).decode

Policy = Callable[[Sequence[Record]], Sequence[Sequence[Finding]]]


# --- the snapshot: configuration, compiled -------------------------------------------------------


class Endpoint(Struct, frozen=True):
    """What the pipeline must know of a door: its format (None: found by content) and how answers leave."""

    name: str
    codec: Codec | None
    answer_by: AnswerBy
    operations: frozenset[str] = frozenset()  # which instructions to the gateway itself may come through it


class Way(Struct, frozen=True):
    """A route, compiled: its accounts, its checks and its outgoing format."""

    route: Route
    templates: Templates | None
    policy: Policy | None
    writer: Codec | None


class Snapshot(Struct, frozen=True):
    """One generation of the configuration; `prepare` needs nothing else."""

    generation: int
    endpoints: dict[str, Endpoint]
    table: Table
    ways: dict[str, Way]
    sender: str = ""  # our BIC
    routing_number: str = ""


# --- prepare --------------------------------------------------------------------------------------


class Plan(Struct, frozen=True, gc=False):
    """What is to be done with one record, decided without looking at any state."""

    way: Way
    legs: tuple[Leg, ...] = ()
    refusal: Refusal | None = None
    losses: tuple[Loss, ...] = ()
    findings: Sequence[Finding] = ()


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
    plans = [[_plan(record, one, snapshot) for record in one.decoded.records] for one in opened]
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
                else msgspec.structs.replace(plan, findings=findings[place, index])
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
    return Prepared(inbound, codec, codec.decode(inbound.data, inbound.type), digest)


def _unknown_format() -> Decoded:
    known = ", ".join(formats.names())
    text = f"the first bytes belong to none of the known formats ({known})"
    return Decoded("", "", refusals=(Refusal("unknown-format", "FF01", "byte 0", text),))


def _plan(record: Record | Refusal, one: Prepared, snapshot: Snapshot) -> Plan | None:
    if not isinstance(record, Payment | Order):
        return None
    inbound = one.inbound
    way = snapshot.ways[snapshot.table.match(record, inbound.endpoint, one.decoded.type, inbound.session).name]
    refuse = way.route.refuse
    if refuse is not None:
        return Plan(way, refusal=_refusal(record, "refused-by-route", refuse.reason, refuse.because))
    assert way.templates is not None, "a route either settles or refuses"
    if isinstance(record, Order):
        legs = order_legs(record, way.templates, inbound.session, inbound.endpoint)
        return Plan(way, refusal=legs) if isinstance(legs, Refusal) else Plan(way, legs)
    legs = payment_legs(record, way.templates, inbound.session, inbound.endpoint)
    if isinstance(legs, Refusal):
        return Plan(way, refusal=legs)
    return _fit(record, way, legs)


def _fit(payment: Payment, way: Way, legs: tuple[Leg, ...]) -> Plan:
    """Can the outgoing format carry it? Asked before the money moves, since encoding may not fail after."""
    send = way.route.send
    if send is None or way.writer is None:
        return Plan(way, legs)
    fit = way.writer.fit(payment, send.as_)
    if fit.refusal is not None:
        return Plan(way, refusal=fit.refusal)
    if fit.losses and way.route.losses == "refuse":
        lost = ", ".join(loss.element for loss in fit.losses[:8])
        return Plan(way, refusal=_refusal(payment, "translation-loss", "NARR", f"{send.as_} cannot carry: {lost}"))
    return Plan(way, legs, None, fit.losses)


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


def _refusal(record: Payment | Order, code: str, reason: str, text: str) -> Refusal:
    return Refusal(code, reason, record.place, text, reference(record))


def reference(record: Record | Refusal) -> str:
    """The sender's own reference for a record, for people who look for it."""
    if isinstance(record, Payment):
        return record.end_to_end_id or record.transaction_id or record.instruction_id
    if isinstance(record, Order):
        return record.client_order_id
    if isinstance(record, Operation):
        return record.subject
    return record.record if isinstance(record, Refusal) else _subject(record)


def _subject(record: Said) -> str:
    """What a record that moves no money is about: the reference of the original, else its own."""
    original = None if isinstance(record, Statement) else record.original
    if original is not None:
        return original.end_to_end_id or original.transaction_id or original.instruction_id or original.message_id
    return record.id


# --- state ----------------------------------------------------------------------------------------


class State:
    """What apply remembers between batches; rebuilt from the store at every start."""

    def __init__(
        self,
        read_message: Callable[[int], MessageRow | None],
        read_payment: Callable[[int], PaymentRow | None],
        exceptions: Callable[[str, bytes], list[PaymentRow]],
    ) -> None:
        self.ledger = Ledger()
        self.references = Repeats()  # payment identity -> payment id
        self.arrivals = Repeats()  # message digest, key or id -> message id
        self.held: dict[int, PaymentRow] = {}
        self.files: dict[tuple[str, bytes], FileRow] = {}
        self.message = self.payment = self.transfer = self.delivery = 0  # last number given
        self.read_message = read_message
        self.read_payment = read_payment
        self.exceptions = exceptions


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
        self.fresh_messages: dict[int, MessageRow] = {}
        self.fresh_payments: dict[int, PaymentRow] = {}
        self.fresh_exceptions: dict[tuple[str, bytes], list[Status]] = {}
        self.outgoing: dict[tuple[str, str, str], tuple[Way, list[Payment]]] = {}
        self.written = 0

    def run(self, prepared: Sequence[Prepared]) -> list[Outcome]:
        outcomes = [self._message(one) for one in prepared]
        for way, payments in self.outgoing.values():
            self._send(way, payments)
        return outcomes

    # -- messages

    def _message(self, one: Prepared) -> Outcome:
        if not one.inbound.last or one.inbound.part:
            return self._part(one)
        repeated = self._repeat(one)
        if repeated is not None:
            return repeated
        self.state.message += 1
        number = self.state.message
        refusals = one.decoded.refusals or self._conflict(one, number)
        statuses = [] if refusals else self._records(one, number)
        frames = self._answer(one, statuses, refusals)
        self._journal(one, number, refusals, frames)
        return Outcome(number, frames, statuses, refusals)

    def _part(self, one: Prepared) -> Outcome:
        """One part of a large file. Parts already committed before a crash are passed over."""
        inbound = one.inbound
        where = (inbound.endpoint, inbound.digest)
        before = self.state.files.get(where)
        if before is not None and (before.next_part < 0 or inbound.part < before.next_part):
            return (self._repeat(one) if inbound.last else None) or Outcome(before.message, repeated=True)
        assert inbound.part == (before.next_part if before else 0), "the parts of a file come in order"
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
        held, refused = codes.count("PDNG"), codes.count("RJCT")
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
            data = _pack(
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
            _pack(refusals[:REFUSALS_KEPT]) if refusals else b"",
            data,
            b"" if by_link or not frames else _pack(frames),
        )
        self.batch.messages.append(row)
        self.fresh_messages[number] = row
        self._register(one, number, refused=bool(refusals))
        if self.snapshot.endpoints[inbound.endpoint].answer_by == "outbox":
            self._deliver(inbound, number, frames)

    def _deliver(self, inbound: Inbound, number: int, frames: Sequence[Frame]) -> None:
        for index, frame in enumerate(frames):
            name = answer_name(number, index, inbound.source, frame.suffix)
            self._outbox(inbound.endpoint, name, frame, inbound.session)

    def _outbox(self, endpoint: str, name: str, frame: Frame, session: str = "") -> None:
        self.state.delivery += 1
        self.batch.outbox.append(
            Delivery(self.state.delivery, endpoint, name, frame.type, frame.media, frame.data, session)
        )

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
        return self.fresh_messages.get(number) or self.state.read_message(number)

    def _repeat(self, one: Prepared) -> Outcome | None:
        """The same message again: the first answer again, and nothing is done twice."""
        inbound = one.inbound
        row = self._earlier(self._own_hash(one))
        if row is None or row.key != inbound.key or row.digest != one.digest:
            return None
        frames = _unpack_frames(row.answers) if row.answers else []
        if self.snapshot.endpoints[inbound.endpoint].answer_by == "outbox":
            self._deliver(msgspec.structs.replace(inbound, source=row.source), row.id, frames)
        statuses = [status_of(p) for p in self.fresh_payments.values() if p.message == row.id]
        refusals = _unpack_refusals(row.refusals) if row.refusals else ()
        return Outcome(row.id, frames, statuses, refusals, repeated=True)

    def _conflict(self, one: Prepared, number: int) -> tuple[Refusal, ...]:
        """Other content under a name that is taken: a key or a message id used before."""
        if one.inbound.key and self._earlier(self._own_hash(one)) is not None:
            text = "this idempotency key was used before for a request with other content"
            return (Refusal("idempotency-key-reused", "DUPL", "Idempotency-Key", text),)
        row = self._earlier(self._name_hash(one))
        if row is None or row.message_id != one.decoded.message_id or row.digest == one.digest:
            return ()
        text = f"message id {one.decoded.message_id!r} was used before, in message {row.id}, with other content"
        return (Refusal("message-id-reused", "DUPL", "message id", text),)

    def _register(self, one: Prepared, number: int, *, refused: bool) -> None:
        if not one.inbound.last:
            return  # a file in parts is known by its last one, which holds the answer
        for hash in (self._own_hash(one), 0 if refused else self._name_hash(one)):
            if hash and not self.state.arrivals.find(hash):
                self.state.arrivals.add(hash, number)
                self.batch.arrivals.append((hash, number))

    # -- records

    def _records(self, one: Prepared, number: int) -> list[Status]:
        statuses = [
            self._record(record, plan, one.inbound, number)
            for record, plan in zip(one.decoded.records, one.plans, strict=True)
        ]
        settled = sum(s.code not in ("PDNG", "RJCT") for s in statuses)
        held = sum(s.code == "PDNG" for s in statuses)
        refused = sum(s.code == "RJCT" for s in statuses)
        assert settled + held + refused == len(one.decoded.records), "a record was lost on the way"
        return statuses

    def _record(self, record: Record | Refusal, plan: Plan | None, inbound: Inbound, number: int) -> Status:
        self.state.payment += 1
        id = self.state.payment
        if isinstance(record, Refusal):
            return self._keep(id, number, record, None, _rejected(id, record, record))
        if isinstance(record, Operation):
            return self._keep(id, number, record, None, self._operation(id, record, inbound.endpoint, number))
        if not isinstance(record, Payment | Order):
            return self._keep(id, number, record, None, Status("ACTC", record, id, place=record.place))
        assert plan is not None, "every payment and order has a plan"
        hash = identity_hash(f"{inbound.endpoint}\0{record.identity}") if record.identity else 0
        status = self._decide(id, record, plan, hash)
        row_status = self._keep(id, number, record, plan, status, hash)
        if status.code == "PDNG":
            self.state.held[id] = self.fresh_payments[id]
        return row_status

    def _decide(self, id: int, record: Payment | Order, plan: Plan, hash: int) -> Status:
        refusal = plan.refusal or self._seen(record, hash)
        if refusal is not None:
            return _rejected(id, record, refusal)
        hold: Finding | None = None
        for finding in plan.findings:
            self.batch.decisions.append(_decision(id, finding))
            if finding.outcome == "refuse":
                refusal = refusal or _refusal(record, finding.code, finding.reason, finding.text)
            elif finding.outcome == "hold":
                hold = hold or finding
        if refusal is not None:
            return _rejected(id, record, refusal)
        if hold is not None:
            self._remember(hash, id)
            return Status("PDNG", record, id, hold.reason, hold.text, hold.code, record.place)
        return self._settle(id, record, plan.legs, plan.way, hash)

    def _seen(self, record: Payment | Order, hash: int) -> Refusal | None:
        """A payment that was taken before, perhaps in another message."""
        earlier = self.state.references.find(hash) if hash else 0
        if not earlier:
            return None
        row = self.fresh_payments.get(earlier) or self.state.read_payment(earlier)
        if row is None or row.identity != hash or row.reference != reference(record):
            return None
        return _refusal(record, "duplicate-payment", "AM05", f"this payment was taken before, as payment {earlier}")

    def _remember(self, hash: int, id: int) -> None:
        if hash and not self.state.references.find(hash):
            self.state.references.add(hash, id)
            self.batch.references.append((hash, id))

    def _settle(self, id: int, record: Payment | Order, legs: tuple[Leg, ...], way: Way, hash: int) -> Status:
        if legs:
            failure = self.state.ledger.apply(legs)
            if failure is not None:
                return _rejected(id, record, _refusal(record, failure.code, failure.reason, failure.text))
            self._post(id, legs)
        self._remember(hash, id)
        send = way.route.send
        if send is not None and isinstance(record, Payment):
            group = getattr(way.writer, "group", None)  # what payments of one message must have in common
            key = (send.to, way.route.name, group(record, send.as_) if group is not None else "")
            self.outgoing.setdefault(key, (way, []))[1].append(record)
        return Status("ACSC", record, id, place=record.place)

    def _post(self, payment: int, legs: tuple[Leg, ...]) -> None:
        for leg in legs:
            self.state.transfer += 1
            self.batch.transfers.append(
                TransferRow(self.state.transfer, payment, leg.debit, leg.credit, leg.currency, leg.minor)
            )

    def _keep(
        self, id: int, message: int, record: Record | Refusal, plan: Plan | None, status: Status, hash: int = 0
    ) -> Status:
        debit = credit = currency = route = ""
        minor = 0
        losses = b""
        if plan is not None:
            route = plan.way.route.name
            if plan.legs:
                debit, credit = plan.legs[0].debit, plan.legs[0].credit
            if plan.losses:
                losses = _pack(plan.losses)
        if isinstance(record, Payment):
            currency, minor = record.amount.currency, record.amount.minor
        elif isinstance(record, Order):
            currency, minor = record.base.currency, record.base.minor
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
            _pack(record),
        )
        self.batch.payments.append(row)
        self.fresh_payments[id] = row
        return status

    # -- operations

    def _operation(self, id: int, operation: Operation, endpoint: str, number: int) -> Status:
        if operation.kind not in self.snapshot.endpoints[endpoint].operations:
            text = f"{operation.kind} may not come through endpoint {endpoint}"
            return _rejected(id, operation, Refusal("not-permitted", "AG01", operation.place, text))
        act = {
            "open_account": self._open_account,
            "close_account": self._close_account,
            "release": self._release,
            "reject": self._reject,
        }[operation.kind]
        refusal = act(id, operation, number)
        if refusal is None:
            return Status("ACSC", operation, id, place=operation.place)
        return _rejected(id, operation, refusal)

    def _open_account(self, id: int, operation: Operation, number: int) -> Refusal | None:
        ledger = self.state.ledger
        failure = ledger.open(operation.subject, operation.currency, operation.floor_minor)
        if failure is None and operation.minor:
            leg = Leg(operation.source_account, operation.subject, operation.currency, operation.minor)
            failure = ledger.apply((leg,))
            if failure is None:
                self._post(id, (leg,))
            else:
                ledger.forget(operation.subject, operation.currency)
        if failure is None:
            self.batch.opened.append(AccountRow(operation.subject, operation.currency, 0, operation.floor_minor))
        return _failed(operation, failure)

    def _close_account(self, id: int, operation: Operation, number: int) -> Refusal | None:
        failure = self.state.ledger.close(operation.subject)
        if failure is None:
            self.batch.opened.extend(self.state.ledger.rows(operation.subject))
        return _failed(operation, failure)

    def _release(self, id: int, operation: Operation, number: int) -> Refusal | None:
        """Settle what was held: today's accounts, the route it was admitted under where that still exists."""
        found = self._held(operation)
        if isinstance(found, Refusal):
            return found
        held, record, message = found
        plan = self._replan(record, held, message)
        if plan.refusal is None:
            status = self._settle(held.id, record, plan.legs, plan.way, held.identity)
        else:
            status = _rejected(held.id, record, plan.refusal)
        self._close_hold(operation, held, status, number, message)
        return None

    def _reject(self, id: int, operation: Operation, number: int) -> Refusal | None:
        found = self._held(operation)
        if isinstance(found, Refusal):
            return found
        held, record, message = found
        refusal = _refusal(record, "rejected-by-operator", held.reason or "RR04", "refused after review")
        self._close_hold(operation, held, _rejected(held.id, record, refusal), number, message)
        return None

    def _held(self, operation: Operation) -> tuple[PaymentRow, Payment | Order, MessageRow] | Refusal:
        if not operation.by.strip() or not operation.because.strip():
            return Refusal("who-and-why", "NARR", operation.place, "a release or rejection names a person and a reason")
        held = self.state.held.get(int(operation.subject)) if operation.subject.isdecimal() else None
        if held is None:
            return Refusal("not-held", "NARR", operation.place, f"payment {operation.subject[:20]} is not on hold")
        record = _unpack_record(held.record)
        assert isinstance(record, Payment | Order), "only payments and orders are held"
        message = self.fresh_messages.get(held.message) or self.state.read_message(held.message)
        assert message is not None, "a held payment's message is in the store"
        return held, record, message

    def _replan(self, record: Payment | Order, held: PaymentRow, message: MessageRow) -> Plan:
        snapshot = self.snapshot
        one = Prepared(
            Inbound(message.endpoint, message.received_ns, b"", session=message.session),
            None,
            Decoded(message.format, message.type),
            b"",
        )
        way = snapshot.ways.get(held.route)
        if way is not None and way.templates is not None and isinstance(record, Payment):
            legs = payment_legs(record, way.templates, message.session, message.endpoint)
            return Plan(way, refusal=legs) if isinstance(legs, Refusal) else _fit(record, way, legs)
        plan = _plan(record, one, snapshot)
        assert plan is not None, "a payment always has a plan"
        return plan

    def _close_hold(
        self, operation: Operation, held: PaymentRow, status: Status, number: int, message: MessageRow
    ) -> None:
        del self.state.held[held.id]
        self.batch.statuses.append(StatusRow(held.id, status.code, status.reason, status.text, number))
        self.batch.decisions.append(
            DecisionRow(
                held.id,
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
        self._tell_sender(message, status)

    def _tell_sender(self, message: MessageRow, status: Status) -> None:
        """A later answer to a message whose payment was held; a caller that waited asks by payment id."""
        endpoint = self.snapshot.endpoints.get(message.endpoint)
        if endpoint is None or endpoint.answer_by == "caller" or message.format not in formats.names():
            return
        codec = formats.load(message.format)
        decoded = _reopen(message, codec)
        frames = codec.answer(decoded, [status], "", self._writing(decoded.sender))
        for index, frame in enumerate(frames):
            name = answer_name(message.id, index, f"{message.source}.payment-{status.payment_id}", frame.suffix)
            self._outbox(message.endpoint, name, frame, message.session)

    # -- out

    def _answer(self, one: Prepared, statuses: Sequence[Status], refusals: Sequence[Refusal]) -> list[Frame]:
        if one.codec is None:
            return []
        decoded = one.decoded
        if refusals and not decoded.refusals:
            decoded = msgspec.structs.replace(decoded, records=(), refusals=tuple(refusals))
        reply = next((plan.way.route.reply for plan in one.plans if plan is not None), "")
        return one.codec.answer(decoded, statuses, reply, self._writing(decoded.sender))

    def _send(self, way: Way, payments: Sequence[Payment]) -> None:
        send, writer = way.route.send, way.writer
        assert send is not None, "only routes that send collect payments"
        assert writer is not None, "a route that sends has a writer"
        for start in range(0, len(payments), send.per_message):
            frame = writer.encode(payments[start : start + send.per_message], send.as_, self._writing(""))
            self._outbox(send.to, f"{self.state.delivery + 1:012d}-{send.as_}{frame.suffix}", frame)

    def _writing(self, receiver: str) -> Writing:
        self.written += 1
        name = f"FO{self.batch.id:09d}{self.written:05d}"
        return Writing(name, self.batch.time_ns, self.snapshot.sender, receiver, self.snapshot.routing_number)


def answer_name(message: int, index: int, source: str, suffix: str) -> str:
    """A stable file name for an answer: the message's number, then what the sender called it, made safe."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in source.rpartition("/")[2])[:80]
    tail = f"-{index}" if index else ""
    return f"{message:012d}{tail}-{safe or 'message'}{suffix}"


def status_of(row: PaymentRow) -> Status:
    """The status a payment was admitted with, from its row."""
    return Status(row.status, _unpack_record(row.record), row.id, row.reason, row.text, row.refusal_code, row.place)


def _reopen(message: MessageRow, codec: Codec) -> Decoded:
    """The head of a message from the journal, for a later answer."""
    if not message.part and message.data[:1] != b"\x98":  # msgpack array of 8: the head of a file in parts
        return msgspec.structs.replace(codec.decode(message.data, message.type), records=())
    format, type, message_id, created, sender, receiver, header, count = _unpack_head(message.data)
    return Decoded(format, type, message_id, created, (), (), sender, receiver, header, count)


def _rejected(id: int, record: Record | Refusal, refusal: Refusal) -> Status:
    return Status("RJCT", record, id, refusal.reason, refusal.text, refusal.code, refusal.place)


def _failed(operation: Operation, failure: Failure | None) -> Refusal | None:
    if failure is None:
        return None
    return Refusal(failure.code, failure.reason, operation.place, failure.text, operation.subject)


def _decision(payment: int, finding: Finding) -> DecisionRow:
    return DecisionRow(
        payment,
        finding.check,
        finding.outcome,
        finding.code,
        finding.reason,
        finding.text,
        finding.detail,
        finding.score,
        finding.evidence,
    )

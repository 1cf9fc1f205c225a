"""One payment or order: known already, refused, held, settled, or placed at a venue.

Strategy: everything that can refuse comes before `ledger.apply`; after it, nothing may fail. An order is settled
in one of three ways, as its route says: at once against the principal; by a venue, fill by fill (then it is only
placed here); or at once but after the counterparty has affirmed it, until when it waits like a held payment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import islice

import msgspec

from gateway.covers import WAITS as WAITS_FOR
from gateway.covers import Covers
from gateway.entries import (
    OPEN,
    WAITS,
    Entries,
    departure_of,
    departure_text,
    identity,
    rejected,
    source_of,
    unpack_record,
)
from gateway.formats.ach.offsets import amounts
from gateway.formats.ach.traces import sequence
from gateway.model import Account, Money, Notice, Order, Payment, Refusal, Status
from gateway.model.trading import Confirmation, Execution, OrderReport, Placement, Quote, TradeAnswer, TradeReport
from gateway.planning import Plan, Source, Way, plan_record, plan_way, reference, refusal
from gateway.ports import Finding, MessageRow, Offset, PaymentRow, Writing
from gateway.routing.route import Send
from gateway.settlement.book import Working
from gateway.settlement.hours import AHEAD_DAYS_MAX, Hours, leaves
from gateway.settlement.instant import NS_PER_SECOND, deadline_ns, utc
from gateway.settlement.ledger import Leg
from gateway.settlement.plan import deal_accounts
from gateway.settlement.quotes import quote_problem
from gateway.settlement.returning import decided_by_ns, settles_on

AWAITING = "awaiting-affirmation"  # the refusal code of what waits for its counterparty, not for a person
AGAIN_NS = 900 * NS_PER_SECOND  # when it is tried again to send what could not leave
DEPARTING_MAX = 5_000  # payments that leave with one batch: what a transaction takes, and half a NACHA file
RESENT = ("fix:97", "Y")  # PossResend: the sender does not know whether this order was taken before
# What an order says of the deal; the rest may differ between an order and its possible resend.
_TERMS = ("client_order_id", "symbol", "side", "base", "price", "order_type", "account", "quote_id")


class Settling:
    """Decides about the records of one batch that move money."""

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self.state = entries.state
        self.covers = Covers(entries)
        self._outgoing: dict[tuple[str, str, str], tuple[Way, list[Payment], list[int]]] = {}

    def take(self, id: int, record: Payment | Order, plan: Plan, source: Source) -> Status:
        """Admit a record under the number `id`: decide, settle, write it down."""
        hash = identity(source.endpoint, _own_name(record)) if record.identity else 0
        earlier = self._earlier(record, hash) if hash and self.state.references.find(hash) else None
        if earlier is not None and isinstance(record, Order) and RESENT in record.extra:
            again = self._again(id, record, earlier, source)
            if again is not None:
                return again
        if isinstance(record, Order) and (record.kind == "trade" or plan.way.venue is not None):
            record = with_accounts(record, plan.way, source)
        status = self._decide(id, record, plan, hash, earlier, source)
        row = self.entries.keep(id, source.message, record, plan, status, hash)
        if status.code == "PDNG":
            self.state.held[id] = row
        if plan.way.within_ns and status.code in OPEN and isinstance(record, Payment):
            self.state.deadlines[id] = deadline_ns(record, self.entries.batch.time_ns, plan.way.within_ns)
        elif status.code == "PDNG" and source.type == "ACH" and isinstance(record, Payment):
            self.state.deadlines[id] = return_deadline_ns(record, self.entries.batch.time_ns)
        return status

    # -- what came before

    def _earlier(self, record: Payment | Order, hash: int) -> PaymentRow | None:
        """A payment that was taken before, perhaps in another message."""
        row = self.entries.known(hash)
        return row if row is not None and row.reference == reference(record) else None

    def _again(self, id: int, record: Order, earlier: PaymentRow, source: Source) -> Status | None:
        """An order that may have been taken before was: the same report again, and nothing is done."""
        first = unpack_record(earlier.record)
        if not isinstance(first, Order) or any(getattr(first, name) != getattr(record, name) for name in _TERMS):
            return None
        text = f"sent again; taken before, as payment {earlier.id}"
        self.entries.keep(id, source.message, record, None, Status("ACTC", record, id, text=text, place=record.place))
        first = msgspec.structs.replace(first, extra=record.extra)  # answers go back the way that this one came
        working = self.state.book.working.get(earlier.id) or final_state(self.entries, earlier, first)
        if working is not None:
            told = standing(working, id, record, earlier.status)
            return Status("ACTC", first, earlier.id, told=(told,))
        return Status(
            earlier.status, first, earlier.id, earlier.reason, earlier.text, earlier.refusal_code, earlier.place
        )

    # -- decide

    def _decide(
        self,
        id: int,
        record: Payment | Order,
        plan: Plan,
        hash: int,
        earlier: PaymentRow | None,
        source: Source,
    ) -> Status:
        refused = plan.refusal
        if refused is None and earlier is not None:
            text = f"this payment was taken before, as payment {earlier.id}"
            refused = refusal(record, "duplicate-payment", "AM05", text)
        if refused is None and isinstance(record, Order) and record.quote_id:
            refused = self._check_quote(record, source)
        if refused is None and plan.way.within_ns and isinstance(record, Payment):
            refused = self._late(record, plan.way)
        if refused is None and plan.way.hours and isinstance(record, Payment):
            refused = self._too_far_ahead(record, plan.way)
        if refused is not None:
            return rejected(id, record, refused)
        hold: Finding | None = None
        for finding in plan.findings:
            self.entries.decided(id, finding)
            if finding.outcome == "refuse":
                refused = refused or refusal(record, finding.code, finding.reason, finding.text)
            elif finding.outcome == "hold":
                hold = hold or finding
        if refused is not None:
            return rejected(id, record, refused)
        if hold is not None:
            self._admit(id, record, hash, source)
            return Status("PDNG", record, id, hold.reason, hold.text, hold.code, record.place)
        if isinstance(record, Order) and plan.way.affirm:
            return self._await(id, record, plan, hash, source)
        if plan.way.cover and isinstance(record, Payment):
            waits = self._wait_for_cover(id, record, hash, source)
            if waits is not None:
                return waits
        return self.settle(id, record, plan, hash, source)

    def settle(self, id: int, record: Payment | Order, plan: Plan, hash: int, source: Source) -> Status:
        """Move the money, or place the order at its venue."""
        if isinstance(record, Order) and record.venue is not None:
            return self._place(id, record, hash, source)
        if plan.legs:
            failure = self.state.ledger.apply(plan.legs)
            if failure is not None:
                return rejected(id, record, refusal(record, failure.code, failure.reason, failure.text))
            self.entries.post(id, plan.legs)
        self.entries.remember(hash, id)
        if isinstance(record, Order):
            if record.quote_id:
                self._use_quote(id, record, source)
            return Status("ACSC", record, id, place=record.place)
        way = plan.way
        if record.underlying is not None or way.cover:
            self.covers.admit(id, record)
        send = way.route.send
        if send is None:
            return Status("ACSC", record, id, place=record.place)
        sent = plan.sent or record
        if way.hours:
            waits = self._wait_to_leave(id, record, way)
            if waits is not None:
                return waits
        self._leave(id, sent, way)
        return Status("ACSP" if way.confirm else "ACSC", record, id, place=record.place)

    def _leave(self, id: int, sent: Payment, way: Way) -> None:
        """A payment leaves with this batch."""
        send = way.route.send
        assert send is not None, "only routes that send have something to leave"
        group = getattr(way.writer, "group", None)  # what payments of one message must have in common
        key = (send.to, way.route.name, group(sent, send.as_) if group is not None else "")
        _, records, ids = self._outgoing.setdefault(key, (way, [], []))
        records.append(sent)
        ids.append(id)

    def _wait_to_leave(self, id: int, payment: Payment, way: Way) -> Status | None:
        """A payment whose system is closed, or gathers, or that is dated ahead; None for one that leaves now."""
        now_ns = self.entries.batch.time_ns
        departure = leaves(_system(payment, way), now_ns, payment.settlement_date)
        assert departure is not None, "what is dated too far ahead was refused"
        if departure.at_ns <= now_ns:
            return None
        self.state.departures.add(id, departure.at_ns)
        return Status("ACSP", payment, id, "", departure_text(departure), WAITS, payment.place)

    def depart(self, number: int) -> None:
        """What has waited to leave leaves now, as much as one batch takes; the next one takes more."""
        departures, now_ns = self.state.departures, self.entries.batch.time_ns
        for id in list(islice(departures.due(now_ns), DEPARTING_MAX)):
            row = self.entries.payment(id)
            assert row is not None, "what waits is in the store"
            if not self._depart(row, number):
                departures.remove(id)
                departures.add(id, now_ns + AGAIN_NS)

    def _depart(self, row: PaymentRow, number: int) -> bool:
        """Whether it could leave; where its route is gone, or cannot send it any more, people must mend that first."""
        way = self.entries.snapshot.ways.get(row.route)
        if way is None or way.writer is None or way.route.send is None:
            return False
        payment, departure = unpack_record(row.record), departure_of(row)
        assert isinstance(payment, Payment), "only payments wait to leave"
        assert departure is not None, "what waits says when it leaves"
        plan = plan_way(payment, way, Source("", "", payment.source))
        if plan.refusal is not None or plan.findings:
            return False
        sent = plan.sent or payment
        self._leave(row.id, msgspec.structs.replace(sent, settlement_date=departure.settles), way)
        if departure.settles != payment.settlement_date:
            self.entries.leave_for(row.id, departure.settles)
        self.state.departures.remove(row.id)
        text = f"left, to settle on {departure.settles}"
        self.entries.change(row.id, "ACSP" if way.confirm else "ACSC", number, text=text)
        return True

    def _late(self, payment: Payment, way: Way) -> Refusal | None:
        """Why a payment that is decided against the clock comes too late."""
        now_ns = self.entries.batch.time_ns
        if now_ns < deadline_ns(payment, now_ns, way.within_ns):
            return None
        text = f"more than {way.within_ns // NS_PER_SECOND} seconds have passed since it was accepted"
        return refusal(payment, "too-late", "TM01", text)

    def _too_far_ahead(self, payment: Payment, way: Way) -> Refusal | None:
        """Why a payment that is dated ahead is not kept until then."""
        hours = _system(payment, way)
        if leaves(hours, self.entries.batch.time_ns, payment.settlement_date) is not None:
            return None
        text = f"it is to settle on {payment.settlement_date}, more than {AHEAD_DAYS_MAX} days ahead"
        return refusal(payment, "too-far-ahead", "DT01", text)

    def _wait_for_cover(self, id: int, payment: Payment, hash: int, source: Source) -> Status | None:
        """A covered payment, or its cover, that came before its other half; None when nothing is to be waited for."""
        if not self.covers.lacks(payment, id):
            return None
        self._admit(id, payment, hash, source)
        self.covers.admit(id, payment)
        code, text = WAITS_FOR[payment.underlying is not None]
        return Status("PDNG", payment, id, "", text, code, payment.place)

    def _admit(self, id: int, record: Payment | Order, hash: int, source: Source) -> None:
        """A record is taken though it does not settle yet: its identity is used up, and so is the quote it took."""
        self.entries.remember(hash, id)
        if isinstance(record, Order) and record.quote_id:
            self._use_quote(id, record, source)

    def _use_quote(self, id: int, order: Order, source: Source) -> None:
        quote = find_quote(self.entries, order.quote_id)
        if quote is not None and quote[0].status == "ACTC":
            self.entries.change(quote[0].id, "ACSC", source.message, text=f"taken by payment {id}")

    def _check_quote(self, order: Order, source: Source) -> Refusal | None:
        """Whether the order may deal at the quote that it names, and deals at just that."""
        found = find_quote(self.entries, order.quote_id)
        quote = found[1] if found is not None else None
        if found is None or quote is None or (quote.endpoint, quote.session) != (source.endpoint, source.session):
            return refusal(order, "unknown-quote", "NARR", "QuoteID is no quote that was given to this session")
        void = self.entries.known(identity(source.endpoint, f"{source.session}/quotes void"))
        problem = quote_problem(quote, found[0].status, order, self.entries.batch.time_ns)
        if void is not None and void.id > found[0].id:
            problem = ("quote-canceled", "NARR", "the quote was cancelled")
        return refusal(order, *problem) if problem is not None else None

    def _place(self, id: int, order: Order, hash: int, source: Source) -> Status:
        """An order that a venue works: placed under a number of ours, settled by what the venue reports."""
        assert order.venue is not None, "asked only for such orders"
        quote = order.quote_currency
        currencies = (order.base.currency, order.base.currency, quote, quote)
        for account, currency in zip(order.accounts, currencies, strict=True):
            if not self.state.ledger.knows(account, currency):
                text = f"an account in {currency} that its fills would move is not known here"
                return rejected(id, order, refusal(order, "unknown-account", "AC01", text))
        self.entries.remember(hash, id)
        working = self.state.book.working[id] = Working(id, source.message, order)
        venue = Source(order.venue.endpoint, order.venue.session, order.venue.type)
        self.entries.tell(venue, Placement("order", placed(id), order))
        told = report(working, f"{id}-A", "pending_new", "pending_new")
        return Status("ACSP", order, id, place=order.place, told=(told,))

    def _await(self, id: int, order: Order, plan: Plan, hash: int, source: Source) -> Status:
        """A deal that its counterparty must affirm before it settles."""
        self._admit(id, order, hash, source)
        whole = OrderReport(
            order,
            id,
            f"{id}-F",
            "fill",
            "filled",
            order.base,
            msgspec.structs.replace(order.base, minor=0),
            order.price,
            order.base.text(),
            order.price,
        )
        account = order.account or source.session
        first = accepted_trade(order, id) if order.kind == "trade" else whole
        told = (first, Confirmation(f"C{id}", order, id, account))
        return Status("PDNG", order, id, "", "waits for its affirmation", AWAITING, order.place, told)

    def plan_again(self, held: PaymentRow, record: Payment | Order, source: Source) -> Plan:
        """The plan of what was held: today's accounts, the route it was admitted under where that still exists."""
        way = self.entries.snapshot.ways.get(held.route)
        if way is not None and way.templates is not None:
            return plan_way(record, way, source)
        return plan_record(record, source, self.entries.snapshot)

    def release(self, held: PaymentRow, record: Payment | Order, message: MessageRow) -> Status:
        """Settle what was held, as it is planned today."""
        source = source_of(message, record.source)
        return self.settle_held(held, record, self.plan_again(held, record, source), source)

    def settle_held(self, held: PaymentRow, record: Payment | Order, plan: Plan, source: Source) -> Status:
        """Settle what was held, as it was planned."""
        if plan.refusal is not None:
            return rejected(held.id, record, plan.refusal)
        if isinstance(record, Payment):
            late = self._late(record, plan.way) if plan.way.within_ns else None
            if late is not None:
                return rejected(held.id, record, late)
            if plan.way.cover and not self.covers.waits(record, held.id):
                waits = self._wait_for_cover(held.id, record, held.identity, source)
                if waits is not None:
                    return waits
        return self.settle(held.id, record, plan, held.identity, source)

    # -- out

    def send(self) -> None:
        """Write the messages that the settled payments of this batch leave in."""
        for way, payments, ids in self._outgoing.values():
            self._send(way, payments, ids)

    def _send(self, way: Way, payments: Sequence[Payment], ids: Sequence[int]) -> None:
        send, writer = way.route.send, way.writer
        assert send is not None, "only routes that send collect payments"
        assert writer is not None, "a route that sends has a writer"
        content = getattr(writer, "content", None)
        if content is not None:
            payments, ids = self._numbered(payments, ids, send.to, content)
        for start in range(0, len(payments), send.per_message):
            end = start + send.per_message
            writing = self.entries.writing(send.receiver)
            if content is not None:
                writing = self._file(writing, send, payments[start:end], ids[start:end])
            writing = self.entries.accounted(writer, send.as_, payments[start:end], writing)
            frame = writer.encode(payments[start:end], send.as_, writing)
            if way.head is not None:
                frame = way.head(frame, payments[start], writing)
            if content is None:  # entries are found by their own numbers, never by the file
                self.entries.sent(send.to, frame.name or writing.message_id, ids[start:end])
            name = f"{self.state.delivery + 1:012d}-{send.as_}{frame.suffix}"
            self.entries.outbox(send.to, name, frame)

    def _file(self, writing: Writing, send: Send, payments: Sequence[Payment], ids: Sequence[int]) -> Writing:
        """What the writer of a file of entries is given: their numbers, its own, and those of what balances it."""
        before = self.entries.files_before(send.to)
        writing = msgspec.structs.replace(writing, numbers=ids, files_before=before)
        if send.offset is None:
            return writing
        numbers = [self._offset(cents, send.offset) for cents in amounts(payments)]
        return msgspec.structs.replace(writing, offset=send.offset, offset_numbers=numbers)

    def _offset(self, cents: int, offset: Offset) -> int:
        """An entry of our own takes a number, and is kept under it: it moves nothing here."""
        self.state.payment += 1
        id, money = self.state.payment, Money("USD", abs(cents))
        text = ("debit" if cents < 0 else "credit",)
        notice = Notice("offset", str(id), account=Account(offset.account), amount=money, text=text, scheme="ach")
        self.entries.keep(id, self.state.message, notice, None, Status("ACTC", notice, id))
        return id

    def _numbered(
        self, payments: Sequence[Payment], ids: Sequence[int], to: str, content: Callable[[Payment, str], str]
    ) -> tuple[list[Payment], list[int]]:
        """Entries in the order of their numbers, each with a day, and remembered by what comes back with it."""
        today = utc(self.entries.batch.time_ns)[:10]
        found = sorted(zip(ids, payments, strict=True), key=lambda pair: sequence(pair[0]))
        dated = [
            payment if payment.settlement_date else msgspec.structs.replace(payment, settlement_date=today)
            for _, payment in found
        ]
        for (id, _), payment in zip(found, dated, strict=True):
            self.entries.join(identity(to, content(payment, payment.settlement_date)), id)
        return dated, [id for id, _ in found]


def return_deadline_ns(payment: Payment, came_ns: int) -> int:
    """When an entry of ACH that is held goes back if nobody has decided."""
    return decided_by_ns(settles_on(payment.settlement_date, came_ns))


def _system(payment: Payment, way: Way) -> Hours:
    """The payment system that a payment leaves by; of entries, their class may keep them out of one."""
    classed = getattr(way.writer, "classed", None)
    send = way.route.send
    return system_for(classed(payment, send.as_) if classed is not None and send is not None else payment, way.hours)


def system_for(payment: Payment, hours: Sequence[Hours]) -> Hours:
    """The first of the systems that takes a payment of this amount and kind; the last takes everything."""
    for system in hours[:-1]:
        most = system.most
        above = most is not None and Decimal(payment.amount.text()) > most
        if not above and payment.local_instrument not in system.never:
            return system
    return hours[-1]


def _own_name(record: Payment | Order) -> str:
    """What must be unique. A cover payment carries the UETR of what it covers, and is not the same."""
    covers = isinstance(record, Payment) and record.underlying is not None
    return f"cover/{record.identity}" if covers else record.identity


def find_quote(entries: Entries, id: str) -> tuple[PaymentRow, Quote] | None:
    """A quote by its QuoteID, with its row in its present status."""
    digits = id[1:]
    if not id.startswith("Q") or not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        return None
    row = entries.payment(int(digits))
    record = unpack_record(row.record) if row is not None else None
    return (row, record) if row is not None and isinstance(record, Quote) else None


def with_accounts(order: Order, way: Way, source: Source) -> Order:
    """A deal with what it will move between, so that it can be undone whatever becomes of the route.

    A quote that is taken, or a trade that was made elsewhere, is settled here; other orders go to the route's venue.
    """
    if way.templates is None:
        return order
    accounts = deal_accounts(order, way.templates, source.session, source.endpoint)
    if isinstance(accounts, Refusal):
        return order
    venue = None if order.quote_id or order.kind == "trade" else way.venue
    return msgspec.structs.replace(order, venue=venue, accounts=accounts)


def accepted_trade(deal: Order, id: int) -> TradeAnswer:
    """A trade report that is taken."""
    report = TradeReport("new", deal.client_order_id, deal, source=deal.source, extra=deal.extra)
    return TradeAnswer(report, id, accepted=True)


def placed(id: int) -> str:
    """The ClOrdID of ours under which a venue knows an order, or a change of one: unique for ever."""
    return f"FO{id}"


def final_state(entries: Entries, row: PaymentRow, order: Order) -> Working | None:
    """An order that its venue works no more, as its last execution left it; None for one that never got there."""
    if order.venue is None:
        return None
    last = entries.payment(entries.state.references.find(last_execution(row.id)))
    state = unpack_record(last.record) if last is not None else None
    if last is None or not isinstance(state, Execution) or state.payment != row.id:
        return None
    working = Working(row.id, row.message, order)
    working.take(last.id, state)
    return working


def standing(working: Working, id: int, order: Order, status: str) -> OrderReport:
    """How an order at a venue stands, or ended: the report `id` of it, going back the way that `order` came."""
    ended = {"CANC": "canceled", "RJCT": "rejected"}.get(status, "")
    return report(working, f"{id}-I", "status", ended, order)


def report(
    working: Working,
    exec_id: str,
    kind: str,
    status: str = "",
    order: Order | None = None,
    **more: str,
) -> OrderReport:
    """A report about an order at a venue; `status` where it is not what the quantities say."""
    order = order or working.order
    base = working.order.base
    filled = msgspec.structs.replace(base, minor=working.filled_minor)
    closed = status in CLOSED
    leaves = msgspec.structs.replace(base, minor=0 if closed else max(base.minor - working.filled_minor, 0))
    if not status:
        status = "new" if not working.filled_minor else "partial" if leaves.minor else "filled"
    return OrderReport(order, working.payment, exec_id, kind, status, filled, leaves, average(working), **more)


CLOSED = ("canceled", "rejected", "expired", "filled")


def average(working: Working) -> str:
    """The average price of what is filled, half to even at ten decimals; "0" when nothing is."""
    if not working.filled_minor:
        return "0"
    scaled, rest = divmod(working.weighted, denominator := working.filled_minor * 10**8)
    scaled += 2 * rest > denominator or (2 * rest == denominator and scaled % 2)
    whole, fraction = divmod(scaled, 10**10)
    return f"{whole}.{fraction:010d}".rstrip("0").rstrip(".")


def lots(legs: Sequence[Leg]) -> tuple[tuple[str, str, str, int], ...]:
    """Movements as a record remembers them."""
    return tuple((leg.debit, leg.credit, leg.currency, leg.minor) for leg in legs)


def reversed_legs(moved: Sequence[tuple[str, str, str, int]]) -> tuple[Leg, ...]:
    """What undoes movements, last first."""
    return tuple(Leg(credit, debit, currency, minor) for debit, credit, currency, minor in reversed(moved))


def last_execution(order: int) -> int:
    """The name under which an order's latest execution is found, also when the order is final."""
    return identity("", f"last execution/{order}")

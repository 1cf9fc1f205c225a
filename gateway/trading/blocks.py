"""Allocations: a filled block goes from the client's own account to the accounts it was bought or sold for.

Strategy: the shares must be the whole block, to the smallest unit. The money of each share is the difference of two
running totals, each rounded down, so that the shares' money is the block's money too. All movements are linked. An
order's own row says whether it is allocated (ACCC instead of ACSC), the allocation's row whether it was taken back
(CANC) or affirmed (ACCC): then it stays.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from gateway.entries import Entries, identity, unpack_record
from gateway.model import Money, Order, Refusal, Status
from gateway.model.trading import Affirmation, Allocation, AllocationAnswer, Execution
from gateway.planning import Source
from gateway.ports import PaymentRow
from gateway.settlement.ledger import Leg
from gateway.settlement.plan import deal_accounts
from gateway.settling import Settling, last_execution, lots, reversed_legs


class Block(Struct, frozen=True):
    """What is divided: orders of one symbol and side, what they filled and what that came to."""

    payments: tuple[int, ...]
    order: Order  # with the block's quantity and price as its own
    base: Money
    quote: Money
    base_account: str  # the client's
    quote_account: str
    template: str  # of the accounts that it is divided among


class Blocks:
    """The allocations of one batch."""

    def __init__(self, entries: Entries, settling: Settling) -> None:
        self.entries = entries
        self.settling = settling
        self.ledger = entries.state.ledger

    def take(self, id: int, allocation: Allocation, source: Source) -> Status:
        """Divide, take back, or divide anew."""
        hash = identity(source.endpoint, allocation.identity)
        done = self._do(id, allocation, source, hash)
        if isinstance(done, Refusal):
            told = AllocationAnswer(allocation, id, accepted=False, reason=done.reason, code=done.code, text=done.text)
            status = Status("RJCT", allocation, id, done.reason, done.text, done.code, allocation.place, (told,))
            self.entries.keep(id, source.message, allocation, None, status)
            return status
        allocation, order, legs = done
        self.entries.post(id, legs)
        kept = tuple(Leg(*move) for move in allocation.moved)
        told = AllocationAnswer(allocation, id, accepted=True, order=order)
        status = Status("ACSC", allocation, id, place=allocation.place, told=(told,))
        self.entries.keep(id, source.message, allocation, None, status, hash, kept)
        self.entries.name(hash, id)
        return status

    def _do(
        self, id: int, allocation: Allocation, source: Source, hash: int
    ) -> tuple[Allocation, Order, tuple[Leg, ...]] | Refusal:
        """The ledger's movements are made when this returns no Refusal."""
        if self.entries.known(hash) is not None:
            return self._no(allocation, "duplicate-allocation", "AM05", "this AllocID was used before")
        before: tuple[PaymentRow, Allocation] | None = None
        if allocation.kind != "allocate":
            found = self._before(allocation, source)
            if isinstance(found, Refusal):
                return found
            before = found
        back = reversed_legs(before[1].moved) if before is not None else ()
        if allocation.kind == "cancel":
            assert before is not None, "a cancel has what it cancels"
            return self._cancel(allocation, before, back, source)
        block = self._block(allocation, before, source)
        if isinstance(block, Refusal):
            return block
        forth = self._shares(allocation, block, source)
        if isinstance(forth, Refusal):
            return forth
        legs = (*back, *forth)
        failure = self.ledger.apply(legs)
        if failure is not None:
            return self._no(allocation, failure.code, failure.reason, failure.text)
        if before is not None:
            self.entries.change(before[0].id, "CANC", source.message, text=f"replaced by allocation {id}")
        for payment in block.payments:
            self.entries.change(payment, "ACCC", source.message, text=f"allocated by payment {id}")
        allocation = msgspec.structs.replace(allocation, moved=lots(forth), payments=block.payments)
        return allocation, block.order, legs

    def _cancel(
        self, allocation: Allocation, before: tuple[PaymentRow, Allocation], back: tuple[Leg, ...], source: Source
    ) -> tuple[Allocation, Order, tuple[Leg, ...]] | Refusal:
        row, earlier = before
        failure = self.ledger.apply(back)
        if failure is not None:
            return self._no(allocation, failure.code, failure.reason, failure.text)
        self.entries.change(row.id, "CANC", source.message, text="cancelled by its sender")
        for payment in earlier.payments:
            self.entries.change(payment, "ACSC", source.message)
        first = self.entries.payment(earlier.payments[0])
        order = unpack_record(first.record) if first is not None else None
        assert isinstance(order, Order), "a block is made of orders"
        return msgspec.structs.replace(allocation, orders=earlier.orders, shares=earlier.shares), order, back

    # -- what is divided

    def _before(self, allocation: Allocation, source: Source) -> tuple[PaymentRow, Allocation] | Refusal:
        """The allocation that is cancelled or replaced."""
        sender = allocation.identity.removesuffix(f"/J/{allocation.id}")
        row = self.entries.known(identity(source.endpoint, f"{sender}/J/{allocation.reference_id}"))
        record = unpack_record(row.record) if row is not None else None
        if row is None or not isinstance(record, Allocation) or not record.payments or row.status == "CANC":
            return self._no(allocation, "unknown-allocation", "NARR", "RefAllocID names no allocation that stands")
        if row.status == "ACCC":
            return self._no(allocation, "affirmed-allocation", "NARR", "the allocation was affirmed: it stays")
        return row, record

    def _block(
        self, allocation: Allocation, before: tuple[PaymentRow, Allocation] | None, source: Source
    ) -> Block | Refusal:
        sender = allocation.identity.removesuffix(f"/J/{allocation.id}")
        found: list[tuple[PaymentRow, Order, int, int]] = []
        for name in allocation.orders:
            row = self.entries.known(identity(source.endpoint, f"{sender}/{name}"))
            filled = self._filled(row, before[1].payments if before is not None else (), source)
            if row is None or filled is None or any(row.id == other[0].id for other in found):
                text = "the block names an order that is not filled here, or allocated already"
                return self._no(allocation, "unknown-block", "AM10", text)
            found.append((row, *filled))
        if not found:
            return self._no(allocation, "unknown-block", "AM10", "an allocation names the orders of its block (73, 11)")
        row, order, _, _ = found[0]
        if any((other.symbol, other.side) != (order.symbol, order.side) for _, other, _, _ in found):
            return self._no(allocation, "mixed-block", "NARR", "the orders of a block have one symbol and one side")
        return self._joined(allocation, found, source)

    def _joined(
        self, allocation: Allocation, found: Sequence[tuple[PaymentRow, Order, int, int]], source: Source
    ) -> Block | Refusal:
        row, order, _, _ = found[0]
        way = self.entries.snapshot.ways.get(row.route)
        accounts = order.accounts
        if way is None or way.templates is None or way.route.settle is None:
            return self._no(allocation, "route-cannot-settle", "AG01", "the block's route is no longer there")
        if not accounts[0]:
            named = deal_accounts(order, way.templates, source.session, source.endpoint)
            if isinstance(named, Refusal):
                return named
            accounts = named
        buys = order.side == "buy"
        quote = order.quote_currency
        base = Money(order.base.currency, sum(one[2] for one in found))
        template = way.route.settle.allocate
        if not template:
            template = way.templates.client if "{account}" in way.templates.client else "{account}"
        return Block(
            tuple(one[0].id for one in found),
            msgspec.structs.replace(order, base=base),
            base,
            Money(quote, sum(one[3] for one in found)),
            accounts[1] if buys else accounts[0],
            accounts[2] if buys else accounts[3],
            template,
        )

    def _filled(self, row: PaymentRow | None, own: tuple[int, ...], source: Source) -> tuple[Order, int, int] | None:
        """An order of this session that is filled and not allocated (but by what is replaced): quantity and money."""
        order = unpack_record(row.record) if row is not None else None
        if row is None or not isinstance(order, Order):
            return None
        message = self.entries.message(row.message)
        if message is None or (message.endpoint, message.session) != (source.endpoint, source.session):
            return None
        if row.status != "ACSC" and not (row.status == "ACCC" and row.id in own):
            return None
        if order.venue is None:
            return (order, order.base.minor, order.quote.minor) if order.quote is not None else None
        last = self.entries.payment(self.entries.state.references.find(last_execution(row.id)))
        state = unpack_record(last.record) if last is not None else None
        if not isinstance(state, Execution) or state.payment != row.id:
            return None
        return order, state.filled_minor, state.value_minor

    # -- the shares

    def _shares(self, allocation: Allocation, block: Block, source: Source) -> tuple[Leg, ...] | Refusal:
        """What goes to and comes from each account; a Refusal when the shares are not the block."""
        names = [share.account for share in allocation.shares]
        if not names or len(set(names)) != len(names):
            return self._no(allocation, "bad-shares", "AM12", "an allocation names each account once (78, 79)")
        quantities = [Money.parse(block.base.currency, share.quantity) for share in allocation.shares]
        said = Money.parse(block.base.currency, allocation.quantity) if allocation.quantity else block.base
        total = sum(quantity.minor for quantity in quantities if quantity is not None)
        if None in quantities or total != block.base.minor or said != block.base:
            text = f"the shares do not come to the block's {block.base.text()}"
            return self._no(allocation, "shares-not-block", "AM10", text)
        legs: list[Leg] = []
        running = 0
        for name, quantity in zip(names, quantities, strict=True):
            assert quantity is not None, "each was read"
            if not quantity.minor:
                return self._no(allocation, "bad-shares", "AM12", "a share is above zero")
            paid = block.quote.minor * running // block.base.minor
            running += quantity.minor
            paid = block.quote.minor * running // block.base.minor - paid
            legs += self._share(block, name, quantity.minor, paid, source)
        return tuple(legs)

    def _share(self, block: Block, name: str, quantity: int, paid: int, source: Source) -> list[Leg]:
        """A buyer's account gets the base and pays; a seller's gives the base and is paid."""

        def of(currency: str) -> str:
            return block.template.format(
                currency=currency, session=source.session, account=name, endpoint=source.endpoint
            )

        base, quote = block.base.currency, block.quote.currency
        moves = [
            (block.base_account, of(base), base, quantity),
            (of(quote), block.quote_account, quote, paid),
        ]
        if block.order.side == "sell":
            moves = [(credit, debit, currency, minor) for debit, credit, currency, minor in moves]
        return [Leg(*move) for move in moves if move[0] != move[1] and move[3]]

    @staticmethod
    def _no(allocation: Allocation, code: str, reason: str, text: str) -> Refusal:
        return Refusal(code, reason, allocation.place, text, allocation.id)

    # -- affirmation

    def affirm(self, id: int, affirmation: Affirmation, source: Source) -> Status:
        """The counterparty's word on an allocation: what is affirmed stays."""
        sender = affirmation.identity.removesuffix(f"/J/{affirmation.id}")
        row = self.entries.known(identity(source.endpoint, f"{sender}/J/{affirmation.id}"))
        status = Status("ACTC", affirmation, id, place=affirmation.place, told=())
        if row is None or row.status not in ("ACSC", "ACCC"):
            text = "AllocID names no allocation that stands"
            status = Status("RJCT", affirmation, id, "NARR", text, "unknown-allocation", affirmation.place)
        elif affirmation.kind == "affirmed" and row.status == "ACSC":
            self.entries.change(row.id, "ACCC", source.message, text="affirmed by its counterparty")
        elif affirmation.kind == "disputed":
            self.entries.change(row.id, row.status, source.message, "NARR", f"disputed: {affirmation.text}"[:140])
        self.entries.keep(id, source.message, affirmation, None, status)
        return status

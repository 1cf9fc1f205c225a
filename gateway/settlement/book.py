"""The book: what trading must remember between messages, and nothing that the store does not hold too.

Strategy: everything here is a payment row whose status is ACSP, "at work": an order that a venue works, the latest
word of the venue about it (PDNG when that is a fill which waits for people), a cancel or replacement that the venue
has not answered, a standing settlement instruction. `load` replays those rows in the order in which they were
written; whoever changes the book changes the rows in the same batch. Everything else (fills, quotes, allocations) is
found by its identity and read from its row.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.model import Order, Record, Refusal
from gateway.model.trading import Execution, OrderAction, SettlementInstruction
from gateway.ports import PaymentRow

ACTIONS_MAX = 16  # of one order that its venue has not answered
INSTRUCTIONS_MAX = 1_000  # that stand for one session


class Working:
    """One order at a venue. Mutable; the book's own."""

    __slots__ = (
        "actions",
        "filled_minor",
        "last",
        "message",
        "order",
        "payment",
        "value_minor",
        "venue_id",
        "weighted",
    )

    def __init__(self, payment: int, message: int, order: Order) -> None:
        self.payment = payment
        self.message = message  # that placed it
        self.order = order  # as it now stands
        self.filled_minor = 0
        self.value_minor = 0  # in the quote currency
        self.weighted = 0  # sum of minor units x price, in units of 10^-18
        self.last = 0  # the row that holds all this; 0: the order's own
        self.venue_id = payment  # the number under which the venue knows it: ours, of the latest replacement
        self.actions: dict[int, OrderAction] = {}  # payment number -> what the venue was asked

    def take(self, row: int, execution: Execution) -> None:
        """The state after an execution."""
        assert execution.order is not None, "an execution is kept with its order"
        self.order = execution.order
        self.venue_id = execution.venue_id
        self.filled_minor = execution.filled_minor
        self.weighted = int(execution.weighted)
        self.value_minor = execution.value_minor
        self.last = row


class Book:
    """Orders at work by payment number; standing instructions by session and account."""

    def __init__(self) -> None:
        self.working: dict[int, Working] = {}
        self.actions: dict[int, int] = {}  # payment number of a cancel or replacement -> of its order
        self.instructions: dict[tuple[str, str], dict[str, tuple[int, SettlementInstruction]]] = {}

    def load(self, rows: Iterable[tuple[PaymentRow, Record | Refusal]]) -> None:
        """Take over what the store remembers, oldest first."""
        self.working.clear()
        self.actions.clear()
        self.instructions.clear()
        for row, record in rows:
            if isinstance(record, Order):
                self.working[row.id] = Working(row.id, row.message, record)
            elif isinstance(record, Execution) and record.payment in self.working:
                self.working[record.payment].take(row.id, record)
            elif isinstance(record, OrderAction) and record.payment in self.working:
                self.ask(row.id, record)
            elif isinstance(record, SettlementInstruction):
                self.stand(row.id, record)

    def ask(self, payment: int, action: OrderAction) -> None:
        """The venue was asked to change or cancel an order, and has not answered."""
        self.working[action.payment].actions[payment] = action
        self.actions[payment] = action.payment

    def stand(self, payment: int, instruction: SettlementInstruction) -> None:
        """An instruction holds from now on."""
        of = self.instructions.setdefault((instruction.endpoint, instruction.session), {})
        of[instruction.account] = (payment, instruction)

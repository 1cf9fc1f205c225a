"""Trading: what is said about orders, quotes, allocations, confirmations and trades, and what is said back.

Records that come in are asked something of; those under "said back" are written by the gateway and never read. Prices
and quantities that belong to another record's currencies stay as text until that record is found.
"""

from __future__ import annotations

from msgspec import Struct

from gateway.model.conversation import Extra
from gateway.model.money import Money
from gateway.model.records import Order

Move = tuple[str, str, str, int]  # a ledger movement that was made: debit, credit, currency, minor units


# --- orders and their executions ------------------------------------------------------------------


class OrderAction(Struct, frozen=True, gc=False, omit_defaults=True, tag="order_action"):
    """What a client wants of an order it placed: `kind` is cancel (F), replace (G) or status (H)."""

    kind: str
    client_order_id: str  # of this request; of a status request, the order's
    original_id: str = ""  # OrigClOrdID: the order, as last replaced
    order_id: str = ""  # OrderID: the gateway's number for it
    order: Order | None = None  # of a replacement: the order as it shall be
    symbol: str = ""
    side: str = ""
    payment: int = 0  # as taken: the order's payment number
    identity: str = ""
    place: str = ""
    source: str = ""
    scheme: str = ""
    extra: Extra = ()


class Execution(Struct, frozen=True, gc=False, omit_defaults=True, tag="execution"):
    """A venue's word about an order at work there (8, 9).

    `kind`: new, fill, canceled, replaced, rejected, expired, busted, corrected, pending, status, action_rejected.
    The fields under "as taken" are the gateway's own: which order it is about and how that stands after it.
    """

    kind: str
    client_order_id: str = ""
    exec_id: str = ""
    order_id: str = ""
    original_id: str = ""
    reference_id: str = ""  # ExecRefID: the fill that is busted or corrected
    last_quantity: str = ""
    last_price: str = ""
    leaves: str = ""
    reason_code: str = ""  # OrdRejReason or CxlRejReason as the venue has it
    text: str = ""
    # As taken:
    payment: int = 0  # the order's payment number
    order: Order | None = None  # the order as it now stands: a replacement changes it
    venue_id: int = 0  # our number under which the venue now knows the order
    filled_minor: int = 0  # cumulative quantity
    weighted: str = "0"  # sum of quantity x price over the fills, in units of 10^-18: an exact average
    value_minor: int = 0  # what the fills came to in the quote currency
    moved: tuple[Move, ...] = ()  # what this execution settled: base, then quote
    identity: str = ""
    place: str = ""
    source: str = ""
    scheme: str = ""
    extra: Extra = ()


# --- quotes ---------------------------------------------------------------------------------------


class QuoteRequest(Struct, frozen=True, gc=False, omit_defaults=True, tag="quote_request"):
    """What would you deal at? (R)"""

    id: str
    symbol: str
    side: str = ""  # "": both
    quantity: Money | None = None
    account: str = ""
    kind: str = "quote_request"
    identity: str = ""
    place: str = ""
    source: str = ""
    scheme: str = ""
    extra: Extra = ()


class Quote(Struct, frozen=True, gc=False, omit_defaults=True, tag="quote"):
    """Our promise to deal at a rate, for a while (S). An empty price is a side that is not quoted."""

    id: str
    request_id: str
    symbol: str
    bid: str
    ask: str
    quantity: Money  # at most so much of the base currency
    valid_until_ns: int
    session: str = ""  # to whom it was given
    endpoint: str = ""
    kind: str = "quote"
    identity: str = ""
    place: str = ""
    source: str = ""
    scheme: str = ""
    extra: Extra = ()


class QuoteResponse(Struct, frozen=True, gc=False, omit_defaults=True, tag="quote_response"):
    """An answer to a quote (AJ): `kind` is hit, counter or pass; a hit holds the deal as an order."""

    kind: str
    id: str
    quote_id: str
    order: Order | None = None
    identity: str = ""
    place: str = ""
    source: str = ""
    scheme: str = ""
    extra: Extra = ()


class QuoteCancel(Struct, frozen=True, gc=False, omit_defaults=True, tag="quote_cancel"):
    """A quote is wanted no more (Z); without an id, all of the session's."""

    quote_id: str = ""
    kind: str = "quote_cancel"
    identity: str = ""
    place: str = ""
    source: str = ""
    scheme: str = ""
    extra: Extra = ()


# --- after the trade ------------------------------------------------------------------------------


class Share(Struct, frozen=True, gc=False, omit_defaults=True):
    """One account's part of a block."""

    account: str
    quantity: str
    id: str = ""  # IndividualAllocID


class Allocation(Struct, frozen=True, gc=False, omit_defaults=True, tag="allocation"):
    """A filled block is divided among accounts (J): `kind` is allocate, cancel or replace."""

    kind: str
    id: str
    reference_id: str = ""  # of a cancel or replace: the allocation it is about
    orders: tuple[str, ...] = ()  # ClOrdIDs of the block
    symbol: str = ""
    side: str = ""
    quantity: str = ""
    average: str = ""
    trade_date: str = ""
    shares: tuple[Share, ...] = ()
    moved: tuple[Move, ...] = ()  # as taken: what it settled
    payments: tuple[int, ...] = ()  # as taken: the orders of the block
    identity: str = ""
    place: str = ""
    source: str = ""
    scheme: str = ""
    extra: Extra = ()


class Affirmation(Struct, frozen=True, gc=False, omit_defaults=True, tag="affirmation"):
    """A counterparty's word on what we confirmed or allocated: `kind` is affirmed, disputed or received.

    `about` is confirmation (AU) or allocation (AT, P).
    """

    kind: str
    about: str
    id: str  # ConfirmID or AllocID
    text: str = ""
    identity: str = ""
    place: str = ""
    source: str = ""
    scheme: str = ""
    extra: Extra = ()


class ConfirmationRequest(Struct, frozen=True, gc=False, omit_defaults=True, tag="confirmation_request"):
    """Confirm this trade (again): BH."""

    id: str
    orders: tuple[str, ...] = ()  # ClOrdIDs
    kind: str = "confirmation_request"
    identity: str = ""
    place: str = ""
    source: str = ""
    scheme: str = ""
    extra: Extra = ()


class TradeReport(Struct, frozen=True, gc=False, omit_defaults=True, tag="trade_report"):
    """A trade agreed elsewhere, brought here to be settled (AE): `kind` is new, cancel or replace."""

    kind: str
    id: str  # TradeReportID
    deal: Order | None = None  # the reporting side's view; its kind is `trade`
    reference_id: str = ""  # TradeReportRefID: what is cancelled or replaced
    identity: str = ""
    place: str = ""
    source: str = ""
    scheme: str = ""
    extra: Extra = ()


class TradeRequest(Struct, frozen=True, gc=False, omit_defaults=True, tag="trade_request"):
    """Which trades do you have of mine? (AD)"""

    id: str
    trade_id: str = ""
    client_order_id: str = ""
    order_id: str = ""
    symbol: str = ""
    kind: str = "trade_request"
    identity: str = ""
    place: str = ""
    source: str = ""
    scheme: str = ""
    extra: Extra = ()


class SettlementInstruction(Struct, frozen=True, gc=False, omit_defaults=True, tag="settlement_instruction"):
    """Where an account wants to be settled (T): `kind` is new, replace or cancel. `fields` stand as they came."""

    kind: str
    id: str
    account: str
    reference_id: str = ""
    fields: Extra = ()
    session: str = ""  # as taken: whose
    endpoint: str = ""
    identity: str = ""
    place: str = ""
    source: str = ""
    scheme: str = ""
    extra: Extra = ()


class InstructionRequest(Struct, frozen=True, gc=False, omit_defaults=True, tag="instruction_request"):
    """Which settlement instructions do you have of an account? (AV); without an account, of all."""

    id: str
    account: str = ""
    kind: str = "instruction_request"
    identity: str = ""
    place: str = ""
    source: str = ""
    scheme: str = ""
    extra: Extra = ()


Trading = (
    OrderAction
    | Execution
    | QuoteRequest
    | Quote
    | QuoteResponse
    | QuoteCancel
    | Allocation
    | Affirmation
    | ConfirmationRequest
    | TradeReport
    | TradeRequest
    | SettlementInstruction
    | InstructionRequest
)


# --- said back ------------------------------------------------------------------------------------


class Placement(Struct, frozen=True, gc=False):
    """To a venue: take this order, change it or cancel it. `kind` is order, replace, cancel or status."""

    kind: str
    id: str  # ours: ClOrdID
    order: Order  # as it shall be
    original_id: str = ""  # ours, of the order as the venue knows it


class OrderReport(Struct, frozen=True, gc=False):
    """To a client: how its order stands (8). Quantities are of the order's base."""

    order: Order
    payment: int
    exec_id: str
    kind: str  # new, fill, canceled, replaced, rejected, expired, busted, corrected, pending_cancel, status ...
    status: str  # new, partial, filled, canceled, replaced, rejected, expired, pending_cancel, pending_replace
    filled: Money
    leaves: Money
    average: str = "0"
    last_quantity: str = ""
    last_price: str = ""
    reference_id: str = ""
    original_id: str = ""
    reason: str = ""  # of a rejection: ISO 20022, or OrdRejReason as the venue has it
    text: str = ""


class ActionReject(Struct, frozen=True, gc=False):
    """To a client: its cancel or replacement is not done (9)."""

    action: OrderAction
    reason: str  # too_late, unknown_order, pending, duplicate, other
    order_id: str = "NONE"
    status: str = "rejected"
    text: str = ""


class QuoteReject(Struct, frozen=True, gc=False):
    """To a client: this cannot be quoted (AG)."""

    request: QuoteRequest
    reason: str  # unknown_symbol, exceeds_limit, not_authorized, other
    text: str = ""


class AllocationAnswer(Struct, frozen=True, gc=False):
    """To a client: its allocation is taken (P, then AS) or not (P)."""

    allocation: Allocation
    payment: int
    accepted: bool
    reason: str = ""  # ISO 20022
    code: str = ""
    text: str = ""
    order: Order | None = None


class Confirmation(Struct, frozen=True, gc=False):
    """To a client: this is the trade as we have it (AK)."""

    id: str
    order: Order
    payment: int
    account: str
    request_id: str = ""


class TradeAnswer(Struct, frozen=True, gc=False):
    """To a client: its trade report is taken or not (AR)."""

    report: TradeReport
    payment: int
    accepted: bool
    reason: str = ""
    text: str = ""


class TradeList(Struct, frozen=True, gc=False):
    """To a client: so many trades follow (AQ)."""

    request: TradeRequest
    count: int
    result: str  # found, none, unknown
    text: str = ""


class TradeCopy(Struct, frozen=True, gc=False):
    """To a client: one of its trades (AE)."""

    id: str
    deal: Order
    payment: int
    request_id: str = ""
    last: bool = False


class InstructionList(Struct, frozen=True, gc=False):
    """To a client: the settlement instructions of an account (T), or that there are none."""

    request_id: str
    id: str
    instructions: tuple[SettlementInstruction, ...]


class Obligation(Struct, frozen=True, gc=False):
    """To a client: what it will receive (credit) or deliver in one currency or security, netted."""

    id: str
    account: str
    amount: Money
    credit: bool


class ObligationReport(Struct, frozen=True, gc=False):
    """To a client: its obligations that are not settled yet, netted by currency (BQ)."""

    id: str
    obligations: tuple[Obligation, ...]


Told = (
    Placement
    | OrderReport
    | ActionReject
    | QuoteReject
    | Quote
    | AllocationAnswer
    | Confirmation
    | TradeAnswer
    | TradeList
    | TradeCopy
    | InstructionList
    | ObligationReport
)

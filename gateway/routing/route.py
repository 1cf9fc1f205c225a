"""A route as routes.yaml writes it: conditions, and what happens to the records that meet them.

Strategy: data only. `table` compiles routes for speed, `explain` interprets them for people; both read
these records. A condition that is not given is met by everything.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from gateway.ports import Offset

# What `kind` may be: the kinds of canonical records that formats read.
KINDS = (
    "credit_transfer",
    "equivalent_transfer",
    "fi_transfer",
    "direct_debit",
    "prenote",
    "return",
    "notification",
    "order",
    "trade",
)

REASON = "a reason code of four capital letters or digits, such as AC01"

# In YAML a single text or a list of them.
Text = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=140)], ...], Meta(min_length=1)]


class Amount(Struct, frozen=True):
    """Bounds of an amount, in units of its currency: `{gt: 1000, lte: 100000}` of EUR is 1,000.01 to 100,000.00."""

    lt: Decimal | None = None
    lte: Decimal | None = None
    gt: Decimal | None = None
    gte: Decimal | None = None


class When(Struct, frozen=True):
    """Conditions that must all hold. A list is met by any one of its texts; a text ending in `*` by what begins so."""

    endpoint: Text = ()  # name of the endpoint that it came through
    type: Text = ()  # message type: pain.001.001.09, MT103, ACH, FIX.4.4/D, transfer
    kind: Text = ()  # credit_transfer, fi_transfer, direct_debit, prenote, return, order, trade
    scheme: Text = ()  # sepa_ct, sepa_inst, swift, ach, internal, fx_spot
    currency: Text = ()  # of the amount; of an order, its base currency
    amount: Amount | None = None  # in units of the currency, whichever it is; of an order, its base quantity
    debtor_country: Text = ()  # of the address, else of residence, else of the IBAN, else of the agent's BIC
    creditor_country: Text = ()
    debtor_agent: Text = ()  # the beginning of a BIC or of a clearing member id
    creditor_agent: Text = ()
    debtor_account: Text = ()  # account id; of an order, the client's account
    creditor_account: Text = ()
    purpose: Text = ()  # purpose or category purpose code: SALA, SUPP
    symbol: Text = ()  # of an order: EUR/USD
    side: Text = ()  # of an order: buy, sell
    session: Text = ()  # FIX session, REST caller


class Settle(Struct, frozen=True):
    """The accounts that the money moves between.

    `debtor` and `creditor` mean that party's account; any other text is an account id, which may hold {currency},
    {session}, {account} and {endpoint}. A payment needs debit and credit, an order client and principal.
    """

    debit: str = ""
    credit: str = ""
    client: str = ""
    principal: str = ""
    affirm: Literal["", "required"] = ""  # of an order: settles once the counterparty has affirmed it
    allocate: str = ""  # of an order: an account that a block is allocated to; "": client, or the account's own name
    cover: Literal["", "required"] = ""  # a covered payment and its cover wait for each other, whichever comes first
    confirm: Literal["", "required"] = ""  # of what is sent on: ACSP until the receiving side says that it settled
    within_s: Annotated[int, Meta(ge=0, le=86_400)] = 0  # decided so soon after its acceptance, or refused; 0: any time


class Send(Struct, frozen=True):
    """Where the record is sent on to, and as what."""

    to: str  # name of an endpoint
    as_: str = field(name="as")  # message type: pacs.008.001.08; FIX.4.4/D: the venue there works the order
    per_message: Annotated[int, Meta(ge=1, le=100_000)] = 1  # so many payments in one message
    offset: Offset | None = None  # of ACH: the account of an entry that balances each file; without, it is unbalanced
    receiver: Annotated[str, Meta(max_length=35)] = ""  # whom messages name: of ACH the routing number files go to
    session: str = ""  # of an order: the venue's session; may be left out where the endpoint has one
    hours: str = ""  # a payment system: what comes while it is closed, or gathers, waits; "": all leaves at once
    # What addresses in lines are made first; "": hybrid where the endpoint's rule sets ask for it, else as_is.
    addresses: Literal["", "as_is", "hybrid", "structured"] = ""  # in lines: as they are, or town and country found


class Recall(Struct, frozen=True):
    """What is done when the sender of a settled payment asks for it back."""

    do: Literal["hold", "return", "forward", "refuse"] = "hold"  # hold: a person decides
    reason: Annotated[str, Meta(pattern="^[A-Z0-9]{4}$", description=REASON)] = "LEGL"  # of refuse: told to the sender


class Refuse(Struct, frozen=True):
    """Records that take this route are refused."""

    reason: Annotated[str, Meta(pattern="^[A-Z0-9]{4}$", description=REASON)]  # ISO 20022 external code
    because: Annotated[str, Meta(min_length=1, max_length=105)]  # told to the sender; AddtlInf holds 105 characters


class Route(Struct, frozen=True):
    """One line of the table: who takes it, and what happens then, in this order: check, settle, send, reply."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    when: When = When()
    check: str = ""  # name of a policy; "": no checks
    settle: Settle | None = None
    send: Send | None = None
    reply: str = ""  # message type of the answer; "": the natural one of the message
    losses: Literal["record", "refuse"] = "record"  # what a translation that does not carry everything leads to
    refuse: Refuse | None = None
    recall: Recall = Recall()

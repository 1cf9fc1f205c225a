"""The canonical records: what every format is read into and written from.

A record says nothing of the format it came from, but for `source` and `extra`. What a source
says that has no field here stands in `extra` as (path, value), the path in the source's own words
with its family before it (`iso:`, `mt:`, `ach:`, `fix:`), so that nothing is lost in silence and the
same family can write it again.
"""

from __future__ import annotations

from msgspec import Struct

from gateway.model.conversation import Extra, Mandate, Original, Reason
from gateway.model.money import Money
from gateway.model.party import Account, Address, Agent, Party


class Refusal(Struct, frozen=True, gc=False, omit_defaults=True, tag="refusal"):
    """Why a message or one record of it is not taken. A value, never an exception.

    `code` is for machines and has a paragraph in docs/refusals.md (`bad-amount`, `F06`, `XSD`); `reason` is the
    ISO 20022 external code the sender is told (AM12, AC01, ...); `place` is where in the source:
    `line 7, columns 30-39`, `:32A:`, `/Document/.../IntrBkSttlmAmt`, `tag 38`; `text` is one English sentence
    that says what was found and what was expected, without names and account numbers.
    """

    code: str
    reason: str
    place: str
    text: str
    record: str = ""  # the refused payment's reference, if it could be read: end-to-end id, ClOrdID, trace number
    extra: Extra = ()  # what the codec needs to answer for the refused record


class Loss(Struct, frozen=True, gc=False, omit_defaults=True):
    """One thing that a translation does not carry whole; `severity` is info, truncated or lost.

    Or derived: the source does not say it in this field; `why` tells what it was taken from.
    """

    element: str
    why: str
    severity: str = "lost"
    number: str = ""  # the notice that operators of FIN know it by: T0000T, T14001 ...


class Charge(Struct, frozen=True, gc=False, omit_defaults=True):
    """One charge taken along the chain (ChrgsInf; MT 71F and 71G)."""

    amount: Money
    agent: Agent | None = None


class Instruction(Struct, frozen=True, gc=False, omit_defaults=True):
    """An instruction for an agent: a code, a text, or both."""

    code: str = ""
    text: str = ""


class Payment(Struct, frozen=True, gc=False, omit_defaults=True, tag="payment"):
    """The canonical instruction to move money."""

    # credit_transfer, fi_transfer (pacs.009, MT 202), direct_debit (pacs.003, pain.008, MT 104), fi_direct_debit
    # (pacs.010, MT 204), prenote, return (pacs.004), reversal (pacs.007, pain.007), payment_request (pain.013),
    # entry (a statement's detail)
    kind: str
    amount: Money  # interbank settlement amount; for an initiation, the instructed amount
    place: str = ""  # where in its message: "CdtTrfTxInf[3]", "line 5", ":20:REF1"
    source: str = ""  # message type it was read from: "pacs.008.001.08", "MT103", "PPD"
    scheme: str = ""  # "sepa_ct", "sepa_inst", "swift", "ach", "internal", ...; "" unknown
    identity: str = ""  # what must be unique for this payment, e.g. UETR or sender + reference; "" nothing known
    instruction_id: str = ""
    end_to_end_id: str = ""  # "NOTPROVIDED" is kept as it stands
    transaction_id: str = ""
    uetr: str = ""
    clearing_reference: str = ""
    batch_id: str = ""  # PmtInfId of pain.001, batch number of ACH
    settlement_date: str = ""  # YYYY-MM-DD: interbank settlement or requested execution date
    instructed_amount: Money | None = None
    exchange_rate: str = ""  # as written, a plain decimal with a point
    charge_bearer: str = ""  # DEBT CRED SHAR SLEV
    charges: tuple[Charge, ...] = ()
    debtor: Party | None = None
    debtor_account: Account | None = None
    debtor_agent: Agent | None = None
    debtor_agent_account: Account | None = None
    creditor: Party | None = None
    creditor_account: Account | None = None
    creditor_agent: Agent | None = None
    creditor_agent_account: Account | None = None
    # A transfer between institutions (pacs.009, MT 202): debtor and creditor are agents.
    debtor_institution: Agent | None = None
    creditor_institution: Agent | None = None
    ultimate_debtor: Party | None = None
    ultimate_creditor: Party | None = None
    initiating_party: Party | None = None
    intermediary_agents: tuple[Agent, ...] = ()
    intermediary_accounts: tuple[Account | None, ...] = ()
    previous_agents: tuple[Agent, ...] = ()
    instructing_agent: Agent | None = None
    instructed_agent: Agent | None = None
    settlement_method: str = ""  # INDA INGA COVE CLRG
    settlement_account: Account | None = None
    clearing_system: str = ""
    reimbursement_agents: tuple[Agent | None, ...] = ()  # instructing, instructed, third
    reimbursement_accounts: tuple[Account | None, ...] = ()
    priority: str = ""  # HIGH NORM URGT
    service_level: tuple[str, ...] = ()  # SEPA, G001, SDVA ...
    local_instrument: str = ""  # INST, or a proprietary text; ACH: the SEC code
    category_purpose: str = ""
    purpose: str = ""
    remittance: tuple[str, ...] = ()  # unstructured lines
    remittance_structured: Extra = ()  # (path below RmtInf, e.g. "Strd[1]/CdtrRefInf/Ref", text)
    instructions_for_creditor_agent: tuple[Instruction, ...] = ()
    instructions_for_next_agent: tuple[Instruction, ...] = ()
    regulatory: tuple[str, ...] = ()  # regulatory reporting, as lines
    settlement_times: tuple[tuple[str, str], ...] = ()  # (CLSTIME, HH:MM:SS+HH:MM) ...
    underlying: Payment | None = None  # the customer transfer that a cover payment pays for
    mandate: Mandate | None = None
    original: Original | None = None  # of a return or reversal: what it gives back ...
    reasons: tuple[Reason, ...] = ()  # ... and why
    extra: Extra = ()


class Venue(Struct, frozen=True, gc=False):
    """Where an order is worked: the session of an endpoint, and the message type that places it there."""

    endpoint: str
    session: str
    type: str  # "FIX.4.4/D"


class Order(Struct, frozen=True, gc=False, omit_defaults=True, tag="order"):
    """A trading instruction: buy or sell so much of the base, a currency or a security, for the quote currency."""

    client_order_id: str
    symbol: str  # "EUR/USD"; of a security its ISIN and the currency: "ZZ00BOND0013/EUR"
    side: str  # "buy" or "sell", of the base currency
    base: Money  # quantity in the base currency
    quote: Money | None  # quantity x price in the quote currency; None without a price
    price: str = ""
    order_type: str = ""  # "limit", "market"
    time_in_force: str = ""
    account: str = ""  # tag 1: which of the client's accounts
    identity: str = ""
    transact_time: str = ""
    place: str = ""
    source: str = ""
    kind: str = "order"
    scheme: str = "fx_spot"  # or security
    extra: Extra = ()
    percent: bool = False  # the price is for 100 of the base: bonds
    quote_id: str = ""  # of our quote that it takes
    venue: Venue | None = None  # as taken: who works it; None: filled here
    # As taken, where it may be undone later: what it moves between; base and quote, each debit then credit.
    accounts: tuple[str, str, str, str] = ("", "", "", "")

    @property
    def quote_currency(self) -> str:
        return self.symbol.partition("/")[2]

    def value(self, base: Money, price: str) -> Money | None:
        """What so much of it costs at a price; None when that is no amount."""
        return base.at(price, self.quote_currency, 2 if self.percent else 0)


class Operation(Struct, frozen=True, gc=False, omit_defaults=True, tag="operation"):
    """An instruction to the gateway itself, journaled like any message.

    `kind` is open_account, close_account, release, reject, repair (give the addresses that a held payment lacks), net
    (tell a session what its open deals come to), statement (make the one of an account by a rule, up to a moment),
    recall, return and ask_status (begin a conversation about a payment) or tick (time has passed).
    """

    kind: str
    subject: str  # account id or payment id; of net: endpoint/session
    currency: str = ""
    minor: int | None = None  # opening balance or, of release and reject, nothing
    floor_minor: int | None = None  # lowest balance allowed; None: no floor
    source_account: str = ""  # what an opening balance is debited from
    by: str = ""
    because: str = ""
    place: str = ""
    source: str = ""
    identity: str = ""
    scheme: str = ""
    addresses: tuple[tuple[str, Address], ...] = ()  # of repair: ("creditor", its address)
    rule: str = ""  # of a statement: by which rule ...
    moment_ns: int = 0  # ... and up to when
    reason: str = ""  # of recall and return: the code that the other side is told ...
    text: str = ""  # ... and words to it

"""The objects of the JSON format, one record each. Their declaration is the check and the published schema."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.model import Payment

# What the ledger takes as an account id, and what every outgoing format can print.
# `(?![\s\S])` is the end of the text in every dialect of patterns, where `$` lets a line feed pass.
_ACCOUNT = r"^[A-Za-z0-9][A-Za-z0-9_.:/@+-]*(?![\s\S])"
# Printable text: neither control characters nor those that XML cannot carry.
_TEXT = r"^[^\x00-\x1f\x7f-\x9f\ufffe\uffff]*(?![\s\S])"

AccountId = Annotated[
    str, Meta(pattern=_ACCOUNT, min_length=1, max_length=64, description="account id", examples=["ALICE"])
]
Amount = Annotated[
    str | int,
    Meta(
        description="decimal text with at most the currency's decimals; a number only when it is whole",
        examples=["12.50"],
    ),
]
Floor = Annotated[
    str | int | None, Meta(description='lowest balance allowed; null or "none" for no floor', examples=["0.00"])
]
Currency = Annotated[str, Meta(min_length=3, max_length=3, description="ISO 4217 code", examples=["EUR"])]
Reference = Annotated[str, Meta(pattern=_TEXT, max_length=35, description="the sender's own reference: end-to-end id")]
Name = Annotated[str, Meta(pattern=_TEXT, max_length=140)]
Line = Annotated[str, Meta(pattern=_TEXT, max_length=140)]
Sentence = Annotated[str, Meta(pattern=_TEXT, max_length=1000)]


class Transfer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Move money from one account to another."""

    type: Literal["transfer"] = "transfer"
    debit_account: AccountId
    credit_account: AccountId
    amount: Amount
    currency: Currency
    reference: Reference = ""
    debtor_name: Name = ""
    creditor_name: Name = ""
    remittance: Line = ""


class Account(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Open an account in one currency."""

    type: Literal["account"] = "account"
    id: AccountId
    currency: Currency
    floor: Floor = "0"
    balance: Amount = "0"  # opening balance: a transfer from source_account
    source_account: AccountId = "EQUITY"


class PostalAddress(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address as it should be: town and country, the rest in fields or at most two lines."""

    town: Annotated[str, Meta(pattern=_TEXT, min_length=1, max_length=35)]
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}(?![\s\S])", description="ISO 3166-1 code", examples=["DE"])]
    department: Annotated[str, Meta(pattern=_TEXT, max_length=70)] = ""
    street: Annotated[str, Meta(pattern=_TEXT, max_length=70)] = ""
    building_number: Annotated[str, Meta(pattern=_TEXT, max_length=16)] = ""
    building_name: Annotated[str, Meta(pattern=_TEXT, max_length=35)] = ""
    floor: Annotated[str, Meta(pattern=_TEXT, max_length=70)] = ""
    room: Annotated[str, Meta(pattern=_TEXT, max_length=70)] = ""
    post_box: Annotated[str, Meta(pattern=_TEXT, max_length=16)] = ""
    postcode: Annotated[str, Meta(pattern=_TEXT, max_length=16)] = ""
    subdivision: Annotated[str, Meta(pattern=_TEXT, max_length=35)] = ""
    lines: Annotated[
        tuple[Annotated[str, Meta(pattern=_TEXT, min_length=1, max_length=70)], ...], Meta(max_length=2)
    ] = ()


Side = Literal[
    "debtor",
    "creditor",
    "ultimate_debtor",
    "ultimate_creditor",
    "initiating_party",
    "debtor_agent",
    "creditor_agent",
    "debtor_institution",
    "creditor_institution",
]


class Operation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's instruction to the gateway: decide about a held payment, give the addresses that it lacks (`repair`),
    ask for a payment that was sent (`recall`), give one back that came in (`return`), ask how one stands
    (`ask_status`), close an account, or tell a session what its open deals come to (`net`; then `account` is
    endpoint/session).
    """

    type: Literal["operation"] = "operation"
    op: Literal["release", "reject", "cancel", "repair", "recall", "return", "ask_status", "close_account", "net"]
    payment: Annotated[int, Meta(ge=1)] | None = None
    account: AccountId | None = None
    addresses: dict[Side, PostalAddress] = {}
    reason: Annotated[
        str, Meta(pattern=r"^([A-Z0-9]{4})?(?![\s\S])", description="of recall and return: ISO 20022 external code")
    ] = ""
    text: Annotated[
        str, Meta(pattern=_TEXT, max_length=105, description="of recall and return: told to the other side")
    ] = ""
    by: Annotated[str, Meta(pattern=_TEXT, min_length=1, max_length=140)]
    because: Annotated[str, Meta(pattern=_TEXT, min_length=1, max_length=1000)]


class Result(Struct, frozen=True, omit_defaults=True):
    """What became of one record: an ISO 20022 status, and why when it did not settle."""

    status: str  # ACSC settled, PDNG held, RJCT refused ...
    payment_id: int = 0
    reference: str = ""
    reason: str = ""  # ISO 20022 external code
    code: str = ""  # the gateway's own word, explained in docs/refusals.md
    text: str = ""
    place: str = ""


class Problem(Struct, frozen=True, omit_defaults=True):
    """One reason why a message was not taken."""

    code: str
    reason: str
    place: str
    text: str


class Answer(Struct, frozen=True, omit_defaults=True):
    """The answer to a message of several records, or to one that was refused as a whole.

    Of a large file only the results that are not ACSC are listed.
    """

    status: str = ""  # RJCT when refused as a whole
    message_id: str = ""
    records: int = 0  # how many there were
    results: list[Result] = []
    refusals: list[Problem] = []


class Event(Struct, frozen=True):
    """Payments sent on, in the canonical record; amounts are {currency, minor}: integers of the smallest unit."""

    message_id: str
    created: str
    payments: list[Payment]
    type: Literal["payments"] = "payments"

"""The configuration as records: what routes.yaml says, typed, with all names looked up and paths absolute."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from gateway.config.convert import Raw
from gateway.ports import ClockTime
from gateway.routing.route import REASON, Route, Text
from gateway.settlement.hours import Hours

Name = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",  # also safe as a part of a file name
        description="a name of up to 64 letters, digits, _ . and -, beginning with a letter or digit",
    ),
]
Bic = Annotated[str, Meta(pattern="^([A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?)?$", description="a BIC of 8 or 11")]
Terminal = Annotated[str, Meta(pattern=r"^([A-Z0-9]{8})?$", description="eight capital letters and digits")]
RoutingNumber = Annotated[str, Meta(pattern="^([0-9]{9})?$", description="a routing number of nine digits")]
AccountId = Annotated[str, Meta(min_length=1, max_length=64)]
Currency = Annotated[
    str,
    Meta(
        pattern="^([A-Z]{3}|[A-Z]{2}[A-Z0-9]{9}[0-9])$",
        description="a currency code of three capital letters, or the ISIN of a security",
    ),
]
Reason = Annotated[str, Meta(pattern="^([A-Z0-9]{4})?$", description=REASON)]


class Identity(Struct, frozen=True):
    """Who we are in the messages that we write."""

    bic: Bic = ""
    name: Annotated[str, Meta(max_length=140)] = ""
    routing_number: RoutingNumber = ""  # nine digits, for ACH and Fedwire
    terminal: Terminal = ""  # the source of our IMADs at Fedwire: eight characters


class EndpointConfig(Struct, frozen=True):
    """A door and what comes through it. `config` is the `Config` of the adapter's module."""

    name: str
    adapter: str
    format: str  # a format's name, or `auto`: found by content
    config: Any
    line: int = 0
    rules: tuple[str, ...] = ()  # rule sets that what comes in and what is sent is held to: cbpr-2026, sepa-2026
    allow: tuple[str, ...] = ()  # what a bank's files may do that the format's rules do not: names that the format has


class AccountConfig(Struct, frozen=True):
    """An account that exists from the start; opened when the ledger does not know it yet."""

    id: AccountId
    currency: Currency
    floor: Decimal | Literal["none"] = Decimal(0)  # lowest balance allowed, in units; none: no floor
    balance: Decimal | None = None  # opening balance, booked as a transfer ...
    from_: str = field(name="from", default="")  # ... from this account


class Accounts(Struct, frozen=True):
    """Accounts that the configuration opens."""

    open: tuple[AccountConfig, ...] = ()


class RateConfig(Struct, frozen=True):
    """What is quoted for a currency pair; a side without a price is not quoted."""

    max: Decimal  # of the base currency, in one quote
    bid: Decimal | None = None  # what we pay for a unit of the base currency
    ask: Decimal | None = None  # what we take for it
    valid_s: Annotated[int, Meta(ge=1, le=86_400)] = 10  # how long a quote is dealt on

    def __post_init__(self) -> None:
        prices = [price for price in (self.bid, self.ask) if price is not None]
        if not prices or min(prices) <= 0:
            raise ValueError("a rate has a bid or an ask, above zero")
        if len(prices) == 2 and prices[0] > prices[1]:
            raise ValueError("the bid is above the ask")


class SecurityConfig(Struct, frozen=True):
    """A security that is traded and held here."""

    decimals: Annotated[int, Meta(ge=0, le=6)] = 0  # of a quantity: 0 for whole units
    name: str = ""


class StatementConfig(Struct, frozen=True):
    """Statements of accounts, made from the ledger."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]  # statements are numbered by it, account and currency
    accounts: Text  # ids; one that ends in `*` means those that begin so
    as_: str = field(name="as")  # camt.053.001.08, camt.052.001.08, camt.054.001.08, MT940, MT950, MT942, MT900, MT910
    to: str  # name of an endpoint
    receiver: Bic = ""  # whose messages they are, in the header of MT
    when: Literal["day_end", "on_request", "each_entry"] = "day_end"
    at: ClockTime = "18:00"  # when a day ends
    zone: str = "UTC"  # the clock that says so, an IANA name: Europe/Berlin
    calendar: str = "T2"  # business days: T2, FED, a country; several joined by + are open when all are
    requesters: Text = ()  # endpoints that may ask for them with camt.060 or MT 920; without it, the one in `to`
    empty: bool = True  # also of days without an entry


class MirrorConfig(Struct, frozen=True):
    """An account of ours at another institution, whose statements are compared with the ledger."""

    account: Annotated[str, Meta(min_length=1, max_length=35)]  # as the statements name it: an IBAN, a number
    ledger: AccountId  # the account here that stands for it
    currency: Annotated[str, Meta(pattern="^([A-Z]{3})?$", description="a currency code")] = ""  # "": any
    signs: Literal["opposite", "same"] = "opposite"  # what the bank credits, the ledger debits
    zone: str = "UTC"  # the clock that dates the ledger's transfers, an IANA name


class Expect(Struct, frozen=True):
    """What a test expects of its first payment; what is not given is not looked at."""

    route: str = ""
    status: Literal["", "RCVD", "ACTC", "ACSP", "ACSC", "PDNG", "RJCT", "CANC", "RTRN"] = ""
    reason: Reason = ""


class TestCase(Struct, frozen=True):
    """A message, played through the configuration before that is taken into force."""

    __test__ = False  # not a test of pytest's

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    message: Path
    expect: Expect
    endpoint: str = ""  # "": the first one that takes its format
    format: str = ""


class Top(Struct, frozen=True):
    """The keys of the file itself; what is Raw is typed part by part, see `load`."""

    version: Literal[1]
    store: Annotated[
        str,
        Meta(
            pattern=r"^(sqlite:.+|postgres(ql)?://.+)$",
            description="a store; write sqlite:PATH, sqlite::memory: or postgresql://HOST/DATABASE",
        ),
    ]
    routes: Raw
    gateway: Identity = Identity()
    endpoints: Raw = Raw()
    accounts: Raw = Raw()
    policies: Raw = Raw()
    rates: dict[str, RateConfig] = {}  # by currency pair, such as EUR/USD: what quotes are given at
    securities: dict[str, SecurityConfig] = {}  # by ISIN
    statements: Raw = Raw()
    reconcile: Raw = Raw()
    hours: dict[str, Hours] = {}  # payment systems by name, beside those that are known
    tests: Raw = Raw()


class Configuration(Struct, frozen=True):
    """A checked configuration. `generation_hash` is equal exactly when the meaning is."""

    store: str
    routes: tuple[Route, ...]
    version: Literal[1] = 1
    gateway: Identity = Identity()
    endpoints: dict[str, EndpointConfig] = {}
    accounts: Accounts = Accounts()
    policies: dict[str, dict[str, Any]] = {}  # policy -> check -> that check's Options
    rates: dict[str, RateConfig] = {}  # by currency pair
    securities: dict[str, SecurityConfig] = {}  # by ISIN
    statements: tuple[StatementConfig, ...] = ()
    reconcile: tuple[MirrorConfig, ...] = ()
    hours: dict[str, Hours] = {}  # payment systems by name
    tests: tuple[TestCase, ...] = ()
    base: Path = Path()  # the folder that relative paths are below
    state_folder: Path = Path()  # where the process keeps its own files: beside an SQLite store, else $STATE_DIRECTORY
    generation_hash: str = ""

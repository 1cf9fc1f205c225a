"""Which accounts get which statements, and which accounts elsewhere are mirrored here: routes.yaml, compiled."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from gateway.ports import Codec
from gateway.settlement import calendars

Kind = Literal["statement", "report", "notification"]
# What a message type says of an account; "" of all others. Debit and credit are told apart by MT 900 and 910 only.
KINDS: dict[str, Kind] = {
    "camt.053": "statement",
    "MT940": "statement",
    "MT950": "statement",
    "camt.052": "report",
    "MT941": "report",
    "MT942": "report",
    "camt.054": "notification",
    "MT900": "notification",
    "MT910": "notification",
}
SIDES = {"MT900": (False,), "MT910": (True,)}  # credit?


def kind_of(type: str) -> Kind | None:
    """What a message type says of an account: everything of a day, what has come so far, or one entry."""
    return KINDS.get(type[:8]) if type.startswith("camt.") else KINDS.get(type)


class StatementRule(Struct, frozen=True):
    """Statements of some accounts, of one type, to one endpoint. Numbered by rule, account and currency."""

    name: str
    accounts: tuple[str, ...]  # ids, or beginnings of ids followed by *
    type: str
    to: str
    when: Literal["day_end", "on_request", "each_entry"]
    writer: Codec
    at: str = "18:00"
    zone: str = "UTC"
    calendar: str = "T2"
    requesters: frozenset[str] = frozenset()  # endpoints that may ask for them
    empty: bool = True  # also of days without an entry
    receiver: str = ""  # BIC

    @property
    def kind(self) -> Kind:
        """What the type says of an account."""
        kind = kind_of(self.type)
        assert kind is not None, "the configuration lets only such types in"
        return kind

    def covers(self, account: str) -> bool:
        """Whether an account is among those of the rule."""
        return any(account == text or (text.endswith("*") and account.startswith(text[:-1])) for text in self.accounts)

    def end_of(self, day: str) -> int:
        """When a day ends; of one that is no business day, the next one."""
        return calendars.cutoff(self.calendar, day, self.at, self.zone)

    def day_before(self, cut_ns: int) -> int:
        """The end of the business day before the one that ends then."""
        day = calendars.local_day(cut_ns - 1, self.zone)
        before = calendars.previous_business_day(self.calendar, day)
        return self.end_of(before)

    def ends_until(self, after_ns: int, now_ns: int, days_max: int) -> list[int]:
        """The ends of business days after one moment and until another, at most so many, the last ones."""
        day = calendars.local_day(now_ns, self.zone)
        if not calendars.is_business_day(self.calendar, day):
            day = calendars.previous_business_day(self.calendar, day)
        found: list[int] = []
        while len(found) < days_max:
            end = self.end_of(day)
            if end <= after_ns:
                break
            if end <= now_ns:
                found.append(end)
            day = calendars.previous_business_day(self.calendar, day)
        return found[::-1]


class Mirror(Struct, frozen=True):
    """An account of ours at another institution, and the account of the ledger that stands for it."""

    account: str  # as its statements name it
    ledger: str
    currency: str = ""  # "": the statement's
    opposite: bool = True  # what the bank credits, the ledger debits
    zone: str = "UTC"

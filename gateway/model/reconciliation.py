"""What comparing a received statement with the ledger has found. Kept like any record; later ones go on from it."""

from __future__ import annotations

from msgspec import Struct

from gateway.model.money import Money


class Open(Struct, frozen=True, gc=False, omit_defaults=True):
    """An entry of one side that the other side does not have yet. Signs are the bank's: what it credits is positive."""

    minor: int
    dates: tuple[str, ...] = ()  # booking and value date
    references: tuple[str, ...] = ()
    transfer: int = 0  # of the ledger's
    payment: int = 0


class Matched(Struct, frozen=True, gc=False, omit_defaults=True):
    """An entry of the statement and the transfers that it is."""

    place: str
    by: str  # reference, or amount and date
    transfers: tuple[int, ...] = ()


class Difference(Struct, frozen=True, gc=False, omit_defaults=True):
    """One thing that is not as it should be; the codes have a paragraph each in docs/refusals/statements.md."""

    code: str
    text: str
    place: str = ""
    amount: Money | None = None
    transfer: int = 0
    payment: int = 0


class Reconciliation(Struct, frozen=True, gc=False, omit_defaults=True, tag="reconciliation"):
    """A statement received for an account of ours, compared entry by entry."""

    account: str  # as the statement names it
    ledger: str
    currency: str
    statement: int = 0  # the row that the statement is kept in
    number: str = ""
    matched: tuple[Matched, ...] = ()
    differences: tuple[Difference, ...] = ()
    open_bank: tuple[Open, ...] = ()  # what stands at the bank only ...
    open_ledger: tuple[Open, ...] = ()  # ... and in the ledger only
    transfer: int = 0  # the last transfer that was looked at
    closing_minor: int | None = None  # by the bank's sign
    closing_date: str = ""
    id: str = ""  # for people: the ledger's account and the statement's number
    kind: str = "reconciliation"
    place: str = ""
    source: str = ""
    scheme: str = ""
    identity: str = ""

"""Statements of account: balances and entries (camt.052, .053, .054; MT 900, 910, 940, 941, 942, 950)."""

from __future__ import annotations

from msgspec import Struct

from gateway.model.conversation import Extra
from gateway.model.money import Money
from gateway.model.party import Account, Agent, Party
from gateway.model.records import Charge, Payment


class Balance(Struct, frozen=True, gc=False, omit_defaults=True):
    """A balance on a day. `type` is the ISO code: OPBD PRCD ITBD CLBD CLAV FWAV OPAV ..., "" with a proprietary one."""

    type: str
    amount: Money  # never negative; `credit` says which side
    credit: bool
    date: str  # YYYY-MM-DD, or with a time as the source writes it
    proprietary: str = ""
    subtype: str = ""
    lines: Extra = ()  # credit lines and availability, (path, text)


class Entry(Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of a statement."""

    amount: Money
    credit: bool
    status: str = "BOOK"  # BOOK PDNG INFO FUTR
    reversal: bool = False
    reference: str = ""  # NtryRef
    booking_date: str = ""
    value_date: str = ""
    servicer_reference: str = ""  # AcctSvcrRef; MT 61 behind //
    owner_reference: str = ""  # MT 61 subfield 7
    domain: str = ""  # bank transaction code: PMNT ...
    family: str = ""  # RCDT ...
    subfamily: str = ""  # ESCT ...
    proprietary_code: str = ""  # MT 61 subfield 6 (NTRF, FCHG ...), or the bank's own
    proprietary_issuer: str = ""
    funds_code: str = ""  # MT 61 subfield 4
    supplementary: str = ""  # MT 61 subfield 9
    information: tuple[str, ...] = ()  # AddtlNtryInf; MT 86 lines
    charges: tuple[Charge, ...] = ()
    details: tuple[Payment, ...] = ()  # TxDtls: kind "entry"
    batch: Extra = ()  # Btch, as (path, text)
    extra: Extra = ()


class Statement(Struct, frozen=True, gc=False, omit_defaults=True, tag="statement"):
    """A statement, an intraday report, or a debit or credit notification of one account.

    `kind`: statement (camt.053, MT 940, 950), report (camt.052, MT 941, 942), notification (camt.054, MT 900, 910).
    """

    kind: str
    account: Account
    id: str = ""
    electronic_number: str = ""
    legal_number: str = ""
    page: str = ""
    last_page: bool = True
    created: str = ""
    begin: str = ""
    end: str = ""
    owner: Party | None = None
    servicer: Agent | None = None
    related_id: str = ""  # MT 21; the request this answers
    floors: tuple[tuple[Money, str], ...] = ()  # MT 34F: limit and D, C or ""
    balances: tuple[Balance, ...] = ()
    entries: tuple[Entry, ...] = ()
    totals: Extra = ()  # TxsSummry; MT 90D, 90C
    information: tuple[str, ...] = ()  # AddtlStmtInf; MT 86 behind the closing balance
    place: str = ""
    source: str = ""
    scheme: str = ""
    identity: str = ""
    extra: Extra = ()

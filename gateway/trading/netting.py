"""Netting: what a session's open deals come to, one obligation per account and currency or security.

Open are the deals that wait for their affirmation: everything else here is settled at once, deal by deal.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.entries import Entries, unpack_record
from gateway.model import Money, Order
from gateway.model.trading import Obligation, ObligationReport
from gateway.planning import Source
from gateway.ports import PaymentRow
from gateway.settling import AWAITING


def obligations(id: int, held: Iterable[PaymentRow], entries: Entries, of: Source) -> tuple[ObligationReport, str]:
    """The obligations of a session, and the message type of the latest deal: the version they are told in."""
    sums: dict[tuple[str, str], int] = {}
    type = ""
    for row in held:
        deal = unpack_record(row.record)
        message = entries.message(row.message)
        if row.refusal_code != AWAITING or not isinstance(deal, Order) or message is None:
            continue
        if (message.endpoint, message.session) != (of.endpoint, of.session):
            continue
        type = deal.source
        sign = 1 if deal.side == "buy" else -1
        account = deal.account or of.session
        for money, way in ((deal.base, sign), (deal.quote, -sign)):
            if money is not None:
                sums[account, money.currency] = sums.get((account, money.currency), 0) + way * money.minor
    found = tuple(
        Obligation(f"B{id}-{place}", account, Money(currency, abs(minor)), minor > 0)
        for place, ((account, currency), minor) in enumerate(sorted(sums.items()), 1)
        if minor
    )
    return ObligationReport(f"B{id}", found), type

"""Payments against the clock: when one was accepted, and until when it must be decided.

Strategy: an instant payment says when its originator's bank accepted it (AccptncDtTm); the scheme's seconds run from
there, wherever the payment has been since. One that does not say so is accepted when it comes in.
"""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.model import Payment

SECONDS = 10  # SCT Inst: from the acceptance by the originator's bank to the answer
NS_PER_SECOND = 1_000_000_000
ACCEPTED = "AccptncDtTm"


def accepted_ns(payment: Payment) -> int:
    """When the payment was accepted by the bank that began it; 0 when it does not say."""
    for path, text in payment.extra:
        if path.endswith(ACCEPTED):
            return moment_ns(text)
    return 0


def moment_ns(text: str) -> int:
    """A time of ISO 20022 in ns since 1970, by UTC where it names no offset; 0 for what is none."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return 0
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * NS_PER_SECOND + delta.microseconds * 1_000


def utc(moment_ns: int) -> str:
    """A moment to the second, as ISO 20022 writes it."""
    return datetime.fromtimestamp(moment_ns // NS_PER_SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def deadline_ns(payment: Payment, received_ns: int, within_ns: int) -> int:
    """Until when it must be decided."""
    return (accepted_ns(payment) or received_ns) + within_ns

"""R-transactions of the SEPA schemes: which reasons a reject, return, recall or refund may give, and until when.

Facts of the EPC's rulebooks, in our words. Reasons that are not in a set are unusual, not unreadable: whoever sends
them is told, whoever receives them keeps them.
"""

from __future__ import annotations

from msgspec import Struct

from gateway.formats.sepa.rules import B2B, CORE, INSTANT, TRANSFER
from gateway.model import Case, Payment, Report


class Limit(Struct, frozen=True):
    """How long after settlement (or, of a recall, after it was asked for): so many of a unit."""

    count: int
    unit: str  # banking_days, calendar_days, months, seconds


def _set(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


_RETURN = (
    "AC01 AC03 AC04 AC06 AG01 AG02 AM05 BE01 BE04 BE05 CNOR ERIN FOCR MD07 MS02 MS03 RC01 RC07 RR01 RR02 RR03 RR04 TM01"
)
_DEBIT = "AC01 AC04 AC06 AC13 AG01 AG02 AM04 AM05 BE01 CNOR DNOR ED05 FF01 MD01 MD02 MD07 MS02 MS03 RC01 SL01"
_LAW = "RR01 RR02 RR03 RR04"
RECALL_BY_BANK = _set("DUPL TECH FRAD")
RECALL_BY_ORIGINATOR = _set("AC03 AM09 CUST FRAD")
# (scheme, what) -> reasons
REASONS: dict[tuple[str, str], frozenset[str]] = {
    (TRANSFER, "return"): _set(_RETURN),
    (TRANSFER, "reject"): _set(_RETURN, "AM01 AM02 AM09 DNOR DT01 ED05 FF01 RF01"),
    (TRANSFER, "recall"): RECALL_BY_BANK | RECALL_BY_ORIGINATOR,
    (TRANSFER, "recall_refused"): _set("AC04 AM04 ARDT CUST LEGL NOAS NOOR"),
    (INSTANT, "reject"): _set(
        _RETURN, "AM01 AM02 AM09 DNOR ED05 FF01 RF01 AB05 AB06 AB07 AB08 AB09 AB10 AG09 AG10 AG11"
    ),
    (INSTANT, "recall"): RECALL_BY_BANK | RECALL_BY_ORIGINATOR,
    (INSTANT, "recall_refused"): _set("AC04 AM04 ARDT CUST LEGL NOAS NOOR"),
    (CORE, "reject"): _set(_DEBIT, _LAW),
    (CORE, "return"): _set(_DEBIT, _LAW),
    (CORE, "refund"): _set("MD01 MD06"),
    (CORE, "reversal"): _set("AM05 MS02 MS03"),
    (B2B, "reject"): _set(_DEBIT, _LAW),
    (B2B, "return"): _set(_DEBIT, _LAW),
    (B2B, "reversal"): _set("AM05 MS02 MS03"),
}
_MONTHS_13 = Limit(13, "months")
# (scheme, what, reason or "") -> limit; the line with the reason goes first
LIMITS: dict[tuple[str, str, str], Limit] = {
    (TRANSFER, "return", ""): Limit(3, "banking_days"),
    (INSTANT, "reject", ""): Limit(10, "seconds"),
    (CORE, "return", ""): Limit(5, "banking_days"),
    (B2B, "return", ""): Limit(3, "banking_days"),
    (CORE, "refund", "MD06"): Limit(56, "calendar_days"),
    (CORE, "refund", "MD01"): _MONTHS_13,
    (CORE, "reversal", ""): Limit(5, "banking_days"),
    (B2B, "reversal", ""): Limit(5, "banking_days"),
    **{
        (scheme, "recall", reason): limit
        for scheme in (TRANSFER, INSTANT)
        for reason, limit in (
            ("DUPL", Limit(10, "banking_days")),
            ("TECH", Limit(10, "banking_days")),
            ("FRAD", _MONTHS_13),
            ("AC03", _MONTHS_13),
            ("AM09", _MONTHS_13),
            ("CUST", _MONTHS_13),
        )
    },
    **{(scheme, "recall_answer", ""): Limit(15, "banking_days") for scheme in (TRANSFER, INSTANT)},
}


def limit(scheme: str, what: str, reason: str = "") -> Limit | None:
    """How long the scheme leaves for an R-transaction; None when it has none."""
    return LIMITS.get((scheme, what, reason)) or LIMITS.get((scheme, what, ""))


# What a record is in the words of the schemes.
KINDS = {"return": "return", "reversal": "reversal", "cancellation_request": "recall", "resolution": "recall_refused"}
REFUSED = frozenset({"RJCR", "RJCT"})


def unusual_reasons(record: object) -> list[str]:
    """Reasons of an R-transaction that no scheme has for it."""
    if not isinstance(record, Payment | Case | Report):
        return []
    what = KINDS.get(record.kind, "reject" if isinstance(record, Report) else "")
    if isinstance(record, Case | Report) and what != "recall" and record.status not in REFUSED:
        return []
    known = {reason for (_, named), reasons in REASONS.items() if named == what for reason in reasons}
    return [one.code for one in record.reasons if one.code and known and one.code not in known]


def unusual(scheme: str, what: str, reason: str) -> bool:
    """Whether the scheme does not have this reason for this R-transaction."""
    reasons = REASONS.get((scheme, what))
    return reasons is not None and reason not in reasons

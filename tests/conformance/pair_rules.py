"""Why our translation may differ from the expected one of a pair: rules, each narrow, each with its reason.

The expected sides are the output of one implementation with known deviations. A rule names the path it is about
and the condition under which it holds; whatever no rule explains is wrong. Section numbers are those of the
translation rules in the shared reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from tests.conformance.sides import Leaves, same


class Difference(Struct, frozen=True):
    """One place where the two outputs differ; "" stands for absent."""

    path: str
    expected: str
    ours: str
    all_expected: Leaves
    all_ours: Leaves
    source: Leaves


class Rule(Struct, frozen=True):
    """When a difference is right."""

    id: str
    path: re.Pattern[str]
    holds: Callable[[Difference], bool]
    why: str
    reference: str


def _sibling(difference: Difference, name: str) -> str:
    base = difference.path.rpartition("/")[0]
    return f"{base}/{name}"


def _street(one: Difference) -> bool:
    street, line = _sibling(one, "StrtNm"), _sibling(one, "AdrLine")
    return (
        same(one.all_expected.get(line, ""), one.all_ours.get(street, ""))
        and line not in one.all_ours
        and street not in one.all_expected
    )


def _ours_in_remittance(one: Difference) -> bool:
    id = next((text for path, text in one.all_ours.items() if path.endswith("PmtId/EndToEndId")), "")
    return not one.ours and one.expected == f"/ROC/{id}"


RULES = (
    Rule(
        "generated-time",
        re.compile(r"(AppHdr/CreDt|Document/.*/GrpHdr/CreDtTm|.*/Assgnmt/CreDtTm)$"),
        lambda one: one.expected == "CURRENT_TIME",
        "the source says no time, so each translator writes its own",
        "section 13, point 8",
    ),
    Rule(
        "century",
        re.compile(r"(AppHdr/CreDt|Document/.*CreDtTm)$"),
        lambda one: (
            one.expected[:2] == "20"
            and one.ours[:2] == "19"
            and one.expected[2:19] == one.ours[2:19]
            and one.ours[2:4] >= "80"
        ),
        "years 80 to 99 of six digits are of the last century",
        "section 2, dates",
    ),
    Rule(
        "street",
        re.compile(r"(Dbtr|Cdtr)/PstlAdr/(StrtNm|AdrLine)$"),
        _street,
        "the one line 2/ of option F is a street: structured, where the other writes an address line",
        "section 4, 50F `2/` StrtNm or AdrLine; structured addresses since November 2026",
    ),
    Rule(
        "roc-once",
        re.compile(r"RmtInf/Ustrd$"),
        _ours_in_remittance,
        "the end-to-end id of /ROC/ is taken out of the remittance; the other leaves it there too",
        "section 5, field 70; section 13, point 4",
    ),
    Rule(
        "rec-is-the-element",
        re.compile(r"InstrForNxtAgt(\[\d+\])?/InstrInf$"),
        lambda one: one.expected == f"/REC/{one.ours}",
        "/REC/ says which element it is, and is not part of its text",
        "section 5, field 72",
    ),
    Rule(
        "generated-uetr",
        re.compile(r"PmtId/UETR$"),
        lambda one: not one.expected and "{121}" not in one.source,
        "between banks a transfer has a UETR; without {121:} one is made, and the report says so (T20087)",
        "section 1, {121:}",
    ),
    Rule(
        "invented-id",
        re.compile(r"(Dbtr|Cdtr)/Id/OrgId/Othr/Id$"),
        lambda one: one.expected == "NOTPROVIDED" and not one.ours,
        "a party without an identifier gets none invented",
        "section 13",
    ),
)

# Of what comes back from a FIN message: what it had no place for was named in the report when it was written.
BACK_RULES = (
    Rule(
        "back-edition",
        re.compile(r"AppHdr/(MsgDefIdr|BizSvc)$"),
        lambda one: one.path.endswith("BizSvc") or one.expected[:8] == one.ours[:8],
        "edition and service are those of the type that was asked for",
        "section 1, headers",
    ),
    Rule(
        "back-33B",
        re.compile(r"CdtTrfTxInf/InstdAmt(/@Ccy)?$"),
        lambda one: (
            not one.expected and same(one.ours, one.all_ours.get(one.path.replace("InstdAmt", "IntrBkSttlmAmt"), ""))
        ),
        "33B stands in Europe (rule D49) though no other amount was instructed",
        "section 5, field 33B; T13003",
    ),
    Rule(
        "back-time",
        re.compile(r"(CreDt|CreDtTm)$"),
        lambda one: _minute(one.expected) == _minute(one.ours),
        "a FIN header has minutes, and no offset",
        "section 1, block 2",
    ),
    Rule(
        "back-method",
        re.compile(r"SttlmInf/(SttlmMtd|ClrSys/Cd)$"),
        lambda one: (one.expected, one.ours) in (("INGA", "INDA"), ("CLRG", "INDA")) or not one.ours,
        "without an account or a copy service no field says whose account it is",
        "section 3, settlement method; T20020",
    ),
    Rule(
        "back-ins",
        re.compile(r"CdtTrfTxInf/(DbtrAgt|PrvsInstgAgt1)/FinInstnId/BICFI$"),
        lambda one: (
            ("DbtrAgt" in one.path and not one.ours)
            or one.ours == one.all_expected.get(one.path.replace("PrvsInstgAgt1", "DbtrAgt"))
        ),
        "the debtor agent of a transfer between banks stands under /INS/",
        "section 6, 52a; T20202",
    ),
    Rule(
        "back-charges-agent",
        re.compile(r"ChrgsInf(\[\d+\])?/Agt/FinInstnId/"),
        lambda one: not one.ours or one.ours == "NOTPROVIDED",
        "71F says an amount and no agent",
        "section 5, field 71F",
    ),
    Rule(
        "back-cut",
        re.compile(r"(PmtId/EndToEndId|InstrId)$"),
        lambda one: one.ours.endswith("+") and one.expected.startswith(one.ours[:-1]),
        "16 characters of a reference",
        "section 2, truncation; T0000T",
    ),
    Rule(
        "back-no-account",
        re.compile(r"DbtrAcct/Id/Othr/Id$"),
        lambda one: not one.expected and one.ours == "NOTPROVIDED",
        "50F begins with an account or an identifier",
        "section 4, MX -> MT choice",
    ),
)


def _minute(text: str) -> str:
    try:
        return datetime.fromisoformat(text).astimezone(UTC).isoformat()[:16]
    except ValueError:
        return ""


# Sources that we refuse, by our code: what must be seen in the source for the refusal to be right.
REFUSED: dict[str, tuple[Callable[[Leaves, str], bool], str]] = {
    "E15": (
        lambda source, text: ":71A:BEN" in text and ":71F:" not in text,
        "charges BEN without 71F break network rule E15; the other invents a charge of zero (section 13, point 5)",
    ),
    "XSD": (
        lambda source, text: "CURRENT_TIME" in text,
        "the source says CURRENT_TIME where a time must stand (section 13, point 8)",
    ),
    "H10": (
        lambda source, text: re.match(r"\{1:[FAL]\d\d[A-Z0-9]{12}\d{10}\}", text) is None,
        "block 1 is no basic header: its sender cannot be known",
    ),
}


def explained(difference: Difference, back: bool) -> Rule | None:
    """The first rule that a difference is right by."""
    rules = BACK_RULES if back else RULES
    return next((rule for rule in rules if rule.path.search(difference.path) and rule.holds(difference)), None)

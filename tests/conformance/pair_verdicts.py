"""Which rule a difference of two outputs is right by, in both directions, and which refusals of a source are right.

What a pair's expected side is translated back to is compared with the source: there the rules of `pair_rules` hold too,
and those below, since the expected side was made by another and says less than the source.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from tests.conformance import official
from tests.conformance.carried import fin_pieces, found_in
from tests.conformance.pair_rules import RULES, Difference, Rule, type_is_of_the_line
from tests.conformance.sides import Leaves, same

# Of what comes back from a FIN message: what it had no place for was named in the report when it was written.
BACK_RULES = (
    Rule(
        "back-unsaid",
        re.compile(r""),
        lambda one: _unsaid(one),
        "the side that is translated back does not say it: its maker left it out or shortened it",
        "section 13, point 1",
    ),
    Rule(
        "back-no-field",
        re.compile(
            r"(AppHdr/Rltd/.*|Cretr/Agt/FinInstnId/BICFI|OrgnlIntrBkSttlm(Amt|Amt/@Ccy|Dt)|RtrdInstdAmt(/@Ccy)?"
            r"|RtrChain/DbtrAgt/FinInstnId/BICFI)$"
        ),
        lambda one: not one.ours and "{2} type" in one.source and (":33a:" not in one.source or "Rtrd" not in one.path),
        "FIN has no field for it: only the like of another element is found",
        "sections 1, 6 and 9",
    ),
    Rule(
        "back-page",
        re.compile(r"^:28a:$"),
        lambda one: all(
            any(text == part and re.search(r"(SeqNb|PgNb)$", path) for path, text in one.source.items())
            for part in re.split("[\n/]", one.ours.partition("\n")[2])
        ),
        "28C has the number and the page that the report says",
        "section 8, 28C",
    ),
    Rule(
        "back-type",
        re.compile(r"Ntry(\[\d+\])?/BkTxCd/(Prtry/(Cd|Issr)|Domn/.*)$"),
        type_is_of_the_line,
        "the other line has another type in 61",
        "section 8, 61 subfield 6",
    ),
    Rule(
        "back-said-once",
        re.compile(r"OrgnlGrpInf/OrgnlMsgId$|OrgnlItm/OrgnlItmId$|CxlStsId$|StsId$|CxlId$|RtrId$|Itm/(Id|EndToEndId)$"),
        lambda one: (
            any(same(one.expected or one.ours, text) for text in one.all_ours.values())
            and not (one.expected and one.ours)
        ),
        "one field of FIN is the name of several things: it is said once, or of each",
        "section 9",
    ),
    Rule(
        "back-edition",
        re.compile(r"(AppHdr/(MsgDefIdr|BizSvc)|OrgnlMsgNmId)$"),
        lambda one: one.path.endswith("BizSvc") or one.expected[:8] == one.ours[:8],
        "edition and service are those of the type that was asked for; 11S knows no edition",
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
        lambda one: (
            _minute(one.expected) == _minute(one.ours)
            or ("Orgnl" in one.path and one.ours == f"{one.expected[:10]}T00:00:00+00:00")
        ),
        "a FIN header has minutes and no offset, and 11S a day",
        "section 1, block 2",
    ),
    Rule(
        "back-method",
        re.compile(r"SttlmInf/(SttlmMtd|ClrSys/Cd)$"),
        lambda one: (
            not any(path.startswith(":53a:") for path in one.source)
            and "{103}" not in one.source
            and ((one.expected, one.ours) in (("INGA", "INDA"), ("CLRG", "INDA")) or not one.ours)
        ),
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
        re.compile(r"(Id|BizMsgIdr)$"),
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


DEFAULTS = frozenset(("NOTPROVIDED", "NONREF", "NTAV", "NMSC", "INDA", "MT"))


def _unsaid(one: Difference) -> bool:
    """Whether all that the source says of the expected text stands in ours, and ours has nothing but the source's."""
    wanted = [text for _, text in fin_pieces({one.path: one.expected})] if one.path[0] in ":{" else [one.expected]
    made = [text for _, text in fin_pieces({one.path: one.ours})] if one.path[0] in ":{" else [one.ours]
    said = [text for text in wanted if text and found_in(text, one.source)]
    return len(said) < len([text for text in wanted if text]) and (
        all(found_in(text, {one.path: one.ours}) for text in said)
        and all(text in DEFAULTS or found_in(text, one.source) for text in made if text)
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
    "C06": (
        lambda source, text: (
            any(path.startswith(":50a:") for path in source) and any(path.startswith(":52a:") for path in source)
        ),
        "a notice names the ordering customer or the ordering institution, not both (rule C2)",
    ),
    "T33": (
        lambda source, text: source["{2} type"] == "950" and re.search(r":61:\d{6}[CD][\d,]+[^NSF]", text) is not None,
        "the type of an entry (61) has a letter and three characters",
    ),
    "missing-creditor": (
        lambda source, text: (
            any("RtrChain/Cdtr/Pty/" in path for path in source)
            and not any("RtrChain/Cdtr/Agt/" in path for path in source)
        ),
        "58a is mandatory between banks, and the return goes to a customer",
    ),
    "no-document": (
        lambda source, text: re.search(r"<Document xmlns:\w+=", text) is not None,
        "the document declares a prefix and does not use it: it stands in no namespace of ISO 20022",
    ),
    "XSD": (
        lambda source, text: "CURRENT_TIME" in text or not official.valid(text),
        "the source says CURRENT_TIME where a time must stand (section 13, point 8), or is not what its schema says",
    ),
    "T26": (
        lambda source, text: re.search(r":2[01]:(|.{17,}|/.*|.*/|.*//.*)\r?\n", text) is not None,
        "20 and 21 have up to 16 characters, at least one, and no slash at an end or two together",
    ),
    "H10": (
        lambda source, text: re.match(r"\{1:[FAL]\d\d[A-Z0-9]{12}\d{10}\}", text) is None,
        "block 1 is no basic header: its sender cannot be known",
    ),
}


def explained(difference: Difference, back: bool) -> Rule | None:
    """The first rule that a difference is right by."""
    rules = (*BACK_RULES, *RULES) if back else RULES
    return next((rule for rule in rules if rule.path.search(difference.path) and rule.holds(difference)), None)

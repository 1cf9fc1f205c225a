"""Rejects and returns: what follows /REJT/ or /RETN/ in field 72 or 79, read and written.

Strategy: line by line, a code word and its text; lines that begin with two slashes go on with the one before. Reasons
are ISO 20022 codes in the record and SWIFT's in the message: one table (`REASONS`) says which differ, and a code that
SWIFT has not is told behind its word for "other", so that it comes back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct, structs

from gateway.formats.mt import text
from gateway.model import Original, Reason, Report

# SWIFT's reason -> ISO 20022 external code; the rest of SWIFT's list is called the same in both.
REASONS = {"MS01": "MS03", "XT99": "NARR"}
# SWIFT's own list. XT and two digits beside XT99 name a field, which no ISO code does.
SWIFT_CODES = frozenset(
    (
        "AC01 AC02 AC03 AC04 AC06 AG01 AG02 AM01 AM02 AM03 AM04 AM05 AM06 AM07 AM08 BE01 BE02 BE03 BE04 BE05 DT01 MS01"
        " PY01 RC01 RC02 RC03 RC04 RF01 RR01 RR02 RR03 TM01"
    ).split()
)
OTHER = "XT99"
NOT_SAID = "MS03"  # of a rejection that gives no reason
_TO_SWIFT = {iso: swift for swift, iso in REASONS.items() if swift != OTHER}
_HEAD = re.compile(r"/(REJT|RETN)/(.*)\Z")
_WORD = re.compile(r"/([A-Z0-9]{4})/(.*)\Z")
_CODE = re.compile(r"([A-Z0-9]{4})(?:/(.*))?\Z")
_UETR = re.compile(r"/?UETR/([0-9a-f-]{36})\Z")
LINE_72, LINE_79 = 35, 50
TREF_WIDTH = 16
LINES_72, LINES_79 = 6, 35


class Sent(Struct, frozen=True):
    """What a message says of the payment that it rejects or returns."""

    word: str  # REJT or RETN
    field: str  # the number of the field at fault, 99: of the whole message
    reasons: tuple[Reason, ...] = ()
    reference: str = ""  # field 20 of the original
    transaction: str = ""  # its end-to-end id
    uetr: str = ""
    charges: str = ""


def parsed(value: str) -> Sent | None:
    """Field 72 or 79 as a reject or return; None when it is none."""
    lines = _joined(value.split("\n"))
    head = _HEAD.match(lines[0])
    if head is None:
        return None
    said: dict[str, Any] = {"word": head[1], "field": head[2] or "99"}
    reasons: list[Reason] = []
    for line in lines[1:]:
        word = _WORD.match(line)
        name, rest = (word[1], word[2]) if word else ("TEXT", line)
        uetr = _UETR.match(rest) if name == "TEXT" else None
        if uetr or name == "UETR":
            said["uetr"] = uetr[1] if uetr else rest
        elif name in _NAMES:
            said[_NAMES[name]] = rest
        elif name == "TEXT":
            last = reasons.pop() if reasons else Reason()
            reasons.append(structs.replace(last, text=(*last.text, rest)))
        else:
            reasons.append(_reason(name, rest))
    return Sent(reasons=tuple(reasons), **said)


_NAMES = {"MREF": "reference", "TREF": "transaction", "CHGS": "charges"}


def _joined(lines: Sequence[str]) -> list[str]:
    """Lines that go on put behind the one before, apart by a blank."""
    found = [lines[0]]
    for line in lines[1:]:
        if line[:2] == "//":
            found[-1] = f"{found[-1]} {line[2:]}"
        else:
            found.append(line)
    return found


def _reason(code: str, rest: str) -> Reason:
    inner = _CODE.match(rest) if code == OTHER else None
    if inner is not None:
        code, rest = inner[1], inner[2] or ""
    elif code[:2] == "XT" and code != OTHER:
        return Reason(proprietary=code, text=(rest,) if rest else ())
    return Reason(REASONS.get(code, code), text=(rest,) if rest else ())


def lines(
    word: str, original: Original, reasons: Sequence[Reason], field: str = "", charges: str = "", width: int = LINE_79
) -> list[str]:
    """The same for writing, at most `width` characters a line."""
    out = [f"/{word}/{field or '99'}"]
    for reason in reasons or (Reason(NOT_SAID),):
        out += text.coded_at(f"/{_code(reason)}/", reason.text[0] if reason.text else "", width)
    reference = original.message_id or original.instruction_id
    out += [f"/MREF/{text.reference(reference)}"] if reference else []
    out += [f"/TREF/{text.line(original.end_to_end_id, TREF_WIDTH)}"] if original.end_to_end_id else []
    out += [f"/CHGS/{charges}"] if charges else []
    for reason in reasons:
        for more in reason.text[1:]:
            out += text.coded_at("/TEXT/", more, width)
    if word == "REJT" and original.uetr and width == LINE_79:
        out.append(f"/TEXT//UETR/{original.uetr}")
    return out[: LINES_72 if width == LINE_72 else LINES_79]


def _code(reason: Reason) -> str:
    if reason.proprietary:
        own = reason.proprietary
        return own if own[:2] == "XT" and len(own) == 4 else f"{OTHER}/{text.plain(own)[:4]}"
    if reason.code == OTHER:
        return OTHER
    code = _TO_SWIFT.get(reason.code, reason.code)
    return code if code in SWIFT_CODES else f"{OTHER}/{code or NOT_SAID}"


def returned(fields: dict[str, Any], sent: Sent, type: str) -> None:
    """The arguments of a payment, turned into those of the return that they are."""
    original = _original(sent, type, fields.pop("uetr", ""))
    related = fields.pop("end_to_end_id", "")
    fields |= {
        "kind": "return",
        "transaction_id": fields.pop("instruction_id", ""),
        "original": original,
        "reasons": sent.reasons,
    }
    kept = [*fields.get("extra", ())]
    if related not in ("", "NOTPROVIDED", original.message_id):
        kept.append(("mt:21", related))
    kept += [("mt:72/RETN", sent.field)] if sent.field != "99" else []
    kept += [("mt:72/CHGS", sent.charges)] if sent.charges else []
    fields["extra"] = tuple(kept)


def _original(sent: Sent, type: str, uetr: str) -> Original:
    return Original(sent.reference, type, end_to_end_id=sent.transaction, uetr=uetr or sent.uetr)


def rejected(sent: Sent, type: str, uetr: str, **said: Any) -> Report:
    """The report that a rejection is."""
    kept = [*said.pop("extra", ())]
    kept += [("mt:REJT", sent.field)] if sent.field != "99" else []
    kept += [("mt:CHGS", sent.charges)] if sent.charges else []
    return Report("RJCT", _original(sent, type, uetr), reasons=sent.reasons, scheme="swift", extra=tuple(kept), **said)

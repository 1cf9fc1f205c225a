"""Messages that could not be read, answered by the rejection that their type has: 8, 9, AG, P, AR.

What the message said of itself goes back as it stood; types without a rejection of their own are answered by j.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.formats.fix.message import Stamps
from gateway.formats.fix.reports import clean, frame, refused_order, reject, way_back
from gateway.formats.fix.versions import OLD_EXECUTIONS
from gateway.model import Refusal, Status
from gateway.ports import Frame

_stamp = Stamps(3)


def _said(refused: Refusal, *tags: str) -> str:
    """Fields of the refused message, those that it had."""
    said = dict(refused.extra)
    return "".join(f"{tag}={said[f'fix:{tag}']}\x01" for tag in tags if said.get(f"fix:{tag}"))


def _action(status: Status, refused: Refusal, now_ns: int) -> Frame:
    """9: a cancel or a replacement; one that names no order is told by j, since 9 must name it."""
    said = dict(refused.extra)
    if not said.get("fix:41") or not said.get("fix:11"):
        return reject(status, refused)
    version = said.get("fix:8", "")
    order = said.get("fix:37") or "NONE"
    standing = "" if version == "FIX.4.0" else "39=8\x01"
    kind = "1" if said.get("fix:35") == "F" else "2"
    response = "" if version in ("FIX.4.0", "FIX.4.1") else f"434={kind}\x01"
    reason = "0" if version in OLD_EXECUTIONS else "99"
    body = (
        f"35=9\x01{way_back(refused.extra)}37={order}\x01{_said(refused, '11', '41')}{standing}{response}"
        f"102={reason}\x0158={clean(status.text)}\x01"
    )
    return frame("9", body)


def _quote(status: Status, refused: Refusal, now_ns: int) -> Frame:
    """AG: a request for a quote."""
    symbol = dict(refused.extra).get("fix:55", "[N/A]")
    body = (
        f"35=AG\x01{way_back(refused.extra)}{_said(refused, '131')}658=99\x01146=1\x0155={symbol}\x01"
        f"58={clean(status.text)}\x01"
    )
    return frame("AG", body)


def _allocation(status: Status, refused: Refusal, now_ns: int) -> Frame:
    """P: an allocation."""
    stamp = _stamp(now_ns).decode()
    body = (
        f"35=P\x01{way_back(refused.extra)}{_said(refused, '70')}60={stamp}\x0187=1\x0188=7\x01"
        f"58={clean(status.text)}\x01"
    )
    return frame("P", body)


def _trade(status: Status, refused: Refusal, now_ns: int) -> Frame:
    """AR: a trade report."""
    symbol = dict(refused.extra).get("fix:55", "[N/A]")
    body = (
        f"35=AR\x01{way_back(refused.extra)}{_said(refused, '571', '487')}856=0\x01150=F\x01939=1\x01751=99\x01"
        f"55={symbol}\x0160={_stamp(now_ns).decode()}\x0158={clean(status.text)}\x01"
    )
    return frame("AR", body)


REFUSED: dict[str, Callable[[Status, Refusal, int], Frame]] = {
    "D": refused_order,
    "F": _action,
    "G": _action,
    "R": _quote,
    "J": _allocation,
    "AE": _trade,
}

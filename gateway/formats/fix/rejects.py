"""What is answered to a message that is wrong, and which way: Reject (3) and reversed routing."""

from __future__ import annotations

from gateway.formats.fix.message import Message, join
from gateway.formats.fix.validate import Fault
from gateway.formats.fix.versions import Version

# OnBehalfOf and DeliverTo names change places in an answer.
REVERSED = {b"115": b"128", b"116": b"129", b"144": b"145", b"128": b"115", b"129": b"116", b"145": b"144"}


def reversed_route(fields: dict[bytes, bytes]) -> bytes:
    """Header fields of an answer that lead it back the way its message came."""
    found = [(back, fields[tag]) for tag, back in REVERSED.items() if fields.get(tag)]
    return join(sorted(found)) if found else b""


def reject_body(version: Version, message: Message, number: int, fault: Fault) -> bytes:
    """Reject (3), as much of it as the version knows."""
    text, about = fault.text, b""
    if version.reject_reason_max < 0:
        text += b" (%b)" % fault.tag if fault.tag else b""
    else:
        about = b"371=%b\x01" % fault.tag if fault.tag else b""
        about += b"372=%b\x01" % message.type
        if fault.reason <= version.reject_reason_max:
            about += b"373=%d\x01" % fault.reason
    return b"35=3\x01%b45=%d\x0158=%b\x01%b" % (reversed_route(message.fields), number, text, about)

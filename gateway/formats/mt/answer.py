"""Answers: an acknowledgement for each message that came in, and a rejection for each payment that was refused.

Strategy: as the network does it, a message that is right is acknowledged ({451:0}), one that is wrong is not ({451:1}
with the code in {405:}); a payment that was read and then refused for its business is told in a free
message (MT199, MT299).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from gateway.formats.mt import read, text, write
from gateway.formats.mt.write import MEDIA, SUFFIX
from gateway.model import Payment, Refusal, Status
from gateway.ports import Decoded, Frame, Writing

# What has no code of the network's own, in one that it has.
NETWORK_CODES = {"unsupported-type": "H30", "not-fin": "H01"}
NO_TERMINAL = "XXXXXXXXXXXX"


def answer(decoded: Decoded, statuses: Sequence[Status], writing: Writing) -> list[Frame]:
    """Everything there is to say of a message or a file, in one frame."""
    moment = datetime.fromtimestamp(writing.now_ns // 1_000_000_000, UTC).strftime("%y%m%d%H%M")
    said: list[str] = []
    for refusal in decoded.refusals:
        said.append(_acknowledged(decoded.header.get("terminal") or NO_TERMINAL, moment, refusal.code))
    if not decoded.refusals and not statuses:
        said.append(_acknowledged(decoded.header.get("terminal") or NO_TERMINAL, moment, ""))
    for status in () if decoded.refusals else statuses:
        said += _answered(status, decoded, writing, moment, len(said))
    data = "\r\n".join(said).encode("latin-1")
    return [Frame(data, "FIN", SUFFIX, MEDIA, writing.message_id)]


def _answered(status: Status, decoded: Decoded, writing: Writing, moment: str, index: int) -> list[str]:
    record = status.record
    extra = dict(record.extra) if isinstance(record, Payment | Refusal) else {}
    basic, _, rest = extra.get(read.HEADER, "").partition("|")
    terminal = basic[3:15] if len(basic) == 25 else decoded.header.get("terminal") or NO_TERMINAL
    if isinstance(record, Refusal):
        return [_acknowledged(terminal, moment, record.code, extra.get(read.LINE, ""))]
    said = [_acknowledged(terminal, moment, "")]
    if status.code == "RJCT" and isinstance(record, Payment):
        said.append(_rejection(status, record, rest.rpartition("|")[2], writing, index))
    return said


def _acknowledged(terminal: str, moment: str, code: str, line: str = "") -> str:
    """The network's answer to one message; `code` "" when it was taken, `line` where in the text the fault is."""
    if not code:
        return f"{{1:F21{terminal}0000000000}}{{4:{{177:{moment}}}{{451:0}}}}"
    known = NETWORK_CODES.get(code) or (code if len(code) == 3 and code.isalnum() else "H99")
    place = line if known == code else ""
    return f"{{1:F21{terminal}0000000000}}{{4:{{177:{moment}}}{{451:1}}{{405:{known}{place}}}}}"


def _rejection(status: Status, record: Payment, original: str, writing: Writing, index: int) -> str:
    """MT199 or MT299 that names the original and the reason."""
    kind = "299" if record.kind == "fi_transfer" else "199"
    sender = record.instructing_agent.bic if record.instructing_agent is not None else ""
    own = writing.sender or (record.instructed_agent.bic if record.instructed_agent is not None else "")
    reference = text.reference(original or record.instruction_id) or "NOTPROVIDED"
    said = text.coded(status.reason or "MS03", status.text)[:6]
    lines = ["/REJT/99", *said, f"/MREF/{reference}"]
    if record.end_to_end_id not in ("", "NOTPROVIDED"):
        lines.append(text.cut(f"/TREF/{text.plain(record.end_to_end_id)}", 50))
    name = write.numbered(writing.message_id, index)
    body = f"\r\n:20:{name}\r\n:21:{reference}\r\n:79:" + "\r\n".join(lines)
    user = f"{{3:{{121:{record.uetr}}}}}" if record.uetr else ""
    return (
        f"{{1:F01{write.terminal(own, 'A')}0000000000}}{{2:I{kind}{write.terminal(sender, 'X')}N}}"
        f"{user}{{4:{body}\r\n-}}"
    )

"""A message in another format: read, written, and everything that the writing loses named.

Strategy: message by message. What is written keeps the name, the time and the two ends of what was read, unless the
caller says otherwise. The records' own losses come from the writer (`fit`); what only the message says (its id, the
header of its network) is compared here with what was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from msgspec import Struct, structs

from gateway import formats
from gateway.model import Loss, Payment, Refusal
from gateway.ports import Codec, Decoded, Frame, Writing

# The editions that cross-border payments and reporting use, for a type named without one.
EDITIONS = {
    "pacs.002": "pacs.002.001.10",
    "pacs.003": "pacs.003.001.08",
    "pacs.004": "pacs.004.001.09",
    "pacs.008": "pacs.008.001.08",
    "pacs.009": "pacs.009.001.08",
    "pacs.010": "pacs.010.001.03",
    "pain.001": "pain.001.001.09",
    "pain.002": "pain.002.001.10",
    "pain.008": "pain.008.001.08",
    "camt.029": "camt.029.001.09",
    "camt.052": "camt.052.001.08",
    "camt.053": "camt.053.001.08",
    "camt.054": "camt.054.001.08",
    "camt.056": "camt.056.001.08",
    "camt.057": "camt.057.001.06",
    "camt.058": "camt.058.001.08",
    "camt.060": "camt.060.001.05",
    "camt.105": "camt.105.001.02",
    "camt.106": "camt.106.001.02",
}
# What a message says of itself and its copy says anew: it follows from what is written, or from who carries it.
DERIVED = frozenset(
    "NbOfTxs CtrlSum TtlIntrBkSttlmAmt MsgDefIdr BizSvc CreDt CreDtTm PmtMtd BtchBookg CharSet MktPrctc".split()
)


class Ends(Struct, frozen=True):
    """What the caller says of the message to be written; "" takes it from the one that was read."""

    sender: str = ""
    receiver: str = ""
    now_ns: int = 0


class Translation(Struct, frozen=True):
    """What came of one message."""

    frames: tuple[Frame, ...] = ()
    losses: tuple[tuple[str, Loss], ...] = ()  # with the place of the record
    refusals: tuple[Refusal, ...] = ()


def target(name: str) -> str:
    """The full name of a type: `103` and `mt103` are MT103, `pacs.008` is the edition of cross-border payments."""
    text = name.strip()
    if text.isdigit() and len(text) == 3:
        return f"MT{text}"
    if text[:2].lower() == "mt" or text[:3].isdigit():
        return "MT" + text.upper().removeprefix("MT").replace(" ", "")
    return EDITIONS.get(text.lower(), text)


def translated(decoded: Decoded, type: str, ends: Ends, header: bool = False) -> Translation:
    """One message in another type; `header` puts an ISO 20022 message in a BusMsg with its business header."""
    writer = formats.writer(type)
    carries = getattr(writer, "carries", (Payment,))
    refused = [*decoded.refusals, *(one for one in decoded.records if isinstance(one, Refusal))]
    others = [one for one in decoded.records if not isinstance(one, (*carries, Refusal))]
    refused += [_not_carried(one, type) for one in others]
    fits = [(one, writer.fit(one, type)) for one in decoded.records if isinstance(one, carries)]
    refused += [fit.refusal for _, fit in fits if fit.refusal is not None]
    losses = [(one.place, loss) for one, fit in fits for loss in fit.losses]
    fitting = [one for one, fit in fits if fit.refusal is None]
    frames = tuple(_frames(writer, fitting, type, _writing(decoded, ends), header))
    if frames:
        losses += [
            ("", loss) for loss in _of_message(decoded, b"".join(frame.data for frame in frames).decode("latin-1"))
        ]
    return Translation(frames, tuple(losses), tuple(refused))


def _not_carried(record: Any, type: str) -> Refusal:
    text = f"{type} carries no {getattr(record, 'kind', 'record')} of the kind that {record.source} is"
    return Refusal("not-in-format", "AG02", record.place, text)


def _writing(decoded: Decoded, ends: Ends) -> Writing:
    """The name, time and ends of the message that was read, where they are of the form of a writer's own."""
    name = decoded.message_id
    own = name and len(name) <= 16 and name.isascii() and "/" not in name
    return Writing(
        name if own else "FOTRANSLATE00001",
        _nanoseconds(decoded.created) or ends.now_ns,
        ends.sender or decoded.sender,
        ends.receiver or decoded.receiver,
    )


def _nanoseconds(created: str) -> int:
    """A time with an offset in nanoseconds; 0 for any other."""
    try:
        found = datetime.fromisoformat(created)
    except ValueError:
        return 0
    return int(found.timestamp() * 1000) * 1_000_000 if found.tzinfo is not None else 0


def _frames(writer: Codec, records: Sequence[Any], type: str, writing: Writing, header: bool) -> Iterator[Frame]:
    """Records that may share one message do."""
    group, wrap = getattr(writer, "group", None), getattr(writer, "wrap", None)
    for number, (_, several) in enumerate(groupby(records, key=lambda one: group(one, type) if group else "")):
        name = writing.message_id if not number else f"{number:04d}{writing.message_id[:12]}"
        own = structs.replace(writing, message_id=name)
        frame = writer.encode(list(several), type, own)
        yield wrap(frame, own) if header and wrap is not None else frame


def _of_message(decoded: Decoded, written: str) -> Iterable[Loss]:
    """What the message itself says and no record: its id, and the header it came in."""
    ends = {decoded.sender, decoded.receiver}
    for name, text in decoded.header.items():
        _, iso, path = name.partition("iso:")
        if not iso or path.rpartition("/")[2] in DERIVED or text in written or text in ends:
            continue
        yield Loss(path.lstrip("/"), "said by the message of itself; what is written has its own", "info")

"""A message in another format: read, written, and everything that the writing loses named.

Strategy: message by message. What is written keeps the name, the time and the two ends of what was read, unless the
caller says otherwise. The records' own losses come from the writer (`fit`); what only the message says (its id, the
header of its network) is compared here with what was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from typing import Any, Literal

from msgspec import Struct, structs

from gateway import formats
from gateway.addresses import Form
from gateway.addressing import Completed, completed
from gateway.model import Agent, Loss, Payment, Refusal
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
    "camt.026": "camt.026.001.07",
    "camt.027": "camt.027.001.07",
    "camt.029": "camt.029.001.09",
    "camt.052": "camt.052.001.08",
    "camt.053": "camt.053.001.08",
    "camt.054": "camt.054.001.08",
    "camt.055": "camt.055.001.08",
    "camt.056": "camt.056.001.08",
    "camt.057": "camt.057.001.06",
    "camt.058": "camt.058.001.08",
    "camt.060": "camt.060.001.05",
    "camt.087": "camt.087.001.06",
    "camt.105": "camt.105.001.02",
    "camt.106": "camt.106.001.02",
    "camt.107": "camt.107.001.01",
    "camt.108": "camt.108.001.01",
    "camt.109": "camt.109.001.01",
}
# What a message says of itself and its copy says anew: it follows from what is written, or from who carries it.
DERIVED = frozenset("NbOfTxs CtrlSum TtlIntrBkSttlmAmt MsgDefIdr BizSvc CreDt CreDtTm PmtMtd BtchBookg".split())


class Ends(Struct, frozen=True):
    """What the caller says of the message to be written; "" takes it from the one that was read."""

    sender: str = ""
    receiver: str = ""
    now_ns: int = 0
    offset_minutes: int = 0  # local time of the headers of FIN, east of Greenwich; they do not say it


class Translation(Struct, frozen=True):
    """What came of one message."""

    frames: tuple[Frame, ...] = ()
    losses: tuple[tuple[str, Loss], ...] = ()  # with the place of the record
    refusals: tuple[Refusal, ...] = ()


def target(name: str) -> str:
    """The full name of a type: `103` and `mt103` are MT103, `pacs.008` is the edition of cross-border payments.

    A format and a colon before it ask for its own form of the type: `fedwire:pacs.008`, `sepa:pacs.003`.
    """
    form, colon, text = name.strip().rpartition(":")
    if colon:
        return f"{form.lower()}:{target(text)}"
    if text.isdigit() and len(text) == 3:
        return f"MT{text}"
    if text[:2].lower() == "mt" or text[:3].isdigit():
        return "MT" + text.upper().removeprefix("MT").replace(" ", "")
    return EDITIONS.get(text.lower(), text)


def writer_of(type: str) -> tuple[Codec, str]:
    """Who writes a type, and the type without the name of its form. Raises ValueError with a sentence."""
    form, _, type = type.rpartition(":")
    if not form:
        return formats.writer(type), type
    codec = formats.load(form)
    own = (*codec.writes, *getattr(codec, "profiles", ()))
    if type not in own:
        raise ValueError(f"the format {form} writes no {type!r}; it writes {', '.join(own[:40])}")
    return codec, type


def translated(
    decoded: Decoded, type: str, ends: Ends, header: bool = False, addresses: Form | Literal["as_is"] = "as_is"
) -> Translation:
    """One message in another type; `header` puts an ISO 20022 message in a BusMsg with its business header."""
    writer, type = writer_of(type)
    carries = getattr(writer, "carries", (Payment,))
    refused = [*decoded.refusals, *(one for one in decoded.records if isinstance(one, Refusal))]
    turned, named = _outward(decoded, type)
    inward = getattr(writer, "inward", None)
    if inward is not None:
        turned = [one if isinstance(one, Refusal) else inward(one) for one in turned]
    others = [one for one in turned if not isinstance(one, (*carries, Refusal))]
    refused += [_not_carried(one, type) for one in others]
    writing = _writing(decoded, type, ends)
    records, derived, unresolved = _addressed(turned, addresses)
    derived = named + derived
    carried = [_completed(one, number, type, writing) for number, one in enumerate(records, 1)]
    fits = [(one, writer.fit(one, type)) for one in carried if isinstance(one, carries)]
    refused += unresolved
    refused += [fit.refusal for _, fit in fits if fit.refusal is not None]
    losses = derived + [(one.place, loss) for one, fit in fits for loss in fit.losses]
    losses += [(one.place, MADE_UP) for one in decoded.records if _nameless(one, type)]
    fitting = [one for one, fit in fits if fit.refusal is None]
    losses += [(one.place, loss) for one in fitting if type[:2] == "MT" for loss in _other_ends(one, writing)]
    frames = tuple(_frames(writer, fitting, type, writing, header))
    if frames:
        losses += [
            ("", loss) for loss in _of_message(decoded, b"".join(frame.data for frame in frames).decode("latin-1"))
        ]
    return Translation(frames, tuple(losses), tuple(refused))


def _outward(decoded: Decoded, type: str) -> tuple[list[Any], list[tuple[str, Loss]]]:
    """The records as their own format turns them for another family, and what it only names."""
    turn = getattr(formats.load(decoded.format), "outward", None) if decoded.format in formats.names() else None
    if turn is None:
        return list(decoded.records), []
    found = [(one, ()) if isinstance(one, Refusal) else turn(one, type) for one in decoded.records]
    return [one for one, _ in found], [(one.place, loss) for one, losses in found for loss in losses]


def _addressed(
    records: Iterable[Any], form: Form | Literal["as_is"]
) -> tuple[list[Any], list[tuple[str, Loss]], list[Refusal]]:
    """The records with their addresses completed, what was derived for that, and those that a person must repair."""
    carried: list[Any] = []
    derived: list[tuple[str, Loss]] = []
    unresolved: list[Refusal] = []
    for record in records:
        made = completed(record, form) if isinstance(record, Payment) and form != "as_is" else Completed(record)
        derived += [(record.place, loss) for loss in made.derived]
        if made.hold is None:
            carried.append(made.payment)
        else:
            unresolved.append(
                Refusal(made.hold.code, made.hold.reason, record.place, f"{made.hold.text}: {made.hold.detail}"[:300])
            )
    return carried, derived, unresolved


def _not_carried(record: Any, type: str) -> Refusal:
    text = f"{type} carries no {getattr(record, 'kind', 'record')} of the kind that {record.source} is"
    return Refusal("not-in-format", "AG02", record.place, text)


def _writing(decoded: Decoded, type: str, ends: Ends) -> Writing:
    """The name, time and ends of the message that was read, where they are of the form of a writer's own."""
    name = decoded.message_id
    fin = type.startswith("MT")
    own = name and name.isascii() and len(name) <= 35 and not (fin and "/" in name)
    return Writing(
        (name if len(name) <= 16 or not fin else f"{name[:15]}+") if own else "FOTRANSLATE00001",
        _handed_in(decoded, ends.offset_minutes) or ends.now_ns,
        ends.sender or decoded.sender or _agent(decoded, "instructing_agent"),
        ends.receiver or decoded.receiver or _agent(decoded, "instructed_agent"),
    )


def _other_ends(record: Any, writing: Writing) -> Iterable[Loss]:
    """FIN says who sends and who receives in its headers alone: what a record says otherwise has no place."""
    for name, end in (("instructing_agent", writing.sender), ("instructed_agent", writing.receiver)):
        agent = getattr(record, name, None)
        if agent is not None and agent.bic and end and agent.bic[:8] != end[:8]:
            yield Loss(f"{name}.bic", f"the header names {end}", "lost", "T0000M")


def _agent(decoded: Decoded, name: str) -> str:
    """The BIC of one of the two ends, where the records say it and the message does not."""
    found = (getattr(record, name, None) for record in decoded.records)
    return next((agent.bic for agent in found if agent is not None), "")


MADE_UP = Loss("uetr", "the source has none: one is made of its reference", "info", "T20087")


def _nameless(record: Any, type: str) -> bool:
    """A transfer without the reference that it must have on the way between banks."""
    return isinstance(record, Payment) and not record.uetr and EDITIONS.get(type[:8]) == type and type[:8] in TRACED


TRACED = frozenset(("pacs.008", "pacs.009"))


def _completed(record: Any, number: int, type: str, writing: Writing) -> Any:
    """The record with what the source may leave unsaid and the type may not."""
    record = _of_a_request(_between_banks(record, number, type, writing), type)
    if _nameless(record, type):
        return structs.replace(record, uetr=_made_up(f"{writing.sender}/{writing.message_id}/{number}"))
    return record


def _made_up(name: str) -> str:
    """An end-to-end reference of the form of a UUID version 4: the same for the same message."""
    digits = sha256(name.encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"


def _of_a_request(record: Any, type: str) -> Any:
    """101 and pain.001: 20 is the name of the whole (MsgId), and 21 that of the transaction (InstrId)."""
    if not isinstance(record, Payment):
        return record
    if record.source == "MT101" and type[:8] == "pain.001":
        return structs.replace(record, instruction_id=record.transaction_id or record.end_to_end_id, transaction_id="")
    if record.source[:8] == "pain.001" and type == "MT101":
        own = record.instruction_id if record.instruction_id != record.end_to_end_id else ""
        return structs.replace(record, instruction_id="", transaction_id=own)
    return record


def _between_banks(record: Any, number: int, type: str, writing: Writing) -> Any:
    """What a customer's instruction leaves to its bank: who instructs whom, and a name of the transaction."""
    if not isinstance(record, Payment) or record.source[:5] != "pain." or type[:5] != "pacs.":
        return record
    first, last = record.debtor_agent, record.creditor_agent
    if record.kind == "direct_debit":
        first, last = last, first
    return structs.replace(
        record,
        instructing_agent=Agent(writing.sender) if writing.sender else first,
        instructed_agent=Agent(writing.receiver) if writing.receiver else last,
        transaction_id=record.transaction_id or f"{writing.message_id[:27]}-{number}",
    )


def _handed_in(decoded: Decoded, offset_minutes: int) -> int:
    """When the message was made: a FIN header says it in local time, and is read as if that were +00:00."""
    found = _nanoseconds(decoded.created)
    return found - offset_minutes * 60_000_000_000 if found and decoded.type[:2] == "MT" else found


def _nanoseconds(created: str) -> int:
    """A time with an offset in nanoseconds; 0 for any other."""
    try:
        found = datetime.fromisoformat(created)
    except ValueError:
        return 0
    return int(found.timestamp() * 1000) * 1_000_000 if found.tzinfo is not None else 0


def _frames(writer: Codec, records: Sequence[Any], type: str, writing: Writing, header: bool) -> Iterator[Frame]:
    """Records that may share one message do; what banks are to settle goes to each bank by itself."""
    group, wrap = getattr(writer, "group", None), getattr(writer, "wrap", None)

    def together(record: Any) -> tuple[str, Agent | None]:
        apart = isinstance(record, Payment) and record.source[:5] == "pain." and type[:5] == "pacs."
        return group(record, type) if group else "", record.instructed_agent if apart else None

    for number, (_, found) in enumerate(groupby(records, key=together)):
        name = writing.message_id if not number else f"{number:04d}{writing.message_id[:12]}"
        own = structs.replace(writing, message_id=name)
        several = list(found)
        frame = writer.encode(several, type, own)
        yield wrap(frame, own, _service(type, several, frame.data)) if header and wrap is not None else frame


# BizSvc of the messages that cross-border rules are held for, by release; a cover, an advice and a message for
# straight-through processing have services of their own.
SERVICE = "swift.cbprplus.{}03"
FIRST_RELEASE = frozenset(("camt.105", "camt.106"))


def _service(type: str, records: Sequence[Any], data: bytes) -> str:
    first = records[0]
    if type not in EDITIONS.values():
        return ""
    if type[:8] in FIRST_RELEASE:
        return "swift.cbprplus.mlp.01" if data.count(b"<Rcrd>") > 1 else "swift.cbprplus.01"
    if type.startswith("pacs.009"):
        kind = "cov." if first.underlying is not None else "adv." if first.settlement_method == "COVE" else ""
        return SERVICE.format(kind)
    return SERVICE.format("stp." if ("mt:{119}", "STP") in first.extra else "")


def _of_message(decoded: Decoded, written: str) -> Iterable[Loss]:
    """What the message itself says and no record: its id, and the header it came in."""
    ends = {decoded.sender, decoded.receiver}
    for name, text in decoded.header.items():
        _, iso, path = name.partition("iso:")
        derived = path.rpartition("/")[2] in DERIVED and "/Rltd/" not in path
        if not iso or derived or (len(text) > 2 and text in written) or text in ends:
            continue
        yield Loss(path.lstrip("/"), "said by the message of itself; what is written has its own", "info")

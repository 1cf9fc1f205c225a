"""What a written message would lose: it is read again and compared, field by field, with the record it was made from.

Strategy: nothing is guessed. Whatever the second reading does not say is a Loss under its canonical name, so the
report is exact; a message that would break a network rule is a refusal. One comparer serves every kind of record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from gateway.formats.mt import blocks, read, text
from gateway.formats.mt.notices import NOTICES, number
from gateway.formats.mt.tables import EXCLUDED_CODES, ISO_NAMES
from gateway.model import Agent, Instruction, Loss, Money, Payment, Record, Refusal
from gateway.ports import Fit, Writing

TRIAL = Writing("TRIAL", 0, "TRIAUS33XXX", "TRIBUS33XXX")
BETWEEN_ITS_OWN = Writing("TRIAL", 0)  # for records that are about sender and receiver: as they name them
# Said by the headers of a message or by where it stands, not by the record.
_PLACE = frozenset(("place", "source", "scheme"))
_HEADED = _PLACE | {"identity", "extra"}
_ENDS = frozenset(("instructing_agent", "instructed_agent"))  # of a payment: those of the message that carries it
_PAIRED = frozenset(("payment", "remittance_structured"))  # (path, text), in any order
_NOTHING = {"priority": "NORM"}  # words for what is not said
_UNKNOWN = ("NOTPROVIDED", Agent(name="NOTPROVIDED"))  # what ISO 20022 writes where something must stand
_MIDNIGHT = "T00:00:00+00:00"  # what it makes a moment of that MT knows the day of
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_NAMED_ANEW = "named as the message type that it corresponds to"


def compared(record: Record, written: str) -> Fit:
    """The written message against the record: a refusal, or what is lost."""
    parsed = blocks.parse(written)
    if isinstance(parsed, str):
        return Fit(Refusal("unfit", "FF01", "message", parsed))
    again = read.records_of(parsed, "")[0][0]
    if isinstance(again, Refusal):
        return Fit(msgspec.structs.replace(again, extra=(), record=_reference(record)))
    if type(again) is not type(record):
        return Fit(Refusal("unfit", "FF01", "message", "read again, the message says something of another kind"))
    return Fit(losses=tuple(_losses(record, again, written, "")))


def _reference(record: Any) -> str:
    return str(getattr(record, "end_to_end_id", "") or getattr(record, "id", ""))


def _losses(before: Any, after: Any, written: str, path: str) -> Iterator[Loss]:
    """Every field of `before` that `after` does not say, by its canonical name."""
    both = zip(before.__struct_fields__, msgspec.structs.astuple(before), msgspec.structs.astuple(after), strict=True)
    for name, old, new in both:
        if not old or old == new or _NOTHING.get(name) == old:
            continue
        if (old in _UNKNOWN and not new) or (name == "bic" and new == f"{old}XXX"):
            continue
        if not path and name in _ENDS and isinstance(before, Payment):
            yield from _beside_the_bic(old, name) if isinstance(old, Agent) else ()
            continue
        if (not path and name in _HEADED) or (path == "underlying." and (name in _PLACE or name == "amount")):
            continue
        if name in _PAIRED:
            yield from _pairs(old, new, written, f"{path}{name} ")
        else:
            yield from _loss(old, new, written, path + name)
    if "extra" in before.__struct_fields__:
        kept = [(name, value) for name, value in before.extra if not _of_the_headers(name)]
        yield from _pairs(kept, after.extra, written, f"{path}extra ")


def _beside_the_bic(agent: Agent, path: str) -> Iterator[Loss]:
    """What is said of the two ends beside the BIC that stands in the header."""
    for name in agent.__struct_fields__:
        if name != "bic" and getattr(agent, name):
            yield _lost(f"{path}.{name}")


def _of_the_headers(name: str) -> bool:
    return name == read.HEADER or (name.startswith("mt:{") and name != "mt:{119}")


def _pairs(before: Any, after: Any, written: str, path: str) -> Iterator[Loss]:
    together = written.replace("\r\n", "")
    for name, value in (pair for pair in before if pair not in after):
        flat = text.plain(value).strip()
        dated = value[2:].replace("-", "") if _DATE.fullmatch(value) else flat
        if len(flat) > 2 and (flat in together or dated in together):
            yield Loss(path + name, "carried, but in another field", "info")
        else:
            yield _lost(path + name)


def _lost(path: str) -> Loss:
    return Loss(path, "the message has no place for it", number=number(path, "lost"))


def _loss(old: Any, new: Any, written: str, path: str) -> Iterator[Loss]:
    if isinstance(old, msgspec.Struct) and not isinstance(old, Money) and isinstance(new, type(old)):
        yield from _losses(old, new, written, path + ".")
    elif path.endswith(("remittance", "text")) and isinstance(old, tuple) and new and _words(old) == _words(new):
        return
    elif isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new) and old:
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            if one and one != other:
                yield from _loss(one, other, written, f"{path}[{index}]")
    elif path.endswith("instructions_for_creditor_agent"):
        yield from _instructions(old, new, written, path)
    elif isinstance(old, str) and isinstance(new, str):
        yield _text_loss(old, new, written, path)
    elif new:
        yield Loss(path, "the message holds only part of it", "truncated", number(path, "truncated"))
    elif isinstance(old, Agent) and (old.bic or old.name) and text.plain(old.bic or old.name) in written:
        yield Loss(path, "carried, but in another field", "info")
    else:
        yield _lost(path)


def _instructions(old: tuple[Instruction, ...], new: Any, written: str, path: str) -> Iterator[Loss]:
    """Each instruction that is not said again, and which other one excludes it."""
    for index, one in enumerate(old):
        if one in new:
            continue
        kept = next((again for again in new if again.code == one.code and one.code), None)
        if kept is not None:
            what = "T15001" if one.code == "CHQB" else number(path, "truncated")
            yield Loss(f"{path}[{index}].text", "the text behind the code is left out or cut", "truncated", what)
            continue
        excluded = next(
            (found for first, second, found in EXCLUDED_CODES if second == one.code and f":23E:{first}" in written), ""
        )
        if excluded:
            yield Loss(f"{path}[{index}]", NOTICES[excluded], "lost", excluded)
        elif len(one.text) > 2 and text.plain(one.text) in written:
            yield Loss(f"{path}[{index}]", "carried, but in another field", "info")
        else:
            yield _lost(f"{path}[{index}]")


def _words(lines: tuple[str, ...]) -> list[str]:
    return " ".join(lines).split()


def _text_loss(old: str, new: str, written: str, path: str) -> Loss:
    flat = text.plain(old).strip()
    if new and old == new + _MIDNIGHT:
        return Loss(path, "a day is said as its midnight", "info")
    if path == "created":
        return Loss(path, "the message has a time of its own", "info")
    if new and path.endswith("message_type") and f"MT{ISO_NAMES.get(old[:8], '')}" == new:
        return Loss(path, _NAMED_ANEW, "info")
    if new and old.strip() == new:
        return Loss(path, "blanks at its ends are left out", "info", number(path, "blanks"))
    if new and flat == new:
        why = "letters outside the x set are written without their marks or as a full stop"
        return Loss(path, why, "info", number(path, "letters"))
    if new and len(flat) > 2 and flat in written:
        return Loss(path, "carried, but in another field", "info")
    if new.endswith("+"):
        return Loss(path, f"cut to {len(new)} characters", "truncated", number(path, "truncated"))
    if new:
        return Loss(
            path, f"written as {new}" if len(new) <= 11 else "written otherwise", "truncated", number(path, "changed")
        )
    if (len(flat) > 2 and flat in written) or (".address." in path and flat in _placed(written)):
        return Loss(path, "carried, but in another field", "info")
    return _lost(path)


def _placed(written: str) -> set[str]:
    """The parts of the lines 2/ and 3/ of option F, which stand apart by commas, and what stands last in any line."""
    lines = written.split("\r\n")
    numbered = [part.strip() for line in lines if line[:2] in ("2/", "3/") for part in line[2:].split(",")]
    return {*numbered, *(line.rpartition(" ")[2] for line in lines if " " in line)}

"""What a statement loses in MT: every text of the record is looked for in the messages, read again.

Strategy: statement and entries become texts by path, one after the other. A text at the same path is carried; one that
stands anywhere in what was read again is carried elsewhere; of one that is only begun there the rest is cut; all
others are lost. Nothing is left out but what says nothing (NOTPROVIDED) or says where the record came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import structs

from gateway.formats.mt import text
from gateway.formats.mt.confirmations import chosen
from gateway.model import Entry, Loss, Payment, Statement

_NOT_SAID = frozenset(("place", "source", "scheme", "identity", "type", "kind"))
_NOTHING = ("NOTPROVIDED", "NONREF")
_OWN = ("mt:header", "mt:unproven-balance")


def losses(before: Statement, pages: Sequence[Statement], type: str) -> Iterator[Loss]:
    """Everything of `before` that its messages do not say."""
    told = chosen(before, type) if type in ("MT900", "MT910") else () if type == "MT941" else before.entries
    known = {id(entry) for entry in told}
    places = [place for place, entry in enumerate(before.entries) if id(entry) in known]
    for place, entry in enumerate(before.entries):
        if id(entry) not in known:
            yield Loss(f"entries[{place}]", f"{type} does not tell of it")
        elif len(entry.details) > 1:
            why = f"one line holds the entry as a whole, and not its {len(entry.details)} transactions"
            yield Loss(f"entries[{place}].details", why)
    after = [entry for page in pages for entry in page.entries]
    assert len(after) == len(told), "each entry is written once"
    last = pages[-1]
    whole = structs.replace(last, entries=(), balances=(*pages[0].balances[:1], *last.balances[1:]))
    yield from _compared(_statement(structs.replace(before, entries=())), _statement(whole), "")
    for place, old, new in zip(places, told, after, strict=True):
        yield from _compared(_entry(old), _entry(new), f"entries[{place}].")


def _compared(before: dict[str, Any], after: dict[str, Any], prefix: str) -> Iterator[Loss]:
    new = dict(_texts(after))
    said = _Said(new.values())
    for path, value in _texts(before):
        found = new.get(path)
        if found != value and value not in _NOTHING:
            yield from _loss(prefix + path, value, found, said)


class _Said:
    """All that was read again of the same entry or statement, to look for a text in."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.whole = frozenset(texts)
        self.joined = "\n".join(self.whole)


def _loss(path: str, value: str, found: str | None, said: _Said) -> Iterator[Loss]:
    plain = text.plain(value).strip()
    if found is not None and found.strip() == value.strip():
        return
    if found is not None and found == plain:
        yield Loss(path, "letters outside the x set are written without their marks or as a full stop", "info")
    elif value in said.whole or (len(plain) > 3 and plain in said.joined):
        yield Loss(path, "carried, but in another field", "info")
    elif found is not None:
        yield Loss(path, "shortened or changed to the format of the field", "truncated")
    elif len(plain) > 12 and plain[:12] in said.joined:
        yield Loss(path, "only the beginning of it has room", "truncated")
    else:
        yield Loss(path, "the message has no place for it")


# --- texts of a record --------------------------------------------------------------------------


def _statement(record: Statement) -> dict[str, Any]:
    """The record with what is written in one way only brought into that form."""
    built: dict[str, Any] = msgspec.to_builtins(structs.replace(record, information=_joined(record.information)))
    for name in _NOT_SAID:
        built.pop(name, None)
    built["balances"] = _named(built.pop("balances", ()))
    built["extra"] = [pair for pair in built.get("extra", ()) if pair[0] not in _OWN and not _header(pair[0])]
    return built


def _header(name: str) -> bool:
    return name.startswith("mt:{")


def _named(balances: Any) -> dict[str, Any]:
    """Balances by what they are; several of a sort are counted."""
    found: dict[str, Any] = {}
    for one in balances:
        name = one.pop("type", "") or one.get("proprietary", "")
        count = sum(known.partition("#")[0] == name for known in found)
        found[f"{name}#{count + 1}" if count else name] = one
    return found


def _entry(entry: Entry) -> dict[str, Any]:
    details = tuple(_detail(one, entry) for one in entry.details) if len(entry.details) == 1 else ()
    status = "" if entry.status == "BOOK" else entry.status
    information = _joined(entry.information)
    built: dict[str, Any] = msgspec.to_builtins(
        structs.replace(entry, status=status, information=information, details=details)
    )
    for detail in built.get("details", ()):
        detail.pop("type", None)
        if detail.get("amount") == built["amount"]:
            del detail["amount"]  # that of the entry
    return built


def _detail(detail: Payment, entry: Entry) -> Payment:
    side = ("iso:CdtDbtInd", "CRDT" if entry.credit else "DBIT")
    extra = tuple(pair for pair in detail.extra if pair not in (("iso:Amt", ""), side))
    amount = entry.amount if not detail.amount.minor else detail.amount
    remittance = (" ".join(detail.remittance),) if detail.remittance else ()
    return structs.replace(detail, extra=extra, amount=amount, remittance=remittance, kind="", source="", place="")


def _joined(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Lines as one text: where they break is the field's affair."""
    whole = "".join("\n".join(lines).split("\n"))
    return (whole,) if whole else ()


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            if isinstance(inner, list | tuple) and len(inner) == 2 and isinstance(inner[0], str):
                yield f"{path} {inner[0]}", str(inner[1])
            else:
                yield from _texts(inner, f"{path}[{place}]")
    elif isinstance(value, bool):
        yield path, "true" if value else "false"
    elif value not in ("", None):
        yield path, str(value)

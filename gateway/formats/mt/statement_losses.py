"""What a statement loses in MT: every text of the record is looked for in the messages, read again.

Strategy: both records become texts by path, the pages of the second put together first. A text at the same path is
carried; one that stands anywhere in what was read again is carried elsewhere; of one that is only begun there the rest
is cut; all others are lost. Nothing is left out but what says nothing (NOTPROVIDED) or says where the record came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import structs

from gateway.formats.mt import text
from gateway.formats.mt.confirmations import chosen
from gateway.model import Entry, Loss, Payment, Statement

_NOT_SAID = frozenset(("place", "source", "scheme", "identity", "type", "kind"))
_NOTHING = ("NOTPROVIDED", "NONREF")
_OWN = ("mt:header", "mt:unproven-balance")
Texts = dict[str, str]


def losses(before: Statement, pages: Sequence[Statement], type: str) -> Iterator[Loss]:
    """Everything of `before` that its messages do not say."""
    confirmed = chosen(before, type) if type in ("MT900", "MT910") else list(before.entries)
    yield from _left_out(before, confirmed, type)
    compared = structs.replace(before, entries=tuple(confirmed) if type != "MT941" else ())
    after = structs.replace(
        pages[0],
        entries=tuple(entry for page in pages for entry in page.entries),
        balances=(*pages[0].balances[:1], *pages[-1].balances[1:]),
        information=pages[-1].information,
        last_page=pages[-1].last_page,
        totals=pages[-1].totals,
    )
    yield from _compared(compared, after)


def _left_out(before: Statement, kept: list[Entry], type: str) -> Iterator[Loss]:
    for place, entry in enumerate(before.entries):
        if type == "MT941" or (type in ("MT900", "MT910") and not any(entry is one for one in kept)):
            yield Loss(f"entries[{place}]", f"{type} does not tell of it")
        elif len(entry.details) > 1:
            why = f"one line holds the entry as a whole, and not its {len(entry.details)} transactions"
            yield Loss(f"entries[{place}].details", why)


def _compared(before: Statement, after: Statement) -> Iterator[Loss]:
    old, new = dict(_texts(_plain(before))), dict(_texts(_plain(after)))
    said = _Said(new.values())
    for path, value in old.items():
        found = new.get(path)
        if found != value and value not in _NOTHING:
            yield from _loss(path, value, found, said)


class _Said:
    """All that was read again, to look for a text in."""

    def __init__(self, texts: Any) -> None:
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


def _plain(record: Statement) -> dict[str, Any]:
    """The record with what is written in one way only brought into that form."""
    entries = tuple(map(_entry, record.entries))
    information = _joined(record.information)
    built = msgspec.to_builtins(structs.replace(record, entries=entries, information=information))
    for name in _NOT_SAID:
        built.pop(name, None)
    balances = built.pop("balances", ())
    built["balances"] = {_name(one): one for one in balances}
    for one in built.get("entries", ()):
        for detail in one.get("details", ()):
            detail.pop("type", None)
            if detail.get("amount") == one["amount"]:
                del detail["amount"]  # that of the entry
    built["extra"] = [pair for pair in built.get("extra", ()) if pair[0] not in _OWN and not _header(pair[0])]
    return built  # type: ignore[no-any-return]


def _header(name: str) -> bool:
    return name.startswith("mt:{")


def _name(balance: dict[str, Any]) -> str:
    return str(balance.get("type") or balance.get("proprietary", ""))


def _entry(entry: Entry) -> Entry:
    details = tuple(_detail(one, entry) for one in entry.details) if len(entry.details) == 1 else ()
    status = "" if entry.status == "BOOK" else entry.status
    return structs.replace(entry, status=status, information=_joined(entry.information), details=details)


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
            if path.endswith(("extra", "totals", "lines", "remittance_structured")):
                yield f"{path} {inner[0]}", inner[1]
            else:
                yield from _texts(inner, f"{path}[{place}]")
    elif isinstance(value, bool):
        yield path, "true" if value else "false"
    elif value not in ("", None):
        yield path, str(value)

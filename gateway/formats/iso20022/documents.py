"""Documents to records: the spine walked from the body down, counted on the way."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING

from lxml import etree

from gateway.formats.iso20022.kinds import Kind, kind_of
from gateway.formats.iso20022.read import NOTHING, OWN_WORD, Outer, Record, level_record, outer, record
from gateway.formats.iso20022.xml import NAMESPACE
from gateway.model import Payment, Refusal, Report

if TYPE_CHECKING:
    from gateway.formats.iso20022.patterns import Told


def header(body: etree._Element, space: int, kind: Kind) -> Outer:
    """What the body says for every record."""
    return outer(body, space, kind, 0, NOTHING) if kind.depth else NOTHING


def records(
    body: etree._Element, space: int, kind: Kind, top: Outer, told: Told | None = None
) -> Iterator[Record | Refusal]:
    """All records of a document's body, in order; `told` has them as text too."""
    if kind.depth == 0:
        yield record(body, space, kind, NOTHING, kind.body)
    else:
        yield from _below(body, space, kind, 0, top, "", told)


def _below(
    element: etree._Element, space: int, kind: Kind, depth: int, above: Outer, prefix: str, told: Told | None
) -> Iterator[Record | Refusal]:
    """The records below one element of the spine; its own when there are none, or when it has a word of its own."""
    name = kind.family.spine[depth]
    children = [child for child in element if child.tag[space:] == name]
    if speaks(kind, above, bool(children)):
        yield level_record(kind, above, depth, prefix.rstrip("/") or kind.body)
        above = above.without(OWN_WORD)
    last = depth + 1 == kind.depth
    for number, child in enumerate(children, 1):
        place = f"{prefix}{name}[{number}]"
        if last:
            made = told.next(above, place) if told is not None else None
            yield made or record(child, space, kind, above, place)
        else:
            inner = outer(child, space, kind, depth + 1, above)
            yield from _below(child, space, kind, depth + 1, inner, f"{place}/", told)


def speaks(kind: Kind, above: Outer, followed: bool) -> bool:
    """Whether an outer level is a record of its own."""
    return not followed or (kind.family.record is Report and not OWN_WORD.isdisjoint(above.own))


# --- counts and sums ----------------------------------------------------------------------------


def totals(message: dict[str, str], prefix: str, where: str, count: int, amounts: Decimal) -> list[Refusal]:
    """NbOfTxs and CtrlSum of a level against what was found below it."""
    wrong = []
    said = message.get(f"{prefix}NbOfTxs", "")
    if said and _number(said) not in (None, count):
        text = f"says {said}, found {count} transactions"
        wrong.append(Refusal("number-of-transactions", "FF01", f"{where}/NbOfTxs", text))
    total = message.get(f"{prefix}CtrlSum", "")
    if total and _number(total) not in (None, amounts):
        text = f"says {total}, the amounts sum to {amounts}"
        wrong.append(Refusal("control-sum", "AM10", f"{where}/CtrlSum", text))
    return wrong


def _number(text: str) -> Decimal | None:
    """A number; None for what the schema refuses anyway, which a stream learns a little later."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def counted(kind: Kind) -> bool:
    """Whether NbOfTxs and CtrlSum of this message count its transactions."""
    return kind.family.record is Payment


@cache
def amount_paths(type: str) -> tuple[str, ...]:
    """Where the amount of a transaction of this type may stand, as lxml finds it."""
    kind, space = kind_of(type), f"{{{NAMESPACE}{type}}}"
    assert kind is not None, f"no schema of {type}"
    paths = [path for path in kind.table.reverse.get("amount", ()) if not path.startswith(("/", *kind.family.spine))]
    own = [path for path in paths if _exists(kind, path)]
    return tuple("/".join(space + step for step in path.split("/")) for path in own)


def _exists(kind: Kind, path: str) -> bool:
    return bool(kind.shape.at(kind.levels[-1], path))


def amount_of(element: etree._Element, paths: tuple[str, ...]) -> Decimal:
    """The amount of one transaction, for the control sum; read from the element alone."""
    for path in paths:
        text = element.findtext(path)
        if text:
            return _number(text) or Decimal(0)
    return Decimal(0)


def document_totals(body: etree._Element, space: int, kind: Kind, top: Outer) -> list[Refusal]:
    """Counts and sums of a whole document, at the group header and at each payment information."""
    if not counted(kind):
        return []
    paths = amount_paths(kind.type)
    where = f"/Document/{kind.body}/GrpHdr"
    if kind.depth == 1:
        name = kind.family.spine[0]
        own = [child for child in body if child.tag[space:] == name]
        summed = "/GrpHdr/CtrlSum" in top.message  # summed only when there is a sum to compare with
        amounts = sum((amount_of(child, paths) for child in own), Decimal(0)) if summed else Decimal(0)
        return totals(top.message, "/GrpHdr/", where, len(own), amounts) if own else []
    wrong, count, amounts = [], 0, Decimal(0)
    first, second = kind.family.spine
    for number, group in enumerate((c for c in body if c.tag[space:] == first), 1):
        found = [amount_of(child, paths) for child in group if child.tag[space:] == second]
        said = {
            f"/{name}": str(child.text).strip()
            for child in group
            if (name := child.tag[space:]) in ("NbOfTxs", "CtrlSum") and child.text
        }
        wrong += totals(said, "/", f"/Document/{kind.body}/{first}[{number}]", len(found), sum(found, Decimal(0)))
        count, amounts = count + len(found), amounts + sum(found, Decimal(0))
    return [*totals(top.message, "/GrpHdr/", where, count, amounts), *wrong] if count else []

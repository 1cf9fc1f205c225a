"""From a record to leaves of one message type: where each text goes, what is cut, what is lost.

Strategy: `assemble` lays the record out as texts by field, the table that reads the type says where each may stand,
the schema says which of these places exist and what they take. The innermost place that takes the text has it.
What has no place becomes a Loss; what is too long is cut, and said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from msgspec import Struct, structs

from gateway.formats.iso20022.assemble import Flat, flat
from gateway.formats.iso20022.facets import Facets
from gateway.formats.iso20022.kinds import Kind, entries, kind_of
from gateway.formats.iso20022.lines import lowered, sided
from gateway.formats.iso20022.plan import Plan, plan
from gateway.formats.iso20022.read import LEVELS, NO_AMOUNT, Record
from gateway.formats.iso20022.shape import FOREIGN, Child, Shape, step
from gateway.formats.iso20022.spoken import spoken
from gateway.formats.iso20022.table import Table, path_of
from gateway.model import Case, Entry, Loss, Notice, Payment, Report, Statement

NOT_SAID = frozenset({"kind", "place", "source", "scheme", "identity", "level", "extra", "entries", "details"})
PLACED_MAX = 60_000
TAKEN_MAX = 512  # of one place: enough for what repeats, small for what does not
ANY = Facets("xs:string")
MIDNIGHT = "T00:00:00+00:00"
DAY_AND_MIDNIGHT = len("2026-01-31" + MIDNIGHT)
NO_CHILD = Child(0, "", 0, 0)
Leaves = dict[str, str]
Losses = dict[str, Loss]


class Place(Struct, frozen=True):
    """One place of a message type: how far down the spine, the path from there, what it takes."""

    level: int
    path: str
    facets: Facets
    needed: bool = False  # every element on the way to it is mandatory
    anchor: str = ""  # the element below its level's own: what stands there together stays together
    taken: dict[str, bool] = {}  # texts that were asked about: codes, dates and agents come again

    def takes(self, text: str) -> bool:
        """Whether the text may stand here as it is; what is too long for it may not."""
        known = self.taken.get(text)
        if known is None:
            facets = self.facets
            string = facets.base == "xs:string"
            known = (string or text == text.strip()) and (not string or facets.most is None or len(text) <= facets.most)
            known = known and facets.takes(text) and text.isprintable()  # else what XML does not have is looked for
            if len(self.taken) < TAKEN_MAX:
                self.taken[text] = known
        return known


class Laid(Struct):
    """A record laid out: leaves by level of the spine, the element of the record that each came from, losses."""

    levels: list[Leaves]
    elements: dict[tuple[int, str], str]
    losses: Losses
    depth: int
    inner: list[str] = []  # entries of a statement, printed
    anchors: frozenset[str] = frozenset()  # outer elements that hold something of this record that has no field
    closed: tuple[str, ...] = ()  # branches of a choice that was made otherwise
    missing: str = ""


@lru_cache(PLACED_MAX)
def places(type: str, section: str, template: str, numbers: tuple[int, ...], rest: str, depth: int) -> Sequence[Place]:
    """Where a text of this field may stand, best place first."""
    kind = kind_of(type)
    assert kind is not None, f"no schema of {type}"
    table = kind.table if section == "record" else entries(section)
    found = []
    for path in _paths(table, template, numbers, rest):
        place = locate(kind, section, path)
        if place is not None and place.level <= depth:
            found.append(place)
    return sorted(found, key=lambda place: (not place.needed, -place.level))


class Fields(dict[tuple[str, tuple[int, ...], str], tuple[Sequence[Place], str]]):
    """Where each field of a section may stand, and what it is called when it is lost; found once each."""

    def __init__(self, type: str, section: str, depth: int, prefix: str) -> None:
        self._section, self._prefix = (type, section, depth), prefix

    def __missing__(self, field: tuple[str, tuple[int, ...], str]) -> tuple[Sequence[Place], str]:
        template, numbers, rest = field
        type, section, depth = self._section
        if template in _EQUIVALENT:
            kind = kind_of(type)
            assert kind is not None, f"no schema of {type}"
            place = locate(kind, section, _EQUIVALENT[template])
            found: Sequence[Place] = [place] if place is not None else ()
        else:
            found = places(type, section, template, numbers, rest, depth)
        element = self._prefix + template.replace(".*", "").rstrip("!")
        made = found, f"{element}.{rest}" if rest else element
        if len(self) < PLACED_MAX:
            self[field] = made
        return made


fields_of = lru_cache(4_096)(Fields)


def _paths(table: Table, template: str, numbers: tuple[int, ...], rest: str) -> Iterator[str]:
    for one, left in _numbered(template, numbers):
        for path in table.reverse.get(one, ()):
            yield path_of(path, left, rest)
    if rest:
        for path in table.reverse.get(f"{template}.{rest}", ()):
            yield path_of(path, numbers, "")


def _numbered(template: str, numbers: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The names that a table may have for a field: `text.*` for any place, `text.0` for the first alone."""
    head, star, tail = template.partition("*")
    if not star:
        yield template, ()
        return
    for rest, left in _numbered(tail, numbers[1:]):
        yield f"{head}*{rest}", (numbers[0], *left)
        yield f"{head}{numbers[0]}{rest}", left


@lru_cache(PLACED_MAX)
def _located(type: str, section: str, path: str) -> Place | None:
    kind = kind_of(type)
    assert kind is not None, f"no schema of {type}"
    level, below = _level(kind, path) if section == "record" else (kind.depth, path)
    found = _facets(kind.shape, start(kind, section, level), below)
    return Place(level, below, *found, _anchor(kind, path)) if found is not None else None


def _anchor(kind: Kind, path: str) -> str:
    """The first two steps of a path that stands outside the record's own element."""
    outer = path.startswith("/") or path.partition("/")[0] in kind.family.spine[:-1]
    return "/".join(path.lstrip("/").split("/")[:2]) if outer else ""


def locate(kind: Kind, section: str, path: str) -> Place | None:
    """A path of the table or of an extra in this type; None when the type has no such leaf."""
    return _located(kind.type, section, path)


def start(kind: Kind, section: str, level: int) -> str:
    """The schema type that paths of a section begin at."""
    if section == "record":
        return kind.levels[level]
    name = "Ntry" if section == "entry" else "Ntry/NtryDtls/TxDtls"
    return kind.shape.at(kind.levels[-1], name)


def _level(kind: Kind, path: str) -> tuple[int, str]:
    if path.startswith("/"):
        return 0, path[1:]
    first, _, rest = path.partition("/")
    spine = kind.family.spine
    if rest and first in spine[:-1]:
        return spine.index(first) + 1, rest
    return kind.depth, path


def _facets(form: Shape, type: str, path: str) -> tuple[Facets, bool] | None:
    needed = True
    steps = path.split("/")
    attribute = steps.pop()[1:] if steps[-1].startswith("@") else ""
    for one in steps:
        name, number = step(one)
        child = form.children(type).get(name)
        if child is None or number > child.most:
            return None
        if name == FOREIGN:
            return ANY, False
        needed = needed and child.least > 0
        type = child.type
    facets = form.leaf(type)
    if facets is not None and attribute:
        facets = form.leaf(facets.attributes[attribute]) if attribute in facets.attributes else None
    return (facets, needed) if facets is not None else None


# --- records ------------------------------------------------------------------------------------


def lay_out(record: Record, kind: Kind) -> Laid:
    """All leaves of a record in this type; where the type has one of several branches, in that which loses least."""
    record = spoken(record)
    branches = kind.family.branches
    if not branches:
        return _lay_out(record, kind, ())
    tried = []
    for chosen in branches:
        laid = _lay_out(record, kind, tuple(branch for branch in branches if branch != chosen))
        fill(laid, kind)
        tried.append(laid)
    return min(tried, key=lambda laid: (bool(laid.missing), len(laid.losses)))


def fill(laid: Laid, kind: Kind) -> None:
    """Ask the plan of each level what must be left out, and what is missing."""
    for level in range(laid.depth + 1):
        leaves = laid.levels[level]
        slots = _slots(kind, level, laid)
        paths = (*leaves, *slots)
        filled(laid, level, plan(kind.type, kind.levels[level], paths, frozenset(slots)), paths)


def _slots(kind: Kind, level: int, laid: Laid) -> Leaves:
    """What stands below one level, as a place to fill."""
    if level < kind.depth:
        return {kind.family.spine[level]: ""} if level < laid.depth else {}
    return {"Ntry": ""} if laid.inner else {}


def _lay_out(record: Record, kind: Kind, closed: tuple[str, ...]) -> Laid:
    laid = Laid([{} for _ in range(kind.depth + 1)], {}, {}, _depth(record, kind), closed=closed)
    laid.anchors = _anchors(record, kind)
    _place_all(laid, kind, "record", _said(record, kind))
    _place_extra(laid, kind, "record", record.extra)
    if isinstance(record, Statement):
        if record.floors:
            laid.losses["floors"] = Loss("floors", f"{kind.type} has no place for a floor limit")
        # MT says the side of an entry alone; where a detail has a place for it, it is that of its entry.
        told = record.source.startswith("MT") and locate(kind, "detail", "CdtDbtInd") is not None
        for entry in map(lowered, record.entries):
            laid.inner.append(_entry(sided(entry) if told else entry, kind, laid.losses))
    return laid


def _anchors(record: Record, kind: Kind) -> frozenset[str]:
    """Outer elements of which a part has no field: the parts that have one are written there too."""
    found: set[str] = set()
    overruled = {""}
    for name, _ in record.extra:
        path = name.removeprefix("iso:")
        if path != name:
            (found if kind.table.slot(path) is None else overruled).add(_anchor(kind, path))
    return frozenset(found - overruled)


def _depth(record: Record, kind: Kind) -> int:
    """How far down the spine a record stands: a report on a group stands above the transactions."""
    if isinstance(record, Report) and record.level != "transaction":
        return min(LEVELS.index(record.level), kind.depth) if record.level in LEVELS else kind.depth
    if record.source[:8] == kind.type[:8] and kind.depth:
        names = [step(one)[0] for one in record.place.split("/")]
        return sum(one == name for one, name in zip(names, kind.family.spine, strict=False))
    return 0 if isinstance(record, Notice) and record.kind == kind.family.outer else kind.depth


def _said(record: Record, kind: Kind) -> Iterator[Flat]:
    """The texts of a record, and what its kind of message asks for and a record may leave unsaid."""
    skip = NOT_SAID
    if isinstance(record, Report) and record.kind == "message_rejected":
        skip |= {"status"}
    if isinstance(record, Payment):
        if not record.settlement_method and record.clearing_system:
            yield "settlement_method", (), "", "CLRG"
        if not record.charge_bearer and record.scheme.startswith("sepa"):
            yield "charge_bearer", (), "", "SLEV"
        if record.kind == "equivalent_transfer" and kind.type.startswith("pain."):
            skip |= {"amount"}
            yield "amount!", (), "", record.amount.text()
            yield "amount!.currency", (), "", record.amount.currency
    field = JOINED.get(type(record), "")
    several = f"{field}.*" in kind.table.reverse
    yield from flat(record if several else _one_text(record, field), skip)


# Texts that come in lines, where ISO 20022 has one element for all.
JOINED = {Statement: "information", Case: "text", Notice: "text"}


def _one_text(record: Any, field: str) -> Any:
    """The lines of a text as one: several have no place of their own."""
    lines = getattr(record, field) if field else ()
    return structs.replace(record, **{field: ("\n".join(lines),)}) if len(lines) > 1 else record


_EQUIVALENT = {"amount!": "Amt/EqvtAmt/Amt", "amount!.currency": "Amt/EqvtAmt/Amt/@Ccy"}


def _place_all(laid: Laid, kind: Kind, section: str, texts: Iterable[Flat], prefix: str = "") -> None:
    fields = fields_of(kind.type, section, laid.depth, prefix)
    levels, elements, free = laid.levels, laid.elements, not laid.anchors and not laid.closed
    last = len(levels) - 1
    for template, numbers, rest, text in texts:
        found, element = fields[template, numbers, rest]
        if free and found:
            place = found[0]
            leaves = levels[min(place.level, last)]
            if place.path not in leaves and place.takes(text):
                leaves[place.path] = text
                elements[place.level, place.path] = element
                continue
        _put(laid, kind, found, text, element, laid.losses)


def _place_extra(laid: Laid, kind: Kind, section: str, extra: Iterable[tuple[str, str]], prefix: str = "") -> None:
    for name, text in extra:
        family, _, path = name.partition(":")
        if (name, text) == NO_AMOUNT:
            continue
        if family != "iso":
            if not path.startswith("header"):
                laid.losses.setdefault(prefix + name, Loss(prefix + name, f"{kind.type} has no place for it"))
            continue
        place = locate(kind, section, path)
        _put(laid, kind, [place] if place is not None else (), text, prefix + name, laid.losses)


def _put(laid: Laid, kind: Kind, found: Sequence[Place], text: str, element: str, losses: Losses) -> None:
    """Put a text where it is taken; say what is lost when it is taken nowhere, or only cut."""
    if laid.anchors:
        found = sorted(found, key=lambda place: place.anchor not in laid.anchors)
    for place in found:
        if laid.closed and place.path.startswith(laid.closed):
            continue
        facets = place.facets
        fitting = text if facets.base == "xs:string" else text.strip()
        if facets.most is not None and len(fitting) > facets.most and facets.base == "xs:string":
            fitting = fitting[: facets.most]
        if not facets.takes(fitting):
            fitting += MIDNIGHT  # a day where a moment is asked for, as MT says it
            if len(fitting) != DAY_AND_MIDNIGHT or not facets.takes(fitting):
                continue
        leaves = laid.levels[min(place.level, len(laid.levels) - 1)]
        if place.path in leaves:
            continue
        leaves[place.path] = fitting
        laid.elements[place.level, place.path] = element
        if len(fitting) < len(text) and facets.base == "xs:string":
            why = f"{len(text)} characters, {kind.type} takes {facets.most}"
            losses[element] = Loss(element, why, "truncated")
        elif not fitting.isprintable() and any(not _shown(character) for character in fitting):
            losses[element] = Loss(element, "characters that XML does not have are written as blanks", "info")
        return
    if text.isspace():
        return  # white space between elements that are not there
    why = f"{kind.type} does not take this value" if found else f"{kind.type} has no place for it"
    losses.setdefault(element, Loss(element, why))


def filled(laid: Laid, level: int, made: Plan, paths: Sequence[str], prefix: str = "") -> None:
    """Note what a plan had to leave out, and what it still misses."""
    for place in made.dropped:
        element = laid.elements.get((level, paths[place]), prefix + paths[place])
        laid.losses.setdefault(element, Loss(element, "incomplete: it lacks what it cannot stand without"))
    if made.missing:
        laid.missing = laid.missing or made.missing.strip("/")


# --- entries of statements ----------------------------------------------------------------------


def _entry(entry: Entry, kind: Kind, losses: Losses) -> str:
    """One line of a statement, printed."""
    laid = Laid([{}], {}, losses, kind.depth)
    _place_all(laid, kind, "entry", flat(_one_text(entry, "information"), NOT_SAID), "entries.")
    _place_extra(laid, kind, "entry", entry.extra, "entries.")
    leaves = laid.levels[0]
    slots: Leaves = {}
    for detail in entry.details:
        block = detail.place if detail.place.startswith("NtryDtls[") else "NtryDtls"
        slots[f"{block}/TxDtls"] = slots.get(f"{block}/TxDtls", "") + _detail(detail, kind, losses)
    return printed(laid, kind, start(kind, "entry", 0), leaves, slots, "Ntry", "entries.")


def _detail(detail: Payment, kind: Kind, losses: Losses) -> str:
    laid = Laid([{}], {}, losses, kind.depth)
    optional = kind.shape.children(start(kind, "detail", 0)).get("Amt", NO_CHILD).least == 0
    skip = NOT_SAID | {"amount"} if optional and NO_AMOUNT in detail.extra else NOT_SAID
    _place_all(laid, kind, "detail", flat(detail, skip), "entries.details.")
    _place_extra(laid, kind, "detail", detail.extra, "entries.details.")
    return printed(laid, kind, start(kind, "detail", 0), laid.levels[0], {}, "TxDtls", "entries.details.")


def printed(
    laid: Laid,
    kind: Kind,
    type: str,
    leaves: Leaves,
    slots: Leaves,
    name: str,
    prefix: str = "",
    special: Sequence[str] = (),
) -> str:
    """Leaves as one element; `special` are the writer's own texts, from the last (message id) to the first."""
    paths = (*leaves, *slots)
    made = plan(kind.type, type, paths, frozenset(slots))
    if made.dropped or made.missing:
        filled(laid, kind.depth, made, paths, prefix)
    values = [*(text if path.endswith("/*") else escape(text, path) for path, text in leaves.items()), *slots.values()]
    inner = made.template % tuple([values[place] if place >= 0 else special[-place - 1] for place in made.order])
    return f"<{name}>{inner}</{name}>\n"


def escape(text: str, path: str = "") -> str:
    """XML text; characters that XML does not have become spaces."""
    if text.isalnum():
        return text
    if not text.isprintable():
        text = "".join(c if _shown(c) else " " for c in text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return text.replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;") if "@" in path else text


def _shown(character: str) -> bool:
    """Whether a character is written as it is."""
    return character.isprintable() or character in "\t\n\r" or _allowed(character)


def _allowed(character: str) -> bool:
    """Whether XML 1.0 has this character, though it does not print."""
    point = ord(character)
    return 0x20 <= point <= 0xD7FF or 0xE000 <= point <= 0xFFFD or point >= 0x10000


def stamp(now_ns: int) -> str:
    """ISO 8601 with offset, to the millisecond."""
    return datetime.fromtimestamp(now_ns / 1e9, UTC).isoformat(timespec="milliseconds")

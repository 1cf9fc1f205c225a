"""Messages of one payment that are made like one that came before: read by the pattern of all their tags at once.

Strategy: the first message of its kind is read the general way, and its tags are compiled into places of texts; what
that reading gives must equal what the general one gave, else the pattern is not kept. The next one costs the parser,
the schema, and one look-up.
"""

from __future__ import annotations

from lxml import etree
from msgspec import Struct

from gateway.formats.iso20022.envelope import DOCUMENT, HEADER, Envelope, headed, parts_of, type_of
from gateway.formats.iso20022.kinds import Kind, kind_of
from gateway.formats.iso20022.patterns import Pattern, above, by_field, maker, sorted_pattern
from gateway.formats.iso20022.read import Outer
from gateway.formats.iso20022.tags import Picked, Places, Texts, cut, picker, plain, resolved
from gateway.formats.iso20022.xml import schema, violations
from gateway.model import Payment

BYTES_MAX = 16_384  # of a message that holds one payment
KEPT_MAX = 128  # patterns; each has some ten kilobytes


class Level(Struct, frozen=True):
    """What stands above the record: the message's own leaves, fields by rest, and what has no field."""

    message: tuple[str, ...]
    pick: Picked
    groups: tuple[tuple[str, tuple[str, ...], Picked], ...]
    extra: tuple[str, ...]
    pick_extra: Picked


class Whole(Struct, frozen=True):
    """How a message of these tags is read."""

    kind: Kind
    document: tuple[int, ...]  # the way from the root
    header: tuple[int, ...] | None
    header_type: str
    header_paths: tuple[str, ...]
    pick_header: Picked
    level: Level
    record: Pattern
    constants: tuple[str, ...]
    place: str


class Read(Struct, frozen=True):
    """A message that was read by its pattern."""

    kind: Kind
    top: Outer
    payment: Payment
    envelope: Envelope


_KEPT: dict[tuple[str, ...], Whole | None] = {}


def texts(data: bytes) -> list[str] | None:
    """Texts and tags of a small plain message in turn."""
    return cut(data.decode()) if len(data) <= BYTES_MAX and b"\r" not in data and plain(data) else None


def read(root: etree._Element, found: list[str], data: bytes) -> Read | None:
    """The message by a pattern that is kept; None when it has to be read the general way, faults above all."""
    whole = _KEPT.get(tuple(found[1::2]))
    return by_pattern(root, found, whole, b"&" in data) if whole is not None else None


def keep(root: etree._Element, found: list[str], payment: Payment, top: Outer, envelope: Envelope) -> None:
    """Compile what the general way has read, unless it is known, and keep it if it reads the same."""
    tags = tuple(found[1::2])
    if tags in _KEPT:
        return
    if len(_KEPT) >= KEPT_MAX:
        _KEPT.clear()
    whole = _compiled(root, tags)
    again = by_pattern(root, found, whole, True) if whole is not None else None
    same = (
        again is not None
        and (again.payment, again.top.message, again.top.extra) == (payment, top.message, top.extra)
        and again.top.groups == top.groups
        and again.envelope.document is envelope.document
        and again.envelope.header == envelope.header
    )
    _KEPT[tags] = whole if same else None


def by_pattern(root: etree._Element, found: list[str], whole: Whole, referring: bool) -> Read | None:
    """The message, if the schemas take it and nothing in it is unusual; `referring`: `&` stands in it."""
    document = _at(root, whole.document)
    if whole.header is not None and violations(_at(root, whole.header), whole.header_type):
        return None
    if violations(document, whole.kind.type):
        return None
    every = [*(resolved(found) if referring else found), *whole.constants]
    header = dict(zip(whole.header_paths, whole.pick_header(every), strict=True))
    top = _top(whole.level, every)
    if top.message.get("/GrpHdr/NbOfTxs", "1") != "1" or "" in header.values():
        return None
    payment = maker(whole.kind.type).made(whole.record, every, above(top), whole.place)
    if payment is None:
        return None
    envelope = headed(document, whole.kind.type, header) if header else Envelope(document, whole.kind.type)
    return Read(whole.kind, top, payment, envelope)


def _at(root: etree._Element, way: tuple[int, ...]) -> etree._Element:
    for number in way:
        root = root[number]
    return root


def _top(level: Level, every: Texts) -> Outer:
    groups = {name: dict(zip(rests, pick(every), strict=True)) for name, rests, pick in level.groups}
    extra = tuple(zip(level.extra, level.pick_extra(every), strict=True))
    return Outer(groups, {}, extra, groups, dict(zip(level.message, level.pick(every), strict=True)))


# --- compiling ----------------------------------------------------------------------------------


def _compiled(root: etree._Element, tags: tuple[str, ...]) -> Whole | None:
    """The pattern of these tags; None when it is not simple enough."""
    documents, headers = parts_of(root) if not _named(root, DOCUMENT) else ([root], [])
    kind = kind_of(type_of(documents[0]))
    if kind is None or kind.family.record is not Payment or kind.depth != 1 or len(headers) > 1:
        return None
    document, record = _inside(tags, DOCUMENT), _inside(tags, kind.family.spine[0])
    header = _inside(tags, HEADER) if headers else range(0)
    version = type_of(headers[0]) if headers else ""
    if document is None or record is None or header is None or (headers and schema(version) is None):
        return None
    places = Places(tags)
    outside = [n for n in document[1:-1] if n < record.start - 1 or n > record.stop]
    in_header, in_body, in_record = places.leaves(header), places.leaves(outside), places.leaves(record)
    if in_header is None or in_body is None or in_record is None:
        return None
    level, own = _level(kind, in_body), sorted_pattern(in_record, kind.table, places)
    summed = "/GrpHdr/CtrlSum" in level.message
    if own is None or summed or not own.names.isdisjoint(name for name, _, _ in level.groups):
        return None
    return Whole(
        kind,
        _way(root, documents[0]),
        _way(root, headers[0]) if headers else None,
        version,
        tuple(f"{HEADER}/{path}" for path, _ in in_header),
        picker([place for _, place in in_header]),
        level,
        own,
        tuple(places.constants),
        f"{kind.family.spine[0]}[1]",
    )


def _named(element: etree._Element, name: str) -> bool:
    return str(element.tag).rpartition("}")[2] == name


def _inside(tags: tuple[str, ...], name: str) -> range | None:
    """Numbers of the tags inside the only element of a name; None when there are more, or none."""
    begins = [n for n, tag in enumerate(tags) if tag.split(None, 1)[:1] == [name]]
    ends = [n for n, tag in enumerate(tags) if tag == f"/{name}"]
    return range(begins[0] + 1, ends[0]) if len(begins) == len(ends) == 1 else None


def _way(root: etree._Element, element: etree._Element) -> tuple[int, ...]:
    way: list[int] = []
    while element is not root:
        parent = element.getparent()
        assert parent is not None, "it was found below the root"
        way.append(parent.index(element))
        element = parent
    return tuple(reversed(way))


def _level(kind: Kind, found: list[tuple[str, int]]) -> Level:
    """The leaves of the body outside its record, as `read.outer` has them."""
    leaves = [(f"/{path}", place) for path, place in found]
    own = [(path, place) for path, place in leaves if path in kind.message]
    rest = [one for one in leaves if one[0] not in kind.message or kind.table.slot(one[0]) is not None]
    groups, extra = by_field(rest, kind.table)
    return Level(
        tuple(path for path, _ in own),
        picker([place for _, place in own]),
        tuple((name, tuple(inner), picker(list(inner.values()))) for name, inner in groups.items()),
        tuple(path for path, _ in extra),
        picker([place for _, place in extra]),
    )

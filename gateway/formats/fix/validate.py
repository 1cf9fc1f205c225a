"""Does a message say what its dictionary allows? The first thing that it does wrong, as Reject (3) tells it.

Strategy: which tags stand where is checked once per sequence of tags. Counterparties send few different ones, so a
message that looks like an earlier one only has its values checked, in one pass of C calls. Whatever fails there, or
looks new and wrong, goes to the slow explainer, which alone decides and finds the reason in a fixed order: order of
header, body, trailer; required fields; then header, trailer and body field by field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from operator import call

from msgspec import Struct

from gateway.formats.fix.dictionary import Dictionary, Field, Group, Layout, Member
from gateway.formats.fix.message import ADMIN_TYPES, DATA_AFTER, Message
from gateway.ports import ALL_CHECKS, Checks

SHAPES_MAX = 1_024  # sequences of tags remembered per message type; beyond it they are checked anew each time
FIRST_USER_TAG = b"5000"
SHAPE_TAGS_MAX = 256  # longer messages are not remembered: they are rare and would take the memory

# SessionRejectReason (373) and the text sent with it.
INVALID_TAG, MISSING, NOT_IN_MESSAGE, NO_VALUE, OUT_OF_RANGE, BAD_FORMAT = 0, 1, 2, 4, 5, 6
COMP_ID, SENDING_TIME, INVALID_TYPE, REPEATED, OUT_OF_ORDER, GROUP_ORDER, GROUP_COUNT = 9, 10, 11, 13, 14, 15, 16
TEXTS = {
    INVALID_TAG: b"Invalid tag number",
    MISSING: b"Required tag missing",
    NOT_IN_MESSAGE: b"Tag not defined for this message type",
    NO_VALUE: b"Tag specified without a value",
    OUT_OF_RANGE: b"Value is incorrect (out of range) for this tag",
    BAD_FORMAT: b"Incorrect data format for value",
    COMP_ID: b"CompID problem",
    SENDING_TIME: b"SendingTime accuracy problem",
    INVALID_TYPE: b"Invalid MsgType",
    REPEATED: b"Tag appears more than once",
    OUT_OF_ORDER: b"Tag specified out of required order",
    GROUP_ORDER: b"Repeating group fields out of order",
    GROUP_COUNT: b"Incorrect NumInGroup count for repeating group",
}


class Fault(Struct, frozen=True):
    """What is wrong: a SessionRejectReason, and the tag it is about (b"" when it is about none)."""

    reason: int
    tag: bytes = b""

    @property
    def text(self) -> bytes:
        return TEXTS[self.reason]


# --- values -----------------------------------------------------------------------------------------

Check = Callable[[bytes], object]  # true for a value that may stand


def _date(text: bytes) -> bool:
    if len(text) != 8 or not text.isdigit():
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def _of(pattern: bytes) -> Check:
    return re.compile(pattern).fullmatch


_CLOCK = rb"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,12})?"
_DAY = rb"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
_ZONE = rb"(Z|[+-]\d\d(:[0-5]\d)?)?"
_FLOAT = _of(rb"-?(\d{1,18}(\.\d{0,18})?|\.\d{1,18})")
_NATURAL = _of(rb"\d{1,18}")

FORMATS: dict[str, Check] = {
    "INT": _of(rb"-?\d{1,18}"),
    "LENGTH": _NATURAL,
    "SEQNUM": _NATURAL,
    "NUMINGROUP": _NATURAL,
    "TAGNUM": _NATURAL,
    "DAYOFMONTH": _of(rb"0?[1-9]|[12]\d|3[01]"),
    "FLOAT": _FLOAT,
    "QTY": _FLOAT,
    "PRICE": _FLOAT,
    "PRICEOFFSET": _FLOAT,
    "AMT": _FLOAT,
    "PERCENTAGE": _FLOAT,
    "CHAR": _of(rb"."),
    "BOOLEAN": frozenset((b"Y", b"N")).__contains__,
    "CURRENCY": _of(rb"[A-Za-z]{3}"),
    "COUNTRY": _of(rb"[A-Za-z]{2}"),
    "MONTHYEAR": _of(rb"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]|w[1-5])?"),
    "UTCTIMESTAMP": _of(_DAY + rb"-" + _CLOCK),
    "TIME": _of(_DAY + rb"-" + _CLOCK),
    "UTCTIMEONLY": _of(_CLOCK),
    "LOCALMKTTIME": _of(_CLOCK),
    "UTCDATE": _date,
    "UTCDATEONLY": _date,
    "LOCALMKTDATE": _date,
    "DATE": _date,
    "TZTIMEONLY": _of(rb"([01]\d|2[0-3]):[0-5]\d(:([0-5]\d|60)(\.\d{1,12})?)?" + _ZONE),
    "TZTIMESTAMP": _of(_DAY + rb"-([01]\d|2[0-3]):[0-5]\d(:([0-5]\d|60)(\.\d{1,12})?)?" + _ZONE),
}
_SEVERAL = frozenset(("MULTIPLEVALUESTRING", "MULTIPLESTRINGVALUE", "MULTIPLECHARVALUE"))


def _listed(field: Field) -> Check:
    """Is the value one of the field's, or each of several?"""
    if field.type not in _SEVERAL:
        return field.values.__contains__
    return lambda value: field.values.issuperset(value.split(b" "))


def _checker(field: Field) -> Check:
    """One call that says whether a value may stand; the explainer finds out why not."""
    form = FORMATS.get(field.type, bool)
    if not field.values:
        return form
    listed = _listed(field)
    if form is bool or all(map(form, field.values)):
        return listed
    return lambda value: form(value) and listed(value)


# --- structure --------------------------------------------------------------------------------------


_HEADER, _BODY, _TRAILER = _PARTS = (0, 1, 2)  # in the order in which they stand


class Entries(Struct):
    """A repeating group found in a message."""

    end: int  # first place after it
    count: int = 0
    fault: Fault | None = None


def entries(tags: tuple[bytes, ...], place: int, group: Group) -> Entries:
    """Walk the entries of a group that begin at `place`, nested groups included; the first fault is kept."""
    order = {member.tag: index for index, member in enumerate(group.members)}
    found = Entries(place)
    if place < len(tags) and tags[place] != group.delimiter and tags[place] in order:
        found.fault = Fault(GROUP_ORDER, tags[place])
    while found.end < len(tags) and tags[found.end] == group.delimiter:
        found.count += 1
        _entry(tags, group, order, found)
    return found


def _entry(tags: tuple[bytes, ...], group: Group, order: dict[bytes, int], found: Entries) -> None:
    seen: set[bytes] = set()
    last = -1
    while found.end < len(tags):
        tag = tags[found.end]
        index = order.get(tag, -1)
        if index < 0 or (tag == group.delimiter and seen):
            break
        if tag in seen:
            found.fault = found.fault or Fault(REPEATED, tag)
        elif index < last:
            found.fault = found.fault or Fault(GROUP_ORDER, tag)
        seen.add(tag)
        last = max(last, index)
        found.end += 1
        inner = group.members[index].group
        if inner is not None:
            nested = entries(tags, found.end, inner)
            found.end, found.fault = nested.end, found.fault or nested.fault
    for member in group.members:
        if member.required and member.tag not in seen:
            found.fault = found.fault or Fault(MISSING, member.tag)


class Table:
    """One message type: its members, and the shapes that were found to be right."""

    def __init__(
        self,
        layout: Layout,
        header: tuple[Member, ...],
        trailer: tuple[Member, ...],
        fields: dict[bytes, Field],
        checks: dict[bytes, Check],
        switches: Checks,
    ) -> None:
        self.layout = layout
        self.switches = switches
        self.fields = fields
        self.checks = checks
        self.header = {member.tag: member for member in header}
        self.trailer = {member.tag: member for member in trailer}
        self.body = {member.tag: member for member in layout.members}
        self.required = [
            tag
            for part in (self.header, self.trailer, self.body)
            for tag in sorted((m.tag for m in part.values() if m.required), key=int)
        ]
        self.ranks = {**dict.fromkeys(_tags(header), _HEADER), **dict.fromkeys(_tags(trailer), _TRAILER)}
        self.shapes: dict[tuple[bytes, ...], tuple[Check, ...]] = {}

    def fault(self, message: Message) -> Fault | None:
        """What is wrong with a message of this type; None when nothing is."""
        checks = self.shapes.get(message.tags)
        if checks is not None and all(map(call, checks, message.values)):
            return None
        fault = self._explain(message)
        if fault is None and checks is None and len(message.tags) <= SHAPE_TAGS_MAX and len(self.shapes) < SHAPES_MAX:
            self.shapes[message.tags] = self._shape(message.tags)
        return fault

    def _shape(self, tags: tuple[bytes, ...]) -> tuple[Check, ...]:
        """The checks of a sequence of tags that is right; a count must then be what is there."""
        checks = [self.checks.get(tag, bool) for tag in tags]
        for place, tag in enumerate(tags):
            group = self._group(tag)
            if group is not None:
                checks[place] = frozenset((b"%d" % entries(tags, place + 1, group).count,)).__contains__
        for place in range(1, len(tags)):
            if DATA_AFTER.get(tags[place - 1]) == tags[place]:
                checks[place - 1] = _never  # lengths are compared by the explainer
        return tuple(checks)

    def _group(self, tag: bytes) -> Group | None:
        member = self.header.get(tag) or self.body.get(tag)
        return member.group if member is not None else _nested(self.layout.members, tag)

    # -- the explainer

    def _explain(self, message: Message) -> Fault | None:
        ranks = [self.ranks.get(tag, _BODY) for tag in message.tags]
        head, body, tail = ([place for place, rank in enumerate(ranks) if rank == part] for part in _PARTS)
        return (
            (self._order(message.tags, ranks) if self.switches.order else None)
            or (self._missing(message) if self.switches.required else None)
            or self._part(message, head, self.header)
            or self._part(message, tail, self.trailer)
            or self._part(message, body, self.body)
        )

    def _missing(self, message: Message) -> Fault | None:
        return next((Fault(MISSING, tag) for tag in self.required if tag not in message.fields), None)

    @staticmethod
    def _order(tags: tuple[bytes, ...], ranks: list[int]) -> Fault | None:
        """Header before body before trailer."""
        highest = _HEADER
        for tag, rank in zip(tags, ranks, strict=True):
            if rank < highest:
                return Fault(OUT_OF_ORDER, tag)
            highest = rank
        return None

    def _part(self, message: Message, places: list[int], members: dict[bytes, Member]) -> Fault | None:
        """Each field of header, trailer or body in the order of the message."""
        seen: set[bytes] = set()
        skip_to = 0
        for place in places:
            if place < skip_to:
                fault = self._value(message, place)
            else:
                fault, skip_to = self._top(message, place, members, seen)
            if fault is not None:
                return fault
        return None

    def _top(
        self, message: Message, place: int, members: dict[bytes, Member], seen: set[bytes]
    ) -> tuple[Fault | None, int]:
        """A field that is in no group; and up to where the group goes that it counts."""
        tag = message.tags[place]
        if members is self.body and not self.layout.described:
            return self._value(message, place), 0
        if tag in seen and self.switches.repeated:
            return Fault(REPEATED, tag), 0
        seen.add(tag)
        fault = self._value(message, place) or self._known(tag, members)
        group = members[tag].group if fault is None and tag in members else None
        if group is None:
            return fault, 0
        found = entries(message.tags, place + 1, group)
        if not self.switches.groups:
            return None, found.end
        fault = found.fault
        if fault is not None and fault.reason == MISSING and not self.switches.required:
            fault = None
        if found.count != int(message.values[place]) and (fault is None or fault.reason != GROUP_ORDER):
            fault = Fault(GROUP_COUNT, tag)
        return fault or self._nested_counts(message, place + 1, found.end, group), found.end

    def _nested_counts(self, message: Message, start: int, end: int, group: Group) -> Fault | None:
        for place in range(start, end):
            inner = _nested(group.members, message.tags[place])
            if inner is None:
                continue
            fault = self._value(message, place)
            if fault is not None:
                return fault
            if entries(message.tags, place + 1, inner).count != int(message.values[place]):
                return Fault(GROUP_COUNT, message.tags[place])
        return None

    def _known(self, tag: bytes, members: dict[bytes, Member]) -> Fault | None:
        if tag in members or not (self.switches.user_tags if _is_users(tag) else self.switches.unknown_tags):
            return None
        return Fault(NOT_IN_MESSAGE if tag in self.fields else INVALID_TAG, tag)

    def _value(self, message: Message, place: int) -> Fault | None:
        """A value by itself: there, of its type, one of those listed, as long as its length field says."""
        tag, value = message.tags[place], message.values[place]
        switches = self.switches
        if not value:
            return Fault(NO_VALUE, tag) if switches.empty else None
        field = self.fields.get(tag)
        if field is None:
            return None
        counts = field.type == "NUMINGROUP"  # what counts entries must be a number whatever is switched off
        if (switches.formats or counts) and not FORMATS.get(field.type, bool)(value):
            return Fault(BAD_FORMAT, tag)
        if switches.enums and field.values and not _listed(field)(value):
            return Fault(OUT_OF_RANGE, tag)
        if place and DATA_AFTER.get(message.tags[place - 1]) == tag and message.values[place - 1] != b"%d" % len(value):
            return Fault(BAD_FORMAT, message.tags[place - 1])
        return None


def _is_users(tag: bytes) -> bool:
    """Tags that two counterparties agree on between themselves."""
    return len(tag) >= len(FIRST_USER_TAG) and int(tag) >= int(FIRST_USER_TAG)


def _never(value: bytes) -> bool:
    return False


def _tags(members: Iterable[Member]) -> Iterable[bytes]:
    for member in members:
        yield member.tag
        if member.group is not None:
            yield from _tags(member.group.members)


def _nested(members: Iterable[Member], tag: bytes) -> Group | None:
    """The group that `tag` counts, anywhere below these members."""
    for member in members:
        if member.group is None:
            continue
        if member.tag == tag:
            return member.group
        found = _nested(member.group.members, tag)
        if found is not None:
            return found
    return None


class Rules:
    """A session dictionary, and for FIXT the dictionary of the application above it."""

    def __init__(
        self, session: Dictionary, application: Dictionary | None = None, switches: Checks = ALL_CHECKS
    ) -> None:
        self.session = session
        self.switches = switches
        self.application = application or session
        both = {**self.application.fields, **session.fields}
        self._fields = (session.fields, both)  # known to messages of the session layer, of the application
        self._checks = {tag: _checker(field) for tag, field in both.items()}
        self._tables: dict[bytes, Table] = {}

    def fault(self, message: Message) -> Fault | None:
        """The first thing that is wrong with a message; None when nothing is."""
        table = self._tables.get(message.type)
        if table is None:
            table = self._table(message.type)
            if table is None:
                return Fault(INVALID_TYPE)
        return table.fault(message)

    def layout(self, type: bytes) -> Layout | None:
        """The message type, from the dictionary that is responsible for it."""
        return (self.session if type in ADMIN_TYPES else self.application).messages.get(type)

    def _table(self, type: bytes) -> Table | None:
        layout = self.layout(type)
        if layout is None:
            return None
        fields = self._fields[type not in ADMIN_TYPES]
        table = Table(layout, self.session.header, self.session.trailer, fields, self._checks, self.switches)
        self._tables[type] = table
        return table

"""A parsed FIX message, and FIX's times.

Strategy: when equals signs and separators alternate, as in nearly every message, one `split` gives all tags and
values. Otherwise it goes field by field, since raw data may hold separators and is measured by the length field
before it. Texts stay bytes: FIX says no character set but for the Encoded fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from msgspec import Struct

from gateway.formats.fix.frame import trailer

SOH = b"\x01"
SHAPES_KEPT = 1_024  # sequences of tags whose tags need not be looked at again
SHAPE_TAGS_MAX = 64  # longer ones are not kept
NUMBER_DIGITS_MAX = 18  # sequence numbers and lengths; a signed 64-bit column holds it

# Standard length fields, each with the raw data field that follows it (FIX 4.0 to 5.0 SP2).
_RAW_DATA = (
    b"93:89 90:91 95:96 212:213 348:349 350:351 352:353 354:355 356:357 358:359 360:361 362:363 364:365 445:446"
    b" 618:619 621:622 1184:1185 1277:1278 1280:1281 1282:1283 1397:1398 1401:1402 1403:1404 1468:1469 1525:1527"
    b" 1578:1579 1620:1621 1664:1665 1678:1697 1733:1734 1871:1872 1874:1875 2072:2073 2074:2075 2111:2112"
    b" 2179:2180 2287:2288 2351:2352 2372:2371 2481:2482 2494:2493 2522:2521 2637:2638 2651:2652 2665:2666"
    b" 2715:2716 2718:2719 2721:2722 2797:2798 2802:2801 2809:2808 2815:2814"
)
DATA_AFTER = {length: data for length, _, data in (pair.partition(b":") for pair in _RAW_DATA.split())}
_LENGTHS = frozenset(DATA_AFTER)

# Header fields that answers and resends must keep before the body (FIX 4.0 to FIXT 1.1).
HEADER_TAGS = frozenset(
    b"8 9 35 1128 1129 1156 49 56 115 128 90 91 34 50 142 57 143 116 144 129 145 43 97 52 122 212 213 347 369 370"
    b" 627 628 629 630".split()
)
ADMIN_TYPES = frozenset(b"0 1 2 3 4 5 A".split())
PASSWORD_TAGS = (b"554", b"925")  # Password, NewPassword

_TEXT = bytes(sorted(set(range(256)) - set(b"=\x01")))
_UNIFIED = bytes.maketrans(b"=", SOH)
_TAG = re.compile(rb"-?[0-9]{1,18}\Z")
_TIME = re.compile(rb"(\d{4})(\d\d)(\d\d)-(\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?\Z")
_PASSWORD = re.compile(rb"(?<=\x01)((?:554|925)=)([^\x01]+)")


class Message(Struct, gc=False):
    """One message: its bytes, its tags and values in order, and a look-up by tag (the last one of a tag)."""

    raw: bytes
    tags: tuple[bytes, ...]
    values: Sequence[bytes]
    fields: dict[bytes, bytes]
    type: bytes

    def number(self) -> int | None:
        """MsgSeqNum; None when it is missing or no number."""
        return whole_number(self.fields.get(b"34", b""))

    def pairs(self) -> list[tuple[bytes, bytes]]:
        """Tags with their values."""
        return list(zip(self.tags, self.values, strict=True))


def parse(raw: bytes) -> Message | None:
    """Split a framed message; None when a field is not `tag=value` with a numeric tag: it is garbled."""
    separators = raw.translate(None, _TEXT)
    if separators != b"=\x01" * (len(separators) // 2):
        return _parse_slowly(raw)
    parts = raw.translate(_UNIFIED).split(SOH)
    tags, values = tuple(parts[:-1:2]), parts[1::2]
    if not (_plain(tags) if len(tags) <= SHAPE_TAGS_MAX else _plain.__wrapped__(tags)):
        return _parse_slowly(raw)
    fields = dict(zip(tags, values, strict=True))
    return Message(raw, tags, values, fields, fields[b"35"])


@lru_cache(maxsize=SHAPES_KEPT)
def _plain(tags: tuple[bytes, ...]) -> bool:
    """Tags that are all natural numbers, MsgType among them, and none the length of raw data."""
    return b"" not in tags and b"".join(tags).isdigit() and _LENGTHS.isdisjoint(tags) and b"35" in tags


def _parse_slowly(raw: bytes) -> Message | None:
    """Values that hold an equals sign, or raw data."""
    pairs = _split_data(raw)
    if not pairs:
        return None
    tags, values = zip(*pairs, strict=True)
    if not all(map(_TAG.match, tags)):
        return None
    fields = dict(pairs)
    return Message(raw, tags, values, fields, fields[b"35"]) if b"35" in fields else None


def _split_data(raw: bytes) -> list[tuple[bytes, bytes]] | None:
    """Field by field, where raw data may hold separators; a length that does not fit counts as none."""
    pairs: list[tuple[bytes, bytes]] = []
    place = 0
    while place < len(raw):
        equals = raw.find(b"=", place)
        if equals <= place:
            return None
        tag = raw[place:equals]
        end = raw.find(SOH, equals)
        if pairs and DATA_AFTER.get(pairs[-1][0]) == tag:
            size = whole_number(pairs[-1][1])
            if size is not None and raw[equals + 1 + size : equals + 2 + size] == SOH:
                end = equals + 1 + size
        if end < 0 or SOH in tag:
            return None
        pairs.append((tag, raw[equals + 1 : end]))
        place = end + 1
    return pairs


def whole_number(text: bytes) -> int | None:
    """A number without sign that fits 64 bits; None for anything else."""
    return int(text) if text.isdigit() and len(text) <= NUMBER_DIGITS_MAX else None


def assemble(begin_string: bytes, text: bytes) -> bytes:
    """Frame everything from `35=` on, separators included."""
    data = b"8=%b\x019=%d\x01%b" % (begin_string, len(text), text)
    return data + trailer(data)


def join(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join([b"%b=%b\x01" % pair for pair in pairs])


def masked(message: Message) -> bytes:
    """The message's bytes with passwords starred out, framed right again; unchanged when it has none."""
    if not any(tag in message.fields for tag in PASSWORD_TAGS):
        return message.raw
    starred = _PASSWORD.sub(lambda found: found[1] + b"*" * len(found[2]), message.raw[:-7])
    return starred + trailer(starred)


# --- times ------------------------------------------------------------------------------------------


def parse_time_ns(text: bytes) -> int | None:
    """UTCTimestamp in nanoseconds since 1970; None when it is not one. A leap second counts as the next second."""
    found = _TIME.match(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    try:
        start = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    if second > 60:
        return None
    fraction = int((found[7] or b"0").ljust(9, b"0")[:9])
    return (int(start.timestamp()) + (second == 60)) * 1_000_000_000 + fraction


class Stamps:
    """Writes the current time; seconds are spelled once each."""

    def __init__(self, fraction_digits: int) -> None:
        self._divisor = 10 ** (9 - fraction_digits)
        self._digits = fraction_digits
        self._last = (-1, b"")  # one value, so that threads may share it

    def __call__(self, now_ns: int) -> bytes:
        second, rest = divmod(now_ns, 1_000_000_000)
        spelled, text = self._last
        if second != spelled:
            text = datetime.fromtimestamp(second, UTC).strftime("%Y%m%d-%H:%M:%S").encode()
            self._last = (second, text)
        return b"%b.%0*d" % (text, self._digits, rest // self._divisor) if self._digits else text

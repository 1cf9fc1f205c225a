"""Small accidents to good messages: to their bytes, or to what they are made of, elements, fields, values."""

from __future__ import annotations

import re
from copy import deepcopy
from random import Random

from lxml import etree

INPUT_BYTES_MAX = 16_384  # mutants of small messages; size limits have tests of their own
SPICE = (
    b"\x01",
    b"\x00",
    b"\xff",
    b"<",
    b">",
    b"&",
    b"<!DOCTYPE",
    b"{4:",
    b"-}",
    b":",
    b"\r\n",
    b"9" * 40,
    b"-1",
    b"\xc3\xa9",
    b"8=FIX.4.4\x01",
    b"10=000\x01",
    b"]]>",
    b"{",
    b"}",
    b"[",
    b'"',
    b"=",
    b"6",
    b"7",
    b"\xef\xbb\xbf",
)
# Values that have the form of something, or nearly.
VALUES = (
    b"",
    b" ",
    b"0",
    b"0.00",
    b"1e3",
    b"1.000",
    b"+1",
    b"1,",
    b"99999999999999999.99",
    b"EUR",
    b"XXX",
    b"JPY",
    b"2026-02-30",
    b"0000-01-01",
    b"9999-12-31T23:59:59.999-14:00",
    b"260230",
    b"991231",
    b"true",
    b"NOTPROVIDED",
    b"//",
    b"/A",
    b"A" * 36,
    b"A\r\nB",
    b"&amp;",
    b"&#x10FFFF;",
    b"&#13;",
    b"\xf0\x9f\x8e\x81",
    b"\xd9\xa1",
    b"FINODEHHXXX",
    b"DE23999900000000000101",
)
_FIELD = re.compile(rb"(?=(?:\r\n|\n)(?::[0-9]{2}[A-Z]?:|-\}))")


def mutate(data: bytes, random: Random, others: list[bytes]) -> bytes:
    """One to six small accidents to bytes."""
    out = bytearray(data)
    for _ in range(random.randint(1, 6)):
        at = random.randrange(len(out) + 1)
        end = min(len(out), at + random.randint(1, 40))
        what = random.randrange(7)
        if what == 0 and at < len(out):
            out[at] ^= 1 << random.randrange(8)
        elif what == 1:
            del out[at:end]
        elif what == 2:
            out[at:at] = out[at:end] * random.randint(1, 3)
        elif what == 3:
            out[at:at] = random.choice(SPICE)
        elif what == 4:
            other = random.choice(others)
            cut = random.randrange(len(other))
            out[at:end] = other[cut : cut + random.randint(1, 60)]
        elif what == 5:
            out[at:end] = bytes(random.randrange(256) for _ in range(end - at))
        else:
            out[at:end] = random.choice(SPICE)
    return bytes(out[:INPUT_BYTES_MAX])


def rearrange(data: bytes, random: Random, others: list[bytes]) -> bytes:
    """One to three accidents to elements or fields: dropped, doubled, moved, put in from elsewhere, given values."""
    root = _tree(data) if data.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<") else None
    if root is not None:
        return _elements(root, random, others)[:INPUT_BYTES_MAX]
    for _ in range(random.randint(1, 3)):
        data = _fields(data, random, others)
    return data[:INPUT_BYTES_MAX]


def _tree(data: bytes) -> etree._Element | None:
    try:
        return etree.fromstring(data)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _elements(root: etree._Element, random: Random, others: list[bytes]) -> bytes:
    """The message printed again after its accidents."""
    for _ in range(random.randint(1, 3)):
        every = [one for one in root.iter(etree.Element) if one is not root]
        if not every:
            break
        one, other = random.choice(every), random.choice(every)
        parent = one.getparent()
        assert parent is not None, "the root is left out"
        what = random.randrange(9)
        if what == 0:
            parent.remove(one)
        elif what == 1:
            parent.insert(parent.index(one), deepcopy(one))
        elif what == 2:
            parent.insert(random.randrange(len(parent) + 1), deepcopy(other))
        elif what == 3:
            stranger = _tree(random.choice(others))
            if stranger is not None:
                parent.insert(random.randrange(len(parent) + 1), random.choice(list(stranger.iter(etree.Element))))
        elif what == 4:
            one.tag = other.tag
        elif what == 5:
            one.set(random.choice(("Ccy", "x")), _text(random))
        else:
            leaf = random.choice([leaf for leaf in every if not len(leaf)])
            leaf.text = _text(random)
    return etree.tostring(root, encoding="utf-8")


def _text(random: Random) -> str:
    text = random.choice(VALUES).decode()
    return "".join(character for character in text if character.isprintable() or character in "\r\n")


def _fields(data: bytes, random: Random, others: list[bytes]) -> bytes:
    if random.random() < 0.4:
        return _field_value(data, random)
    parts = _FIELD.split(data)
    if len(parts) < 3:
        return mutate(data, random, others)
    at = random.randrange(1, len(parts))
    end = min(len(parts), at + random.randint(1, 2))
    what = random.randrange(4)
    if what == 0:
        del parts[at:end]
    elif what == 1:
        parts[at:at] = parts[at:end] * random.randint(1, 3)
    elif what == 2:
        to = random.randrange(1, len(parts))
        parts[to:to] = parts[at:end]
    else:
        other = _FIELD.split(random.choice(others))
        begin = random.randrange(len(other))
        parts[at:at] = other[begin : begin + random.randint(1, 6)]
    return b"".join(parts)


def _field_value(data: bytes, random: Random) -> bytes:
    """A value put into a field, over some of what stands there."""
    parts = _FIELD.split(data)
    at = random.randrange(len(parts))
    head, colon, value = parts[at].rpartition(b":")
    keep = random.randrange(len(value) + 1)
    parts[at] = head + colon + value[:keep] + random.choice(VALUES) + value[keep + random.randint(0, 6) :]
    return b"".join(parts)

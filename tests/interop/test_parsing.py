"""The same bytes read by quickfix and by us: good frames and frames with accidents in them."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from gateway.formats.fix.message import parse
from tests.fix_peer import frame, order_body
from tests.fuzz.fix_frames import whole_frames
from tests.fuzz.mutate import mutate

fix = pytest.importorskip("quickfix", reason="quickfix is not installed: pip install -e '.[interop]'")
pytestmark = pytest.mark.interop


def resummed(data: bytes) -> bytes:
    """A frame with BodyLength and CheckSum made right again, so that what is inside is what is compared."""
    start, end = data.find(b"\x0135="), data.rfind(b"\x0110=")
    if start < 0 or end <= start:
        return b""
    body = data[start + 1 : end + 1]
    whole = b"8=FIX.4.4\x019=%d\x01" % len(body) + body
    return whole + b"10=%03d\x01" % (sum(whole) % 256)


def theirs(raw: bytes) -> Counter[tuple[bytes, bytes]] | None:
    """Tags and values as quickfix reads them; None when it does not take the frame."""
    try:
        text = fix.Message(raw.decode("latin-1"), False).toString()
    except (fix.InvalidMessage, RuntimeError, ValueError):
        return None
    pairs = [field.partition("=") for field in text.rstrip("\x01").split("\x01")]
    return Counter((tag.encode("latin-1"), value.encode("latin-1")) for tag, _, value in pairs)


def test_quickfix_reads_the_same_fields() -> None:
    random, compared = Random(1), 0
    good = [frame("D", "C", "FINOS", n, order_body(f"O{n}", "1", "1000", "1.1")) for n in range(1, 9)]
    for round in range(8_000):
        raw = random.choice(good) if round % 10 == 0 else resummed(mutate(random.choice(good), random, good))
        if not raw.isascii() or whole_frames(raw) != [raw]:
            continue
        ours = parse(raw)
        other = theirs(raw)
        if ours is None or other is None or any(not value for value in ours.values):
            continue  # what either does not take is refused by it, and empty values are refused by both
        if len(set(ours.tags)) < len(ours.tags) or any(tag.startswith((b"0", b"-")) for tag in ours.tags):
            continue  # quickfix keeps one of several, and writes numbers its own way
        compared += 1
        keep = Counter(pair for pair in ours.pairs() if pair[0] not in (b"9", b"10"))
        assert keep == Counter({pair: n for pair, n in other.items() if pair[0] not in (b"9", b"10")}), raw
    assert compared > 1_000

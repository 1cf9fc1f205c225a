"""Runs checked at one go say what the exact rules say, entry by entry."""

from __future__ import annotations

import io
from random import Random

import pytest

from gateway.formats.ach import scan
from gateway.formats.ach.scan import Scanner
from tests import samples
from tests.conformance import ach_mutations

Seen = tuple[list[tuple[str, int, str]], int, tuple[int, ...], list[bytes]]


def seen(data: bytes) -> Seen:
    scanner = Scanner()
    scanner.run(io.BytesIO(data))
    totals = (scanner.totals_count, scanner.totals_hash, scanner.totals_debits, scanner.totals_credits)
    faults = [(one.rule, one.line, one.at.name if one.at else "") for one in scanner.faults]
    return faults, scanner.entries, totals, [digest for _, digest in scanner.contents]


def slowly(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Seen:
    with monkeypatch.context() as patch:
        patch.setattr(scan, "tally", lambda *_: None)
        return seen(data)


def mixed(random: Random, count: int = 400) -> list[str]:
    """A CCD file where some entries have addenda, and some are debits."""
    lines = ach_mutations.with_addenda(3, random)
    head, batch = lines[0], lines[1].replace("5220", "5200")
    body: list[str] = []
    number = debits = credits = 0
    for n in range(count):
        addenda, debit = random.random() < 0.3, random.random() < 0.4
        trace = f"12104288{n + 1:07d}"
        cents = random.randrange(1, 99_999)
        code = random.choice(("27", "37") if debit else ("22", "32", "42"))
        body.append(f"6{code}091000019{n:<17}{cents:010d}{'ID':15}{'ALMA FICTIVE':22}  {int(addenda)}{trace}")
        if addenda:
            body.append(f"705{'INVOICE':80}0001{trace[-7:]}")
        debits, credits = debits + cents * debit, credits + cents * (not debit)
        number += 1 + addenda
    hash_ = 9_100_001 * count % 10**10
    control = f"8200{number:06d}{hash_:010d}{debits:012d}{credits:012d}1999999999{'':25}12104288{batch[87:94]}"
    blocks = -(-(number + 4) // 10)
    tail = f"9000001{blocks:06d}{number:08d}{hash_:010d}{debits:012d}{credits:012d}{'':39}"
    lines = [head, batch, *body, control, tail]
    return lines + ["9" * 94] * (-len(lines) % 10)


@pytest.mark.parametrize("ends", ["\n", "\r\n", ""])
def test_a_right_file_is_counted_the_same(ends: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for lines in (mixed(Random(1)), samples.ach(3_000, batch=700).decode().splitlines()):
        data = "".join(line + ends for line in lines).encode()
        quick = seen(data)
        assert quick[0] == []
        assert quick == slowly(data, monkeypatch)


@pytest.mark.parametrize("seed", range(6))
def test_a_wrong_file_is_told_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)
    files = [mixed(random), samples.ach(500, batch=300).decode().splitlines()]
    for _ in range(40):
        planted = random.choice(ach_mutations.DEFECTS)(random.choice(files), random)
        if planted is None:
            continue
        data = "".join(line + "\n" for line in planted.lines).encode("latin-1")
        quick, slow = seen(data), slowly(data, monkeypatch)
        assert [rule for rule, _, _ in quick[0]] == [rule for rule, _, _ in slow[0]], planted.kind
        assert quick[0] == slow[0] or planted.kind == "addenda indicator", planted.kind


def test_a_batch_is_known_by_its_content_whatever_its_line_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    data = samples.ach(900, batch=300)
    contents = seen(data)[3]
    assert contents == seen(data.replace(b"\n", b"\r\n"))[3] == seen(data.replace(b"\n", b""))[3]
    assert contents == seen(samples.ach(900, batch=300, modifier="Q", time="1111"))[3]
    assert set(contents).isdisjoint(seen(samples.ach(900, first=1, batch=300))[3])
    assert len(set(contents)) == 3

"""Merge, flatten, segment, return, offset entries: every entry once, every file right."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from gateway.formats.ach import FORMAT, helpers, moov, write
from gateway.formats.ach.batches import RawFile, put_together, taken_apart
from gateway.formats.ach.codes import said
from gateway.model import Payment
from tests import ach_files, samples
from tests.support import ROOT, shared_corpus

NOW_NS = 1_795_428_000_000_000_000


def right(*files: RawFile) -> None:
    for file in files:
        assert not FORMAT.decode(put_together(file)).refusals, FORMAT.decode(put_together(file)).refusals


def entries(*files: RawFile) -> Counter[str]:
    """Entries and addenda as they stand, whatever batch they stand in."""
    return Counter("".join(item.lines) for file in files for item in file.items)


def test_what_is_taken_apart_is_put_together_again() -> None:
    for kind, data in ach_files.every_kind().items():
        assert put_together(taken_apart(data)) == data, kind


def test_merge_keeps_every_entry_and_the_limits() -> None:
    files = [taken_apart(samples.ach(300, first=n * 300, modifier=chr(65 + n))) for n in range(4)]
    merged = helpers.merge(files, lines_max=1_000)
    right(*merged)
    assert entries(*merged) == entries(*files)
    assert all(len(put_together(file).splitlines()) <= 1_000 for file in merged)
    assert len({file.header for file in merged}) == len(merged) == 2, "as few as can be, told apart by their modifier"


def test_merge_parts_colliding_traces() -> None:
    files = [taken_apart(samples.ach(3, first=n * 3)) for n in range(2)]  # the same traces, other receivers
    [merged] = helpers.merge(files)
    right(merged)
    assert entries(merged) == entries(*files)
    assert len(merged.batches) == 2


def test_merge_keeps_amounts_below_the_limit() -> None:
    merged = helpers.merge([taken_apart(samples.ach(10))], amount_max=350)
    right(*merged)
    assert [len(file.items) for file in merged] == [3, 3, 3, 1]


def test_flatten_joins_batches_with_the_same_header() -> None:
    file = taken_apart(samples.ach(5))
    twice = RawFile(file.header, [*file.batches, *taken_apart(ach_files.every_kind()["CTX"]).batches])
    flat = helpers.flatten(RawFile(file.header, [*twice.batches, helpers.renumbered(file.batches[0], 900)]))
    right(flat)
    assert [len(batch.entries) for batch in flat.batches] == [10, 3]


def test_segment_parts_debits_from_credits() -> None:
    file = taken_apart((ROOT / "examples" / "payroll.ach").read_bytes())
    credits, debits = helpers.segment(file)
    right(credits, debits)
    assert entries(credits, debits) == entries(file)
    assert {said(item.entry[1:3]).debit for item in credits.items} == {False}
    assert {said(item.entry[1:3]).debit for item in debits.items} == {True}


def test_returns_go_back_where_the_file_came_from() -> None:
    file = taken_apart(samples.ach(5))
    back = helpers.returns(file, "R03", lambda item: item.entry.endswith(("2", "4")), NOW_NS)
    right(back)
    assert [item.lines[1][3:21] for item in back.items] == ["R03121042880000002", "R03121042880000004"]
    assert (back.header[3:13], back.header[13:23]) == (file.header[13:23], file.header[3:13])


def test_an_offset_balances() -> None:
    file = taken_apart(samples.ach(5))
    offset = {"routing_number": "121042882", "account_number": "777", "name": "PRAIRIE TOOLS"}
    balanced = RawFile(file.header, [helpers.balanced(batch, offset) for batch in file.batches])
    right(balanced)
    _, _, debits, credits = balanced.batches[0].numbers()
    assert debits == credits == 500
    assert helpers.balanced(balanced.batches[0], offset) is balanced.batches[0]


def test_batches_of_payments_can_be_balanced() -> None:
    payments = [one for one in FORMAT.decode(samples.ach(5)).records if isinstance(one, Payment)]
    offset = {"routing_number": "121042882", "account_number": "777", "name": "PRAIRIE TOOLS", "type": "savings"}
    made = [helpers.balanced(batch, offset) for batch in write.batches(payments, "PPD", "121042882")]
    file = RawFile(taken_apart(samples.ach(1)).header, made)
    right(file)
    assert [item.entry[1:3] for item in file.items] == ["22"] * 5 + ["37"]


def test_json_of_moov() -> None:
    folder = shared_corpus("ach", "moov-json", "valid")
    for name in ("ppd-valid.json", "ppd-mixedDebitCredit-valid.json", "ppd-valid-debit.json", "iso8601.json"):
        data = moov.to_ach(msgspec.json.decode((folder / name).read_bytes()))
        assert not FORMAT.decode(data).refusals, name
    with pytest.raises(ValueError, match="fileHeader"):
        moov.to_ach({})


def command(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "gateway", "ach", *words], cwd=ROOT, capture_output=True, check=False)


def test_the_command(tmp_path: Path) -> None:
    payroll = str(ROOT / "examples" / "payroll.ach")
    wrong = str(ROOT / "examples" / "payroll-wrong-total.ach")
    assert command("validate", payroll).returncode == 0
    told = command("validate", "--json", wrong)
    assert told.returncode == 1
    [error] = msgspec.json.decode(told.stdout)["errors"]
    assert (error["rule"], error["record"], error["columns"], error["field"]) == ("B06", "9", "33-44", "credits_cents")
    assert (error["value"], error["offset"]) == ("000000497051", str(8 * 95 + 32))
    form = command("json", payroll).stdout
    (tmp_path / "payroll.json").write_bytes(form)
    assert command("json", "--to-ach", str(tmp_path / "payroll.json")).stdout == Path(payroll).read_bytes()
    for act in (("segment",), ("merge",), ("flatten",), ("return", "--code", "R03")):
        done = command(*act, "--folder", str(tmp_path / act[0]), payroll)
        assert done.returncode == 0, done.stderr
        for path in done.stdout.decode().split():
            assert not FORMAT.decode(Path(path).read_bytes()).refusals
    assert command("return", "--code", "R03", "--trace", "1", payroll).returncode == 2

"""Entries as ISO 20022 and back: every text carried or named, the same again after there and back, codes kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from msgspec import Struct, structs

from gateway.cli.translation import Ends, Translation, target, translated
from gateway.formats.ach import FORMAT as ACH
from gateway.formats.ach import builders
from gateway.formats.ach.codes import CONTESTED, DISHONORED, RETURN_OF, RETURNS
from gateway.formats.iso20022 import FORMAT as ISO
from gateway.model import Loss, Money, Payment
from gateway.ports import Decoded
from tests import ach_files
from tests.support import SHARED

TO = {
    "credit_transfer": ("pain.001", "pacs.008"),
    "direct_debit": ("pain.008", "pacs.003"),
    "return": ("pacs.004", "pain.002", "pacs.002"),
}
ENDS = Ends("FINOUS33XXX", "HARBUS33XXX", 1_795_428_000_000_000_000)
OURSELVES = ("kind", "place", "source", "scheme", "identity")  # words of the model, not of the file
VALID = SHARED / "corpus" / "ach" / "valid"
RECORDS_MAX = 40  # of one file: those of the large one are alike


def files() -> dict[str, bytes]:
    shared = {path.name: path.read_bytes() for path in sorted(VALID.iterdir())} if VALID.exists() else {}
    return {**ach_files.every_kind(), **shared}


def kinds(data: bytes) -> Iterator[tuple[str, Decoded]]:
    """The payments of a file, kind by kind."""
    decoded = ACH.decode(data)
    for kind in TO:
        records = [one for one in decoded.records if isinstance(one, Payment) and one.kind == kind][:RECORDS_MAX]
        if records:
            yield kind, structs.replace(decoded, records=records)


CASES = [(name, kind, to) for name, data in files().items() for kind, _ in kinds(data) for to in TO[kind]]


def part(name: str, kind: str) -> Decoded:
    return dict(kinds(files()[name]))[kind]


def there(decoded: Decoded, to: str) -> Translation:
    done = translated(decoded, target(to), ENDS)
    assert done.refusals == ()
    assert len(done.frames) >= 1
    return done


def back(done: Translation) -> list[Decoded]:
    """The messages as files again, with the bank of the company as their origin."""
    made = []
    for frame in done.frames:
        again = translated(ISO.decode(frame.data), "ACH", Ends("", "", ENDS.now_ns))
        assert again.refusals == ()
        made += [ACH.decode(one.data) for one in again.frames]
    assert all(one.refusals == () for one in made)
    return made


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a record, and where it stands."""
    if isinstance(value, Money):
        yield path, value.text()
    elif isinstance(value, str):
        if value:
            yield path, value
    elif isinstance(value, tuple) and path == "extra":
        yield from ((name, text) for name, text in value)
    elif isinstance(value, tuple):
        for one in value:
            yield from leaves(one, path)
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            if path or name not in OURSELVES:
                yield from leaves(getattr(value, name), f"{path}.{name}" if path else name)


def carried(text: str, path: str, written: str) -> bool:
    """Whether a text is in what was written; types of accounts by their code there."""
    codes = {"checking": "CACC", "savings": "SVGS", "loan": "LOAN"}
    return (codes.get(text, text) if path.endswith(".type") else text) in written


def named(path: str, losses: list[Loss]) -> bool:
    return any(path == loss.element or path.startswith(f"{loss.element}.") for loss in losses)


# Words of the model for what is an entry of ACH; gl and loan go with their transaction code.
IMPLIED = (".clearing_system", "_account.scheme", "_account.type")


@pytest.mark.parametrize(("name", "kind", "to"), CASES)
def test_every_text_is_carried_or_named(name: str, kind: str, to: str) -> None:
    decoded = part(name, kind)
    done = there(decoded, to)
    written = unescape(re.sub(r"\s+", " ", b"".join(frame.data for frame in done.frames).decode()))
    losses = [loss for _, loss in done.losses]
    lost = {
        (path, text)
        for record in decoded.records
        for path, text in leaves(record)
        if not carried(unescape(re.sub(r"\s+", " ", text)), path, written) and not named(path, losses)
    }
    assert {pair for pair in lost if not pair[0].endswith(IMPLIED)} == set()


@pytest.mark.parametrize(("name", "kind", "to"), CASES)
def test_there_and_back_and_there_is_the_same(name: str, kind: str, to: str) -> None:
    first = there(part(name, kind), to)
    again = [there(decoded, to) for decoded in back(first)]
    one, two = ([_plain(one) for one in _read(done)] for done in ([first], again))
    assert sorted(one) == sorted(two)


def _read(several: list[Translation]) -> Iterator[Any]:
    for done in several:
        for frame in done.frames:
            yield from ISO.decode(frame.data).records


# Made anew by whoever writes the file: traces, batch numbers, and what is named by them.
ANEW = re.compile(r'<Fld Nm="(trace_number|batch_number|addenda_trace|effective_date|odfi|original_rdfi)">[^<]*</Fld>')


def _plain(record: Any) -> str:
    """A record without what is numbered anew."""
    names = {
        "transaction_id": "",
        "batch_id": "",
        "uetr": "",
        "place": "",
        "id": "",
        "identity": "",
        "settlement_date": "",
    }
    blank = {name: "" for name in names if name in record.__struct_fields__}
    if "instruction_id" in record.__struct_fields__ and not record.instruction_id:
        blank["end_to_end_id"] = ""  # an id that was blank: its trace number stands in for it
    extra = tuple((path, ANEW.sub("", text)) for path, text in record.extra if "MsgId" not in path)
    for agent in ("debtor_agent", "creditor_agent", "instructing_agent", "instructed_agent"):
        if agent in record.__struct_fields__ and "return" in getattr(record, "kind", ""):
            blank[agent] = None  # type: ignore[assignment]  # the origin of a file is one bank
    if "payment" in record.__struct_fields__:
        blank["payment"] = tuple(pair for pair in record.payment if "Agt/" not in pair[0])  # type: ignore[assignment]
    return repr(structs.replace(record, extra=extra, **blank))


@pytest.mark.parametrize("code", sorted(RETURNS.keys() - DISHONORED - CONTESTED))
@pytest.mark.parametrize("to", TO["return"])
def test_return_codes_are_kept_there_and_back(code: str, to: str) -> None:
    data = ach_files.file([builders.returned(ach_files.item("PPD", 1), code, ach_files.OURS, 1)])
    done = there(ACH.decode(data), to)
    [record] = _read([done])
    assert record.reasons[0].code == RETURNS[code].reason
    assert record.reasons[0].text[0].startswith(f"/ACH/{code}")
    [again] = back(done)
    [returned] = again.records
    assert dict(returned.extra)["ach:return_code"] == code  # type: ignore[union-attr]


@pytest.mark.parametrize("reason", sorted(RETURN_OF))
def test_reasons_of_iso_20022_have_a_return_code_that_says_the_same(reason: str) -> None:
    code = RETURN_OF[reason]
    assert code in RETURNS
    assert RETURN_OF[RETURNS[code].reason] in RETURNS


def test_a_payment_of_iso_20022_becomes_an_entry_of_the_class_that_suits_it() -> None:
    [ccd] = translated(ISO.decode(there(part("CCD", "credit_transfer"), "pacs.008").frames[0].data), "ACH", ENDS).frames
    assert {record.local_instrument for record in ACH.decode(ccd.data).records} == {"CCD"}  # type: ignore[union-attr]

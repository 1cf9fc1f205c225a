"""FIN: any bytes, round trips, files in parts, fits, answers, and the messages of the conformance corpus."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.iso20022 import FORMAT as ISO20022
from gateway.formats.mt import FORMAT, text
from gateway.model import Account, Address, Agent, Charge, Money, Party, Payment, Refusal, Status
from gateway.ports import Writing
from tests.support import shared_corpus

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "corpus" / "mt").glob("*.fin"))
WRITING = Writing("FO00000000100001", 1_764_000_000 * 10**9, "FINODEHHXXX", "HARBUS33XXX")
HEAD = "{1:F01HARBUS33AXXX0000000001}{2:I103FINODEHHXXXXN}{4:"
BODY = {
    "20": "REF-1",
    "23B": "CRED",
    "32A": "261123USD1500,00",
    "33B": "USD1500,",
    "50K": "/HARBOR\r\nHARBOR LIGHT",
    "59": "/BREEZE\r\nBREEZE BAKERY",
    "71A": "SHA",
}


def message(**changed: str) -> bytes:
    """A right MT103 with fields changed, added (behind the field they follow) or, when "", left out."""
    fields = BODY | {tag.lstrip("f"): value for tag, value in changed.items()}
    order = "20 13C 23B 23E 32A 33B 36 50K 52D 55A 56A 57A 59 70 71A 71F 71G 72".split()
    body = "".join(f"\r\n:{tag}:{fields[tag]}" for tag in order if fields.get(tag))
    return f"{HEAD}{body}\r\n-}}".encode()


def only(data: bytes) -> Payment | Refusal:
    (record,) = FORMAT.decode(data).records
    assert isinstance(record, Payment | Refusal)
    return record


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_samples(sample: Path) -> None:
    data = sample.read_bytes()
    decoded = FORMAT.decode(data)
    expected = json.loads(sample.with_suffix(".json").read_text())
    assert json.loads(msgspec.json.encode(decoded.records)) == expected
    assert FORMAT.reprint(data) == data


@pytest.mark.parametrize(
    ("changed", "code", "place"),
    [
        ({"f32A": "261323USD1,"}, "T50", ":32A:"),
        ({"f32A": "261123QQQ1,"}, "T52", ":32A:"),
        ({"f32A": "261123USD1"}, "T40", ":32A:"),
        ({"f32A": "261123USD1,001"}, "C03", ":32A:"),
        ({"f32A": "261123USD0,"}, "D57", ":32A:"),
        ({"f32A": "261123USD1234567890123456,"}, "T43", ":32A:"),
        ({"f20": "/REF"}, "T26", ":20:"),
        ({"f20": ""}, "T13", ":20:"),
        ({"f71A": "ALL"}, "T08", ":71A:"),
        ({"f23B": "NONE"}, "T36", ":23B:"),
        ({"f23E": "ABCD"}, "T47", ":23E:"),
        ({"f57A": "NOBIC"}, "T27", ":57A:"),
        ({"f70": "é"}, "T33", ":70:"),
        ({"f13C": "/CLSTIME/2500+0100"}, "T38", ":13C:"),
        ({"f56A": "SEAMGB2L"}, "C81", ":57a:"),
        ({"f55A": "SEAMGB2L"}, "E06", ":55a:"),
        ({"f36": "1,1"}, "D75", ":36:"),
        ({"f71A": "OUR", "f71F": "USD1,"}, "E13", ":71F:"),
        ({"f71G": "USD1,"}, "D50", ":71G:"),
        ({"f71A": "BEN"}, "E15", ":71F:"),
        ({"f33B": "", "f71F": "USD1,"}, "D51", ":33B:"),
        ({"f23B": "SPRI", "f23E": "HOLD"}, "E01", ":23E:"),
        ({"f23B": "SPAY", "f23E": "HOLD"}, "E02", ":23E:"),
        ({"f23B": "SPAY", "f59": "BREEZE"}, "E10", ":59a:"),
        ({"f23B": "SPRI", "f56A": "SEAMGB2L", "f57A": "SEAMGB2L"}, "E16", ":56a:"),
        ({"f23E": "CHQB"}, "E18", ":59a:"),
        ({"f23E": "TELI"}, "E44", ":23E:"),
        ({"f23E": "PHON"}, "E45", ":23E:"),
        ({"f71A": "OUR", "f71G": "EUR1,"}, "C02", ":71G:"),
    ],
)
def test_refusals(changed: dict[str, str], code: str, place: str) -> None:
    record = only(message(**changed))
    assert isinstance(record, Refusal)
    assert (record.code, record.place) == (code, place)


@pytest.mark.parametrize(
    ("changed", "code", "place"),
    [
        ({"f59": "BREEZE"}, "E10", ":59a:"),
        ({"f23E": "HOLD"}, "T47", ":23E:"),
        ({"f52D": "BANK"}, "T13", ":52D:"),
        ({}, "", ""),
        ({"f59": "BREEZE", "f72": "/RETN/59"}, "", ""),
    ],
)
def test_straight_through_processing_asks_for_more(changed: dict[str, str], code: str, place: str) -> None:
    record = only(message(**changed).replace(b"{4:", b"{3:{119:STP}}{4:"))
    assert (record.code, record.place) == (code, place) if isinstance(record, Refusal) else not code


def test_european_transfers_say_the_instructed_amount() -> None:
    record = only(message(f33B="").replace(b"HARBUS33", b"HARBFRPP"))
    assert isinstance(record, Refusal)
    assert record.code == "D49"


@pytest.mark.parametrize(("tag", "value"), [("f59", "/B-1"), ("f50K", "/B-1"), ("f70", "")])
def test_an_account_alone_is_no_party(tag: str, value: str) -> None:
    assert isinstance(only(message(**{tag: value})), Refusal if value else Payment)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    FORMAT.detect(data)
    FORMAT.reprint(data)
    list(FORMAT.parts(io.BytesIO(data), 2))
    FORMAT.answer(FORMAT.decode(data), (), "", WRITING)


@given(st.data())
def test_any_change_of_a_message(data: st.DataObject) -> None:
    whole = bytearray(message(f72="/ACC/TEXT", f70="/ROC/E2E//URI/TEXT"))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    decoded = FORMAT.decode(bytes(whole))
    statuses = [Status("ACSC" if isinstance(one, Payment) else "RJCT", one) for one in decoded.records]
    assert len(FORMAT.answer(decoded, statuses, "", WRITING)) == 1


ACKNOWLEDGED = b"{1:F21HARBUS33AXXX0000000000}{4:{451:0}}"


@given(
    st.lists(st.sampled_from([message(), message(f20="/"), b"{1:F01broken}", ACKNOWLEDGED]), max_size=7),
    st.integers(1, 4),
    st.sampled_from([b"", b"\r\n", b"$", b"\n"]),
)
def test_parts_are_the_whole(messages: list[bytes], size: int, between: bytes) -> None:
    data = between.join(messages)
    whole = FORMAT.decode(data)
    pieces = list(FORMAT.parts(io.BytesIO(data), size))
    assert [one for piece in pieces for one in piece.records] == list(whole.records)
    if whole.records:
        assert {piece.count for piece in pieces} == {len(whole.records)}
        assert FORMAT.reprint(data) == data


def test_a_message_longer_than_the_limit_is_the_same_in_parts() -> None:
    data = message()[:-3] + b"A" * 3_000_000 + b"\r\n-}\r\n" + message()
    (part,) = FORMAT.parts(io.BytesIO(data), 10)
    assert [type(one) for one in part.records] == [Refusal, Payment]
    assert list(part.records) == list(FORMAT.decode(data).records)


WORDS = st.text("ABCDEFG abc/-:.&é漢", max_size=80)
PARTIES = st.builds(
    Party,
    name=WORDS,
    bic=st.sampled_from(["", "SEAMGB2LXXX"]),
    address=st.none()
    | st.builds(
        Address, street=WORDS, town=WORDS, country=st.sampled_from(["", "DE"]), lines=st.tuples(WORDS) | st.just(())
    ),
)
AGENTS = st.none() | st.builds(Agent, bic=st.sampled_from(["", "SEAMGB2LXXX"]), name=WORDS)
ACCOUNTS = st.none() | st.builds(Account, st.text("ABC123/é", min_size=1, max_size=36))
PAYMENTS = st.builds(
    Payment,
    st.just("credit_transfer"),
    st.builds(Money, st.just("USD"), st.integers(1, 10**14)),
    settlement_date=st.just("2026-11-23"),
    end_to_end_id=WORDS,
    instruction_id=WORDS,
    purpose=st.sampled_from(["", "GDDS"]),
    debtor=st.none() | PARTIES,
    debtor_account=ACCOUNTS,
    debtor_agent=AGENTS,
    creditor=st.none() | PARTIES,
    creditor_account=ACCOUNTS,
    creditor_agent=AGENTS,
    ultimate_debtor=st.none() | PARTIES,
    charge_bearer=st.sampled_from(["", "DEBT", "SHAR", "CRED", "SLEV"]),
    charges=st.just(()) | st.just((Charge(Money("USD", 5)),)),
    remittance=st.lists(WORDS, max_size=3).map(tuple),
)


@settings(max_examples=150)
@given(PAYMENTS)
def test_what_fits_is_written_and_read_again(payment: Payment) -> None:
    fit = FORMAT.fit(payment, "MT103")
    if fit.refusal is not None:
        return
    again = only(FORMAT.encode([payment], "MT103", WRITING).data)
    assert isinstance(again, Payment), again
    lost = {loss.element.partition(".")[0].partition("[")[0] for loss in fit.losses}
    for name in ("amount", "settlement_date", "end_to_end_id", "debtor_account", "creditor_account"):
        assert not getattr(payment, name) or name in lost or getattr(payment, name) == getattr(again, name)
    for before, after, name in (
        (payment.debtor, again.debtor, "debtor"),
        (payment.creditor, again.creditor, "creditor"),
    ):
        assert before is None or name in lost or before.name in ("", getattr(after, "name", ""))


COVERS = st.builds(
    lambda underlying, **more: Payment(kind="fi_transfer", underlying=underlying, **more),
    PAYMENTS,
    amount=st.builds(Money, st.just("USD"), st.integers(1, 10**14)),
    settlement_date=st.just("2026-11-23"),
    end_to_end_id=WORDS,
    instruction_id=WORDS,
    debtor_institution=AGENTS,
    creditor_institution=AGENTS,
    creditor_account=ACCOUNTS,
    creditor_agent=AGENTS,
    intermediary_agents=st.just(()) | st.just((Agent("SEAMGB2LXXX"),)),
)


def same_again(payment: Payment, type: str) -> None:
    """What a message holds is written and read as it was: a second time nothing is lost."""
    fit = FORMAT.fit(payment, type)
    if fit.refusal is not None:
        return
    once = only(FORMAT.encode([payment], type, WRITING).data)
    assert isinstance(once, Payment), once
    assert once.source == type
    again = only(FORMAT.encode([once], type, WRITING).data)
    assert once == again
    assert FORMAT.fit(once, type).losses == ()


@settings(max_examples=150)
@given(COVERS)
def test_a_cover_is_written_and_read_again(payment: Payment) -> None:
    same_again(payment, "MT202COV")


NAMES = st.text("ABCDE abc", min_size=1, max_size=66).filter(lambda name: name.strip() == name)
STRUCTURED = st.builds(
    Party,
    name=NAMES,
    address=st.builds(
        Address,
        street=st.sampled_from(["", "PIER STREET 12"]),
        town=st.sampled_from(["PORTLAND", "HAMBURG 1"]),
        country=st.sampled_from(["US", "DE"]),
    ),
)


@settings(max_examples=100)
@given(STRUCTURED, STRUCTURED, ACCOUNTS)
def test_numbered_parties_are_written_and_read_again(debtor: Party, creditor: Party, own: Account | None) -> None:
    read = only(message())
    assert isinstance(read, Payment)
    payment = msgspec.structs.replace(read, debtor=debtor, debtor_account=own, creditor=creditor)
    fit = FORMAT.fit(payment, "MT103")
    if fit.refusal is not None:
        return
    data = FORMAT.encode([payment], "MT103", WRITING).data
    assert b":50F:" in data
    assert b":59F:" in data
    again = only(data)
    assert isinstance(again, Payment)
    assert (again.debtor, again.creditor) == (debtor, creditor)


def test_every_loss_is_named() -> None:
    payment = only(message())
    assert isinstance(payment, Payment)
    changed = msgspec.structs.replace(
        payment, transaction_id="TX-1", creditor=Party("B" * 40), debtor=Party("Müller"), instructed_amount=None
    )
    losses = {loss.element: loss.severity for loss in FORMAT.fit(changed, "MT103").losses}
    assert losses == {"transaction_id": "lost", "creditor.name": "truncated", "debtor.name": "info"}


def test_several_messages_are_written_under_different_references() -> None:
    read = only(message())
    assert isinstance(read, Payment)
    payment = msgspec.structs.replace(read, instruction_id="", uetr="")
    again = FORMAT.decode(FORMAT.encode([payment] * 3, "MT103", WRITING).data).records
    assert len({one.instruction_id for one in again if isinstance(one, Payment)}) == 3


def test_answers() -> None:
    data = message() + b"\r\n" + message(f20="/X") + b"\r\n" + message(f20="REF-2")
    decoded = FORMAT.decode(data)
    codes = ("ACSC", "RJCT", "RJCT")
    statuses = [
        Status(code, one, reason="AC01", text="the account is not known")
        for code, one in zip(codes, decoded.records, strict=True)
    ]
    (frame,) = FORMAT.answer(decoded, statuses, "", WRITING)
    said = frame.data.decode().split("\r\n{")
    assert said[0] == "{1:F21HARBUS33AXXX0000000000}{4:{177:2511241600}{451:0}}"
    assert said[1].endswith("{451:1}{405:T26001}}")
    assert ":21:REF-2\r\n:79:/REJT/99\r\n/AC01/the account is not known\r\n/MREF/REF-2\r\n-}" in said[3]
    assert (frame.suffix, frame.media, len(said)) == (".fin", "application/x-fin", 4)


@given(st.text(max_size=60))
def test_every_line_is_of_the_x_set(words: str) -> None:
    written = text.line(words)
    assert len(written) <= 35
    assert written[:1] not in (":", "-")
    assert text.plain(written) == written


# Messages of the conformance corpus that are wrong, and how.
WRONG = {
    "test_custom__a_2014": "E15",
    "test_p_2_1_2__p_2_1_2_B_B": "E15",  # charges BEN without 71F
    "MT103ParserTest_250_MT103": "T38",  # 13C is no time
    "ConversionServiceTest_716_MT103": "T27",  # no BIC in 57A
    "test_custom__fin1": "H10",  # block 1 begins with the terminal
    "CalendarJsonSerializationTest_297_MT103": "not-fin",  # a message inside JSON
    "MtSwiftMessageTest_114_MT103": "T13",  # and so on: fragments of a message
    "MtSwiftMessageTest_33_MT103": "T13",
    "AbstractMTTest_273_MT103": "T13",
    "DefaultMtMetadataStrategyTest_177_MT103": "T13",
    "SwiftMessageTest_347_MT103": "T13",
    "SwiftMessageUtilsTest_240_MT103": "T13",
    "SwiftMessageUtilsTest_250_MT103": "T13",
    "SwiftMessageUtilsTest_553_MT103": "T13",
    "SwiftMessageUtilsTest_573_MT103": "T13",
    "SwiftMessageUtilsTest_620_MT103": "T13",
    "MurMessageComparatorTest_40_MT103-STP": "T13",
    "MurMessageComparatorTest_45_MT103-STP": "T13",
    "MurMessageComparatorTest_51_MT103-STP": "T13",
    "SwiftMessageComparatorTest_313_MT103": "T13",
}


def test_conformance_corpus() -> None:
    folder = shared_corpus("mt")
    rows = [line.split("\t") for line in (folder / "INDEX.tsv").read_text().splitlines()]
    files = [folder / row[0] for row in rows if row[1].startswith(("103", "202"))]
    assert files
    for file in files:
        decoded = FORMAT.decode(file.read_bytes())
        found = [one.code for one in (*decoded.refusals, *decoded.records) if isinstance(one, Refusal)]
        assert found == ([WRONG[file.stem]] if file.stem in WRONG else []), file.name


def test_every_file_of_the_corpus_is_printed_again() -> None:
    files = [path for path in shared_corpus("mt").rglob("*") if path.is_file()]
    assert files
    for file in files:
        data = file.read_bytes()
        assert FORMAT.reprint(data) == data, file.name
        decoded = FORMAT.decode(data)
        assert decoded.refusals or decoded.records, file.name


PIECES = st.sampled_from(
    [
        b"{1:F01",
        b"{2:I103",
        b"{3:",
        b"{4:",
        b"\r\n-}",
        b"\n:20:",
        b"{5:",
        b"{S:",
        b"}",
        b"{",
        b"-",
        b":",
        b" ",
        b"$",
        b"\r",
    ]
)


@given(st.sampled_from([b"{1:", b"\r\n$ {1:F01", b":20:"]), st.lists(PIECES | st.binary(max_size=4), max_size=20))
def test_what_is_detected_is_printed_again(head: bytes, rest: list[bytes]) -> None:
    data = head + b"".join(rest)
    assert FORMAT.detect(data)
    assert FORMAT.reprint(data) == data
    FORMAT.decode(data)


RIGHT = message()
TEXT = RIGHT[len(HEAD) :]


@pytest.mark.parametrize(
    "data",
    [
        RIGHT.replace(b"}{", b"}\r\n{"),  # blocks on lines of their own
        RIGHT.replace(b"}{2:", b"}{3:{108:MUR}}{2:"),  # block 3 before block 2
        RIGHT.replace(b"{4:", b"{3:{108:MUR}{4:"),  # block 3 not closed
        RIGHT.replace(b"\r\n-}", b"-}"),  # the end of the text on the last line of it
        RIGHT[:-1],
        RIGHT + b"{5:{CHK:000000000000}",
        RIGHT + b"}}}",
        RIGHT.replace(b"\r\n-}", b" \r\n\r\n-}"),  # blanks and an empty line after the last field
        b"\r\n$" + RIGHT,
    ],
)
def test_what_is_readable_is_read(data: bytes) -> None:
    assert FORMAT.detect(data)
    assert FORMAT.reprint(data) == data
    record, right = only(data), only(RIGHT)
    assert isinstance(record, Payment), record
    assert msgspec.structs.replace(record, extra=()) == msgspec.structs.replace(right, extra=())


def test_what_is_no_statement_is_refused_in_its_place() -> None:
    for data in (RIGHT.replace(b"I103", b"I940"), b":20:STATEMENT\r\n:25:1\r\n-", RIGHT.replace(b"I103", b"I900")):
        decoded = FORMAT.decode(data)
        assert [one.code for one in (*decoded.refusals, *decoded.records) if isinstance(one, Refusal)] == ["T13"]


# How often the two sides of the translation pairs say the same, field by field, where both sides can be read. Lower
# where one translator drops or moves a value: addresses of 50F (street or line), 33B, and remittance that repeats /ROC/.
AGREEING = {
    "amount": 15,
    "charge_bearer": 8,
    "creditor_account": 7,
    "creditor_agent": 13,
    "creditor_institution": 7,
    "debtor_account": 8,
    "debtor_agent": 8,
    "debtor_institution": 7,
    "end_to_end_id": 15,
    "instructed_agent": 15,
    "instructing_agent": 15,
    "instruction_id": 15,
    "intermediary_agents": 3,
    "previous_agents": 7,
    "reimbursement_agents": 3,
    "settlement_date": 15,
    "settlement_method": 12,
    "uetr": 15,
}


def pairs() -> Iterator[tuple[Payment, Payment]]:
    """Both sides of each pair of the corpus that are one payment of one kind."""
    corpus = shared_corpus("mt")
    for line in (corpus / "pairs.tsv").read_text().splitlines()[1:]:
        left, right = corpus / line.split("\t")[0], corpus.parent / line.split("\t")[1]
        if not (left.exists() and right.exists()):
            continue
        read = (*FORMAT.decode(left.read_bytes()).records, *ISO20022.decode(right.read_bytes()).records)
        if len(read) == 2 and isinstance(read[0], Payment) and isinstance(read[1], Payment):
            yield read[0], read[1]


def test_translation_pairs_agree() -> None:
    found = dict.fromkeys(AGREEING, 0)
    for left, right in pairs():
        for name in AGREEING if left.kind == right.kind else ():
            found[name] += bool(getattr(left, name)) and getattr(left, name) == getattr(right, name)
    assert {name: count for name, count in found.items() if count < AGREEING[name]} == {}

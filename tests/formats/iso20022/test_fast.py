"""The fast ways read what the general ways read: files in pieces, payments by the pattern of their tags."""

from __future__ import annotations

import io
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from gateway.formats.iso20022 import FORMAT, patterns, patterns_entries, pieces, stream, whole
from gateway.formats.iso20022.kinds import kind_of, types
from gateway.formats.iso20022.pieces import Checker, NotPlain
from gateway.formats.iso20022.xml import parse, schema
from gateway.model import Payment, Refusal, Statement
from tests import samples
from tests.formats.iso20022.instances import document
from tests.fuzz.mutate import rearrange

IBAN = "DE23999900000000000101"
LARGE = [type for type in types() if type[:8] in stream.LARGE and kind_of(type)]
ENTRIES = (1, 2, 1_000)  # of a statement that comes in parts, at most
PIECES = (50, 300, 900, 100_000)


def made(type: str, random: Random) -> bytes:
    """A document with several groups and records."""
    data = document(type, random, 0.35)
    kind = kind_of(type)
    assert kind is not None
    for name in ((*kind.family.spine, "Ntry") if kind.family.record is Statement else kind.family.spine)[::-1]:
        begin, end = data.find(b"<%s>" % name.encode()), data.rfind(b"</%s>" % name.encode())
        if begin > 0:
            one = data[begin : end + len(name) + 3]
            gap = random.choice((b"", b"\n", b"\r\n  "))
            data = data.replace(one, gap.join([one] * random.randint(1, 3)), 1)
    return data


def general(data: bytes, type: str) -> tuple[Any, Any]:
    kind = kind_of(type)
    assert kind is not None
    wrong, top = stream._Check(kind).run(io.BytesIO(data))
    if wrong or top is None:
        return (wrong, top), None
    if kind.family.record is Statement:
        return (wrong, top), [list(stream._statements(io.BytesIO(data), kind, top, most)) for most in ENTRIES]
    return (wrong, top), list(stream._records(io.BytesIO(data), kind, top))


def fast(data: bytes, type: str) -> tuple[Any, Any] | None:
    kind = kind_of(type)
    assert kind is not None
    try:
        found = Checker(kind).run(io.BytesIO(data))
    except NotPlain:
        return None
    if found.wrong:
        return (found.wrong, found.top), None
    if kind.family.record is Statement:
        readers = [patterns_entries.Reader(kind, found.top, stream._part, most) for most in ENTRIES]
        return (found.wrong, found.top), [list(reader.records(io.BytesIO(data))) for reader in readers]
    return (found.wrong, found.top), list(patterns.Reader(kind, found.top).records(io.BytesIO(data)))


@pytest.mark.parametrize("type", LARGE)
def test_pieces_are_read_like_the_whole(type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random, plain = Random(type), 0
    for number in range(10):
        data = made(type, random)
        if number % 2:
            data = rearrange(data, random, [data])
        monkeypatch.setattr(pieces, "PIECE_BYTES", random.choice(PIECES))
        found = fast(data, type)
        if found is not None:
            assert found == general(data, type), data
            plain += 1
    assert plain, "some are plain"


ENTRY = (
    '<Ntry><NtryRef>7</NtryRef><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BkTxCd><Prtry>'
    "<Cd>NTRF</Cd></Prtry></BkTxCd><NtryDtls>{}</NtryDtls><AddtlNtryInf>a\nb</AddtlNtryInf></Ntry>"
)


def statements(*groups: list[str]) -> bytes:
    """A camt.053 of statements with these entries, the second half of each behind white space."""
    head = "<Acct><Id><IBAN>DE23999900000000000101</IBAN></Id></Acct>"
    balance = (
        "<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>"
        "2026-11-23</Dt></Dt></Bal>"
    )
    inner = "\n".join(
        f"<Stmt><Id>S{number}</Id>{head}{balance}{chr(10).join(lines)}<AddtlStmtInf>end</AddtlStmtInf></Stmt>"
        for number, lines in enumerate(groups)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        "<BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-23T18:00:00Z</CreDtTm></GrpHdr>"
        f"{inner}</BkToCstmrStmt></Document>"
    ).encode()


@pytest.mark.parametrize("size", [400, 100_000])
def test_entries_are_read_by_their_tags_like_through_a_tree(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE_BYTES", size)
    one = "<TxDtls><Refs><EndToEndId>E-{}</EndToEndId></Refs>{}<RmtInf><Ustrd>a &amp; b</Ustrd></RmtInf></TxDtls>"
    amount = '<Amt Ccy="EUR">{}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
    lines = [
        ENTRY.format(inner)
        for inner in (
            "<Btch><NbOfTxs>2</NbOfTxs></Btch>",
            one.format(1, ""),
            one.format(1, "") + one.format(2, amount.format("0.50")),
            one.format(1, "") + "</NtryDtls><NtryDtls>" + one.format(2, ""),
            "<Btch><NbOfTxs>2</NbOfTxs></Btch><TxDtls/>" + one.format(2, ""),
            one.format(3, amount.format("0.555")),  # no amount of its currency: the statement is refused
            "<TxDtls><Refs><EndToEndId>E</EndToEndId></Refs><AddtlTxInf>more</AddtlTxInf></TxDtls>",
        )
    ]
    lines.append(lines[1].replace("<Sts>", "<RvslInd>false</RvslInd><Sts>"))
    right = [line for line in lines if "0.555" not in line]
    for data in (statements(right * 2, [], right), statements(lines, right[:2]), statements([], [])):
        found = fast(data, "camt.053.001.08")
        assert found is not None
        assert found == general(data, "camt.053.001.08")
    by_tags = [patterns_entries.Maker().entry(line.removeprefix("<Ntry>").removesuffix("</Ntry>")) for line in lines]
    assert [one is not None for one in by_tags] == [True, True, True, True, False, False, True, False]


def test_totals_are_those_of_the_whole_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECE_BYTES", 900)
    good = samples.pain001(40, IBAN)
    for data in (
        good,
        good.replace(b"<CtrlSum>40.00<", b"<CtrlSum>41.00<"),
        good.replace(b"<NbOfTxs>40<", b"<NbOfTxs>39<"),
        good.replace(b"<PmtMtd>TRF</PmtMtd>", b"<PmtMtd>TRF</PmtMtd><NbOfTxs>39</NbOfTxs><CtrlSum>1</CtrlSum>"),
    ):
        assert fast(data, "pain.001.001.09") == general(data, "pain.001.001.09")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<Ustrd>Invoice 3<", b"<Ustrd><!-- </CdtTrfTxInf><CdtTrfTxInf> -->Invoice 3<"),
        (b"<Ustrd>Invoice 3<", b"<Ustrd><![CDATA[</CdtTrfTxInf><CdtTrfTxInf>]]><"),
        (b"<Ustrd>Invoice 3<", b"<Ustrd><?x </CdtTrfTxInf>\n<CdtTrfTxInf> ?>Invoice 3<"),
        (b"<CdtTrfTxInf><PmtId><InstrId>P3<", b"<CdtTrfTxInf ><PmtId><InstrId>P3<"),
        (b"</CdtTrfTxInf>\n<CdtTrfTxInf><PmtId><InstrId>P3<", b"</CdtTrfTxInf>x<CdtTrfTxInf><PmtId><InstrId>P3<"),
    ],
)
def test_what_only_looks_like_the_end_of_a_record_is_none(
    old: bytes, new: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = samples.pain001(12, IBAN)
    assert old in data
    data = data.replace(old, new, 1)
    monkeypatch.setattr(pieces, "PIECE_BYTES", 400)
    assert fast(data, "pain.001.001.09") is None
    at_once = FORMAT.decode(data)
    parts = list(FORMAT.parts(io.BytesIO(data), 5))
    assert [one for part in parts for one in part.records] == list(at_once.records)
    assert bool(parts[0].refusals) == bool(at_once.refusals)


@pytest.mark.parametrize(
    "text", ["a &amp; b", "a > b", "&#65;&#x42;", "caf\u00e9", "a\r\nb", "a&#13;b", "&quot;&lt;&gt;&apos;"]
)
def test_texts_are_those_of_a_parser(text: str) -> None:
    data = samples.pain001(3, IBAN).replace(b"Invoice 1", text.encode())
    found = fast(data, "pain.001.001.09")
    assert found is not None
    assert found == general(data, "pain.001.001.09")
    assert list(FORMAT.decode(data).records) == found[1]


def without_patterns(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Any:
    with monkeypatch.context() as patched:
        patched.setattr(whole, "texts", lambda data: None)
        patched.setattr("gateway.formats.iso20022.told", lambda *told: None)
        return FORMAT.decode(data)


def payments(random: Random) -> Iterator[bytes]:
    """Documents of every payment message, each also with other texts and with accidents."""
    for type in types():
        kind = kind_of(type)
        if kind is not None and kind.family.record is Payment:
            data = document(type, random, random.choice((0.2, 0.4)))
            yield data
            yield FORMAT_HEADER.replace(b"TYPE", type.encode()).replace(b"<X/>", data)
            yield from (rearrange(data, random, [data]) for _ in range(3))


FORMAT_HEADER = (
    b'<BusMsg><AppHdr xmlns="urn:iso:std:iso:20022:tech:xsd:head.001.001.02"><Fr><FIId><FinInstnId><BICFI>HARBUS33XXX'
    b"</BICFI></FinInstnId></FIId></Fr><To><FIId><FinInstnId><BICFI>FINODEHHXXX</BICFI></FinInstnId></FIId></To>"
    b"<BizMsgIdr>B1</BizMsgIdr><MsgDefIdr>TYPE</MsgDefIdr><CreDt>2026-11-23T10:00:00Z</CreDt></AppHdr><X/></BusMsg>"
)


def test_a_message_like_one_before_is_read_like_it(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = 0
    for data in payments(Random(7)):
        other = data.replace(b"Alder", b"A &amp; B").replace(b"Oak", b"").replace(b"2026-03", b"2026-04")
        for one in (data, data, other):
            assert FORMAT.decode(one) == without_patterns(one, monkeypatch), one
        root, found = parse(data), whole.texts(data)
        kept += not isinstance(root, Refusal) and found is not None and whole.read(root, found, data) is not None
    assert kept > 5, "patterns were kept and used"


def test_patterns_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "KEPT_MAX", 3)
    data = samples.pacs008(1, "A")
    for number in range(8):
        extra = b"<RmtInf>" + b"<Ustrd>x</Ustrd>" * number
        assert not FORMAT.decode(data.replace(b"<RmtInf>", extra)).refusals
        assert len(whole._KEPT) <= 3


def test_a_compiled_schema_takes_and_refuses_what_the_library_does() -> None:
    found = schema("pacs.008.001.08")
    assert found is not None
    assert found.validate(parse(samples.pacs008(1, "A")))
    assert not found.validate(parse(samples.pacs008(1, "A").replace(b"<Ctry>US<", b"<Ctry>us<")))

"""What customers ask for, made what their banks tell each other: pain.001 to pacs.008, pain.008 to pacs.003."""

from __future__ import annotations

import pytest

from gateway import formats
from gateway.cli.translation import Ends, Translation, translated
from tests.conformance import carried, official, pairs, sides

SAMPLES = pairs.CORPUS / "iso20022" / "samples"
BETWEEN_BANKS = {"pain.001": "pacs.008.001.08", "pain.008": "pacs.003.001.08"}
FAMILIES = ("sepaxml", "moov-io_iso20022", "genkgo", "ballerina_iso20022-to-swiftmt", "prowide_prowide-iso20022")
FILES = [
    path
    for family in FAMILIES
    for path in sorted((SAMPLES / family).rglob("*.xml"))
    if sides.type_of_xml(path.read_bytes())[:8] in BETWEEN_BANKS
]
HEAD = '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09">'


def over(data: bytes, **ends: str) -> Translation:
    codec = formats.detect(data[:4096])
    assert codec is not None
    type = BETWEEN_BANKS[sides.type_of_xml(data)[:8]]
    return translated(codec.decode(data), type, Ends(**ends, now_ns=pairs.NOW_NS))


def together(done: Translation) -> sides.Leaves:
    """The leaves of all messages."""
    return {f"{n}/{path}": text for n, frame in enumerate(done.frames) for path, text in sides.xml(frame.data).items()}


@pytest.mark.skipif(not FILES, reason=f"there are no initiations at {SAMPLES}")
def test_initiations_of_the_corpus() -> None:
    moved = 0
    for path in FILES:
        data = path.read_bytes()
        done = over(data)
        if not done.frames:
            assert done.refusals, path
            continue
        assert all(official.valid(frame.data) for frame in done.frames), path
        found = together(done)
        assert carried.silent(sides.xml(data), found, [loss.element for _, loss in done.losses]) == [], path
        ends = [text for name, text in sides.xml(data).items() if name.endswith("PmtId/EndToEndId")]
        assert sorted(text for name, text in found.items() if name.endswith("PmtId/EndToEndId")) == sorted(ends), path
        moved += len(ends)
    assert moved > 20


def payment(number: int, bank: str, account: str) -> str:
    return (
        f"<CdtTrfTxInf><PmtId><InstrId>INS-{number}</InstrId><EndToEndId>E2E-{number}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="EUR">{number}0.50</InstdAmt></Amt><CdtrAgt><FinInstnId><BICFI>{bank}</BICFI></FinInstnId>'
        f"</CdtrAgt><Cdtr><Nm>Payee {number}</Nm></Cdtr><CdtrAcct><Id><Othr><Id>{account}</Id></Othr></Id></CdtrAcct>"
        f"<RmtInf><Ustrd>Invoice {number}</Ustrd></RmtInf></CdtTrfTxInf>"
    )


def batch(name: str, day: str, payments: str, count: int, total: str) -> str:
    return (
        f"<PmtInf><PmtInfId>{name}</PmtInfId><PmtMtd>TRF</PmtMtd><BtchBookg>true</BtchBookg><NbOfTxs>{count}</NbOfTxs>"
        f"<CtrlSum>{total}</CtrlSum><ReqdExctnDt><Dt>{day}</Dt></ReqdExctnDt><Dbtr><Nm>Alma Birkental</Nm></Dbtr>"
        "<DbtrAcct><Id><Othr><Id>4711</Id></Othr></Id></DbtrAcct><DbtrAgt><FinInstnId><BICFI>OSTBDEFFXXX</BICFI>"
        f"</FinInstnId></DbtrAgt><ChrgBr>SHAR</ChrgBr>{payments}</PmtInf>"
    )


TWO_BATCHES = (
    HEAD + "<CstmrCdtTrfInitn><GrpHdr><MsgId>REQUEST-1</MsgId><CreDtTm>2026-11-24T09:00:00+01:00</CreDtTm>"
    "<NbOfTxs>3</NbOfTxs><CtrlSum>61.50</CtrlSum><InitgPty><Nm>Alma Birkental</Nm></InitgPty></GrpHdr>"
    + batch("B-1", "2026-11-25", payment(1, "SEAMGB2LXXX", "11") + payment(2, "SEAMGB2LXXX", "22"), 2, "31.00")
    + batch("B-2", "2026-11-26", payment(3, "NORDFIHHXXX", "33"), 1, "30.50")
    + "</CstmrCdtTrfInitn></Document>"
).encode()


def test_batches_go_to_each_bank_by_itself() -> None:
    done = over(TWO_BATCHES)
    first, second = (sides.xml(frame.data) for frame in done.frames)
    root = "Document/FIToFICstmrCdtTrf"
    assert [leaves[f"{root}/GrpHdr/NbOfTxs"] for leaves in (first, second)] == ["2", "1"]
    assert first[f"{root}/GrpHdr/MsgId"] != second[f"{root}/GrpHdr/MsgId"]
    for leaves, bank, day in ((first, "SEAMGB2LXXX", "2026-11-25"), (second, "NORDFIHHXXX", "2026-11-26")):
        one = f"{root}/CdtTrfTxInf"
        assert leaves[f"{one}/InstgAgt/FinInstnId/BICFI"] == leaves[f"{one}/DbtrAgt/FinInstnId/BICFI"] == "OSTBDEFFXXX"
        assert leaves[f"{one}/InstdAgt/FinInstnId/BICFI"] == leaves[f"{one}/CdtrAgt/FinInstnId/BICFI"] == bank
        assert leaves[f"{one}/IntrBkSttlmDt"] == day
        assert leaves[f"{root}/GrpHdr/SttlmInf/SttlmMtd"] == "INDA"
        assert leaves[f"{one}/Dbtr/Nm"] == "Alma Birkental"
    names = [text for path, text in together(done).items() if path.endswith("PmtId/TxId")]
    uetrs = [text for path, text in together(done).items() if path.endswith("PmtId/UETR")]
    assert len(set(names)) == len(set(uetrs)) == 3
    assert over(TWO_BATCHES) == done  # made references are the same for the same request


def test_its_report_names_what_stays_behind_and_nothing_else() -> None:
    done = over(TWO_BATCHES)
    places = [f"PmtInf[{b}]/CdtTrfTxInf[{t}]" for b, t in ((1, 1), (1, 2), (2, 1))]
    wanted = [(place, name) for place in places for name in ("batch_id", "iso:PmtInf/BtchBookg")]
    assert [(place, loss.element) for place, loss in done.losses if loss.severity == "lost"] == wanted
    made = [(place, loss.element, loss.number) for place, loss in done.losses if loss.severity == "info"]
    assert made == [(place, "uetr", "T20087") for place in places]
    assert carried.silent(sides.xml(TWO_BATCHES), together(done), [loss.element for _, loss in done.losses]) == []


def test_an_own_bank_stands_between() -> None:
    done = over(TWO_BATCHES, sender="WESTDEFFXXX", receiver="SUEDDEFFXXX")
    (frame,) = done.frames
    leaves = sides.xml(frame.data)
    one = "Document/FIToFICstmrCdtTrf/CdtTrfTxInf"
    assert leaves[f"{one}/InstgAgt/FinInstnId/BICFI"] == "WESTDEFFXXX"
    assert leaves[f"{one}[3]/InstdAgt/FinInstnId/BICFI"] == "SUEDDEFFXXX"
    assert leaves[f"{one}[3]/CdtrAgt/FinInstnId/BICFI"] == "NORDFIHHXXX"

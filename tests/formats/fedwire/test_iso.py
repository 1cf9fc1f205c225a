"""Fedwire's ISO 20022: samples, every rule, the wrapper, writing, and translation to FAIM and back."""

from __future__ import annotations

import io
import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from msgspec import structs

from gateway import formats
from gateway.formats.fedwire import FORMAT, iso_write, meaning, profile, scan
from gateway.formats.iso20022.envelope import open_envelope
from gateway.formats.mt import FORMAT as MT
from gateway.model import Instruction, Payment, Refusal, Status
from gateway.ports import Decoded, Writing
from tests.formats.fedwire.test_faim import TRANSFER, elements, only, payments
from tests.support import shared_corpus

CORPUS = Path(__file__).resolve().parents[2] / "corpus" / "fedwire"
SAMPLES = sorted(CORPUS.glob("*.xml"))
WRITING = Writing("FO00000000100001", 1_752_490_000 * 10**9)
CUSTOMER = (CORPUS / "pacs008-ctrc.xml").read_text()
BANK = (CORPUS / "pacs009-btrs.xml").read_text()
DELIVERED = (CORPUS / "pacs008-delivered.xml").read_text()
SPACE = "urn:iso:std:iso:20022:tech:xsd:"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_samples(sample: Path) -> None:
    data = sample.read_bytes()
    assert formats.detect(data[:4096]) is FORMAT
    decoded = FORMAT.decode(data)
    assert decoded.refusals == ()
    assert (decoded.sender, decoded.receiver) == ("123456780", "987654320")
    assert json.loads(msgspec.json.encode(decoded.records)) == json.loads(sample.with_suffix(".json").read_text())
    assert FORMAT.reprint(data) == data
    assert next(FORMAT.parts(io.BytesIO(data), 10)) == decoded


def test_a_bare_document_is_read_by_the_route_s_word() -> None:
    start, end = CUSTOMER.index("<Document"), CUSTOMER.index("</FedwireFundsCustomer")
    data = CUSTOMER[start:end].encode()
    assert formats.detect(data) is not FORMAT
    assert only(data).local_instrument == "CTRC"


@pytest.mark.parametrize(
    ("text", "old", "new", "rule"),
    [
        (CUSTOMER, "<BizSvc>PROD", "<BizSvc>LIVE", "FED-BIZSVC"),
        (CUSTOMER, "<MsgId>20250620HARBFI01000017", "<MsgId>MY-OWN-ID", "FED-IMAD"),
        (DELIVERED, "0306200915FT03</BizMsgIdr>", "03</BizMsgIdr>", "FED-OMAD"),
        (CUSTOMER, "<SttlmMtd>CLRG", "<SttlmMtd>INDA", "FED-METHOD"),
        (CUSTOMER, "<Cd>FDW", "<Cd>CHP", "FED-SYSTEM"),
        (CUSTOMER, "<UETR>6ff9e138-de23-4f55", "<UETR>6ff9e138-de23-1f55", None),
        (CUSTOMER, '<IntrBkSttlmAmt Ccy="USD"', '<IntrBkSttlmAmt Ccy="CAD"', "FED-CCY"),
        (CUSTOMER, ">1500.75</IntrBkSttlmAmt", ">10000000000.00</IntrBkSttlmAmt", "FED-AMT"),
        (CUSTOMER, ">1500.75</IntrBkSttlmAmt", ">1500.751</IntrBkSttlmAmt", None),
        (CUSTOMER, "CTRC", "BTRC", "FED-LCL-CUSTOMER"),
        (CUSTOMER, "<PmtTpInf><LclInstrm><Prtry>CTRC</Prtry></LclInstrm></PmtTpInf>", "", "FED-LCL-CUSTOMER"),
        (BANK, "BTRS", "CTRC", "FED-LCL-BANK"),
        (
            CUSTOMER,
            "<MmbId>987654320</MmbId></ClrSysMmbId><Nm>",
            "<MmbId>987654321</MmbId></ClrSysMmbId><Nm>",
            "FED-ABA",
        ),
        (CUSTOMER, "<Ustrd>", "<Ustrd>A</Ustrd><Ustrd>", "FED-RMT"),
        (CUSTOMER, "FLOUR", "FL\u00d6UR", "FED-CHARS"),
        (CUSTOMER, "FedwireFundsCustomerCreditTransfer", "FedwireFundsPaymentReturn", "FED-WRAP"),
        (CUSTOMER, "fedwirefunds:incoming:v001", "fedwirefunds:incoming:v009", "FED-WRAP"),
        (
            CUSTOMER,
            "</InstrForCdtrAgt>",
            "</InstrForCdtrAgt><InstrForNxtAgt><InstrInf>X</InstrInf></InstrForNxtAgt>",
            "FED-NEXT",
        ),
    ],
)
def test_a_broken_rule_refuses_the_message(text: str, old: str, new: str, rule: str | None) -> None:
    assert old in text
    decoded = FORMAT.decode(text.replace(old, new).encode())
    assert list(decoded.records) == []
    if rule is not None:
        assert {refusal.code for refusal in decoded.refusals} == {rule}
    assert all("expected" in refusal.text or not refusal.code.startswith("FED") for refusal in decoded.refusals)


def test_agents_without_routing_number() -> None:
    member = (
        "<ClrSysMmbId><ClrSysId><Cd>USABA</Cd></ClrSysId><MmbId>987654320</MmbId></ClrSysMmbId><Nm>BREEZE BANK</Nm>"
    )
    decoded = FORMAT.decode(CUSTOMER.replace(member, "<Nm>BREEZE BANK</Nm>").encode())
    assert [refusal.code for refusal in decoded.refusals] == ["FED-INSTD"]


def checked(type: str, body: str) -> list[str]:
    """Rules that a document breaks, whatever its schema says."""
    root = etree.fromstring(f'<Document xmlns="{SPACE}{type}"><B>{body}</B></Document>')
    envelope = open_envelope(root)
    assert not isinstance(envelope, list)
    return [refusal.code for refusal in profile.check(root, envelope.document, type)]


@pytest.mark.parametrize("type", [type for type in profile.MESSAGES if not type.startswith(("pacs.00", "pain.013"))])
def test_the_whole_message_set_is_known(type: str) -> None:
    assert checked(type, "<Id>1</Id>") == []
    assert checked(type, "<Id>\u00e9</Id>") == ["FED-CHARS"]


@pytest.mark.parametrize(
    ("type", "body", "rules"),
    [
        ("pain.001.001.09", "", ["FED-MSG"]),
        ("pacs.008.001.09", "", ["FED-MSG"]),
        ("admi.004.001.02", "<EvtCd>OPEN</EvtCd>", []),
        ("admi.004.001.02", "<EvtCd>NOON</EvtCd>", ["FED-EVENT"]),
        ("pain.013.001.07", "<PmtTpInf><LclInstrm><Prtry>DRRC</Prtry></LclInstrm></PmtTpInf>", []),
        ("pain.013.001.07", "<PmtTpInf><LclInstrm><Prtry>CTRC</Prtry></LclInstrm></PmtTpInf>", ["FED-LCL-DRAWDOWN"]),
        (
            "pain.013.001.07",
            '<PmtTpInf><LclInstrm><Prtry>DRRB</Prtry></LclInstrm></PmtTpInf><Amt><InstdAmt Ccy="EUR">1</InstdAmt></Amt>',
            ["FED-CCY"],
        ),
        ("pacs.004.001.10", "", ["FED-IMAD"]),
        ("pacs.004.001.10", "<GrpHdr><MsgId>20250620HARBFI01000017</MsgId><NbOfTxs>2</NbOfTxs></GrpHdr>", ["FED-ONE"]),
        ("camt.056.001.08", "<UETR>NOT-ONE</UETR>", ["FED-UETR"]),
    ],
)
def test_rules_of_messages_that_open_no_payment(type: str, body: str, rules: list[str]) -> None:
    assert checked(type, body) == rules


def test_rule_ids_are_documented() -> None:
    known = (Path(__file__).resolve().parents[3] / "docs" / "formats" / "fedwire.md").read_text()
    ids = {rule.id for rule in (*profile.RULES, profile.OMAD)} | {"FED-MSG", "FED-WRAP", "FED-ABA", "FED-CHARS"}
    assert [id for id in sorted(ids) if id not in known] == []


def test_faults_of_xml_and_schema_go_first() -> None:
    assert FORMAT.decode(b"<a").refusals[0].code == "XML"
    assert FORMAT.decode(b"<a xmlns='urn:fedwirefunds:incoming:v001'/>").refusals[0].code == "no-document"
    assert FORMAT.decode(CUSTOMER.replace("<EndToEndId>", "<EndId>").encode()).refusals[0].code == "XML"
    assert FORMAT.decode(CUSTOMER.replace("EndToEndId>", "EndId>").encode()).refusals[0].code == "XSD"


# --- writing ----------------------------------------------------------------------------------------------------


def test_what_is_written_is_a_fedwire_message() -> None:
    payment = structs.replace(TRANSFER, instructions_for_next_agent=(Instruction("", "CALL"),), local_instrument="INST")
    fit = FORMAT.fit(payment, "pacs.008.001.08")
    assert fit.refusal is None
    lost = {loss.element for loss in fit.losses}
    assert {"instructions_for_next_agent", "remittance", "local_instrument", "texts"} <= lost
    writing = structs.replace(WRITING, routing_number="123456780")
    frame = FORMAT.encode([payment], "pacs.008.001.08", writing)
    again = only(frame.data)
    assert (again.amount, again.local_instrument, again.uetr) == (payment.amount, "CTRC", payment.uetr)
    assert again.clearing_reference == frame.name == "20250714FO000000100001"
    assert again.debtor is not None
    assert again.debtor.name == "Jose Light*"


def test_each_payment_goes_alone() -> None:
    twin = structs.replace(TRANSFER)
    assert FORMAT.group(TRANSFER, "pacs.008.001.08") != FORMAT.group(twin, "pacs.008.001.08")
    assert FORMAT.group(TRANSFER, "FAIM") == FORMAT.group(twin, "FAIM")


@pytest.mark.parametrize("kind", ["return", "payment_request", "direct_debit"])
def test_kinds_that_have_another_message(kind: str) -> None:
    fit = FORMAT.fit(structs.replace(TRANSFER, kind=kind), "pacs.009.001.08")
    assert fit.refusal is not None
    assert fit.refusal.code == "wrong-kind"


def test_what_breaks_a_rule_does_not_fit() -> None:
    euro = structs.replace(TRANSFER, amount=structs.replace(TRANSFER.amount, currency="EUR"))
    refusal = FORMAT.fit(euro, "pacs.008.001.08").refusal
    assert refusal is not None
    assert (refusal.code, refusal.reason) == ("FED-CCY", "AM03")


@settings(max_examples=60)
@given(payments)
def test_what_fits_is_read_again(payment: Payment) -> None:
    type = "pacs.009.001.08" if payment.kind == "fi_transfer" else "pacs.008.001.08"
    if FORMAT.fit(payment, type).refusal is not None:
        return
    writing = structs.replace(WRITING, routing_number="123456780")
    assert only(FORMAT.encode([payment], type, writing).data).amount == payment.amount


def test_status_reports() -> None:
    decoded = FORMAT.decode(CUSTOMER.encode())
    record = decoded.records[0]
    assert not isinstance(record, Refusal)
    (frame,) = FORMAT.answer(decoded, [Status("ACSC", record)], "", WRITING)
    assert frame.type == "pacs.002.001.10"
    assert b"<OrgnlMsgId>20250620HARBFI01000017</OrgnlMsgId>" in frame.data


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    assert isinstance(FORMAT.decode(b"<" + data), Decoded)
    at = len(data) * 7
    assert isinstance(FORMAT.decode(CUSTOMER.encode()[:at] + data + CUSTOMER.encode()[at + 3 :]), Decoded)


# --- translation ------------------------------------------------------------------------------------------------

# Said in other words on the other side: these losses stand for these tags.
STAND_FOR = {
    "{6000}": "remittance",
    "{7070}": "underlying.remittance",
    "{6100}": "instructions_for_next_agent",
}


def translated(data: bytes) -> tuple[bytes, set[str]]:
    """FAIM to ISO 20022 and back, and what was said to be lost on the way there."""
    payment = only(data)
    type = "pacs.009.001.08" if payment.kind == "fi_transfer" else "pacs.008.001.08"
    fit = FORMAT.fit(payment, type)
    assert fit.refusal is None
    between = only(FORMAT.encode([payment], type, WRITING).data)
    assert FORMAT.fit(between, "FAIM").refusal is None
    return FORMAT.encode([between], "FAIM", WRITING).data, {loss.element for loss in fit.losses}


def accounted(data: bytes) -> None:
    """Every leaf of a FAIM message is carried, or told; and the second way back is the first."""
    back, lost = translated(data)
    before, after = elements(data), elements(back)
    values = {text.replace(",", ".") for text in after.values()}
    for (tag, name), text in before.items():
        told = {f"{meaning.FAMILY}{tag}/{name}", STAND_FOR.get(tag, "")} & lost
        # An institution that is the sender or the receiver is not named again, nor is the kind of its number.
        implied = name == "id_code" and before.get((tag, "identifier")) in values
        assert told or implied or text.replace(",", ".") in values, (tag, name)
    assert translated(back)[0] == back


@pytest.mark.parametrize("name", ["ctr", "btr", "ctp-structured", "ctp-addenda", "ctp-cover"])
def test_faim_to_iso_and_back_reaches_a_fixed_point(name: str) -> None:
    accounted((CORPUS / f"{name}.faim").read_bytes())


def test_the_corpus_too() -> None:
    for path in sorted(shared_corpus("fedwire", "accepted").glob("*.txt")):
        data = path.read_bytes()
        if scan.scan(data.decode())[1][0].text("3600", "business_function") not in ("SVC", "DRB", "DRC"):
            accounted(data)


@pytest.mark.parametrize("type", ["MT103", "pacs.008.001.08"])
def test_from_and_to_other_families(type: str) -> None:
    payment = structs.replace(only((CORPUS / "ctr.faim").read_bytes()), settlement_date="2025-06-20")
    codec = MT if type == "MT103" else formats.load("iso20022")
    fit = codec.fit(payment, type)
    assert fit.refusal is None
    writing = structs.replace(WRITING, sender="HARBUS33XXX", receiver="BREZUS44XXX")
    (record,) = codec.decode(codec.encode([payment], type, writing).data).records
    assert isinstance(record, Payment)
    assert record.amount == payment.amount
    with_routing = structs.replace(record, instructed_agent=payment.instructed_agent)
    assert FORMAT.fit(with_routing, "FAIM").refusal is None
    assert iso_write.WRITES[0] in FORMAT.profiles

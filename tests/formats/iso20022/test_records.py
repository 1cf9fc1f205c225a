"""Whatever a record holds, what is written of it is valid; wrappers of every sort; mutants of every family."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from gateway.formats.iso20022 import FORMAT
from gateway.model import (
    Account,
    Agent,
    Balance,
    Case,
    Entry,
    Mandate,
    Money,
    Notice,
    Original,
    Party,
    Payment,
    Reason,
    Report,
    Statement,
    Status,
)
from gateway.ports import Writing
from tests import samples
from tests.formats.iso20022.instances import document
from tests.formats.iso20022.judged import WRITING, invalid
from tests.support import shared_corpus

texts = st.text(max_size=50)
dates = st.sampled_from(["", "2026-11-23", "soon", "2026-11-23T10:00:00+01:00"])
money = st.builds(Money, st.sampled_from(["EUR", "JPY", "BHD"]), st.integers(1, 10**14))
parties = st.one_of(st.none(), st.builds(Party, texts, bic=st.sampled_from(["", "FINODEHHXXX", "bad"])))
agents = st.one_of(st.none(), st.builds(Agent, st.sampled_from(["", "FINODEHHXXX", "bad"]), clearing_member=texts))
accounts = st.builds(Account, texts, st.sampled_from(["", "IBAN", "BBAN", "some scheme"]))
originals = st.builds(
    Original,
    message_id=texts,
    message_type=st.sampled_from(["", "pacs.008.001.08", "MT103"]),
    created=dates,
    end_to_end_id=texts,
    uetr=st.sampled_from(["", "x", samples.uetr(1, 1)]),
    amount=st.one_of(st.none(), money),
    settlement_date=dates,
    count=st.sampled_from(["", "1", "many"]),
)
reasons = st.lists(
    st.builds(
        Reason,
        st.sampled_from(["", "AC04", "toolong"]),
        texts,
        st.lists(texts, max_size=2).map(tuple),
        parties,
    ),
    max_size=2,
).map(tuple)
extra = st.sampled_from([(), (("iso:Nowhere/At/All", "x"),), (("mt:72", "/REC/"),)])
payments = st.builds(
    Payment,
    st.sampled_from(["direct_debit", "return", "reversal", "fi_direct_debit", "payment_request"]),
    money,
    end_to_end_id=texts,
    settlement_date=dates,
    debtor=parties,
    creditor=parties,
    debtor_account=st.one_of(st.none(), accounts),
    debtor_agent=agents,
    debtor_institution=agents,
    creditor_institution=agents,
    mandate=st.one_of(st.none(), st.builds(Mandate, texts, dates, st.sampled_from(["", "FRST", "no"]), texts)),
    original=st.one_of(st.none(), originals),
    reasons=reasons,
    extra=extra,
)
details = st.builds(Payment, st.just("entry"), money, end_to_end_id=texts, debtor=parties, reasons=reasons)
lines = st.builds(
    Entry,
    money,
    st.booleans(),
    st.sampled_from(["BOOK", "PDNG", "?"]),
    booking_date=dates,
    domain=st.sampled_from(["", "PMNT", "x" * 9]),
    information=st.lists(texts, max_size=2).map(tuple),
    details=st.lists(details, max_size=2).map(tuple),
)
statements = st.builds(
    Statement,
    st.sampled_from(["statement", "report", "notification"]),
    accounts,
    texts,
    created=dates,
    owner=parties,
    servicer=agents,
    balances=st.lists(
        st.builds(Balance, st.sampled_from(["OPBD", "", "?????"]), money, st.booleans(), dates), max_size=2
    ).map(tuple),
    entries=st.lists(lines, max_size=2).map(tuple),
    extra=extra,
)
reports = st.builds(
    Report,
    st.sampled_from(["ACSC", "RJCT", "", "what"]),
    originals,
    st.sampled_from(["payment_status", "message_rejected", "receipt"]),
    level=st.sampled_from(["group", "batch", "transaction"]),
    reasons=reasons,
    accepted=dates,
    extra=extra,
)
CASES = (
    "cancellation_request resolution status_request unable_to_apply claim_non_receipt additional_information"
    " modification_request charges_request charges_advice"
).split()
cases = st.builds(
    Case,
    st.sampled_from(CASES),
    originals,
    id=texts,
    cancellation_id=texts,
    creator=agents,
    assigner=agents,
    status=st.sampled_from(["", "CNCL", "?????"]),
    reasons=reasons,
    amount=st.one_of(st.none(), money),
    text=st.lists(texts, max_size=2).map(tuple),
    extra=extra,
)
NOTICES = (
    "receipt_expected receipt_cancelled statement_request system_event event_acknowledgement verification_request"
    " verification_report"
).split()
notices = st.builds(
    Notice,
    st.sampled_from(NOTICES),
    texts,
    dates,
    st.one_of(st.none(), accounts),
    parties,
    agents,
    st.one_of(st.none(), money),
    dates,
    result=st.sampled_from(["", "MATC", "true"]),
    requested=st.sampled_from(["", "camt.053.001.08", "x" * 40]),
    extra=extra,
)
TYPES = (
    "pacs.003.001.08 pacs.004.001.09 pacs.007.001.09 pacs.010.001.03 pain.008.001.02 pain.008.001.08 pain.013.001.07"
    " pain.007.001.09 pacs.002.001.10 pain.002.001.03 pain.002.001.10 pain.014.001.07 admi.002.001.01 admi.007.001.01"
    " camt.026.001.07 camt.027.001.07 camt.028.001.09 camt.029.001.09 camt.055.001.08 camt.056.001.08 camt.087.001.06"
    " pacs.028.001.03 camt.052.001.08 camt.053.001.02 camt.053.001.08 camt.054.001.08 camt.057.001.06 camt.058.001.08"
    " camt.060.001.05 camt.105.001.02 camt.106.001.02 admi.004.001.02 admi.011.001.01 acmt.023.001.02 acmt.024.001.02"
).split()


@settings(max_examples=250, deadline=None)
@given(st.one_of(payments, reports, cases, notices, statements))
def test_whatever_fits_is_written_valid_and_read_again(record: Any) -> None:
    for type in TYPES:
        fit = FORMAT.fit(record, type)
        if fit.refusal is None:
            data = FORMAT.encode([record], type, WRITING).data
            assert not invalid(data, type), (type, invalid(data, type), record)
            assert not FORMAT.decode(data).refusals


def test_what_a_type_cannot_be_is_refused() -> None:
    report = Report("ACSC", Original("M"))
    assert FORMAT.fit(report, "pacs.008.001.08").refusal is not None
    statement = FORMAT.fit(Statement("report", Account("1")), "camt.053.001.08").refusal
    assert statement is not None
    assert statement.code == "wrong-kind"
    incomplete = FORMAT.fit(Notice("verification_report"), "acmt.024.001.02").refusal
    assert incomplete is not None
    assert incomplete.code == "incomplete"
    none = FORMAT.fit(report, "pacs.002.001.99").refusal
    assert none is not None
    assert none.code == "unsupported-type"


# --- wrappers -----------------------------------------------------------------------------------

DOCUMENT = samples.pacs008(1, "A").partition(b"\n")[2].decode().strip()
HEADER = (
    '<h:AppHdr xmlns:h="urn:iso:std:iso:20022:tech:xsd:head.001.001.02"><h:Fr><h:FIId><h:FinInstnId><h:BICFI>FINODEHH'
    "XXX</h:BICFI></h:FinInstnId></h:FIId></h:Fr><h:To><h:FIId><h:FinInstnId><h:BICFI>QUAYFRPPXXX</h:BICFI>"
    "</h:FinInstnId></h:FIId></h:To><h:BizMsgIdr>B1</h:BizMsgIdr><h:MsgDefIdr>pacs.008.001.08</h:MsgDefIdr>"
    "<h:CreDt>2026-11-23T10:00:00Z</h:CreDt></h:AppHdr>"
)
WRAPPED = {
    "BusMsg": f"<BusMsg>{HEADER}{DOCUMENT}</BusMsg>",
    "RequestPayload": f'<RequestPayload xmlns="urn:example:wrap">{HEADER}{DOCUMENT}</RequestPayload>',
    "DataPDU": (
        f'<Saa:DataPDU xmlns:Saa="urn:swift:saa:xsd:saa.2.0"><Saa:Revision>2.0.14</Saa:Revision><Saa:Body>{HEADER}'
        f"{DOCUMENT}</Saa:Body></Saa:DataPDU>"
    ),
    "CDATA": f"<Message><Content><![CDATA[{HEADER}{DOCUMENT}]]></Content></Message>",
    "CDATA with a declaration": f'<a><![CDATA[<?xml version="1.0"?>{DOCUMENT}]]></a>',
    "escaped": f"<a><b>{DOCUMENT.replace('&', '&amp;').replace('<', '&lt;')}</b></a>",
    "deep": f"<a><b><c>{HEADER}</c><d>{DOCUMENT}</d></b></a>",
}


@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)
def test_wrappers_are_opened(wrapped: str) -> None:
    decoded = FORMAT.decode(wrapped.encode())
    assert not decoded.refusals, decoded.refusals
    assert decoded.records == FORMAT.decode(DOCUMENT.encode()).records
    if "AppHdr" in wrapped:
        assert (decoded.sender, decoded.receiver) == ("FINODEHHXXX", "QUAYFRPPXXX")
        assert decoded.header["iso:AppHdr/BizMsgIdr"] == "B1"


@pytest.mark.parametrize(("sender", "receiver"), [("FINODEHHXXX", "QUAYFRPP"), ("", "no bic")])
def test_a_message_is_written_with_its_header(sender: str, receiver: str) -> None:
    writing = Writing(WRITING.message_id, WRITING.now_ns, sender, receiver)
    frame = FORMAT.encode(FORMAT.decode(DOCUMENT.encode()).records, "pacs.008.001.08", writing)  # type: ignore[arg-type]
    decoded = FORMAT.decode(FORMAT.wrap(frame, writing, "swift.cbprplus.02").data)
    assert not decoded.refusals, decoded.refusals
    assert decoded.header["iso:AppHdr/MsgDefIdr"] == "pacs.008.001.08"
    assert decoded.header["iso:AppHdr/BizSvc"] == "swift.cbprplus.02"
    assert decoded.sender == sender


def test_a_header_that_is_not_valid_and_documents_that_are_several_are_refused() -> None:
    broken = WRAPPED["BusMsg"].replace("<h:BizMsgIdr>B1</h:BizMsgIdr>", "")
    assert FORMAT.decode(broken.encode()).refusals[0].code == "XSD"
    assert FORMAT.decode(f"<a>{DOCUMENT}{DOCUMENT}</a>".encode()).refusals[0].code == "no-document"
    assert FORMAT.decode(b"<a><![CDATA[<Document]]></a>").refusals


def test_foreign_supplementary_data_is_kept() -> None:
    inner = '<n:note xmlns:n="urn:example:note" n:a="1">a &amp; b<n:more/></n:note>'
    extra = f"<SplmtryData><Envlp>{inner}</Envlp></SplmtryData></CdtTrfTxInf>"
    decoded = FORMAT.decode(DOCUMENT.replace("</CdtTrfTxInf>", extra).encode())
    [payment] = decoded.records
    assert isinstance(payment, Payment)
    assert dict(payment.extra)["iso:SplmtryData/Envlp/*"].startswith("<n:note")
    data = FORMAT.encode([payment], "pacs.008.001.08", WRITING).data
    assert b"a &amp; b<n:more/></n:note></Envlp>" in data
    assert not invalid(data, "pacs.008.001.08")


# --- answers ------------------------------------------------------------------------------------


def test_what_only_says_something_is_not_answered() -> None:
    for type in ("camt.053.001.08", "pacs.002.001.10", "camt.056.001.08"):
        decoded = FORMAT.decode(document(type, Random(1), 0.3))
        statuses = [Status("ACTC", record) for record in decoded.records]
        assert FORMAT.answer(decoded, statuses, "", WRITING) == []
        [asked] = FORMAT.answer(decoded, statuses, "pacs.002.001.10", WRITING)
        assert not invalid(asked.data, asked.type)


def test_what_is_no_payment_and_wrong_is_rejected_as_a_message_and_reports_never() -> None:
    broken = document("camt.053.001.08", Random(1), 0.3).replace(b"<MsgId>", b"<MsgId>" + b"x" * 36, 1)
    [frame] = FORMAT.answer(FORMAT.decode(broken), [], "", WRITING)
    assert frame.type == "admi.002.001.01"
    assert not invalid(frame.data, frame.type)
    report = document("pacs.002.001.10", Random(1), 0.3).replace(b"<MsgId>", b"<MsgId>" + b"x" * 36, 1)
    assert FORMAT.decode(report).refusals
    assert FORMAT.answer(FORMAT.decode(report), [], "", WRITING) == []


# --- mutants ------------------------------------------------------------------------------------


@pytest.mark.parametrize("type", ["camt.053.001.08", "pacs.004.001.09", "camt.056.001.08", "pain.008.001.02"])
def test_mutants_get_the_verdict_of_the_official_schema(type: str) -> None:
    shared_corpus("iso20022", "xsd", "iso")
    from tests.conformance.mutants import compare

    assert not list(compare(type, 120, 3))


# --- least records ------------------------------------------------------------------------------

MEANT = Original("M1", "pacs.008.001.08", end_to_end_id="E1", uetr=samples.uetr(1, 1))
SETTLED = structs.replace(MEANT, amount=Money("EUR", 5), settlement_date="2026-11-23")
ACCOUNT = Account("DE23999900000000000101", "IBAN")
LINE = Entry(Money("EUR", 500), True, booking_date="2026-11-23", information=("first line", "second"))
LEAST: dict[str, Any] = {
    "camt.056.001.08": Case("cancellation_request", MEANT, id="C1", reasons=(Reason("CUST"),)),
    "camt.029.001.09": Case("resolution", MEANT, id="C1", status="RJCR", reasons=(Reason("ARDT"),)),
    "pacs.028.001.03": Case("status_request", MEANT, id="S1"),
    "camt.026.001.07": Case("unable_to_apply", SETTLED, id="C1"),
    "camt.087.001.06": Case("modification_request", SETTLED, id="C1"),
    "camt.057.001.06": Notice("receipt_expected", "N1", account=ACCOUNT, amount=Money("EUR", 5), date="2026-11-24"),
    "camt.060.001.05": Notice(
        "statement_request", "R1", account=ACCOUNT, owner=Party("Quay Mills"), requested="camt.053.001.08"
    ),
    "pacs.002.001.10": Report("RJCT", MEANT, reasons=(Reason("AC04", text=("closed",)),)),
    "pain.002.001.03": Report("ACSC", Original("M1", "pain.001.001.03", batch_id="P1"), level="batch"),
    "camt.054.001.08": Statement("notification", ACCOUNT, entries=(LINE,)),
    "camt.053.001.02": Statement(
        "statement", ACCOUNT, "S1", balances=(Balance("CLBD", Money("EUR", 1), True, "2026-11-23"),)
    ),
    "pacs.004.001.09": Payment("return", Money("EUR", 5), original=MEANT, reasons=(Reason("AC04"),)),
}


@pytest.mark.parametrize("type", LEAST)
def test_the_least_that_a_record_says_is_enough(type: str) -> None:
    record = LEAST[type]
    fit = FORMAT.fit(record, type)
    assert fit.refusal is None, fit.refusal
    assert not fit.losses, fit.losses
    data = FORMAT.encode([record], type, WRITING).data
    assert not invalid(data, type), invalid(data, type)
    [again] = FORMAT.decode(data).records
    assert isinstance(again, record.__class__)
    if isinstance(again, Statement) and again.entries:
        assert again.entries[0].information == ("first line", "second")

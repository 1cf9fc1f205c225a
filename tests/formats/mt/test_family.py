"""Messages that are read by their grammar: what they become, what is refused and with which code."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.formats.mt import FORMAT, bare
from gateway.formats.mt.grammar import sequence, walk
from gateway.formats.mt.meaning import Fault
from gateway.formats.mt.messages import TYPES
from gateway.model import Account, Case, Money, Notice, Payment, Refusal, Report, Statement
from tests.support import ROOT, shared_corpus

HEADERS = "{{1:F01HARBUS33AXXX0000000001}}{{2:I{}FINODEHHXXXXN}}{{4:\r\n{}\r\n-}}"

STATEMENT = """
:20:STMT-1
:25:HARBOR-EUR
:28C:7/1
:60F:C261122EUR100,00
:61:2611231123D40,NTRFREF-1//BANK-1
TRANSFER TO BREEZE
:86:PAID TO BREEZE
BAKERY
:61:2701021231RC10,5NCHGNONREF
:62F:C261123EUR49,50
:64:C261123EUR49,50
:86:END OF DAY
"""
REQUEST = """
:20:LIST-1
:28D:1/1
:50H:/HARBOR
HARBOR LIGHT
:30:261124
:21:ONE
:23E:URGP
:32B:EUR10,00
:57A:SEAMGB2LXXX
:59:/BREEZE
BREEZE BAKERY
:70:INVOICE 1
:71A:SHA
:21:TWO
:32B:EUR20,00
:59:/CASTOR
CASTOR INC
:71A:OUR
"""
DEBITS = """
:20:COLLECT-1
:30:261124
:50K:/BREEZE
BREEZE BAKERY
:52A:FINODEHHXXX
:21:ONE
:21C:MANDATE-1
:32B:EUR10,00
:57A:SEAMGB2LXXX
:59:/HARBOR
HARBOR LIGHT
:71A:SHA
"""
SEVERAL = """
:19:30,
:30:261124
:20:ONE
:21:REL-ONE
:32B:EUR10,
:58A:SEAMGB2LXXX
:20:TWO
:21:REL-TWO
:32B:EUR20,
:58A:HARBUS33XXX
"""


def fin(type: str, body: str) -> bytes:
    return HEADERS.format(type, body.strip().replace("\n", "\r\n")).encode()


def records(type: str, body: str) -> list[Any]:
    return list(FORMAT.decode(fin(type, body)).records)


def test_a_statement() -> None:
    [found] = records("940", STATEMENT)
    assert isinstance(found, Statement)
    assert (found.kind, found.id, found.legal_number, found.page) == ("statement", "STMT-1", "7", "1")
    assert found.account == Account("HARBOR-EUR", currency="EUR")
    assert [(b.type, b.amount.minor, b.credit, b.date) for b in found.balances] == [
        ("OPBD", 10_000, True, "2026-11-22"),
        ("CLBD", 4_950, True, "2026-11-23"),
        ("CLAV", 4_950, True, "2026-11-23"),
    ]
    first, second = found.entries
    assert (first.amount, first.credit, first.reversal) == (Money("EUR", 4_000), False, False)
    assert (first.owner_reference, first.servicer_reference, first.proprietary_code) == ("REF-1", "BANK-1", "NTRF")
    assert (first.supplementary, first.information) == ("TRANSFER TO BREEZE", ("PAID TO BREEZE", "BAKERY"))
    assert (second.reversal, second.credit, second.booking_date) == (True, False, "2026-12-31")
    assert found.information == ("END OF DAY",)


def test_a_confirmation_of_credit() -> None:
    [found] = records("910", ":20:C-1\n:21:E2E-1\n:25:HARBOR-EUR\n:32A:261123EUR10,\n:50K:BREEZE BAKERY\nHAMBURG")
    assert isinstance(found, Statement)
    assert found.kind == "notification"
    [entry] = found.entries
    assert entry.credit
    assert entry.details[0].debtor is not None
    assert entry.details[0].end_to_end_id == "E2E-1"


def test_a_request_for_transfer() -> None:
    first, second = records("101", REQUEST)
    assert isinstance(first, Payment)
    assert (first.kind, first.instruction_id, first.end_to_end_id) == ("credit_transfer", "LIST-1", "ONE")
    assert first.debtor is not None
    assert first.debtor == second.debtor
    assert first.creditor_agent is not None
    assert first.settlement_date == "2026-11-24"
    assert (second.amount, second.charge_bearer) == (Money("EUR", 2_000), "DEBT")
    assert first.identity != second.identity


def test_direct_debits() -> None:
    [found] = records("104", DEBITS)
    assert isinstance(found, Payment)
    assert found.kind == "direct_debit"
    assert found.creditor is not None
    assert found.debtor is not None
    assert (found.creditor.name, found.debtor.name) == ("BREEZE BAKERY", "HARBOR LIGHT")
    assert found.mandate is not None
    assert found.mandate.id == "MANDATE-1"


def test_transfers_between_institutions() -> None:
    first, second = records("203", SEVERAL)
    assert (first.kind, first.instruction_id, second.end_to_end_id) == ("fi_transfer", "ONE", "REL-TWO")
    [own] = records("200", ":20:OWN-1\n:32A:261123EUR10,\n:53B:/1\n:57A:SEAMGB2LXXX")
    assert own.debtor_institution == own.creditor_institution
    [further] = records("205", ":20:F-1\n:21:E2E\n:32A:261123EUR10,\n:52A:HARBUS33XXX\n:58A:SEAMGB2LXXX")
    assert further.kind == "fi_transfer"


@pytest.mark.parametrize(
    ("type", "body", "kind"),
    [
        ("192", ":20:R-1\n:21:REF-1\n:11S:103\n261120\n:79:/DUPL/PAID TWICE", "cancellation_request"),
        ("196", ":20:A-1\n:21:R-1\n:76:/CNCL/\nDONE\n:11R:192\n261121", "resolution"),
        ("295", ":20:Q-1\n:21:REF-1\n:75:/1/WHERE IS IT", "query"),
        ("199", ":20:F-1\n:21:REF-1\n:79:GOOD MORNING", "free_format"),
        ("191", ":20:G-1\n:21:REF-1\n:32B:EUR5,\n:71B:/COMM/OUR CHARGES", "charges_request"),
        ("190", ":20:G-1\n:21:REF-1\n:25:1\n:32D:261123EUR5,\n:71B:/COMM/YOUR CHARGES", "charges_advice"),
    ],
)
def test_cases(type: str, body: str, kind: str) -> None:
    [found] = records(type, body)
    assert isinstance(found, Case)
    assert found.kind == kind
    named = found.id if kind == "resolution" else found.original.message_id  # an answer names the case it answers
    assert named == body.split(":21:")[1].split("\n")[0]


def test_a_recall_and_its_answer_say_why() -> None:
    [recall] = records("192", ":20:R-1\n:21:REF-1\n:11S:103\n261120\n:79:/DUPL/PAID TWICE")
    assert [reason.code for reason in recall.reasons] == ["DUPL"]
    assert (recall.original.message_type, recall.original.created) == ("MT103", "2026-11-20")
    [answer] = records("196", ":20:A-1\n:21:R-1\n:76:/CNCL/\nDONE")
    assert answer.status == "CNCL"


def test_notices_and_requests() -> None:
    [expected] = records("210", ":20:N-1\n:25:NOSTRO\n:30:261124\n:21:REF-1\n:32B:EUR10,\n:52A:HARBUS33XXX")
    assert isinstance(expected, Notice)
    assert (expected.kind, expected.amount, expected.date) == ("receipt_expected", Money("EUR", 1_000), "2026-11-24")
    asked = records("920", ":20:Q-1\n:12:940\n:25:A\n:12:942\n:25:B\n:34F:EUR100,")
    assert [(one.kind, one.requested) for one in asked] == [
        ("statement_request", "MT940"),
        ("statement_request", "MT942"),
    ]
    [kept] = records("798", ":20:X-1\n:12:999\n:77E:ANYTHING")
    assert kept.kind == "free_format"
    [whole] = records("541", ":16R:GENL\n:20C::SEME//S-1\n:16S:GENL")
    assert (whole.kind, whole.id) == ("document", "S-1")
    assert ("mt:16R", "GENL") in whole.extra


def test_acknowledgements_alone() -> None:
    data = b"{1:F21HARBUS33AXXX0000000001}{4:{177:2611231200}{451:1}{405:H50}}"
    [found] = FORMAT.decode(data).records
    assert isinstance(found, Report)
    assert (found.status, found.reasons[0].proprietary) == ("RJCT", "H50")
    assert FORMAT.reprint(data) == data


@pytest.mark.parametrize(
    ("type", "body", "code", "place"),
    [
        ("940", STATEMENT.replace(":60F:C261122EUR", ":60F:C261122USD"), "C27", ":60a:"),
        ("940", STATEMENT.replace(":25:HARBOR-EUR\n", ""), "T13", ":25a:"),
        ("940", STATEMENT.replace(":62F:", ":99F:"), "T13", ":62a:"),
        ("101", REQUEST.replace(":59:/CASTOR\nCASTOR INC\n", ""), "T13", ":59a:"),
        ("101", REQUEST.replace(":57A:SEAM", ":56A:SEAM"), "D65", ":57a:"),
        ("101", REQUEST.replace(":50H:/HARBOR\nHARBOR LIGHT\n", ""), "D61", ":50a:"),
        ("101", REQUEST.replace(":71A:OUR", ":71A:OUR\n:36:1,1"), "D54", ":21F:"),
        ("101", REQUEST.replace("23E:URGP", "23E:NONE"), "T47", ":23E:"),
        ("203", SEVERAL.replace(":19:30,", ":19:31,"), "C01", ":19:"),
        ("203", SEVERAL.replace("EUR20", "USD20"), "C02", ":32B:"),
        ("910", ":20:C-1\n:21:E\n:25:A\n:32A:261123EUR10,", "C06", ":50a:"),
        ("920", ":20:Q-1\n:12:942\n:25:B", "C22", ":34F:"),
        ("942", ":20:Q\n:25:B\n:28C:1\n:34F:EURD1,\n:13D:2611231200+0000", "C23", ":34F:"),
        ("192", ":20:R-1\n:21:REF-1\n:11S:103\n261120", "C25", ":79:"),
        ("900", ":20:C-1\n:21:E\n:25:A\n:32A:261323EUR10,", "T50", ":32A:"),
    ],
)
def test_what_is_wrong_is_told_with_the_networks_code(type: str, body: str, code: str, place: str) -> None:
    data = fin(type, body).replace(b"-}", b"-}{5:{CHK:000000000000}}")  # the network saw it: no dialect
    [found] = FORMAT.decode(data).records
    assert isinstance(found, Refusal)
    assert (found.code, found.place) == (code, place)


# --- statements as banks drop them


@pytest.mark.parametrize(
    "text",
    [
        STATEMENT.strip(),
        "HARBUS33\n940\nHARBUS33\n" + STATEMENT.strip(),
        STATEMENT.strip() + "\n-\n" + STATEMENT.strip() + "\n-",
        STATEMENT.strip().replace("\n", "\r\n"),
        STATEMENT.strip().replace("40,NTRF", "40.00NTRF").replace(":28C:7/1\n", ""),
        "{1:F01HARBUS33AXXX00001}\n{2:I940FINODEHHXXXXN}\n{4:" + STATEMENT + "-}",
    ],
)
def test_dialects(text: str) -> None:
    data = text.encode()
    assert FORMAT.detect(data)
    assert FORMAT.reprint(data) == data
    found = FORMAT.decode(data)
    assert not found.refusals
    assert len(found.records) == max(1, text.count(":20:"))
    for one in found.records:
        assert isinstance(one, Statement), one
        assert len(one.entries) == 2
    assert list(next(FORMAT.parts(io.BytesIO(data), 10)).records) == list(found.records)


def test_a_bare_text_without_an_account_is_refused_by_its_field() -> None:
    [found] = FORMAT.decode(STATEMENT.replace(":25:HARBOR-EUR\n", "").strip().encode()).records
    assert isinstance(found, Refusal)
    assert (found.code, found.place) == ("T13", "statement 1 :25:")


def test_files_that_are_not_read_in_parts_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare, "CHARACTERS_MAX", 1_000)
    for data in (STATEMENT.strip().encode() * 10, b"{1:F21HARBUS33AXXX0000000001}{4:{451:0}}" * 100):
        [part] = FORMAT.parts(io.BytesIO(data), 10)
        assert [refusal.code for refusal in part.refusals] == ["file-too-large"]


@given(st.text(":2056FC1\nEUR,/-{}ND", max_size=300))
def test_any_text_behind_a_field(text: str) -> None:
    FORMAT.decode((":20:X\n:25:A\n:60F:C261122EUR1,\n" + text).encode())


@given(st.sampled_from(sorted(TYPES)), st.text(":2056FC1\r\nEURABS,/-ND", max_size=200))
def test_any_text_in_any_type(type: str, text: str) -> None:
    FORMAT.decode(fin(type.replace("n", "1"), ":20:X\n:21:Y\n" + text))


# --- the grammar itself


def test_a_sequence_is_mandatory_repeats_and_nests() -> None:
    grammar = sequence("20! 16x\n(\n21! 16x\n(\n22 3!n\n)*\n)!*\n72 6*35x")
    level = walk([("20", "A"), ("21", "B"), ("22", "111"), ("22", "222"), ("21", "C"), ("72", "X")], grammar, "MT")
    assert [len(list(inner.levels())) for inner in level.levels()] == [2, 0]
    with pytest.raises(Fault, match="T13"):
        walk([("20", "A"), ("72", "X")], grammar, "MT")
    with pytest.raises(Fault, match="T13"):
        walk([("20", "A"), ("21", "B"), ("99", "C")], grammar, "MT")


def test_every_corpus_message_is_printed_as_it_was() -> None:
    count = 0
    for path in sorted(shared_corpus("mt").rglob("*")):
        if path.is_file() and path.suffix not in (".md", ".tsv") and FORMAT.detect(path.read_bytes()[:4096]):
            data = path.read_bytes()
            assert FORMAT.reprint(data) == data, path
            decoded = FORMAT.decode(data)
            assert decoded.records or decoded.refusals, path
            count += 1
    assert count > 200


def test_the_page_names_every_type_that_is_read() -> None:
    page = (ROOT / "docs" / "formats" / "mt.md").read_text()
    table = page[page.index("| type |") : page.index("What has no place in the record")]
    for type in TYPES:
        assert type in table, type
    for code in (
        "C01",
        "C02",
        "C06",
        "C22",
        "C23",
        "C24",
        "C25",
        "C27",
        "D54",
        "D61",
        "D62",
        "D64",
        "D65",
        "D68",
        "D98",
        "T10",
    ):
        assert code in page
        assert code in (ROOT / "docs" / "refusals" / "mt.md").read_text() or code in ("C02", "C06"), code

"""What is built from entries: references, codes and amounts of the original; and what cannot be built."""

from __future__ import annotations

import pytest

from gateway.formats.ach import FORMAT, builders
from gateway.formats.ach.codes import CHANGES, CONTESTED, DISHONORED, REFUSED_CHANGES, RETURNS, corrected, correction
from gateway.model import Money, Notice, Payment, Report
from tests import ach_files

OURS, THEIRS = ach_files.OURS, "121042882"
ORIGINAL = "121042880000001"
VALUES = {
    "account_number": "12345",
    "routing_number": "091000019",
    "name": "ALMA FICTIVE",
    "transaction_code": "32",
    "individual_id": "EMP-9",
    "foreign_bank": "DEUT",
}


def only(item: builders.Item) -> Payment | Notice | Report:
    decoded = FORMAT.decode(ach_files.file([item]))
    assert not decoded.refusals, decoded.refusals
    [record] = decoded.records
    assert isinstance(record, (Payment, Notice, Report))
    return record


def told(record: Payment | Notice | Report) -> dict[str, str]:
    return {path.removeprefix("ach:"): value for path, value in record.extra}


@pytest.mark.parametrize("code", sorted(RETURNS.keys() - DISHONORED - CONTESTED))
def test_a_return_says_what_it_gives_back_and_why(code: str) -> None:
    [sent] = ach_files.entries("PPD", 1)
    record = only(builders.returned(sent, code, OURS, 7, date_of_death="261101" if code in ("R14", "R15") else ""))
    assert isinstance(record, Payment)
    assert (record.kind, record.amount) == ("return", Money("USD", 12_501))
    assert record.original is not None
    assert record.original.transaction_id == ORIGINAL
    assert record.reasons[0].code == RETURNS[code].reason
    assert record.reasons[0].text[0].startswith(f"/ACH/{code} ")
    assert told(record)["return_code"] == code
    assert told(record)["original_rdfi"] == OURS[:8]
    assert told(record)["category"] == "return"


@pytest.mark.parametrize("code", sorted(DISHONORED))
def test_a_dishonored_return_keeps_both_traces(code: str) -> None:
    returned = builders.returned(ach_files.item("PPD", 1), "R03", OURS, 7)
    record = only(builders.dishonored(returned, code, THEIRS, 9))
    assert isinstance(record, Payment)
    assert record.original is not None
    assert record.original.transaction_id == ORIGINAL
    assert told(record) | {"dishonored_code": code, "category": "dishonored"} == told(record)
    assert (told(record)["return_trace"], told(record)["return_code"]) == ("091000010000007", "03")


@pytest.mark.parametrize("code", sorted(CONTESTED))
def test_a_contested_return_keeps_all_traces(code: str) -> None:
    returned = builders.returned(ach_files.item("PPD", 1), "R03", OURS, 7)
    dishonored = builders.dishonored(returned, "R68", THEIRS, 9)
    record = only(builders.contested(dishonored, code, OURS, 11, {"original_settlement_date": "328"}))
    assert isinstance(record, Payment)
    assert record.original is not None
    assert record.original.transaction_id == ORIGINAL
    said = told(record)
    assert (said["contested_code"], said["dishonored_code"], said["return_code"]) == (code, "68", "03")
    assert (said["return_trace"], said["dishonored_trace"]) == ("091000010000007", "121042880000009")
    assert said["original_settlement_date"] == "328"


@pytest.mark.parametrize("code", [code for code in CHANGES if CHANGES[code].parts])
@pytest.mark.parametrize("sec", ["PPD", "CTX", "IAT"])
def test_a_change_says_what_is_right(code: str, sec: str) -> None:
    record = only(builders.change(ach_files.item(sec, 1), code, VALUES, OURS, 3))
    assert isinstance(record, Notice)
    assert (record.kind, record.result) == ("change_notice", code)
    assert record.original is not None
    assert record.original.transaction_id == ORIGINAL
    for name, _, _ in CHANGES[code].parts:
        assert told(record)[f"corrected/{name}"] == VALUES[name]


@pytest.mark.parametrize("code", REFUSED_CHANGES)
def test_a_refused_change_repeats_it(code: str) -> None:
    change = builders.change(ach_files.item("PPD", 1), "C03", VALUES, OURS, 3)
    record = only(builders.change_refused(change, code, THEIRS, 5))
    assert isinstance(record, Notice)
    assert (record.kind, record.result, told(record)["change_code"]) == ("change_refused", code, "C03")
    assert told(record)["corrected/account_number"] == VALUES["account_number"]
    assert told(record)["trace_sequence"] == "0000003"


@pytest.mark.parametrize("code", [code for code in CHANGES if CHANGES[code].parts])
def test_corrected_data_is_printed_and_read_the_same(code: str) -> None:
    wanted = {name: VALUES[name] for name, _, _ in CHANGES[code].parts}
    assert corrected(code, correction(code, wanted)) == wanted


def test_a_reversal_is_the_opposite() -> None:
    record = only(builders.reversal(ach_files.item("PPD", 1), 5))
    assert isinstance(record, Payment)
    assert (record.kind, record.amount) == ("credit_transfer", Money("USD", 12_501))
    assert told(record)["entry_description"] == "REVERSAL"


def test_a_prenote_moves_nothing() -> None:
    record = only(builders.prenote(ach_files.item("PPD", 1), 5))
    assert isinstance(record, Payment)
    assert (record.kind, record.amount) == ("prenote", Money("USD", 0))


@pytest.mark.parametrize(("sec", "answer"), [("CCD", "ACK"), ("CTX", "ATX")])
def test_an_acknowledgement_names_the_original(sec: str, answer: str) -> None:
    record = only(builders.acknowledgement(ach_files.item(sec, 1), OURS, 5, "777"))
    assert isinstance(record, Report)
    assert (record.source, record.original.transaction_id) == (answer, ORIGINAL)


def test_what_there_is_not_cannot_be_built() -> None:
    one = ach_files.item("PPD", 1)
    with pytest.raises(ValueError, match="'R61' is not a code of returns"):
        builders.returned(one, "R61", OURS, 1)
    with pytest.raises(ValueError, match="'C61' is not a code of changes"):
        builders.change(one, "C61", {}, OURS, 1)
    with pytest.raises(ValueError, match="only credits of CCD and CTX"):
        builders.acknowledgement(one, OURS, 1, "7")

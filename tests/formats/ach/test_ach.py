"""NACHA files: read, refused, returned, written; and the verdicts of the conformance corpus."""

from __future__ import annotations

import io
import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.formats.ach import FORMAT
from gateway.formats.ach.codes import CODES, RETURN_OF, routing_check_digit
from gateway.model import Account, Agent, Money, Party, Payment, Status
from gateway.ports import Decoded, Writing
from tests import samples
from tests.support import ROOT, shared_corpus

WRITING = Writing("FO00000000100001", 1_767_225_600_000_000_000, routing_number="091000019")
PAYROLL = (ROOT / "examples" / "payroll.ach").read_bytes()

# Where our first word is not the README's: why.
OTHER_WORDS = {
    "20110729A-invalid.ach": "F01: its records are shorter than 94 characters, which is the README's first word too",
    "invalid-two-micro-deposits.ach": "E03: the amount field of its entry is not ten digits, so the total cannot agree",
    "nonascii.ach": "F01 and E05 stand on earlier lines than the control total",
    "skip-validation.ach": "many defects on purpose; the first is the destination",
}
RULES = {  # file -> a rule id that must be among the first three refusals
    "1e5RecordBefore1or8.txt": "F02",
    "202001172118.ach": "E03",
    "2mCompanyEntryDescAllZeros.txt": "B02",
    "3fTELIndvNameAllBlank.txt": "E04",
    "3fTELIndvNameAllZeros.txt": "E04",
    "Iat-invalidAddenda13.ach": "E05",
    "NACHA_SAMPLE_TEL_REVERSAL.ach": "E01",
    "adv-invalidBatchEntries.ach": "F02",
    "adv-noFileControl.ach": "F11",
    "extended-ascii.ach": "E05",
    "iat-invalidAddenda10.ach": "E11",
    "iat-invalidAddenda98.ach": "C01x",
    "iat-invalidAddenda99.ach": "R01x",
    "iat-invalidBatchHeader.ach": "B01",
    "issue1620.ach": "F06",
    "moov-ids.ach": "B08",
    "no_header.txt": "F02",
    "pos-invalidEntryDetail.ach": "E05",
    "pos-invalidReturnFile.ach": "R01x",
    "ppd-debit-invalid-entryDetail-checkDigit.ach": "E02",
    "return-PPD-custom-reason-code.ach": "R01x",
    "web-invalidNOCFile.ach": "C01x",
    "issue702.ach": "F04",
    "iat-batchHeaderErr.ach": "F04",
}


def records(data: bytes) -> list[Payment]:
    decoded = FORMAT.decode(data)
    assert not decoded.refusals, decoded.refusals
    return [record for record in decoded.records if isinstance(record, Payment)]


def test_entries_become_payments() -> None:
    first, second, *_, debit = records(PAYROLL)
    assert (first.kind, first.amount, first.place) == ("credit_transfer", Money("USD", 185_000), "line 3")
    assert first.creditor_account == Account("1000001", "ABA", type="checking")
    assert first.debtor == Party("PRAIRIE TOOLS")
    assert second.remittance == ("NOVEMBER WAGES AND BONUS",)
    assert (debit.kind, debit.debtor_account) == ("direct_debit", Account("1000001", "ABA", type="checking"))


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b""])
def test_line_ends(ends: bytes) -> None:
    data = ends.join(PAYROLL.splitlines()) + ends
    assert [r.amount for r in records(data)] == [r.amount for r in records(PAYROLL)]
    assert FORMAT.reprint(data) == data


@pytest.mark.parametrize("count", [1, 2, 999, 5_000])
def test_parts_are_the_whole(count: int) -> None:
    data = samples.ach(count, batch=700)
    parts = list(FORMAT.parts(io.BytesIO(data), 256))
    assert [r for part in parts for r in part.records] == list(FORMAT.decode(data).records)
    assert all(len(part.records) <= 256 for part in parts)


CONTROLS = [
    (8, 5, 10),
    (8, 11, 20),
    (8, 21, 32),
    (8, 33, 44),
    (8, 45, 54),
    (8, 80, 94),
    (9, 2, 7),
    (9, 14, 21),
    (9, 22, 31),
    (9, 32, 43),
    (9, 44, 55),
]


@pytest.mark.parametrize(("record", "first", "last"), CONTROLS)
def test_a_wrong_digit_in_a_control_is_refused_at_its_columns(record: int, first: int, last: int) -> None:
    lines = PAYROLL.decode().splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith(str(record)) and line != "9" * 94)
    random = Random(first)
    at = random.randrange(first - 1, last)
    line = lines[place]
    lines[place] = line[:at] + str((int(line[at]) + 1) % 10 if line[at].isdigit() else 1) + line[at + 1 :]
    decoded = FORMAT.decode("\n".join(lines).encode())
    assert decoded.refusals
    assert not decoded.records
    assert f"line {place + 1}" in decoded.refusals[0].place


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("6220910000191000001", "6220910000181000001", "E02"),
        ("6220910000191000001", "6990910000191000001", "E01"),
        ("0000185000EMP-001", "0000000000EMP-001", "E03"),
        ("ALMA FICTIVE ", "             ", "E04"),
        ("ALMA FICTIVE ", "ALM\x7f FICTIVE ", "E05"),
        ("121042880000003", "121042880000001", "B08"),
        ("PPDPAYROLL", "XXXPAYROLL", "B03"),
        ("094101", "095101", "F03"),
        ("101 091000019", "101 091000018", "F04"),
        ("2611230930", "2613230930", "F05"),
    ],
)
def test_each_rule_is_named(old: str, new: str, rule: str) -> None:
    decoded = FORMAT.decode(PAYROLL.decode().replace(old, new, 1).encode())
    assert rule in [r.code for r in decoded.refusals]
    assert all("FICTIVE" not in r.text and "1000001" not in r.text for r in decoded.refusals), "no names, no accounts"


@pytest.mark.parametrize("cut", [0, 1, 50, 94, 300, 900])
def test_a_truncated_file_is_refused(cut: int) -> None:
    assert FORMAT.decode(PAYROLL[:cut]).refusals


@given(st.binary(max_size=600))
def test_any_bytes_are_answered(data: bytes) -> None:
    decoded = FORMAT.decode(data)
    assert bool(decoded.refusals) != bool(decoded.records)
    assert FORMAT.decode(PAYROLL[:300] + data).refusals
    assert FORMAT.reprint(data) == data


@pytest.mark.parametrize("reason", [*RETURN_OF, "XX99"])
def test_what_cannot_be_posted_is_returned(reason: str) -> None:
    decoded = FORMAT.decode(PAYROLL)
    statuses = [Status("RJCT", decoded.records[3], 4, reason), Status("RJCT", decoded.records[4], 5, reason)]
    [frame] = FORMAT.answer(decoded, statuses, "", WRITING)
    back = records(frame.data)
    assert [r.kind for r in back] == ["return", "return"]
    assert [r.amount for r in back] == [Money("USD", 50_000), Money("USD", 2_500)]
    lines = [line for line in frame.data.decode().splitlines() if line.startswith("799")]
    assert [line[3:6] for line in lines] == [RETURN_OF.get(reason, "R17")] * 2
    assert [line[6:21] for line in lines] == ["121042880000004", "121042880000005"]


def test_a_file_without_returns_gets_a_receipt() -> None:
    decoded = FORMAT.decode(PAYROLL)
    [frame] = FORMAT.answer(decoded, [Status("ACSC", r, 1) for r in decoded.records], "", WRITING)  # type: ignore[arg-type]
    assert json.loads(frame.data) | {"file": ""} == {
        "file": "",
        "status": "ACSC",
        "opened": 5,
        "settled": 5,
        "held": 0,
        "refused": 0,
        "refusals": [],
    }


def test_a_refused_file_gets_its_refusals() -> None:
    decoded = FORMAT.decode((ROOT / "examples" / "payroll-wrong-total.ach").read_bytes())
    [frame] = FORMAT.answer(decoded, [], "", WRITING)
    assert json.loads(frame.data)["refusals"][0]["place"] == "line 9, columns 33-44 (credits_cents)"


names = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ ", min_size=1, max_size=30).filter(lambda t: t.strip() == t and t != "")
payments = st.builds(
    lambda name, company, minor, account, eight, debit, id, text: Payment(
        "direct_debit" if debit else "credit_transfer",
        Money("USD", minor),
        scheme="ach",
        end_to_end_id=id,
        settlement_date="2026-11-24",
        remittance=(text,) if text else (),
        **{
            ("debtor" if debit else "creditor"): Party(name),
            ("creditor" if debit else "debtor"): Party(company),
            ("debtor" if debit else "creditor") + "_account": Account(account, "ABA", type="savings"),
            ("debtor" if debit else "creditor") + "_agent": Agent(
                clearing_system="USABA", clearing_member=eight + routing_check_digit(eight)
            ),
        },
    ),
    names,
    names,
    st.integers(1, 9_999_999_999),
    st.text("0123456789", min_size=1, max_size=17),
    st.text("0123456789", min_size=8, max_size=8),
    st.booleans(),
    names,
    st.one_of(st.just(""), names),
)


@given(st.lists(payments, min_size=1, max_size=5))
def test_what_fits_comes_back(wanted: list[Payment]) -> None:
    for payment in wanted:
        assert FORMAT.fit(payment, "CCD").refusal is None
    back = records(FORMAT.encode(wanted, "CCD", WRITING).data)
    assert sorted(p.amount.minor for p in back) == sorted(p.amount.minor for p in wanted)
    [one] = records(FORMAT.encode(wanted[:1], "CCD", WRITING).data)
    lost = {loss.element.split(".")[0] for loss in FORMAT.fit(wanted[0], "CCD").losses}
    for field in (
        "kind",
        "debtor",
        "creditor",
        "debtor_account",
        "creditor_account",
        "end_to_end_id",
        "remittance",
        "settlement_date",
    ):
        assert field in lost or getattr(one, field) == getattr(wanted[0], field), field


def test_every_direction_has_its_returned_code() -> None:
    assert {code for code, said in CODES.items() if said.kind == "returned"} == {
        "21",
        "26",
        "31",
        "36",
        "41",
        "46",
        "51",
        "56",
    }


def corpus(folder: str) -> list[Path]:
    return sorted(shared_corpus("ach", folder).iterdir())


def test_valid_files_of_the_corpus() -> None:
    for path in corpus("valid"):
        data = path.read_bytes()
        assert not FORMAT.decode(data).refusals, path.name
        assert FORMAT.reprint(data) == data, path.name


def test_invalid_files_of_the_corpus() -> None:
    for path in corpus("invalid"):
        decoded: Decoded = FORMAT.decode(path.read_bytes())
        assert decoded.refusals, path.name
        if path.name in RULES and path.name not in OTHER_WORDS:
            assert RULES[path.name] in [r.code for r in decoded.refusals[:3]], (path.name, decoded.refusals[:3])


@pytest.mark.parametrize("columns", [(1, 7), (7, 13), (13, 21), (21, 31)])
def test_digits_of_other_scripts_are_no_numbers(columns: tuple[int, int]) -> None:
    """A superscript is a digit to Unicode, and no number to anybody."""
    lines = samples.ach(3).decode().split("\n")
    place = next(n for n, line in enumerate(lines) if line.startswith("9") and set(line) != {"9"})
    first, last = columns
    lines[place] = lines[place][:first] + "\u00b9" * (last - first) + lines[place][last:]
    refusals = FORMAT.decode("\n".join(lines).encode("latin-1")).refusals
    assert refusals
    assert all(refusal.place for refusal in refusals)

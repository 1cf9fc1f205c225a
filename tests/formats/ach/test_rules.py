"""Rules, settings and the pages that explain them; errors with all that helps to mend a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.formats import ach
from gateway.formats.ach import FORMAT, documents
from gateway.formats.ach.rules import RULES, SWITCHES
from gateway.formats.ach.tables import LAYOUTS, RECORD
from gateway.model import Payment, Refusal
from tests import ach_files
from tests.support import ROOT, shared_corpus

PAYROLL = (ROOT / "examples" / "payroll.ach").read_text()
PAGE = (ROOT / "docs" / "formats" / "ach.md").read_text()
REFUSALS = (ROOT / "docs" / "refusals" / "ach.md").read_text()


def refusals(text: str, *allow: str) -> list[Refusal]:
    return list(FORMAT.loosened(allow).decode(text.encode("latin-1")).refusals)


def test_the_pages_are_made_of_the_tables() -> None:
    for table in (documents.classes(), documents.settings(), documents.codes()):
        assert table in PAGE
    assert documents.rules() in REFUSALS


def test_every_rule_that_is_told_is_explained() -> None:
    source = "".join(path.read_text() for path in Path(ach.__file__).parent.glob("*.py"))
    told = set(re.findall(r"\"([FBE]\d\d|[RC]01x)\"", source))
    assert told == set(RULES)


def test_every_layout_is_as_wide_as_a_record() -> None:
    for layout in LAYOUTS.values():
        assert sum(c.width for c in layout) == RECORD
        assert len(layout.by) == len(layout), "each name once"


def test_an_error_says_all_that_helps() -> None:
    [one] = refusals(PAYROLL.replace("6220910000191000001", "6220910000181000001", 1))
    said = {path.removeprefix("ach:"): value for path, value in one.extra}
    assert said == {
        "rule": "E02",
        "record": "3",
        "record_type": "6",
        "field": "check_digit",
        "columns": "12-12",
        "value": "8",
        "offset": str(2 * 95 + 11),
        "expected": "9",
        "batch": "0000001",
        "trace": "121042880000001",
        "return_code": "R28",
    }
    assert one.record == "121042880000001"


def test_names_and_accounts_are_masked() -> None:
    [one] = refusals(PAYROLL.replace("ALMA FICTIVE ", "ALM\xe9 FICTIVE ", 1))
    assert dict(one.extra)["ach:value"] == "*" * len("ALMA FICTIVE")


SPOILED = {
    "any_origin": (" 121042882", "          "),
    "any_destination": ("101 091000019", "101 091000018"),
    "any_creation": ("2611230930", "2613230930"),
    "any_check_digit": ("6220910000191000001", "6220910000181000001"),
    "any_characters": ("ALMA FICTIVE ", "ALM\xe9 FICTIVE "),
    "empty_names": ("ALMA FICTIVE", "            "),
    "zero_amounts": ("0000185000EMP-001", "0000000000EMP-001"),
    "any_amounts": ("0000185000EMP-001", "0000000000EMP-001"),
    "any_transaction_codes": ("6220910000191000001", "6200910000191000001"),
    "any_traces": ("0121042880000004", "0121042880000002"),
    "any_company": ("PPDPAYROLL   ", "PPD0000000000"),
    "unchecked_batches": ("121042880000003", "121042880000001"),
    "unchecked": ("6220910000191000001", "6990910000181000001"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_setting_allows_what_it_says(name: str) -> None:
    old, new = SPOILED[name]
    spoiled = PAYROLL.replace(old, new, 1)
    assert spoiled != PAYROLL
    assert refusals(spoiled)
    decoded = FORMAT.loosened([name]).decode(spoiled.encode("latin-1"))
    left = [one for one in decoded.refusals if one.code not in ("B06", "F06")]  # totals that an amount has changed
    assert not left, left
    if not decoded.refusals:
        assert len(decoded.records) == 5


def lines(text: str) -> list[str]:
    return text.splitlines()


def test_settings_for_files_without_their_records() -> None:
    whole = lines(PAYROLL)
    head, last = whole[1:], next(n for n, line in enumerate(whole) if line[:1] == "9")
    assert refusals("\n".join(head))[0].code == "F02"
    assert not refusals("\n".join(head), "no_file_header")
    assert [one.code for one in refusals("\n".join(whole[:last]))] == ["F11"]
    decoded = FORMAT.loosened(["no_file_control"]).decode("\n".join(whole[:last]).encode())
    assert not decoded.refusals
    assert len(decoded.records) == 5
    empty = "9000000000001" + "0" * 42 + " " * 39
    assert [one.code for one in refusals(f"{whole[0]}\n{empty}\n")] == ["F09"]
    assert not refusals(f"{whole[0]}\n{empty}\n", "no_batches")


def test_settings_for_controls_that_differ() -> None:
    at = PAYROLL.index("\n8200") + 1
    for name, first, text in (
        ("service_class_differs", 1, "220"),
        ("company_id_differs", 44, "1999999998"),
        ("counts_differ", 4, "000009"),
    ):
        spoiled = PAYROLL[: at + first] + text + PAYROLL[at + first + len(text) :]
        assert len(refusals(spoiled)) == 1, name
        assert not refusals(spoiled, name), name


def test_settings_for_order_and_origin() -> None:
    both = ach_files.file([*ach_files.entries("PPD"), *ach_files.entries("CCD")]).decode()
    swapped = re.sub(r"^([58].{86})0000002$", r"\g<1>0000000", both, flags=re.MULTILINE)
    assert [one.code for one in refusals(swapped)] == ["F07"]
    assert not refusals(swapped, "unordered_batches")
    company = PAYROLL.replace(" 121042882", "1999999999", 1)
    assert not refusals(company)
    assert [one.code for one in refusals(company, "require_aba_origin")] == ["F04"]


def test_spaces_are_kept_where_a_bank_means_them() -> None:
    spaced = PAYROLL.replace("1000001          0000185000", "  1000001        0000185000", 1)
    [plain, kept] = (FORMAT.loosened(allow).decode(spaced.encode()).records[0] for allow in ([], ["keep_spaces"]))
    assert isinstance(plain, Payment)
    assert isinstance(kept, Payment)
    assert plain.creditor_account is not None
    assert kept.creditor_account is not None
    assert (plain.creditor_account.id, kept.creditor_account.id) == ("1000001", "  1000001        ")


def test_return_codes_of_a_bank() -> None:
    path = shared_corpus("ach", "invalid") / "pos-invalidReturnFile.ach"
    assert FORMAT.decode(path.read_bytes()).refusals
    assert not FORMAT.loosened(["any_return_codes"]).decode(path.read_bytes()).refusals


def test_all_settings_have_a_test() -> None:
    tested = Path(__file__).read_text()
    assert len(SWITCHES) == 23
    assert [name for name in SWITCHES if f'"{name}"' not in tested] == []


def test_a_setting_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="no setting 'any_luck'"):
        FORMAT.loosened(["any_luck"])


@pytest.mark.parametrize("kind", ach_files.every_kind())
def test_no_setting_makes_decode_raise(kind: str) -> None:
    """Whatever is allowed, bad bytes are answered."""
    text = ach_files.every_kind()[kind].decode()
    loose = FORMAT.loosened(list(SWITCHES))
    for n in range(0, len(text), 37):
        decoded = loose.decode((text[:n] + "X\xe9 ?" + text[n + 4 :]).encode("latin-1"))
        assert decoded.refusals or len(decoded.records) <= 8


def test_advices_stand_alone_and_returns_apart() -> None:
    mixed = ach_files.file([*ach_files.entries("PPD"), *ach_files.entries("ADV")]).decode()
    assert "F08" in [one.code for one in refusals(mixed)]
    sent = ach_files.entries("PPD")
    back = ach_files.builders.returned(sent[0], "R03", ach_files.THEIRS + "2", 9)
    both = ach_files.file([*sent, type(back)(sent[0].header, back.lines)]).decode()
    assert "B09" in [one.code for one in refusals(both)]

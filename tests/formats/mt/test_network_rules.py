"""Rules of the network: what breaks each, the code it is told with, and that the pages name every code."""

from __future__ import annotations

import re

import pytest

from gateway.formats.mt import FORMAT
from gateway.model import Payment, Refusal, Report, Status
from gateway.ports import Writing
from tests.formats.mt.test_write_family import COLLECTION, LIST, OWN, SEVERAL, fin
from tests.support import ROOT

CUSTOMER = """
:20:REF-1
:23B:CRED
:32A:261123USD10,
:50K:/BREEZE
BREEZE BAKERY
:59:/HARBOR
HARBOR LIGHT
:71A:SHA
"""
NUMBERED = ":50F:/BREEZE\n1/BREEZE BAKERY\n2/PIER STREET 1\n3/US/PORTLAND"
WRITING = Writing("FOTEST0000000001", 1_795_859_200_000_000_000)


def changed(body: str, old: str, new: str) -> str:
    assert old in body
    return body.replace(old, new, 1)


def coded(lines: str) -> str:
    return changed(CUSTOMER, ":32A:", f"{lines}\n:32A:")


def ordered(lines: str) -> str:
    return changed(CUSTOMER, ":50K:/BREEZE\nBREEZE BAKERY", lines)


def paid(lines: str) -> str:
    return changed(CUSTOMER, ":59:/HARBOR\nHARBOR LIGHT", lines)


BROKEN = {
    "101 a rate without 33B": ("101", changed(LIST, ":71A:OUR", ":71A:OUR\n:36:1,1"), "D54"),
    "101 33B without a rate": ("101", changed(LIST, ":71A:OUR", ":33B:USD25,\n:71A:OUR"), "D60"),
    "101 zero without EQUI": ("101", changed(LIST, ":32B:EUR20,00", ":32B:EUR0,\n:33B:USD5,"), "T13"),
    "101 zero with 33B": (
        "101",
        changed(changed(LIST, "EUR20,00", "EUR0,"), ":71A:OUR", ":33B:USD5,\n:71A:OUR"),
        "E54",
    ),
    "101 words": ("101", changed(LIST, ":23E:URGP", ":23E:URGP/SOON"), "D66"),
    "101 codes": ("101", changed(LIST, ":23E:URGP", ":23E:CORT\n:23E:REPA"), "D67"),
    "101 twice": ("101", changed(LIST, ":23E:URGP", ":23E:URGP\n:23E:URGP"), "E46"),
    "101 cheque": ("101", changed(LIST, ":23E:URGP", ":23E:CHQB"), "E18"),
    "102 sum": ("102", changed(SEVERAL, "EUR15,", "EUR16,"), "C01"),
    "102 stated sum": ("102", changed(SEVERAL, ":53C:", ":19:16,\n:53C:"), "C01"),
    "102 two banks": (
        "102",
        changed(changed(SEVERAL, ":71A:", ":52A:SEAMGB2LXXX\n:71A:"), ":57A:", ":52A:SEAMGB2LXXX\n:57A:"),
        "D64",
    ),
    "104 sum": ("104", changed(COLLECTION, ":32B:EUR10,\n", ":32B:EUR11,\n"), "D80"),
    "107 stated sum": ("107", COLLECTION + ":19:11,", "C01"),
    "201 eleven": ("201", OWN + "\n:20:MORE\n:32B:EUR1,\n:57A:SEAMGB2LXXX" * 9, "T10"),
    "103 words": ("103", coded(":23E:CORT/NOW"), "D97"),
    "103 codes": ("103", coded(":23E:CORT\n:23E:HOLD"), "D67"),
    "103 order": ("103", coded(":23E:CORT\n:23E:REPA").replace("REPA", "INTC"), "D98"),
    "103 no first line": ("103", ordered(":50F:BREEZE\n1/BREEZE BAKERY"), "T54"),
    "103 unknown code": ("103", ordered(":50F:XXXX/US/1\n1/BREEZE BAKERY"), "T54"),
    "103 identifier of nowhere": ("103", ordered(":50F:NIDN/QQ/1\n1/BREEZE BAKERY"), "T73"),
    "103 name not first": ("103", ordered(":50F:/BREEZE\n2/PIER STREET 1\n3/US/PORTLAND"), "T56"),
    "103 numbers fall": ("103", ordered(":50F:/BREEZE\n1/BREEZE\n3/US/PORTLAND\n2/PIER STREET"), "T56"),
    "103 three names": ("103", ordered(":50F:/BREEZE\n1/A\n1/B\n1/C"), "T56"),
    "103 address without country": ("103", ordered(":50F:/BREEZE\n1/BREEZE\n2/PIER STREET"), "T56"),
    "103 country of nowhere": ("103", ordered(":50F:/BREEZE\n1/BREEZE\n3/QQ/PORTLAND"), "T73"),
    "103 date alone": ("103", ordered(":50F:/BREEZE\n1/ALMA\n4/19800101"), "T56"),
    "103 date that is none": ("103", ordered(":50F:/BREEZE\n1/ALMA\n4/19801301\n5/US/PORTLAND"), "T50"),
    "103 continued nothing": ("103", ordered(":50F:/BREEZE\n1/ALMA\n8/MORE"), "T56"),
    "103 beneficiary born": ("103", paid(":59F:/HARBOR\n1/ALMA\n4/19800101"), "T56"),
    "103 beneficiary of nowhere": ("103", paid(":59F:/HARBOR\n1/ALMA\n3/QQ/X"), "T73"),
}


@pytest.mark.parametrize(("type", "body", "code"), BROKEN.values(), ids=BROKEN)
def test_what_breaks_a_rule_is_told_with_its_code(type: str, body: str, code: str) -> None:
    [found] = FORMAT.decode(fin(type, body)).records
    assert isinstance(found, Refusal)
    assert found.code == code, found


@pytest.mark.parametrize(
    "party",
    [
        NUMBERED,
        ":50F:CUST/US/BANK/123\n1/BREEZE BAKERY\n8/45",
        ":50F:/BREEZE\n1/ALMA\n1/BIRKENTAL\n3/US\n4/19800101",
        ":50F:/BREEZE\n1/ALMA\n4/19800101\n5/US/PORTLAND",
        ":50F:/BREEZE\n1/ALMA\n6/US/BANK/123\n8/45",
    ],
)
def test_numbered_lines_that_are_right(party: str) -> None:
    if "3/US\n4/" in party:
        party += "\n5/US/PORTLAND"  # one line more than five is none of the format
        assert isinstance(FORMAT.decode(fin("103", ordered(party))).records[0], Refusal)
    else:
        assert isinstance(FORMAT.decode(fin("103", ordered(party))).records[0], Payment)


def marked(flag: str, body: str) -> Payment | Report | Refusal:
    data = fin("103", body).replace(b"{3:", b"{3:{119:%s}" % flag.encode())
    data = data.replace(b"HARBUS33", b"SEAMFRPP").replace(b"32A:261123USD10,", b"32A:261123EUR10,\r\n:33B:EUR10,")
    [found] = FORMAT.decode(data).records
    assert isinstance(found, Payment | Refusal)
    return found


def test_between_the_listed_countries_straight_through_asks_for_an_iban() -> None:
    refused = marked("STP", CUSTOMER)
    assert isinstance(refused, Refusal)
    assert refused.code == "D19"
    assert isinstance(marked("STP", changed(CUSTOMER, "/HARBOR", "/DE89370400440532013000")), Payment)
    assert isinstance(marked("STP", changed(CUSTOMER, ":59:", ":57A:CASTUS33XXX\n:59:")), Payment)


def test_an_envelope_is_asked_for_where_it_is_announced() -> None:
    refused = marked("REMIT", CUSTOMER)
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.place) == ("T13", ":77T:")
    assert isinstance(marked("REMIT", CUSTOMER + ":77T:/NARR/INVOICE 1"), Payment)


def test_a_refusal_names_the_line_of_its_field() -> None:
    decoded = FORMAT.decode(fin("103", changed(CUSTOMER, ":71A:SHA", ":71A:ALL")))
    [refused] = decoded.records
    (frame,) = FORMAT.answer(decoded, [Status("RJCT", refused)], "", WRITING)
    assert frame.data.endswith(b"{451:1}{405:T08008}}")


def test_every_code_has_its_line_on_the_pages() -> None:
    folder = ROOT / "gateway" / "formats" / "mt"
    rules = "".join((folder / f"{name}.py").read_text() for name in ("rules", "family_rules", "numbered"))
    page, refusals = ((ROOT / "docs" / where / "mt.md").read_text() for where in ("formats", "refusals"))
    codes = set(re.findall(r'"([CDETU]\d\d)"', rules))
    assert len(codes) > 50
    assert sorted(code for code in codes if f"`{code}`" not in refusals) == []
    spans = {f"E{n:02d}" for n in (*range(1, 6), *range(16, 19), *range(44, 47))}  # told as "E01 to E05"
    assert sorted(code for code in codes if code[0] in "CDE" and code not in page and code not in spans) == []
    written = "".join((folder / f"{name}.py").read_text() for name in ("write", "write_many", "write_said", "__init__"))
    named = set(re.findall(r'refusal\(\s*"([a-z-]+)"', written))
    assert sorted(code for code in named if f"`{code}`" not in refusals) == []

"""The rules of the pairs: each says yes to what it is about, and no to what is near it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance import pair_known as known
from tests.conformance import pairs
from tests.conformance.pair_places import is_of_the_source, moved, stands_right
from tests.conformance.pair_rules import RULES, Difference
from tests.conformance.pair_verdicts import explained

NOTICE = {
    "{2} type": "210",
    "{1} sender": "OSTBDEFFXXX",
    "{2} receiver": "SEAMGB2LXXX",
    ":20a:": "\nNTC-77",
    ":25a:": "\nACC-4711",
    ":21a:": "\nITEM-1",
    ":32a:": "B\nEUR100,",
}
ITEM = "Document/NtfctnToRcv/Ntfctn/Itm"


def test_a_field_may_stand_where_its_table_says() -> None:
    assert stands_right(f"{ITEM}/EndToEndId", "ITEM-1", NOTICE)
    assert stands_right(f"{ITEM}/Acct/Id/Othr/Id", "ACC-4711", NOTICE)
    assert stands_right(f"{ITEM}/AcctSvcr/FinInstnId/BICFI", "SEAMGB2LXXX", NOTICE)
    assert not stands_right(f"{ITEM}/EndToEndId", "NTC-77", NOTICE)  # that is 20
    assert not stands_right(f"{ITEM}/Dbtr/Pty/Nm", "ACC-4711", NOTICE)
    assert not stands_right(f"{ITEM}/EndToEndId", "ITEM-2", NOTICE)
    assert not stands_right(f"{ITEM}/EndToEndId", "ITEM-1", {**NOTICE, "{2} type": "103"})  # places there are exact
    assert moved("ACC-4711", {f"{ITEM}/Acct/Id/Othr/Id": "ACC-4711"}, NOTICE)
    assert not moved("ACC-4711", {f"{ITEM}/Dbtr/Pty/Nm": "ACC-4711"}, NOTICE)


def test_an_element_may_stand_where_its_table_says() -> None:
    source = {
        "Document/BkToCstmrDbtCdtNtfctn/Ntfctn/Ntry/AddtlNtryInf": "/BNF/HELLO WORLD",
        "Document/X/Nm": "SOMEBODY",
    }
    written = {"{2} type": "900"}
    assert is_of_the_source(":72a:", "\n/BNF/HELLO WORLD", source, written)
    assert not is_of_the_source(":72a:", "\n/BNF/SOMEBODY", source, written)
    assert not is_of_the_source(":21a:", "\nHELLO WORLD", source, written)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (
            known.words("\n/SVCL/OWN\n/CtgyPurp/SALA", "\n/SVCLVL/OWN\n/CATPURP/SALA"),
            known.words("\n/SVCL/OWN", "\n/SVCLVL/OTHER"),
        ),
        (
            known.empty_bearer("A\n", "A\nSHA", {"T/ChrgBr": "SLEV"}),
            known.empty_bearer("A\n", "A\nSHA", {"T/ChrgBr": "DEBT"}),
        ),
        (
            known.reference_left_out("\n/URI/INV 1", "\n/ROC/E-1///URI/INV 1", {"PmtId/EndToEndId": "E-1"}),
            known.reference_left_out("\n/URI/INV 1", "\n/ROC/E-1///URI/INV 2", {"PmtId/EndToEndId": "E-1"}),
        ),
        (
            known.too_long_reference("E-1//URI/X", "E-1", {":70a:": "\n/ROC/E-1//URI/X"}),
            known.too_long_reference("E-1//URI/X", "E-2", {":70a:": "\n/ROC/E-1//URI/X"}),
        ),
        (known.zero_charge("F\nUSD0,", "F\nEUR0,", {}), known.zero_charge("F\nUSD5,", "F\nEUR0,", {})),
        (
            known.made_up_country("CH", {":59a:": "F\n1/X\n3/DE/BONN"}),
            known.made_up_country("CH", {":59a:": "F\n1/X\n3/CH/BERN"}),
        ),
        (
            known.long_lines("K\n" + "A" * 40, "K\n" + "A" * 35 + "\n" + "A" * 5),
            known.long_lines("K\n" + "A" * 40, "K\n" + "A" * 35),
        ),
        (known.signs("\nBäume_1", "\nBaume-1"), known.signs("\nBäume", "\nBaum")),
    ],
)
def test_known_deviations(right: bool, wrong: bool) -> None:
    assert right
    assert not wrong


def difference(path: str, expected: str, ours: str, source: dict[str, str], **all_ours: str) -> Difference:
    return Difference(path, expected, ours, {path: expected}, {path: ours, **all_ours}, source)


@pytest.mark.parametrize(
    ("path", "expected", "ours"),
    [
        (f"{ITEM}/Dbtr/Pty/Nm", "ALMA BIRKENTAL", ""),
        (f"{ITEM}/Amt", "100", "1000"),
        (f"{ITEM}/DbtrAgt/FinInstnId/BICFI", "NOTPROVIDED", "DEUTDEFFXXX"),
        ("Document/FIToFICstmrCdtTrf/CdtTrfTxInf/ChrgBr", "SHAR", "DEBT"),
        ("Document/BkToCstmrStmt/Stmt/Ntry/BkTxCd/Prtry/Cd", "NOTPROVIDED", "NMSC"),
    ],
)
def test_what_is_wrong_stays_wrong(path: str, expected: str, ours: str) -> None:
    source = {**NOTICE, ":61a:": "\n261124D5,NTRFREF"}
    assert explained(difference(path, expected, ours, source), False) is None


def test_each_rule_has_a_name_of_its_own() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)


def test_use_cases_are_one_in_both_directions() -> None:
    def group(name: str) -> str:
        return pairs.use_case(pairs.Pair("x", Path(name), Path("x.xml")))

    assert group("test_c_52_1_1__5211_mt941_A_B.fin") == group("c52_1_1__5211.fin") == "c.52.1.1"
    assert group("test_c_106_2_1_a__10621a_B_A.fin") == "c.106.2.1.a"
    assert group("test_custom__a_2014.fin") == "custom"


@pytest.mark.skipif(not (pairs.CORPUS / "mt" / "pairs.tsv").exists(), reason="there are no pairs")
def test_use_cases_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    pairs.held_out([pairs.judged(one) for one in pairs.pairs(pairs.CORPUS / "mt" / "pairs.tsv", pairs.CORPUS, False)])
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("c.53.1.1") for line in lines)
    share = float(lines[-2].rpartition(" ")[2].removesuffix("%"))
    assert lines[-2].startswith("a rule of one use case alone")
    assert share < 1.5

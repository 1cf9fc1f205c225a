"""SEPA: each rule by its id, and the rest of the message goes on."""

from __future__ import annotations

import pytest

from gateway.formats.iso20022 import iban
from gateway.formats.iso20022.iban import LENGTHS
from gateway.formats.sepa import FORMAT
from gateway.model import Party, Payment, Refusal
from gateway.ports import Writing
from tests.support import ROOT

PAIN = (ROOT / "examples" / "pain.001.xml").read_text()
WRITING = Writing("FO00000000100001", 1_767_225_600_000_000_000)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("FR2799999999990000000101042", "FR2899999999990000000101042", "SEPA-IBAN-CDTR"),
        ("FR2799999999990000000101042", "FR279999999999000000010104", "SEPA-IBAN-CDTR"),
        ('Ccy="EUR">1200.00', 'Ccy="USD">1200.00', "SEPA-CUR"),
        ("Moulin du Nord SARL", "Moulin de la Forêt", "SEPA-CHARS"),
        ("Invoice 4711, flour type 550", "x" * 140 + "</Ustrd><Ustrd>more", "SEPA-RMT"),
        (
            "<PstlAdr><TwnNm>Lille</TwnNm><Ctry>FR</Ctry></PstlAdr>",
            "<PstlAdr><AdrLine>Lille, France</AdrLine></PstlAdr>",
            "SEPA-ADDR",
        ),
    ],
)
def test_a_broken_rule_refuses_its_payment_alone(old: str, new: str, rule: str) -> None:
    first, second = FORMAT.decode(PAIN.replace(old, new, 1).encode()).records
    assert isinstance(first, Refusal)
    assert first.code == rule
    assert first.place.startswith("PmtInf[1]/CdtTrfTxInf[1]/")
    assert isinstance(second, Payment)


def test_charges_and_level_hold_for_the_whole_information() -> None:
    for old, new, rule in (("SLEV", "SHAR", "SEPA-CHRGBR"), ("<Cd>SEPA</Cd>", "<Cd>URGP</Cd>", "SEPA-SVCLVL")):
        assert {r.code for r in FORMAT.decode(PAIN.replace(old, new).encode()).records if isinstance(r, Refusal)} == {
            rule
        }


def test_instant_is_its_own_scheme() -> None:
    data = PAIN.replace("</SvcLvl>", "</SvcLvl><LclInstrm><Cd>INST</Cd></LclInstrm>").encode()
    assert {r.scheme for r in FORMAT.decode(data).records if isinstance(r, Payment)} == {"sepa_inst"}


def test_what_goes_out_is_written_in_the_set_and_said() -> None:
    from msgspec.structs import replace

    payment = FORMAT.decode(PAIN.encode()).records[0]
    assert isinstance(payment, Payment)
    foreign = replace(payment, creditor=Party("Crème & Brûlée"))
    fit = FORMAT.fit(foreign, "pacs.008.001.08")
    assert fit.refusal is None
    assert ("creditor.name", "info") in {(loss.element, loss.severity) for loss in fit.losses}
    data = FORMAT.encode([foreign], "pacs.008.001.08", WRITING).data
    assert b"<Nm>Creme + Brulee</Nm>" in data
    assert b"<ChrgBr>SLEV</ChrgBr>" in data
    assert b"<SttlmMtd>CLRG</SttlmMtd>" in data


@pytest.mark.parametrize("country", sorted(LENGTHS))
def test_check_digits_of_every_country(country: str) -> None:
    bban = "1" * (LENGTHS[country] - 4)
    number = int("".join(str(int(c, 36)) for c in bban + country + "00"))
    good = f"{country}{98 - number % 97:02d}{bban}"
    assert iban.problem(good) == ""
    assert iban.problem(good[:-1] + "2")
    assert iban.problem(good + "1")

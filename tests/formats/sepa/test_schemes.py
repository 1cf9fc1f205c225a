"""Direct debits rule by rule, years, what R-transactions may say; market practice of CBPR+, HVPS+ and T2."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec import structs

from gateway import formats
from gateway.formats.iso20022 import FORMAT as ISO
from gateway.formats.iso20022 import iban, identifiers
from gateway.formats.iso20022.codes import FIELDS, RETURNS
from gateway.formats.iso20022.codes import lists as codes_lists
from gateway.formats.iso20022.rules import hold, sets
from gateway.formats.sepa import FORMAT
from gateway.formats.sepa.exceptions import REASONS, Limit, limit, unusual, unusual_reasons
from gateway.formats.sepa.rules import B2B, CORE, INSTANT, TRANSFER, check, scheme_set
from gateway.model import (
    Account,
    Address,
    Agent,
    Case,
    Charge,
    Mandate,
    Money,
    Original,
    Party,
    Payment,
    Reason,
    Refusal,
    Report,
)
from tests import samples
from tests.formats.iso20022.judged import WRITING, invalid, records
from tests.support import shared_corpus

CREDITOR = "DE98ZZZ09999999999"  # the example of the scheme's own documents
DEBIT = Payment(
    "direct_debit",
    Money("EUR", 1_250),
    end_to_end_id="SUB-1",
    settlement_date="2026-12-01",
    service_level=("SEPA",),
    local_instrument="CORE",
    debtor=Party("Moulin du Nord SARL"),
    debtor_account=Account("FR2799999999990000000101042", "IBAN"),
    creditor=Party("Harbor Light Energy"),
    creditor_account=Account("DE23999900000000000101", "IBAN"),
    mandate=Mandate("M-1", "2025-01-31", "RCUR", CREDITOR),
    remittance=("December",),
)


def test_a_debit_that_keeps_the_rules_goes_out_valid() -> None:
    assert check(DEBIT) is None
    for type in ("pain.008.001.02", "pain.008.001.08", "pacs.003.001.08"):
        fit = FORMAT.fit(DEBIT, type)
        assert fit.refusal is None
        assert not fit.losses, fit.losses
        data = FORMAT.encode([DEBIT], type, WRITING).data
        assert not invalid(data, type)
        assert b"<Prtry>SEPA</Prtry>" in data
        [again] = FORMAT.decode(data).records
        assert isinstance(again, Payment)
        assert again.scheme == CORE
        assert again.mandate == structs.replace(DEBIT.mandate or Mandate(), creditor_scheme="SEPA")


MANDATE = DEBIT.mandate or Mandate()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"mandate": None}, "SEPA-MNDT"),
        ({"mandate": structs.replace(MANDATE, signed="")}, "SEPA-MNDT"),
        ({"mandate": structs.replace(MANDATE, id="m" * 36)}, "SEPA-MNDTID"),
        ({"mandate": structs.replace(MANDATE, sequence="RPRE")}, "SEPA-SEQ"),
        ({"mandate": structs.replace(MANDATE, creditor_scheme_id="DE99ZZZ09999999999")}, "SEPA-CI"),
        ({"settlement_date": ""}, "SEPA-DATE"),
        ({"local_instrument": "COR1"}, "SEPA-LCL"),
        ({"amount": Money("EUR", 100_000_000_000)}, "SEPA-AMT"),
        ({"end_to_end_id": "a//b"}, "SEPA-SLASH"),
        ({"debtor_account": Account("GB82WEST12345698765433", "IBAN")}, "SEPA-IBAN-DBTR"),
        ({"creditor_agent": Agent("FINOXXHH")}, "SEPA-BIC"),
    ],
)
def test_each_rule_of_debits(change: dict[str, object], rule: str) -> None:
    broken = check(structs.replace(DEBIT, **change))
    assert broken is not None
    assert broken.code == rule


def test_between_banks_the_group_header_has_date_and_total() -> None:
    second = structs.replace(DEBIT, end_to_end_id="SUB-2", amount=Money("EUR", 100))
    later = structs.replace(DEBIT, settlement_date="2026-12-02")
    assert FORMAT.group(DEBIT, "pacs.003.001.08") == FORMAT.group(second, "pacs.003.001.08")
    assert FORMAT.group(DEBIT, "pacs.003.001.08") != FORMAT.group(later, "pacs.003.001.08")
    data = FORMAT.encode([DEBIT, second], "pacs.003.001.08", WRITING).data
    assert not invalid(data, "pacs.003.001.08")
    assert b'<TtlIntrBkSttlmAmt Ccy="EUR">13.50</TtlIntrBkSttlmAmt><IntrBkSttlmDt>2026-12-01</IntrBkSttlmDt>' in data
    assert data.count(b"IntrBkSttlmDt>") == 2
    assert [r.settlement_date for r in FORMAT.decode(data).records if isinstance(r, Payment)] == ["2026-12-01"] * 2


def test_rules_have_years() -> None:
    lines = structs.replace(DEBIT, debtor=Party("Moulin", Address(lines=("Lille", "France"))))
    assert scheme_set(CORE, 2025).broken(lines) is None
    assert (scheme_set(CORE, 2026).broken(lines) or DEBIT) != DEBIT
    large = structs.replace(DEBIT, kind="credit_transfer", local_instrument="INST", amount=Money("EUR", 10_000_001))
    assert {r.code for r in scheme_set(INSTANT, 2024).all_broken(large)} == {"SEPA-AMT-INST"}
    assert scheme_set(INSTANT, 2026).broken(large) is None
    assert scheme_set(B2B).name == "sdd-b2b-2026"


def test_r_transactions() -> None:
    assert limit(CORE, "refund", "MD06") == Limit(56, "calendar_days")
    assert limit(CORE, "return") == Limit(5, "banking_days")
    assert limit(TRANSFER, "recall", "FRAD") == Limit(13, "months")
    assert limit(INSTANT, "reject") == Limit(10, "seconds")
    assert limit(B2B, "refund") is None
    assert unusual(B2B, "return", "MD06")
    assert not unusual(INSTANT, "reject", "AB05")
    assert not unusual(TRANSFER, "anything", "XXXX")


# --- identifiers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "good", "bad"),
    [
        (identifiers.bic, "FINODEHHXXX", "FINOD1HH"),
        (identifiers.bic, "FINOFRPP", "FINOZZPP"),
        (identifiers.lei, "529900T8BM49AURSDO55", "529900T8BM49AURSDO56"),
        (identifiers.uetr, samples.uetr(1, 1), "7a562c67-ca16-18ba-b074-65581be6f001"),
        (identifiers.creditor, CREDITOR, CREDITOR[:-1] + "8"),
        (lambda id: identifiers.member("USABA", id), "021000021", "021000022"),
        (lambda id: identifiers.member("GBDSC", id), "203040", "20304"),
        (lambda id: identifiers.member("NOSUCH", id), "anything", None),
    ],
)
def test_identifiers_prove_themselves(test: object, good: str, bad: str | None) -> None:
    assert test(good) == ""  # type: ignore[operator]
    assert bad is None or test(bad)  # type: ignore[operator]


# --- market practice ----------------------------------------------------------------------------

TRANSFER_OUT = Payment(
    "credit_transfer",
    Money("USD", 10_000),
    place="CdtTrfTxInf[1]",
    source="pacs.008.001.08",
    instruction_id="INSTR-1",
    end_to_end_id="E2E-1",
    uetr=samples.uetr(1, 1),
    settlement_date="2026-11-23",
    settlement_method="INDA",
    charge_bearer="SHAR",
    debtor=Party("Harbor Light", Address(town="Portland", country="US")),
    creditor=Party("Moulin du Nord", Address(town="Lille", country="FR", lines=("Rue du Port 1",))),
    instructing_agent=Agent("FINOUS33"),
    instructed_agent=Agent("QUAYFRPP"),
)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({}, ""),
        ({"uetr": ""}, "CBPR-UETR"),
        ({"uetr": "7a562c67-ca16-18ba-b074-65581be6f001"}, "CBPR-UETR4"),
        ({"instruction_id": "A//B"}, "CBPR-REF"),
        ({"instruction_id": "x" * 17}, "CBPR-REF"),
        ({"amount": Money("XAU", 100_000)}, "CBPR-METAL"),
        ({"settlement_method": "CLRG"}, "CBPR-MTD"),
        ({"reimbursement_agents": (Agent("FINODEHH"),)}, "CBPR-COVE"),
        ({"charge_bearer": "SLEV"}, "CBPR-CHRGBR"),
        ({"charge_bearer": "CRED"}, "CBPR-CHRGBR"),
        ({"charges": (Charge(Money("USD", 5)),)}, "CBPR-CHRGS"),
        ({"instructed_amount": Money("EUR", 9_000)}, "CBPR-CHRGS"),
        ({"instructing_agent": None}, "CBPR-INSTG"),
        ({"creditor": Party("Moulin", Address(lines=("Lille", "France")))}, "CBPR-ADR26"),
        ({"remittance": ("one", "two")}, "CBPR-RMT"),
        ({"end_to_end_id": "é"}, "CBPR-FINX"),
        ({"creditor_account": Account("DE23999900000000000102", "IBAN")}, "CBPR-IBAN"),
    ],
)
def test_each_rule_of_cbpr(change: dict[str, object], rule: str) -> None:
    found = sets()["cbpr-2026"].all_broken(structs.replace(TRANSFER_OUT, **change))
    assert [refusal.code for refusal in found] == ([rule] if rule else [])
    lines = structs.replace(TRANSFER_OUT, creditor=Party("Moulin", Address(lines=("Lille", "France"))))
    assert sets()["cbpr-2025"].broken(lines) is None


def test_several_sets_hold_at_once_and_messages_have_rules_too() -> None:
    cleared = structs.replace(
        TRANSFER_OUT, amount=Money("EUR", 1), settlement_method="CLRG", clearing_system="TGT", priority="NORM"
    )
    assert sets()["t2-2026"].broken(cleared) is None
    data = ISO.encode([cleared], "pacs.008.001.08", WRITING).data
    decoded = hold(ISO.decode(data), [sets()["hvps-2026"]])
    assert [refusal.code for refusal in decoded.refusals] == ["CBPR-BAH"]
    headless = structs.replace(sets()["t2-2026"], message_rules=())
    both = hold(ISO.decode(data), [headless, structs.replace(sets()["cbpr-2026"], message_rules=())])
    [refused] = both.records
    assert isinstance(refused, Refusal)
    assert refused.code == "CBPR-MTD"


def test_what_breaks_a_rule_in_the_corpus_is_found() -> None:
    for path in sorted(Path(shared_corpus("iso20022", "samples", "phoughton")).rglob("*pacs*violates*.xml")):
        year = 2026 if "2026" in str(path) else 2025
        decoded = ISO.decode(path.read_bytes())
        if not decoded.refusals and records(decoded) and decoded.type != "pacs.004.001.09":
            held = hold(decoded, [sets()[f"cbpr-{year}"]])
            assert held.refusals or any(isinstance(record, Refusal) for record in held.records), path.name


def test_unlisted_codes_are_sent_and_said() -> None:
    odd = structs.replace(DEBIT, purpose="QQQQ", category_purpose="SUPP")
    fit = FORMAT.fit(odd, "pain.008.001.08")
    assert fit.refusal is None
    assert [(loss.element, loss.severity) for loss in fit.losses] == [("purpose", "info")]
    assert b"<Cd>QQQQ</Cd>" in FORMAT.encode([odd], "pain.008.001.08", WRITING).data


def test_lists_of_codes_are_whole() -> None:
    sizes = {name: len(codes) for name, codes in codes_lists().items()}
    assert sizes["ExternalPurpose1Code"] > 300
    assert {"SALA", "SUPP", "PENS"} < codes_lists()["ExternalCategoryPurpose1Code"]
    assert codes_lists().keys() >= {*FIELDS.values(), RETURNS}
    members = codes_lists()["ExternalClearingSystemIdentification1Code"]
    assert set(identifiers.MEMBERS) <= members, "the systems whose members we check are listed ones"
    for reasons in REASONS.values():
        assert all(re.fullmatch("[A-Z]{2}[A-Z0-9]{2}", code) for code in reasons)


@pytest.mark.parametrize(
    ("record", "unusual"),
    [
        (Report("RJCT", Original("M"), reasons=(Reason("AB05"),)), []),
        (Report("RJCT", Original("M"), reasons=(Reason("SVNR"),)), ["SVNR"]),
        (Report("ACSC", Original("M"), reasons=(Reason("SVNR"),)), []),
        (Case("cancellation_request", Original("M"), reasons=(Reason("DUPL"), Reason("AGNT"))), ["AGNT"]),
        (Case("resolution", Original("M"), status="RJCR", reasons=(Reason("NOOR"),)), []),
        (Case("resolution", Original("M"), status="RJCR", reasons=(Reason("CURR"),)), ["CURR"]),
        (structs.replace(DEBIT, kind="return", reasons=(Reason("AC04"), Reason("EMVL"))), ["EMVL"]),
        (DEBIT, []),
    ],
)
def test_reasons_of_r_transactions(record: object, unusual: list[str]) -> None:
    assert unusual_reasons(record) == unusual


def test_a_foreign_reason_is_said_when_it_is_sent() -> None:
    case = Case(
        "cancellation_request",
        Original("M1", "pacs.008.001.08", end_to_end_id="E1"),
        id="C1",
        reasons=(Reason("AGNT"),),
    )
    said = [loss for loss in FORMAT.fit(case, "camt.056.001.08").losses if loss.element == "reasons"]
    assert [loss.severity for loss in said] == ["info"]


def test_addresses_are_in_the_set_too() -> None:
    where = Address(street="Rue du Marché", town="Genève", country="CH", lines=("Bât. Å",))
    payment = structs.replace(DEBIT, creditor=Party("Harbor Light Energy", where))
    broken = check(payment)
    assert broken is not None
    assert broken.code == "SEPA-CHARS"
    fit = FORMAT.fit(payment, "pain.008.001.08")
    assert (fit.refusal, [loss.element for loss in fit.losses]) == (None, ["creditor.address"])
    data = FORMAT.encode([payment], "pain.008.001.08", WRITING).data
    assert b"<StrtNm>Rue du Marche</StrtNm>" in data
    assert b"<AdrLine>Bat. A</AdrLine>" in data


def test_the_common_set_asks_each_payment_for_its_scheme() -> None:
    both = formats.rule_sets()["sepa-2026"]
    assert both.broken(DEBIT) is None
    assert {one.code for one in both.all_broken(structs.replace(DEBIT, mandate=None))} >= {"SEPA-MNDT", "SEPA-CI"}
    transfer = structs.replace(DEBIT, kind="credit_transfer", local_instrument="", mandate=None)
    assert both.broken(transfer) is None


@pytest.mark.parametrize("digits", ["00", "01", "99"])
def test_check_digits_that_no_iban_has(digits: str) -> None:
    assert "from 02 to 98" in iban.problem(f"DE{digits}370400440532013000")

"""What payments from elsewhere become as entries: their class, their numbers, their company."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.formats.ach import FORMAT
from gateway.formats.ach.batches import taken_apart
from gateway.formats.ach.entries import class_of, company_id
from gateway.formats.ach.traces import SEQUENCES, payments_of, sequence
from gateway.model import Account, Address, Agent, Birth, Identification, Money, Party, Payment
from gateway.ports import Writing
from tests.ach_files import NOW_NS, OURS

US = Agent(clearing_system="USABA", clearing_member="121042882")
ABROAD = Agent(bic="MAPLCATTXXX", name="MAPLE BANK")


def payment(kind: str = "credit_transfer", **more: object) -> Payment:
    company, receiver = ("debtor", "creditor") if kind == "credit_transfer" else ("creditor", "debtor")
    fields: dict[str, object] = {
        "end_to_end_id": "E1",
        "settlement_date": "2026-11-24",
        company: Party("PRAIRIE TOOLS"),
        f"{company}_agent": Agent(clearing_system="USABA", clearing_member=OURS),
        receiver: Party("HARBOR PAPER"),
        f"{receiver}_account": Account("77001", type="SVGS"),
        f"{receiver}_agent": US,
        **more,
    }
    return Payment(kind, Money("USD", 12_345), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sec", "kind", "more"),
    [
        ("CCD", "credit_transfer", {}),
        ("PPD", "credit_transfer", {"category_purpose": "SALA"}),
        ("PPD", "credit_transfer", {"creditor": Party("ALMA", birth=Birth("1990-01-01", "PORTLAND", "US"))}),
        ("PPD", "credit_transfer", {"creditor": Party("ALMA", ids=(Identification("7", private=True),))}),
        ("PPD", "direct_debit", {"local_instrument": "CORE"}),
        ("CCD", "direct_debit", {"local_instrument": "B2B"}),
        ("CTX", "credit_transfer", {"remittance": ("INVOICE 1" * 5, "INVOICE 2" * 5)}),
        ("CCD", "credit_transfer", {"remittance": ("INVOICE 1",)}),
        ("WEB", "direct_debit", {"local_instrument": "WEB"}),
        ("TEL", "direct_debit", {"local_instrument": "TEL"}),
        ("IAT", "credit_transfer", {"creditor_agent": ABROAD}),
        ("IAT", "credit_transfer", {"creditor_agent": Agent(name="X", address=Address(country="MX"))}),
    ],
)
def test_the_class_that_suits_a_payment(sec: str, kind: str, more: dict[str, object]) -> None:
    assert class_of(payment(kind, **more), "ACH") == sec
    assert class_of(payment(kind, **more), "CTX") == "CTX"  # the type that is asked for comes first


def test_classes_and_companies_are_batches_and_traces_are_numbers_of_payments() -> None:
    several = [payment(), payment(category_purpose="SALA"), payment(debtor=Party("OTHER")), payment()]
    writing = Writing("FO1", NOW_NS, routing_number=OURS, numbers=(7, 8, 9, 12), files_before=37)
    data = FORMAT.encode(several, "ACH", writing).data
    assert FORMAT.decode(data).refusals == ()
    file = taken_apart(data)
    found = [(b.header[50:53], b.header[4:20].strip(), [int(e[0][87:94]) for e in b.entries]) for b in file.batches]
    assert found == [
        ("CCD", "PRAIRIE TOOLS", [7, 12]),
        ("PPD", "PRAIRIE TOOLS", [8]),
        ("CCD", "OTHER", [9]),
    ]
    assert file.header[33] == "B"  # the 38th file of a day
    assert {item.entry[1:3] for item in file.items} == {"32"}


def test_a_payment_abroad_goes_through_its_gateway() -> None:
    between = Agent(clearing_system="USABA", clearing_member="121042882", name="GATEWAY BANK")
    parties = {
        "debtor": Party("PRAIRIE TOOLS", Address(street="PIER 1", town="DULUTH", country="US", postcode="55801")),
        "creditor": Party("MAPLE MILLS", Address(street="DOCK 9", town="TORONTO", country="CA", postcode="M5V1A1")),
        "debtor_agent": Agent(clearing_system="USABA", clearing_member=OURS, name="OUR BANK"),
    }
    one = payment(creditor_agent=ABROAD, intermediary_agents=(between,), **parties)
    assert FORMAT.fit(one, "ACH").refusal is None
    data = FORMAT.encode([one], "ACH", Writing("FO1", NOW_NS, routing_number=OURS)).data
    decoded = FORMAT.decode(data)
    assert decoded.refusals == ()
    [read] = decoded.records
    assert isinstance(read, Payment)
    assert (read.local_instrument, read.creditor_agent and read.creditor_agent.bic) == ("IAT", "MAPLCATTXXX")
    assert read.creditor_agent is not None
    assert read.creditor_agent.clearing_member == "121042882"
    assert dict(read.extra)["ach:destination_country"] == "CA"
    refused = FORMAT.fit(payment(creditor_agent=ABROAD, **parties), "ACH").refusal
    assert refused is not None
    assert refused.code == "no-ach-entry"


@pytest.mark.parametrize(
    ("ids", "expected"),
    [((), ""), (("123456789",), "1123456789"), (("ACME-1",), "ACME-1"), (("A MUCH LONGER ID", "B2"), "B2")],
)
def test_the_id_of_a_company(ids: tuple[str, ...], expected: str) -> None:
    assert company_id(Party("X", ids=tuple(map(Identification, ids)))) == expected


@given(st.integers(1, 10**9), st.integers(0, 10**8))
def test_a_trace_number_leads_to_its_payment(number: int, more: int) -> None:
    trace = f"{OURS[:8]}{sequence(number):07d}"
    found = list(payments_of(trace, OURS, number + more))
    assert number in found
    assert found == sorted(found, reverse=True)
    assert all(sequence(one) == sequence(number) and one <= number + more for one in found)


@pytest.mark.parametrize("trace", ["", "0910000100000", f"{OURS[:8]}0000000", "121042880000001", f"{OURS[:8]}00000A1"])
def test_what_is_no_trace_number_of_ours(trace: str) -> None:
    assert list(payments_of(trace, OURS, 2 * SEQUENCES)) == []

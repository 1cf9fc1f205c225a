"""Fedwire in the engine: the day's numbers without a gap, the service's hours, returns both ways."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec import structs

from gateway.formats.fedwire import FORMAT
from gateway.formats.iso20022 import FORMAT as ISO
from gateway.model import Original, Payment, Reason
from gateway.ports import Writing
from tests.conversations.bank import Bank, uetr
from tests.formats.fedwire.test_faim import only

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "fedwire"
ROUTES = """
version: 1
store: "sqlite::memory:"
gateway: {bic: FINODEHHXXX, routing_number: "123456780", terminal: FINOSQ01}
endpoints:
  fed: {adapter: folder, format: fedwire, path: var/fed}
  back_office: {adapter: folder, format: iso20022, path: var/back}
accounts:
  open:
    - {id: MASTER, currency: USD, floor: none}
    - {id: CLIENTS, currency: USD, floor: none}
    - {id: "00012345", currency: USD}
routes:
  - name: out
    when: {endpoint: back_office}
    settle: {debit: CLIENTS, credit: MASTER}
    send: {to: fed, as: pacs.008.001.08, hours: fedwire}
  - name: in
    when: {endpoint: fed, kind: credit_transfer}
    settle: {debit: MASTER, credit: creditor}
    recall: {do: return}
  - {name: default, refuse: {reason: AG01, because: no route takes it}}
"""
OUTGOING = (CORPUS / "ctr.faim").read_bytes()
INCOMING = (CORPUS / "pacs008-ctrc.xml").read_bytes()


@pytest.fixture
def bank() -> Bank:
    made = Bank("", base=ROUTES)
    made.wait(5 * 3_600)  # 15:00 UTC, 10:00 in New York, a Monday
    return made


def pay(bank: Bank, n: int) -> int:
    """A transfer from the back office; its payment number."""
    told = {"instruction_id": f"OUT-{n}", "clearing_reference": "", "local_instrument": "", "uetr": uetr(n)}
    payment = structs.replace(only(OUTGOING), **told, settlement_date="2026-11-23", extra=())
    writing = Writing(f"BACKOFF{n:09d}", bank.now_ns, "FINODEHHXXX")
    data = ISO.encode([payment], "pacs.008.001.08", writing).data
    outcome = bank.put(data, "back_office")
    return outcome.statuses[0].payment_id


def sent(bank: Bank) -> list[bytes]:
    """What left for Fedwire since this was last asked."""
    items = [item for id, item in sorted(bank.disk.outbox.items()) if id > bank._taken and item.endpoint == "fed"]
    bank._taken = max(bank.disk.outbox, default=0)
    return [item.data for item in items if item.type != "pacs.002.001.10"]


def imads(bank: Bank) -> list[str]:
    return [re.findall(rb"<MsgId>([^<]*)</MsgId>", data)[0].decode() for data in sent(bank)]


def test_the_day_s_numbers_have_no_gap(bank: Bank) -> None:
    pay(bank, 1)
    pay(bank, 2)
    bank.restart()
    pay(bank, 3)
    assert imads(bank) == [f"20261123FINOSQ01{n:06d}" for n in (1, 2, 3)]


def test_what_comes_after_hours_leaves_on_the_next_business_day(bank: Bank) -> None:
    bank.wait(10 * 3_600)  # 20:00 in New York: closed until 21:00
    paid = pay(bank, 1)
    assert (bank.status(paid), imads(bank)) == ("ACSP", [])
    bank.wait(3_600)
    bank.tick()
    assert bank.status(paid) == "ACSC"
    assert imads(bank) == ["20261124FINOSQ01000001"]


def test_a_return_from_fedwire_gives_the_money_back(bank: Bank) -> None:
    paid = pay(bank, 1)
    [imad] = imads(bank)
    payment = only(OUTGOING)
    back = Payment(
        "return",
        payment.amount,
        transaction_id="BACK-1",
        settlement_date="2026-11-23",
        instructing_agent=payment.instructed_agent,
        instructed_agent=structs.replace(payment.instructing_agent, clearing_member="123456780")
        if payment.instructing_agent
        else None,
        original=Original(imad, "pacs.008.001.08", clearing_reference=imad),
        reasons=(Reason("AC04"),),
    )
    assert FORMAT.fit(back, "pacs.004.001.10").refusal is None
    bank.put(FORMAT.encode([back], "pacs.004.001.10", Writing("X000000000000001", bank.now_ns)).data, "fed")
    assert (bank.status(paid), bank.balance("MASTER"), bank.balance("CLIENTS")) == ("RTRN", 0, 0)


def test_a_return_to_fedwire_is_a_pacs_004_with_a_number(bank: Bank) -> None:
    outcome = bank.put(INCOMING, "fed")
    received = outcome.statuses[0]
    assert received.code == "ACSC", received
    bank.operate("return", received.payment_id, "AC04 the account is closed")
    assert bank.status(received.payment_id) == "RTRN"
    [data] = sent(bank)
    assert b"<FedwireFundsPaymentReturn>" in data
    assert re.findall(rb"<MsgId>(\d{8})FINOSQ01000001</MsgId>", data)
    assert bank.balance("MASTER") == 0


def test_without_a_terminal_the_number_is_made_of_the_message_id() -> None:
    bank = Bank("", base=ROUTES.replace(", terminal: FINOSQ01", ""))
    bank.wait(5 * 3_600)
    pay(bank, 1)
    assert re.fullmatch(r"20261123FO\d{12}", imads(bank)[0])

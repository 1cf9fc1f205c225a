"""The same in SWIFT MT: statements and advices that read back, requests by MT 920, received statements compared."""

from __future__ import annotations

import pytest

from gateway.entries import unpack_record
from gateway.formats.mt import FORMAT as MT
from gateway.model import Statement
from gateway.model.reconciliation import Reconciliation
from gateway.ports import Inbound, Outcome
from tests.statements.counter import Counter, at, signed
from tests.statements.test_reconcile import OURS, codes


def made(counter: Counter, type: str) -> list[Statement]:
    """The messages of a type in the outbox, read back without a fault."""
    found = []
    for delivery in counter.disk.outbox.values():
        if delivery.type == type:
            decoded = MT.decode(delivery.data)
            assert not decoded.refusals, decoded.refusals
            found += [record for record in decoded.records if isinstance(record, Statement)]
    return found


def bring(counter: Counter, text: str) -> Outcome:
    data = text.replace("\n", "\r\n").encode()
    [outcome] = counter.runner.run(counter.engine.run([Inbound("bank", counter.now_ns, data, "x.fin")]))
    return outcome


@pytest.mark.parametrize("type", ["MT940", "MT941", "MT942", "MT950"])
def test_days_end_in_each_type(type: str) -> None:
    counter = Counter(
        f"{{name: d, accounts: BOB, as: {type}, to: bank, receiver: HARBUS33, at: '18:00', zone: Europe/Berlin}}"
    )
    for day, minor in (("2026-03-02", 1_250), ("2026-03-03", 50)):
        counter.pay("ALICE", "BOB", minor, f"REF-{day}")
        counter.now_ns = at(day, "18:00")
        counter.tick()
    one, two = made(counter, type)
    assert (one.legal_number, two.legal_number) == ("1", "2")
    assert all(b"HARBUS33" in d.data for d in counter.disk.outbox.values() if d.type == type)
    if type in ("MT940", "MT950"):
        assert (signed(one), signed(two)) == ((0, 1_250, 1_250), (1_250, 50, 1_300))
        assert [(e.owner_reference, e.servicer_reference) for e in two.entries] == [("REF-2026-03-03", "T3")]


def test_debits_and_credits_are_advised_apart() -> None:
    rules = ", ".join(
        f"{{name: {t}, accounts: [ALICE, BOB], as: {t}, to: bank, when: each_entry}}" for t in ("MT900", "MT910")
    )
    counter = Counter(rules)
    counter.pay("ALICE", "BOB", 1_250, "REF-1")
    [debit], [credit] = made(counter, "MT900"), made(counter, "MT910")
    assert (debit.account.id, debit.entries[0].credit) == ("ALICE", False)
    assert (credit.account.id, credit.entries[0].credit) == ("BOB", True)


def test_a_request_by_mt_920() -> None:
    counter = Counter("{name: asked, accounts: [BOB], as: MT942, to: bank, when: on_request}")
    counter.pay("ALICE", "BOB", 77, "REF-1")
    request = "{1:F01HARBUS33AXXX0000000000}{2:I920FINODEHHXXXXN}{4:\n:20:ASK1\n:12:942\n:25:BOB\n:34F:EUR0,\n-}"
    [status] = bring(counter, request).statuses
    assert (status.code, status.text) == ("ACSC", "answered with MT942 number 1 of EUR")
    [told] = made(counter, "MT942")
    assert [entry.amount.minor for entry in told.entries] == [77]
    [status] = bring(counter, request.replace("BOB", "ALICE").replace("ASK1", "ASK2")).statuses
    assert (status.code, status.refusal_code) == ("RJCT", "statement-not-available")


def test_a_received_mt_940_is_compared() -> None:
    counter = Counter("", OURS)
    counter.pay("ALICE", "NOSTRO", 10_000, "REF-1")
    counter.pay("ALICE", "NOSTRO", 500, "A-LONG-REFERENCE-OF-OURS")
    counter.now_ns = at("2026-03-02", "20:00")
    text = (
        "{1:F01HARBUS33AXXX0000000000}{2:I940FINODEHHXXXXN}{4:\n:20:STMT1\n:25:0044771100\n:28C:12/1\n:60F:C260227EUR0,00\n"
        ":61:2603020302D100,00NTRFREF-1//B1\n:61:2603020302D5,00NTRFA-LONG-REFERENCE//B2\n:61:2603020302C1,00NMSCNONREF//B3\n"
        ":62F:D260302EUR104,00\n-}"
    )
    [status] = bring(counter, text).statuses
    found = unpack_record(counter.disk.payments[status.payment_id + 1].record)
    assert isinstance(found, Reconciliation)
    assert [(m.by, m.transfers) for m in found.matched] == [("reference", (2,)), ("reference", (3,))]
    assert (codes(found), found.number, found.closing_minor) == (["missing-in-ledger"], "12/1", -10_400)

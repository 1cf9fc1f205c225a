"""Every message of the set, written in Fedwire's wrapper and read again."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from msgspec import structs

from gateway import formats
from gateway.formats.fedwire import FORMAT, iso_write, profile
from gateway.model import Agent, Case, Money, Notice, Original, Payment, Reason, Refusal, Report
from gateway.ports import Writing
from tests.formats.fedwire.test_faim import TRANSFER, only
from tests.formats.iso20022.instances import document

CORPUS = Path(__file__).resolve().parents[2] / "corpus" / "fedwire"
WRITING = Writing("FO00000000100001", 1_752_490_000 * 10**9, routing_number="123456780")
THEIRS = Agent(clearing_system="USABA", clearing_member="987654320", name="BREEZE BANK")
ORIGINAL = Original(
    "20250619BREZFI01000009",
    "pacs.008.001.08",
    end_to_end_id="E2E-9",
    uetr="8a562c67-ca16-48ba-b074-65581be6f001",
    amount=Money("USD", 150_075),
    settlement_date="2025-06-19",
)
SAID = {
    "pacs.002.001.10": Report("ACSC", ORIGINAL),
    "pacs.028.001.03": Case("status_request", ORIGINAL, "ASK-1", assigner=THEIRS),
    "pain.014.001.07": Report("ACCP", ORIGINAL),
    "camt.056.001.08": Case("cancellation_request", ORIGINAL, "CASE-1", "CXL-1", reasons=(Reason("DUPL"),)),
    "camt.029.001.09": Case("resolution", ORIGINAL, "CASE-1", "CXLSTS-1", status="CNCL"),
    "camt.060.001.05": Notice(
        "statement_request",
        "REQ-1",
        requested="ABAR",
        agent=Agent(clearing_system="USABA", clearing_member="123456780"),
    ),
    "admi.002.001.01": Report("RJCT", ORIGINAL, "message_rejected", reasons=(Reason(proprietary="E740"),)),
    "admi.004.001.02": Notice("system_event", result="PING"),
    "admi.007.001.01": Report("ACTC", ORIGINAL, "receipt"),
    "admi.011.001.01": Notice("event_acknowledgement", "ACK-1", result="PING"),
}


def again(record: iso_write.Record, type: str) -> iso_write.Record:
    """Written and read again."""
    fit = FORMAT.fit(record, type)
    assert fit.refusal is None, fit.refusal
    frame = FORMAT.encode([record], type, WRITING)
    assert f"<{profile.MESSAGES[type]}>".encode() in frame.data
    decoded = FORMAT.decode(frame.data)
    assert decoded.refusals == ()
    assert decoded.type == type
    (found,) = decoded.records
    assert isinstance(found, Payment | Report | Case | Notice)
    return found


@pytest.mark.parametrize("type", sorted(SAID))
def test_what_moves_no_money(type: str) -> None:
    record = SAID[type]
    found = again(record, type)
    assert found.kind == record.kind
    if isinstance(record, Report | Case) and isinstance(found, Report | Case):
        assert found.original.uetr in (record.original.uetr, "")
        assert found.status == record.status or type.startswith("admi")


@pytest.mark.parametrize("type", ["camt.110.001.01", "camt.111.001.01", "camt.052.001.08", "admi.006.001.01"])
def test_made_up_messages(type: str) -> None:
    iso = formats.load("iso20022")
    for seed in range(20):
        decoded = iso.decode(document(type, Random(seed)))
        for record in decoded.records:
            if isinstance(record, Refusal):
                continue
            fit = FORMAT.fit(record, type)
            if fit.refusal is None:
                frame = FORMAT.encode([record], type, WRITING)
                assert FORMAT.decode(frame.data).refusals == ()
                return
            assert fit.refusal.code.startswith("FED-") or fit.refusal.code == "incomplete"
    pytest.fail(f"no made-up {type} was written")


@pytest.mark.parametrize(
    ("instrument", "type"),
    [(code, "pacs.008.001.08") for code in ("CTRC", "CTRD", "CTRS")]
    + [(code, "pacs.009.001.08") for code in ("BTRC", "BTRD", "BTRS", "COVC", "COVS")]
    + [(code, "pain.013.001.07") for code in ("DRRC", "DRRB")],
)
def test_each_local_instrument(instrument: str, type: str) -> None:
    payment = structs.replace(TRANSFER, local_instrument=instrument)
    if type.startswith("pacs.009"):
        covered = only((CORPUS / "pacs009-covc.xml").read_bytes())
        payment = structs.replace(covered, local_instrument=instrument)
        if not instrument.startswith("COV"):
            payment = structs.replace(payment, underlying=None)
    elif type.startswith("pain"):
        bank = structs.replace(THEIRS, name="LENDER") if instrument == "DRRB" else None
        request = only((CORPUS / "drc-request.faim").read_bytes())
        payment = structs.replace(request, local_instrument=instrument, debtor_institution=bank)
    found = again(payment, type)
    assert isinstance(found, Payment)
    assert (found.local_instrument, found.amount) == (instrument, payment.amount)


def test_a_reversal_is_a_return() -> None:
    payment = only((CORPUS / "ctr-reversal.faim").read_bytes())
    found = again(payment, "pacs.004.001.10")
    assert isinstance(found, Payment)
    assert found.kind == "return"
    assert found.original is not None
    assert payment.original is not None
    assert found.original.clearing_reference == payment.original.clearing_reference
    fit = FORMAT.fit(found, "FAIM")
    assert fit.refusal is None
    assert b"{3500}20250619BREZFI01000009" in FORMAT.encode([found], "FAIM", WRITING).data


def test_a_transfer_is_no_return() -> None:
    fit = FORMAT.fit(TRANSFER, "pacs.004.001.10")
    assert fit.refusal is not None
    assert fit.refusal.code == "wrong-kind"
    assert FORMAT.fit(SAID["camt.056.001.08"], "FAIM").refusal is not None
